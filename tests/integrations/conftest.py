"""A reward server as a process, for adapters that score through one."""

import contextlib
import os
import re
import subprocess
import sys

import pytest

from rubricate import write_rubrics


@pytest.fixture
def serving(tmp_path):
    """``with serving([rubric], "--option") as url``."""

    @contextlib.contextmanager
    def start(rubrics, *options, env=None):
        path = tmp_path / "rubrics.yaml"
        write_rubrics(rubrics, path)
        command = [sys.executable, "-m", "rubricate", "serve", str(path), "--port", "0", *options]
        process = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
            env=os.environ | {"PYTHONUNBUFFERED": "1"} | (env or {}),
        )  # fmt: skip
        try:
            said = "".join(process.stdout.readline() for _ in range(4))
            found = re.search(r"http://[\d.]+:\d+", said)
            assert found, said + process.stderr.read()
            yield found[0]
        finally:
            process.terminate()
            process.communicate(timeout=60)

    return start
