"""The rewarder of a process, built from plain settings: for trainers that know only a dotted path and options.

A setting is given by the trainer's own options, else by the environment variable ``RUBRICATE_`` + its name in capitals.
There is one rewarder per process and set of settings, so limits and cache are shared by all calls.
"""

from __future__ import annotations

import functools
import importlib
import os
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from rubricate.errors import SettingError, UnknownNameError
from rubricate.integrations.remote import AnyRewarder, RemoteRewarder
from rubricate.rewarder import Rewarder

PREFIX = "RUBRICATE_"


@dataclass(frozen=True)
class Settings:
    """Where rewards come from. Exactly one of three: ``url``, ``rewarder``, or the settings of a new rewarder.

    url: a rubricate server (``api_key``, ``tags``). rewarder: ``package.module:name``, a Rewarder or a function that
    gives one. Otherwise ``rubrics`` (files, separated as in PATH; may be left out when every row brings its own),
    judged by the endpoint ``base_url`` with ``model``, or by the embedded judge; ``policy``, ``tags`` (by commas),
    ``deadline`` (seconds), ``concurrency``, ``log`` (a run folder; ``{pid}`` in it becomes the process id, because a
    folder has one writer). ``strict``: 1 raises for a row whose rubric is wrong.
    """

    url: str = ""
    rewarder: str = ""
    rubrics: str = ""
    base_url: str = ""
    model: str = ""
    policy: str = ""
    tags: str = ""
    deadline: float = 0.0
    concurrency: int = 64
    log: str = ""
    strict: bool = False
    api_key: str = field(default="", repr=False)

    @classmethod
    def read(cls, given: Mapping[str, Any] | None = None, environ: Mapping[str, str] | None = None) -> Settings:
        """Settings from ``given``, else from the environment; UnknownNameError for a name that is none."""
        known = {f.name: f for f in fields(cls)}
        for name in given or {}:
            if name not in known:
                raise UnknownNameError.among("setting", name, known, where="rubricate settings")
        outside = os.environ if environ is None else environ
        values: dict[str, Any] = {}
        for name, f in known.items():
            value = (given or {}).get(name)
            value = outside.get(PREFIX + name.upper()) if value is None else value
            if value is not None and value != "":
                values[name] = typed(name, value, f.default)
        return cls(**values)

    def __post_init__(self) -> None:
        if bool(self.url) + bool(self.rewarder) + bool(self.rubrics or self.base_url) > 1:
            raise SettingError(
                f"url={self.url!r}, rewarder={self.rewarder!r}, rubrics={self.rubrics!r}, base_url={self.base_url!r}",
                expected="a server (url), or a rewarder by name, or rubrics and an endpoint",
            )
        if bool(self.base_url) != bool(self.model):
            raise SettingError(f"base_url={self.base_url!r}, model={self.model!r}", expected="both, or neither")


def typed(name: str, value: Any, default: Any) -> Any:
    """A setting in the type of its default; SettingError where it does not fit. Lists become text."""
    try:
        if isinstance(default, bool):
            return str(value).lower() in ("1", "true", "yes")
        if isinstance(default, str) and isinstance(value, (list, tuple)):
            return (os.pathsep if name == "rubrics" else ",").join(map(str, value))
        return type(default)(value)
    except (TypeError, ValueError):
        raise SettingError(f"{name}={value!r}", expected=f"a {type(default).__name__}") from None


@functools.lru_cache(maxsize=16)
def rewarder_of(settings: Settings) -> AnyRewarder:
    """The rewarder of these settings, the same object for the life of the process."""
    tags = tuple(t.strip() for t in settings.tags.split(",") if t.strip())
    if settings.url:
        return RemoteRewarder(settings.url, settings.api_key, tags, strict=settings.strict)
    if settings.rewarder:
        found = named(settings.rewarder)
        found = found() if not isinstance(found, (Rewarder, RemoteRewarder)) and callable(found) else found
        if not isinstance(found, (Rewarder, RemoteRewarder)):
            raise SettingError(f"{settings.rewarder!r} is a {type(found).__name__}", expected="a Rewarder")
        return found
    return _new(settings, tags)


def _new(settings: Settings, tags: tuple[str, ...]) -> Rewarder:
    from rubricate.llm.calls import CallSettings
    from rubricate.llm.http import HttpClient  # here, because a server in the same place needs neither
    from rubricate.llm.limits import LimitSettings
    from rubricate.rubrics.io import read_rubrics

    paths = [Path(p) for p in settings.rubrics.split(os.pathsep) if p]
    return Rewarder(
        tuple(r for path in paths for r in read_rubrics(path)),
        client=HttpClient(settings.base_url, settings.model) if settings.base_url else None,
        policy=settings.policy or None,
        calls=CallSettings(limits=LimitSettings(settings.concurrency)),
        concurrency=settings.concurrency, deadline=settings.deadline or None, tags=tags or None,
        log=settings.log.replace("{pid}", str(os.getpid())), strict=settings.strict,
    )  # fmt: skip


def named(path: str) -> Any:
    """The object that ``package.module:name`` names; SettingError says which half is wrong."""
    module, _, name = path.partition(":")
    if not module or not name:
        raise SettingError(f"{path!r} names no object", expected="package.module:name")
    try:
        home = importlib.import_module(module)
    except ModuleNotFoundError as error:
        raise SettingError(f"{path!r}: {error}", expected="a module that Python finds (PYTHONPATH)") from None
    if not hasattr(home, name):
        raise UnknownNameError.among(f"name in {module}", name, [n for n in vars(home) if not n.startswith("_")])
    return getattr(home, name)
