"""The sandbox for code that a model wrote: a fresh process per program, walled off, under limits.

``Sandbox`` runs programs, ``level`` says which protection is active and what it does and does not stop. See
docs/sandbox.md.
"""

from rubricate.errors import SandboxError
from rubricate.verifiers.sandbox.levels import level
from rubricate.verifiers.sandbox.pool import Sandbox, shared, sound
from rubricate.verifiers.sandbox.records import Level, Limits, Program, Result, Status

__all__ = [
    "Level",
    "Limits",
    "Program",
    "Result",
    "Sandbox",
    "SandboxError",
    "Status",
    "level",
    "shared",
    "sound",
]
