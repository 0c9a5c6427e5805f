import asyncio
from dataclasses import replace

import pytest

from rubricate.errors import CallError
from rubricate.llm.cache import Cached, DictMemory
from rubricate.llm.client import Reply, Request, Token
from rubricate.store import SqliteMemory
from rubricate.types import Message

ASK = Request((Message("user", "hello"),), model="m")


class Slow:
    endpoint = "slow"

    def __init__(self):
        self.asked = 0
        self.fail = False

    async def complete(self, request):
        self.asked += 1
        await asyncio.sleep(0.01)
        if self.fail:
            raise CallError("down")
        return Reply((f"reply {self.asked}",), tokens=((Token("a", -0.1, (("a", -0.1),)),),))


@pytest.fixture(params=["dict", "sqlite"])
def memory(request, tmp_path):
    if request.param == "dict":
        yield DictMemory()
    else:
        sqlite = SqliteMemory(tmp_path / "cache" / "replies.sqlite")
        yield sqlite
        sqlite.close()


def test_equal_requests_are_asked_once_also_while_in_flight(memory):
    client = Slow()
    cached = Cached(client, memory)

    async def main():
        first = await asyncio.gather(*(cached.complete(ASK) for _ in range(5)))
        return [*first, await cached.complete(ASK)]

    replies = asyncio.run(main())
    assert {r.text for r in replies} == {"reply 1"}
    assert client.asked == 1
    assert cached.hits == 5
    assert sum(r.usage.calls for r in replies) == 1
    assert replies[-1].cached
    assert replies[-1].tokens[0][0].top == (("a", -0.1),)


@pytest.mark.parametrize(
    "other",
    [
        replace(ASK, model="other"),
        replace(ASK, temperature=0.7),
        replace(ASK, sample=1),
        replace(ASK, schema="{}"),
        replace(ASK, extra=(("x", 1),)),
        replace(ASK, messages=(Message("user", "hell"), Message("user", "o"))),
    ],
)
def test_whatever_can_change_the_reply_is_in_the_key(other):
    assert other.key("e") != ASK.key("e")
    assert ASK.key("e") != ASK.key("f")
    assert replace(ASK, tags=("x",)).key("e") == ASK.key("e")


def test_errors_are_shared_but_not_kept(memory):
    client = Slow()
    client.fail = True
    cached = Cached(client, memory)

    async def main():
        return await asyncio.gather(*(cached.complete(ASK) for _ in range(3)), return_exceptions=True)

    assert all(isinstance(e, CallError) for e in asyncio.run(main()))
    assert client.asked == 1
    client.fail = False
    assert asyncio.run(cached.complete(ASK)).text == "reply 2"


def test_those_who_wait_survive_the_cancelling_of_the_one_who_asked():
    client = Slow()
    cached = Cached(client)

    async def main():
        leader = asyncio.create_task(cached.complete(ASK))
        await asyncio.sleep(0)
        waiter = asyncio.create_task(cached.complete(ASK))
        await asyncio.sleep(0)
        leader.cancel()
        return await waiter

    assert asyncio.run(main()).text == "reply 2"
