"""The process of the answer: loads the code of a response and does what the tests ask of it, one call at a time.

It knows the code and the arguments of calls, nothing else: no expected value, no test, no way to the verdict.
"""

from __future__ import annotations

import builtins
import contextlib
import operator
import socket
import sys
import types
from collections.abc import Callable
from typing import Any

from rubricate.verifiers.sandbox.inside import wire
from rubricate.verifiers.sandbox.inside.programs import CHANNEL

_OPERATORS = (
    *("eq", "ne", "lt", "le", "gt", "ge"),
    *("add", "sub", "mul", "truediv", "floordiv", "mod", "pow", "neg", "pos", "abs"),
)
_OPERATIONS: dict[str, Callable[..., Any]] = {
    "len": len,
    "iter": iter,
    "next": next,
    "str": str,
    "repr": repr,
    "bool": bool,
    "hash": hash,
    "get": getattr,
    "set": setattr,
    "item": operator.getitem,
    "set_item": operator.setitem,
    "del_item": operator.delitem,
    "enter": lambda x: type(x).__enter__(x),
    "exit": lambda x: type(x).__exit__(x, None, None, None),
    **{n: getattr(operator, n) for n in _OPERATORS},
    "contains": operator.contains,
    "instance": lambda kind, x: isinstance(x, kind),
    "radd": lambda x, y: y + x,
    "rsub": lambda x, y: y - x,
    "rmul": lambda x, y: y * x,
}


class Callback:
    """A function of the tests that was passed as an argument: it can be called, and nothing more."""

    def __init__(self, server: Server, number: int) -> None:
        self._server, self._number = server, number

    def __call__(self, *arguments: Any) -> Any:
        """Call it over there."""
        return self._server.ask(self._number, arguments)


class Server:
    """Objects of the answer by number, and the loop that serves them."""

    def __init__(self, link: socket.socket, names: dict[str, Any]) -> None:
        self.link, self.names = link, names
        self.objects: dict[int, Any] = {}
        self.numbers: dict[int, int] = {}

    def serve(self) -> None:
        """Answer until the tests hang up."""
        while True:
            message = wire.receive(self.link)
            wire.send(self.link, self.reply(message))

    def ask(self, number: int, arguments: tuple[Any, ...]) -> Any:
        """Call back into the tests; they may ask for more before they answer."""
        wire.send(self.link, {"callback": number, "arguments": [self.pack(a) for a in arguments]})
        while "result" not in (message := wire.receive(self.link)):
            wire.send(self.link, self.reply(message))
        if message.get("raised"):
            raise _error(message["raised"])
        return self.unpack(message["result"])

    def reply(self, message: Any) -> Any:
        """Do one thing: give a name, call an object, or apply an operation to it."""
        arguments = [self.unpack(a) for a in message["arguments"]]
        named = {k: self.unpack(v) for k, v in message.get("named", {}).items()}
        try:
            result = {"value": self.pack(self.do(message["do"], message["on"], arguments, named))}
        except BaseException as error:
            if isinstance(error, (wire.WireError, EOFError)):
                raise
            result = {"raised": self.describe(error)}
        return result | {"after": [self.pack(a) if isinstance(a, (list, dict, set)) else None for a in arguments]}

    def do(self, what: str, on: Any, arguments: list[Any], named: dict[str, Any]) -> Any:
        """The value of one thing done."""
        if what == "name":
            if on not in self.names:
                raise NameError(f"name {on!r} is not defined")
            return self.names[on]
        target = self.objects[on]
        return target(*arguments, **named) if what == "call" else _OPERATIONS[what](target, *arguments)

    def pack(self, value: Any) -> Any:
        """Plain data as it is, everything else by number."""
        return wire.pack(value, self.handle)

    def handle(self, value: Any) -> dict[str, Any]:
        """The number of an object that stays here, with what may be known about it from outside."""
        if isinstance(value, Callback):
            return {"cb": value._number}
        number = self.numbers.setdefault(id(value), len(self.numbers))
        self.objects[number] = value
        kind = type(value).__name__
        if isinstance(value, type) and issubclass(value, BaseException):
            return {"x": {"number": number, **_class(value)}}
        return {"h": {"number": number, "kind": kind, "name": str(getattr(value, "__name__", kind))}}

    def unpack(self, data: Any) -> Any:
        """The value that the tests sent."""
        return wire.unpack(data, lambda d: self.objects[d["h"]] if "h" in d else Callback(self, d["cb"]))

    def describe(self, error: BaseException) -> dict[str, Any]:
        """An exception as data: its class, its message, its arguments if they are plain."""
        kind = type(error)
        arguments = [a if isinstance(a, (str, int, float)) else str(type(a)) for a in error.args[:4]]
        number = self.handle(kind)["x"]["number"] if kind.__module__ != "builtins" else -1
        return {"number": number, **_class(kind), "arguments": [wire.pack(a, repr) for a in arguments]}


def _class(kind: type[BaseException]) -> dict[str, Any]:
    base = next(k for k in kind.__mro__ if getattr(builtins, k.__name__, None) is k)
    return {"name": kind.__name__, "base": base.__name__}


def _error(described: dict[str, Any]) -> BaseException:
    found = getattr(builtins, described["name"], RuntimeError)
    fits = isinstance(found, type) and issubclass(found, BaseException)
    made: BaseException = (found if fits else RuntimeError)(described["message"])
    return made


def main(text: str) -> None:
    """Run the code of the answer as the module ``solution``, say how that went, then serve."""
    link = socket.socket(fileno=CHANNEL)
    sys.stdin = open("/dev/null")  # noqa: SIM115
    module = types.ModuleType("solution")
    sys.modules["solution"] = module
    server = Server(link, module.__dict__)
    try:
        exec(compile(text, "solution.py", "exec"), module.__dict__)
    except BaseException as error:
        wire.send(link, {"broken": f"{type(error).__name__}: {error}"[:500]})
        raise
    wire.send(link, {"names": [n for n in list(module.__dict__) if isinstance(n, str) and not n.startswith("__")]})
    with contextlib.suppress(EOFError, ConnectionError):  # the tests hang up
        server.serve()
