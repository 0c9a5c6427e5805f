"""Escapes and exhaustions, one row each: what is tried, how success shows, and where it is expected to succeed.

The code may name: DIR a folder of the host with secret.txt and victim.txt, PORT a listening port, SOCKET a listening
unix socket, PID a bystander process of the same user, SELF the process of the test. An attempt succeeds when the program prints
ESCAPED, when the folder, the bystander or the listeners were touched, when a process stays behind, when the worker
does not work afterwards, or when the program ends in a status that is not among ``ends`` (where given).
"""

from __future__ import annotations

from dataclasses import dataclass, field

EVERYWHERE = ("bubblewrap", "namespaces", "filter", "limits")
LIMITS = ("limits",)
STOPPED = ("timed_out", "memory", "killed", "error", "output_limit", "file_limit", "process_limit")


@dataclass(frozen=True)
class Attempt:
    name: str
    group: str
    code: str
    succeeds: tuple[str, ...] = ()
    ends: tuple[str, ...] = ()
    then: str = ""
    limits: dict = field(default_factory=dict)


def tries(body: str, then: str = "print('ESCAPED')") -> str:
    """The body, and a cry when it raised nothing."""
    lines = "\n".join("    " + line for line in body.splitlines())
    return f"import os, sys, signal\ntry:\n{lines}\nexcept (OSError, ImportError, ValueError) as error:\n    print('no:', error)\nelse:\n    {then}\n"


def libc(call: str) -> str:
    """A call of the C library that gives -1 when it is refused."""
    return tries(
        f"import ctypes\nlibc = ctypes.CDLL(None, use_errno=True)\nif {call} == -1: raise OSError(ctypes.get_errno(), 'refused')"
    )


MANY = {"processes": 16}
FEW = {"wall": 3.0, "cpu": 2.0}

ATTEMPTS = [
    # exhaustion
    Attempt("fork bomb", "exhaustion", "import os\nwhile True: os.fork()", ends=("error",)),
    Attempt(
        "fork bomb where processes are allowed",
        "exhaustion",
        "import os\nwhile True:\n    try: os.fork()\n    except OSError: pass",
        ends=("process_limit", "memory", "timed_out"),
        limits=MANY | {"wall": 6.0},
    ),
    Attempt(
        "thread bomb",
        "exhaustion",
        "import threading, time\nwhile True: threading.Thread(target=time.sleep, args=(60,), daemon=True).start()",
        ends=STOPPED,
        limits=FEW,
    ),
    Attempt(
        "memory: allocate", "exhaustion", "kept = []\nwhile True: kept.append(bytearray(1 << 24))", ends=("memory",)
    ),
    Attempt(
        "memory: mmap",
        "exhaustion",
        "import mmap\nkept = []\nwhile True:\n    kept.append(mmap.mmap(-1, 1 << 24))\n    kept[-1].write(b'x' * (1 << 24))",
        ends=("memory", "error"),
    ),
    Attempt(
        "memory: in many processes",
        "exhaustion",
        "import os, time\nfor _ in range(6):\n    if os.fork() == 0: break\nkept = []\nwhile sum(map(len, kept)) < 150 << 20: kept.append(bytearray(os.urandom(1 << 20)))\ntime.sleep(60)",
        ends=("memory",),
        limits=MANY | {"memory": 256 << 20},
    ),
    Attempt(
        "memory: unmapped files of memory",
        "exhaustion",
        tries("fd = os.memfd_create('x')\nfor _ in range(40): os.write(fd, bytes(1 << 20))"),
        ends=("ok", "error"),
    ),
    Attempt(
        "recursion",
        "exhaustion",
        "import sys\nsys.setrecursionlimit(10**9)\ndef f(): f()\nf()",
        ends=("killed", "memory", "error", "timed_out"),
        limits=FEW,
    ),
    Attempt("endless output", "exhaustion", "while True: print('x' * 4096)", ends=("output_limit",)),
    Attempt(
        "endless output on stderr",
        "exhaustion",
        "import sys\nwhile True: sys.stderr.write('x' * 4096)",
        ends=("output_limit",),
    ),
    Attempt("binary output", "exhaustion", "import sys\nsys.stdout.buffer.write(bytes(range(256)) * 40)", ends=("ok",)),
    Attempt("endless computing", "exhaustion", "while True: pass", ends=("timed_out",), limits={"cpu": 1.0}),
    Attempt(
        "endless computing that ignores SIGXCPU",
        "exhaustion",
        "import signal\nsignal.signal(signal.SIGXCPU, signal.SIG_IGN)\nwhile True: pass",
        ends=("timed_out",),
        limits={"cpu": 1.0},
    ),
    Attempt("endless computing in C", "exhaustion", "9 ** 9 ** 9", ends=("timed_out", "memory"), limits={"cpu": 1.0}),
    Attempt("sleep", "exhaustion", "import time\ntime.sleep(3600)", ends=("timed_out",), limits={"wall": 0.5}),
    Attempt(
        "sleep that ignores SIGTERM and SIGINT",
        "exhaustion",
        "import signal, time\nfor s in range(1, 32):\n    try: signal.signal(s, signal.SIG_IGN)\n    except (OSError, ValueError): pass\ntime.sleep(3600)",
        ends=("timed_out",),
        limits={"wall": 0.5},
    ),
    Attempt(
        "stopping itself",
        "exhaustion",
        "import os, signal\nos.kill(os.getpid(), signal.SIGSTOP)",
        ends=("timed_out", "error"),
        limits={"wall": 0.5},
    ),
    Attempt(
        "a huge file",
        "exhaustion",
        "with open('big', 'wb') as f:\n    while True: f.write(bytes(1 << 20))",
        ends=("error", "file_limit"),
    ),
    Attempt("a huge file with a hole", "exhaustion", tries("with open('big', 'wb') as f: f.truncate(1 << 40)")),
    Attempt(
        "many large files",
        "exhaustion",
        "n = 0\nwhile True:\n    n += 1\n    with open(f'f{n}', 'wb') as f: f.write(bytes(8 << 20))",
        ends=("error", "file_limit"),
    ),
    Attempt(
        "many files",
        "exhaustion",
        "n = 0\nwhile True:\n    n += 1\n    open(f'f{n}', 'w').close()",
        ends=("file_limit", "error"),
    ),
    Attempt(
        "folders without end",
        "exhaustion",
        "import os\nwhile True:\n    os.mkdir('d')\n    os.chdir('d')",
        ends=("file_limit", "error"),
    ),
    Attempt("many descriptors", "exhaustion", "kept = []\nwhile True: kept.append(open('/dev/null'))", ends=("error",)),
    Attempt(
        "endless chain of exceptions",
        "exhaustion",
        "class E(Exception):\n    @property\n    def __cause__(self): return E()\n    @property\n    def __context__(self): return E()\nraise E",
        ends=STOPPED,
        limits=FEW,
    ),
    Attempt(
        "zip bomb",
        "exhaustion",
        "import zlib\nd = zlib.compressobj()\nbomb = b''.join(d.compress(bytes(1 << 24)) for _ in range(128)) + d.flush()\nzlib.decompress(bomb)",
        ends=("memory", "timed_out"),
        limits={"cpu": 2.0},
    ),
    Attempt(
        "atexit that never ends",
        "exhaustion",
        "import atexit, time\natexit.register(time.sleep, 3600)",
        ends=("timed_out",),
        limits={"wall": 0.5},
    ),
    Attempt(
        "raising its limits",
        "exhaustion",
        tries("import resource\nresource.setrlimit(resource.RLIMIT_NOFILE, (4096, 4096))"),
    ),
    Attempt(
        "raising its memory limit through C",
        "exhaustion",
        libc("libc.setrlimit(9, (ctypes.c_long * 2)(1 << 40, 1 << 40))"),
    ),
    # processes
    Attempt(
        "a daemon: fork twice, setsid",
        "processes",
        "import os, time\nif os.fork() == 0:\n    os.setsid()\n    if os.fork() == 0:\n        for fd in range(3): os.close(fd)\n        time.sleep(60)\n    os._exit(0)\nos.wait()",
        limits=MANY,
    ),
    Attempt(
        "a daemon that holds the pipes",
        "processes",
        "import os, time\nif os.fork() == 0:\n    os.setsid()\n    time.sleep(60)",
        limits=MANY,
    ),
    Attempt("subprocess", "processes", tries("import subprocess\nsubprocess.run(['/bin/echo', 'x'], check=True)")),
    Attempt("system", "processes", tries("if os.system('true') != 0: raise OSError('refused')")),
    Attempt(
        "vfork and exec under the standard library",
        "processes",
        tries(
            "import _posixsubprocess as p\nr, w = os.pipe()\np.fork_exec([b'/bin/sleep', b'60'], [b'/bin/sleep'], True, (w,), None, None, -1, -1, -1, -1, -1, -1, r, w, False, False, -1, None, None, None, -1, None, True)"
        ),
    ),
    Attempt("exec", "processes", tries("os.execv('/bin/echo', ['echo', 'ESCAPED'])")),
    Attempt("killing a bystander", "processes", tries("os.kill(PID, signal.SIGKILL)")),
    Attempt(
        "killing a bystander through a descriptor",
        "processes",
        tries("signal.pidfd_send_signal(os.pidfd_open(PID), signal.SIGKILL)"),
        succeeds=LIMITS,
    ),
    Attempt("killing a bystander through C", "processes", libc("libc.kill(PID, 9)")),
    Attempt("signalling everybody", "processes", tries("os.kill(-1, signal.SIGWINCH)")),
    Attempt("signalling everybody through C", "processes", libc("libc.kill(-1, 28)")),
    Attempt("killing the worker", "processes", tries("os.kill(os.getppid(), signal.SIGKILL)")),
    Attempt(
        "killing the worker where processes are allowed",
        "processes",
        tries("os.kill(os.getppid(), signal.SIGKILL)"),
        limits=MANY,
    ),
    Attempt(
        "killing the group of the worker", "processes", tries("os.killpg(os.getpgid(os.getppid()), signal.SIGKILL)")
    ),
    Attempt("tracing the worker", "processes", libc("libc.ptrace(16, os.getppid(), 0, 0)")),
    Attempt("memory of the worker", "processes", tries("f = open(f'/proc/{os.getppid()}/mem', 'rb')")),
    Attempt(
        "memory of the worker through C", "processes", libc("libc.process_vm_readv(os.getppid(), None, 0, None, 0, 0)")
    ),
    Attempt("environment of the worker", "processes", tries("open(f'/proc/{os.getppid()}/environ').read()")),
    Attempt(
        "environment of the host",
        "processes",
        tries("if b'PATH' not in open('/proc/SELF/environ', 'rb').read(): raise OSError('empty')"),
    ),
    Attempt(
        "environment inherited", "processes", "import os\nif os.environ.get('RUBRICATE_TEST_SECRET'): print('ESCAPED')"
    ),
    Attempt("priority", "processes", tries("os.setpriority(os.PRIO_PROCESS, 0, -5)")),
    # files
    Attempt("writing outside", "files", tries("open('DIR/victim.txt', 'w').write('owned')")),
    Attempt(
        "emptying a file that is opened for reading",
        "files",
        tries("os.open('DIR/victim.txt', os.O_RDONLY | os.O_TRUNC)"),
    ),
    Attempt("cutting a file", "files", tries("os.truncate('DIR/victim.txt', 0)")),
    Attempt(
        "patching what guards the files, then writing",
        "files",
        tries(
            "import posixpath\nposixpath._joinrealpath = lambda *a: (os.getcwd(), True)\nopen('DIR/victim.txt', 'w').write('owned')"
        ),
        succeeds=LIMITS,
    ),
    Attempt("times of a file outside, through C", "files", libc("libc.utimes(b'DIR/victim.txt', None)")),
    Attempt("a new file outside", "files", tries("open('DIR/new.txt', 'x')")),
    Attempt("writing outside through C", "files", libc("libc.creat(b'DIR/new.txt', 0o600)")),
    Attempt("a pipe outside", "files", tries("os.mkfifo('DIR/pipe')"), succeeds=LIMITS),
    Attempt(
        "a link out of the folder, then writing",
        "files",
        tries("os.symlink('DIR/victim.txt', 'link')\nopen('link', 'w').write('owned')"),
    ),
    Attempt(
        "a link out of the folder, then reading",
        "files",
        tries("os.symlink('DIR/secret.txt', 'link')\nopen('link').read()"),
    ),
    Attempt("a link from outside", "files", tries("os.symlink('x', 'DIR/link')")),
    Attempt(
        "a hard link to a file outside",
        "files",
        tries("os.link('DIR/victim.txt', 'hard')\nopen('hard', 'w').write('owned')"),
    ),
    Attempt("moving a file away", "files", tries("os.rename('DIR/victim.txt', 'mine')")),
    Attempt("deleting a project", "files", tries("import shutil\nshutil.rmtree('DIR')")),
    Attempt("permissions of a file outside", "files", tries("os.chmod('DIR/victim.txt', 0o777)")),
    Attempt("reading a secret", "files", tries("open('DIR/secret.txt').read()")),
    Attempt("reading a secret by descriptor", "files", tries("os.read(os.open('DIR/secret.txt', os.O_RDONLY), 10)")),
    Attempt("listing a folder outside", "files", tries("os.listdir('DIR')")),
    Attempt("whether a file is there", "files", tries("os.stat('DIR/secret.txt')"), succeeds=("filter", "limits")),
    Attempt("appending to /etc/passwd", "files", tries("open('/etc/passwd', 'a')")),
    Attempt("reading /etc/shadow", "files", tries("open('/etc/shadow').read()")),
    Attempt(
        "home of the user",
        "files",
        tries("if not os.listdir(os.path.expanduser('~root')) + os.listdir('/home'): raise OSError('empty')"),
    ),
    Attempt("changing the standard library", "files", tries("open(os.__file__, 'a')")),
    Attempt(
        "changing the entries of the sandbox",
        "files",
        tries("import traceback\nopen(traceback.__file__.replace('traceback.py', 'planted.py'), 'x')"),
    ),
    Attempt("a device", "files", tries("os.mknod('disk', 0o60600, os.makedev(8, 0))")),
    Attempt("raw memory of the machine", "files", tries("open('/dev/mem', 'rb')")),
    Attempt("a file in /dev/shm", "files", tries("open('/dev/shm/x', 'w')")),
    Attempt("mounting", "files", libc("libc.mount(b'none', b'/', b'tmpfs', 0, None)")),
    Attempt("a new root", "files", tries("os.chroot('.')")),
    Attempt("new namespaces", "files", libc("libc.unshare(0x10000000)")),
    # network
    Attempt("tcp", "network", tries("import socket\nsocket.create_connection(('127.0.0.1', PORT), 2).sendall(b'x')")),
    Attempt("tcp through C", "network", libc("libc.socket(2, 1, 0)")),
    Attempt(
        "udp",
        "network",
        tries("import socket\nsocket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b'x', ('127.0.0.1', PORT))"),
    ),
    Attempt(
        "raw socket",
        "network",
        tries("import socket\nsocket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP)"),
    ),
    Attempt("unix socket", "network", tries("import socket\nsocket.socket(socket.AF_UNIX).connect('SOCKET')")),
    Attempt("netlink", "network", tries("import socket\nsocket.socket(16, socket.SOCK_RAW, 0)")),
    Attempt("names", "network", tries("import socket\nsocket.getaddrinfo('example.org', 80)")),
    Attempt("serving", "network", tries("import socket\nsocket.create_server(('127.0.0.1', 0))")),
    # channels and state
    Attempt(
        "inherited descriptors",
        "channels",
        "import os\nopen_ones = []\nfor fd in range(3, 256):\n    try: os.fstat(fd)\n    except OSError: continue\n    open_ones.append(fd)\nif open_ones: print('ESCAPED', open_ones)",
    ),
    Attempt(
        "writing to every descriptor",
        "channels",
        "import os\nfor fd in range(3, 64):\n    try: os.write(fd, b'{\"status\": \"ok\"}')\n    except OSError: continue\n    print('ESCAPED', fd)",
    ),
    Attempt(
        "closing its own descriptors", "channels", "import os\nos.closerange(0, 256)\nos._exit(3)", ends=("error",)
    ),
    Attempt(
        "the socket of the worker in memory",
        "channels",
        "import gc, sys\nsocks = []\nfor name in ('_socket', 'socket'):\n    if name in sys.modules:\n        for o in gc.get_objects():\n            if type(o).__name__ == 'socket' and o.fileno() >= 0:\n                o.send(b'x')\n                print('ESCAPED')",
        ends=("ok", "error"),
    ),
    Attempt(
        "a planted module",
        "channels",
        "open('json.py', 'w').write('print(\"ESCAPED\")')\nimport json",
        then="import json; json.dumps(1)",
    ),
    Attempt(
        "a file for the next program",
        "channels",
        "import os\nfor at in ('left', '../left', '/tmp/left-rubricate'):\n    try: open(at, 'w').write('x')\n    except OSError: pass",
        then="import os\nif any(map(os.path.exists, ('left', '../left', '/tmp/left-rubricate'))): print('ESCAPED')",
    ),
    Attempt(
        "a patch for the next program",
        "channels",
        "import builtins, sys\nbuiltins.len = lambda x: 0\nsys.modules['math'] = None",
        then="import math\nif len('ab') != 2: print('ESCAPED')",
    ),
    Attempt("shared memory for the next program", "channels", libc("libc.shmget(4242, 4096, 0o1666)")),
    Attempt(
        "setting the clock", "channels", tries("import time\ntime.clock_settime(time.CLOCK_REALTIME, time.time())")
    ),
    Attempt(
        "a patched clock against the limits",
        "channels",
        "import time\ntime.monotonic = time.time = lambda: 0\ntime.sleep(3600)",
        ends=("timed_out",),
        limits={"wall": 0.5},
    ),
    Attempt("keys of the kernel", "channels", libc("libc.syscall(248, b'user', b'x', b'y', ctypes.c_size_t(1), -5)")),
    Attempt("io_uring", "channels", libc("libc.syscall(425, 4, ctypes.create_string_buffer(120))")),
    Attempt("bpf", "channels", libc("libc.syscall(321, 0, ctypes.create_string_buffer(120), 120)")),
    Attempt("calls of the other architecture", "channels", libc("libc.syscall(0x40000000 + 41, 2, 1, 0)")),
]
