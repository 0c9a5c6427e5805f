"""Rules in code, run where they can do no harm: the sandbox as the runner of ``refine.CodeRuleWriter``."""

from __future__ import annotations

import json
import math
import secrets
from collections.abc import Sequence

from rubricate.errors import SandboxError
from rubricate.refine.code_rules import Observation, Ran, Runner, program
from rubricate.verifiers.sandbox import Limits, Sandbox, Status


def sandbox_runner(sandbox: Sandbox, limits: Limits | None = None) -> Runner:
    """A runner of rules in ``sandbox``: one fresh process per rule for all observations.

    A rule that crashes or overruns its limits gives NaN for every observation and the last line of its error. A fault
    of the sandbox itself raises SandboxError: it says nothing about the rule.
    """

    async def run(code: str, entry: str, recorded: Sequence[Observation]) -> Ran:
        mark = secrets.token_hex(8)
        result = await sandbox.arun(program(code, entry, recorded, mark), limits)
        if result.status is Status.FAULT:
            raise SandboxError(result.stderr or "the sandbox failed")
        lines = [line for line in result.stdout.splitlines() if line.startswith(mark)]
        if result.status is Status.OK and lines:
            return Ran(tuple(float(v) for v in json.loads(lines[-1][len(mark) :])))
        last = result.stderr.strip().splitlines()[-1:] or [result.status.value]
        return Ran((math.nan,) * len(recorded), last[0][:300])

    return run
