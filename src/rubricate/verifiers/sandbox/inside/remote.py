"""Stand-ins, in the process of the tests, for the objects of an answer that live in another process.

Calls, attributes, items and iteration are forwarded. Comparisons, arithmetic and ``in`` are not, unless ``operators``
asks for it: an answer whose ``__eq__`` says yes to everything must not pass by it, nor see what it is compared with.
"""

from __future__ import annotations

import builtins
import socket
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from rubricate.verifiers.sandbox.inside import wire

_HINT = "the answer's own objects take no part in {}; the setting operators=True lets them"


class Lost(BaseException):
    """The process of the answer ended or talked nonsense. Not an Exception: no test catches it by accident."""


class Link:
    """The connection to the process of the answer."""

    def __init__(self, link: socket.socket, *, operators: bool, in_place: bool) -> None:
        self.link, self.operators, self.in_place = link, operators, in_place
        self.lost, self.notes = False, set[str]()
        self.callbacks: list[Callable[..., Any]] = []
        self.errors: dict[int, type[BaseException]] = {}

    def hello(self) -> dict[str, Any]:
        """What the answer says once it has loaded: its names, or how it broke."""
        found: dict[str, Any] = self._safely(lambda: dict(wire.receive(self.link)))
        return found

    def do(self, what: str, on: int | str, *arguments: Any, **named: Any) -> Any:
        """One thing done over there; its value, or its exception raised here."""
        sent = {"do": what, "on": on, "arguments": [self.pack(a) for a in arguments]}
        wire.send(self.link, sent | {"named": {k: self.pack(v) for k, v in named.items()}})
        while "callback" in (reply := self._safely(lambda: dict(wire.receive(self.link)))):
            self._safely(lambda: self._call_back(reply))
        for given, data in zip(arguments, reply.get("after", ()), strict=False):
            if data is not None:
                self._carry_back(given, data)
        if "raised" in reply:
            raise self._safely(lambda: self._error(reply["raised"], what))
        return self._safely(lambda: self.unpack(reply["value"]))

    def pack(self, value: Any) -> Any:
        """An argument for the other side: plain data, an object of theirs, a function to call back, items in order."""
        return wire.pack(value, self._handle)

    def unpack(self, data: Any) -> Any:
        """A value of the other side."""
        return wire.unpack(data, self._remote)

    def _handle(self, value: Any) -> Any:
        if isinstance(value, Remote):
            return {"h": object.__getattribute__(value, "_number")}
        if isinstance(value, Iterable) and not isinstance(value, type):
            return [self.pack(x) for x in value]
        if callable(value):
            self.callbacks.append(value)
            return {"cb": len(self.callbacks) - 1}
        raise TypeError(f"a {type(value).__name__} cannot be passed to the answer")

    def _remote(self, data: dict[str, Any]) -> Any:
        if "cb" in data:
            return self.callbacks[data["cb"]]
        return self._exception(data["x"]) if "x" in data else Remote(self, data["h"])

    def _call_back(self, message: dict[str, Any]) -> None:
        function = self.callbacks[message["callback"]]
        arguments = [self.unpack(a) for a in message["arguments"]]
        reply: dict[str, Any] = {"result": None}
        try:
            reply["result"] = self.pack(function(*arguments))
        except (ArithmeticError, LookupError, TypeError, ValueError, AttributeError, RuntimeError) as error:
            reply["raised"] = {"name": type(error).__name__, "message": str(error)}
        wire.send(self.link, reply)

    def _carry_back(self, given: Any, data: Any) -> None:
        after = self._safely(lambda: self.unpack(data))
        if type(after) is not type(given) or after == given:
            return
        if not self.in_place:
            self.notes.add("the answer changed an argument; the setting in_place=True lets it")
        elif isinstance(given, list):
            given[:] = after
        else:
            given.clear()
            given.update(after)

    def _error(self, described: dict[str, Any], what: str) -> BaseException:
        kind = self._exception(described)
        arguments = [self.unpack(a) for a in described["arguments"]]
        if issubclass(kind, StopIteration) and what != "next":
            return RuntimeError("the answer raised StopIteration")  # it would end a loop of the tests
        try:
            return kind(*arguments)
        except TypeError:
            return RuntimeError(f"the answer raised {kind.__name__}")

    def _exception(self, described: dict[str, Any]) -> type[BaseException]:
        base = getattr(builtins, str(described["base"]))
        if not (isinstance(base, type) and issubclass(base, BaseException)):
            raise TypeError("no exception")
        if described["number"] < 0:
            return base
        return self.errors.setdefault(described["number"], type(str(described["name"]), (base,), {}))

    def _safely(self, read: Callable[[], Any]) -> Any:
        try:
            return read()
        except (EOFError, OSError, wire.WireError, LookupError, TypeError, ValueError, AttributeError) as error:
            self.lost = True
            raise Lost(f"the answer's process ended ({type(error).__name__})") from None


class Remote:
    """An object of the answer."""

    def __init__(self, link: Link, known: dict[str, Any]) -> None:
        for name, value in (("_link", link), ("_number", int(known["number"])), ("_kind", str(known["kind"]))):
            object.__setattr__(self, name, value)
        object.__setattr__(self, "__name__", str(known["name"]))

    def __call__(self, *arguments: Any, **named: Any) -> Any:
        """Call it over there."""
        return self._link.do("call", self._number, *arguments, **named)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return self._link.do("get", self._number, name)

    def __setattr__(self, name: str, value: Any) -> None:
        self._link.do("set", self._number, name, value)

    def __getitem__(self, key: Any) -> Any:
        return self._link.do("item", self._number, key)

    def __setitem__(self, key: Any, value: Any) -> None:
        self._link.do("set_item", self._number, key, value)

    def __delitem__(self, key: Any) -> None:
        self._link.do("del_item", self._number, key)

    def __len__(self) -> int:
        return int(self._link.do("len", self._number))

    def __iter__(self) -> Iterator[Any]:
        items = self._link.do("iter", self._number)
        while True:
            try:
                item = self._link.do("next", items._number)
            except StopIteration:
                return
            yield item

    def __next__(self) -> Any:
        return self._link.do("next", self._number)

    def __bool__(self) -> bool:
        return bool(self._link.do("bool", self._number)) if self._link.operators else True

    def __str__(self) -> str:
        return str(self._link.do("str", self._number))

    def __repr__(self) -> str:
        return str(self._link.do("repr", self._number))

    def __enter__(self) -> Any:
        return self._link.do("enter", self._number)

    def __exit__(self, *_: object) -> None:
        self._link.do("exit", self._number)

    def __hash__(self) -> int:
        return hash(self._number)

    def __instancecheck__(self, instance: Any) -> bool:
        return bool(self._link.do("instance", self._number, instance))

    def __eq__(self, other: object) -> bool:
        if self._link.operators:
            return bool(self._link.do("eq", self._number, other))
        self._link.notes.add(_HINT.format("comparisons"))
        return isinstance(other, Remote) and other._number == self._number

    def __ne__(self, other: object) -> bool:
        return not self == other

    def __contains__(self, item: Any) -> bool:
        if self._link.operators:
            return bool(self._link.do("contains", self._number, item))
        return any(x is item or x == item for x in self)


def _operator(name: str) -> Callable[..., Any]:
    def method(self: Remote, *others: Any) -> Any:
        if not self._link.operators:
            raise TypeError(_HINT.format("arithmetic and order"))
        return self._link.do(name, self._number, *others)

    return method


for _name in ("lt", "le", "gt", "ge", "add", "sub", "mul", "truediv", "floordiv", "mod", "pow", "neg", "pos", "abs"):
    setattr(Remote, f"__{_name}__", _operator(_name))
for _name in ("radd", "rsub", "rmul"):
    setattr(Remote, f"__{_name}__", _operator(_name))
