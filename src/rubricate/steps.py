"""Steps: functions with frozen settings that compose into the expression a paper would print.

``step(fn, ...)`` names a function and some of its arguments. A setting may be a plain value, ``ref("name")`` (an array
that the environment holds when the step runs) or another step (evaluated first). ``chain(a, b)`` feeds the result of
``a`` into the first open parameter of ``b``. A step is equal by value, hashable, picklable and goes through JSON by
public name, so a run can state exactly how its reward was made.

>>> import numpy as np
>>> def scaled(x, by): return x * by
>>> def shifted(x, reward): return x + reward
>>> s = chain(step(scaled, ref("outcome"), by=2.0), step(shifted))
>>> s({"outcome": np.array([1.0, 2.0]), "reward": np.array([10.0, 10.0])})
array([12., 14.])
"""

from __future__ import annotations

import functools
import importlib
import inspect
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from enum import Enum
from types import UnionType
from typing import Any

from rubricate.errors import SettingError, UnknownNameError

_OPEN = object()


@dataclass(frozen=True, slots=True)
class Ref:
    """A name that the environment resolves when a step runs."""

    name: str

    def __repr__(self) -> str:
        return f"ref({self.name!r})"


def ref(name: str) -> Ref:
    """A reference to an array of the environment, such as ``ref("outcome")``."""
    return Ref(name)


class FrozenMapping(Mapping[str, Any]):
    """An immutable, hashable mapping with string keys, for settings that are tables."""

    def __init__(self, items: Mapping[str, Any]) -> None:
        self._items = {str(k): freeze(v, where=str(k)) for k, v in sorted(items.items())}

    def __getitem__(self, key: str) -> Any:
        return self._items[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._items)

    def __len__(self) -> int:
        return len(self._items)

    def __hash__(self) -> int:
        return hash(tuple(self._items.items()))

    def __repr__(self) -> str:
        return repr(self._items)


def freeze(value: Any, *, where: str = "") -> Any:
    """``value`` as an immutable value: lists become tuples, dicts frozen mappings; arrays are refused."""
    if isinstance(value, (str, int, float, bool, type(None), Ref, Step, Chain, Enum, FrozenMapping, type)):
        return value
    if isinstance(value, (list, tuple)):
        return tuple(freeze(v, where=where) for v in value)
    if isinstance(value, Mapping):
        return FrozenMapping(value)
    if callable(value) or getattr(type(value), "__hash__", None) is not None:
        return value
    raise SettingError(
        f"the setting {where!r} is a {type(value).__name__}",
        expected="a value that does not change (number, text, tuple, step, ref)",
        hint="Arrays come from the environment: use ref('name')",
    )


@dataclass(frozen=True)
class Step:
    """A function with frozen settings. Build it with ``step``; call it with an environment."""

    fn: Callable[..., Any]
    settings: tuple[tuple[str, Any], ...] = ()

    def __call__(self, env: Mapping[str, Any] | None = None, first: Any = _OPEN) -> Any:
        """Evaluate: settings, then ``first`` for the first open parameter, then the environment by name.

        A parameter without a default, or with the default None, is taken from the environment when it has that name.
        """
        env = env or {}
        given = dict(self.settings)
        arguments: dict[str, Any] = {}
        for name, parameter in _parameters(self.fn).items():
            if parameter.kind in (parameter.VAR_KEYWORD, parameter.VAR_POSITIONAL):
                continue
            if name in given:
                arguments[name] = _resolve(given[name], env)
            elif first is not _OPEN:
                arguments[name], first = first, _OPEN
            elif name in env and parameter.default in (parameter.empty, None):
                arguments[name] = env[name]
            elif parameter.default is parameter.empty:
                raise SettingError(
                    f"{public_name(self.fn)} needs {name!r}, which is neither a setting nor in the environment",
                    expected=f"one of the names at hand: {', '.join(sorted(env)) or '(none)'}",
                    hint=f"Pass it, or name another array: {name}=ref('...')",
                )
        arguments |= {k: _resolve(v, env) for k, v in given.items() if k not in arguments}
        return self.fn(**arguments)

    def build(self, **extra: Any) -> Any:
        """Call the function with the settings and ``extra``, without an environment (for parts such as judges)."""
        return self.fn(**({k: _built(v) for k, v in self.settings} | extra))

    def replace(self, **settings: Any) -> Step:
        """The same step with some settings changed."""
        return step(self.fn, **(dict(self.settings) | settings))

    @property
    def name(self) -> str:
        """Public name of the function, such as ``rewards.bilinear``."""
        return public_name(self.fn)

    def __repr__(self) -> str:
        inner = ", ".join(f"{k}={v!r}" for k, v in self.settings)
        return f"{self.name.rsplit('.', 1)[-1]}({inner})"


def _built(value: Any) -> Any:
    """A setting with the parts in it built, in tuples too (the stages of a cascade)."""
    if isinstance(value, Step):
        return value.build()
    return tuple(map(_built, value)) if type(value) is tuple else value


@dataclass(frozen=True)
class Chain:
    """Several steps as one; each result fills the first open parameter of the next."""

    steps: tuple[Step | Chain, ...]

    def __call__(self, env: Mapping[str, Any] | None = None, first: Any = _OPEN) -> Any:
        """Evaluate the steps in order."""
        value = first
        for part in self.steps:
            value = part(env, value)
        return value

    def __repr__(self) -> str:
        return " -> ".join(repr(s) for s in self.steps)


def step(fn: Callable[..., Any], /, *args: Any, **settings: Any) -> Step:
    """Name ``fn`` and some of its arguments; a wrong setting fails here, not in a run.

    Raises SettingError for a setting that ``fn`` does not take (the known ones are listed).
    """
    parameters = _parameters(fn)
    takes_any = any(p.kind is p.VAR_KEYWORD for p in parameters.values())
    unknown = [k for k in settings if k not in parameters and not takes_any]
    if unknown:
        raise SettingError(f"{public_name(fn)} takes no setting {unknown}", expected=f"some of {sorted(parameters)}")
    try:
        bound = inspect.signature(fn).bind_partial(*args, **settings)
    except TypeError as error:
        raise SettingError(f"{public_name(fn)}: {error}", expected=f"some of {sorted(parameters)}") from error
    flat: dict[str, Any] = {}
    for name, value in bound.arguments.items():
        if parameters[name].kind is inspect.Parameter.VAR_KEYWORD:
            flat |= value
        else:
            flat[name] = value
    frozen = tuple((k, freeze(v, where=k)) for k, v in sorted(flat.items()))
    return Step(fn, frozen)


def chain(*steps: Step | Chain) -> Chain:
    """Several steps as one step."""
    if not steps or not all(isinstance(s, (Step, Chain)) for s in steps):
        raise SettingError("chain takes one step or more", expected="step(...) or chain(...) values")
    return Chain(steps)


def public_name(fn: Callable[..., Any]) -> str:
    """Where users import ``fn`` from: ``rewards.bilinear`` for parts of rubricate, ``module:name`` for others."""
    module, name = getattr(fn, "__module__", "?"), getattr(fn, "__qualname__", repr(fn))
    if module.startswith("rubricate."):
        return f"{module.split('.')[1]}.{name}"
    return f"{module}:{name}"


def to_json(value: Any) -> Any:
    """A step, or any frozen setting, as plain JSON data."""
    if isinstance(value, Step):
        return {"step": value.name, "settings": {k: to_json(v) for k, v in value.settings}}
    if isinstance(value, Chain):
        return {"chain": [to_json(s) for s in value.steps]}
    if isinstance(value, Ref):
        return {"ref": value.name}
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, tuple):
        return [to_json(v) for v in value]
    if isinstance(value, Mapping):
        return {"table": {k: to_json(v) for k, v in value.items()}}
    if isinstance(value, (str, int, float, bool, type(None))):
        return value
    if callable(value):
        return {"function": public_name(value)}
    raise SettingError(f"{value!r} has no JSON form", expected="numbers, text, tuples, steps, refs, functions")


def from_json(data: Any) -> Any:
    """The inverse of ``to_json``; functions are found by their public name."""
    if isinstance(data, list):
        return tuple(from_json(v) for v in data)
    if not isinstance(data, Mapping):
        return data
    if "step" in data:
        settings = {k: from_json(v) for k, v in data.get("settings", {}).items()}
        return step(find(data["step"]), **settings)
    if "chain" in data:
        return chain(*(from_json(s) for s in data["chain"]))
    if "ref" in data:
        return Ref(data["ref"])
    if "function" in data:
        return find(data["function"])
    if "none" in data:
        return None
    return FrozenMapping({k: from_json(v) for k, v in data.get("table", {}).items()})


def find(name: str) -> Callable[..., Any]:
    """The function with a public name, the inverse of ``public_name``."""
    module, _, attribute = name.rpartition(":") if ":" in name else name.partition(".")
    home = importlib.import_module(module if ":" in name else f"rubricate.{module}")
    try:
        found: Callable[..., Any] = functools.reduce(getattr, attribute.split("."), home)  # type: ignore[assignment]
    except AttributeError:
        raise UnknownNameError.among("part", attribute, _public(home), where=module) from None
    return found


def refs(value: Any) -> set[str]:
    """Names of the environment that a step refers to explicitly."""
    if isinstance(value, Ref):
        return {value.name}
    if isinstance(value, Step):
        return set().union(*(refs(v) for _, v in value.settings))
    if isinstance(value, Chain):
        return set().union(*(refs(s) for s in value.steps))
    if isinstance(value, tuple):
        return set().union(*(refs(v) for v in value))
    return set()


def needs(value: Any) -> set[str]:
    """Names that the environment must hold for a step to run: its references, and open parameters without default."""
    if isinstance(value, Chain):
        later = (needs(s) - set(list(_open(s))[:1]) for s in value.steps[1:])
        return needs(value.steps[0]).union(*later)
    if isinstance(value, Step):
        return set(_open(value)).union(*(needs(v) for _, v in value.settings))
    return (
        refs(value)
        if isinstance(value, Ref)
        else set().union(*map(needs, value))
        if isinstance(value, tuple)
        else set()
    )


def _open(part: Step | Chain) -> list[str]:
    """Parameters that a step leaves to the environment, in order; those of the first step of a chain."""
    if isinstance(part, Chain):
        return _open(part.steps[0])
    given = dict(part.settings)
    skip = (inspect.Parameter.VAR_KEYWORD, inspect.Parameter.VAR_POSITIONAL)
    return [
        name for name, p in _parameters(part.fn).items()
        if name not in given and p.default is p.empty and p.kind not in skip
    ]  # fmt: skip


def _public(module: Any) -> list[str]:
    return list(getattr(module, "__all__", [n for n in vars(module) if not n.startswith("_")]))


def _resolve(value: Any, env: Mapping[str, Any]) -> Any:
    if isinstance(value, (Step, Chain)):
        return value(env)
    if isinstance(value, Ref):
        if value.name not in env:
            raise UnknownNameError.among("name in the environment", value.name, env)
        return env[value.name]
    if isinstance(value, tuple):
        return tuple(_resolve(v, env) for v in value)
    return value


@functools.lru_cache(maxsize=4096)
def _parameters(fn: Callable[..., Any]) -> Mapping[str, inspect.Parameter]:
    if isinstance(fn, (str, bytes, UnionType)) or not callable(fn):
        raise SettingError(f"{fn!r} is not a function", expected="a function or a class")
    return inspect.signature(fn).parameters
