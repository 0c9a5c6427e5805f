"""The recording of the examples is what its readable replies and the prompts of today make; it cannot go stale unseen."""

import importlib.util
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
spec = importlib.util.spec_from_file_location("record_generate", EXAMPLES / "record_generate.py")
record_generate = importlib.util.module_from_spec(spec)
spec.loader.exec_module(record_generate)


def test_the_recording_is_made_again_byte_for_byte(tmp_path, capsys):
    record_generate.main(tmp_path / "recording.jsonl")
    kept = EXAMPLES / "data" / "generate" / "recording.jsonl"
    remake = "run python examples/record_generate.py"
    assert (tmp_path / "recording.jsonl").read_bytes() == kept.read_bytes(), remake
    said = capsys.readouterr().out
    for reason in (
        "it holds code", "it is written in cjk", "of the reference", "R401", "R402", "R302", "R001", "its class is",
        "is not in feedback", "it cites no passage", "it names no fact", "its weight is", "its points are",
    ):  # fmt: skip
        assert reason in said, f"no example shows {reason!r}"


@pytest.mark.parametrize(("replies", "calls"), [(1, 2), (3, 2)])
def test_a_reply_too_few_or_too_many_is_an_error(tmp_path, monkeypatch, replies, calls):
    folder = EXAMPLES / "data" / "generate"
    (tmp_path / "materials.yaml").write_text((folder / "materials.yaml").read_text())
    items = "{items: [{text: Names a source.}]}"
    more = "".join(f"      - {items}\n" for _ in range(replies - 1))
    text = "- from: prompt:plan=yes\n  replies:\n" + "".join(
        f"    {name}:\n      - {{plan: [Time.]}}\n{more}" for name in ("refund", "leaflet")
    )
    (tmp_path / "replies.yaml").write_text(text)
    monkeypatch.setattr(record_generate, "FOLDER", tmp_path)
    with pytest.raises(SystemExit, match=f"prompt:plan=yes, refund: {replies} replies for {calls} calls"):
        record_generate.main(tmp_path / "out.jsonl")
