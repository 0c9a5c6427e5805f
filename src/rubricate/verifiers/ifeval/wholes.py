"""IFEval combinations, starts, ends and punctuation: what the response is as a whole."""

from __future__ import annotations

from rubricate.verifiers.base import Outcome
from rubricate.verifiers.ifeval.base import Check, instruction, outcome, texts
from rubricate.verifiers.normalise import shown


@instruction("combination:repeat_prompt")
def repeat_prompt(prompt_to_repeat: str) -> Check:
    """Whether the response starts with the prompt, in any case."""
    texts(prompt_to_repeat=prompt_to_repeat)
    wanted = prompt_to_repeat.strip().lower()

    def check(text: str) -> Outcome:
        return outcome(text.strip().lower().startswith(wanted), f"starts with {shown(text)}; expected {shown(wanted)}")

    return check


@instruction("combination:two_responses")
def two_responses() -> Check:
    """Whether two different responses stand on both sides of ``******`` (which may also open and close the whole)."""

    def check(text: str) -> Outcome:
        parts = [p.strip() for p in text.split("******")]
        if not all(parts[1:-1]):
            return outcome(False, "an empty response stands between two dividers ******")
        filled = [p for p in parts if p]
        if len(filled) != 2:
            return outcome(False, f"{len(filled)} responses; expected 2")
        return outcome(filled[0] != filled[1], "two responses" if filled[0] != filled[1] else "twice the same response")

    return check


@instruction("startend:end_checker")
def end_checker(end_phrase: str) -> Check:
    """Whether the response ends with the phrase, in any case, double quotes around the whole left out."""
    texts(end_phrase=end_phrase)
    wanted = end_phrase.strip().lower()

    def check(text: str) -> Outcome:
        body = text.strip().strip('"').lower()
        return outcome(body.endswith(wanted), f"ends with {shown(body[-60:])}; expected {shown(wanted)}")

    return check


@instruction("startend:quotation")
def quotation() -> Check:
    """Whether the response starts and ends with a straight double quote."""

    def check(text: str) -> Outcome:
        body = text.strip()
        good = len(body) > 1 and body[0] == body[-1] == '"'
        return outcome(good, f"starts with {shown(body, 20)}, ends with {shown(body[-20:])}")

    return check


@instruction("punctuation:no_comma")
def no_comma() -> Check:
    """Whether there is no comma ``,`` (commas of other scripts do not count)."""

    def check(text: str) -> Outcome:
        found = text.count(",")
        return outcome(not found, f"{found} commas; expected none")

    return check
