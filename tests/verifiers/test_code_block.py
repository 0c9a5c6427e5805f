import pytest

from rubricate.errors import SettingError
from rubricate.verifiers.code_block import code_of, fences

TEXT = "Try\n```python\na = 1\n```\nor\n````\n```python\nx\n```\n````\nthen\n~~~PY\nlonger = 2\n~~~\n```sql\nSELECT 1\n```\n"


def test_fences_are_read_in_order():
    assert [n for n, _ in fences(TEXT)] == ["python", "", "py", "sql"]
    assert fences(TEXT)[1][1] == "```python\nx\n```\n"
    assert fences("```python\nx = 1") == [("python", "x = 1")]
    assert fences("no fence") == []
    assert fences("```python title=x\ny\n```") == [("python", "y\n")]


@pytest.mark.parametrize(
    ("block", "code"),
    [("last", "longer = 2\n"), ("first", "a = 1\n"), ("longest", "longer = 2\n"), ("all", "a = 1\n\nlonger = 2\n")],
)
def test_which_block(block, code):
    assert code_of(TEXT, ("python", "py"), block) == code


def test_blocks_without_a_language_serve_when_none_has_the_right_one():
    assert code_of("```\nx\n```", ("python",)) == "x\n"
    assert code_of("```java\nx\n```", ("python",)) == ""
    assert code_of("x = 1", ("python",)) == "x = 1"
    with pytest.raises(SettingError, match="block"):
        code_of("x", ("python",), "best")


@pytest.mark.parametrize("piece", ["```\n", "~~~", "```python\n", "`", "\n"])
def test_a_hostile_text_is_read_in_one_pass(piece):
    assert len(fences(piece * 50_000)) <= 50_000
