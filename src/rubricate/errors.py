"""Every exception of rubricate, in one tree.

::

    RubricateError
    ├── RubricError (ValueError)        a rubric or a criterion breaks a rule of the data model
    │   └── LockError                   a locked rubric was changed
    ├── DataError (ValueError)          an input file cannot be read as what it should be
    ├── ShapeError (ValueError)         an array has the wrong rank, length or dtype
    ├── PolicyError (ValueError)        a score is undefined under the chosen policy
    ├── SettingError (TypeError)        a step, recipe or part was given a setting that it does not take
    ├── UnknownNameError (LookupError)  a name is not registered; the known ones are listed
    ├── DuplicateNameError (ValueError) a name is registered already
    ├── MissingExtraError (ImportError) an optional dependency is not installed; the pip command is named
    ├── SandboxError (RuntimeError)     no sandbox of the level asked for, or it broke; says nothing about a program
    ├── ToolError (RuntimeError)        a tool of a judge gave nothing; shown to the judge, never a verdict
    ├── StoreError (OSError)            a run folder cannot be read, or belongs to another job
    └── CallError (RuntimeError)        a model call gave no usable reply; ``state`` says which way
        └── BudgetError                 a cap on calls, tokens, money or time was reached

A message says what was found, where, what was expected and what to do next.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class RubricateError(Exception):
    """Base of every error that rubricate raises on purpose.

    ``what`` states the fact; ``where`` the file, line, path or argument; ``expected`` the rule; ``hint`` the next
    action. All four stay readable as attributes, and the exception survives pickling.
    """

    def __init__(self, what: str, *, where: str = "", expected: str = "", hint: str = "") -> None:
        super().__init__(what)
        self.what, self.where, self.expected, self.hint = what, where, expected, hint

    def __str__(self) -> str:
        text = f"{self.where}: {self.what}" if self.where else self.what
        if self.expected:
            text += f"; expected {self.expected}"
        if self.hint:
            text += f". {self.hint}"
        return text

    def __reduce__(self) -> tuple[object, ...]:
        return (_rebuild, (type(self), self.args, self.__dict__))


def _rebuild(kind: type[RubricateError], args: tuple[object, ...], state: dict[str, object]) -> RubricateError:
    error = kind.__new__(kind, *args)
    error.args = args
    error.__dict__.update(state)
    return error


class RubricError(RubricateError, ValueError):
    """A rubric or a criterion breaks a rule of the data model."""


class LockError(RubricError):
    """A locked rubric was changed without unlocking it."""


class DataError(RubricateError, ValueError):
    """An input file cannot be read as what it should be."""


class ShapeError(RubricateError, ValueError):
    """An array argument has the wrong rank, length or dtype."""


class PolicyError(RubricateError, ValueError):
    """A score is undefined under the chosen policy (all verdicts missing, zero denominator, ...)."""


class SettingError(RubricateError, TypeError):
    """A step, recipe or part was given a setting that it does not take, or a value out of range."""


class UnknownNameError(RubricateError, LookupError):
    """A name is not known; the message lists the close and the known ones."""

    @classmethod
    def among(cls, kind: str, name: str, known: Iterable[str], *, where: str = "") -> UnknownNameError:
        """Build the error for ``name`` among ``known``, nearest spellings first."""
        names = sorted(known)
        near = difflib.get_close_matches(name, names, n=3, cutoff=0.6)
        hint = f"Did you mean {', '.join(repr(n) for n in near)}?" if near else ""
        listed = ", ".join(names[:40]) + (f", ... ({len(names)} in all)" if len(names) > 40 else "")
        return cls(f"unknown {kind} {name!r}", where=where, expected=f"one of: {listed or '(none)'}", hint=hint)


class DuplicateNameError(RubricateError, ValueError):
    """A name was registered a second time."""


class MissingExtraError(RubricateError, ImportError):
    """An optional dependency is missing; the message names the pip command."""

    @classmethod
    def of(cls, package: str, extra: str, *, purpose: str) -> MissingExtraError:
        """Build the error for a missing ``package`` that ``extra`` installs."""
        return cls(
            f"{purpose} needs the package {package!r}, which is not installed",
            hint=f"Install it with: pip install 'rubricate[{extra}]'",
        )


class SandboxError(RubricateError, RuntimeError):
    """A sandbox does not work at the level asked for, or it broke; nothing is known about the program."""


class ToolError(RubricateError, RuntimeError):
    """A tool that a judge called gave no observation; it says nothing about the response."""


class StoreError(RubricateError, OSError):
    """A run folder cannot be read, or belongs to another job."""


class CallError(RubricateError, RuntimeError):
    """A model call ended without a usable reply.

    ``state`` is the value of the verdict state that it leads to (``failed``, ``timed_out``, ``refused``,
    ``truncated``, ``unreadable``); ``status`` the HTTP status when there was one; ``retry_after`` what the server
    asked for, in seconds; ``raw`` the text that came back, cut for logs; ``attempts`` how often it was tried.
    """

    def __init__(
        self,
        what: str,
        *,
        state: str = "failed",
        status: int | None = None,
        retry_after: float | None = None,
        retryable: bool = False,
        raw: str = "",
        attempts: int = 1,
        where: str = "",
        hint: str = "",
    ) -> None:
        super().__init__(what, where=where, hint=hint)
        self.state, self.status, self.retry_after = state, status, retry_after
        self.retryable, self.raw, self.attempts = retryable, raw[:2000], attempts


class BudgetError(CallError):
    """A cap (calls, tokens, money, time) was reached, or the breaker of an endpoint is open; nothing was sent."""
