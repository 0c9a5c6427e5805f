import base64
import hashlib
import json
import re

import numpy as np
import pytest

import rubricate as rb
from rubricate.report import html_report
from rubricate.report.matrix import COLUMNS, ROWS
from rubricate.report.numbers import number
from rubricate.report.responses import text_limit
from rubricate.rubrics import Rubric
from rubricate.types import State, Step, Usage, Verdict

CONFIG = {
    "rubricate": "0.1.0", "python": "3.11.7", "numpy": "2.1.0", "created": "2026-01-12T09:30:00+00:00", "seed": 11,
    "judge": {"name": "PointwiseJudge", "digest": "feedc0de00000000", "settings": "PointwiseJudge(batch='all')"},
    "client": {"endpoint": "http://localhost:8000/v1", "model": "some-model"}, "policy": None, "seconds": 4.0,
    "inputs": ["tea.yaml", "answers.jsonl"],
}  # fmt: skip
HOSTILE = (
    "<script>alert(1)</script></style></script></textarea></div></details>--><img src=x onerror=alert(1)>"
    '<svg/onload=alert(1)>" onmouseover="x()" \' autofocus <!-- ]]> &lt;b&gt; &#x3c;\x00\x1b[31m\u202egnp.exe\u202c'
    "\u2066x\u2069\ud800\U000e0041 {{7*7}} javascript:alert(1)"
)


def report(result, **config):
    return html_report(result, config=CONFIG | config)


def test_the_page_is_well_formed_and_its_links_lead_somewhere(run, page):
    read = page(report(run))
    assert len(set(read.ids)) == len(read.ids)
    assert {f"#{i}" for i in read.ids} >= set(read.links)
    assert {"header", "main", "nav", "h1", "table", "thead", "tbody"} <= {name for name, _ in read.seen}
    assert not [a for n, a in read.seen if n == "th" and "scope" not in a]


def test_the_page_needs_nothing_but_itself(run, page):
    text = report(run)
    assert not re.search(r"(?:src|href)\s*=\s*[\"']?\s*(?!#)\w+:|@import|url\(|<link|<iframe|<img", text)
    script = re.search(r"<script>(.*?)</script>", text, re.S).group(1)
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    rule = next(a["content"] for n, a in page(text).seen if a.get("http-equiv") == "Content-Security-Policy")
    assert f"script-src 'sha256-{digest}'" in rule
    assert "default-src 'none'" in rule
    assert not re.search(r"<[^>]*\son\w+=", text.replace(script, ""))


def test_the_header_names_what_judged(run, page):
    text = page(report(run)).text
    digest = next(iter(run.rubrics.values())).digest
    for said in (digest, "PointwiseJudge", "feedc0de00000000", "some-model at http://localhost:8000/v1",
                 "points_ratio (missing=drop_item)", "rubricate 0.1.0", "numpy 2.1.0", "seed 11",
                 "tea.yaml"):  # fmt: skip
        assert said in text
    assert "6 responses against rubric “Making tea”, judged by some-model" in text


def test_a_run_that_programs_decide_names_no_judge_in_its_title(page):
    criterion = {"id": "sun", "text": "Names the sun.", "verifier": {"name": "contains", "settings": {"texts": "sun"}}}
    result = rb.run(rb.Rubric(id="sky", criteria=[criterion]), prompt="What shines?", responses=["The sun.", "A lamp."])
    assert "2 responses against rubric “sky”, judged by programs" in page(html_report(result, config={})).text


def test_headline_numbers_by_hand(run, page):
    text = page(report(run)).text
    for said in ("Responses6in 2 groups", "Verdicts asked for161 skipped", "With a value62 %6 missing",
                 "Mean reward0.342SD 0.623, −0.667 to 1.000", "Without a reward11 × verdicts are missing",
                 "Time4 s4 verdicts a second"):  # fmt: skip
        assert said in text


def test_rewards_and_groups_by_hand(run, page):
    read = page(report(run))
    assert read.table("bars")[1:] == [
        ["a1", "", "1.000"], ["b3", "", "1.000"], ["b1", "", "0.250"], ["a2", "", "0.125"], ["a3", "", "−0.667"],
        ["b2", "", "verdicts are missing"],
    ]  # fmt: skip
    assert read.table("sort")[1:] == [
        ["one", "3", "0.153", "a1 1.000", "a3 −0.667", "1.667"],
        ["two", "3 (2 with a reward)", "0.625", "b3 1.000", "b1 0.250", "0.750"],
    ]


def test_criteria_by_hand(run, page):
    rows = page(report(run)).table("sort criteria")
    assert [r[1].strip() for r in rows[1:]] == ["50 %", "3.33 (1 to 5)", "33 %"]
    assert [r[2:] for r in rows[1:]] == [["4", "1", "3", "0.50"], ["3", "3", "1", "1.25"], ["3", "2", "−2", "0.47"]]
    assert "bad if met" in rows[3][0]


def test_the_matrix_holds_the_arrays(run, page):
    rows = page(report(run)).table("matrix")
    assert rows[0] == ["response", "reward", "warm", "clear", "microwave"]
    assert rows[1:] == [
        ["a1", "1.000", "1", "5", "0"], ["a2", "0.125", "0", "3", "0"], ["a3", "−0.667", "0", "U", "1"],
        ["b1", "0.250", "S", "2", "A"], ["b2", "–", "D", "F", "R"], ["b3", "1.000", "1", "T", ""],
    ]  # fmt: skip
    native = run.scores.native
    for i, row in enumerate(rows[1:]):
        for j, cell in enumerate(row[2:]):
            assert (float(cell) == native[i, j]) if cell.isdigit() else np.isnan(native[i, j])


def test_every_missing_state_is_named_with_its_reason(run, page):
    read = page(report(run))
    states = [a for n, a in read.seen if n == "details" and a.get("class") == "state"]
    assert len(states) == 7
    for state in (s for s in State if s is not State.SCORED):
        assert state.value.replace("_", " ") in read.text
        assert f"because {state}" in read.text
    assert "6 of 16 verdicts that were asked for have no value" in read.text


def test_contributions_and_their_sum(run, page):
    tables = [rows for name, rows in page(report(run)).tables if name == "verdicts"]
    assert [r[4].strip() for r in tables[0][1:4]] == ["+0.750", "+0.250", "0.000"]
    assert tables[0][4] == ["sum", "+1.000", "reward 1.000"]
    assert [r[2] for r in tables[2][1:4]] == ["not met", "unreadable", "met"]
    assert [r[4].strip() for r in tables[2][1:4]] == ["0.000", "–", "−0.667"]
    assert len(tables[4]) == 4  # without a reward there is no sum


def test_the_policy_that_the_run_names_explains_the_rewards(make, mixed, sample, page):
    result = make(mixed, [(sample("x"), (1, 5, 1))], policy="all_of")
    assert result.rewards.values.tolist() == [0.0]
    text = page(report(result, policy="all_of")).text
    assert "all_of, in place of the rubric's own" in text
    assert "reward 0.000" in text


def test_evidence_is_marked_and_numbered(make, mixed, sample, page):
    quote = Verdict("microwave", State.SCORED, 1.0, evidence=("MICROWAVE  it",), unfound=("not there",))
    read = page(report(make(mixed, [(sample("x", "Do microwave it."), (0, 3, quote))])))
    assert [a for n, a in read.seen if n == "mark"] == [{"data-n": "3"}]
    assert "not in the response: not there" in read.text


def hostile(make, sample):
    rubric = Rubric(id="r", title="<b>T", criteria=[{"id": f"<i>{k}", "text": "A </th> text"} for k in range(2)])
    bad = Verdict("<i>0", State.SCORED, 1.0, label=HOSTILE, reason=HOSTILE, evidence=("alert(1)",), unfound=(HOSTILE,))
    lost = Verdict("<i>1", State.UNREADABLE, reason=HOSTILE, raw=HOSTILE)
    one = sample(f"id{HOSTILE}", HOSTILE, group=HOSTILE)
    steps = (Step(HOSTILE, kind=HOSTILE),)
    one = type(one)(
        **{f: getattr(one, f) for f in ("id", "prompt", "response", "group")}, steps=steps, reference=HOSTILE
    )
    two = sample("two", "ok", group=HOSTILE)
    return make(rubric, [(one, (bad, lost)), (two, (1, 0))], policy="weighted_mean")


def test_nothing_in_a_response_breaks_out(make, sample, page):
    text = report(hostile(make, sample), client={"model": HOSTILE, "endpoint": HOSTILE}, inputs=[HOSTILE])
    read = page(text)
    assert [n for n, _ in read.seen if n in ("script", "style")] == ["style", "script"]
    assert not {n for n, _ in read.seen} & {"img", "svg", "b2", "textarea", "iframe", "object", "form", "base", "link"}
    assert not [(n, k) for n, a in read.seen for k in a if k.startswith("on") or k == "autofocus"]
    assert not [a["href"] for _, a in read.seen if "href" in a and not a["href"].startswith("#")]
    assert not re.search("[\x00\x1b\u202a-\u202e\u2066-\u2069\ud800-\udfff\U000e0000-\U000e007f]", text)
    assert "<script>alert(1)</script>" in read.text
    assert "U+202E" in read.text
    text.encode("utf-8")


def test_that_check_would_see_a_hole(make, sample, page, monkeypatch):
    monkeypatch.setattr("rubricate.report.markup.html.escape", lambda value: value)
    with pytest.raises(AssertionError):
        test_nothing_in_a_response_breaks_out(make, sample, page)


def test_a_run_without_any_value(make, mixed, sample, page):
    rows = [(sample(n, group="g"), (State.FAILED,) * 3) for n in "ab"]
    read = page(report(make(mixed, rows)))
    assert "No response has a reward (2 × verdicts are missing)." in read.text
    assert "Mean reward–no response has a reward" in read.text
    assert read.table("matrix")[1] == ["a", "–", "F", "F", "F"]
    assert [r[1].strip() for r in read.table("sort criteria")[1:]] == ["–"] * 3
    assert "nan" not in read.text.lower()


def test_nothing_asked_at_all(make, mixed, sample, page):
    read = page(report(make(mixed, [(sample("a"), (None, None, None))])))
    assert "With a value–0 missing" in read.text
    assert "None: every criterion that was asked has a value." in read.text
    assert read.table("matrix")[1] == ["a", "–", "", "", ""]


def test_an_unfinished_run_and_a_bare_configuration(run, page):
    assert "The run has not finished" in page(report(run, finished=False)).text
    bare = page(html_report(run, config={}, policy_note="Lost verdicts leave the sum.")).text
    assert "Lost verdicts leave the sum." in bare
    assert "an unnamed judge" in bare
    assert "No model was called." in bare


def test_cost_and_latency(make, mixed, sample, page):
    def paid(k):
        return Verdict("warm", State.SCORED, 1.0, usage=Usage(1, 100, 10, 0.01, 1.0 + k / 10))

    few = page(report(make(mixed, [(sample("x"), (paid(0), 3, 0))]))).text
    assert "1 call for 3 verdicts: 0.01 in all, 0.01 a call; 100 tokens in and 10 out a call." in few
    assert "Seconds a call" not in few
    many = page(report(make(mixed, [(sample(f"x{k}"), (paid(k), 3, 0)) for k in range(21)]))).text
    assert "Seconds a call: median 2 s, 10 % under 1.2 s, 10 % over 2.8 s." in many


def test_big_runs_are_cut_and_say_so(make, sample, page):
    rubric = Rubric(id="r", criteria=[{"id": f"c{k}", "text": "T."} for k in range(COLUMNS + 2)])
    rows = [(sample(f"s{n}", "word " * 50), (1,) * (COLUMNS + 2)) for n in range(ROWS + 3)]
    text = report(make(rubric, rows))
    read = page(text)
    assert len(read.table("matrix")) == ROWS + 1
    assert len(read.table("matrix")[1]) == COLUMNS + 2
    assert f"The first {ROWS} of {ROWS + 3} responses" in read.text
    assert f"The first {COLUMNS} of {COLUMNS + 2} criteria" in read.text
    shown = sum(a.get("class") == "response" for _, a in read.seen)
    assert f"The first {shown} responses; {ROWS + 3 - shown} more are in the run folder." in read.text
    assert shown < ROWS
    assert {f"#{i}" for i in read.ids} >= set(read.links)
    assert len(text.encode()) < 5.5e6


def test_long_texts_are_cut_to_fit_and_say_so(make, mixed, sample, page):
    rows = [(sample(f"s{n}", "long " * 100_000), (1, 3, 0)) for n in range(10)]
    text = report(make(mixed, rows))
    assert len(text.encode()) < 3e6
    assert "more characters, in samples.jsonl" in page(text).text


@pytest.mark.parametrize(("lengths", "budget", "limit"), [([], 5, 0), ([3, 3], 5, 2), ([1, 9], 6, 5), ([2, 2], 4, 2)])
def test_the_budget_of_texts(lengths, budget, limit):
    assert text_limit(lengths, budget) == limit
    assert sum(min(n, limit) for n in lengths) <= budget


def test_a_hundred_by_twenty(make, sample):
    criteria = [
        {"id": f"c{k}", "text": f"Criterion number {k} asks for something that takes a line."} for k in range(20)
    ]
    rng = np.random.default_rng(0)
    rows = [(sample(f"s{n}", "word " * 400, group=f"g{n // 4}"), rng.integers(0, 2, 20)) for n in range(100)]
    result = make(Rubric(id="r", criteria=criteria), rows)
    text = report(result)
    assert text.count('class="response"') == 100
    assert len(text.encode()) < 3e6
    assert all(number(v) in text for v in result.rewards.values)


def test_real_judgements_of_695_rubrics(make, sample, real_data, page):
    rows, rubrics = [], []
    for n, line in enumerate((real_data / "biggen" / "evals.jsonl").read_text().splitlines()):
        item = json.loads(line)
        rubrics.append(
            Rubric(id=f"r{n}", criteria=[{"id": "score", "text": item["score_rubric"]["criteria"], "scale": "1-5"}])
        )
        verdict = Verdict("score", State.SCORED, float(item["score"]), reason=item["feedback"] or "")
        rows.append((sample(f"{item['id']}#{n}", item["response"], rubric=f"r{n}"), (verdict,)))
    text = report(make(rubrics, rows))
    assert len(rows) == 695
    assert len(text.encode()) < 5e6
    read = page(text)
    assert "695 responses against 695 rubrics" in read.text
    assert len(read.table("matrix")) == ROWS + 1
    assert sum(a.get("class") == "response" for _, a in read.seen) == 695
