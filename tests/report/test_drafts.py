"""The screen after generating: counts worked out by hand, reasons grouped, nothing of a model moves the cursor."""

import io

from rich.console import Console

from rubricate.generate import Draft, Dropped
from rubricate.report.drafts import ROWS, print_drafts, reason_kind
from rubricate.rubrics import Rubric
from rubricate.types import Usage

RUBRIC = Rubric(id="a", criteria=[{"id": "c1", "text": "Names a source."}, {"id": "c2", "text": "Gives a number."}])
DRAFTS = {
    "a": Draft(RUBRIC, (Dropped("Is it.", "it holds '42' of the reference"),), Usage(2, 100, 20, 0.5), notes=("n1",)),
    "b": Draft(None, (Dropped("Is it 7.", "it holds '7' of the reference"), Dropped("X", "it is generic")),
               Usage(1, 50, 10), "0 criteria were kept, and 1 are wanted"),
}  # fmt: skip


def shown(drafts, **settings):
    out = io.StringIO()
    print_drafts(drafts, console=Console(file=out, width=100), **settings)
    return [line.rstrip() for line in out.getvalue().splitlines()]


def test_the_table_by_hand():
    lines = shown(DRAFTS)
    assert lines[0].split() == ["rubric", "criteria", "dropped", "calls", "why", "there", "is", "none"]
    assert lines[2].split() == ["a", "2", "1", "2"]
    assert lines[3].split(maxsplit=4) == ["b", "–", "2", "1", "0 criteria were kept, and 1 are wanted"]
    assert "rubrics   1 of 2 made" in lines
    assert "criteria  2 kept, 3 dropped" in lines
    assert "cost      3 calls, 150 tokens in, 30 out, 0.5" in lines
    assert [line.strip() for line in lines[-2:]] == ["2  it holds '...' of the reference", "1  it is generic"]
    assert not any("→" in line for line in lines)


def test_a_lint_rule_is_said_in_words():
    reasons = ("R302-overlap: shares 71% of its words", "R302-overlap: shares 80% of its words")
    lines = shown({"x": Draft(RUBRIC, tuple(Dropped("t", reason) for reason in reasons))})
    assert lines[-1].strip() == "2  R302-overlap: Two criteria share at least 70% of their content words."


def test_one_by_one_on_request():
    lines = [line.strip() for line in shown(DRAFTS, lines=True)]
    assert "dropped  Is it." in lines
    assert "→ it holds '42' of the reference" in lines
    assert "note     n1" in lines


def test_of_many_rubrics_those_without_one_come_first():
    many = {f"r{k}": DRAFTS["a"] for k in range(ROWS + 5)} | {"bad": DRAFTS["b"]}
    lines = shown(many)
    assert lines[2].startswith("bad")
    assert "and 6 more" in lines
    assert "rubrics   35 of 36 made" in lines


def test_what_a_model_wrote_is_shown_without_control_characters():
    said = "\n".join(
        shown({"x": Draft(None, (Dropped("a\x1b[2Jb", "it is\x07 generic"),), why="no\x1b[31m")}, lines=True)
    )
    assert "\x1b" not in said
    assert "\x07" not in said


def test_kinds_of_reasons():
    assert reason_kind("its class is 'a', not one of x, y") == reason_kind("its class is 'b', not one of x, y")
    assert reason_kind('it holds "don\'t 3" of the reference') == "it holds '...' of the reference"
    assert reason_kind("R302-overlap: shares 71%") == "R302-overlap"
