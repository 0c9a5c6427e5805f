"""Many rubrics become one: who became what, weights, bounds, the same replies the same rubric."""

import asyncio
import json

import pytest

import rubricate as rb
from rubricate.errors import CallError, SettingError, UnknownNameError
from rubricate.llm.scripted import JudgeScript, ScriptedClient, read_prompt
from rubricate.refine import LlmThemes, Merged, consolidate, merged_alike
from rubricate.rubrics import Criterion, Evidence
from rubricate.rubrics.lint import lint


def rubric(id, *criteria):
    rows = [{"id": f"c{k}", "text": text, "weight": weight, **more} for k, (text, weight, more) in enumerate(criteria)]
    return rb.Rubric(id=id, criteria=rows)


MANY = (
    rubric(
        "one",
        ("Names the dose in milligrams.", 4, {"evidence": (Evidence(text="5 mg"),), "axis": "facts"}),
        ("Greets the patient.", 1, {}),
        ("Blames the patient.", -3, {}),
    ),
    rubric(
        "two",
        ("Names a dose in milligrams.", 2, {"evidence": (Evidence(text="a table"),), "axis": "facts"}),
        ("Says when to see a doctor.", 3, {"axis": "facts"}),
        ("Has at most 100 words.", 1, {"verifier": {"name": "length", "max": 100}}),
        ("Has at most 100 words.", 1, {}),
    ),
)


def run(group=None, **more):
    return asyncio.run(consolidate(MANY, group, id="all", **more))


def rows(found):
    return [(c.id, c.axis, c.text, c.weight, c.provenance.source) for c in found.leaves]


def test_alike_ones_are_merged_without_a_model_and_stand_under_their_axes():
    found = run()
    assert rows(found) == [
        ("t1.1", "facts", "Names the dose in milligrams.", 3.0, "one/c0, two/c0"),
        ("t1.2", "facts", "Says when to see a doctor.", 3.0, "two/c1"),
        ("t2.1", "criteria", "Greets the patient.", 1.0, "one/c1"),
        ("t2.2", "criteria", "Blames the patient.", -3.0, "one/c2"),
        ("t2.3", "criteria", "Has at most 100 words.", 1.0, "two/c2"),
        ("t2.4", "criteria", "Has at most 100 words.", 1.0, "two/c3"),
    ]
    assert [t.text for t in found.criteria] == ["facts", "criteria"]
    assert [e.text for e in found.leaves[0].evidence] == ["5 mg", "a table"]
    assert found.leaves[4].verifier.name == "length"
    assert found.provenance.source == "one, two"
    assert run(weight="sum").leaves[0].weight == 6.0
    assert rows(run(largest=1))[1][4] == "two/c0"
    assert run() == run()


def theming(request):
    """Themes by what the texts are about; nothing depends on the order of calls."""
    blocks = read_prompt(request).blocks
    assert blocks[2] == ("criterion 3", "Blames the patient.\n(bad when met)")
    about = {"Facts": [1, 4], "Manners": [2, 3], "Form": [5, 6]}
    texts = [text.split("\n")[0] for _, text in blocks]
    texts[5] = "Is short."
    return json.dumps({"themes": [
        {"name": name, "criteria": [{"text": texts[n - 1], "from": [n]} for n in numbers]}
        for name, numbers in about.items()
    ]})  # fmt: skip


def test_a_model_makes_the_themes_of_what_likeness_left():
    client = ScriptedClient(theming)
    found = run(LlmThemes(client))
    assert [t.text for t in found.criteria] == ["Facts", "Manners", "Form"]
    assert rows(found)[:3] == [
        ("t1.1", "Facts", "Names the dose in milligrams.", 3.0, "one/c0, two/c0"),
        ("t1.2", "Facts", "Says when to see a doctor.", 3.0, "two/c1"),
        ("t2.1", "Manners", "Greets the patient.", 1.0, "one/c1"),
    ]
    members = [m for c in found.leaves for m in c.provenance.source.split(", ")]
    assert sorted(members) == sorted(f"{r.id}/{c.id}" for r in MANY for c in r.leaves)
    assert all(c.provenance.generator == "LlmThemes" and c.provenance.prompt_digest for c in found.leaves)
    assert client.calls == 1
    assert run(LlmThemes(ScriptedClient(theming))) == found
    assert not [f for f in lint(found) if f.severity == "error"]


def test_the_new_rubric_scores_like_any_other():
    found = run(LlmThemes(ScriptedClient(theming)))
    judge = ScriptedClient(JudgeScript(lambda response, criterion, text: "dose" in text))
    result = rb.run(found, prompt="Pain?", responses=["5 mg, see a doctor."], client=judge)
    # the dose (3), at most 100 words by the program (1) and no blame (3), out of 3 + 3 + 1 + 3 + 1 + 1
    assert result.rewards.values.tolist() == pytest.approx([7 / 12])


def test_good_and_bad_never_become_one_and_groups_are_bounded():
    texts = ["Blames the patient.", "Blames a patient.", "Blames the patients.", "Blames patients."]
    criteria = [Criterion(id=f"c{k}", text=t, weight=1 if k == 1 else -1) for k, t in enumerate(texts)]
    assert [m.members for m in merged_alike(criteria)] == [(0, 2, 3), (1,)]
    assert [m.members for m in merged_alike(criteria, largest=2)] == [(0, 2), (1,), (3,)]
    assert merged_alike([]) == ()
    by_first = merged_alike(criteria[2:], similar=lambda t: [[1, 0.1], [0.1, 1]])
    assert by_first == (Merged("Blames the patients.", (0,)), Merged("Blames patients.", (1,)))


def test_bounds_and_errors():
    client = ScriptedClient(lambda r: "no")
    with pytest.raises(SettingError, match="1 to 2"):
        run(LlmThemes(client, limit=2))
    with pytest.raises(SettingError, match="1 to 4"):
        run(LlmThemes(client, themes=2, criteria=2, members=1))
    with pytest.raises(SettingError, match="themes, criteria"):
        LlmThemes(client, themes=0)
    with pytest.raises(UnknownNameError, match="median"):
        run(weight="median")
    with pytest.raises(SettingError, match="own ids"):
        asyncio.run(consolidate([MANY[0], MANY[0]], id="x"))
    assert client.calls == 0
    with pytest.raises(CallError):
        run(LlmThemes(client))
