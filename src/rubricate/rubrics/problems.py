"""What is wrong with the data of a rubric, in plain words: place, what was found, what was expected, what to do.

The wording and the follow-up errors of the validation library stay inside this file.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any, NamedTuple, get_args

from pydantic import AliasChoices, BaseModel, ValidationError

from rubricate.errors import RubricError
from rubricate.files import Place, describe, dotted, nearest
from rubricate.rubrics.model import Rubric

LISTED = 5
_EXPECTED = {
    "string_type": "text", "string_unicode": "text without lone surrogates", "float_type": "a number",
    "float_parsing": "a number", "int_type": "a whole number", "int_parsing": "a whole number",
    "int_from_float": "a whole number", "bool_type": "true or false", "bool_parsing": "true or false",
    "tuple_type": "a list", "dict_type": "a table of names and values", "model_type": "a table of fields",
}  # fmt: skip


class Problem(NamedTuple):
    """One thing that is wrong, at ``path`` inside the data."""

    path: tuple[str | int, ...]
    what: str
    expected: str = ""
    hint: str = ""


def examine(data: Any) -> tuple[Rubric | None, list[Problem]]:
    """The rubric that ``data`` holds, or what is wrong with it."""
    if not isinstance(data, Mapping):
        return None, [Problem((), f"found {describe(data)}", "a rubric: a table with id, criteria, ...")]
    rubric, found = None, []
    try:
        found = list(_not_plain(data, ()))
        rubric = Rubric.model_validate(data)
    except ValidationError as error:
        taken = {p.path for p in found}
        found += [p for p in _translated(error, data) if p.path not in taken]
    except RecursionError:
        found = [Problem((), "the data is nested too deeply", "a tree of criteria that a person can read")]
    return (None, found) if found else (rubric, [])


def rubric_error(
    problems: Sequence[Problem], where: str = "", line: Callable[[Place], int] | None = None
) -> RubricError:
    """One error for all problems; ``line`` finds the line of a place in the file ``where``."""

    def place(path: Place, file: str) -> str:
        number = "" if line is None else f"{file}:{line(path)}" if file else f"line {line(path)}"
        return ": ".join(part for part in (number or file, dotted(path)) if part)

    if len(problems) == 1:
        path, what, expected, hint = problems[0]
        return RubricError(what, where=place(path, where), expected=expected, hint=hint)
    shown = [str(RubricError(p.what, where=place(p.path, ""), expected=p.expected, hint=p.hint)) for p in problems]
    more = [f"... and {len(shown) - LISTED} more"] if len(shown) > LISTED else []
    return RubricError("\n  ".join([f"{len(shown)} problems", *shown[:LISTED], *more]), where=where)


def rubric_from(data: Any, where: str = "") -> Rubric:
    """The rubric that plain data holds; RubricError names ``where`` and every place that is wrong.

    >>> rubric_from({"id": "tea", "criteria": [{"id": "warm", "text": "Warms the pot.", "wieght": 2}]})
    Traceback (most recent call last):
    ...
    rubricate.errors.RubricError: criteria[0].wieght: unknown field 'wieght'; ... Did you mean 'weight'?
    """
    rubric, problems = examine(data)
    if rubric is None:
        raise rubric_error(problems, where)
    return rubric


def _not_plain(value: Any, path: tuple[str | int, ...]) -> Iterator[Problem]:
    """Values that no rubric file holds: numbers that are not finite, dates, binary data."""
    if isinstance(value, Mapping):
        for key, item in value.items():
            yield from _not_plain(item, (*path, str(key)))
    elif isinstance(value, (list, tuple)):
        for k, item in enumerate(value):
            yield from _not_plain(item, (*path, k))
    elif isinstance(value, float) and not math.isfinite(value):
        yield Problem(path, f"found {value}", "a finite number")
    elif not isinstance(value, (str, int, float, bool, type(None))):
        yield Problem(path, f"found {describe(value)}", "text, a number, true, false, a list or a table", "Quote it")


def _translated(error: ValidationError, data: Mapping[str, Any]) -> Iterator[Problem]:
    errors: dict[tuple[str | int, ...], list[Any]] = {}
    for item in error.errors(include_url=False):
        errors.setdefault(_place(item, data), []).append(item)
    for path, items in errors.items():
        follows = any(len(other) > len(path) and other[: len(path)] == path for other in errors)
        if follows and items[0]["type"] != "extra_forbidden":
            continue
        problem = _twice(data) if not path and items[0]["type"] == "value_error" else None
        problem = problem or _problem(path, items, data)
        if problem is not None:
            yield problem


def _place(item: Any, data: Any) -> tuple[str | int, ...]:
    """The part of an error's location that is in the data; the tags of unions are not."""
    path: list[str | int] = []
    for part in item["loc"]:
        if isinstance(data, Mapping):
            inside = part in data
        else:
            inside = isinstance(data, (list, tuple)) and isinstance(part, int) and part < len(data)
        if inside:
            path.append(part)
            data = data[part]
    if item["type"] == "missing":
        path.append(item["loc"][-1])
    return tuple(path)


def _problem(path: tuple[str | int, ...], items: list[Any], data: Mapping[str, Any]) -> Problem | None:
    item, kind = items[0], items[0]["type"]
    say = partial(Problem, path)
    if kind == "extra_forbidden":
        return _unknown(path)
    if kind == "missing":
        return _missing(path, _at(data, path[:-1]))
    if kind in ("string_too_short", "too_short"):
        return say("is empty", "text" if kind[0] == "s" else "at least one entry")
    if kind == "literal_error":
        allowed = item["ctx"]["expected"].replace(" or ", ", ")
        known = [name.strip("'") for name in allowed.split(", ")]
        return say(f"found {describe(item['input'])}", f"one of: {allowed}", nearest(str(item["input"]), known))
    if kind == "value_error":
        return say(str(item["ctx"]["error"]))
    wanted = list(dict.fromkeys(map(_expected, items)))
    quote = wanted[0] == "text" and isinstance(item["input"], (int, float))
    return say(f"found {describe(item['input'])}", " or ".join(wanted), "Put it in quotes" if quote else "")


def _expected(item: Any) -> str:
    short = item["type"] == "model_type" and item["ctx"]["class_name"] in ("Scale", "PolicySpec", "VerifierSpec")
    return "a name, or a table of fields" if short else _EXPECTED.get(item["type"], item["msg"])


def _unknown(path: tuple[str | int, ...]) -> Problem:
    name, (fields, aliases) = str(path[-1]), _fields(path[:-1])
    if name in aliases:
        return Problem(path, f"{name!r} and {aliases[name]!r} are one field", hint="Keep one of them")
    return Problem(path, f"unknown field {name!r}", f"one of: {', '.join(fields)}", nearest(name, [*fields, *aliases]))


def _missing(path: tuple[str | int, ...], table: Any) -> Problem | None:
    name = str(path[-1])
    if isinstance(path[-1], int):
        return Problem(path[:-1], f"found {describe(table)}", "one entry more")
    fields, _ = _fields(path[:-1])
    if any(key not in fields and nearest(str(key), [name]) for key in table):
        return None  # it is there, misspelt: that is reported as an unknown field
    return Problem(path, f"{name!r} is missing")


def _twice(data: Mapping[str, Any]) -> Problem | None:
    """Where a criterion id stands for the second time."""
    first: dict[str, Place] = {}
    for path, name in _ids(data.get("criteria"), ("criteria",)):
        if name in first:
            return Problem(path, f"the id {name!r} stands twice, first at {dotted(first[name])}", "ids that are unique")
        first[name] = path
    return None


def _ids(criteria: Any, path: tuple[str | int, ...]) -> Iterator[tuple[tuple[str | int, ...], str]]:
    for k, criterion in enumerate(criteria or ()):
        yield (*path, k, "id"), criterion["id"]
        yield from _ids(criterion.get("children"), (*path, k, "children"))


def _at(data: Any, path: Place) -> Any:
    for part in path:
        data = data[part]
    return data


def _fields(path: Place) -> tuple[list[str], dict[str, str]]:
    """Field names of the table at ``path``, and the other names that some of them have."""
    model: type[BaseModel] | None = Rubric
    for part in path:
        if model is not None and isinstance(part, str):
            model = _model_in(model.model_fields[part].annotation) if part in model.model_fields else None
    if model is None:
        return [], {}
    aliases: dict[str, str] = {}
    for name, field in model.model_fields.items():
        if isinstance(field.validation_alias, AliasChoices):
            aliases |= {str(a): name for a in field.validation_alias.choices if a != name}
    return list(model.model_fields), aliases


def _model_in(annotation: Any) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next((m for m in map(_model_in, get_args(annotation)) if m is not None), None)
