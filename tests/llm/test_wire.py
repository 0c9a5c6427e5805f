import json

import pytest

from rubricate.llm.client import Reply, Request, Token
from rubricate.llm.http import _body
from rubricate.llm.wire import REFUSAL, chat_body, error_body, read_chat
from rubricate.types import Message, Usage

ASKED = Request((Message("system", "s"), Message("user", "u é")), model="m")


def sent(**fields) -> bytes:
    return json.dumps({"model": "m", "messages": [{"role": "user", "content": "hi"}], **fields}).encode()


@pytest.mark.parametrize(
    "more",
    [
        {},
        {"temperature": None, "max_tokens": 5, "seed": 3},
        {"n": 3, "top_logprobs": 5, "stop": ("a", "b")},
        {"schema": '{"type": "object"}'},
        {"extra": (("chat_template_kwargs", {"enable_thinking": False}), ("top_k", 1))},
    ],
)
def test_what_the_http_client_sends_is_read_back(more):
    request = Request(ASKED.messages, "m", **more)
    read = read_chat(json.dumps(_body(request, "m", "json_schema")).encode())
    assert read == request
    assert read.key() == request.key()


def test_other_forms_of_the_same():
    read = read_chat(
        sent(stop="x", messages=[{"role": "user", "content": [{"type": "text", "text": "a"}, {"text": "b"}]}])
    )
    assert (read.stop, read.messages) == (("x",), (Message("user", "ab"),))
    assert read_chat(sent(messages=[{"role": "assistant", "content": None}])).messages[0].content == ""
    assert read_chat(sent(logprobs=True)).top_logprobs == 1
    assert read_chat(sent(response_format={"type": "json_object"})).extra == (
        ("response_format", {"type": "json_object"}),
    )


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"{", "Expecting"),
        (b"\xff", "utf-8"),
        (b"[]", "messages"),
        (b'{"messages": []}', "messages"),
        (sent(messages=["hi"]), "role"),
        (sent(messages=[{"content": "hi"}]), "role"),
        (sent(messages=[{"role": "user", "content": 3}]), "content"),
        (sent(n=0.5), "'n' is 0.5"),
        (sent(n=1000), "from 1 to 128"),
        (sent(stream=True), "stream"),
    ],
)
def test_what_cannot_be_read_is_said(body, words):
    with pytest.raises(ValueError, match=words):
        read_chat(body)


def test_a_reply_in_the_shape_of_openai():
    reply = Reply(("a", "b"), ("stop", "length"), "m", Usage(1, 7, 2))
    data = json.loads(chat_body(reply, ASKED, 5))
    assert data.pop("created") > 1_700_000_000
    assert data == {
        "id": "chatcmpl-5",
        "object": "chat.completion",
        "model": "m",
        "choices": [
            {"index": 0, "message": {"role": "assistant", "content": "a"}, "finish_reason": "stop"},
            {"index": 1, "message": {"role": "assistant", "content": "b"}, "finish_reason": "length"},
        ],
        "usage": {"prompt_tokens": 7, "completion_tokens": 2, "total_tokens": 9},
    }


def test_log_probabilities_come_when_asked_for_and_there():
    token = Token("met", -0.25, (("met", -0.25), ("not", -1.5), ("maybe", -4.0)))
    asked = Request(ASKED.messages, top_logprobs=2)
    choices = json.loads(chat_body(Reply(("met", "x"), tokens=((token,), ())), asked, 1))["choices"]
    top = [{"token": "met", "logprob": -0.25}, {"token": "not", "logprob": -1.5}]
    assert choices[0]["logprobs"] == {"content": [{"token": "met", "logprob": -0.25, "top_logprobs": top}]}
    assert choices[1]["logprobs"] is None
    assert choices[1]["finish_reason"] == "stop"


def test_a_refusal_has_no_content():
    choice = json.loads(chat_body(Reply(("",), ("content_filter",)), ASKED, 1))["choices"][0]
    assert choice["message"] == {"role": "assistant", "content": None, "refusal": REFUSAL}


def test_errors_have_a_type():
    kinds = {s: json.loads(error_body(s, "why"))["error"]["type"] for s in (400, 401, 429, 500, 503)}
    assert list(kinds.values()) == [
        "invalid_request_error", "authentication_error", "rate_limit_error", "server_error", "server_error",
    ]  # fmt: skip
    assert json.loads(error_body(401, "why", "code"))["error"]["code"] == "code"
