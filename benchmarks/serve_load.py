"""The reward server under load: verdicts a second, latency, memory; embedded judge, 64 connections.

    python benchmarks/serve_load.py [--seconds 60] [--connections 64] [--criteria 10]

Server and client share the machine's cores. The bare loop scores the same responses in process, one after another,
right after the load: the ratio to it, and the verdicts per second of processor time, say something on a busy machine
too. Bars: at least 1,500 verdicts a second on two cores, no error, no growth of the server's memory after its first
quarter. Ends with exit code 1 when one is missed.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import aiohttp

from rubricate import Message, Rewarder, Sample, read_rubrics

BAR = 1500.0
GROWTH = 1.10  # of the resident size after the first quarter


def rubric_text(criteria: int) -> str:
    """A rubric of so many criteria."""
    lines = [f"  - {{id: c{k}, text: 'Names step {k} of making tea.'}}" for k in range(criteria)]
    return "id: tea\ncriteria:\n" + "\n".join(lines) + "\n"


def resident(pid: int) -> float:
    """Resident size of a process in MB."""
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def processor(pid: int) -> float:
    """Seconds of processor time that a process has used."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


async def load(url: str, pid: int, seconds: float, connections: int) -> tuple[list[float], int, int, list[float]]:
    """(latencies in s, verdicts, errors, resident sizes at each quarter)."""
    latencies: list[float] = []
    sizes = [resident(pid)]
    verdicts = errors = number = 0
    start = time.perf_counter()
    session = aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=connections))

    async def work() -> None:
        nonlocal verdicts, errors, number
        while time.perf_counter() - start < seconds:
            number += 1
            begun = time.perf_counter()
            async with session.post(url, json={"items": [{"prompt": "Tea?", "response": answer(number)}]}) as reply:
                data = await reply.json()
                if reply.status != 200 or data["results"][0]["reward"] is None:
                    errors += 1
                else:
                    verdicts += len(data["results"][0]["verdicts"])
            latencies.append(time.perf_counter() - begun)

    async def watch() -> None:
        for _ in range(4):
            await asyncio.sleep(seconds / 4)
            sizes.append(resident(pid))

    async with session:
        await asyncio.gather(watch(), *(work() for _ in range(connections)))
    return latencies, verdicts, errors, sizes


def answer(number: int) -> str:
    """The response of a request; no two are the same, so no cache answers."""
    return f"Warm the pot, steep for {number} minutes, pour, and name step {number % 10} of making tea."


async def bare(path: Path, seconds: float) -> float:
    """Verdicts a second of the same rewarder without a server, response by response."""
    rewarder = Rewarder(tuple(read_rubrics(path)))
    verdicts = number = 0
    start = time.perf_counter()
    while time.perf_counter() - start < seconds:
        number += 1
        (scored,) = await rewarder.score([Sample("0", (Message("user", "Tea?"),), answer(number))])
        verdicts += len(scored.verdicts)
    return verdicts / (time.perf_counter() - start)


def main() -> int:
    """Start a server, load it, print a table; 1 when a bar is missed."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--connections", type=int, default=64)
    parser.add_argument("--criteria", type=int, default=10)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "tea.yaml")
        path.write_text(rubric_text(given.criteria))
        command = [sys.executable, "-m", "rubricate", "serve", str(path), "--port", "0"]
        server = subprocess.Popen(
            command, stdout=subprocess.PIPE, text=True, env=os.environ | {"PYTHONUNBUFFERED": "1"}
        )
        try:
            assert server.stdout is not None
            found = re.search(r"http://[\d.]+:\d+", server.stdout.readline())
            assert found is not None
            url = f"{found[0]}/v1/score"
            own = time.process_time()
            latencies, verdicts, errors, sizes = asyncio.run(load(url, server.pid, given.seconds, given.connections))
            used = processor(server.pid), time.process_time() - own
        finally:
            server.terminate()
            server.wait()
        alone = asyncio.run(bare(path, min(10.0, given.seconds)))
    latencies.sort()
    rate = verdicts / given.seconds
    setting = f"{given.seconds:g} s, {given.criteria} criteria a response, {os.cpu_count()} cores"
    print(f"connections {given.connections}, {setting}")
    print(f"requests/s  {len(latencies) / given.seconds:10.0f}")
    print(f"verdicts/s  {rate:10.0f}   bar {BAR:g}")
    spent = f"{used[0]:.1f} s in the server, {used[1]:.1f} s in the client"
    print(f"processor   {spent}; {verdicts / sum(used):.0f} verdicts per second of it")
    print(f"bare loop   {alone:10.0f} verdicts/s; the server gives {rate / alone:.2f} of it")
    print(
        f"p50, p99    {1e3 * latencies[len(latencies) // 2]:10.1f} {1e3 * latencies[int(0.99 * len(latencies))]:.1f} ms"
    )
    print(f"errors      {errors:10d}   bar 0")
    print(f"memory      {' '.join(f'{s:.0f}' for s in sizes)} MB   bar: last <= {GROWTH:g} x first quarter")
    return int(rate < BAR or errors > 0 or sizes[-1] > GROWTH * sizes[1])


if __name__ == "__main__":
    sys.exit(main())
