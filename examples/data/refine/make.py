"""Writes the example of refining: answers of a shop about late parcels, and labelled pairs of them.

An answer is put together from sentences; which ones it has decides how good it is. A label is the better of two answers
to one customer, wrong in one of ten pairs. ``rubric.yaml`` is written by hand: it holds a copy, two criteria that
contradict each other, a reversed one, a vague one, and one that every answer meets. ``recording.jsonl`` holds the
replies, written by hand below, of a model that splits the criterion that most answers meet.

    python examples/data/refine/make.py
"""

from __future__ import annotations

import itertools
import json
import tempfile
from contextlib import suppress
from pathlib import Path

import numpy as np

from rubricate.cli import main as rubricate
from rubricate.llm.client import Request
from rubricate.llm.server import MockServer

HERE = Path(__file__).resolve().parent
THINGS = (
    "kettle", "lamp", "rug", "chair", "mirror", "radio", "tent", "bicycle", "clock", "mattress", "printer", "toaster",
    "suitcase", "shelf", "kite", "piano", "scarf", "globe", "fan", "ladder",
)  # fmt: skip
WORTH = {"apology": 1.0, "date": 1.0, "refund": 1.5, "contact": 1.0, "stock": -1.5, "blame": -1.5}
SENTENCES = {
    "apology": ("I am sorry that your {thing} is late.",
                "We are sorry: the {thing} should be with you by now."),
    "date": ("The new delivery date is {day} May.", "It has a new date of delivery now: {day} May."),
    "refund": ("You get a refund of the postage today.", "We refund the postage of 4.90 euros."),
    "contact": ("For questions, Ms Adler is your contact: 030 5551.", "Your contact for questions is Jonas Weber."),
    "stock": ("We regret any inconvenience this may have caused.", "We regret any inconvenience; thank you."),
    "blame": ("The delay is the fault of the parcel service.", "Blame the parcel service, it lost a day or two."),
}  # fmt: skip
SPLIT = {"children": ["Names Jonas Weber as the contact.", "Gives the number 030 5551."]}
FILLER = "Your message about the {thing} has reached us."


def answer(thing: str, rng: np.random.Generator) -> tuple[str, float]:
    """One answer, and how good it is."""
    has = [name for name in WORTH if rng.random() < 0.5]
    day = int(rng.integers(3, 28))
    body = [FILLER, *(SENTENCES[name][rng.integers(2)] for name in has)]
    text = "\n".join(["Dear customer,", " ".join(body).format(thing=thing, day=day), "Kind regards, Corner Shop"])
    return text, sum(WORTH[name] for name in has)


def reply(request: Request) -> str:
    """What the model says: the two finer criteria, and that neither repeats one that is there."""
    return json.dumps(SPLIT if '"children"' in request.messages[0].content else {"clash": "none"})


def record() -> None:
    """Write recording.jsonl: the split of the page on refining, asked over HTTP."""
    recording = HERE / "recording.jsonl"
    recording.unlink(missing_ok=True)
    with tempfile.TemporaryDirectory() as folder, MockServer(reply).in_thread() as server:
        run, out = f"{folder}/run", f"{folder}/refined.yaml"
        asked = ["--pairs", str(HERE / "pairs.jsonl"), "--split", "--split-above", "3"]
        asked += ["--base-url", server.url, "--model", "by-hand", "--record"]
        for command in (
            ["judge", str(HERE / "rubric.yaml"), str(HERE / "responses.jsonl"), "--out", run],
            ["refine", str(HERE / "rubric.yaml"), run, "--out", out, *asked, str(recording)],
        ):
            with suppress(SystemExit):
                rubricate(command)


def main() -> None:
    """Write responses.jsonl, pairs.jsonl and recording.jsonl."""
    rng = np.random.default_rng(4)
    responses, pairs = [], []
    for thing in THINGS:
        prompt = f"My {thing} should have been here last week. Where is it?"
        made = {text: worth for text, worth in (answer(thing, rng) for _ in range(5))}
        for k, text in enumerate(made):
            responses.append({"id": f"{thing}-{k}", "group": thing, "prompt": prompt, "response": text})
        for one, two in itertools.combinations(made, 2):
            if abs(made[one] - made[two]) < 0.5:
                continue
            better, worse = (one, two) if (made[one] > made[two]) ^ (rng.random() < 0.1) else (two, one)
            pairs.append({"id": f"{thing}-{len(pairs)}", "prompt": prompt, "better": better, "worse": worse})
    for name, rows in (("responses", responses), ("pairs", pairs)):
        text = "".join(json.dumps(row) + "\n" for row in rows)
        (HERE / f"{name}.jsonl").write_text(text, encoding="utf-8")
    record()


if __name__ == "__main__":
    main()
