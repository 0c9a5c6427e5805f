"""Every registered verifier: settings, any response, hostile text, state and range, the same answer twice.

A new verifier needs an entry in EXAMPLES: settings that it takes, and settings that it must refuse.
"""

import json
import os
import pickle
import subprocess
import sys

import pytest

from rubricate import registry
from rubricate.errors import RubricateError, SettingError
from rubricate.rubrics.io import read_rubrics, write_rubrics
from rubricate.rubrics.model import Rubric
from rubricate.types import Message, Sample, State, Step
from rubricate.verifiers.base import check_settings, decide

COUNT = {"relation": "at least"}
# name: (settings that it takes, settings that it refuses)
EXAMPLES = {
    "bleu": ([{}, {"references": ["Tea is warm."], "smooth": "add-k"}], [{"smooth": "x"}, {"max_n": 0}]),
    "chrf": ([{"references": "Tea is warm."}], [{"beta": 0.5}, {"references": [" "]}]),
    "citation_support": ([{}], [{"measure": "x"}]),
    "cited_claims": ([{}, {"min": 0.5}], [{"form": "x"}, {"min": -1}]),
    "cited_sources": ([{"allowed": ["a.org"], "blocked": ["b.org"]}, {}], [{"allowed": "a.org"}, {"min_count": -1}]),
    "code_output": ([{"cases": [{"stdin": "1", "stdout": "1"}]}], [{"cases": []}, {"cases": [{}]}]),
    "code_tests": ([{"tests": "assert f(1) == 1"}], [{"tests": ""}, {"tests": "assert f(1) =="}]),
    "contains": (
        [{"texts": ["tea"]}],
        [{"texts": []}, {"texts": "tea", "mode": "x"}, {"texts": "t", "min_count": "1"}],
    ),
    "copied_run": ([{"max_words": 3}], [{"max_words": -1}, {"max_words": 2, "source": "x"}]),
    "distinct_n": ([{"n": 2}, {"min": 0.5}], [{"n": 0}]),
    "ends_with": ([{"texts": "tea"}], [{"texts": ""}]),
    "entity_coverage": ([{"entities": ["tea", ["pot", "teapot"]]}], [{"entities": "tea"}, {"entities": ["!"]}]),
    "exact": ([{"expected": "tea"}], [{"expected": 3}]),
    "final_answer": ([{}], [{"min_chars": 0}]),
    "format": ([{"tags": ["a"]}, {"heading": True}], [{}, {"tags": ["<"]}, {"heading": "yes"}]),
    "json": ([{"required": ["a"]}, {"schema": {"type": "object"}}], [{"where": "x"}, {"schema": {"type": "x"}}]),
    "judgement_format": ([{"names": ["A", "B"]}], [{"names": []}, {"names": ["A", "A"]}]),
    "keyword_chain": ([{"references": ["tea pot"], "keywords": [["tea"]]}], [{"references": ["a"], "keywords": []}]),
    "language": ([{"languages": ["en", "zh"]}], [{"languages": "tlh"}]),
    "lcs_overlap": ([{}, {"texts": "tea", "of": "response", "max": 0.5}], [{"of": "x"}]),
    "length": ([{"max": 9, "soft": 3}, {"min": 1, "unit": "sentences"}], [{}, {"max": "9"}, {"max": 1, "unit": "x"}]),
    "length_target": ([{"target": 9}], [{"target": 0}, {"target": True}]),
    "ngram_overlap": ([{"n": 2, "max": 0.5}], [{"n": 0}, {"of": "x"}]),
    "not_contains": ([{"texts": ["tea"]}], [{"texts": [""]}]),
    "numeric": ([{"expected": 3}, {"which": "any"}], [{"which": "x"}, {"expected": "none"}]),
    "overlong": ([{"max": 9, "buffer": 3}], [{"max": 2, "buffer": 3}]),
    "quotes_found": ([{}, {"texts": "Tea is warm.", "min_quotes": 0}], [{"min_words": 0}, {"source": "x"}]),
    "reasoning_block": ([{}, {"opened": True, "max_words": 9}], [{"tag": "<"}, {"min_words": 2, "max_words": 1}]),
    "recovered_brief": (
        [{"topic": "tea", "audience": "all", "count": 2}],
        [{"topic": "!", "audience": "a", "count": 1}],
    ),
    "regex": ([{"pattern": "t.a", "flags": "i"}], [{"pattern": "("}, {"pattern": "(a+)+b"}, {"pattern": "(a|a)*b"}]),
    "repeated_window": ([{}, {"words": 2, "times": 3}], [{"times": 1}, {"words": 0}]),
    "retrieval": (
        [{"relevant": ["a", 7]}, {"relevant": {"a": 2}, "measure": "mrr", "form": "json", "k": None}],
        [{"relevant": []}, {"relevant": {"a": -1}}, {"relevant": ["a"], "measure": "x"}, {"relevant": ["a"], "k": 0}],
    ),
    "rouge": ([{"references": ["Tea is warm."]}, {"kind": "rouge2", "stem": True}], [{"kind": "x"}, {"measure": "x"}]),
    "same_answer": ([{"expected": "3"}], [{"expected": ["3"], "rel_tol": -1.0}]),
    "set_f1": ([{"expected": ["tea", ["pot", "teapot"]]}], [{"expected": []}, {"expected": ["a"], "beta": 0}]),
    "starts_with": ([{"texts": "tea"}], [{"texts": 3}]),
    "tool_calls": ([{"calls": [{"name": "f", "parameters": {"a": 1}}]}], [{"calls": []}, {"calls": [{"name": "f"}]}]),
    "waypoint_coverage": ([{"waypoints": ["tea"]}, {"waypoints": ["a", "b"], "ordered": True}], [{"waypoints": []}]),
    "ifeval/change_case:capital_word_frequency": (
        [{"capital_frequency": 1, "capital_relation": "at least"}],
        [{"capital_frequency": 1}],
    ),
    "ifeval/change_case:english_capital": ([{}, {"loose": True}], [{"x": 1}]),
    "ifeval/change_case:english_lowercase": ([{}], [{"x": 1}]),
    "ifeval/combination:repeat_prompt": ([{"prompt_to_repeat": "tea"}], [{"prompt_to_repeat": ""}]),
    "ifeval/combination:two_responses": ([{}], [{"x": 1}]),
    "ifeval/detectable_content:number_placeholders": ([{"num_placeholders": 1}], [{"num_placeholders": -1}]),
    "ifeval/detectable_content:postscript": ([{"postscript_marker": "P.S."}], [{"postscript_marker": "a*"}]),
    "ifeval/detectable_format:constrained_response": ([{}], [{"x": 1}]),
    "ifeval/detectable_format:json_format": ([{}], [{"x": 1}]),
    "ifeval/detectable_format:multiple_sections": (
        [{"section_spliter": "Part", "num_sections": 1}],
        [{"section_spliter": "(", "num_sections": 1}],
    ),
    "ifeval/detectable_format:number_bullet_lists": ([{"num_bullets": 1}], [{"num_bullets": "1"}]),
    "ifeval/detectable_format:number_highlighted_sections": ([{"num_highlights": 1}], [{"num_highlights": 0.5}]),
    "ifeval/detectable_format:title": ([{}], [{"x": 1}]),
    "ifeval/keywords:existence": ([{"keywords": ["tea"], "loose": True}], [{"keywords": ["(a+)+b"]}]),
    "ifeval/keywords:forbidden_words": ([{"forbidden_words": ["tea"]}], [{"forbidden_words": [".*"]}]),
    "ifeval/keywords:frequency": ([{"keyword": "a", "frequency": 1, **COUNT}], [{"keyword": "a", "frequency": 1}]),
    "ifeval/keywords:letter_frequency": (
        [{"letter": "a", "let_frequency": 1, "let_relation": "less than"}],
        [{"letter": "ab", "let_frequency": 1, "let_relation": "less than"}],
    ),
    "ifeval/language:response_language": ([{"language": "en"}], [{"language": "tlh"}]),
    "ifeval/length_constraints:nth_paragraph_first_word": (
        [{"num_paragraphs": 1, "nth_paragraph": 1, "first_word": "tea"}],
        [{"num_paragraphs": 1, "nth_paragraph": 2, "first_word": "tea"}],
    ),
    "ifeval/length_constraints:number_paragraphs": ([{"num_paragraphs": 1}], [{"num_paragraphs": None}]),
    "ifeval/length_constraints:number_sentences": ([{"num_sentences": 1, **COUNT}], [{"num_sentences": 1}]),
    "ifeval/length_constraints:number_words": (
        [{"num_words": 1, **COUNT}],
        [{"num_words": 1, "relation": "exactly"}],
    ),
    "ifeval/punctuation:no_comma": ([{}, {"loose": True}], [{"loose": True, "x": 1}]),
    "ifeval/startend:end_checker": ([{"end_phrase": "tea"}], [{"end_phrase": " "}]),
    "ifeval/startend:quotation": ([{}], [{"x": 1}]),
    "math_equal": ([{"expected": "1/2"}, {"expected": "x + 1", "ordered": True}], [{"rel_tol": 1.0}, {"seconds": 0.0}]),
    "numeric_units": ([{"expected": "3 min"}, {"expected": "9.81 m/s^2"}], [{"missing": "x"}, {"which": "x"}]),
    "sql": (
        [{"setup": "CREATE TABLE t (a); INSERT INTO t VALUES (1)", "expected": "SELECT a FROM t"}],
        [{}, {"setup": "CREATE TABLE t (a)", "expected": "SELECT a FROM t", "block": "x"}],
    ),
}
READS_REASONING = {
    "format",
    "judgement_format",
    "reasoning_block",
    "repeated_window",
    "waypoint_coverage",
}  # as their docstrings say
OWN = [n for n, fn in registry.items("verifier") if fn.__module__.startswith("rubricate.verifiers.")]
TAKEN = [(name, s) for name in OWN for s in EXAMPLES.get(name, ([{}], []))[0]]
REFUSED = [(name, s) for name in OWN for s in EXAMPLES.get(name, ([], []))[1]]
ids = lambda value: value if isinstance(value, str) else ",".join(value)  # noqa: E731

PLAIN = "Tea is warm. Warm the pot [1], then wait 3 minutes.\n* leaves\n* water"
STRANGE = {
    "empty": "",
    "blank": " \n\t\u00a0\u2003",
    "emoji": "👩‍👩‍👧‍👦🏽 ☕️" * 20,
    "right to left": "الشاي دافئ. \u202eevil\u202c تسخين الإبريق أولاً",
    "combining": "Z̷͈̈á̸l̵g̶ȯ " * 30,
    "surrogate": "broken \ud800 half",
    "control": "a\x00b\x1b[31m\x85\u2028c",
    "chinese": "茶是温的。先温壶，再等三分钟。",
    "only reasoning": "<think>It goes on and on",
    "template": "{{response}} {0} %s $x <|im_end|> \\N{BULLET}",
}  # fmt: skip
HOSTILE = {
    "one letter": "a", "spaces": " ", "lines": "\n", "stars": "*", "star lines": "*\n", "dots": ".", "quotes": "\"'",
    "brackets": "[", "pairs": "[(", "titles": "<<", "tags": "<think>", "closed": "</think>", "digits": "1", "commas": "1,",
    "braces": '{"a":', "initials": "A. ", "curly": "“", "urls": "http://a.b/", "mails": "a@b.", "fences": "```\n", "dashes": "- ",
    "words": "tea pot ", "boxes": "\\boxed{", "stops": "?! ", "apostrophes": "'s ", "fullwidth": "。", "math": "1/2^{3}+",
}  # fmt: skip


def judged(name, settings, text, **more):
    """The verdict through the rubric, as a run takes it."""
    spec = {"id": "c", "text": "t", "scale": "1-5", "verifier": {"name": name, "settings": settings}}
    (criterion,) = Rubric(id="r", criteria=[spec]).leaves
    sample = Sample(
        "s", (Message("user", "Make tea?"),), text, reference="Tea is warm, 3.", documents=("Tea.",), **more
    )
    return decide(sample, criterion)


def sound(verdict):
    """A value exactly when scored, on the scale, and a reason."""
    assert verdict.state in (State.SCORED, State.ABSTAINED), verdict.reason
    assert (verdict.value is None) == (verdict.state is State.ABSTAINED)
    assert verdict.value is None or 1.0 <= verdict.value <= 5.0
    assert isinstance(verdict.reason, str)
    assert verdict.reason
    assert isinstance(verdict.evidence, tuple)
    assert all(isinstance(e, str) for e in verdict.evidence)
    return verdict


@pytest.mark.parametrize("name", OWN)
def test_every_verifier_has_examples(name):
    assert name in EXAMPLES, f"add settings that {name!r} takes, and some that it refuses, to EXAMPLES in this file"


def test_no_example_is_left_over():
    assert set(EXAMPLES) <= set(OWN)


@pytest.mark.parametrize(("name", "settings"), TAKEN, ids=ids)
def test_settings_go_through_a_rubric_and_back(name, settings, tmp_path):
    spec = {"name": name, "settings": settings}
    rubric = Rubric(id="r", criteria=[{"id": "c", "text": "t", "verifier": spec}])
    check_settings(rubric.leaves[0])
    for suffix in ("yaml", "jsonl", "toml" if None not in settings.values() else "json"):
        write_rubrics([rubric], tmp_path / f"r.{suffix}")
        (back,) = read_rubrics(tmp_path / f"r.{suffix}")
        assert back.digest == rubric.digest
        assert decide(Sample("s", (), PLAIN), back.leaves[0]) == decide(Sample("s", (), PLAIN), rubric.leaves[0])


@pytest.mark.parametrize(("name", "settings"), REFUSED, ids=ids)
def test_wrong_settings_are_refused_before_judging(name, settings):
    spec = {"id": "c", "text": "t", "verifier": {"name": name, "settings": settings}}
    with pytest.raises(RubricateError) as caught:
        check_settings(Rubric(id="r", criteria=[spec]).leaves[0])
    assert "'c'" in str(caught.value)


@pytest.mark.parametrize("name", OWN)
def test_a_setting_that_it_does_not_take_is_refused(name):
    settings = EXAMPLES[name][0][0] | {"no_such_setting": 1}
    spec = {"id": "c", "text": "t", "verifier": {"name": name, "settings": settings}}
    with pytest.raises(SettingError, match="no_such_setting"):
        check_settings(Rubric(id="r", criteria=[spec]).leaves[0])


@pytest.mark.parametrize(("name", "settings"), TAKEN, ids=ids)
def test_any_response_gets_a_sound_verdict_and_the_same_one_twice(name, settings):
    for text in (PLAIN, *STRANGE.values()):
        first = sound(judged(name, settings, text))
        assert judged(name, settings, text) == first
        trajectory = {"steps": (Step(text),), "metadata": {"items": [text], "claims": [[True, False], []]}}
        sound(judged(name, settings, text, **trajectory))


@pytest.mark.parametrize(("name", "settings"), TAKEN, ids=ids)
def test_hostile_text_of_100_kb_is_decided(name, settings):
    """Nothing here measures time; a check that takes a power of the length does not come to its end."""
    mixed = "".join(unit * (4_000 // len(unit)) for unit in HOSTILE.values())
    assert len(mixed) > 100_000
    sound(judged(name, settings, mixed))


@pytest.mark.parametrize("name", OWN)
@pytest.mark.slow
def test_every_kind_of_hostile_text(name):
    for unit in HOSTILE.values():
        sound(judged(name, EXAMPLES[name][0][0], unit * (100_000 // len(unit))))


@pytest.mark.parametrize(("name", "settings"), [t for t in TAKEN if t[0] not in READS_REASONING], ids=ids)
def test_reasoning_is_not_read(name, settings):
    hidden = f"<think>Tea, TEA 7! [2] “quoted as it were”\n* {PLAIN}</think>\n{PLAIN}"
    assert judged(name, settings, hidden) == judged(name, settings, PLAIN)


@pytest.mark.parametrize(
    ("name", "settings"),
    [
        ("format", {"tags": ["think"]}),
        ("judgement_format", {"names": ["A"]}),
        ("reasoning_block", {}),
        ("repeated_window", {"words": 2, "times": 2}),
        ("waypoint_coverage", {"waypoints": ["kettle"]}),
    ],
    ids=ids,
)
def test_control_those_that_read_reasoning_tell_the_difference(name, settings):
    assert name in READS_REASONING
    hidden = "<think>Kettle kettle, kettle kettle.</think>\nTea."
    assert judged(name, settings, hidden).value != judged(name, settings, "Tea.").value


@pytest.mark.parametrize("name", OWN)
def test_it_can_be_pickled(name):
    fn = registry.lookup("verifier", name)
    assert pickle.loads(pickle.dumps(fn)) is fn


def test_the_answer_is_the_same_in_every_process():
    code = (
        "import json, sys\nfrom rubricate.rubrics.model import Criterion\nfrom rubricate.types import Sample\n"
        "from rubricate.verifiers.base import decide\n"
        "cases, text = json.load(sys.stdin)\n"
        "for name, settings in cases:\n"
        "    c = Criterion.model_validate({'id': 'c', 'text': 't', 'verifier': {'name': name, 'settings': settings}})\n"
        "    print(decide(Sample('s', (), text, reference='Tea is warm, 3.'), c))\n"
    )
    text = f"{PLAIN}\n{STRANGE['right to left']}\n{STRANGE['chinese']}"
    outputs = set()
    for seed in "12":
        run = subprocess.run(
            [sys.executable, "-c", code],
            input=json.dumps([TAKEN, text]),
            env=os.environ | {"PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        )
        outputs.add(run.stdout)
    assert len(outputs) == 1
    assert outputs.pop().count("Verdict(") == len(TAKEN)


class Odd(Exception):
    """An error of no known family."""


@pytest.mark.parametrize(
    "error", [Odd("x"), AssertionError("x"), AttributeError("x"), RecursionError("x"), StopIteration()]
)
def test_whatever_a_verifier_raises_costs_its_own_verdict(error, monkeypatch):
    def broken(sample):
        raise error

    monkeypatch.setitem(registry._tables["verifier"], "contract/broken", broken)
    verdict = judged("contract/broken", {}, "x")
    assert (verdict.state, verdict.value) == (State.FAILED, None)
    assert type(error).__name__ in verdict.reason


@pytest.mark.parametrize("found", [1.5, -0.1, float("nan"), float("inf"), None, "met"])
def test_what_is_no_share_is_no_verdict(found, monkeypatch):
    monkeypatch.setitem(registry._tables["verifier"], "contract/odd", lambda sample: found)
    assert judged("contract/odd", {}, "x").state is State.FAILED


def test_control_an_interrupt_is_not_swallowed(monkeypatch):
    def stopped(sample):
        raise KeyboardInterrupt

    monkeypatch.setitem(registry._tables["verifier"], "contract/stopped", stopped)
    with pytest.raises(KeyboardInterrupt):
        judged("contract/stopped", {}, "x")
