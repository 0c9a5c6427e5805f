"""Puts the folder on the path, so that test files here can share ``comparing``."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
