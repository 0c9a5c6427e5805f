"""Plain data between two processes that do not trust each other, and handles for everything that is not plain.

Plain is: None, bool, int, float, complex, str, bytes, list, tuple, dict, set, frozenset, range, Fraction, Decimal, and
subclasses of these as what they are built on. Nothing that is read can run code.
"""

from __future__ import annotations

import json
import socket
import struct
from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction
from typing import Any

MOST = 8 << 20  # bytes of one message
_DEEPEST = 200
_MAKERS: dict[str, Callable[[list[Any]], Any]] = {"t": tuple, "s": set, "fs": frozenset}
_HEX = 1 << 64


class WireError(Exception):
    """What came is no message, is too large, or nests too deep."""


def pack(value: Any, handle: Callable[[Any], Any], depth: int = 0) -> Any:
    """The value as JSON; ``handle`` gives the JSON for what is not plain data."""
    if depth > _DEEPEST:
        raise WireError(f"the value nests more than {_DEEPEST} deep")
    if value is None or isinstance(value, bool):
        return value

    def inner(x: Any) -> Any:
        return pack(x, handle, depth + 1)

    if isinstance(value, (int, float, complex, str, bytes, bytearray, range, Fraction, Decimal)):
        return _scalar(value)
    if isinstance(value, list):
        return [inner(x) for x in list.__iter__(value)]
    if isinstance(value, dict):
        return {"d": [[inner(k), inner(v)] for k, v in dict.items(value)]}
    for name, kind in (("t", tuple), ("s", set), ("fs", frozenset)):
        if isinstance(value, kind):
            return {name: [inner(x) for x in kind.__iter__(value)]}  # type: ignore[arg-type]
    return handle(value)


def _scalar(value: Any) -> Any:
    if isinstance(value, int):
        number = int.__int__(value)
        return number if -_HEX < number < _HEX else {"i": hex(number)}
    if isinstance(value, float):
        return {"f": float.__repr__(value)}
    if isinstance(value, str):
        return str.__str__(value)
    if isinstance(value, (bytes, bytearray)):
        return {"b": bytes.hex(bytes(value))}
    if isinstance(value, complex):
        return {"c": [repr(value.real), repr(value.imag)]}
    if isinstance(value, range):
        return {"r": [value.start, value.stop, value.step]}
    return {"q": str(value)} if isinstance(value, Fraction) else {"m": str(value)}


def unpack(data: Any, handle: Callable[[Any], Any]) -> Any:
    """The value of JSON that ``pack`` made; ``handle`` gets what stands for something that is not plain."""
    if isinstance(data, list):
        return [unpack(x, handle) for x in data]
    if not isinstance(data, dict):
        return data
    if len(data) != 1:
        raise WireError("no value of the wire")
    ((kind, body),) = data.items()
    if kind == "d":
        return {unpack(k, handle): unpack(v, handle) for k, v in body}
    if kind in _MAKERS:
        return _MAKERS[kind]([unpack(x, handle) for x in body])
    return _read_scalar(kind, body) if kind in _READERS else handle(data)


_READERS: dict[str, Callable[[Any], Any]] = {
    "i": lambda x: int(x, 16),
    "f": float,
    "b": bytes.fromhex,
    "c": lambda x: complex(float(x[0]), float(x[1])),
    "r": lambda x: range(*x),
    "q": Fraction,
    "m": Decimal,
}


def _read_scalar(kind: str, body: Any) -> Any:
    return _READERS[kind](body)


def send(link: socket.socket, message: Any) -> None:
    """One message out."""
    data = json.dumps(message).encode("utf-8", "surrogatepass")
    if len(data) > MOST:
        raise WireError(f"a value of more than {MOST >> 20} MiB")
    link.sendall(struct.pack("=I", len(data)) + data)


def receive(link: socket.socket) -> Any:
    """The next message; EOFError when the other side is gone."""
    size = struct.unpack("=I", _exactly(link, 4))[0]
    if size > MOST:
        raise WireError("a message that is too large")
    try:
        return json.loads(_exactly(link, size))
    except (ValueError, RecursionError):
        raise WireError("a message that is no JSON") from None


def _exactly(link: socket.socket, size: int) -> bytes:
    data = bytearray()
    while len(data) < size:
        part = link.recv(size - len(data))
        if not part:
            raise EOFError
        data += part
    return bytes(data)
