"""Write the tables of docs/judges/pairwise.md: what order policies do to recorded judgements of LLMBar.

python docs/build_pairwise.py [--show] [--data FOLDER]

Every recorded verdict is replayed through ``PairwiseJudge``: a scripted client looks at which response is shown first
and says what that model said. So the figures are those of the judge in this package, orders, parsing and all.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import re
from pathlib import Path

import numpy as np

from rubricate.audit import position_bias, wilson_interval
from rubricate.judges import PairwiseJudge, compare_pairs, pair_values
from rubricate.llm.client import Request
from rubricate.llm.scripted import ScriptedClient, read_prompt
from rubricate.rubrics import Rubric
from rubricate.types import Message, Sample

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "judges" / "pairwise.md"
DATA = ROOT.parent / "shared" / "data" / "llmbar"
RUBRIC = Rubric(id="llmbar", criteria=[{"id": "follows", "text": "Follows the instruction."}])
PROTOCOLS = ("Vanilla", "CoT", "Metrics_Reference", "Swap_CoT")
JUDGES = ("GPT-4", "PaLM2", "ChatGPT", "ChatGPT-0301", "LLaMA2", "Falcon")
Row = dict[str, object]


class Recorded:
    """The pairs of LLMBar as samples, and what each judge said in both orders."""

    def __init__(self, folder: Path) -> None:
        pairs = _rows(folder / "pairs.jsonl")
        self.samples = [
            Sample(f"{p['id']}/{k}", (Message("user", str(p["prompt"])),), str(p[f"response_{k}"]))
            for p in pairs
            for k in (1, 2)
        ]
        self.places = np.arange(2 * len(pairs)).reshape(-1, 2)
        self.label = np.array([1.0 if p["label"] == 1 else -1.0 for p in pairs])
        self.adversarial = np.array([p["subset"] != "Natural" for p in pairs])
        self.pair_of = {(s.task, s.response): k // 2 for k, s in enumerate(self.samples)}
        self.number = {str(p["id"]): k for k, p in enumerate(pairs)}
        self.said: dict[tuple[str, str], dict[tuple[int, bool], object]] = {}
        for row in _rows(folder / "judgements.jsonl"):
            key, k = (str(row["judge"]), str(row["protocol"])), self.number[str(row["id"])]
            self.said.setdefault(key, {}).update({(k, False): row["winner_in_order"], (k, True): row["winner_swapped"]})

    def client(self, judge: str, protocol: str) -> ScriptedClient:
        """Says what the recorded judge said in the order that it is shown; nothing readable where it said nothing."""
        said = self.said[judge, protocol]

        def reply(request: Request) -> str:
            blocks = dict(read_prompt(request).blocks)  # type: ignore[union-attr]
            k = self.pair_of[blocks["task"], blocks["response A"]]
            swapped = blocks["response A"] != self.samples[2 * k].response
            winner = said[k, swapped]
            if winner is None:
                return "I cannot decide."
            first_shown = (winner == 1) != swapped
            return f"So [[{'A' if first_shown else 'B'}]]"

        return ScriptedClient(reply)

    def values(self, judge: str, protocol: str, order: str) -> np.ndarray:
        """Verdicts in favour of the right response, under an order policy: [Q], NaN where there is none."""
        judging = PairwiseJudge(order=order, reply="tag", ties="forbid", reasks=0)  # type: ignore[arg-type]
        found = compare_pairs(judging, self.places, self.samples, RUBRIC, self.client(judge, protocol))
        return pair_values(asyncio.run(found))[:, 0] * self.label

    def orders(self, judge: str, protocol: str) -> tuple[np.ndarray, np.ndarray]:
        """Verdicts in favour of the first response of each pair, shown in order and swapped."""
        judging = PairwiseJudge(order="as_is", reply="tag", ties="forbid", reasks=0)
        client = self.client(judge, protocol)
        one, two = (
            pair_values(asyncio.run(compare_pairs(judging, places, self.samples, RUBRIC, client)))[:, 0]
            for places in (self.places, self.places[:, ::-1])
        )
        return one, -two


def _rows(path: Path) -> list[Row]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def share(x: np.ndarray) -> str:
    """A share of known values above 0, in percent, with its 95 % interval."""
    known = x[~np.isnan(x)]
    if not len(known):
        return "-"
    low, high = wilson_interval(int((known > 0).sum()), len(known))
    return f"{100 * np.mean(known > 0):.1f} [{100 * low:.0f}, {100 * high:.0f}]"


def measure(data: Recorded, judge: str, protocol: str) -> dict[str, str]:
    """The cells of one row."""
    random, net, strict = (data.values(judge, protocol, o) for o in ("random", "both_net", "both_strict"))
    decided = np.where(strict == 0, np.nan, strict)
    lean = position_bias(*data.orders(judge, protocol))
    return {
        "judge": judge,
        "protocol": protocol.replace("_", " "),
        "one order": share(random),
        "net": share(net),
        "decided by both": f"{100 * np.mean(~np.isnan(decided)):.0f} %",
        "right where decided": share(decided),
        "natural": share(decided[~data.adversarial]),
        "adversarial": share(decided[data.adversarial]),
        "lean": f"{100 * lean.lean:+.0f} [{100 * lean.interval[0]:+.0f}, {100 * lean.interval[1]:+.0f}]",
    }


def table(rows: list[dict[str, str]]) -> str:
    """Rows as a Markdown table."""
    names = list(rows[0])
    rule = "|" + "|".join("---" if n in ("judge", "protocol") else "---:" for n in names) + "|"
    return "\n".join(["| " + " | ".join(names) + " |", rule, *("| " + " | ".join(r.values()) + " |" for r in rows)])


def build(folder: Path) -> str:
    """The generated part of the page."""
    data = Recorded(folder)
    return table([measure(data, judge, protocol) for judge in JUDGES for protocol in PROTOCOLS])


def main() -> None:
    """Write the page, or show the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--show", action="store_true")
    parser.add_argument("--data", type=Path, default=DATA)
    chosen = parser.parse_args()
    text = build(chosen.data)
    if chosen.show:
        print(text)
        return
    page = PAGE.read_text(encoding="utf-8")
    new = re.sub(r"(<!-- table -->\n).*?(\n<!-- end -->)", lambda m: m[1] + text + m[2], page, flags=re.DOTALL)
    PAGE.write_text(new, encoding="utf-8")


if __name__ == "__main__":
    main()
