"""How close generators come to the wire: drafts a second beside a bare aiohttp loop that sends the same requests.

Prompts of their own and replies of ten criteria, mock server in its own process, 64 in flight, think 0, 50 and 500 ms;
PromptGenerator with one call, and with a plan before (two calls). Ours reads, checks, lints and keeps every criterion;
the bare loop posts the same bodies and parses the JSON. The server's count of bytes must be the same for both. Every
measurement is a fresh process that does the work four times, the first to warm up, and reports the median of the
others; each ratio is the median over rounds in which both ran one after the other. Run:

    python benchmarks/generate_throughput.py [--rounds 5] [--json]

A ratio is ours / bare in drafts per second (1.0: as fast as the bare loop). The bar is 0.7; where the CPU is the limit
(no think time, or a busy machine) the ratio is that of the CPU times in the last columns.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import re
import statistics
import subprocess
import sys
import time
import urllib.request

IN_FLIGHT, ITEMS, PASSES, BAR = 64, 10, 3, 0.7
CASES = {"one_call": False, "two_calls": True}
THINGS = (
    "the weight of the leaves", "the warmth of the water", "when the pot is rinsed", "how many minutes to wait",
    "which cup to choose", "who pours first", "where the lid goes", "why the second infusion differs",
    "what to serve with it", "how the leaves are stored",
)  # fmt: skip
PLAN = [f"It depends on {thing}." for thing in THINGS]


def reply(number: str, plan: bool) -> str:
    """What the model answers to the prompt with a number."""
    if plan:
        return json.dumps({"plan": PLAN})
    items = [{"text": f"States {thing} of pot {number} with a reason."} for thing in THINGS]
    return json.dumps({"items": items})


def serve_replies(think: float) -> None:
    """The mock server, in this process; its url is the first line printed."""
    from rubricate.llm.server import MockServer, serve

    numbered = re.compile(r"tea number (\d+)")

    def rule(request) -> str:
        system, user = request.messages[:2]
        return reply(numbered.search(user.content)[1], system.content.startswith("Before criteria"))

    serve(MockServer(rule, think=think, model="mock"))


def materials(drafts: int) -> dict:
    """Prompts of about 300 characters."""
    from rubricate.generate import Material

    about = "Write down for a guest who has never made any how a pot of it is brewed, from the leaves to the last cup. "
    return {f"t{k}": Material(f"This is about tea number {k}. {about * 3}".strip()) for k in range(drafts)}


def bodies(plan: bool, drafts: int) -> list[list[dict]]:
    """The very requests that our generator sends, as bodies: a list for each draft."""
    from rubricate.llm.client import Reply, Request
    from rubricate.llm.http import _body

    class Noted:
        endpoint = "noted"

        def __init__(self) -> None:
            self.sent: list[Request] = []

        async def complete(self, request: Request) -> Reply:
            self.sent.append(request)
            return Reply((reply("1", plan and len(self.sent) == 1),))

    async def noted() -> list[list[dict]]:
        out = []
        for name, material in materials(drafts).items():
            client = Noted()
            await generator(plan).generate(material, client, id=name)
            out.append([_body(r, "mock", "text") for r in client.sent])
        return out

    return asyncio.run(noted())


def generator(plan: bool):
    from rubricate.generate import PromptGenerator

    return PromptGenerator(plan=plan)


async def bare(url: str, todo: list[list[dict]]) -> float:
    """A bare aiohttp loop: post, read, parse; the calls of one draft one after the other."""
    import aiohttp

    open_ = iter(todo)
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:

        async def worker() -> None:
            for calls in open_:
                for body in calls:
                    async with session.post(f"{url}/chat/completions", json=body) as response:
                        data = await response.json()
                        found = json.loads(data["choices"][0]["message"]["content"])
                assert len(found["items"]) == ITEMS

        start = time.perf_counter()
        await asyncio.gather(*(worker() for _ in range(IN_FLIGHT)))
        return time.perf_counter() - start


async def ours(url: str, plan: bool, drafts: int) -> float:
    """Our generator with everything on: limits, retries, deadlines, the gate and the lint."""
    from rubricate import Calls, CallSettings, HttpClient
    from rubricate.generate import generate_all
    from rubricate.llm.limits import LimitSettings

    todo = materials(drafts)
    client = Calls(HttpClient(url, "mock"), CallSettings(limits=LimitSettings(in_flight=IN_FLIGHT)))
    start = time.perf_counter()
    made = await generate_all(generator(plan), todo, client, concurrency=IN_FLIGHT)
    seconds = time.perf_counter() - start
    assert all(d.rubric is not None and len(d.rubric.criteria) == ITEMS for d in made.values())
    await client.client.close()
    return seconds


def worker(kind: str, url: str, plan: bool, drafts: int) -> None:
    """One measurement in this process, printed as JSON."""
    todo = bodies(plan, drafts) if kind == "bare" else []
    before, passes, used = sent_bytes(url), [], 0.0
    for k in range(PASSES + 1):
        if k == 1:
            used = time.process_time()
        passes.append(asyncio.run(bare(url, todo) if kind == "bare" else ours(url, plan, drafts)))
    cpu = (time.process_time() - used) / PASSES
    sent = sent_bytes(url) - before
    print(json.dumps({"rate": drafts / statistics.median(passes[1:]), "cpu_ms": 1000 * cpu / drafts, "bytes": sent}))


def sent_bytes(url: str) -> int:
    """The bytes of all prompts that the server has seen."""
    with urllib.request.urlopen(url.removesuffix("/v1") + "/stats") as found:
        return json.load(found)["prompt_bytes"]


def measure(kind: str, url: str, plan: bool, drafts: int) -> dict:
    command = [sys.executable, __file__, "--worker", kind, url, str(int(plan)), str(drafts)]
    found = subprocess.run(command, capture_output=True, text=True, check=False)
    if found.returncode:
        sys.exit(found.stderr)
    return json.loads(found.stdout.splitlines()[-1])


def compare(think: float, plan: bool, drafts: int, rounds: int) -> dict:
    """Both, one after the other, several times: medians of drafts per second and of their ratio."""
    command = [sys.executable, __file__, "--server", str(think)]
    server = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        url = server.stdout.readline().split()[-1]
        pairs = [tuple(measure(kind, url, plan, drafts) for kind in ("bare", "ours")) for _ in range(rounds)]
    finally:
        server.terminate()
        server.wait()
    assert len({m["bytes"] for pair in pairs for m in pair}) == 1, "the two did not send the same requests"
    return {
        "bare": statistics.median(b["rate"] for b, _ in pairs),
        "ours": statistics.median(o["rate"] for _, o in pairs),
        "ratio": statistics.median(o["rate"] / b["rate"] for b, o in pairs),
        "bare_ms": statistics.median(b["cpu_ms"] for b, _ in pairs),
        "ours_ms": statistics.median(o["cpu_ms"] for _, o in pairs),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--drafts", type=int, default=600)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--worker", nargs=4)
    parser.add_argument("--server", type=float)
    options = parser.parse_args()
    if options.server is not None:
        serve_replies(options.server)
        return
    if options.worker:
        kind, url, plan, drafts = options.worker
        worker(kind, url, bool(int(plan)), int(drafts))
        return
    print(f"{'case':18}{'bare/s':>9}{'ours/s':>9}{'ratio':>8}{'CPU ms/draft: bare':>20}{'ours':>7}")
    summary: dict[str, float] = {}
    for name, plan in CASES.items():
        for think in (0.0, 0.05, 0.5):
            row = compare(think, plan, options.drafts, options.rounds)
            case = f"{name}_{1000 * think:.0f}ms"
            numbers = (
                f"{row['bare']:9.0f}{row['ours']:9.0f}{row['ratio']:8.2f}{row['bare_ms']:20.2f}{row['ours_ms']:7.2f}"
            )
            print(f"{case:18}{numbers}{'' if row['ratio'] >= BAR else f'  below the bar of {BAR}'}", flush=True)
            summary |= {f"{case}_{key}": value for key, value in row.items()}
    if options.json:
        print(json.dumps({k: round(v, 4) for k, v in summary.items()}))


if __name__ == "__main__":
    main()
