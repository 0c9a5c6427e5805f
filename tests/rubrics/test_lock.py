import json
import os
import subprocess
import sys

import pytest

from rubricate.errors import DataError, LockError
from rubricate.rubrics import Rubric
from rubricate.rubrics.lock import check_lock, lock, read_lock, unlock, write_lock

SCRIPT = """
import json, random, sys
from rubricate.rubrics import Rubric
from rubricate.rubrics.lock import lock
def shuffled(x):
    if isinstance(x, dict):
        keys = list(x); random.Random(int(sys.argv[1])).shuffle(keys)
        return {k: shuffled(x[k]) for k in keys}
    return [shuffled(v) for v in x] if isinstance(x, list) else x
print(lock(Rubric.model_validate(shuffled(json.loads(sys.stdin.read())))).locked)
"""


def test_lock_and_unlock(tea):
    locked = lock(tea)
    assert locked.locked == tea.digest == locked.digest
    check_lock(locked)
    assert unlock(locked) == tea
    check_lock(tea)


def test_a_changed_locked_rubric_is_refused_until_it_is_locked_again(tea):
    changed = lock(tea).model_copy(update={"policy": tea.policy.model_copy(update={"name": "prbench"})})
    with pytest.raises(LockError, match="was changed"):
        check_lock(changed)
    check_lock(lock(changed))
    check_lock(lock(tea).model_copy(update={"notes": "bookkeeping may change"}))


def test_with_a_lock_file_the_error_names_what_differs(tea, tmp_path):
    path = tmp_path / "rubrics.lock"
    write_lock(tea, path)
    check_lock(tea, path)
    check_lock(tea, read_lock(path))
    data = tea.model_dump()
    data["criteria"][0]["weight"] = 5
    data["criteria"][1]["id"] = "minutes"
    with pytest.raises(LockError) as caught:
        check_lock(Rubric.model_validate(data), path)
    text = str(caught.value)
    assert "warm.weight was 2, is 5" in text
    assert "minutes was added; time was removed" in text
    assert tea.digest in text


def test_an_order_that_changed_is_named(tea, tmp_path):
    write_lock(tea, tmp_path / "l")
    turned = tea.model_copy(update={"criteria": tea.criteria[::-1]})
    with pytest.raises(LockError, match="the order of the criteria"):
        check_lock(turned, tmp_path / "l")


def test_the_locked_rubric_of_a_file_is_checked_too(tea, tmp_path):
    write_lock(tea, tmp_path / "l")
    with pytest.raises(LockError, match="expected the digest 0000"):
        check_lock(tea.model_copy(update={"locked": "0000"}), tmp_path / "l")
    with pytest.raises(LockError, match="not in the lock file"):
        check_lock(tea.model_copy(update={"id": "coffee"}), tmp_path / "l")


def test_many_differences_are_counted(tea, tmp_path):
    write_lock(tea, tmp_path / "l")
    other = Rubric(id="tea", criteria=[{"id": f"x{k}", "text": "X."} for k in range(9)])
    with pytest.raises(LockError, match="and 7 more"):
        check_lock(other, tmp_path / "l")


def test_lock_files_hold_several_rubrics_and_are_stable(tea, tmp_path):
    other = tea.model_copy(update={"id": "other"})
    write_lock([tea, other], tmp_path / "one")
    write_lock([other, tea], tmp_path / "two")
    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()
    assert set(read_lock(tmp_path / "one")) == {"tea", "other"}
    with pytest.raises(LockError, match="stands twice"):
        write_lock([tea, tea], tmp_path / "three")
    assert not (tmp_path / "three").exists()


@pytest.mark.parametrize(
    "text", ["{}", "[]", '{"format": "rubricate-lock/1", "rubrics": {"a": {"digest": "x"}}}',
             '{"format": "rubricate-lock/1", "rubrics": {"a": {"digest": "x", "canonical": {}}}}'],
)  # fmt: skip
def test_a_broken_lock_file_is_refused(tmp_path, text):
    (tmp_path / "l").write_text(text)
    with pytest.raises(DataError):
        read_lock(tmp_path / "l")


def test_digests_agree_across_processes_hash_seeds_and_key_orders(tea):
    data = tea.model_dump(mode="json") | {"dimension_weights": {"b": 0.5, "a": 0.5}}
    data["policy"]["settings"] = {"clip": "example", "missing": "raise"}
    found = {
        subprocess.run(
            [sys.executable, "-c", SCRIPT, str(seed)],
            input=json.dumps(data),
            env={**os.environ, "PYTHONHASHSEED": str(seed)},
            capture_output=True,
            text=True,
            check=True,
        ).stdout.strip()
        for seed in (1, 2)
    }
    assert found == {Rubric.model_validate(data).digest}
    data["criteria"][0]["weight"] += 1e-9
    assert Rubric.model_validate(data).digest not in found
