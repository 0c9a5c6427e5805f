"""Messages between host and worker: four bytes of length, then JSON; a descriptor may travel along."""

from __future__ import annotations

import json
import os
import socket
import struct
from collections.abc import Sequence
from typing import Any


def send(link: socket.socket, message: Any, fds: Sequence[int] = ()) -> None:
    """Send one message, with descriptors."""
    data = json.dumps(message).encode("utf-8", "surrogatepass")
    head = struct.pack("=I", len(data))
    if fds:
        socket.send_fds(link, [head], fds)
        link.sendall(data)
    else:
        link.sendall(head + data)


def receive(link: socket.socket) -> tuple[Any, int | None]:
    """The next message and a descriptor that came with it; (None, None) when the other side is gone."""
    try:
        head, fds, _, _ = socket.recv_fds(link, 4, 1)
        data = None if len(head) < 4 else _exactly(link, struct.unpack("=I", head)[0])
    except ConnectionError:
        return None, None
    if data is None:
        for fd in fds:
            os.close(fd)
        return None, None
    return json.loads(data), fds[0] if fds else None


def _exactly(link: socket.socket, size: int) -> bytes | None:
    data = bytearray()
    while len(data) < size:
        part = link.recv(min(size - len(data), 1 << 20))
        if not part:
            return None
        data += part
    return bytes(data)
