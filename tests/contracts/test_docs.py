"""Documentation runs: python blocks are executed, console blocks are typed in, printed output is compared.

A python block is run (blocks of one page share their names); a text block right after it is its
output. In a console block every ``$ command`` is run from the project's root and the lines under it are
its output (a command may go on in the next line after a backslash); ``...`` alone on a line
stands for any lines.

A python block marked ``needs=PACKAGE`` (or several, by commas) runs where those packages are: it has a test of its own,
which runs the page's plain python blocks before it, skips elsewhere, and belongs to ``make test-trainers`` or ``make
test-adapters``. It runs in an empty folder, with ``examples`` on the path. Nothing stands in for the packages.
"""

import contextlib
import doctest
import importlib
import importlib.util
import io
import os
import re
import subprocess
import sys
import warnings
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted([ROOT / "README.md", *(ROOT / "docs").rglob("*.md")])
BLOCK = re.compile(r"^```(\w+)([^\n]*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
NEEDS = re.compile(r"needs=([\w,]+)")
TRAINERS = {"trl", "verl"}  # make test-trainers; all other packages: make test-adapters
MODULES = sorted(
    ".".join(("rubricate", *p.relative_to(ROOT / "src" / "rubricate").with_suffix("").parts)).removesuffix(".__init__")
    for p in (ROOT / "src" / "rubricate").rglob("*.py")
    if p.name != "__main__.py"
)


def blocks(page: Path) -> list[tuple[str, str, str]]:
    """(kind, flags, text) of the fenced blocks of a page."""
    return BLOCK.findall(page.read_text(encoding="utf-8"))


def needs(flags: str) -> tuple[str, ...]:
    """The packages that a block is marked with."""
    found = NEEDS.search(flags)
    return tuple(found[1].split(",")) if found else ()


def packages() -> list:
    """(page, packages) of every set of packages that some page has examples for."""
    found = []
    for page in PAGES:
        for names in sorted({needs(flags) for _, flags, _ in blocks(page)} - {()}):
            mark = pytest.mark.trainers if TRAINERS & set(names) else pytest.mark.adapters
            found.append(pytest.param(page, names, marks=mark, id=f"{page.relative_to(ROOT)}-{','.join(names)}"))
    return found


def matches(found: str, expected: str) -> bool:
    """Equal, where a line ``...`` in ``expected`` stands for any lines."""
    parts = [re.escape(p.strip("\n")) for p in re.split(r"^\.\.\.$", expected.strip("\n"), flags=re.MULTILINE)]
    text = "\n".join(line.rstrip() for line in found.strip("\n").splitlines())
    return re.fullmatch(r"\n?.*?\n?".join(parts), text, re.DOTALL) is not None


@pytest.fixture(autouse=True)
def _nothing_of_a_page_stays():
    """A page may stand in for a reader's own module, and set variables; other tests must not find them."""
    before, environ = set(sys.modules), dict(os.environ)
    yield
    os.environ.clear()
    os.environ.update(environ)
    for name in set(sys.modules) - before:
        # parts of compiled packages (torch._C._functorch) have no spec either, and whoever imports them next needs them
        if "." not in name and getattr(sys.modules[name], "__spec__", None) is None:
            del sys.modules[name]


def commands(block: str):
    """(command, output) of a console block."""
    command, output = None, []
    for line in block.splitlines():
        if line.startswith("$ "):
            if command is not None:
                yield command, "\n".join(output)
            command, output = line[2:], []
        elif command is not None and command.endswith("\\") and not output:
            command = command[:-1] + line.lstrip()
        else:
            output.append(line)
    if command is not None:
        yield command, "\n".join(output)


@pytest.mark.parametrize("page", PAGES, ids=lambda p: str(p.relative_to(ROOT)))
def test_the_page_runs_and_prints_what_it_says(page, tmp_path, monkeypatch):
    monkeypatch.chdir(ROOT)
    monkeypatch.setenv("COLUMNS", "100")
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    env = os.environ | {"PATH": path, "COLUMNS": "100", "RUNS": str(tmp_path), "NO_COLOR": "1"}
    names: dict = {"__name__": "__docs__"}
    printed = None
    for kind, flags, block in blocks(page):
        if "no-run" in flags or needs(flags):
            printed = None
            continue
        if kind == "python":
            out = io.StringIO()
            with contextlib.redirect_stdout(out):
                exec(compile(block, str(page), "exec"), names)
            printed = out.getvalue()
        elif kind == "text" and printed is not None:
            assert matches(printed, block), f"{page.name} says:\n{block}\nit printed:\n{printed}"
            printed = None
        elif kind == "console":
            for command, expected in commands(block):
                done = subprocess.run(
                    command, shell=True, cwd=ROOT, env=env, capture_output=True, text=True, check=False
                )
                found = (done.stdout + done.stderr).replace(str(tmp_path), "$RUNS")
                assert matches(found, expected), f"$ {command}\nsays:\n{expected}\nprinted:\n{found}"


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(("page", "names"), packages())
def test_the_examples_of_a_package_run(page, names, tmp_path, monkeypatch, bytes_for_tokens):
    target = "test-trainers" if TRAINERS & set(names) else "test-adapters"
    for name in names:
        if importlib.util.find_spec(name) is None:
            pytest.skip(f"needs {name} (make {target})")
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(ROOT / "examples")
    monkeypatch.syspath_prepend(tmp_path)
    space: dict = {"__name__": "__docs__"}
    printed, ran = None, 0
    for kind, flags, block in blocks(page):
        if kind == "python" and "no-run" not in flags and set(needs(flags)) <= set(names):
            out = io.StringIO()
            with contextlib.redirect_stdout(out), warnings.catch_warnings():
                warnings.simplefilter("ignore")
                exec(compile(block, str(page), "exec"), space)
            printed, ran = out.getvalue(), ran + bool(needs(flags))
        elif kind == "text" and printed is not None:
            # a package prints its progress; what the block prints comes last
            assert matches(printed, f"...\n{block}") or matches(printed, block), f"{block}\nit printed:\n{printed}"
            printed = None
        else:
            printed = None
    assert ran


@pytest.mark.parametrize("name", MODULES)
def test_the_examples_in_docstrings_run(name):
    result = doctest.testmod(importlib.import_module(name), optionflags=doctest.NORMALIZE_WHITESPACE | doctest.ELLIPSIS)
    assert result.failed == 0


def test_the_comparison_can_fail():
    assert matches("a\nb\nc\n", "a\n...\nc")
    assert not matches("a\nb\n", "a\nc")
    assert list(commands("$ x\n1\n$ y\n2\n3")) == [("x", "1"), ("y", "2\n3")]
    assert list(commands("$ x \\\n    --y\n1 \\\n2")) == [("x --y", "1 \\\n2")]
