"""The sandbox as its callers see it: records, levels on demand, faults that are no verdicts, sync and async."""

import asyncio
import os
import signal
import threading

import pytest

from rubricate.errors import SandboxError, SettingError, UnknownNameError
from rubricate.verifiers.sandbox import Limits, Program, Sandbox, Status, levels, shared, sound
from rubricate.verifiers.sandbox.records import Result


@pytest.fixture(scope="module")
def sandbox():
    with Sandbox(workers=2) as made:
        yield made


def test_a_program_gets_its_input_arguments_and_files(sandbox):
    code = "import sys\nprint(sys.stdin.read()[::-1], sys.argv, open('in/a.txt').read(), __name__)"
    result = sandbox.run(Program(code, stdin="abc\u00e9", argv=("x", "y"), files={"in/a.txt": "\ud83c"[:0] + "file"}))
    assert result.stdout == "\u00e9cba ['program.py', 'x', 'y'] file __main__\n"
    assert (result.status, result.code, result.stderr, result.level) == (Status.OK, 0, "", sandbox.name)
    assert result.seconds > 0
    assert result.peak > 1 << 20


@pytest.mark.parametrize(
    ("code", "status", "exit_code"),
    [
        ("pass", "ok", 0),
        ("import sys; sys.exit()", "ok", 0),
        ("import sys; sys.exit(7)", "error", 7),
        ("import sys; sys.exit('no')", "error", 1),
        ("1/0", "error", 1),
        ("x = (", "error", 1),
        ("import os; os._exit(70)", "error", 70),
        ("import os; os.abort()", "killed", -6),
        ("x = bytearray(1 << 40)", "memory", 1),
        ("print('x' * (1 << 21))", "output_limit", -9),
    ],
)
def test_how_programs_end(sandbox, code, status, exit_code):
    result = sandbox.run(code)
    assert (result.status, result.code) == (status, exit_code)


def test_a_traceback_names_the_line_of_the_program_alone(sandbox):
    trace = sandbox.run("def f():\n    return 1 / 0\nf()").stderr
    assert trace.startswith('Traceback (most recent call last):\n  File "program.py", line 3')
    assert "return 1 / 0" in trace
    assert "sandbox" not in trace
    assert trace.endswith("ZeroDivisionError: division by zero\n")


def test_a_program_ends_as_an_interpreter_does(sandbox):
    code = "import atexit, threading\natexit.register(print, 'last')\nthreading.Timer(0.01, print, ['late']).start()"
    assert sandbox.run(code).stdout == "late\nlast\n"


def test_hashes_are_fixed_and_site_packages_are_not_there(sandbox):
    first, second = (sandbox.run("print(hash('a'), {'x', 'y', 'z'})").stdout for _ in range(2))
    with Sandbox(workers=1) as other:
        assert first == second == other.run("print(hash('a'), {'x', 'y', 'z'})").stdout
    assert sandbox.run("import numpy").stderr.endswith("No module named 'numpy'\n")
    with Sandbox(packages=True, workers=1, preload=("yaml",)) as full:
        assert full.run("import sys; print('yaml' in sys.modules); import typer, yaml").stdout == "True\n"


def test_limits_of_one_run_replace_those_of_the_sandbox(sandbox):
    assert sandbox.run("print('xxxx')", Limits(output=3)).stdout == "xxx"
    assert sandbox.run("import os; os.fork()", Limits(processes=4)).ok
    assert sandbox.run("import subprocess; print(subprocess.check_output(['echo', 'hi']))", Limits(processes=4)).ok


def test_runs_at_once_are_bounded_and_each_gets_its_own_answer():
    async def all_of_them(sandbox):
        return await asyncio.gather(*(sandbox.arun(f"print({k})") for k in range(12)))

    with Sandbox(workers=3) as sandbox:
        assert [r.stdout for r in asyncio.run(all_of_them(sandbox))] == [f"{k}\n" for k in range(12)]
        assert 1 <= len(sandbox._idle) <= 3


def test_cancelling_kills_the_program():
    async def cancelled(sandbox):
        running = asyncio.create_task(sandbox.arun("import time; time.sleep(600)", Limits(wall=300)))
        await asyncio.sleep(0)
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running
        return await sandbox.arun("print(1)")

    with Sandbox(workers=1) as sandbox:
        assert asyncio.run(cancelled(sandbox)).stdout == "1\n"


def test_a_worker_that_died_is_replaced_and_one_that_keeps_dying_is_a_fault(sandbox, monkeypatch):
    with Sandbox(workers=1) as lone:
        lone.run("pass")
        os.kill(lone._idle[0].process.pid, signal.SIGKILL)
        lone._idle[0].process.wait()
        assert lone.run("print(2)").stdout == "2\n"
        monkeypatch.setattr("rubricate.verifiers.sandbox.worker.Worker.finish", lambda self: Result(Status.FAULT))
        result = lone.run("print(3)")
    assert result.status is Status.FAULT
    with pytest.raises(SandboxError, match="the sandbox failed"):
        sound(result)
    assert sound(Result(Status.ERROR)).code == 0


def test_a_program_in_a_worker_that_is_killed_meanwhile_is_a_fault_or_runs_again():
    with Sandbox(workers=1) as sandbox:
        sandbox.run("pass")
        worker = sandbox._idle[0]
        threading.Timer(0.2, worker.process.kill).start()
        result = sandbox.run("import time; time.sleep(0.6); print(5)", Limits(wall=60))
        assert (result.status, result.stdout) == ("ok", "5\n")


def test_a_fork_of_the_host_gets_workers_of_its_own(sandbox):
    sandbox.run("pass")
    read, write = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            os.write(write, sandbox.run("print(8)").stdout.encode())
            sandbox.close()
        finally:
            os._exit(0)
    os.waitpid(pid, 0)
    assert os.read(read, 10) == b"8\n"
    assert sandbox.run("print(9)").stdout == "9\n"
    os.close(read)
    os.close(write)


def test_a_level_on_demand_works_or_says_how_to_get_it(monkeypatch):
    monkeypatch.setattr(levels, "fault", lambda name: "" if name == "filter" else "nothing but the filter here")
    assert levels.chosen(None) == "filter"
    with pytest.raises(
        SandboxError, match=r"'bubblewrap' was demanded .* nothing but the filter here.*apt-get install"
    ):
        Sandbox("bubblewrap")
    monkeypatch.setenv("RUBRICATE_SANDBOX", "namespaces")
    with pytest.raises(SandboxError, match="'namespaces' was demanded"):
        Sandbox()
    assert Sandbox("filter").name == "filter"
    with pytest.raises(UnknownNameError, match="bubblewrap, filter, limits, namespaces"):
        levels.chosen("docker")
    monkeypatch.delenv("RUBRICATE_SANDBOX")
    monkeypatch.setattr(levels, "fault", lambda name: "none")
    with pytest.raises(SandboxError, match="no sandbox works"):
        Sandbox()


def test_the_weakest_level_is_never_taken_in_silence(monkeypatch):
    monkeypatch.setattr(levels, "fault", lambda name: "" if name == "limits" else "not here")
    with pytest.warns(RuntimeWarning, match="no wall"):
        Sandbox()
    Sandbox("limits")  # by name: no warning


def test_the_record_of_a_level_says_what_passes_and_what_would_be_stronger(monkeypatch):
    monkeypatch.setattr(levels, "fault", lambda name: "no bwrap" if name == "bubblewrap" else "")
    level = levels.level("filter")
    assert level.name == "filter"
    assert dict(level.stronger)["bubblewrap"].startswith("no bwrap; install it")
    assert "learning whether a path exists" in level.passes
    assert str(level).splitlines()[0] == "level    filter"


@pytest.mark.parametrize(
    "bad", [{"wall": 0}, {"memory": 1}, {"open_files": 3}, {"processes": 0}, {"cpu": float("nan")}]
)
def test_limits_out_of_range_are_refused(bad):
    with pytest.raises(SettingError, match="too low"):
        Limits(**bad)


@pytest.mark.parametrize("name", ["/etc/x", "../x", "a/../../x", ""])
def test_files_lie_below_the_folder(name):
    with pytest.raises(SettingError, match="file name"):
        Program("pass", files={name: "x"})


def test_the_shared_sandbox_is_one_per_setting():
    assert shared() is shared()
    assert shared() is not shared(packages=True)
