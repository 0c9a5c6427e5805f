"""Text, lines, rows and atomic writes: bounded memory, exact places, nothing half written."""

import io
import json
import os
import stat
import sys
import tracemalloc
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rubricate.errors import DataError, MissingExtraError
from rubricate.files import append_line, dotted, json_line, parse_json, read_lines, read_rows, read_text, write_atomic


def test_text_drops_a_byte_order_mark(tmp_path):
    path = tmp_path / "a.txt"
    path.write_bytes(b"\xef\xbb\xbftea \xc3\xa9")
    assert read_text(path) == "tea é"


def test_bytes_that_are_not_utf8_are_named_with_line_and_position(tmp_path):
    path = tmp_path / "a.txt"
    path.write_bytes(b"\xef\xbb\xbfone\ntwo \xe9\n")
    with pytest.raises(DataError, match=r"a.txt:2: byte 0xe9 is not UTF-8 \(byte 5 of the line\).*Save the file"):
        read_text(path)
    with pytest.raises(DataError, match=r"a.txt:2: byte 0xe9"):
        list(read_lines(path))
    path.write_bytes("tea".encode("utf-16"))
    with pytest.raises(DataError, match="looks like UTF-16"):
        read_text(path)


@pytest.mark.parametrize("before", ["", "one\n", "one\nhalf a li", "half"])
def test_a_line_is_appended_after_whole_lines_only(tmp_path, before):
    path = tmp_path / "a.jsonl"
    path.write_text(before)
    append_line(path, "new é")
    append_line(path, "last")
    assert path.read_text() == "one\n" * before.startswith("one") + "new é\nlast\n"
    with pytest.raises(DataError, match="the folder does not exist"):
        append_line(tmp_path / "no" / "a", "x")


def test_missing_files_and_folders_say_so(tmp_path):
    (tmp_path / "rubric.yaml").write_text("x")
    with pytest.raises(DataError, match=r"rubrik.yaml: there is no such file. Did you mean 'rubric.yaml'"):
        read_text(tmp_path / "rubrik.yaml")
    with pytest.raises(DataError, match="this is a folder; expected a file"):
        read_text(tmp_path)
    with pytest.raises(DataError, match="this is a folder"):
        list(read_lines(tmp_path))
    (tmp_path / "b").write_text("four")
    with pytest.raises(DataError, match=r"larger than 3 bytes"):
        read_text(tmp_path / "b", max_bytes=3)


def test_lines_have_their_numbers_and_blank_ones_are_left_out(tmp_path):
    path = tmp_path / "a.jsonl"
    path.write_bytes("1\r\n\n  \n\u2028x\u0085\n4".encode())
    assert list(read_lines(path)) == [(1, "1"), (4, "\u2028x\u0085"), (5, "4")]


@pytest.mark.parametrize("ending", ["\n", "\r\n", ""])
def test_a_line_may_have_exactly_the_allowed_bytes(tmp_path, ending):
    path = tmp_path / "a.jsonl"
    path.write_bytes(b"ok\n" + b"x" * 10 + ending.encode())
    assert list(read_lines(path, max_bytes=10))[1] == (2, "x" * 10)
    with pytest.raises(DataError, match=r"a.jsonl:2: the line has \d+ bytes; expected at most 9 bytes"):
        list(read_lines(path, max_bytes=9))


def test_a_200_mb_line_is_refused_in_bounded_memory(tmp_path):
    path = tmp_path / "big.jsonl"
    with path.open("wb") as file:
        file.truncate(200 * 2**20)  # sparse: zero bytes, no line end
    tracemalloc.start()
    with pytest.raises(
        DataError, match=r"big.jsonl:1: the line has 209,715,200 bytes; expected at most 1,048,576 bytes"
    ):
        list(read_lines(path, max_bytes=2**20))
    assert tracemalloc.get_traced_memory()[1] < 20 * 2**20
    tracemalloc.stop()


def test_an_atomic_write_keeps_the_mode_and_leaves_nothing_behind(tmp_path):
    path = tmp_path / "a.txt"
    write_atomic(path, "one")
    assert stat.S_IMODE(path.stat().st_mode) == 0o666 & ~_umask()
    path.chmod(0o640)
    write_atomic(path, b"two")
    assert (path.read_bytes(), stat.S_IMODE(path.stat().st_mode)) == (b"two", 0o640)
    assert os.listdir(tmp_path) == ["a.txt"]


def test_a_failed_write_leaves_the_old_file(tmp_path, monkeypatch):
    path = tmp_path / "a.txt"
    path.write_text("old")

    def full(self, target):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", full)
    with pytest.raises(DataError, match=r"a.txt: cannot be written: No space left on device"):
        write_atomic(path, "new")
    assert path.read_text() == "old"
    assert os.listdir(tmp_path) == ["a.txt"]


def test_a_write_follows_a_link_and_needs_a_folder(tmp_path):
    target, link = tmp_path / "a.txt", tmp_path / "b.txt"
    target.write_text("old")
    link.symlink_to(target)
    write_atomic(link, "new")
    assert link.is_symlink()
    assert target.read_text() == "new"
    with pytest.raises(DataError, match="the folder does not exist"):
        write_atomic(tmp_path / "no" / "a.txt", "x")
    with pytest.raises(DataError, match=r"a folder|cannot be written"):
        write_atomic(tmp_path, "x")


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def test_json_errors_name_line_and_column():
    with pytest.raises(DataError, match=r"a.json:2: not JSON: Expecting ',' delimiter \(column 3\)"):
        parse_json('{"a": 1\n  "b": 2}', "a.json")
    with pytest.raises(DataError, match=r"a.jsonl:7: not JSON"):
        parse_json("{", "a.jsonl", 7)
    with pytest.raises(DataError, match="the key 'a' stands twice"):
        parse_json('{"a": 1, "a": 2}')
    with pytest.raises(DataError, match="nested too deeply"):
        parse_json("[" * 100_000)
    with pytest.raises(DataError, match="digits"):
        parse_json("9" * 5000)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=3), inner, max_size=4),
    max_leaves=12,
)


def _places(data, path=()):
    yield path
    parts = data.items() if isinstance(data, dict) else enumerate(data) if isinstance(data, list) else ()
    for name, part in parts:
        yield from _places(part, (*path, name))


@given(JSON)
def test_the_line_of_every_place_is_the_one_that_the_writer_gave_it(data):
    # An independent writer: one value per line, and its line number noted while writing.
    out, line_of = io.StringIO(), {}

    def write(value, path):
        line_of[path] = out.getvalue().count("\n") + 1
        if isinstance(value, dict) and value:
            out.write("{\n")
            for k, (name, part) in enumerate(value.items()):
                out.write(",\n" if k else "")
                out.write(json.dumps(name) + " : \n ")
                write(part, (*path, name))
            out.write("}")
        elif isinstance(value, list) and value:
            out.write("[\n")
            for k, part in enumerate(value):
                out.write(" ,\n" if k else "")
                write(part, (*path, k))
            out.write("]")
        else:
            out.write(json.dumps(value))

    write(data, ())
    text = out.getvalue()
    assert json.loads(text) == data
    assert {path: json_line(text, path) for path in _places(data)} == line_of
    assert json_line(text, ("nowhere",)) == 1  # a place that is not there: the deepest one that is


def test_places_as_text():
    assert dotted(("rubrics", 0, "criteria", 2, "weight")) == "rubrics[0].criteria[2].weight"
    assert dotted((3, "id")) == "[3].id"
    assert dotted(()) == ""


def test_rows_of_each_format_are_equal_and_know_their_place(tmp_path):
    rows = [{"id": "a", "text": "one\ntwo, three"}, {"id": "b", "text": 'say "x"'}]
    (tmp_path / "r.jsonl").write_text("\n\n".join(json.dumps(r) for r in rows))
    (tmp_path / "r.json").write_text(json.dumps(rows, indent=1))
    (tmp_path / "w.json").write_text(json.dumps({"rows": rows}, indent=1))
    (tmp_path / "r.csv").write_text('id,text\na,"one\ntwo, three"\n\nb,"say ""x"""\n')
    (tmp_path / "r.tsv").write_text('id\ttext\na\t"one\ntwo, three"\nb\t"say ""x"""\n')
    files = ["r.jsonl", "r.json", "w.json", "r.csv", "r.tsv"]
    found = {name: list(read_rows(tmp_path / name, key="rows")) for name in files}
    assert all([dict(row.data) for row in found[name]] == rows for name in files)
    places = {name: found[name][1].where("text").removeprefix(str(tmp_path) + "/") for name in files}
    assert places == {
        "r.jsonl": "r.jsonl:3: text",
        "r.json": "r.json:8: [1].text",
        "w.json": "w.json:9: rows[1].text",
        "r.csv": "r.csv:5: text",
        "r.tsv": "r.tsv:4: text",
    }


def test_parquet_rows(tmp_path):
    import pyarrow as pa
    import pyarrow.parquet as pq

    pq.write_table(pa.table({"id": ["a", "b"], "tags": [["x"], None]}), tmp_path / "r.parquet")
    rows = list(read_rows(tmp_path / "r.parquet"))
    assert [dict(r.data) for r in rows] == [{"id": "a", "tags": ["x"]}, {"id": "b", "tags": None}]
    assert rows[1].where("tags").endswith("r.parquet: row[1].tags")
    (tmp_path / "bad.parquet").write_text("no")
    with pytest.raises(DataError, match=r"bad.parquet: not Parquet"):
        list(read_rows(tmp_path / "bad.parquet"))


def test_parquet_without_pyarrow_names_the_extra(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(MissingExtraError, match=r"pip install 'rubricate\[export\]'"):
        list(read_rows(tmp_path / "r.parquet"))


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("a.jsonl", "{}\n[1]\n", r"a.jsonl:2: found a list of 1; expected a record"),
        ("a.json", "", "the file is empty"),
        ("a.json", "[{},\n 5]", r"a.json:2: \[1\]: found the number 5"),
        ("a.csv", "", "the file has no header"),
        ("a.csv", "a,a\n1,2\n", r"a.csv:1: the column 'a' stands twice"),
        ("a.csv", 'a,b\n1,2\n"x\ny",2,3\n', r"a.csv:3: the row has 3 cells; expected 2, as the header"),
        ("a.csv", 'a,b\n"x"y,2\n', r"a.csv:2: not CSV"),
        ("a.xml", "<a/>", r"the suffix '.xml' is not known; expected one of: .jsonl"),
    ],
)
def test_rows_that_are_none(tmp_path, name, text, message):
    (tmp_path / name).write_text(text)
    with pytest.raises(DataError, match=message):
        list(read_rows(tmp_path / name))
