import asyncio
import multiprocessing
import threading

import pytest

from rubricate.llm.sync import run_sync


async def double(x):
    await asyncio.sleep(0)
    return 2 * x


def in_child(queue):
    queue.put(run_sync(double(21)))


def test_from_a_script_a_running_loop_and_threads():
    assert run_sync(double(1)) == 2

    async def notebook():
        return run_sync(double(2))

    assert asyncio.run(notebook()) == 4
    found = []
    threads = [threading.Thread(target=lambda k=k: found.append(run_sync(double(k)))) for k in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(found) == [0, 2, 4, 6, 8, 10, 12, 14]


def test_errors_come_through():
    async def bad():
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        run_sync(bad())


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_in_a_forked_worker():
    run_sync(double(1))
    context = multiprocessing.get_context("fork")
    queue = context.Queue()
    child = context.Process(target=in_child, args=(queue,))
    child.start()
    assert queue.get(timeout=20) == 42
    child.join()
