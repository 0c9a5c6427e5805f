"""Asking again: bounded, with the complaint, and every ending has its state."""

import asyncio

import pytest

from rubricate.errors import CallError, SettingError
from rubricate.llm import Problem, Reply, Request, ScriptedClient, ask
from rubricate.types import Message

REQUEST = Request((Message("user", "2 + 2?"),))


def number(reply):
    return int(reply.text) if reply.text.isdigit() else Problem("that is no whole number")


def run(rule, **settings):
    client = ScriptedClient(rule)
    return asyncio.run(ask(client, REQUEST, number, **settings))


def test_a_usable_reply_is_one_call():
    asked = run(lambda r: "4")
    assert (asked.result, asked.error, asked.attempts, asked.usage.calls) == (4, None, 1, 1)
    assert asked.unwrap() == 4


def test_the_complaint_and_the_reply_are_shown_before_the_second_try():
    seen = []

    def rule(request):
        seen.append([m.content for m in request.messages])
        return "four" if len(seen) == 1 else "4"

    assert run(rule).result == 4
    assert seen[1][1] == "four"
    assert "that is no whole number" in seen[1][2]


def test_tries_are_bounded_and_end_unreadable():
    asked = run(lambda r: "four", reasks=1)
    assert asked.result is None
    assert (asked.error.state, asked.attempts, asked.usage.calls, asked.error.raw) == ("unreadable", 2, 2, "four")
    with pytest.raises(CallError, match="no usable reply after 2 tries: that is no whole number"):
        asked.unwrap()


@pytest.mark.parametrize(
    ("finish", "state", "calls"),
    [("length", "truncated", 3), ("content_filter", "refused", 1), ("stop", "unreadable", 3)],
)
def test_how_the_reply_ended_is_the_state(finish, state, calls):
    asked = run(lambda r: Reply(("four",), (finish,)))
    assert (asked.error.state, asked.usage.calls) == (state, calls)


def test_a_failed_call_keeps_its_state_and_is_not_repeated():
    def rule(request):
        raise CallError("no answer", state="timed_out", attempts=4)

    asked = run(rule)
    assert (asked.error.state, asked.usage.calls, asked.attempts) == ("timed_out", 4, 1)


def test_a_negative_number_of_reasks_is_refused():
    with pytest.raises(SettingError, match="reasks=-1"):
        run(lambda r: "4", reasks=-1)
