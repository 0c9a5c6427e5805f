"""How close the judge engine comes to the wire: ours beside a bare aiohttp loop that sends the same requests.

200 responses x 10 criteria = 2,000 verdicts, mock server in its own process, 64 in flight, think 0 and 50 ms. Every
measurement is a fresh process that does the work six times, the first to warm up, and reports the median of the others;
each ratio is the median over rounds in which both ran one after the other. Run:

    python benchmarks/judge_throughput.py [--rounds 5] [--json]

With ``--json`` the last line is one object: ``per_criterion_ratio_0ms``, ``per_criterion_ratio_50ms``,
``all_in_one_ratio_0ms`` and the rest. A ratio is ours / bare in verdicts per second (1.0: as fast as the bare loop).
"""

from __future__ import annotations

import argparse
import asyncio
import json
import resource
import statistics
import subprocess
import sys
import time

RESPONSES, CRITERIA, PASSES = 200, 10, 5
SENTENCE = "The kettle is filled with fresh water and the pot is warmed before the leaves go in. "


def work(responses: int):
    """Rubric and samples of about 1,200 characters a response and 85 a criterion."""
    from rubricate import Message, Rubric, Sample

    what = "States the step numbered {k} of the procedure with its duration, and says why it matters."
    rubric = Rubric(
        id="bench",
        criteria=[{"id": f"c{k}", "text": what.format(k=k)[:85]} for k in range(CRITERIA)],
        policy="weighted_mean",
    )
    prompt = (Message("user", "Explain how to make a good pot of tea for six guests, step by step."),)
    text = (SENTENCE * 20)[:1150]
    return rubric, [Sample(f"s{i}", prompt, f"Answer {i}. {text} End {i}.", group="g") for i in range(responses)]


def bodies(url: str, batch, responses: int):
    """The very requests that our judge sends, as bodies."""
    from rubricate import PointwiseJudge
    from rubricate.llm.http import _body

    rubric, samples = work(responses)
    judge = PointwiseJudge(batch=batch, reasons=False, abstain=False)
    return [
        _body(judge.request(s, rubric, part), "mock", "text") for s in samples for part in judge.batches(rubric.leaves)
    ]


async def bare(url: str, batch, in_flight: int, responses: int) -> float:
    """A bare aiohttp loop: post, read, parse."""
    import aiohttp

    todo = iter(bodies(url, batch, responses))
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:

        async def worker() -> None:
            for body in todo:
                async with session.post(f"{url}/chat/completions", json=body) as response:
                    data = await response.json()
                    assert json.loads(data["choices"][0]["message"]["content"])["verdicts"]

        start = time.perf_counter()
        await asyncio.gather(*(worker() for _ in range(in_flight)))
        return time.perf_counter() - start


async def ours(url: str, batch, in_flight: int, responses: int) -> float:
    """Our engine with everything on: limits, retries, deadlines, fences, strict parsing."""
    from rubricate import Calls, CallSettings, HttpClient, PointwiseJudge
    from rubricate.judges import judge_all
    from rubricate.llm.limits import LimitSettings

    rubric, samples = work(responses)
    judge = PointwiseJudge(batch=batch, reasons=False, abstain=False)
    client = Calls(HttpClient(url, "mock"), CallSettings(limits=LimitSettings(in_flight=in_flight)))
    start = time.perf_counter()
    judgements = await judge_all(judge, samples, rubric, client, concurrency=in_flight)
    seconds = time.perf_counter() - start
    assert sum(v.scored for j in judgements for v in j.verdicts) == responses * CRITERIA
    await client.client.close()
    return seconds


def worker(kind: str, url: str, batch: str, in_flight: int, responses: int) -> None:
    """One measurement in this process, printed as JSON."""
    size = "all" if batch == "all" else int(batch)
    passes, cpu = [], 0.0
    for k in range(PASSES + 1):
        if k == 1:
            cpu = time.process_time()
        passes.append(asyncio.run({"bare": bare, "ours": ours}[kind](url, size, in_flight, responses)))
    seconds, used = statistics.median(passes[1:]), (time.process_time() - cpu) / PASSES
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"seconds": seconds, "cpu": used, "rss_mb": peak, "verdicts": responses * CRITERIA}))


def measure(kind: str, url: str, batch: str, in_flight: int, responses: int) -> dict:
    command = [sys.executable, __file__, "--worker", kind, url, batch, str(in_flight), str(responses)]
    found = subprocess.run(command, capture_output=True, text=True, check=False)
    if found.returncode:
        sys.exit(found.stderr)
    return json.loads(found.stdout.splitlines()[-1])


class Server:
    """The mock server in its own process."""

    def __init__(self, think: float) -> None:
        command = [
            sys.executable,
            "-m",
            "rubricate.llm.server",
            "--port",
            "0",
            "--think",
            str(think),
            "--truth",
            "hash",
        ]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        assert self.process.stdout is not None
        self.url = self.process.stdout.readline().split()[-1]

    def __enter__(self) -> Server:
        return self

    def __exit__(self, *_: object) -> None:
        self.process.terminate()
        self.process.wait()


def compare(think: float, batch: str, in_flight: int, responses: int, rounds: int) -> dict:
    """Both, one after the other, several times: medians of verdicts per second and of their ratio."""
    with Server(think) as server:
        measure("bare", server.url, batch, in_flight, responses)  # warm
        pairs = [
            tuple(measure(kind, server.url, batch, in_flight, responses) for kind in ("bare", "ours"))
            for _ in range(rounds)
        ]
    rate = [[m["verdicts"] / m["seconds"] for m in pair] for pair in pairs]
    ours_runs = [pair[1] for pair in pairs]
    return {
        "bare": statistics.median(r[0] for r in rate),
        "ours": statistics.median(r[1] for r in rate),
        "ratio": statistics.median(r[1] / r[0] for r in rate),
        "cpu_ms": statistics.median(1000 * m["cpu"] / m["verdicts"] for m in ours_runs),
        "rss_mb": max(m["rss_mb"] for m in ours_runs),
    }


def prompt_sizes() -> dict:
    """Prompt characters per verdict, and the share of a one-criterion prompt that a prefix cache can reuse."""
    sizes = {}
    for name, batch in (("per_criterion", 1), ("all_in_one", "all")):
        total = sum(len(m["content"]) for body in bodies("", batch, 20) for m in body["messages"])
        sizes[f"chars_{name}"] = total / (20 * CRITERIA)
    texts = ["".join(m["content"] for m in body["messages"]) for body in bodies("", 1, 1)]
    common = next(k for k in range(len(texts[0])) if len({t[: k + 1] for t in texts}) > 1)
    sizes["reusable_share"] = common / (sum(map(len, texts)) / len(texts))
    return sizes


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--worker", nargs=5)
    options = parser.parse_args()
    if options.worker:
        kind, url, batch, in_flight, responses = options.worker
        worker(kind, url, batch, int(in_flight), int(responses))
        return
    cases = [
        ("per_criterion_0ms", 0.0, "1", 64, 200),
        ("per_criterion_50ms", 0.05, "1", 64, 200),
        ("all_in_one_0ms", 0.0, "all", 64, 200),
        ("per_criterion_512_50ms", 0.05, "1", 512, 400),
    ]
    print(f"{'case':26}{'bare/s':>9}{'ours/s':>9}{'ratio':>8}{'CPU ms/verdict':>16}{'peak MB':>9}")
    summary: dict[str, float] = {}
    for name, think, batch, in_flight, responses in cases:
        row = compare(think, batch, in_flight, responses, options.rounds)
        print(
            f"{name:26}{row['bare']:9.0f}{row['ours']:9.0f}{row['ratio']:8.2f}{row['cpu_ms']:16.3f}{row['rss_mb']:9.0f}"
        )
        stem, _, unit = name.rpartition("_")
        summary |= {f"{stem}_ratio_{unit}": row["ratio"], f"{stem}_rate_{unit}": row["ours"]}
        summary |= {f"{stem}_cpu_ms_{unit}": row["cpu_ms"], f"{stem}_rss_mb_{unit}": row["rss_mb"]}
    sizes = prompt_sizes()
    summary |= sizes
    print(f"prompt characters per verdict: {sizes['chars_per_criterion']:.0f} one criterion a call, "
          f"{sizes['chars_all_in_one']:.0f} all in one; reusable prefix {sizes['reusable_share']:.2f}")  # fmt: skip
    if options.json:
        print(json.dumps({k: round(v, 4) for k, v in summary.items()}))


if __name__ == "__main__":
    main()
