"""The filter of system calls, run here by a small machine for both processors, because a wrong number would stay unseen."""

import errno
import platform

import pytest

from rubricate.verifiers.sandbox.inside import filter as calls

ALLOW, EPERM, ENOSYS = "allow", errno.EPERM, errno.ENOSYS
AUDIT = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
COLUMN = {"x86_64": 1, "aarch64": 2}
TABLE = [
    r.split() for r in (calls.Path(calls.__file__).parent / "syscalls.txt").read_text().splitlines() if r[0] != "#"
]


def decide(program, number, arguments=(), audit=0xC000003E):
    """What the kernel would do: the classic machine with loads, jumps and one accumulator."""
    words = {0: number & 0xFFFFFFFF, 4: audit}
    words |= {16 + 8 * k: a & 0xFFFFFFFF for k, a in enumerate((*arguments, 0, 0, 0, 0, 0, 0)[:6])}
    at, value = 0, 0
    while True:
        code, yes, no, k = program[at]
        at += 1
        if code == 0x20:
            value = words[k]
        elif code == 0x06:
            return ALLOW if k == 0x7FFF0000 else k & 0xFFFF
        else:
            holds = {0x15: value == k, 0x35: value >= k, 0x45: bool(value & k)}[code]
            at += yes if holds else no


@pytest.fixture(params=["x86_64", "aarch64"])
def machine(request, monkeypatch):
    monkeypatch.setattr(platform, "machine", lambda: request.param)
    return request.param


def number(machine, name):
    (row,) = (r for r in TABLE if r[0] == name)
    return int(row[COLUMN[machine]])


def run(machine, name, *arguments, forks=False, jailed=True, spare=(), me=77):
    program = calls.assemble(forks=forks, jailed=jailed, me=me, spare=spare)
    assert len(program) <= 4096
    return decide(program, number(machine, name), arguments, AUDIT[machine])


def test_the_table_names_each_call_once_and_each_number_once():
    assert len({r[0] for r in TABLE}) == len(TABLE)
    for column in COLUMN.values():
        numbers = [r[column] for r in TABLE if r[column] != "-"]
        assert len(set(numbers)) == len(numbers)
    assert {r[3] for r in TABLE} == {"allow", "process", "jail", "check", "deny"}
    assert {r[0] for r in TABLE if r[3] == "check"} == {
        *("clone", "kill", "tgkill", "rt_sigqueueinfo", "rt_tgsigqueueinfo"),
        *("prlimit64", "ioctl", "prctl", "socketpair", "open", "openat"),
    }


@pytest.mark.parametrize(
    "name", ["read", "write", "mmap", "futex", "exit_group", "getrandom", "close", "clock_gettime"]
)
def test_what_every_program_needs_passes(machine, name):
    assert run(machine, name) == ALLOW


@pytest.mark.parametrize(
    "name",
    [
        "socket",
        "connect",
        "ptrace",
        "process_vm_readv",
        "mount",
        "unshare",
        "setns",
        "bpf",
        "keyctl",
        "add_key",
        "io_uring_setup",
        "memfd_create",
        "chroot",
        "pivot_root",
        "setuid",
        "capset",
        "shmget",
        "mq_open",
        "init_module",
        "reboot",
        "clock_settime",
        "perf_event_open",
        "userfaultfd",
        "tkill",
        "pidfd_send_signal",
        "open_by_handle_at",
        "seccomp",
        "landlock_restrict_self",
    ],
)
def test_what_no_program_may_do_is_refused(machine, name):
    for forks in (False, True):
        assert run(machine, name, forks=forks, spare=(1, 2)) == EPERM


def test_processes_only_where_allowed_and_never_namespaces(machine):
    thread, child, userns = 0x3D0F00, 0x1200011, 0x10000011
    assert [run(machine, "clone", f) for f in (thread, child, userns, thread | 0x10000000)] == [
        ALLOW,
        EPERM,
        EPERM,
        EPERM,
    ]
    assert [run(machine, "clone", f, forks=True) for f in (thread, child, userns)] == [ALLOW, ALLOW, EPERM]
    assert [run(machine, "execve", forks=f) for f in (False, True)] == [EPERM, ALLOW]


@pytest.mark.parametrize("name", ["kill", "tgkill", "rt_sigqueueinfo", "rt_tgsigqueueinfo"])
def test_signals(machine, name):
    assert [run(machine, name, pid) for pid in (77, 78, 1, 0, -1, -77)] == [ALLOW, *[EPERM] * 5]
    spared = [run(machine, name, pid, forks=True, spare=(1, 5)) for pid in (77, 78, 0, 1, 5, -1, -77)]
    assert spared == [ALLOW, ALLOW, ALLOW, EPERM, EPERM, EPERM, EPERM]


def test_arguments(machine):
    assert [run(machine, "prlimit64", pid) for pid in (0, 77, 1)] == [ALLOW, ALLOW, EPERM]
    assert [run(machine, "socketpair", family) for family in (1, 2, 16)] == [ALLOW, EPERM, EPERM]
    assert [run(machine, "ioctl", 0, request) for request in (0x5401, 0x5412, 0x541C)] == [ALLOW, EPERM, EPERM]
    assert [run(machine, "prctl", option) for option in (15, 4, 22, 36)] == [ALLOW, EPERM, EPERM, EPERM]
    assert [run(machine, "openat", 0, 0, flags) for flags in (0, 0x200, 0x201, 0x241)] == [ALLOW, EPERM, ALLOW, ALLOW]


def test_modes_of_files_only_in_a_jail(machine):
    assert [run(machine, "fchmodat", jailed=j) for j in (True, False)] == [ALLOW, EPERM]


def test_unlisted_calls_other_processors_and_the_32_bit_table(machine):
    program = calls.assemble(forks=False, jailed=True, me=77, spare=())
    assert decide(program, 100_000, audit=AUDIT[machine]) == ENOSYS
    assert decide(program, number(machine, "read"), audit=0x40000003) == EPERM
    assert decide(program, 0x40000000 + 41, audit=AUDIT[machine]) == ENOSYS
