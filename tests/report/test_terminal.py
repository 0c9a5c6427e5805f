import io

import pytest
from rich.console import Console

from rubricate.report import terminal
from rubricate.rubrics import Rubric
from rubricate.types import State, Usage, Verdict


def shown(renderable, width=100, **settings):
    out = io.StringIO()
    Console(file=out, width=width, **settings).print(renderable)
    return out.getvalue()


def printed(fn, *args, width=100):
    out = io.StringIO()
    fn(*args, console=Console(file=out, width=width))
    return out.getvalue()


def cells(text, first):
    """The words of the line that begins with ``first``."""
    return next(line.split() for line in text.splitlines() if line.split()[:1] == [first])


def test_the_summary_by_hand(run):
    text = printed(terminal.print_summary, run)
    assert cells(text, "warm") == ["warm", "█████·····", "50", "%", "4", "1", "3"]
    assert cells(text, "microwave")[-3:] == ["bad", "if", "met"]
    assert "16 asked for, 62 % with a value; 1 abstained; 1 unreadable" in text
    assert "mean 0.342, SD 0.623, −0.667 to 1.000; 1 without: verdicts are missing" in " ".join(text.split())
    assert cells(text, "a2") == ["a2", "one", "0.125", "█·········", "0"]
    assert cells(text, "b2") == ["b2", "two", "–", "3", "verdicts", "are", "missing"]


def test_many_rewards_are_not_listed(make, mixed, sample):
    result = make(mixed, [(sample(f"s{k}"), (1, 3, 0)) for k in range(terminal.FEW + 1)])
    text = printed(terminal.print_summary, result)
    assert "s1" not in text
    assert text.count("no gradient") == 3


def test_cost_is_shown_where_calls_were_made(make, mixed, sample):
    paid = Verdict("warm", State.SCORED, 1.0, usage=Usage(1, 1200, 30, 0.02, 1.0))
    text = printed(terminal.print_summary, make(mixed, [(sample("x"), (paid, 3, 0))]))
    assert cells(text, "cost") == ["cost", "1", "call,", "1,200", "tokens", "in,", "30", "out,", "0.02"]


def test_an_explanation_by_hand(run):
    text = printed(terminal.print_explanation, run, "a3")
    assert "a3  reward −0.667" in text
    assert cells(text, "clear")[:4] == ["clear", "unreadable", "1", "–"]
    assert cells(text, "microwave")[:4] == ["microwave", "met", "−2", "−0.667"]
    assert "b2  no reward: verdicts are missing" in printed(terminal.print_explanation, run, "b2")


def test_a_comparison_by_hand(run):
    text = printed(terminal.print_comparison, run, "a1", "a2")
    assert "a1 against a2  +0.875 in reward" in text
    rows = [line.split()[0] for line in text.splitlines()[3:] if line[:1].strip()]
    assert rows == ["warm", "clear", "microwave"]
    assert cells(text, "warm")[:5] == ["warm", "met", "not", "met", "+0.750"]
    assert "b2 has no reward: verdicts are missing" in printed(terminal.print_comparison, run, "a1", "b2")


def test_other_rules_of_the_policy_are_a_line_of_their_own(make, sample):
    policy = {"name": "points_ratio", "clip": "example"}
    criteria = [{"id": "good", "text": "G."}, {"id": "bad", "text": "B.", "weight": -3}]
    result = make(Rubric(id="r", criteria=criteria, policy=policy), [(sample("x"), (1, 0)), (sample("y"), (1, 1))])
    assert cells(printed(terminal.print_explanation, result, "y"), "other")[-1] == "+2.000"
    assert cells(printed(terminal.print_comparison, result, "x", "y"), "other")[-1] == "−2.000"


def test_verdicts_with_reasons(run):
    text = printed(terminal.print_verdicts, run)
    assert cells(text, "warm") == ["warm", "met", "said", "1"]
    assert "b2  reward none (verdicts are missing)" in text
    assert "timed out  because timed_out" in text


@pytest.mark.parametrize("width", [80, 100])
def test_nothing_is_wider_than_the_terminal_and_nothing_is_cut(run, width):
    views = [terminal.summary_table(run), terminal.rewards_table(run), terminal.explain_table(run, "a3"),
             terminal.comparison_table(run, "a1", "a3"), *terminal.verdict_lines(run)]  # fmt: skip
    for view in views:
        text = shown(view, width)
        assert max(map(len, text.splitlines())) <= width
        assert "…" not in text


def test_colour_only_in_a_terminal(run):
    assert "\x1b" not in shown(terminal.summary_table(run))
    assert "\x1b[" in shown(terminal.summary_table(run), force_terminal=True)


def test_a_response_cannot_touch_the_terminal(make, mixed, sample):
    bad = "\x1b[2J\x1b]0;title\x07 [red]markup[/red] \u202e"
    lost = Verdict("clear", State.UNREADABLE, reason=bad)
    result = make(mixed, [(sample(f"x{bad}", group=bad), (Verdict("warm", State.SCORED, 1.0, reason=bad), lost, 0))])
    name = result.samples[0].id
    views = [terminal.summary_table(result), terminal.explain_table(result, name), *terminal.verdict_lines(result),
             terminal.comparison_table(result, name, name)]  # fmt: skip
    for view in views:
        text = shown(view, 400)
        assert not {"\x1b", "\x07", "\u202e"} & set(text)
        assert "[U+001B][2J" in text
        assert "[red]markup[/red]" in text
    head = shown(terminal.comparison_table(result, name, name), 400).splitlines()[1]
    assert head.count("[red]markup[/red]") == 2


def test_findings_of_the_rubric_check(mixed):
    lint_rules = pytest.importorskip("rubricate.rubrics.lint_rules")
    found = [
        lint_rules.Finding("weight_zero", "info", "criteria[1].weight", "clear", "It counts for nothing.", "Give one."),
        lint_rules.Finding("no_positive", "error", "criteria", "", "No [b]score[/b] is defined.", "Add one."),
    ]
    text = printed(terminal.print_findings, "tea.yaml", mixed, found)
    lines = [line.rstrip() for line in text.splitlines()]
    assert lines[0] == "tea  tea.yaml: 1 error, 1 info"
    assert lines[1].split() == ["error", "no_positive", "criteria"]
    assert lines[2].strip() == "No [b]score[/b] is defined."
    assert lines[4].split() == ["info", "weight_zero", "criteria[1].weight", "(clear)"]
    assert lines[6].strip() == "→ Give one."
    assert printed(terminal.print_findings, "tea.yaml", mixed, []) == "tea  tea.yaml: nothing found\n"


def test_rewards(run):
    text = printed(terminal.print_rewards, run)
    assert [cells(text, name)[2] for name in ("a1", "b1", "b3")] == ["1.000", "0.250", "1.000"]
    assert text.rstrip().endswith("1 without: verdicts are missing")
