"""Imports follow the table of layers; foreign libraries stay at their edge; there is no import cycle."""

import ast
from pathlib import Path

import pytest

SRC = Path(__file__).resolve().parents[2] / "src" / "rubricate"

CORE = ["errors", "types", "files", "seeds", "arrays", "structure", "reduce", "steps", "recipe", "registry", "samples"]
CORE += ["likelihood", "agreement"]
PURE = CORE
DATA = [*CORE, "rubrics"]
MAKERS = [*CORE, "rubrics", "llm"]
STAGES = [*CORE, "rubrics", "rewards", "credit", "llm", "judges", "verifiers", "generate", "refine", "guide", "store"]
USERS = [*STAGES, "audit"]
DOORS = [
    *USERS,
    "pipeline",
    "scoring",
    "metrics",
    "carried",
    "rewarder",
    "run_log",
    "loops",
    "lab",
    "report",
    "recipes",
    "cli",
    "serve",
    "integrations",
    "studio",
    "testing",
]
ALLOWED = {
    **{name: CORE for name in CORE},
    "rewards": [*PURE, "rewards"],
    "credit": [*PURE, "credit"],
    "rubrics": DATA,
    "llm": [*CORE, "llm"],
    "store": [*CORE, "store"],
    "judges": [*MAKERS, "judges", "verifiers"],
    "verifiers": [*MAKERS, "verifiers"],
    "generate": [*MAKERS, "generate", "refine", "verifiers"],
    "refine": [*MAKERS, "refine"],
    "guide": [*MAKERS, "guide"],
    "audit": USERS,
    "scoring": [*USERS, "scoring"],
    "pipeline": [*USERS, "pipeline", "scoring", "__init__"],
    "metrics": [*CORE, "rubrics"],
    "carried": [*CORE, "rewards"],
    "run_log": [*USERS, "pipeline", "rewarder", "__init__"],
    "rewarder": [*USERS, "pipeline", "scoring", "metrics", "carried", "run_log"],
    "loops": [*USERS, "loops", "pipeline", "rewarder", "scoring"],
    "lab": [*USERS, "lab", "pipeline"],
    "report": [*USERS, "report", "pipeline", "scoring", "lab", "recipes"],
    "recipes": [*USERS, "recipes", "pipeline", "loops", "lab"],
    "cli": DOORS,
    "serve": DOORS,
    "integrations": DOORS,
    "studio": DOORS,
    "testing": DOORS,
    "__init__": DOORS,
    "__main__": ["cli"],
}
FOREIGN = {
    "aiohttp": ["llm/http.py", "llm/sessions.py", "serve/client.py"],
    "yaml": ["rubrics/io.py", "rubrics/yaml_lines.py"],
    "sqlite3": ["store.py", "verifiers/sandbox/inside/sql.py"],
}
PURE_ONLY = {"numpy", "scipy", "sklearn", "__future__"}


def modules():
    return sorted(SRC.rglob("*.py"))


def package(path: Path) -> str:
    relative = path.relative_to(SRC)
    return relative.parts[0].removesuffix(".py")


def imports(path: Path):
    """(module, whether it runs at import time) of every import in a file."""
    tree = ast.parse(path.read_text())
    parents = {child: node for node in ast.walk(tree) for child in ast.iter_child_nodes(node)}
    for node in ast.walk(tree):
        if not isinstance(node, (ast.Import, ast.ImportFrom)):
            continue
        top, guard = True, node
        while guard in parents:
            guard = parents[guard]
            typing_only = isinstance(guard, ast.If) and "TYPE_CHECKING" in ast.dump(guard.test)
            if isinstance(guard, (ast.FunctionDef, ast.AsyncFunctionDef)) or typing_only:
                top = False
        for name in [node.module or ""] if isinstance(node, ast.ImportFrom) else [a.name for a in node.names]:
            yield name, top, node


@pytest.mark.parametrize("path", modules(), ids=lambda p: str(p.relative_to(SRC)))
def test_imports_follow_the_layers(path):
    home = package(path)
    assert home in ALLOWED, f"{home} is not in the table of layers"
    for name, _, node in imports(path):
        assert not (isinstance(node, ast.ImportFrom) and node.level), f"{path.name}: relative import"
        parts = name.split(".")
        if parts[0] == "rubricate" and len(parts) > 1:
            assert parts[1] in ALLOWED[home], f"{home} may not import rubricate.{parts[1]}"
        where = str(path.relative_to(SRC))
        assert parts[0] not in FOREIGN or where in FOREIGN[parts[0]], f"{parts[0]} belongs to {FOREIGN[parts[0]]}"


@pytest.mark.parametrize("stage", ["rewards", "credit"])
def test_pure_stages_import_no_io(stage):
    allowed = PURE_ONLY | {
        "rubricate",
        "abc",
        "collections",
        "dataclasses",
        "typing",
        "functools",
        "itertools",
        "math",
        "enum",
        "types",
    }
    for path in (SRC / stage).rglob("*.py"):
        for name, _, _ in imports(path):
            assert name.split(".")[0] in allowed, f"{path.name} imports {name}"


def test_no_import_cycle():
    graph = {}
    for path in modules():
        name = ".".join(("rubricate", *path.relative_to(SRC).with_suffix("").parts)).removesuffix(".__init__")
        graph[name] = {n for n, top, _ in imports(path) if top and n.startswith("rubricate.") and n != name}
    done, open_ = set(), []

    def visit(name):
        if name in open_:
            cycle = open_[open_.index(name) :]
            raise AssertionError(f"import cycle: {' -> '.join([*cycle, name])}")
        if name in done or name not in graph:
            return
        open_.append(name)
        for other in graph[name]:
            visit(other)
        open_.pop()
        done.add(name)

    for name in graph:
        visit(name)


def test_the_check_itself_sees_a_planted_fault(tmp_path):
    planted = tmp_path / "x.py"
    planted.write_text("def f():\n    import aiohttp\nfrom rubricate.judges import base\n")
    found = {(name, top) for name, top, _ in imports(planted)}
    assert found == {("aiohttp", False), ("rubricate.judges", True)}
    assert "judges" not in ALLOWED["rewards"]
