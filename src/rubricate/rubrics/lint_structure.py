"""Rules about structure: trees, gates and stages, scales, and what decides a criterion."""

from __future__ import annotations

import re
from collections.abc import Iterator

from rubricate.rubrics.checkable import checkable
from rubricate.rubrics.lint_rules import Hit, Node, View, quoted, rule
from rubricate.rubrics.model import Criterion
from rubricate.rubrics.records import Stage

PROGRAM_SETTINGS = {"code", "source", "program", "script", "function", "entry_point", "tests", "command", "sql"}


@rule(
    "R201-critical-parent", "error",
    what="A critical parent has a child that is not critical.",
    why="The child's failure would both pass (mean) and fail (critical) the parent; tree policies refuse it.",
    repair="Mark the child required, or move it out of the critical branch.",
    source="card 178",
)  # fmt: skip
def critical_parent(view: View) -> Iterator[Hit]:
    """required on a parent, not on its child."""
    for node in view.nodes:
        if node.parent is not None and node.parent.required and not node.criterion.required:
            reason = f"is not required, its parent {node.parent.id!r} is"
            yield Hit(node, "required", reason, f"write required: true, or move it out of {node.parent.id!r}")


@rule(
    "R202-stage-drops-points", "warning",
    what="A required stage drops its own points when it fails.",
    why="Just below its minimum a response loses all of the stage: a cliff in the reward, and no gradient before it.",
    repair="Lower min_score, use on_failure: continue, or give partial credit before the gate.",
    source="card 12",
)  # fmt: skip
def stage_drops_points(view: View) -> Iterator[Hit]:
    """Required stages with on_failure stop or zero and a positive minimum."""
    for node, field, s in _stages(view):
        if s.required and s.on_failure != "continue" and (s.min_score or 0.0) > 0:
            reason = f"below {s.min_score:g} points the stage {s.id!r} loses them all (on_failure: {s.on_failure})"
            yield Hit(node, field, reason, "lower min_score, or use on_failure: continue")


@rule(
    "R203-stage-cannot-pass", "error",
    what="A stage asks for more points than it can give, or its failure pays more than passing it.",
    why="No response passes, or failing is the best policy; the staged policy refuses the latter.",
    repair="Lower min_score, raise max_points or the weights, or lower on_failure_score.",
    source="card 12",
)  # fmt: skip
def stage_cannot_pass(view: View) -> Iterator[Hit]:
    """min_score above the reachable points; on_failure_score above min_score."""
    for node, field, s in _stages(view):
        reach = _reachable(view, s)
        if s.min_score is not None and s.min_score > reach + 1e-9:
            reason = f"the stage {s.id!r} needs {s.min_score:g} points and can give {reach:g}"
            yield Hit(node, field, reason, f"write min_score of at most {reach:g}")
        elif s.required and s.on_failure == "zero" and s.on_failure_score > (s.min_score or 0.0):
            reason = f"failing {s.id!r} pays {s.on_failure_score:g}, passing from {s.min_score or 0:g}"
            yield Hit(node, field, reason, f"write on_failure_score of at most {s.min_score or 0:g}")


def _stages(view: View) -> Iterator[tuple[Node | None, str, Stage]]:
    """The stages, where they stand: those of the rubric, else the top criteria with children of a staged policy."""
    if view.rubric.stages:
        for k, stage in enumerate(view.rubric.stages):
            yield None, f"stages[{k}]", stage
    elif view.rubric.policy.name == "arcane_staged":
        for node in view.nodes:
            if node.parent is None and node.criterion.children:
                yield node, "min_score", _as_stage(node.criterion)


def _as_stage(c: Criterion) -> Stage:
    return Stage(
        id=c.id, required=c.required, min_score=c.min_score, max_points=c.max_points, on_failure=c.on_failure,
        on_failure_score=c.on_failure_score,
    )  # fmt: skip


def _reachable(view: View, stage: Stage) -> float:
    """The most points of a stage: its positive weights, capped."""
    total = sum(max(c.weight, 0.0) for top in view.rubric.criteria for c in _of_stage(top, "", stage.id, view))
    return total if stage.max_points is None else min(total, stage.max_points)


def _of_stage(c: Criterion, inherited: str, wanted: str, view: View) -> Iterator[Criterion]:
    """The leaves of a stage: a criterion belongs to the stage that it names, else to its parent's."""
    own = c.stage if view.rubric.stages and c.stage else inherited or ("" if view.rubric.stages else c.id)
    if not c.children and own == wanted:
        yield c
    for child in c.children:
        yield from _of_stage(child, own, wanted, view)


@rule(
    "R204-program-unbounded", "error",
    what="A program that came with the rubric decides a criterion without a sandbox or without a time limit.",
    why="Model-written verifiers loop, and read what they should not.",
    repair="Leave sandbox on and set a timeout in seconds.",
    source="cards 8, 12, 141",
)  # fmt: skip
def program_unbounded(view: View) -> Iterator[Hit]:
    """sandbox off for any verifier; no timeout for one whose settings hold a program."""
    for node in view.leaves:
        spec = node.criterion.verifier
        if spec is None:
            continue
        if not spec.sandbox:
            yield Hit(node, "verifier.sandbox", f"{spec.name!r} runs without a sandbox", "write sandbox: true")
        program = sorted(PROGRAM_SETTINGS & {k.lower() for k in spec.settings})
        if spec.timeout is None and program:
            reason = f"{spec.name!r} runs the given {program[0]} without a time limit"
            yield Hit(node, "verifier.timeout", reason, "write a timeout in seconds, such as timeout: 5")


@rule(
    "R205-nothing-decides", "error",
    what="A criterion says that a program or a reference decides it, and has neither.",
    why="There is nothing to run or to compare with; every verdict fails.",
    repair="Name the verifier, give the reference, or leave it to a model (kind: llm).",
    source="data model",
)  # fmt: skip
def nothing_decides(view: View) -> Iterator[Hit]:
    """kind code without a verifier; kind reference_match without a reference or a verifier."""
    for node in view.leaves:
        c = node.criterion
        if c.kind == "code" and c.verifier is None:
            yield Hit(node, "kind", "kind is code, but there is no verifier", "name the verifier, or write kind: llm")
        elif c.kind == "reference_match" and not (c.verifier or c.reference or view.rubric.reference):
            yield Hit(node, "reference", "there is no reference to match", "give the reference, or write kind: llm")


@rule(
    "R206-levels-without-anchors", "info",
    what="A scale of several levels without anchors.",
    why="Each judge decides for itself what a 3 is; described levels mean the same to all.",
    repair="Describe the behaviour at each level, or use a binary criterion.",
    source="card 209",
)  # fmt: skip
def levels_without_anchors(view: View) -> Iterator[Hit]:
    """Ordinal scales with no or few anchors: at least the two ends should have one."""
    for node in view.leaves:
        scale = node.criterion.scale
        if scale.kind != "ordinal":
            continue
        ends = [f"{end:g}" for end in (scale.min, scale.max) if not any(_covers(a, end) for a in scale.anchors)]
        if ends:
            missing = ", ".join(ends)
            reason = f"the levels {scale.min:g} to {scale.max:g} have {len(scale.anchors)} anchors, none at {missing}"
            yield Hit(node, "scale.anchors", reason, f"describe a response at level {missing}")


def _covers(anchor: str, level: float) -> bool:
    """Whether an anchor is about a level: its number, or a band such as 1-2 that holds it."""
    band = re.fullmatch(r"\s*(-?\d+(?:\.\d+)?)\s*(?:(?:-|–|to)\s*(-?\d+(?:\.\d+)?))?\s*", anchor)
    return band is not None and float(band[1]) <= level <= float(band[2] or band[1])


@rule(
    "R207-rejected-still-scored", "warning",
    what="A criterion is marked rejected, or is a draft, and still counts.",
    why="The status is bookkeeping: every leaf is judged and scored.",
    repair="Remove it from the rubric, or accept it.",
    source="cards 17, 208",
)  # fmt: skip
def rejected_still_scored(view: View) -> Iterator[Hit]:
    """Leaves whose status is not accepted."""
    for node in view.leaves:
        c = node.criterion
        if c.status != "accepted":
            why = f" ({c.reject_reason})" if c.reject_reason else ""
            yield Hit(
                node, "status", f"is {c.status}{why}, and is judged and scored all the same", "remove or accept it"
            )


@rule(
    "R208-program-could-decide", "info",
    what="A model decides a length, quoted words, a format or a language, which a program can.",
    why="Models count badly, each verdict costs a call, and one that a program gives is the same every time.",
    repair="Put it into a criterion of its own and name the verifier.",
    source="cards 8, 141 (code where code can decide); WritingBench (four in five length criteria)",
)  # fmt: skip
def program_could_decide(view: View) -> Iterator[Hit]:
    """Demands of a few plain forms in a leaf that a model decides."""
    for node in view.leaves:
        if node.criterion.verifier or node.criterion.kind != "llm":
            continue
        for name, words in checkable(node.criterion.text):
            yield Hit(node, "text", f"asks a model for {quoted(words)}", f"a criterion with verifier: {{name: {name}}}")
