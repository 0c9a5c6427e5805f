"""``json``: the response, or the last fenced block in it, is JSON of the shape asked for."""

from __future__ import annotations

import functools
import importlib
import json
from collections.abc import Mapping, Sequence
from typing import Any

from rubricate.errors import MissingExtraError, SettingError
from rubricate.types import Sample
from rubricate.verifiers.base import Outcome, answer_text, verifier
from rubricate.verifiers.normalise import shown

_TYPES: dict[str, tuple[type, ...]] = {
    "string": (str,),
    "number": (int, float),
    "integer": (int,),
    "boolean": (bool,),
    "array": (list,),
    "object": (dict,),
    "null": (type(None),),
}


@verifier("json")
def json_shape(
    sample: Sample,
    where: str = "either",
    required: Sequence[str] = (),
    types: Mapping[str, str] | None = None,
    schema: Mapping[str, Any] | None = None,
) -> Outcome:
    """Whether the whole response (or its last fenced block, or either) is JSON with these keys, types and schema.

    ``types`` names the JSON type of keys that are there (string, number, integer, boolean, array, object, null);
    ``schema`` is a JSON Schema, checked by the package jsonschema (extra ``verify``). NaN and Infinity are not JSON.
    """
    if where not in ("whole", "fence", "either"):
        raise SettingError(f"where={where!r}", expected="whole, fence or either")
    kinds = dict(types or {})
    if unknown := [t for t in kinds.values() if t not in _TYPES]:
        raise SettingError(f"types names {unknown[0]!r}", expected=f"one of {', '.join(_TYPES)}")
    validator = _validator(json.dumps(schema, sort_keys=True)) if schema is not None else None
    answer = answer_text(sample)
    value, fault = parsed(answer, where)
    if fault:
        return Outcome(0.0, fault)
    fault = _fault(value, required, kinds)
    if not fault and validator is not None:
        error = next(iter(sorted(validator.iter_errors(value), key=lambda e: list(map(str, e.absolute_path)))), None)
        fault = f"{error.json_path}: {error.message[:200]}" if error is not None else ""
    return Outcome(float(not fault), fault or "JSON of the shape asked for")


def parsed(answer: str, where: str) -> tuple[Any, str]:
    """The value and no fault, or None and what is wrong."""
    texts = [answer] if where != "fence" else []
    if where != "whole":
        texts += _last_fence(answer)
    fault = "no fenced block found"
    for text in texts:
        try:
            return json.loads(text, parse_constant=_refuse), ""
        except RecursionError:
            fault = "the JSON is nested too deep to read"
        except ValueError as error:
            fault = f"no JSON: {error}; found {shown(text)}"
    return None, fault


def _last_fence(text: str) -> list[str]:
    """The body of the last closed fenced block, if there is one; one pass over the lines."""
    inside: list[str] | None = None
    found: list[str] = []
    for line in text.splitlines(keepends=True):
        mark = line.strip()
        if inside is None:
            inside = [] if mark.startswith("```") else None
        elif mark == "```":
            found, inside = ["".join(inside)], None
        else:
            inside.append(line)
    return found


def _refuse(name: str) -> None:
    raise ValueError(f"{name} is not JSON")


def _fault(value: Any, required: Sequence[str], types: Mapping[str, str]) -> str:
    if (required or types) and not isinstance(value, dict):
        return f"the JSON is {_kind(value)}; expected an object"
    if missing := [k for k in required if k not in value]:
        return f"missing {', '.join(map(repr, missing[:8]))}; expected the keys {', '.join(map(repr, required))}"
    for key, kind in types.items():
        if key in value and not _is(value[key], kind):
            return f"{key!r} is {_kind(value[key])}; expected {kind}"
    return ""


def _is(value: Any, kind: str) -> bool:
    if isinstance(value, bool):
        return kind == "boolean"
    return isinstance(value, _TYPES[kind]) or (kind == "integer" and isinstance(value, float) and value.is_integer())


def _kind(value: Any) -> str:
    return next(k for k in ("null", "boolean", "integer", "number", "string", "array", "object") if _is(value, k))


@functools.lru_cache(maxsize=256)
def _validator(schema: str) -> Any:
    try:
        jsonschema = importlib.import_module("jsonschema")
        registry = importlib.import_module("referencing").Registry()
    except ImportError:
        raise MissingExtraError.of(
            "jsonschema", "verify", purpose="the setting 'schema' of the verifier 'json'"
        ) from None
    read = json.loads(schema)
    kind = jsonschema.validators.validator_for(read)
    try:
        kind.check_schema(read)
    except jsonschema.SchemaError as error:
        raise SettingError(f"schema: {error.message}", expected="a JSON Schema") from None
    return kind(read, registry=registry)  # an empty registry: a reference to the network is refused
