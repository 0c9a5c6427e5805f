"""A line of text describes any generator; what does not fit is said before anything is made."""

import pytest

from rubricate import registry
from rubricate.errors import SettingError, UnknownNameError
from rubricate.generate import (
    BankGenerator,
    DocumentsGenerator,
    EvidenceGenerator,
    Gate,
    NeighbourGenerator,
    NuggetGenerator,
    PassageIndex,
    PromptGenerator,
    RubricIndex,
    named_generator,
)
from rubricate.generate.named import PARTS, settings_taken
from rubricate.rubrics import Rubric

DOCS = PassageIndex(["Green tea wants 80 degrees."], ["tea.md"])
BANK = RubricIndex([Rubric(id="b", prompt="How do I brew coffee?", criteria=[{"id": "a", "text": "Names the grind."}])])


def test_settings_and_those_of_the_gate():
    assert named_generator("prompt") == PromptGenerator()
    found = named_generator("prompt:plan=yes,most=8,classes=Essential+Pitfall,weights=-5+5,temperature=1")
    assert found == PromptGenerator(
        plan=True, gate=Gate(most=8), classes=("Essential", "Pitfall"), weights=(-5.0, 5.0), temperature=1.0
    )
    assert named_generator("evidence:most=9").gate == Gate(most=9, negatives=True)  # the rest of its own gate stays


def test_parts_and_what_stands_inside():
    assert named_generator("docs:k=2/nuggets:scale=ternary", documents=DOCS) == DocumentsGenerator(
        DOCS, 2, NuggetGenerator(scale="ternary")
    )
    assert named_generator("docs", documents=DOCS) == DocumentsGenerator(DOCS)
    assert named_generator("neighbours:examples=1", bank=BANK) == BankGenerator(
        BANK, inner=NeighbourGenerator(examples=1)
    )
    assert named_generator("bank:k=2", bank=BANK) == BankGenerator(BANK, 2)
    assert named_generator("neighbours") == NeighbourGenerator()


def test_the_model_is_part_of_the_digest_of_outer_and_inner():
    assert named_generator("prompt", model="a").model == "a"
    assert named_generator("prompt:model=b", model="a").model == "b"
    inner = named_generator("docs", documents=DOCS, model="a")
    assert inner.inner == EvidenceGenerator(model="a")
    assert inner.digest != named_generator("docs", documents=DOCS, model="b").digest


def test_another_bank_is_another_generator():
    other = RubricIndex([BANK.rubrics[0].model_copy(update={"prompt": "How do I roast coffee?"})])
    assert BankGenerator(BANK).digest == BankGenerator(RubricIndex(BANK.rubrics)).digest
    assert BankGenerator(BANK).digest != BankGenerator(other).digest
    assert (
        BankGenerator(BANK).digest != BankGenerator(RubricIndex(BANK.rubrics, embed=lambda t: [[1.0]] * len(t))).digest
    )


@pytest.mark.parametrize(
    ("text", "parts", "said"),
    [
        ("prompt:refused=R301", {}, "prompt takes no setting"),
        ("feedback:similar=words", {}, "feedback takes no setting"),
        ("prompt:reasks=2.5", {}, "reasks=2.5; expected a valid integer"),
        ("prompt:weights=heavy", {}, "weights="),
        ("prompt:most=0", {}, "expected 1 <= least <= most"),
        ("nuggets:scale=seven", {}, "scale='seven'"),
        ("pairs:mode=both", {}, "expected 'direct' or 'profiles'"),
        ("prompt/nuggets", {}, "prompt has no generator inside"),
        ("docs", {}, "docs needs --docs FOLDER"),
        ("bank", {}, "bank needs --bank RUBRICS"),
        ("nuggets", {"documents": DOCS}, "nuggets does not take --docs FOLDER; expected --from docs/nuggets"),
        ("prompt", {"bank": BANK}, "prompt does not take --bank RUBRICS; expected --from neighbours"),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_refused(text, parts, said):
    with pytest.raises(SettingError, match=said.replace("(", r"\(")):
        named_generator(text, **parts)


def test_unknown_policies_and_generators_list_the_known():
    with pytest.raises(UnknownNameError, match="unknown policy 'best'"):
        named_generator("prompt:policy=best")
    with pytest.raises(UnknownNameError, match="one of: bank, constraints"):
        named_generator("docs/x", documents=DOCS)


@pytest.mark.parametrize("name", registry.names("generator"))
def test_every_setting_that_is_listed_can_be_given_as_it_stands(name):
    part = registry.lookup("generator", name)
    listed = {k: v for k, v in settings_taken(part).items() if isinstance(v, (int, float, str)) and v != ""}
    text = ",".join(f"{k}={v}" for k, v in listed.items())
    given = {
        option: {"documents": DOCS, "bank": BANK}[option] for option in PARTS if option in registry.settings_of(part)
    }
    assert named_generator(f"{name}:{text}", **given) == named_generator(name, **given)
