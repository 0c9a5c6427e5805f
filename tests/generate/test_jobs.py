"""Many drafts: resumed after a kill, never made twice, remade when the generator changes."""

import asyncio
import json

import pytest

from rubricate.errors import DataError, SettingError
from rubricate.generate import EvidenceGenerator, Material, generate_all, read_drafts
from rubricate.llm import Calls, CallSettings, ScriptedClient

FACTS = [{"text": "It needs an ambulance.", "kind": "red_flag", "passage": 1}]
ITEMS = [
    {"text": "Tells to call an ambulance now.", "points": 10, "axis": "accuracy", "fact": 1},
    {"text": "Suggests waiting until tomorrow.", "points": -9, "axis": "accuracy", "fact": 1},
]
MATERIALS = {
    f"m{k}": Material(f"My chest hurts {k}.", passages=("It needs an ambulance.", "Aspirin.")) for k in range(4)
}


def client(count, broken=()):
    def rule(request):
        count.append(request)
        text = request.messages[1].content
        if any(f"hurts {k}." in text for k in broken):
            return "no json"
        return json.dumps({"facts": FACTS} if "passage 1" in text else {"items": ITEMS})

    return ScriptedClient(rule)


def run(count, broken=(), generator=None, **settings):
    return asyncio.run(generate_all(generator or EvidenceGenerator(), MATERIALS, client(count, broken), **settings))


def test_drafts_come_back_in_order_and_a_lost_one_costs_no_other():
    drafts = run([], broken=(2,))
    assert list(drafts) == list(MATERIALS)
    assert [d.rubric is None for d in drafts.values()] == [False, False, True, False]
    assert drafts["m0"].rubric.id == "m0"


def test_a_job_goes_on_where_it_was_killed(tmp_path):
    out, count = tmp_path / "drafts.jsonl", []
    whole = run(count, out=out)
    assert len(count) == 8
    lines = out.read_text().splitlines(keepends=True)
    out.write_text("".join(lines[:2]) + lines[2][:40])  # killed while it wrote the third
    again: list = []
    assert run(again, out=out) == whole
    assert len(again) == 4
    assert len(out.read_text().splitlines()) == 4
    assert dict(read_drafts(out)).keys() == MATERIALS.keys()


def test_another_generator_makes_its_own(tmp_path):
    out = tmp_path / "drafts.jsonl"
    run([], out=out)
    count: list = []
    run(count, out=out, generator=EvidenceGenerator(temperature=0.7))
    assert len(count) == 8


def test_bad_arguments_end_before_anything_is_asked(tmp_path):
    count: list = []
    with pytest.raises(SettingError, match="needs 'passages'"):
        asyncio.run(generate_all(EvidenceGenerator(), {"x": Material("p")}, client(count)))
    with pytest.raises(SettingError, match="concurrency=0"):
        run(count, concurrency=0)
    broken = tmp_path / "drafts.jsonl"
    broken.write_text('{"id": "m0"}\n')
    with pytest.raises(DataError, match=r"drafts.jsonl:1"):
        run(count, out=broken)
    assert not count


def test_changed_material_is_made_again_and_nothing_else(tmp_path):
    out = tmp_path / "drafts.jsonl"
    run([], out=out)
    count: list = []
    changed = MATERIALS | {"m1": Material("My chest hurts 1, doctor.", passages=MATERIALS["m1"].passages)}
    asyncio.run(generate_all(EvidenceGenerator(), changed, client(count), out=out))
    assert len(count) == 2
    assert all("hurts 1, doctor" in r.messages[1].content for r in count)


def test_a_draft_without_a_rubric_stays_until_it_is_asked_for_again(tmp_path):
    out = tmp_path / "drafts.jsonl"
    run([], broken=(2,), out=out)
    count: list = []
    assert run(count, out=out)["m2"].rubric is None
    assert not count
    assert run(count, out=out, retry_failed=True)["m2"].rubric is not None
    assert len(count) == 2
    assert run([], out=out)["m2"].rubric is not None  # the newest draft counts


def test_what_a_cap_stopped_is_not_written_and_is_made_by_the_next_run(tmp_path):
    out, count = tmp_path / "drafts.jsonl", []
    capped = Calls(client(count), CallSettings(max_calls=5))
    drafts = asyncio.run(generate_all(EvidenceGenerator(), MATERIALS, capped, out=out, concurrency=1))
    assert [d.rubric is None for d in drafts.values()] == [False, False, True, True]
    assert "max_calls=5" in drafts["m3"].why
    assert [name for name, _ in read_drafts(out)] == ["m0", "m1"]
    assert all(d.rubric for d in run(count, out=out).values())
    assert len(count) == 5 + 4


def test_a_line_separator_inside_a_text_does_not_break_a_draft(tmp_path):
    out = tmp_path / "drafts.jsonl"
    items = [{**ITEMS[0], "text": "Tells to call\u2028an ambulance now."}, ITEMS[1]]
    scripted = ScriptedClient(
        lambda r: json.dumps({"facts": FACTS} if "passage 1" in r.messages[1].content else {"items": items})
    )
    first = asyncio.run(generate_all(EvidenceGenerator(), MATERIALS, scripted, out=out))
    assert "\u2028" in out.read_text()
    assert dict(read_drafts(out)) == first
