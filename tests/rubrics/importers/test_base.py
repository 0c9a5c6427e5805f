"""What importers share: fields with places in errors, ids from content, the way from a file to records."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rubricate import registry
from rubricate.errors import DataError, RubricError, UnknownNameError
from rubricate.rubrics.importers import Fields, Imported, import_file, importer
from rubricate.rubrics.importers.base import build, content_ids, named_ids

NAMES = [
    "autorubric_lib", "biggen", "deepresearch_bench", "deepresearch_bench_2", "healthbench", "llm_rubric",
    "openai_graders", "prbench", "prometheus", "rar", "researcherbench", "researchrubrics", "rubric_lib", "sedareval",
    "writingbench",
]  # fmt: skip


def test_all_formats_are_registered():
    assert set(NAMES) <= set(registry.names("importer"))


def test_fields_say_what_is_wrong_and_where():
    fields = Fields({"a": {"texts": [1]}, "b": "", "n": float("nan"), "k": True, "l": []})
    for read, message in [
        (lambda: fields.text("aa"), r"'aa' is missing; expected the field 'aa' \(there are: a, b, n, k, l\)"),
        (lambda: fields.number("n"), "'n' is missing"),
        (lambda: fields.number("k"), "k: found true; expected a finite number"),
        (lambda: fields.text("b"), "b: found empty text; expected text"),
        (lambda: fields.table("a").texts("texts"), r"a.texts: found a list of 1; expected a list of text"),
        (lambda: fields.table("a").tables("texts"), r"a.texts\[0\]: found the number 1; expected a table of fields"),
        (lambda: fields.tables("l"), "l: found a list of 0; expected a list with at least one entry"),
        (lambda: Fields(5, "x"), "x: found the number 5"),
    ]:
        with pytest.raises(DataError, match=message):
            read()


def test_what_was_not_read_is_left_over():
    fields = Fields({"a": 1, "b": None, "c": 2, "d": ""})
    fields.number("a")
    assert fields.rest() == {"c": 2, "d": ""}


@given(st.lists(st.text(max_size=5), min_size=1, max_size=8), st.data())
def test_content_ids_are_unique_and_do_not_depend_on_the_others(texts, data):
    ids = content_ids(texts)
    assert len(set(ids)) == len(texts)
    distinct = list(dict.fromkeys(texts))
    table = dict(zip(distinct, content_ids(distinct), strict=True))
    order = data.draw(st.permutations(distinct))
    kept = order[: data.draw(st.integers(1, len(order)))]
    assert content_ids(kept) == [table[text] for text in kept]


def test_ids_by_position_would_move():
    # The negative control: numbering gives a text another id when a row before it goes.
    def numbered(texts):
        return dict(zip(texts, (f"c{k}" for k in range(len(texts))), strict=True))

    assert numbered(["one", "two"])["two"] != numbered(["two"])["two"]
    assert content_ids(["one", "two"])[1] == content_ids(["two"])[0]


def test_ids_from_names_fall_back_to_the_content():
    assert named_ids(["A b", "C"], ["x", "y"]) == ["a-b", "c"]
    assert named_ids(["A", "a"], ["x", "y"]) == named_ids(["", "a"], ["x", "y"]) == content_ids(["x", "y"])


def test_a_file_of_a_plugin_and_errors_with_file_line_and_field(tmp_path):
    @importer("test/base")
    def plugin(record, *, weight=1.0):
        fields = Fields(record)
        criteria = [{"id": "a", "text": fields.text("text"), "weight": weight}]
        return Imported(build({"id": fields.name("id"), "criteria": criteria}))

    path = tmp_path / "x.jsonl"
    path.write_text('{"id": 1, "text": "t"}\n\n{"id": 2, "txt": "t"}\n')
    with pytest.raises(DataError, match=r"x.jsonl:3: 'text' is missing; .*Did you mean 'txt'"):
        import_file("test/base", path)
    path.write_text('{"id": 1, "text": "t"}\n')
    assert import_file("test/base", path, weight=2.0)[0].rubric.criteria[0].weight == 2.0
    with pytest.raises(
        RubricError, match=r"x.jsonl:1: criteria\[0\].weight: found the text 'heavy'; expected a number"
    ):
        import_file("test/base", path, weight="heavy")
    path.write_text("\n")
    with pytest.raises(DataError, match=r"x.jsonl: there is no record; expected records in the format 'test/base'"):
        import_file("test/base", path)
    with pytest.raises(UnknownNameError, match=r"unknown importer 'healthbnech'.*Did you mean 'healthbench'"):
        import_file("healthbnech", path)


@pytest.mark.parametrize("name", NAMES)
def test_an_empty_record_is_an_error_and_never_a_default(name):
    with pytest.raises(DataError, match="is missing"):
        registry.lookup("importer", name)({})
