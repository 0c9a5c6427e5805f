"""Plain data between processes: what goes in comes out, and nothing that comes in runs code."""

import json
import socket
import struct
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rubricate.verifiers.sandbox.inside import wire

leaves = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False)
    | st.text()
    | st.binary()
    | st.complex_numbers(allow_nan=False)
    | st.fractions()
    | st.decimals(allow_nan=False)
)
keys = st.integers() | st.text() | st.tuples(st.booleans(), st.binary())
values = st.recursive(
    leaves,
    lambda x: st.lists(x) | st.dictionaries(keys, x) | st.tuples(x, x) | st.sets(keys) | st.frozensets(keys),
    max_leaves=15,
)


def refuse(value):
    raise AssertionError(f"not plain: {value!r}")


@given(values)
def test_round_trip(value):
    data = json.loads(json.dumps(wire.pack(value, refuse)))
    back = wire.unpack(data, refuse)
    assert back == value
    assert type(back) is type(value)


def test_subclasses_are_what_they_are_built_on():
    class Always(int):
        def __eq__(self, other):
            return True

        __hash__ = int.__hash__
        __int__ = None

    class Loud(list):
        def __iter__(self):
            raise ValueError("no")

    back = wire.unpack(wire.pack([Always(3), Loud([1, 2])], refuse), refuse)
    assert [type(x) for x in back] == [int, list]
    assert back == [3, [1, 2]]
    assert wire.unpack(wire.pack(10**5000, refuse), refuse) == 10**5000
    assert wire.unpack(wire.pack([range(2, 9, 3), Fraction(1, 3), Decimal("1.10")], refuse), refuse)[0] == range(
        2, 9, 3
    )


def test_objects_are_handles_and_depth_is_bounded():
    assert wire.pack([object], lambda x: {"h": 7}) == [{"h": 7}]
    endless = []
    endless.append(endless)
    with pytest.raises(wire.WireError, match="deep"):
        wire.pack(endless, refuse)


@pytest.mark.parametrize(
    "data", [b"", b"\x00", struct.pack("=I", 1 << 31), struct.pack("=I", 3) + b"{x}", struct.pack("=I", 99) + b"1"]
)
def test_nonsense_on_the_line_is_an_error(data):
    here, there = socket.socketpair()
    with here, there:
        there.sendall(data)
        there.shutdown(socket.SHUT_WR)
        with pytest.raises((wire.WireError, EOFError)):
            wire.receive(here)


def test_large_messages_are_refused_on_both_sides():
    here, there = socket.socketpair()
    with here, there, pytest.raises(wire.WireError, match="MiB"):
        wire.send(here, "x" * (wire.MOST + 1))


@pytest.mark.parametrize("data", [{}, {"a": 1, "b": 2}, {"d": [[1]]}, {"q": "x/0"}, {"i": "zz"}])
def test_values_that_are_none_are_errors(data):
    with pytest.raises((wire.WireError, ValueError)):
        wire.unpack(data, lambda x: (_ for _ in ()).throw(wire.WireError("handle")))
