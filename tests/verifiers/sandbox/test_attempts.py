"""Every attempt of the table at every level that works here: it succeeds where the table says, and nowhere else."""

import contextlib
import dataclasses
import importlib.util
import os
import re
import socket
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from rubricate.verifiers.sandbox import Limits, Program, Sandbox, levels

spec = importlib.util.spec_from_file_location("sandbox_attempts", Path(__file__).parent / "attempts.py")
attempts = importlib.util.module_from_spec(spec)
sys.modules[spec.name] = attempts
spec.loader.exec_module(attempts)
STRONGEST = next((n for n in levels.LEVELS if not levels.fault(n)), "")
LEVELS = [pytest.param(n, marks=() if n == STRONGEST else pytest.mark.slow) for n in levels.LEVELS]


@pytest.fixture(scope="module", params=LEVELS)
def sandbox(request):
    if why := levels.fault(request.param):
        pytest.skip(f"{request.param}: {why}")
    os.environ["RUBRICATE_TEST_SECRET"] = "s3cret"
    try:
        with Sandbox(request.param, workers=1) as made:
            yield made
    finally:
        del os.environ["RUBRICATE_TEST_SECRET"]


class World:
    """What an attempt may touch: a folder, a bystander, two listeners."""

    def __init__(self, folder):
        self.folder = folder / "canary"
        self.folder.mkdir()
        (self.folder / "secret.txt").write_text("s3cret")
        (self.folder / "victim.txt").write_text("untouched")
        self.tcp, self.unix = socket.create_server(("127.0.0.1", 0)), socket.socket(socket.AF_UNIX)
        self.unix.bind(str(folder / "socket"))
        self.unix.listen()
        self.udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.udp.bind(self.tcp.getsockname())
        self.bystander = subprocess.Popen(["sleep", "600"])
        self.before = self.look()

    def fill(self, code):
        names = {
            "DIR": str(self.folder),
            "PORT": str(self.tcp.getsockname()[1]),
            "SOCKET": self.unix.getsockname(),
            "PID": str(self.bystander.pid),
            "SELF": str(os.getpid()),
        }
        return re.sub(r"(?<![_A-Z])(DIR|PORT|SOCKET|PID|SELF)(?![_A-Z])", lambda m: names[m[1]], code)

    def look(self):
        return sorted((p.name, stat.S_IMODE(p.stat().st_mode), p.stat().st_size) for p in self.folder.glob("*"))

    def touched(self):
        for link in (self.tcp, self.unix, self.udp):
            link.setblocking(False)
            with contextlib.suppress(BlockingIOError):
                link.recv(1) if link is self.udp else link.accept()[0].close()
                return "a listener was reached"
        if self.bystander.poll() is not None:
            return "the bystander is dead"
        return "" if self.folder.is_dir() and self.look() == self.before else "the folder was changed"

    def close(self):
        for link in (self.tcp, self.unix, self.udp):
            link.close()
        self.bystander.kill()
        self.bystander.wait()


@pytest.fixture
def world(tmp_path):
    made = World(tmp_path)
    yield made
    made.close()


def below(pid):
    """How many processes live below one, seen from the host."""
    parents = {}
    for name in filter(str.isdecimal, os.listdir("/proc")):
        with contextlib.suppress(OSError), open(f"/proc/{name}/stat") as file:
            fields = file.read().rpartition(")")[2].split()
            if fields[0] != "Z":
                parents[int(name)] = int(fields[1])
    found, fresh = set(), {pid}
    while fresh:
        fresh = {p for p, above in parents.items() if above in fresh} - found
        found |= fresh
    return len(found)


def escaped(sandbox, world, attempt):
    """How the attempt succeeded, or nothing."""
    sandbox.run("pass")
    (worker,) = sandbox._idle
    around = below(worker.process.pid)
    # the worker before the attempt is the one after it: a retry would hide that it was killed
    limits = dataclasses.replace(Limits(), **attempt.limits)
    result = sandbox.run(Program(world.fill(attempt.code)), limits)
    same = bool(sandbox._idle) and sandbox._idle[0] is worker
    if attempt.then and "ESCAPED" not in result.stdout:
        result = sandbox.run(attempt.then)
    if "ESCAPED" in result.stdout:
        return "the program says so"
    if attempt.ends and result.status not in attempt.ends:
        return f"it ended {result.status}: {result.stderr[-300:]}"
    if world.touched():
        return world.touched()
    if same and below(worker.process.pid) != around:
        return "a process stayed behind"
    if result.status == "fault" or (not same and attempt.group == "processes"):
        return "the worker is lost"
    return "" if sandbox.run("print(6 * 7)").stdout == "42\n" else "nothing runs afterwards"


@pytest.mark.parametrize("attempt", attempts.ATTEMPTS, ids=lambda a: a.name)
def test_attempt(sandbox, world, attempt):
    found = escaped(sandbox, world, attempt)
    expected = sandbox.name in attempt.succeeds
    assert bool(found) == expected, found or f"expected to succeed at the level {sandbox.name}"


def test_at_least_forty_attempts_and_none_succeeds_at_the_strongest():
    assert len({a.name for a in attempts.ATTEMPTS}) == len(attempts.ATTEMPTS) >= 40
    assert not [a.name for a in attempts.ATTEMPTS if {"bubblewrap", "namespaces"} & set(a.succeeds)]


def test_the_judge_sees_each_kind_of_success(world):
    """Control: the same attempts as ordinary processes, where nothing stops them."""
    seen = {}
    for name in ("tcp", "unix socket", "udp", "a new file outside", "permissions of a file outside"):
        (attempt,) = (a for a in attempts.ATTEMPTS if a.name == name)
        subprocess.run([sys.executable, "-c", world.fill(attempt.code)], check=True, stdout=subprocess.DEVNULL)
        seen[name] = world.touched()
        world.before = world.look()
    assert all(seen.values()), seen
    world.bystander.kill()
    world.bystander.wait()
    assert world.touched() == "the bystander is dead"
