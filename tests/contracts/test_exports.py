"""Packages export what they say: a sorted ``__all__`` whose names exist; importing costs little."""

import importlib
import json
import subprocess
import sys
from pathlib import Path

import pytest

SRC = Path(__file__).resolve().parents[2] / "src" / "rubricate"
PACKAGES = sorted(
    ".".join(("rubricate", *p.parent.relative_to(SRC).parts)) for p in SRC.rglob("__init__.py") if p.parent != SRC
)


@pytest.mark.parametrize("name", PACKAGES)
def test_all_is_sorted_and_true(name):
    module = importlib.import_module(name)
    names = getattr(module, "__all__", [])
    assert list(names) == sorted(names), f"{name}.__all__ is not sorted"
    assert len(set(names)) == len(names)
    for entry in names:
        assert getattr(module, entry) is not None


def test_the_top_level_names_resolve_lazily():
    import rubricate

    for name in rubricate.__all__:
        assert getattr(rubricate, name) is not None
    with pytest.raises(AttributeError, match="no attribute 'nonsense'"):
        _ = rubricate.nonsense


def test_importing_the_package_loads_no_heavy_library():
    code = "import sys, json, rubricate; print(json.dumps(sorted({m.split('.')[0] for m in sys.modules})))"
    loaded = set(json.loads(subprocess.run([sys.executable, "-c", code], capture_output=True, check=True).stdout))
    assert not loaded & {"numpy", "pydantic", "aiohttp", "yaml", "typer", "rich", "scipy", "torch"}
