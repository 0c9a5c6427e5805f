from dataclasses import dataclass, field

import pytest

from rubricate import registry
from rubricate.errors import DuplicateNameError, SettingError, UnknownNameError


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


@dataclass(frozen=True)
class Kettle:
    """A kettle."""

    litres: float
    colours: tuple = ()
    lid: bool = True
    parts: list = field(default_factory=list)


registry.register("kettle", "plain")(Kettle)
registry.register("kettle", "shop/plain")(Kettle)


def test_a_line_describes_a_part_with_settings_and_one_inside():
    found = registry.described("kettle", "plain:litres=1.5,colours=red,lid=no/other:k=2/third")
    assert found == ("plain", Kettle, {"litres": 1.5, "colours": ("red",), "lid": False}, "other:k=2/third")
    assert registry.described("kettle", "plain:colours=red+blue").settings == {"colours": ("red", "blue")}
    assert registry.settings_of(Kettle) == {"litres": ..., "colours": (), "lid": True, "parts": []}
    assert registry.settings_of(len) == {}


def test_a_plugin_s_name_may_hold_a_slash():
    found = registry.described("kettle", "shop/plain:litres=2/inside")
    assert (found.name, found.settings, found.inside) == ("shop/plain", {"litres": 2}, "inside")


@pytest.mark.parametrize("text", ["plain:size=3", "plain:litres", "plain:3"])
def test_unknown_settings_list_the_known(text):
    with pytest.raises(SettingError, match=r"plain takes no setting .*'colours', 'lid', 'litres', 'parts'"):
        registry.described("kettle", text)
    with pytest.raises(UnknownNameError, match="one of: plain, shop/plain"):
        registry.described("kettle", "round")
