import io
import time

from rich.console import Console

from rubricate.judges.engine import Progress
from rubricate.report.progress import progress_bar, progress_text
from rubricate.types import State, Usage, Verdict

SCORED = Verdict("c", State.SCORED, 1.0, usage=Usage(1, 10, 1, 0.5, 1.0))


def half_done():
    progress = Progress(total=8, started=time.monotonic() - 2.0)
    progress.add([SCORED] * 3 + [Verdict("c", State.FAILED)])
    return progress


def test_the_line_by_hand():
    said = progress_text(half_done()).plain
    assert said.startswith("██████████··········  4 of 8 verdicts, 2/s, 25 % missing, cost 1.50, ")
    assert said.endswith(" s left")


def test_another_unit():
    assert " 4 of 8 rubrics, " in progress_text(half_done(), "rubric").plain
    out = io.StringIO()
    with progress_bar(Console(file=out, width=100), quiet=0.0, unit="rubric") as show:
        show(half_done())
    assert "4 of 8 rubrics" in out.getvalue()


def test_a_skipped_verdict_is_not_missing_and_the_end_has_no_time_left():
    progress = Progress(total=1)
    progress.add([Verdict("c", State.SKIPPED)])
    said = progress_text(progress).plain
    assert "missing" not in said
    assert "left" not in said
    assert "1 of 1 verdict," in said


def test_nothing_done_yet():
    assert progress_text(Progress(total=5)).plain == "····················  0 of 5 verdicts, 0/s"


def test_a_log_gets_a_line_for_every_tenth():
    out = io.StringIO()
    with progress_bar(Console(file=out, width=40), quiet=0.0) as show:
        progress = Progress(total=40)
        for _ in range(40):
            progress.add([SCORED])
            show(progress)
    lines = out.getvalue().splitlines()
    assert [line.split("  ")[1].split(" of")[0] for line in lines] == [str(k) for k in range(4, 41, 4)]
    assert "\x1b" not in out.getvalue()


def test_a_terminal_gets_one_line_that_ends_at_the_newest_state():
    out = io.StringIO()
    with progress_bar(Console(file=out, force_terminal=True, width=100), quiet=0.0) as show:
        show(half_done())
    assert "4 of 8 verdicts" in out.getvalue()
