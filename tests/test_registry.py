import pytest

from rubricate import registry
from rubricate.errors import DuplicateNameError, UnknownNameError


def test_a_second_registration_is_refused_and_the_same_object_is_not():
    def part():
        """A part."""

    registry.register("test-kind", "one")(part)
    registry.register("test-kind", "one")(part)
    with pytest.raises(DuplicateNameError, match="registered already"):
        registry.register("test-kind", "one")(lambda: None)
    assert registry.names("test-kind") == ["one"]


def test_unknown_names_list_the_known_and_the_near():
    registry.register("test-kind-2", "weighted_mean")(object())
    with pytest.raises(UnknownNameError, match="Did you mean 'weighted_mean'"):
        registry.lookup("test-kind-2", "weightd_mean")
