"""YAML with the YAML 1.2 core schema, line numbers for every place, and no surprises.

``no``, ``on``, ``yes`` and dates stay text; ``1e-3`` is a number; keys are text; a key that stands twice is refused.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import yaml

from rubricate.errors import DataError
from rubricate.files import Place

MAX_NODES = 5_000_000
_TAG = "tag:yaml.org,2002:"
_CORE = {
    "null": (r"(?:~|null|Null|NULL|)", "~nN\0"),
    "bool": (r"(?:true|True|TRUE|false|False|FALSE)", "tTfF"),
    "int": (r"(?:[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+)", "-+0123456789"),
    "float": (
        r"(?:[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN))",
        "-+.0123456789",
    ),
}
_Base: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class _Loader(_Base):
    """Safe loader with the core schema of YAML 1.2."""

    yaml_implicit_resolvers: dict[str, Any] = {}

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[str, Any]:
        """A table with text keys, each once."""
        table: dict[str, Any] = {}
        for key, value in node.value:
            if not isinstance(key, yaml.ScalarNode):
                raise yaml.constructor.ConstructorError(None, None, "a key that is not plain text", key.start_mark)
            if key.value in table:
                raise yaml.constructor.ConstructorError(
                    None, None, f"the key {key.value!r} stands twice in one table", key.start_mark
                )
            table[key.value] = self.construct_object(value, deep=True)
        return table


class _Dumper(yaml.SafeDumper):
    """Safe dumper whose plain text is text for readers of YAML 1.1 and 1.2 alike."""

    def ignore_aliases(self, data: Any) -> bool:
        """No anchors: every value is written out."""
        return True

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
        """Lists are indented below their key."""
        super().increase_indent(flow, False)


def _number(loader: Any, node: yaml.ScalarNode) -> int | float:
    text = node.value.replace(".inf", "inf").replace(".Inf", "inf").replace(".INF", "inf").lower()
    if text.startswith(("0o", "0x")):
        return int(text, 0)
    kind = int if node.tag == _TAG + "int" else float
    return kind(text.replace(".nan", "nan"))


def _text(dumper: yaml.SafeDumper, value: str) -> yaml.ScalarNode:
    # A block keeps paragraphs readable; what a block or a plain line might change goes into double quotes, escaped.
    style = None
    if not value.isprintable():
        lines = value.split("\n")
        block = bool(lines[0]) and all(line.isprintable() and line == line.strip() for line in lines)
        style = "|" if block else '"'
    return dumper.represent_scalar(_TAG + "str", value, style=style)


for _name, (_pattern, _first) in _CORE.items():
    _regexp = re.compile(f"^{_pattern}$")
    _Loader.add_implicit_resolver(_TAG + _name, _regexp, ["" if c == "\0" else c for c in _first])
    _Dumper.add_implicit_resolver(_TAG + _name, _regexp, ["" if c == "\0" else c for c in _first])
_Loader.add_constructor(_TAG + "int", _number)
_Loader.add_constructor(_TAG + "float", _number)
_Dumper.add_representer(str, _text)


def load(text: str, file: str | Path = "") -> tuple[Any, Callable[[Place], int]]:
    """The data of a YAML text, and a function from a place in it to its line.

    Several documents are a list of them; no document is None. Anchors are followed; a text that grows beyond
    ``MAX_NODES`` values through them is refused.
    """
    strange = yaml.reader.Reader.NON_PRINTABLE.search(text)
    if strange:
        line = text.count("\n", 0, strange.start()) + 1
        raise DataError(f"the control character {strange.group()!r}", where=f"{file}:{line}", expected="printable text")
    loader = _Loader(text)
    try:
        nodes = []
        while loader.check_node():
            nodes.append(loader.get_node())
        root = nodes[0] if len(nodes) == 1 else yaml.SequenceNode(_TAG + "seq", nodes)
        bounded = _size(root, {}) <= MAX_NODES
        data = loader.construct_document(root) if nodes and bounded else None
    except yaml.MarkedYAMLError as error:
        raise _syntax_error(error, text, file) from None
    except (RecursionError, ValueError) as error:
        what = "the YAML is nested too deeply" if isinstance(error, RecursionError) else f"not YAML: {error}"
        raise DataError(what, where=str(file)) from None
    finally:
        loader.dispose()
    if not bounded:
        raise DataError("the anchors of this YAML multiply it without bound", where=str(file))
    return data, lambda path: _line(root, path)


def dump(data: Any) -> str:
    """Data as YAML in its given order."""
    text: str = yaml.dump(data, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=110)
    return text


def _syntax_error(error: yaml.MarkedYAMLError, text: str, file: str | Path) -> DataError:
    mark = error.problem_mark or error.context_mark
    what = " ".join(part for part in (error.context, error.problem) if part)
    if mark is None:
        return DataError(f"not YAML: {what}", where=str(file), expected="valid YAML")
    hint = ""
    if any("\t" in line for line in text.split("\n")[mark.line : mark.line + 1]):
        hint = "Indent with spaces, not with tabs"
    elif "mapping values are not allowed" in what:
        hint = "Text with ': ' in it needs quotes"
    line = min(mark.line, text.rstrip("\n").count("\n")) + 1  # the end of the text counts as its last line
    what = f"not YAML: {what} (column {mark.column + 1})"
    return DataError(what, where=f"{file}:{line}", expected="valid YAML", hint=hint)


def _size(node: yaml.Node, sizes: dict[int, int]) -> int:
    """How many values a node stands for, anchors followed; a node inside itself counts as unbounded."""
    known = sizes.get(id(node))
    if known is not None:
        return known
    sizes[id(node)] = MAX_NODES + 1
    total = 1
    if isinstance(node, yaml.SequenceNode):
        total += sum(_size(item, sizes) for item in node.value)
    elif isinstance(node, yaml.MappingNode):
        total += sum(_size(key, sizes) + _size(value, sizes) for key, value in node.value)
    sizes[id(node)] = total
    return total


def _line(node: yaml.Node, path: Place) -> int:
    """The line of the deepest part of ``path`` that exists, from 1."""
    mark = node.start_mark
    for part in path:
        if isinstance(node, yaml.SequenceNode) and isinstance(part, int) and part < len(node.value):
            node = node.value[part]
            mark = node.start_mark
        elif isinstance(node, yaml.MappingNode) and any(key.value == part for key, _ in node.value):
            key, node = next((key, value) for key, value in node.value if key.value == part)
            mark = key.start_mark
        else:
            break
    return mark.line + 1 if mark else 1
