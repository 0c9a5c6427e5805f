"""One HTTP/1.1 connection of a server, on asyncio's protocols: keep-alive, pipelining, chunked bodies, size limits.

A connection handles one request at a time and keeps what comes early, so pipelined answers stay in order. Only what a
small JSON service needs is here: no TLS, no compression, no upgrades.
"""

from __future__ import annotations

import asyncio
import contextlib
from dataclasses import dataclass
from http import HTTPStatus
from typing import Protocol

HEAD_BYTES = 65536
LINGER = 5.0
_HEAD_END = b"\r\n\r\n"
_STATUS = {s.value: f"HTTP/1.1 {s.value} {s.phrase}\r\nContent-Type: application/json\r\n".encode() for s in HTTPStatus}


class Pending(Protocol):
    """Work that will answer later: a timer or a task."""

    def cancel(self) -> object:
        """Give it up."""
        ...


@dataclass(slots=True)
class Incoming:
    """A complete request. ``head`` is the request line and the headers, ``lower`` the same in lower case."""

    method: str
    path: str
    head: bytes
    lower: bytes
    body: bytes = b""

    @property
    def keeps(self) -> bool:
        """Whether the connection stays open after the answer."""
        connection = self.header(b"connection").lower()
        if b" http/1.0\r\n" in self.lower:
            return b"keep-alive" in connection
        return b"close" not in connection

    def header(self, name: bytes) -> bytes:
        """The value of a header, named in lower case; empty when it is not there."""
        start = self.lower.find(b"\r\n" + name + b":")
        if start < 0:
            return b""
        start += len(name) + 3
        return self.head[start : self.head.find(b"\r\n", start)].strip()


class App(Protocol):
    """What a connection serves."""

    max_bytes: int

    def opened(self, connection: Connection) -> None:
        """A client connected."""
        ...

    def lost(self, connection: Connection) -> None:
        """The connection ended, for whatever reason."""
        ...

    def handle(self, connection: Connection, incoming: Incoming) -> None:
        """Answer now or later with ``connection.send``."""
        ...

    def refuse(self, connection: Connection, status: int, message: str) -> None:
        """Answer what is not a request that can be handled, with ``last=True``."""
        ...


class Refused(ValueError):
    """Bytes that are no request that can be handled: the status and the message to answer with."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status, self.message = status, message


class Connection(asyncio.Protocol):
    """The server's side of one connection. ``pending`` is cancelled when the client goes away."""

    __slots__ = ("_advancing", "_app", "_busy", "_continued", "_ended", "_head_only", "_keep", "_need", "_paused",
                 "asking", "buffer", "pending", "transport")  # fmt: skip

    transport: asyncio.Transport

    def __init__(self, app: App) -> None:
        self._app = app
        self.buffer = bytearray()
        self.pending: Pending | None = None
        self.asking = False
        self._busy = self._advancing = self._ended = self._paused = self._continued = self._head_only = False
        self._keep = True
        self._need = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Called by asyncio."""
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        self._app.opened(self)

    def connection_lost(self, exc: Exception | None) -> None:
        """Called by asyncio: whatever was under way is given up."""
        self._ended = True
        if self.pending is not None:
            self.pending.cancel()
            self.pending = None
        self._app.lost(self)

    def data_received(self, data: bytes) -> None:
        """Called by asyncio."""
        if self._ended:
            return
        self.buffer += data
        if not self._busy:
            self._advance()
        elif len(self.buffer) > self._app.max_bytes + HEAD_BYTES and not self._paused:
            self._paused = True
            self.transport.pause_reading()

    def send(self, status: int, body: bytes, headers: bytes = b"", *, last: bool = False) -> None:
        """Answer the request under way; ``headers`` are whole lines. ``last`` ends the connection."""
        last = last or not self._keep
        close = b"Connection: close\r\n" if last else b""
        length = b"Content-Length: %d\r\n" % len(body)
        shown = b"" if self._head_only else body
        self.transport.write(b"".join((_STATUS[status], headers, close, length, b"\r\n", shown)))
        self._busy, self.pending = False, None
        if last:
            self._end()
        elif not self._advancing:
            if self._paused:
                self._paused = False
                self.transport.resume_reading()
            if self.buffer:
                self._advance()

    def drop(self) -> None:
        """End the connection without an answer."""
        self._ended = True
        self.transport.abort()

    def _end(self) -> None:
        """Say that nothing more comes, then read on for a while: closing on unread bytes would lose the answer."""
        self._ended = True
        self.buffer.clear()
        if self._paused:
            self.transport.resume_reading()
        with contextlib.suppress(OSError):  # the client is gone already
            self.transport.write_eof()
        self.pending = asyncio.get_running_loop().call_later(LINGER, self.transport.abort)

    def _advance(self) -> None:
        """Handle complete requests until one is answered later or the bytes run out."""
        self._advancing = True
        while self.buffer and not self._busy and not self._ended:
            try:
                incoming = self._next()
            except Refused as error:
                self._app.refuse(self, error.status, error.message)
                break
            if incoming is None:
                break
            self._busy = True
            self._app.handle(self, incoming)
        self._advancing = False

    def _next(self) -> Incoming | None:
        """The next complete request, taken from the buffer; None while bytes are missing."""
        buffer, self._head_only = self.buffer, False
        if len(buffer) < self._need:
            return None
        end = buffer.find(_HEAD_END)
        if end < 0 or end > HEAD_BYTES:
            if len(buffer) > HEAD_BYTES:
                raise Refused(431, f"the headers are longer than {HEAD_BYTES} bytes")
            return None
        incoming = _head(bytes(buffer[: end + 2]))
        self._head_only = incoming.method == "HEAD"
        body = self._body(incoming, end + 4)
        if body is None:
            if not self._continued and incoming.header(b"expect").lower() == b"100-continue":
                self._continued = True
                self.transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")
            return None
        incoming.body, end = body
        del buffer[:end]
        self._need, self._continued, self._keep = 0, False, incoming.keeps
        return incoming

    def _body(self, incoming: Incoming, start: int) -> tuple[bytes, int] | None:
        """The body and where it ends; None while bytes are missing."""
        if incoming.header(b"transfer-encoding").lower().endswith(b"chunked"):
            return dechunk(self.buffer, start, self._app.max_bytes)
        stated = incoming.header(b"content-length") or b"0"
        if not stated.isdigit():
            raise Refused(400, f"Content-Length is {stated[:40]!r}, not a number")
        end = start + int(stated)
        if end - start > self._app.max_bytes:
            raise Refused(413, f"the body has {end - start} bytes; at most {self._app.max_bytes} are taken")
        if len(self.buffer) < end:
            self._need = end
            return None
        return bytes(self.buffer[start:end]), end


def _head(head: bytes) -> Incoming:
    parts = head[: head.find(b"\r\n")].split(b" ")
    if len(parts) != 3 or not parts[2].startswith(b"HTTP/1."):
        raise Refused(400, "this is not an HTTP/1 request")
    path = parts[1].partition(b"?")[0].decode("latin-1")
    return Incoming(parts[0].decode("latin-1"), path, head, head.lower())


def dechunk(buffer: bytes | bytearray, start: int, limit: int) -> tuple[bytes, int] | None:
    """The chunked body that begins at ``start`` and where it ends; None while it is not complete.

    Raises Refused for what is not a chunk and for more than ``limit`` bytes.

    >>> dechunk(b"3\\r\\nabc\\r\\n0\\r\\n\\r\\n", 0, 10)
    (b'abc', 13)
    """
    pieces: list[bytes] = []
    while (line := buffer.find(b"\r\n", start)) >= 0:
        try:
            size = int(bytes(buffer[start:line]).partition(b";")[0], 16)
        except ValueError:
            raise Refused(400, "a chunk of the body does not state its length") from None
        if size == 0:
            end = buffer.find(_HEAD_END, line)  # trailers, if any, lie between
            return None if end < 0 else (b"".join(pieces), end + 4)
        start = line + 2 + size + 2
        limit -= size
        if limit < 0 or size < 0:
            raise Refused(413, "the body is larger than the server takes")
        if len(buffer) < start:
            return None
        pieces.append(bytes(buffer[line + 2 : start - 2]))
    if len(buffer) - start > HEAD_BYTES:
        raise Refused(400, "a chunk of the body does not state its length")
    return None
