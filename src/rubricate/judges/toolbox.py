"""Tools of a judge: a calculator, unit conversion, search in the sample's documents, Python in a sandbox.

A tool is a frozen value with a name, a line of description, a JSON schema of its arguments and ``async run``. What goes
wrong inside is a ``ToolError``: the judge is shown it as such, and it is never evidence (card 86: the released data
takes a calculator's "unexpected error" for a wrong answer).
"""

from __future__ import annotations

import ast
import json
import math
import operator
import re
import tokenize
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Protocol, runtime_checkable

from rubricate.errors import MissingExtraError, SettingError, ToolError
from rubricate.types import Sample
from rubricate.verifiers.sandbox import Limits, shared

Runner = Callable[[str], Awaitable[str]]  # code -> what it printed; raises ToolError

SHORT = Limits(wall=5.0, cpu=5.0)  # a check, not a computation

_WORD = re.compile(r"\w+")
_QUANTITY = re.compile(r"([-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d{1,3})?)\s*(.*)", re.DOTALL)


@runtime_checkable
class Tool(Protocol):
    """What a judge may call."""

    @property
    def name(self) -> str:
        """How the model calls it."""
        ...

    @property
    def description(self) -> str:
        """One line for the model."""
        ...

    @property
    def schema(self) -> Mapping[str, str]:
        """Its arguments: name -> "text" or "number"; all are needed."""
        ...

    def bound(self, sample: Sample) -> Tool:
        """The tool for one sample: itself, unless it reads the sample."""
        ...

    async def run(self, arguments: Mapping[str, Any]) -> str:
        """The observation; ToolError when there is none."""
        ...


@dataclass(frozen=True)
class _Anywhere:
    """A tool that does not read the sample."""

    def bound(self, sample: Sample) -> Any:
        """Itself."""
        return self


@dataclass(frozen=True)
class Calculator(_Anywhere):
    """Arithmetic on numbers: + - * / // % **, parentheses, and functions such as sqrt, log, sin, factorial.

    >>> import asyncio
    >>> asyncio.run(Calculator().run({"expression": "2**10 / 3"}))
    '341.3333333333333'
    """

    name: str = "calculator"
    description: str = "the value of an arithmetic expression in Python's notation, with sqrt, log, exp, sin, pi, ..."
    schema = {"expression": "text"}

    async def run(self, arguments: Mapping[str, Any]) -> str:
        """The value. ToolError for anything but bounded arithmetic."""
        text = str(arguments["expression"])
        if len(text) > 500:
            raise ToolError("the expression is longer than 500 characters")
        try:
            found = _value(ast.parse(text.strip(), mode="eval").body)
        except (SyntaxError, ValueError, ArithmeticError, TypeError, RecursionError, MemoryError) as error:
            raise ToolError(f"{type(error).__name__}: {error}") from None
        return repr(found)


@dataclass(frozen=True)
class UnitConverter(_Anywhere):
    """Converts a quantity to another unit, with the package pint (extra ``verify``).

    >>> import asyncio
    >>> asyncio.run(UnitConverter().run({"quantity": "90 km/h", "to": "m/s"}))
    '25 m/s'
    """

    name: str = "convert_units"
    description: str = 'a quantity such as "90 km/h" in another unit such as "m/s"'
    schema = {"quantity": "text", "to": "text"}

    async def run(self, arguments: Mapping[str, Any]) -> str:
        """The quantity in the other unit. ToolError for an unknown unit or another dimension."""
        pint, match = _pint(), _QUANTITY.fullmatch(str(arguments["quantity"]).strip())
        if match is None:
            raise ToolError("the quantity is not a number followed by a unit")
        source, goal = _unit(match[2]), _unit(str(arguments["to"]))
        try:
            found = _registry().Quantity(float(match[1]), source).to(goal)
        except (pint.PintError, tokenize.TokenError, ValueError, TypeError, ArithmeticError, SyntaxError) as error:
            raise ToolError(f"{type(error).__name__}: {error}") from None
        return f"{float(found.magnitude):.12g} {goal}"


@dataclass(frozen=True)
class DocumentSearch:
    """Ranks the paragraphs of the sample's documents for a query, by BM25; gives the best with their place.

    ``score = sum_w idf(w) f (k1 + 1) / (f + k1 (1 - b + b length / mean length))``, idf = log(1 + (n - d + .5) /
    (d + .5)), f the times word w stands in the paragraph, d in how many of n it stands.
    """

    top: int = 3
    k1: float = 1.5
    b: float = 0.75
    name: str = "search"
    description: str = "the paragraphs of the given documents that fit a query best"
    schema = {"query": "text"}
    documents: tuple[str, ...] = field(default=(), repr=False)

    def __post_init__(self) -> None:
        if self.top < 1 or self.k1 < 0 or not 0 <= self.b <= 1:
            raise SettingError(f"{self!r}", expected="top >= 1, k1 >= 0, b in [0, 1]")

    def bound(self, sample: Sample) -> DocumentSearch:
        """The search in the documents of one sample."""
        return replace(self, documents=sample.documents)

    async def run(self, arguments: Mapping[str, Any]) -> str:
        """The best paragraphs, or that nothing was found. ToolError when there are no documents."""
        parts = [(k, p.strip()) for k, d in enumerate(self.documents, 1) for p in re.split(r"\n\s*\n", d) if p.strip()]
        if not parts:
            raise ToolError("there are no documents")
        scores = bm25(str(arguments["query"]), [p for _, p in parts], self.k1, self.b)
        best = sorted(range(len(parts)), key=lambda i: (-scores[i], i))[: self.top]
        found = [f"document {parts[i][0]}: {parts[i][1]}" for i in best if scores[i] > 0]
        return "\n".join(found) or "no paragraph holds a word of the query"


@dataclass(frozen=True)
class InSandbox:
    """Runs a program in the sandbox of this process and gives what it printed.

    ToolError for a program that fails or passes a limit, with the end of its messages; SandboxError where there is no
    sandbox of a level that can be used.
    """

    limits: Limits = SHORT

    async def __call__(self, code: str) -> str:
        """What the program printed."""
        result = await shared().arun(code, self.limits)
        if not result.ok:
            raise ToolError(f"{result.status}: {result.stderr.strip()[-500:]}".rstrip(": "))
        return result.stdout


@dataclass(frozen=True)
class Python(_Anywhere):
    """Runs Python: ``runner`` takes the code and gives what it printed, or raises ToolError; by default in the sandbox.

    Never give it a runner that runs code in this process: the code is a model's, and may be the response's.
    """

    runner: Runner = InSandbox()
    name: str = "python"
    description: str = "runs a Python program and gives what it prints"
    schema = {"code": "text"}

    async def run(self, arguments: Mapping[str, Any]) -> str:
        """What the program printed."""
        return await self.runner(str(arguments["code"])) or "(it printed nothing)"


def checked(tool: Tool, arguments: Any) -> Mapping[str, Any]:
    """The arguments of a call, when they are those of the tool's schema; ToolError otherwise."""
    if not isinstance(arguments, Mapping) or set(arguments) != set(tool.schema):
        raise ToolError(f"{tool.name} takes the arguments {json.dumps(dict(tool.schema))}")
    for name, kind in tool.schema.items():
        value = arguments[name]
        fits = isinstance(value, str) if kind == "text" else isinstance(value, (int, float))
        if not fits or isinstance(value, bool):
            raise ToolError(f"the argument {name!r} of {tool.name} is not a {kind}")
    return arguments


def bm25(query: str, texts: Sequence[str], k1: float = 1.5, b: float = 0.75) -> list[float]:
    """BM25 score of each text for the query, words compared without case.

    >>> bm25("warm pot", ["the pot", "warm the pot", "a cup"])[1] > bm25("warm pot", ["the pot", "a pot", "a cup"])[1]
    True
    """
    bags = [Counter(_WORD.findall(t.casefold())) for t in texts]
    sizes = [sum(bag.values()) for bag in bags]
    mean = sum(sizes) / max(1, len(sizes)) or 1.0
    scores = [0.0] * len(texts)
    for word in set(_WORD.findall(query.casefold())):
        holds = sum(word in bag for bag in bags)
        idf = math.log(1 + (len(bags) - holds + 0.5) / (holds + 0.5))
        for k, bag in enumerate(bags):
            if bag[word]:
                scores[k] += idf * bag[word] * (k1 + 1) / (bag[word] + k1 * (1 - b + b * sizes[k] / mean))
    return scores


# ------------------------------------------------------------------------------------------- arithmetic

_BINARY: dict[type, Callable[[Any, Any], Any]] = {
    ast.Add: operator.add, ast.Sub: operator.sub, ast.Mult: operator.mul, ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv, ast.Mod: operator.mod,
}  # fmt: skip
_UNARY: dict[type, Callable[[Any], Any]] = {ast.UAdd: operator.pos, ast.USub: operator.neg}
_FUNCTIONS: dict[str, Callable[..., Any]] = {
    name: getattr(math, name)
    for name in ("sqrt", "exp", "log", "log2", "log10", "sin", "cos", "tan", "asin", "acos", "atan", "sinh", "cosh",
                 "tanh", "floor", "ceil", "hypot", "degrees", "radians", "gcd")
} | {"abs": abs, "round": round, "min": min, "max": max}  # fmt: skip
_CONSTANTS = {"pi": math.pi, "e": math.e, "tau": math.tau}
_BITS = 4096  # no number grows beyond this


def _value(node: ast.AST) -> int | float:
    if isinstance(node, ast.Constant) and type(node.value) in (int, float):
        return _small(node.value)
    if isinstance(node, ast.Name) and node.id in _CONSTANTS:
        return _CONSTANTS[node.id]
    if isinstance(node, ast.BinOp):
        left, right = _value(node.left), _value(node.right)
        if isinstance(node.op, ast.Pow):
            return _power(left, right)
        if type(node.op) in _BINARY:
            return _small(_BINARY[type(node.op)](left, right))
    if isinstance(node, ast.UnaryOp) and type(node.op) in _UNARY:
        return _small(_UNARY[type(node.op)](_value(node.operand)))
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and not node.keywords:
        return _called(node.func.id, [_value(a) for a in node.args])
    raise ValueError(f"{ast.unparse(node)[:60]!r} is no arithmetic")


def _called(name: str, values: list[int | float]) -> int | float:
    if name == "factorial" and len(values) == 1 and 0 <= values[0] <= 400:
        return math.factorial(int(values[0]))
    if name not in _FUNCTIONS:
        raise ValueError(f"there is no function {name}; known: {', '.join(sorted(_FUNCTIONS))}, factorial up to 400")
    return _small(_FUNCTIONS[name](*values))


def _power(base: int | float, exponent: int | float) -> int | float:
    if isinstance(base, int) and isinstance(exponent, int) and abs(base).bit_length() * abs(exponent) > _BITS:
        raise ValueError("the power is too large")
    return _small(base**exponent)


def _small(value: Any) -> int | float:
    if type(value) not in (int, float) or (isinstance(value, int) and value.bit_length() > _BITS):
        raise ValueError("the result is no number of bounded size")
    return value


def _unit(text: str) -> str:
    """A unit text that costs nothing to read: pint evaluates powers, and 9**9**9 would not end."""
    if len(text) > 60 or re.search(r"\d{3}|\d\s*(?:\*\*|\^)", text):
        raise ToolError("that is no plain unit")
    return text.strip()


_units: Any = None


def _registry() -> Any:
    global _units
    if _units is None:
        _units = _pint().UnitRegistry(autoconvert_offset_to_baseunit=True)
    return _units


def _pint() -> Any:
    try:
        import pint
    except ImportError:
        raise MissingExtraError.of("pint", "verify", purpose="unit conversion") from None
    return pint
