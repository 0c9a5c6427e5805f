"""Generators by name with settings, for the command line: ``pairs:mode=profiles``, ``docs:k=4/nuggets:most=8``."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any, get_type_hints

from pydantic import TypeAdapter, ValidationError

from rubricate.errors import SettingError
from rubricate.generate.admit import Gate
from rubricate.generate.base import Generator
from rubricate.generate.from_neighbours import BankGenerator, NeighbourGenerator
from rubricate.generate.index import PassageIndex, RubricIndex
from rubricate.registry import Described, described, lookup, settings_of
from rubricate.rubrics.scale import Scale

PARTS = {"documents": "--docs FOLDER", "bank": "--bank RUBRICS"}  # what a line of text cannot hold, and its option
_IN_PYTHON = ("inner", "similar")
_GATE = ("least", "most", "same_script", "negatives")


def named_generator(
    text: str, *, documents: PassageIndex | None = None, bank: RubricIndex | None = None, model: str = ""
) -> Generator:
    """The generator that ``text`` describes (``registry.described``), with the settings of its gate among its own.

    ``documents`` goes to the generator that reads a folder, ``bank`` to the one that finds neighbours in it (also when
    ``text`` names that of given neighbours); ``model`` where none is set. SettingError for a part that is missing or
    that nothing takes, and for a value of the wrong kind.

    >>> named_generator("prompt:plan=yes,most=8").gate.most
    8
    """
    given: dict[str, Any] = {"documents": documents, "bank": bank}
    generator, used = _built(described("generator", text, settings_taken), given, model)
    if bank is not None and isinstance(generator, NeighbourGenerator):
        generator, used = BankGenerator(bank, inner=generator), used | {"bank"}
    unused = [name for name, part in given.items() if part is not None and name not in used]
    if unused:
        takes = {"documents": f"--from docs/{text}", "bank": "--from neighbours"}[unused[0]]
        raise SettingError(f"{text} does not take {PARTS[unused[0]]}", expected=takes)
    return generator


def settings_taken(part: Any) -> dict[str, Any]:
    """The settings of a registered generator that a line of text can give, with their defaults; the gate's among them.

    >>> settings_taken(NeighbourGenerator)["most"]
    20
    """
    own = settings_of(part)
    gate = own.pop("gate", None)
    flat = {k: v for k, v in own.items() if k not in (*PARTS, *_IN_PYTHON)}
    return flat | ({name: getattr(gate, name) for name in _GATE} if isinstance(gate, Gate) else {})


def _built(found: Described, given: Mapping[str, Any], model: str) -> tuple[Generator, set[str]]:
    """The generator, and which of the given parts it uses."""
    has, settings = settings_of(found.part), _checked(found)
    gate = {k: settings.pop(k) for k in list(settings) if k in _GATE and k not in has}
    if gate:
        settings["gate"] = dataclasses.replace(has["gate"], **gate)
    used = {name for name in PARTS if name in has}
    for name in used:
        if given[name] is None:
            raise SettingError(f"{found.name} needs {PARTS[name]}")
        settings[name] = given[name]
    if "model" in has and model:
        settings.setdefault("model", model)
    if "inner" in has and (found.inside or model):
        inside = described("generator", found.inside, settings_taken) if found.inside else _default(has["inner"])
        settings["inner"], more = _built(inside, given, model)
        used |= more
    elif found.inside:
        raise SettingError(f"{found.name} has no generator inside", expected="a name without a slash after it")
    generator: Generator = found.part(**settings)
    return generator, used


def _default(generator: Any) -> Described:
    return Described(type(generator).__name__, type(generator), {}, "")


def _checked(found: Described) -> dict[str, Any]:
    """The settings as values of the kinds that the part's fields say; a tuple of numbers may be given as whole ones."""
    hints = get_type_hints(Gate) | get_type_hints(found.part)
    checked = {}
    for name, value in found.settings.items():
        try:
            checked[name] = TypeAdapter(hints[name]).validate_python(value)
            if name == "policy":
                lookup("policy", value)
            if name == "scale":
                Scale.model_validate(value)
        except ValidationError as error:
            raise SettingError(
                f"{found.name}: {name}={value!r}", expected=error.errors()[0]["msg"].removeprefix("Input should be ")
            ) from None
    return checked
