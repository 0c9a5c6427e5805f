import pytest
from hypothesis import given
from hypothesis import strategies as st

from rubricate.errors import SettingError, UnknownNameError
from rubricate.llm.prompts import fence_name, fenced, fill, prompt_digest, template


def test_filling_is_one_pass():
    assert fill("$a and $b", {"a": "$b", "b": "$a"}) == "$b and $a"
    with pytest.raises(SettingError, match=r"\$missing"):
        fill("$missing", {})


@given(st.text(max_size=200), st.text(max_size=8))
def test_no_text_can_close_its_own_fence(text, secret):
    name = fence_name(text, secret)
    assert name not in text
    assert name == fence_name(text, secret)
    assert f"</{name}>" not in fenced("response", text, name).removesuffix(f"</{name}>")


def test_a_text_that_holds_its_fence_gets_another():
    first = fence_name("x")
    assert fence_name("x" + first) not in "x" + first


def test_templates_are_packaged_and_unknown_ones_list_the_known():
    assert "$fields" in template("judge")
    with pytest.raises(UnknownNameError, match="judge"):
        template("jugde")
    assert prompt_digest("a", "b") != prompt_digest("ab")
