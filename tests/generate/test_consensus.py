"""What several models say on their own, end to end, and the trap of one voice that agrees with itself."""

import asyncio
import json

import numpy as np
import pytest

from rubricate.errors import CallError, SettingError
from rubricate.generate import ConsensusGenerator, Material, NuggetGenerator, PromptGenerator, generate_all
from rubricate.llm.scripted import ScriptedClient
from rubricate.llm.table import ClientTable

TEA = Material("How do I brew tea?", passages=("Heat to 80 degrees.", "Wait for 3 minutes."), sources=("a", "b"))
SAYS = {
    "ann": [("Gives 80 degrees of heat.", 1, 4), ("Says to wait.", 2, 2), ("Boils the tea.", 1, -3)],
    "bob": [("Gives a heat of 80 degrees.", 1, 9), ("Serves it in cups.", 1, 1)],
    "cyd": [("Names the 3 minutes.", 2, 3), ("Says to wait", 1, 5), ("Boils the tea!", 1, 3)],
}


def client(down=()):
    def speaker(name):
        def reply(request):
            if name in down:
                raise CallError("down", state="timed_out")
            items = [{"text": t, "passage": p, "weight": w} for t, p, w in SAYS[name]]
            return json.dumps({"items": items})

        return ScriptedClient(reply)

    return ClientTable({name: speaker(name) for name in SAYS})


def voices(*names):
    return tuple(NuggetGenerator(model=n, weights=(-10.0, 10.0)) for n in names)


def run(at_least=2, down=(), **settings):
    generator = ConsensusGenerator(generators=voices(*SAYS), at_least=at_least, **settings)
    return asyncio.run(generator.generate(TEA, client(down), id="tea"))


def test_what_two_of_three_say_stays_with_who_said_it():
    draft = run()
    rubric = draft.rubric
    assert [(c.id, c.text, c.weight) for c in rubric.criteria] == [
        ("c1", "Gives 80 degrees of heat.", 4.0),
        ("c2", "Says to wait.", 2.0),
    ]
    assert rubric.stats.consensus == {"c1": 2, "c2": 2}
    assert [c.provenance.source for c in rubric.criteria] == ["said by 2 of 3: ann, bob", "said by 2 of 3: ann, cyd"]
    assert [e.url for e in rubric.criteria[1].evidence] == ["b", "a"]
    assert {d.text: d.reason for d in draft.dropped} == {
        t: "1 of 3 generators said it, and 2 are wanted"
        for t in ("Boils the tea.", "Serves it in cups.", "Names the 3 minutes.", "Boils the tea!")
    }
    assert draft.usage.calls == rubric.provenance.calls == 3


def test_a_voice_that_is_missing_is_no_vote_against():
    draft = run(down=("bob",))
    assert [c.text for c in draft.rubric.criteria] == ["Says to wait."]
    assert draft.rubric.criteria[0].provenance.source == "said by 2 of 2: ann, cyd"
    assert any("bob gave no rubric" in n for n in draft.notes)
    lost = run(down=("bob", "cyd"))
    assert lost.rubric is None
    assert "1 of 3 generators gave a rubric, and 2 must agree" in lost.why


def test_everyone_or_anyone():
    assert run(at_least=3).why.startswith("0 criteria were kept")
    everything = run(at_least=1)
    assert len(everything.rubric.criteria) == 5
    assert "R303-contradiction" in {d.reason.split(":")[0] for d in everything.dropped}  # good for one, bad for another


def test_embeddings_find_what_words_do_not():
    def similar(texts):
        about = [("wait" in t) or ("minutes" in t) for t in texts]
        return np.array([[float(a and b) for a in about] for b in about])

    draft = run(similar=similar, threshold=0.8)
    assert [c.text for c in draft.rubric.criteria] == ["Says to wait."]
    assert draft.rubric.criteria[0].provenance.source.endswith("ann, cyd")
    assert run().rubric.digest != draft.rubric.digest


def test_one_voice_cannot_agree_twice():
    with pytest.raises(SettingError, match="two generators are the same"):
        ConsensusGenerator(generators=voices("ann", "ann"))
    with pytest.raises(SettingError, match="at_least=3 of 2"):
        ConsensusGenerator(generators=voices("ann", "bob"), at_least=3)


def test_it_is_a_generator_like_the_others(tmp_path):
    generator = ConsensusGenerator(generators=(*voices("ann", "cyd"), PromptGenerator(model="bob")))
    assert generator.needs == ("passages",)
    assert generator.digest != ConsensusGenerator(generators=(*voices("ann", "cyd"),)).digest
    path = tmp_path / "drafts.jsonl"
    first = asyncio.run(generate_all(generator, {"tea": TEA}, client(), out=path))
    again = asyncio.run(generate_all(generator, {"tea": TEA}, client(down=tuple(SAYS)), out=path))
    assert first == again
    assert again["tea"].rubric.stats.consensus == {"c1": 2, "c2": 2}
