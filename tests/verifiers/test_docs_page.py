import importlib.util
import re
import subprocess
import sys
from pathlib import Path

from rubricate import registry
from rubricate.types import Sample
from rubricate.verifiers import decide
from rubricate.verifiers.base import check_settings

ROOT = Path(__file__).resolve().parents[2]


def builder():
    spec = importlib.util.spec_from_file_location("build_verifiers", ROOT / "docs" / "build_verifiers.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_page_says_what_is_registered():
    # In a process of its own: there is nothing in the table but what importing the package brings.
    command = [sys.executable, ROOT / "docs" / "build_verifiers.py", "--show"]
    page = subprocess.run(command, capture_output=True, check=True).stdout.decode()
    assert (ROOT / "docs" / "verifiers.md").read_text(encoding="utf-8") == page, "run: python docs/build_verifiers.py"


def test_every_verifier_of_the_package_is_registered_and_in_the_table():
    table = (ROOT / "docs" / "verifiers.md").read_text(encoding="utf-8")
    for path in (ROOT / "src" / "rubricate" / "verifiers").rglob("*.py"):
        made = re.findall(r'^@(verifier|instruction)\("([^"]+)"', path.read_text(encoding="utf-8"), re.MULTILINE)
        for kind, own in made:
            name = own if kind == "verifier" else f"ifeval/{own}"
            assert name in registry.names("verifier"), f"import {path.stem} in rubricate/verifiers/__init__.py"
            assert f"| `{name}` |" in table
    assert "doctest/" not in table


def test_the_example_of_the_page_does_what_it_says():
    import yaml

    from rubricate.rubrics.model import Criterion

    (block,) = (b for b in builder().HEAD.split("```") if b.startswith("yaml"))
    criterion = Criterion.model_validate(yaml.safe_load(block.removeprefix("yaml"))["criteria"][0])
    check_settings(criterion)
    verdict = decide(Sample("s", (), "word " * 125), criterion)
    assert (verdict.value, verdict.reason) == (0.75, "125 words; expected at most 120")
