"""The command line: one command per job, errors without tracebacks, exit code 2 for bad input."""

from __future__ import annotations

import os
import sys


def main(arguments: list[str] | None = None) -> None:
    """Run the ``rubricate`` command; errors of rubricate end with their message and exit code 2."""
    from rubricate.cli.app import app
    from rubricate.errors import RubricateError

    try:
        app(args=arguments, prog_name="rubricate")
    except RubricateError as error:
        if os.environ.get("RUBRICATE_TRACEBACK"):
            raise
        print(f"error: {error}", file=sys.stderr)
        sys.exit(2)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)
