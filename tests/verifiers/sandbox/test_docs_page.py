import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]


def test_the_page_is_what_the_table_of_attempts_and_the_levels_say():
    command = [sys.executable, ROOT / "docs" / "build_sandbox.py", "--show"]
    page = subprocess.run(command, capture_output=True, check=True).stdout.decode()
    assert (ROOT / "docs" / "sandbox.md").read_text(encoding="utf-8") == page, "run: python docs/build_sandbox.py"
