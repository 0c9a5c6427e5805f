"""deploy/ray_serve.py inside a real Ray Serve on this machine: health, scores by a judge over HTTP, keys, an end."""

import json
import os
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from pathlib import Path

import pytest

from rubricate.llm.server import MockServer, rules_named
from rubricate.rubrics.io import write_rubrics

pytest.importorskip("ray", reason="ray is not installed (make test-trainers)")
pytest.importorskip("smart_open", reason="ray[serve] is not installed (make test-trainers)")

pytestmark = pytest.mark.trainers
ROOT = Path(__file__).resolve().parents[2]
# One CPU and no dashboard; "ready" once the application answers, the end when standard input closes.
SCRIPT = """
import sys
import ray
from ray import serve
ray.init(num_cpus=1, include_dashboard=False, logging_level="ERROR", log_to_driver=False)
serve.start(http_options={"host": "127.0.0.1", "port": int(sys.argv[1])})
from deploy.ray_serve import app
serve.run(app, name="rewards")
print("ready", flush=True)
sys.stdin.read()
serve.shutdown()
ray.shutdown()
"""


@pytest.fixture
def url(tea, tmp_path):
    """Address of the application, with one rubric, a judge behind HTTP and a key."""
    write_rubrics([tea], tmp_path / "tea.yaml")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with MockServer(rules_named("met")).in_thread() as judge:
        env = os.environ | {
            "RUBRICS": str(tmp_path / "tea.yaml"), "JUDGE_URL": judge.url, "JUDGE_MODEL": "scripted",
            "RUBRICATE_API_KEYS": "secret,other", "PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "src")]),
            "RAY_USAGE_STATS_ENABLED": "0", "OMP_NUM_THREADS": "1",
            "RAY_SERVE_PROXY_READY_CHECK_TIMEOUT_S": "60", "RAY_SERVE_PROXY_HEALTH_CHECK_TIMEOUT_S": "60",
        }  # fmt: skip
        with (tmp_path / "errors").open("w") as errors:
            process = subprocess.Popen(
                [sys.executable, "-c", SCRIPT, str(port)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=errors,
                text=True, env=env, cwd=tmp_path,
            )  # fmt: skip
            try:
                said = next((line for line in process.stdout if line.strip() == "ready"), "")
                assert said, (tmp_path / "errors").read_text()[-3000:]
                yield f"http://127.0.0.1:{port}"
                process.stdin.close()
                assert process.wait(60) == 0
            finally:
                process.kill()
                process.wait()
                process.stdout.close()
                process.stdin.close()


def ask(url, body=None, key=""):
    headers = {"content-type": "application/json"} | ({"authorization": f"Bearer {key}"} if key else {})
    data = None if body is None else json.dumps(body).encode()
    try:
        with urllib.request.urlopen(urllib.request.Request(url, data, headers), timeout=60) as reply:
            return reply.status, json.load(reply)
    except urllib.error.HTTPError as error:
        with error:
            return error.code, json.load(error)


def test_the_application_scores_through_ray_serve(url, tea):
    assert ask(f"{url}/healthz") == (200, {"status": "ok", "pending": 0, "rubrics": 1})
    body = {"items": [{"prompt": "Tea?", "response": "Warm the pot.", "rubric": "tea"}]}
    status, refused = ask(f"{url}/v1/score", body)
    assert (status, refused["error"]["code"]) == (401, "no_valid_key")
    status, reply = ask(f"{url}/v1/score", body, "other")
    assert status == 200
    (result,) = reply["results"]
    assert result["reward"] == pytest.approx(2 / 3)  # the judge finds all met: (2 + 1 - 1) / 3
    assert result["rubric"] == tea.digest
    assert result["usage"]["calls"] == 1
    status, reply = ask(f"{url}/v1/rewards", {"prompt": "Tea?", "responses": ["a", "b"]}, "secret")
    assert (status, reply["rewards"]) == (200, [pytest.approx(2 / 3)] * 2)
