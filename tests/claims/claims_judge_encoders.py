"""Checks of similarity with references, with the hashed encoders that need no weights."""

import asyncio

import numpy as np

from rubricate.judges import HashedEncoder, distinct_share
from rubricate.lab.claims import Outcome, claim
from rubricate.recipes import find_recipe
from rubricate.rubrics import Rubric
from rubricate.types import Message, Sample

ANY = Rubric(id="any", criteria=[{"id": "c", "text": "Any."}])


def scores(judge, texts, task="Why?", reference=None):
    samples = [Sample(str(k), (Message("user", task),), t, reference=reference) for k, t in enumerate(texts)]
    return np.array([v.value for v in asyncio.run(judge.rank(samples, ANY, None))])


# Reference, a paraphrase that keeps some of its words, the same denied, an honest short answer, its key terms alone.
EXPLAINED = (
    ("The sky is blue because air scatters blue light far more strongly than red light.",
     "Blue light is scattered by the air much more than red, so the sky looks blue.",
     "The sky is not blue because air scatters blue light far more strongly than red light.",
     "Air scatters blue the most.", "sky blue air scatters blue light red light strongly scatters"),
    ("Ice floats because water expands when it freezes, which makes it less dense than the liquid.",
     "Frozen water is less dense than liquid water, as it expands on freezing, and so ice floats.",
     "Ice does not float because water expands when it freezes, which makes it less dense than the liquid.",
     "It is less dense than water.", "ice floats water expands freezes less dense liquid expands"),
    ("The patient needs insulin because the pancreas no longer produces enough of the hormone.",
     "Since too little of the hormone is produced by the pancreas, the patient has to take insulin.",
     "The patient does not need insulin because the pancreas no longer produces enough of the hormone.",
     "The pancreas makes too little.", "patient insulin pancreas produces hormone enough needs insulin"),
    ("Prices rose because demand for houses grew faster than builders could supply new ones.",
     "Builders supplied fewer new houses than were in demand, and prices of houses rose.",
     "Prices did not rise because demand for houses grew faster than builders could supply new ones.",
     "Demand outgrew supply.", "prices rose demand houses grew builders supply new houses faster"),
    ("The program crashes because it reads past the end of the list when the input is empty.",
     "With an empty input the program reads past the end of its list, and it crashes.",
     "The program does not crash because it reads past the end of the list when the input is empty.",
     "It reads an empty list.", "program crashes reads past end list input empty crashes reads"),
)  # fmt: skip


@claim("explanation_similarity")
def claim_explanation_similarity():
    part = find_recipe("97")()
    judge = part.judge.build()
    table = []
    for k, (reference, *texts) in enumerate(EXPLAINED):
        others = [e[1] for j, e in enumerate(EXPLAINED) if j != k]
        table.append(scores(judge, [*texts, *others], reference=reference))
    same, denied, short, terms, *far = np.array(table).T
    # The recipe pays paraphrase and other topics alike for letter and format, so their order is that of the encoder.
    n = len(EXPLAINED)
    pay = [
        part.reward({"similarity": x, "outcome": np.ones(n), "format": np.ones(n)}) for x in (same, *far)
    ]  # fmt: skip
    auc = float(np.mean([pay[0][:, None] > other[None, :] for other in pay[1:]]))
    holds = auc >= 0.9 and (denied > same).all() and (terms > short).all()
    note = (
        f"the same denied scores {denied.mean():.3f}, a paraphrase {same.mean():.3f}, key terms alone {terms.mean():.3f}, "
        f"an honest short answer {short.mean():.3f}"
    )
    return Outcome(0.5, round(auc, 3), bool(holds), note)


# Query and a good answer. A copy of a query of L words pays L / 100, so an answer needs cosine * words > L to beat it.
QUERIES = (
    ("how do i make a simple vegetable soup at home with cheap ingredients",
     "to make a simple vegetable soup at home start with one onion two carrots and a potato all of them cheap ingredients "
     "chop them and fry them in a little oil for five minutes then add a liter of water and a stock cube let the soup "
     "simmer for twenty minutes until the vegetables are soft and season it with salt and pepper if you like it smooth "
     "blend half of it and stir it back in and serve it with bread"),
    ("what should i look at when i buy a used car from a private seller",
     "when you buy a used car from a private seller ask for the service book first and compare its dates with the miles "
     "on the clock look under the car for rust and for oil and look at the tires since uneven wear tells of a bent frame "
     "drive it cold and on a fast road and have a garage check the brakes before you pay a private seller gives no "
     "warranty so what you pay should be less than a dealer asks"),
    ("why does my sourdough bread stay flat and dense after baking",
     "a sourdough bread that stays flat and dense after baking was most often proofed too short or raised by a tired "
     "starter so feed the starter twice before you bake and wait until it doubles in four hours let the dough rise until "
     "it has grown by half and shape it tightly so that the bread keeps its gas a hot oven and a pot with a lid help it to "
     "spring and cutting the top lets it open where you want it to and not at the side"),
    ("how can i sleep better when i work night shifts every second week",
     "when you work night shifts every second week you sleep better if the bedroom is dark and cool wear dark glasses on "
     "the way home and go to bed at the same hour after each night drink no coffee in the second half of your shifts and "
     "eat little before you sleep in the week between move your sleep by two hours a day and not all at once and tell your "
     "family when you sleep so that nobody calls you then"),
    ("which plants grow well on a shady balcony that faces north",
     "on a shady balcony that faces north ferns ivy and hostas grow well since they come from forests and begonias and "
     "fuchsias are plants that flower in shade too use large pots on the balcony because wind dries the soil and water "
     "in the morning plants that get no sun need less water so let the top dry first feed them every two weeks in summer "
     "and bring those that do not stand frost inside before the first cold night"),
)  # fmt: skip
ELSEWHERE = (
    "the history of rome covers many centuries of war trade law and art across europe africa and asia and scholars still "
    "debate why its western half fell while the eastern one lasted for another thousand years under other rulers who kept "
    "its name its courts and its taxes and wrote down most of what is known about it now in libraries that later burned"
)


@claim("relevance_product")
def claim_relevance_product():
    part = find_recipe("109")()
    judge = part.judge.build(encoder=HashedEncoder(1, "word"))
    wins, ratio = np.zeros(3), []
    for query, good in QUERIES:
        texts = (good, query, " ".join([query] * 6), ELSEWHERE)
        relevance = judge.encoder.encode(texts) @ judge.encoder.encode([query])[0]
        words, repetition = np.array([len(t.split()) for t in texts]), 1 - np.array([distinct_share(t) for t in texts])
        env = {
            "open_ended": np.ones(4), "query_similarity": relevance, "similarity": np.zeros(4), "words": words,
            "repetition": repetition,
        }  # fmt: skip
        forms = (
            part.reward(env | {"words": np.full(4, 100.0), "repetition": np.zeros(4)}),
            part.reward(env | {"repetition": np.zeros(4)}),
            part.reward(env),
        )
        wins += [form.argmax() == 0 for form in forms]
        ratio.append(forms[2][0] / forms[2][1:].max())
        assert np.allclose(forms[2], scores(judge, texts, task=query))
    copies, padded, whole = wins / len(QUERIES)
    closed = part.reward({**env, "open_ended": np.zeros(4), "similarity": np.array([0.8, 0.2, 0.2, 0.1])})
    holds = copies == 0 and padded == 0 and whole == 1 and closed.argmax() == 0
    note = (
        f"the good answer wins with all terms, at least {min(ratio):.2f} times the next; with length alone {padded:.0%}"
    )
    return Outcome(f"{copies:.0%} with relevance alone", f"{whole:.0%}", bool(holds), note)


PHRASES = [f"{a} {b} {c}" for a, b, c in zip(
    ["warm", "sell", "the", "cut", "keep", "ask", "check", "mix", "write", "hold", "add", "count"],
    ["milk", "old", "front", "thin", "accounts", "neighbours", "brakes", "salt", "names", "doors", "sugar", "coins"],
    ["slowly", "parts", "gate", "slices", "open", "first", "twice", "evenly", "down", "tight", "last", "again"], strict=True,
)]  # fmt: skip
FILLER = [f"{a} of course {a}" for a in ["well", "sure", "maybe", "often", "indeed", "surely"]]


def _answer(rng, facts, said, own):
    """Six phrases in random order: ``said`` of those that are true of the prompt, the rest filler (its ``own`` or not)."""
    chosen = [PHRASES[k] for k in rng.choice(facts, said, replace=False)]
    private = [" ".join(f"x{w}" for w in rng.integers(10**6, size=3)) for _ in range(6 - said)]
    return " ".join(rng.permutation(chosen + (private if own else list(rng.choice(FILLER, 6 - said)))))


@claim("bleuberi")
def claim_bleuberi():
    part = find_recipe("110")()

    def value(text, references):
        found = part.judge.build(sample=Sample("s", (Message("user", "q"),), text), references=tuple(references))
        return float(part.reward({"bleu": np.array([found.value])})[0])

    agree = {(k, own): [] for k in (1, 5) for own in (True, False)}
    for seed in range(5):
        rng = np.random.default_rng(seed)
        for own in (True, False):
            for _ in range(40):
                facts = rng.permutation(12)[:8]
                references = [_answer(rng, facts, 4, own) for _ in range(5)]
                better, worse = _answer(rng, facts, 4, own), _answer(rng, facts, 3, own)
                for k in (1, 5):
                    gap = value(better, references[:k]) - value(worse, references[:k])
                    agree[k, own].append(0.5 if gap == 0 else float(gap > 0))
    found = {arm: float(np.mean(v)) for arm, v in agree.items()}
    one, five = found[1, True], found[5, True]
    text, same_length, closer = "a b c d e f", "u v w x y z", "u v w x y z q"
    alone = value(text, ["a b c d"])
    exact = (
        value(text, [text]) == 1.0
        and value("", [text]) == 0.0
        and value(text, ["a b c x y z", same_length]) >= value(text, ["a b c x y z"])
        and value(text, ["a b c d", closer]) < alone  # only the reference length has changed, and it is longer now
    )
    note = f"filler that all answers share: {found[1, False]:.3f} -> {found[5, False]:.3f}"
    return Outcome(round(one, 3), round(five, 3), bool(exact and five >= one + 0.1), note)
