"""Several clients as one: each request goes to the client that its model name says.

For panels and routes over several endpoints: a judge takes one client, and its members name theirs.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from rubricate.errors import SettingError, UnknownNameError
from rubricate.llm.client import Client, Reply, Request


class ClientTable:
    """A client around clients by name. ``request.model`` names one; without a name it goes to ``default``.

    The client inside is asked without a model name, so it uses its own model. The name stays in the key of the request
    (caches around the table do not mix clients), and the endpoint lists all of them.

    >>> import asyncio
    >>> from rubricate.llm.scripted import ScriptedClient
    >>> from rubricate.types import Message
    >>> table = ClientTable({"a": ScriptedClient(lambda r: "from a"), "b": ScriptedClient(lambda r: "from b")})
    >>> asyncio.run(table.complete(Request((Message("user", "hi"),), model="b"))).text
    'from b'
    """

    def __init__(self, clients: Mapping[str, Client], default: str = "") -> None:
        self.clients, self.default = dict(clients), default
        if not clients or "" in clients:
            raise SettingError(f"clients {list(clients)}", expected="one or more clients, each with a name")
        if default and default not in clients:
            raise UnknownNameError.among("client", default, clients)

    @property
    def endpoint(self) -> str:
        """The names with their endpoints."""
        return "; ".join(f"{name}={client.endpoint}" for name, client in sorted(self.clients.items()))

    async def complete(self, request: Request) -> Reply:
        """The reply of the client that the request names; UnknownNameError lists the known ones."""
        name = request.model or self.default
        if name not in self.clients:
            raise UnknownNameError.among("client", name, self.clients, where="ClientTable")
        return await self.clients[name].complete(replace(request, model=""))
