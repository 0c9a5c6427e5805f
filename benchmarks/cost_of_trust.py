"""What agreement costs, protocol by protocol: verdict tokens and calls on the mock server with a noisy judge.

200 responses (50 prompts, 4 each) x 10 criteria, each met or not by a fair coin. The judge sees every criterion with
noise: z = +-1 + sd (sqrt(1 - halo) own + sqrt(halo) shared), where ``own`` is drawn for each criterion of a call and
``shared`` once for each response of a call; it says met when z > 0. The cheap model has sd 1.5, the strong one .8. Run:

    python benchmarks/cost_of_trust.py [--seeds 6] [--halo 0.3] [--write docs/judges/cost_of_trust.md]

It measures protocols under this model of errors, not language models. No time is measured.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import math
from dataclasses import dataclass, field, replace
from itertools import combinations
from pathlib import Path

import numpy as np

from rubricate import HttpClient, Message, Rubric, Sample
from rubricate.judges import (
    Cascade,
    PairwiseJudge,
    Panel,
    PointwiseJudge,
    ScoreIntegration,
    Stage,
    compare_pairs,
    judge_all,
    pair_values,
)
from rubricate.llm.client import Client, Request
from rubricate.llm.scripted import read_prompt
from rubricate.llm.server import MockServer
from rubricate.seeds import generator
from rubricate.types import Usage

GROUP, CRITERIA = 4, 10
DEVIATION = {"cheap": 1.5, "other": 1.5, "third": 1.5, "strong": 0.8}
REASON = "The response says so in its second paragraph, with the number that was asked for."
TEXT = "The kettle is filled with fresh water and the pot is warmed before the leaves go in. " * 6


@dataclass
class World:
    """The truth, and a rule for the server that sees it through noise; ``strong`` counts the calls of that model."""

    responses: int
    halo: float
    seed: int
    strong: int = 0
    truth: np.ndarray = field(init=False)

    def __post_init__(self) -> None:
        self.truth = generator(self.seed, "truth").random((self.responses, CRITERIA)) < 0.5

    @property
    def rubric(self) -> Rubric:
        """Ten criteria."""
        what = "States step {k} of the procedure with its duration, and says why it matters."
        return Rubric(id="bench", criteria=[{"id": f"c{k}", "text": what.format(k=k)} for k in range(CRITERIA)])

    @property
    def samples(self) -> list[Sample]:
        """The responses, four to a prompt."""
        prompt = (Message("user", "Explain how to make a good pot of tea for six guests, step by step."),)
        return [Sample(f"s{i}", prompt, f"Answer {i}. {TEXT}", group=f"g{i // GROUP}") for i in range(self.responses)]

    def seen(self, call: str, model: str, row: int) -> np.ndarray:
        """The criteria of one response as one call of a model sees them."""
        noise = generator(self.seed, call, model, row).normal(size=CRITERIA + 1)
        error = math.sqrt(1 - self.halo) * noise[1:] + math.sqrt(self.halo) * noise[0]
        return np.where(self.truth[row], 1.0, -1.0) + DEVIATION[model] * error > 0

    def __call__(self, request: Request) -> str:
        """The reply to a judge prompt about one response, or about two."""
        self.strong += request.model == "strong"
        parts, call = read_prompt(request), request.key()
        assert parts is not None
        rows = {
            label: int(text.split(".")[0].split()[1]) for label, text in parts.blocks if label.startswith("response")
        }
        seen = {label: self.seen(call, request.model, row) for label, row in rows.items()}
        if "response A" in rows:
            a, b = seen["response A"].sum(), seen["response B"].sum()
            entries = [{"id": "whole", "reason": REASON, "verdict": "A" if a > b else "B" if b > a else "C"}]
        else:
            met = seen["response"]
            words = {c.id: "met" if met[int(c.id[1:])] else "not_met" for c in parts.criteria}
            entries = [{"id": name, "reason": REASON, "verdict": word} for name, word in words.items()]
        return json.dumps({"verdicts": entries})


CHEAP = PointwiseJudge(batch="all", model="cheap", temperature=0.6, seed=1)
ONE = replace(CHEAP, batch=1)
UNANIMOUS = Stage("cheap", ScoreIntegration(CHEAP, k=3), wrong=0.0, right=1.0)
PROTOCOLS: dict[str, object] = {
    "one criterion a call": ONE,
    "three criteria a call": replace(CHEAP, batch=3),
    "all in one call": CHEAP,
    "all in one, 5 samples, vote": ScoreIntegration(CHEAP, k=5, how="vote"),
    "one a call, 5 samples, vote": ScoreIntegration(ONE, k=5, how="vote"),
    "panel of 3 models, all in one, vote": Panel((CHEAP,), models=("cheap", "other", "third"), how="vote"),
    "cascade: 3 cheap agree, else strong": Cascade((UNANIMOUS, Stage("strong", replace(ONE, model="strong")))),
    "strong model, one a call": replace(ONE, model="strong"),
    "strong model, all in one": replace(CHEAP, model="strong"),
    "pairs, both orders": PairwiseJudge(model="cheap"),
}


@dataclass(frozen=True)
class Row:
    """Per response: calls, those of the strong model, prompt and verdict tokens; then what was right.

    ``verdicts`` is the share of right verdicts, ``pairs`` 2 P - 1 for the share P of pairs of a prompt whose order is
    right, ties counting half: 0 by chance, 1 at best.
    """

    calls: float
    strong: float
    prompt: float
    tokens: float
    verdicts: float
    pairs: float
    error: float = 0.0  # standard error of ``pairs`` over worlds


def pairs_of(world: World) -> list[tuple[int, int]]:
    """The pairs of a prompt whose true totals differ."""
    total = world.truth.sum(1)
    starts = range(0, world.responses, GROUP)
    found = [(a, b) for s in starts for a, b in combinations(range(s, s + GROUP), 2)]
    return [(a, b) for a, b in found if total[a] != total[b]]


def order_right(world: World, gap: np.ndarray, pairs: list[tuple[int, int]]) -> float:
    total = world.truth.sum(1)
    true = np.array([np.sign(int(total[a]) - int(total[b])) for a, b in pairs])
    return float(np.mean(np.where(gap == 0, 0.5, np.sign(gap) == true)) * 2 - 1)


async def measure(world: World, judge: object, client: Client) -> Row:
    """One protocol on one world."""
    world.strong, pairs, n = 0, pairs_of(world), world.responses
    if isinstance(judge, PairwiseJudge):
        found = await compare_pairs(judge, pairs, world.samples, world.rubric, client)
        usage = sum((v.usage for row in found for v in row if v.usage), Usage())
        right, gap = math.nan, pair_values(found)[:, 0]
    else:
        judged = await judge_all(judge, world.samples, world.rubric, client)  # type: ignore[arg-type]
        usage = sum((j.usage for j in judged), Usage())
        order = [c.id for c in world.rubric.leaves]
        table = np.array([[{v.criterion: v.value for v in j.verdicts}[c] for c in order] for j in judged], dtype=float)
        right, total = float(np.mean((table > 0.5) == world.truth)), table.sum(1)
        gap = np.array([total[a] - total[b] for a, b in pairs])
    spent = (usage.calls / n, world.strong / n, usage.prompt_tokens / n, usage.completion_tokens / n)
    return Row(*spent, right, order_right(world, gap, pairs))


def run(seeds: int, halo: float, responses: int = 200) -> dict[str, Row]:
    """Every protocol, averaged over worlds."""
    rows: dict[str, list[Row]] = {name: [] for name in PROTOCOLS}
    for seed in range(seeds):
        world = World(responses, halo, seed)
        with MockServer(world).in_thread() as server:

            async def all_of_them(world: World = world, url: str = server.url) -> None:
                client = HttpClient(url, "cheap")
                for name, found in rows.items():
                    found.append(await measure(world, PROTOCOLS[name], client))
                await client.close()

            asyncio.run(all_of_them())
    return {name: mean_of(found) for name, found in rows.items()}


def mean_of(rows: list[Row]) -> Row:
    """The mean over worlds, and the standard error of the agreement of pairs."""
    spread = float(np.std([r.pairs for r in rows], ddof=1)) if len(rows) > 1 else 0.0
    mean = Row(*np.mean([list(vars(r).values()) for r in rows], axis=0))
    return replace(mean, error=spread / math.sqrt(len(rows)))


def table(rows: dict[str, Row]) -> str:
    """The rows as Markdown; the last two columns divide by the agreement of pairs."""
    head = (
        "protocol", "calls", "of these strong", "prompt tokens", "verdict tokens", "verdicts right", "pair agreement",
        "calls per unit", "verdict tokens per unit",
    )  # fmt: skip
    lines = [f"| {' | '.join(head)} |", f"|{'---|' * len(head)}"]
    for name, r in rows.items():
        right = "" if math.isnan(r.verdicts) else f"{r.verdicts:.3f}"
        cells = (
            name, f"{r.calls:.1f}", f"{r.strong:.1f}" if r.strong else "", f"{r.prompt:.0f}", f"{r.tokens:.0f}", right,
            f"{r.pairs:.2f} ± {r.error:.2f}", f"{r.calls / r.pairs:.1f}", f"{r.tokens / r.pairs:.0f}",
        )  # fmt: skip
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


PAGE = """# What agreement costs

Written by `{command}`
on the mock server: {responses} responses in prompts of 4, {criteria} criteria, {seeds} worlds. All numbers are per
response.
A unit of agreement is the whole way from chance to the right order of all pairs of a prompt
(`pair agreement` 2 P - 1, ties half; ± the standard error over worlds). Tokens are counted at four characters each.

The judge is simulated: each verdict is right with probability .75 (cheap) or .89 (strong), a share of {halo:g} of its
noise is common to all criteria that one call decides (halo), the rest is drawn for each criterion. So the table says
what a protocol does to errors of this kind. It says nothing about a language model: measure the error correlation of
yours on labelled answers (`audit.panel_report`) and run this again with `--halo`.

{table}

What to read in it. Criteria asked apart cost ten times the calls of all in one, and buy order, not verdicts: these are
right equally often, but errors of one call point the same way and do not average out in the total. Samples of
one call draw the halo anew each time, so a vote over five of them repairs it here; errors that come from the response
itself (its style, its length) are the same in every sample and stay, which this simulation leaves out. A cascade asks
the strong model only where cheap samples disagree: about half of its calls here, at no loss. Pairs cost calls by the
number of pairs, and two readings of whole responses carry the halo of both sides. Tokens of both models count alike:
multiply them by your prices before you conclude that the strong one is cheap.
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=6)
    parser.add_argument("--halo", type=float, default=0.3)
    parser.add_argument("--responses", type=int, default=200)
    parser.add_argument("--write", type=Path)
    options = parser.parse_args()
    found = table(run(options.seeds, options.halo, options.responses))
    print(found)
    if options.write:
        settings = f"--seeds {options.seeds} --halo {options.halo:g} --write {options.write}"
        command = f"python benchmarks/cost_of_trust.py {settings}"
        page = PAGE.format(
            command=command, responses=options.responses, criteria=CRITERIA, seeds=options.seeds, halo=options.halo,
            table=found,
        )  # fmt: skip
        options.write.write_text(page, encoding="utf-8")


if __name__ == "__main__":
    main()
