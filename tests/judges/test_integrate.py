"""Score integration and panels: keys of samples, models by name, floors, and what a member says."""

import asyncio
import json

import pytest

from rubricate.errors import CallError, SettingError, UnknownNameError
from rubricate.judges import LexicalJudge, Member, OrdinalJudge, Panel, PointwiseJudge, ScoreIntegration
from rubricate.judges.conversation import Numbered
from rubricate.llm.cache import Cached
from rubricate.llm.client import Request
from rubricate.llm.scripted import ScriptedClient
from rubricate.llm.table import ClientTable
from rubricate.rubrics import Rubric
from rubricate.types import Message, Sample, State

RUBRIC = Rubric(
    id="r", criteria=[{"id": "a", "text": "Complete.", "scale": "1-5"}, {"id": "b", "text": "Kind.", "scale": "1-5"}]
)
SAMPLE = Sample("s", (Message("user", "Hi"),), "Hello there, kind reader.")
WARM = PointwiseJudge(temperature=0.6)


def say(**verdicts):
    return json.dumps({"verdicts": [{"id": k, "reason": "r", "verdict": v} for k, v in verdicts.items()]})


def ask(judge, client, rubric=RUBRIC):
    parts = judge.batches(rubric.leaves)
    found = [asyncio.run(judge.verdicts(SAMPLE, rubric, part, client)) for part in parts]
    return {v.criterion: v for part in found for v in part}


def test_k_samples_are_k_requests_with_their_own_keys():
    seen = []

    def reply(request):
        seen.append(request.sample)
        return say(a=1 + request.sample, b=3)

    client = Cached(ScriptedClient(reply))
    found = ask(ScoreIntegration(WARM, k=4), client)
    assert sorted(seen) == [0, 1, 2, 3]
    assert found["a"].value == pytest.approx(2.5)
    assert found["a"].spread == pytest.approx(1.2909944)
    assert found["b"].spread == 0.0
    ask(ScoreIntegration(WARM, k=4), client)
    assert len(seen) == 4  # the cache knows all samples
    ask(WARM, client)
    assert len(seen) == 4  # and the first of them is the plain question


def test_nested_integration_asks_for_different_samples():
    seen = []
    client = ScriptedClient(lambda r: seen.append(r.sample) or say(a=3, b=3))
    ask(ScoreIntegration(ScoreIntegration(WARM, k=3), k=2), client)
    assert sorted(seen) == [0, 1, 2, 3, 4, 5]


def test_a_seed_differs_per_sample():
    seen = []
    client = ScriptedClient(lambda r: seen.append(r.seed) or say(a=3, b=3))
    ask(ScoreIntegration(PointwiseJudge(temperature=0.6, seed=7), k=3), client)
    assert sorted(seen) == [7, 8, 9]
    asyncio.run(Numbered(client, 2, 3).complete(Request((Message("user", "x"),))))
    assert seen[-1] is None


def broken_after(n):
    """A client whose samples from ``n`` on cannot be read."""
    return ScriptedClient(lambda r: say(a=4, b=2) if r.sample < n else "hm")


def test_lost_samples_lower_the_number_down_to_the_floor():
    found = ask(ScoreIntegration(WARM, k=4, floor=2), broken_after(2))
    assert (found["a"].value, found["a"].state) == (4.0, State.SCORED)
    found = ask(ScoreIntegration(WARM, k=4, floor=3), broken_after(2))
    assert (found["a"].value, found["a"].state) == (None, State.UNREADABLE)
    assert "2 of 4 verdicts can be used, 3 needed" in found["a"].reason


def test_what_integration_cannot_do_is_refused():
    with pytest.raises(SettingError, match="temperature 0"):
        ScoreIntegration(PointwiseJudge(), k=3)
    with pytest.raises(SettingError, match="same verdict"):
        ScoreIntegration(LexicalJudge(), k=3)
    with pytest.raises(SettingError, match="odd"):
        ScoreIntegration(WARM, k=4, how="vote")
    assert ScoreIntegration(PointwiseJudge(), k=1)


# ------------------------------------------------------------------------------------------------ panels


def table(**values):
    return ClientTable(
        {name: ScriptedClient(lambda r, v=v: v if isinstance(v, str) else say(a=v, b=v)) for name, v in values.items()}
    )


def test_one_judge_asked_of_several_clients_by_name():
    found = ask(Panel((PointwiseJudge(),), models=("x", "y", "z"), how="median"), table(x=1, y=4, z=5))
    assert found["a"].value == 4.0
    assert found["a"].reason == "r (x=1; y=4; z=5)"
    assert found["a"].spread == pytest.approx(2.0816660)


def test_members_with_weights_and_with_no_model_at_all():
    judge = Panel((Member(PointwiseJudge(), "x", 3.0), Member(PointwiseJudge(), "y", 1.0)))
    assert ask(judge, table(x=1, y=5))["a"].value == pytest.approx(2.0)
    mixed = Panel((PointwiseJudge(), LexicalJudge()))
    found = ask(mixed, ScriptedClient(lambda r: say(a=5, b=5)))
    assert "LexicalJudge=" in found["a"].reason
    assert not Panel((LexicalJudge(), LexicalJudge(met=0.4))).needs_client


def test_a_member_that_fails_leaves_the_panel_and_the_floor_holds():
    def down(request):
        raise CallError("down", state="failed")

    clients = ClientTable({"x": ScriptedClient(lambda r: say(a=2, b=2)), "y": ScriptedClient(down)})
    judge = Panel((PointwiseJudge(),), models=("x", "y"))
    found = ask(judge, clients)
    assert found["a"].value == 2.0
    assert "y=failed" in found["a"].reason
    strict = ask(Panel((PointwiseJudge(),), models=("x", "y"), floor=2), clients)
    assert (strict["a"].state, strict["a"].value) == (State.FAILED, None)


def test_the_odd_rule_and_a_tie_when_a_member_is_lost():
    with pytest.raises(SettingError, match="odd"):
        Panel((PointwiseJudge(),), models=("x", "y"), how="vote")
    judge = Panel((PointwiseJudge(),), models=("x", "y", "z"), how="vote")
    assert ask(judge, table(x=2, y=2, z=5))["a"].value == 2.0
    tied = ask(judge, table(x=2, y="hm", z=5))
    assert (tied["a"].state, tied["a"].value) == (State.ABSTAINED, None)


def test_equal_members_and_ambiguous_forms_are_refused():
    with pytest.raises(SettingError, match="ScoreIntegration"):
        Panel((PointwiseJudge(), PointwiseJudge()))
    with pytest.raises(SettingError, match="one member"):
        Panel((PointwiseJudge(), OrdinalJudge()), models=("x",))
    with pytest.raises(SettingError, match="weights"):
        Panel((Member(PointwiseJudge(), weight=0.0),))


def test_a_client_table_names_its_clients():
    clients = table(x=1, y=2)
    with pytest.raises(UnknownNameError, match="x, y"):
        asyncio.run(clients.complete(Request((Message("user", "hi"),), model="zz")))
    assert clients.endpoint == "x=scripted; y=scripted"
    with pytest.raises(UnknownNameError):
        ClientTable({"x": clients}, default="q")
    with pytest.raises(SettingError):
        ClientTable({})


def test_a_cache_around_the_table_keeps_members_apart():
    client = Cached(table(x=1, y=5))
    judge = Panel((PointwiseJudge(),), models=("x", "y"))
    assert ask(judge, client)["a"].value == ask(judge, client)["a"].value == 3.0
