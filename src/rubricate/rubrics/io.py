"""Reading and writing rubrics: YAML, JSON, TOML and JSONL, with errors that name file, line and place.

A file holds one rubric, a list of rubrics, or ``{"rubrics": [...]}``; JSONL holds one rubric per line. Written files
leave defaults out and read back equal.
"""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import tomli_w

from rubricate.errors import DataError, RubricError, UnknownNameError
from rubricate.files import Place, dotted, json_line, parse_json, read_lines, read_text, write_atomic
from rubricate.rubrics.model import Criterion, Rubric
from rubricate.rubrics.problems import Problem, examine, rubric_error, rubric_from
from rubricate.rubrics.scale import Scale
from rubricate.rubrics.yaml_lines import dump as dump_yaml
from rubricate.rubrics.yaml_lines import load as load_yaml

__all__ = ["dumps", "format_named", "json_schema", "loads", "plain", "read_rubrics", "rubric_from", "write_rubrics"]

FORMATS = ("json", "jsonl", "toml", "yaml", "yml")
_SHORT_NUMBER = 1e15


def read_rubrics(path: str | Path) -> list[Rubric]:
    """The rubrics of a .yaml, .yml, .json, .toml or .jsonl file.

    DataError: the file is missing, empty, not UTF-8, not of its format, or has a line that is too long. RubricError:
    what it holds is no rubric; the message lists file, line, place, what was found and what was expected.
    """
    kind = format_named(Path(path).suffix, str(path))
    if kind == "jsonl":
        return _distinct(_from_lines(read_lines(path), str(path)), str(path))
    return loads(read_text(path), kind, where=str(path))


def write_rubrics(rubrics: Rubric | Iterable[Rubric], path: str | Path) -> None:
    """Write one rubric or several, whole or not at all. Equal rubrics are written once."""
    kind = format_named(Path(path).suffix, str(path))
    listed = _distinct([rubrics] if isinstance(rubrics, Rubric) else rubrics, str(path))
    if kind == "jsonl":
        text = "".join(dumps(rubric, kind) for rubric in listed)
    else:
        text = _dump(plain(listed[0]) if len(listed) == 1 else {"rubrics": [plain(r) for r in listed]}, kind)
    write_atomic(path, text)


def loads(text: str, format: str = "yaml", *, where: str = "") -> list[Rubric]:
    """The rubrics in a text; ``where`` names it in errors.

    >>> [r.id for r in loads("id: tea\\ncriteria:\\n  - {id: warm, text: Warms the pot.}")]
    ['tea']
    """
    kind = format_named(format, where)
    if kind == "jsonl":
        lines = ((k, line) for k, line in enumerate(text.split("\n"), 1) if line.strip())
        return _distinct(_from_lines(lines, where), where)
    data, line = _parse(text.removeprefix("\ufeff"), kind, where)
    return _distinct(_from_data(data, where, line), where)


def dumps(rubric: Rubric, format: str = "yaml") -> str:
    """A rubric as text, defaults left out.

    >>> print(dumps(loads("{id: tea, criteria: [{id: warm, text: Warms the pot., weight: 2}]}")[0]), end="")
    id: tea
    criteria:
      - id: warm
        text: Warms the pot.
        weight: 2
    """
    return _dump(plain(rubric), format_named(format))


def plain(rubric: Rubric) -> dict[str, Any]:
    """A rubric as plain data in short forms, defaults left out; ``rubric_from`` gives the same rubric back."""
    data = _whole(rubric.model_dump(mode="json", exclude_defaults=True, exclude={"criteria", "policy"}))
    lean = {"id": data.pop("id"), "criteria": [_criterion(c) for c in rubric.criteria]}
    policy = rubric.policy
    if policy.settings:
        lean["policy"] = {"name": policy.name, "settings": policy.settings}
    elif policy != Rubric.model_fields["policy"].default:
        lean["policy"] = policy.name
    return _ordered(lean | data, Rubric, last="criteria")


def json_schema() -> dict[str, Any]:
    """The JSON Schema of rubric files, short forms included, for editors and other tools."""
    schema = Rubric.model_json_schema()
    tables = schema.pop("$defs")
    tables["Rubric"] = schema
    for name in ("Scale", "PolicySpec", "VerifierSpec"):
        tables[f"{name}Table"] = tables[name]
        tables[name] = {"anyOf": [{"type": "string"}, {"$ref": f"#/$defs/{name}Table"}]}
    for name in ("PolicySpec", "VerifierSpec"):
        tables[f"{name}Table"]["additionalProperties"] = True  # settings may stand beside the name
    criterion = tables["Criterion"]["properties"]
    criterion["critical"] = criterion["gate"] = criterion["required"]
    one, many = {"$ref": "#/$defs/Rubric"}, {"type": "array", "items": {"$ref": "#/$defs/Rubric"}, "minItems": 1}
    wrapped = {
        "type": "object",
        "properties": {"rubrics": many},
        "required": ["rubrics"],
        "additionalProperties": False,
    }
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "rubricate rubric file",
        "anyOf": [one, many, wrapped],
        "$defs": tables,
    }


# Reading ------------------------------------------------------------------------------------------------------------


def format_named(name: str, where: str = "") -> str:
    """The format of a name or of a file's suffix; UnknownNameError lists the known ones."""
    kind = name.lower().removeprefix(".").replace("ndjson", "jsonl")
    if kind not in FORMATS:
        raise UnknownNameError.among("rubric format", kind, FORMATS, where=where)
    return "yaml" if kind == "yml" else kind


def _parse(text: str, kind: str, where: str) -> tuple[Any, Callable[[Place], int] | None]:
    if kind == "yaml":
        return load_yaml(text, where)
    if kind == "json":
        if not text.strip():
            return None, None
        return parse_json(text, where), lambda path: json_line(text, path)
    try:
        return tomllib.loads(text), None
    except tomllib.TOMLDecodeError as error:
        line = re.search(r"at line (\d+)", str(error))
        at = int(line.group(1)) if line else text.count("\n") + 1
        raise DataError(f"not TOML: {error}", where=f"{where}:{at}" if where else f"line {at}") from None
    except RecursionError:
        raise DataError("the TOML is nested too deeply", where=where) from None


def _from_data(data: Any, where: str, line: Callable[[Place], int] | None) -> Iterator[Rubric]:
    problems: list[Problem] = []
    for path, item in _items(data):
        rubric, found = examine(item)
        problems += [p._replace(path=(*path, *p.path)) for p in found]
        if rubric is not None and not problems:
            yield rubric
    if problems:
        raise rubric_error(problems, where, line)


def _items(data: Any) -> list[tuple[tuple[str | int, ...], Any]]:
    """(place, data) of every rubric in a document."""
    if isinstance(data, dict) and set(data) == {"rubrics"} and isinstance(data["rubrics"], list):
        return [(("rubrics", k), item) for k, item in enumerate(data["rubrics"])]
    if isinstance(data, list):
        return [((k,), item) for k, item in enumerate(data) if item is not None]
    return [] if data is None or data == {} else [((), data)]


def _from_lines(lines: Iterable[tuple[int, str]], where: str) -> Iterator[Rubric]:
    for number, text in lines:
        rubric, problems = examine(parse_json(text, where, number))
        if rubric is None:
            raise rubric_error(problems, f"{where}:{number}" if where else f"line {number}")
        yield rubric


def _distinct(rubrics: Iterable[Rubric], where: str) -> list[Rubric]:
    """Equal rubrics once; two different ones with one id, or none at all, are an error."""
    table: dict[str, Rubric] = {}
    for rubric in rubrics:
        if table.setdefault(rubric.id, rubric) != rubric:
            raise RubricError(
                f"two different rubrics have the id {rubric.id!r}", where=where, hint="Give each its own id"
            )
    if not table:
        raise RubricError("there is no rubric", where=where, expected="id and criteria, or a list of rubrics")
    return list(table.values())


# Writing ------------------------------------------------------------------------------------------------------------


def _dump(data: dict[str, Any], kind: str) -> str:
    if kind == "yaml":
        return dump_yaml(data)
    if kind == "toml":
        missing = next(_nulls(data, ()), None)
        if missing is not None:
            raise DataError("TOML has no null", where=dotted(missing), hint="Write YAML or JSON instead")
        return tomli_w.dumps(data)
    try:
        text = json.dumps(data, ensure_ascii=False, allow_nan=False, indent=2 if kind == "json" else None)
    except ValueError as error:
        raise DataError(f"not a JSON value: {error}", hint="Settings of a rubric are finite numbers and text") from None
    return text + "\n"


def _nulls(value: Any, path: tuple[str | int, ...]) -> Iterator[Place]:
    if value is None:
        yield path
    parts = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for name, part in parts:
        yield from _nulls(part, (*path, name))


def _criterion(criterion: Criterion) -> dict[str, Any]:
    lean = criterion.model_dump(mode="json", exclude_defaults=True, exclude={"scale", "children", "verifier"})
    lean = _whole(lean)
    if criterion.scale != Scale():
        lean["scale"] = _scale(criterion.scale)
    if criterion.children:
        lean["children"] = [_criterion(c) for c in criterion.children]
    if criterion.verifier is not None:
        spec = criterion.verifier.model_dump(mode="json", exclude_defaults=True)
        lean["verifier"] = spec | {"settings": criterion.verifier.settings} if len(spec) > 1 else spec["name"]
        # With a verifier, the kind that is left out is "code".
        lean = {k: v for k, v in lean.items() if k != "kind"}
        if criterion.kind != "code":
            lean["kind"] = criterion.kind
    return _ordered(lean, Criterion, last="children")


def _ordered(table: dict[str, Any], model: type[Rubric] | type[Criterion], last: str) -> dict[str, Any]:
    """The fields in the order of the model, the long list at the end."""
    return {name: table[name] for name in [n for n in model.model_fields if n != last] + [last] if name in table}


def _scale(scale: Scale) -> str | dict[str, Any]:
    """The shortest form that reads back as the same scale."""
    low, high = f"{scale.min:g}", f"{scale.max:g}"
    ends = _whole({"min": scale.min, "max": scale.max})
    forms: Sequence[str | dict[str, Any]] = (
        scale.kind,
        f"{low}-{high}",
        f"points {low}-{high}",
        {"labels": _whole(scale.labels)},
        {"kind": scale.kind, **ends, "anchors": scale.anchors},
    )
    for form in forms:
        try:
            if Scale.model_validate(form) == scale:
                return form
        except ValueError:
            continue
    return {"kind": scale.kind, **ends, "anchors": scale.anchors, "labels": _whole(scale.labels)}


def _whole(value: Any) -> Any:
    """Whole numbers without a decimal point, except in settings, which stay as they are."""
    if isinstance(value, dict):
        return {k: v if k == "settings" else _whole(v) for k, v in value.items()}
    if isinstance(value, list):
        return [_whole(v) for v in value]
    short = isinstance(value, float) and value.is_integer() and abs(value) < _SHORT_NUMBER
    return int(value) if short else value
