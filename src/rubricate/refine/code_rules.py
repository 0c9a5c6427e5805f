"""Rules that a model writes as code: checked before they run, run only where the caller says, repaired by what failed.

Cards 141 (arXiv 2312.09238) and 146 (arXiv 2309.11489), abstracts and recalled. A rule is one Python function of one
``observation`` (a dict) that returns a number. Nothing here executes it: the ``Runner`` does, in a sandbox
(``loops.sandbox_runner``).
"""

from __future__ import annotations

import ast
import json
import math
import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from rubricate.errors import SettingError
from rubricate.llm.ask import Problem, ask
from rubricate.llm.client import Client, Reply, Request
from rubricate.llm.parse import strip_reasoning
from rubricate.llm.prompts import fence_name, fenced, fill, template
from rubricate.types import Message, Usage

Observation = Mapping[str, Any]
Runner = Callable[[str, str, Sequence[Observation]], Awaitable["Ran"]]
_BLOCK = re.compile(r"```(?:python)?\s*\n(.*?)```", re.DOTALL)
_MODULES = {"math", "re"}
_NAMES = {
    "open", "exec", "eval", "compile", "input", "globals", "locals", "vars", "getattr", "setattr", "delattr",
    "breakpoint", "exit", "quit", "help", "memoryview", "type", "object", "super",
}  # fmt: skip
_NODES = (ast.Global, ast.Nonlocal, ast.ClassDef, ast.AsyncFunctionDef, ast.Await, ast.Yield, ast.YieldFrom, ast.With)


class Ran(NamedTuple):
    """Values of a rule on each observation (NaN where there is none), and what went wrong, for the writer."""

    values: tuple[float, ...]
    error: str = ""


@dataclass(frozen=True)
class Wanted:
    """What a rule must be: its ``task``, the typed ``inputs`` it may read, the range of its value.

    ``inputs`` are pairs of a key and a type with a meaning, such as ``("lava_near", "bool: lava within 3 blocks")``.
    ``low`` and ``high`` bound the value: card 141 keeps a dense reward small beside the sparse one.
    """

    task: str
    inputs: tuple[tuple[str, str], ...]
    low: float = -1.0
    high: float = 1.0
    entry: str = "reward"

    def __post_init__(self) -> None:
        if not self.inputs or not self.low < self.high or not self.entry.isidentifier():
            raise SettingError(f"{self!r}", expected="inputs, low < high, and an entry that is a name")


@dataclass(frozen=True, slots=True)
class CodeRule:
    """A rule that passed (``faults`` is empty) or the last try; how many drafts; why each failed; what it cost."""

    code: str
    faults: tuple[str, ...]
    drafts: int
    history: tuple[str, ...]
    usage: Usage

    @property
    def ok(self) -> bool:
        """Whether the last draft passed every check and the dry run."""
        return not self.faults


def static_faults(code: str, wanted: Wanted) -> tuple[str, ...]:
    """What is wrong with a rule that can be seen without running it; empty when nothing is.

    One function ``entry(observation)``; only math and re; no dunder, no way to files, code or names; every key that it
    reads is spelled out and among the inputs.

    >>> wanted = Wanted("", (("depth", "int"),))
    >>> static_faults("def reward(observation):\\n    return observation['gold']", wanted)
    ("line 2: reads 'gold', which is not among the inputs: depth",)
    """
    try:
        tree = ast.parse(code)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        return (f"it does not parse: {error}",)
    entry = [n for n in tree.body if isinstance(n, ast.FunctionDef) and n.name == wanted.entry]
    if len(entry) != 1 or [a.arg for a in entry[0].args.args] != ["observation"]:
        return (f"it must define exactly one function {wanted.entry}(observation)",)
    faults = [f"line {getattr(n, 'lineno', 1)}: {why}" for n in ast.walk(tree) if (why := _node(n, wanted))]
    faults += [
        f"line {n.lineno}: only functions, imports and constants stand at the top"
        for n in tree.body
        if not isinstance(n, (ast.FunctionDef, ast.Import, ast.ImportFrom, ast.Assign, ast.Expr))
    ]
    if not any(isinstance(n, ast.Return) and n.value for n in ast.walk(entry[0])):
        faults.append(f"{wanted.entry} never returns a value")
    return tuple(faults) or _reads(entry[0], wanted)


def _node(node: ast.AST, wanted: Wanted) -> str:
    """What is wrong with one node of the tree; empty when nothing is."""
    if isinstance(node, (ast.Import, ast.ImportFrom)):
        names = [node.module or ""] if isinstance(node, ast.ImportFrom) else [a.name for a in node.names]
        odd = [n for n in names if n not in _MODULES]
        return f"imports {odd[0] or '(relative)'}; only {', '.join(sorted(_MODULES))} are allowed" if odd else ""
    if isinstance(node, ast.Name) and (node.id in _NAMES or node.id.startswith("__")):
        return f"uses {node.id}"
    if isinstance(node, ast.Attribute) and node.attr.startswith("_"):
        return f"reaches for the attribute {node.attr}"
    if isinstance(node, _NODES):
        return f"a {type(node).__name__} has no place in a rule"
    return ""


def _reads(entry: ast.FunctionDef, wanted: Wanted) -> tuple[str, ...]:
    """``observation`` is only ever read by a key that stands there and is offered."""
    allowed = [key for key, _ in wanted.inputs]
    spelled: dict[int, ast.expr] = {}
    for node in ast.walk(entry):
        if isinstance(node, ast.Subscript):
            spelled[id(node.value)] = node.slice
        elif (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Attribute)
            and node.func.attr == "get"
            and node.args
        ):
            spelled[id(node.func.value)] = node.args[0]
    faults = []
    for node in ast.walk(entry):
        if not isinstance(node, ast.Name) or node.id != "observation":
            continue
        key = spelled.get(id(node))
        if not isinstance(key, ast.Constant) or not isinstance(key.value, str):
            faults.append(f"line {node.lineno}: reads observation other than by a key that is spelled out")
        elif key.value not in allowed:
            faults.append(
                f"line {node.lineno}: reads {key.value!r}, which is not among the inputs: {', '.join(allowed)}"
            )
    return tuple(faults)


def run_faults(ran: Ran, wanted: Wanted) -> tuple[str, ...]:
    """What is wrong with the values of a dry run: an error, a missing value, one outside the range."""
    if ran.error:
        return (f"it fails on recorded input: {ran.error}",)
    bad = [v for v in ran.values if not math.isfinite(v)]
    if bad or not ran.values:
        return (f"{len(bad)} of {len(ran.values)} recorded inputs got no finite number",)
    out = [v for v in ran.values if not wanted.low <= v <= wanted.high]
    return (f"the value {out[0]:g} leaves [{wanted.low:g}, {wanted.high:g}]",) if out else ()


@dataclass(frozen=True)
class CodeRuleWriter:
    """Writes a rule, checks it, runs it on recorded observations, and repairs it at most ``repairs`` times.

    ``typed``: the prompt holds the inputs with types and meanings (card 146), or their names only.
    """

    repairs: int = 2
    reasks: int = 1
    typed: bool = True
    model: str = ""
    temperature: float | None = 0.2

    def __post_init__(self) -> None:
        if self.repairs < 0 or self.reasks < 0:
            raise SettingError(f"{self!r}", expected="repairs >= 0, reasks >= 0")

    def request(
        self, wanted: Wanted, advice: Sequence[str] = (), last: str = "", faults: Sequence[str] = ()
    ) -> Request:
        """The request for a draft: task and inputs, advice from failures in training, the last draft and its faults."""
        inputs = "\n".join(f"{key}: {kind}" if self.typed else key for key, kind in wanted.inputs)
        blocks = [("task", wanted.task), ("inputs", inputs)]
        blocks += [(f"advice {k}", text) for k, text in enumerate(advice, 1)]
        blocks += [("draft", last), ("faults", "\n".join(faults))] if last else []
        fence = fence_name("\x1f".join(text for _, text in blocks))
        values = {"entry": wanted.entry, "low": f"{wanted.low:g}", "high": f"{wanted.high:g}"}
        user = "\n".join(fenced(label, text, fence) for label, text in blocks)
        system = fill(template("code_rule"), values)
        return Request((Message("system", system), Message("user", user)), self.model, self.temperature)

    async def write(
        self, wanted: Wanted, recorded: Sequence[Observation], client: Client, run: Runner, advice: Sequence[str] = ()
    ) -> CodeRule:
        """A rule for ``wanted``, run on ``recorded`` observations by ``run``. SettingError without observations.

        CallError when the model gives no code at all.
        """
        if not recorded:
            raise SettingError("no recorded observation", where="recorded", expected="at least one, for the dry run")
        code, usage = "", Usage()
        faults: tuple[str, ...] = ()
        history: list[str] = []
        for draft in range(1, self.repairs + 2):
            asked = await ask(client, self.request(wanted, advice, code, faults), read_code, reasks=self.reasks)
            usage += asked.usage
            code = asked.unwrap()
            faults = static_faults(code, wanted)
            if not faults:
                faults = run_faults(await run(code, wanted.entry, recorded), wanted)
            if not faults:
                return CodeRule(code, (), draft, tuple(history), usage)
            history.append("; ".join(faults))
        return CodeRule(code, faults, self.repairs + 1, tuple(history), usage)


def read_code(reply: Reply) -> str | Problem:
    """The one code block of a reply."""
    blocks = _BLOCK.findall(strip_reasoning(reply.text))
    return blocks[0] if len(blocks) == 1 else Problem(f"it must hold exactly one code block, and holds {len(blocks)}")


def program(code: str, entry: str, recorded: Sequence[Observation], mark: str) -> str:
    """A program that prints, after ``mark``, the JSON list of the rule's values on ``recorded``."""
    data = json.dumps(json.dumps([dict(o) for o in recorded]))
    values = f"[float({entry}(o)) for o in _json.loads({data})]"
    return f"{code}\n\nimport json as _json\nprint({mark!r} + _json.dumps({values}))\n"
