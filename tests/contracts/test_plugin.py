"""A plugin package is found through its entry point, as installed packages are, and a name is never taken twice."""

import subprocess
import sys
from pathlib import Path

PLUGIN = Path(__file__).resolve().parents[1] / "plugin_package"
USE = """
import rubricate as rb
rubric = rb.Rubric(id="r", policy="polite/strict", criteria=[{"id": "p", "text": "Says please.", "verifier": "polite/please"}])
print(rb.run(rubric, prompt="Ask.", responses=["Please come.", "Come."]).rewards.values.tolist())
"""


def installed(folder: Path) -> None:
    """What an installer leaves: the package and its metadata with the entry point."""
    (folder / "polite_plugin").symlink_to(PLUGIN / "src" / "polite_plugin")
    info = folder / "polite_plugin-0.1.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: polite-plugin\nVersion: 0.1\n")
    (info / "entry_points.txt").write_text("[rubricate]\npolite = polite_plugin\n")


def python(code: str, folder: Path) -> subprocess.CompletedProcess:
    command = [sys.executable, "-c", f"import sys; sys.path.insert(0, {str(folder)!r})\n{code}"]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_the_plugin_is_found_and_used(tmp_path):
    installed(tmp_path)
    done = python(USE, tmp_path)
    assert done.stdout.strip() == "[1.0, 0.0]", done.stderr


def test_without_it_the_name_is_unknown_and_the_known_ones_are_listed(tmp_path):
    done = python(USE, tmp_path)
    assert done.returncode != 0
    assert "unknown policy 'polite/strict'" in done.stderr
    assert "healthbench" in done.stderr


def test_a_name_that_is_taken_is_refused(tmp_path):
    code = "from rubricate.registry import register, lookup\nlookup('policy', 'healthbench')\nregister('policy', 'healthbench')(int)"
    done = python(code, tmp_path)
    assert "registered already" in done.stderr
