import asyncio

import pytest

from rubricate.errors import BudgetError, CallError, SettingError
from rubricate.llm.calls import Calls, CallSettings
from rubricate.llm.client import Reply, Request
from rubricate.types import Message, Usage

ASK = Request((Message("user", "hello"),))


class Sequence:
    """A client that gives the listed outcomes one after the other, then the last one for ever."""

    def __init__(self, *outcomes, endpoint="test"):
        self.outcomes, self.asked, self.endpoint = list(outcomes), 0, endpoint

    async def complete(self, request):
        outcome = self.outcomes[min(self.asked, len(self.outcomes) - 1)]
        self.asked += 1
        if outcome == "hang":
            await asyncio.sleep(3600)
        if isinstance(outcome, CallError):
            raise outcome
        return Reply((outcome,), usage=Usage(1, 10, 5, 0.5))


def busy(after=0.0):
    return CallError("HTTP 429", status=429, retryable=True, retry_after=after)


def broken():
    return CallError("HTTP 500", status=500, retryable=True)


def ask(client, **settings):
    calls = Calls(client, CallSettings(backoff=0.001, **settings))
    return calls, lambda: asyncio.run(calls.complete(ASK))


def test_a_passing_fault_costs_no_reply_and_is_counted():
    client = Sequence(busy(), broken(), "fine")
    calls, go = ask(client)
    reply = go()
    assert reply.text == "fine"
    assert reply.usage.calls == 3
    assert calls.ledger.errors == {"http_429": 1, "http_500": 1}
    assert calls.ledger.usage.calls == 3


def test_a_stuck_call_is_tried_exactly_as_often_as_the_settings_say():
    client = Sequence(broken())
    _, go = ask(client, attempts=3)
    with pytest.raises(CallError) as caught:
        go()
    assert (client.asked, caught.value.attempts, caught.value.state) == (3, 3, "failed")


def test_what_is_not_retryable_is_asked_once():
    client = Sequence(CallError("HTTP 401", status=401))
    with pytest.raises(CallError, match="401"):
        ask(client)[1]()
    assert client.asked == 1


def test_a_hang_ends_at_the_timeout_with_its_state():
    client = Sequence("hang")
    with pytest.raises(CallError) as caught:
        ask(client, timeout=0.02, attempts=2)[1]()
    assert caught.value.state == "timed_out"
    assert client.asked == 2


def test_retry_after_beyond_the_deadline_is_not_waited_for():
    client = Sequence(busy(after=3600))
    with pytest.raises(CallError):
        ask(client, deadline=1.0)[1]()
    assert client.asked == 1


def test_a_sleeping_retry_holds_no_slot():
    client = Sequence(busy(after=0.05), "fine", endpoint="slots")
    calls, _ = ask(client)

    async def main():
        task = asyncio.create_task(calls.complete(ASK))
        await asyncio.sleep(0.01)
        sleeping = calls.limits.in_flight
        await task
        return sleeping

    assert asyncio.run(main()) == 0


def test_the_retry_budget_is_one_for_the_run():
    client = Sequence(broken())
    calls, go = ask(client, retry_start=2, retry_share=0.0, attempts=10)
    for _ in range(3):
        with pytest.raises(CallError):
            go()
    assert calls.ledger.retries == 2
    assert client.asked == 5


def test_the_breaker_opens_after_a_row_of_failures_and_nothing_more_is_sent():
    client = Sequence(broken())
    calls, go = ask(client, attempts=1, breaker=3)
    for _ in range(3):
        with pytest.raises(CallError):
            go()
    with pytest.raises(BudgetError, match="3 calls in a row failed"):
        go()
    assert client.asked == 3
    calls._open_until = 0.0  # the pause is over
    client.outcomes = ["fine"]
    assert go().text == "fine"


@pytest.mark.parametrize("cap", [{"max_calls": 2}, {"max_tokens": 30}, {"max_cost": 1.0}])
def test_caps_stop_the_run_before_the_call(cap):
    client = Sequence("fine")
    _, go = ask(client, **cap)
    go(), go()
    with pytest.raises(BudgetError, match=next(iter(cap))):
        go()
    assert client.asked == 2


def test_the_run_deadline_stops_everything():
    calls, go = ask(Sequence("fine"), run_deadline=0.0)
    calls.ledger.started -= 1
    with pytest.raises(BudgetError) as caught:
        go()
    assert caught.value.state == "timed_out"


def test_settings_are_checked():
    with pytest.raises(SettingError):
        CallSettings(attempts=0)
