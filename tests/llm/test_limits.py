import asyncio

import pytest

from rubricate.errors import SettingError
from rubricate.llm.limits import Limits, LimitSettings, shared


def test_no_more_than_the_limit_is_in_flight_and_everybody_gets_a_turn():
    limits = Limits(LimitSettings(in_flight=3))
    seen = []

    async def one(k):
        await limits.enter()
        seen.append(limits.in_flight)
        await asyncio.sleep(0)
        limits.leave()
        return k

    async def main():
        return await asyncio.gather(*(one(k) for k in range(20)))

    assert asyncio.run(main()) == list(range(20))
    assert max(seen) == limits.peak == 3
    assert limits.in_flight == 0


def test_a_cancelled_waiter_gives_its_place_to_the_next():
    limits = Limits(LimitSettings(in_flight=1))

    async def main():
        await limits.enter()
        first, second = asyncio.create_task(limits.enter()), asyncio.create_task(limits.enter())
        await asyncio.sleep(0)
        first.cancel()
        limits.leave()
        await second
        return limits.in_flight

    assert asyncio.run(main()) == 1


def test_a_slot_granted_in_the_moment_of_cancelling_is_given_back():
    limits = Limits(LimitSettings(in_flight=1))

    async def main():
        await limits.enter()
        waiting = asyncio.create_task(limits.enter())
        await asyncio.sleep(0)
        limits.leave()  # grants the slot to the waiter
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
        return limits.in_flight

    assert asyncio.run(main()) == 0


def test_waiters_of_a_loop_that_ended_are_passed_over():
    limits = Limits(LimitSettings(in_flight=1))

    async def stuck():
        await limits.enter()
        asyncio.get_running_loop().create_task(limits.enter())
        await asyncio.sleep(0)

    loop = asyncio.new_event_loop()
    loop.run_until_complete(stuck())
    for task in asyncio.all_tasks(loop):
        task._log_destroy_pending = False
    loop.close()
    limits.leave()

    async def main():
        await limits.enter()
        return limits.in_flight

    assert asyncio.run(main()) == 1


def test_a_429_lowers_an_adaptive_limit_and_success_raises_it_again():
    limits = Limits(LimitSettings(in_flight=9))
    limits.throttled()
    limits.throttled()  # at most one cut a second
    assert limits.allowed == pytest.approx(6.0)
    for _ in range(100):
        limits.succeeded()
    assert limits.allowed == 9
    fixed = Limits(LimitSettings(in_flight=9, adaptive=False))
    fixed.throttled()
    assert fixed.allowed == 9


def test_the_pace_spreads_requests_and_tokens_over_the_minute():
    limits = Limits(LimitSettings(requests=600, tokens=6000))
    pauses = [limits._pace(100) for _ in range(3)]
    assert pauses[0] == pytest.approx(0.0, abs=0.01)
    assert pauses[1] == pytest.approx(1.0, abs=0.05)  # 100 tokens at 6,000 a minute
    assert pauses[2] == pytest.approx(2.0, abs=0.05)


def test_all_judges_share_the_limits_of_an_endpoint():
    a = shared("http://limits.test/v1", LimitSettings(in_flight=5))
    assert shared("http://limits.test/v1") is a
    assert shared("http://other.test/v1") is not a
    with pytest.raises(SettingError, match="positive"):
        LimitSettings(in_flight=0)
