import asyncio
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rubricate.llm.http1 import HEAD_BYTES, Connection, Refused, dechunk


class Echo:
    """Answers with what it was sent; ``/later`` after the timer of the test says so."""

    def __init__(self, max_bytes=1000):
        self.max_bytes, self.waiting, self.open, self.seen = max_bytes, [], set(), 0

    def opened(self, connection):
        self.open.add(connection)

    def lost(self, connection):
        self.open.discard(connection)

    def handle(self, connection, incoming):
        self.seen += 1
        body = json.dumps([incoming.method, incoming.path, incoming.body.decode()]).encode()
        if incoming.path == "/later":
            self.waiting.append(lambda: connection.send(200, body))
        elif incoming.path == "/drop":
            connection.drop()
        else:
            connection.send(200, body, b"X-Seen: %d\r\n" % self.seen)

    def refuse(self, connection, status, message):
        connection.send(status, message.encode(), last=True)


def serve(work, **settings):
    """Run ``work(app, reader, writer)`` against a real socket; afterwards nothing is left open."""

    async def main():
        app = Echo(**settings)
        server = await asyncio.get_running_loop().create_server(lambda: Connection(app), "127.0.0.1", 0)
        reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
        try:
            return await asyncio.wait_for(work(app, reader, writer), 10)
        finally:
            writer.close()
            server.close()
            while app.open:
                await asyncio.sleep(0)
            await server.wait_closed()

    return asyncio.run(main())


async def response(reader, body=True):
    head = (await reader.readuntil(b"\r\n\r\n")).decode()
    length = int(head.lower().split("content-length: ")[1].split("\r\n")[0])
    return int(head.split()[1]), head, (await reader.readexactly(length)).decode() if body else ""


def post(path="/", body=b"", *headers):
    lines = [f"POST {path} HTTP/1.1", "Host: x", f"Content-Length: {len(body)}", *headers, "", ""]
    return "\r\n".join(lines).encode() + body


def chunked(body, size):
    pieces = [body[k : k + size] for k in range(0, len(body), size)]
    return b"".join(b"%x\r\n%b\r\n" % (len(p), p) for p in pieces) + b"0\r\n\r\n"


def test_a_connection_is_kept_for_the_next_request():
    async def work(app, reader, writer):
        for k in range(3):
            writer.write(post(f"/{k}?x=1", b"abc"))
            status, head, body = await response(reader)
            assert (status, json.loads(body)) == (200, ["POST", f"/{k}", "abc"])
            assert f"\r\nX-Seen: {k + 1}\r\n" in head
        return len(app.open)

    assert serve(work) == 1


def test_bytes_may_come_one_by_one():
    async def work(app, reader, writer):
        for byte in post("/slow", b"body"):
            writer.write(bytes([byte]))
            await writer.drain()
            await asyncio.sleep(0)
        return (await response(reader))[2]

    assert serve(work) == json.dumps(["POST", "/slow", "body"])


def test_pipelined_requests_are_answered_in_order():
    async def work(app, reader, writer):
        writer.write(post("/later", b"1") + post("/now", b"2") + post("/later", b"3") + post("/now", b"4"))
        got = []
        for _ in range(2):
            while not app.waiting:
                await asyncio.sleep(0)
            app.waiting.pop()()
            got += [(await response(reader))[2] for _ in range(2)]
        return [json.loads(text)[2] for text in got]

    assert serve(work) == ["1", "2", "3", "4"]


def test_a_client_that_sends_far_ahead_is_held_back():
    async def work(app, reader, writer):
        one = post("/now", b"x" * 900)
        count = 4 * HEAD_BYTES // len(one)
        writer.write(post("/later") + one * count)
        (connection,) = app.open
        while connection.transport.is_reading():
            await asyncio.sleep(0)
        held = app.seen
        app.waiting.pop()()
        for _ in range(count + 1):
            assert (await response(reader))[0] == 200
        return held, app.seen == count + 1

    assert serve(work) == (1, True)


@pytest.mark.parametrize("size", [1, 3, 1000])
def test_chunked_bodies(size):
    async def work(app, reader, writer):
        head = b"POST /c HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n"
        writer.write(head + chunked(b"0123456789", size) + post("/next", b"n"))
        return [(await response(reader))[2] for _ in range(2)]

    assert serve(work) == [json.dumps(["POST", "/c", "0123456789"]), json.dumps(["POST", "/next", "n"])]


@given(st.binary(max_size=200), st.integers(1, 50), st.binary(max_size=20), st.data())
def test_dechunk_finds_the_body_only_when_it_is_whole(body, size, after, data):
    sent = chunked(body, size)
    assert dechunk(sent + after, 0, 200) == (body, len(sent))
    cut = data.draw(st.integers(0, len(sent) - 1))
    assert dechunk(sent[:cut], 0, 200) is None


def test_dechunk_skips_extensions_and_trailers_and_refuses_the_rest():
    assert dechunk(b"3;name=x\r\nabc\r\n0\r\nSum: 1\r\n\r\nrest", 0, 9) == (b"abc", 28)
    for bad in (b"\r\n", b"abcg\r\n", b"-3\r\n", b"x" * (HEAD_BYTES + 1)):
        with pytest.raises(Refused):
            dechunk(bad, 0, 9)
    with pytest.raises(Refused) as caught:
        dechunk(b"a\r\n", 0, 9)
    assert caught.value.status == 413


def test_expect_100_continue():
    async def work(app, reader, writer):
        whole = post("/big", b"x" * 10, "Expect: 100-continue")
        writer.write(whole[:-10])
        assert await reader.readuntil(b"\r\n\r\n") == b"HTTP/1.1 100 Continue\r\n\r\n"
        writer.write(whole[-10:-5])
        await writer.drain()
        writer.write(whole[-5:])
        return (await response(reader))[2]

    assert serve(work) == json.dumps(["POST", "/big", "x" * 10])


def test_head_gets_the_headers_alone():
    async def work(app, reader, writer):
        writer.write(b"HEAD /h HTTP/1.1\r\n\r\n" + post("/p"))
        first = await response(reader, body=False)
        return first[0], "Content-Length: 18" in first[1], (await response(reader))[2]

    assert serve(work) == (200, True, json.dumps(["POST", "/p", ""]))


@pytest.mark.parametrize(
    ("request_", "closes"),
    [
        (b"GET / HTTP/1.1\r\n\r\n", False),
        (b"GET / HTTP/1.1\r\nConnection: Close\r\n\r\n", True),
        (b"GET / HTTP/1.0\r\n\r\n", True),
        (b"GET / HTTP/1.0\r\nconnection: keep-alive\r\n\r\n", False),
    ],
)
def test_who_closes(request_, closes):
    async def work(app, reader, writer):
        writer.write(request_)
        _, head, _ = await response(reader)
        if not closes:
            writer.write(request_)
            assert (await response(reader))[0] == 200
        else:
            assert await reader.read() == b""
        return "Connection: close" in head

    assert serve(work) is closes


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (b"nonsense\r\n\r\n", 400),
        (b"GET / SPDY/3\r\n\r\n", 400),
        (b"POST / HTTP/1.1\r\nContent-Length: ten\r\n\r\n", 400),
        (b"POST / HTTP/1.1\r\nContent-Length: -1\r\n\r\n", 400),
        (b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n", 400),
        (b"POST / HTTP/1.1\r\nContent-Length: 1001\r\n\r\n", 413),
        (b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n3e9\r\n", 413),
        (b"GET / HTTP/1.1\r\nX: " + b"x" * HEAD_BYTES, 431),
    ],
)
def test_what_cannot_be_handled_is_refused_and_the_connection_ends(sent, status):
    async def work(app, reader, writer):
        writer.write(sent)
        got = await response(reader)
        assert await reader.read() == b""
        return got[0], app.seen

    assert serve(work) == (status, 0)


def test_a_refused_client_that_goes_on_sending_still_gets_its_answer():
    async def work(app, reader, writer):
        writer.write(post("/", b"x" * 1_000_000))
        await writer.drain()
        got = await response(reader)
        return got[0], await reader.read()

    assert serve(work) == (413, b"")


def test_drop_ends_the_connection_without_a_word():
    async def work(app, reader, writer):
        writer.write(post("/drop"))
        return await reader.read()

    assert serve(work) == b""


def test_what_waits_is_cancelled_when_the_client_leaves():
    class Waiting:
        cancelled = False

        def cancel(self):
            self.cancelled = True

    async def work(app, reader, writer):
        writer.write(post("/later"))
        while not app.waiting:
            await asyncio.sleep(0)
        (connection,) = app.open
        connection.pending = waiting = Waiting()
        writer.close()
        while app.open:
            await asyncio.sleep(0)
        return waiting.cancelled

    assert serve(work)
