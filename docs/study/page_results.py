"""Sections on results: labels recovered with metrics, weights learned from ratings."""

from __future__ import annotations

from typing import Any

from study.markdown import percent, signed, table
from study.plots import JUDGES

Gains = dict[tuple[str, str, str, str, str], dict[str, Any]]
HARD = ("Neighbor", "GPTInst")
GROUPS = ("Natural", *HARD, "all")
FAMILIES = ("Vanilla", "Metrics", "Reference", "Metrics_Reference")
WAYS = ("L1", "L1, light", "correlation-aware", "ridge", "direct")


def recovery(found: dict[str, Any]) -> str:
    """Section 2."""
    rows = {(r["judge"], r["protocol"]): r for r in found["recovery"]}
    gains: Gains = {(g["judge"], g["base"], g["protocol"], g["rule"], g["group"]): g for g in found["gains"]}
    g = gains["GPT-4", "Rating", "Rating_Metrics", "half", "all"]
    return f"""## 2. Do metrics recover labels?

{recovery_finding(rows, gains)}

{gain_table(gains, "Vanilla", "Metrics", "half")}

Points of labels recovered, protocol Metrics less Vanilla, paired over the pairs that both judged; a pair counts 1 when
both orders are right and half when they differ. Bold: the interval leaves out 0.

![what metrics gain](images/study_recovery.svg)

Levels in percent, with half credit and strictly (both orders right):

{level_table(rows)}

V Vanilla, M Metrics, R Reference (the judge writes an answer of its own first), M+R both. Pairs on which the two orders
agree, in percent:

{table(["judge", "V", "M", "R", "M+R"], [[j, *(percent(rows[j, p]["agreement"]) for p in FAMILIES)] for j in JUDGES])}

{strict_finding(gains, found["moves"])}

{gain_table(gains, "Vanilla", "Metrics", "strict")}

On top of a reference, metrics give, with half credit:

{gain_table(gains, "Reference", "Metrics_Reference", "half")}

When GPT-4 rates each response by itself, metrics gain {signed(g["gain"], [g["low"], g["high"]], 100, 1)} points over
all pairs; a tie of two ratings is recorded as two orders that differ. All protocols, subsets and rules, and the lean
towards one place, are under `recovery` in the JSON.

{foretold_finding(found["foretold"])}

{foretold_table(found["foretold"])}

Spearman correlation over the metrics of one author that then judged with them. Caveats: each rubric has one pair, so
filters that need several (`PreferenceConsistency`) have nothing to work on. What metrics give away without the answers
(`leaks`) cannot be measured: no judge was recorded with metrics and neutral answers. One instruction stands in two
pairs, which are resampled as if independent.
"""


def recovery_finding(rows: dict[tuple[str, str], dict[str, Any]], gains: Gains) -> str:
    """The finding, counted from the gains."""
    plain = {(j, g): gains[j, "Vanilla", "Metrics", "half", g] for j in JUDGES for g in GROUPS}
    above = {g: sum(plain[j, g]["low"] > 0 for j in JUDGES) for g in GROUPS}
    worse = [j for j in JUDGES if plain[j, "Natural"]["high"] < 0]
    best = max(((j, g) for j in JUDGES for g in HARD), key=lambda k: plain[k]["gain"])
    natural = [100 * plain[j, "Natural"]["gain"] for j in JUDGES]
    low = [j for j in JUDGES if all(rows[j, "Metrics"]["half"][g] < 0.5 for g in HARD)]
    return f"""**On adversarial pairs metrics help, on natural ones they do not.** The interval of the gain lies above 0
for {above["Neighbor"]} of 6 judges on Neighbor and for {above["GPTInst"]} of 6 on GPTInst; the largest gain is
{100 * plain[best]["gain"]:.1f} points ({best[0]} on {best[1]}). On Natural it does for {above["Natural"]} of 6
({min(natural):+.1f} to {max(natural):+.1f} points), and {", ".join(worse) or "none"} loses there. Metrics do not rescue
a judge that falls for the adversarial answers: with them {", ".join(low)} still stay below chance on both subsets."""


def strict_finding(gains: Gains, moves: dict[str, list[list[int]]]) -> str:
    """Where the strict rule says the same."""
    seen = {(j, g): gains[j, "Vanilla", "Metrics", "strict", g] for j in JUDGES for g in GROUPS[:3]}
    up = [f"{j} on {g}" for (j, g), x in seen.items() if x["low"] > 0]
    down = [f"{j} on {g}" for (j, g), x in seen.items() if x["high"] < 0]
    sums = [[sum(m[i][j] for m in moves.values()) for j in range(3)] for i in range(3)]
    return f"""**Strictly, less is left.** Counting only pairs that are right in both orders, the gain lies above 0 for
{", ".join(up) or "none"} and below 0 for {", ".join(down) or "none"}. Of the adversarial pairs of all six judges,
{sums[0][1]} go from wrong in both orders to orders that differ ({sums[1][0]} the other way), {sums[1][2]} from there to
right in both ({sums[2][1]} the other way), and {sums[0][2]} the whole way ({sums[2][0]} back): most of what
metrics give
is that a judge that was surely wrong now contradicts itself."""


def gain_table(gains: Gains, base: str, protocol: str, rule: str) -> str:
    """Gains by judge and subset."""
    rows = []
    for judge in JUDGES:
        cells = [gains[judge, base, protocol, rule, g] for g in GROUPS]
        rows.append([judge, *(signed(c["gain"], [c["low"], c["high"]], 100, 1) for c in cells)])
    return table(["judge", *GROUPS], rows)


def level_table(rows: dict[tuple[str, str], dict[str, Any]]) -> str:
    """Labels recovered over all pairs."""
    made = [
        [j, *(percent(rows[j, p][rule]["all"], 1) for rule in ("half", "strict") for p in FAMILIES)] for j in JUDGES
    ]
    return table(["judge", "V", "M", "R", "M+R", "strict V", "strict M", "strict R", "strict M+R"], made)


def foretold_finding(rows: list[dict[str, Any]]) -> str:
    """Whether lints foretell recovery."""
    finds = [r for r in rows if r["fact"] == "findings"]
    sure = sum(r["low"] > 0 or r["high"] < 0 for r in finds)
    largest = max(abs(r["rank"]) for r in finds)
    return f"""**The number of lint findings does not foretell recovery.** {sure} of {len(finds)} intervals leave out 0,
and the largest correlation is {largest:.2f} in size. Short metrics have few findings, and these judges answered no
metric by itself, so this says little about rubrics whose criteria are judged one by one."""


def foretold_table(rows: list[dict[str, Any]]) -> str:
    """Correlations of findings and of words with recovery and with the gain on Vanilla."""
    cells: dict[tuple[str, ...], list[str]] = {}
    for r in rows:
        key = (r["judge"], r["group"], r["fact"], str(r["n"]))
        cells.setdefault(key, []).append(signed(r["rank"], [r["low"], r["high"]]))
    made = [[*key, *values] for key, values in cells.items()]
    return table(["judge", "pairs", "fact of the rubric", "n", "with recovery", "with the gain"], made, 3)


def weights(found: dict[str, Any]) -> str:
    """Section 3."""
    sets = found["weights"]
    real = next(w for w in sets if w["data"] == "LR real, model" and w["held_out"] == "user")
    return f"""## 3. Weights learned from overall ratings

{weights_finding(sets)}

{verdict_table(sets)}

Gain in Spearman correlation on held-out rows over uniform weights; bold: the interval leaves out 0.

{gain_columns(sets)}

![gain on uniform weights](images/study_weights.svg)

The correlations themselves (Kendall's tau and all intervals are in the JSON):

{rank_table(sets)}

Gain in error, the root mean square in points of the scale, below 0 better:

{error_table(sets)}

{personal(found["personal"])}

How it was done. `refine.cross_fitted` fits each way on the rows of the other folds, {found["folds"]} folds of whole
prompts, topics or dialogues ("items") or of whole annotators ("users"); for users nothing that shares a topic with a
tested row is fitted on either. Uniform is the mean of the criteria. L1 is `SparseSelector` on 2,000 pairs of training
rows, with the penalty of card 187 (.03) and a tenth of it ("light"); "none" means that all weights were 0.
Correlation-aware is `whitened_weights`, which reads no rating; it is made for long lists with clones in them, and here
are five or eight criteria without any. Ridge has penalty 1 on standardised criteria and may
give negative weights. Direct is the same source's own answer to the overall question. Intervals draw whole prompts,
topics or users with the fits held fixed, so they do not hold the noise of fitting.

* *HANNA*: engagement from relevance, coherence, empathy, surprise and complexity; the target is never among them. *Same
raters*: means of three people on both sides; one person filled in both, so halo counts as agreement. *Other raters*:
engagement of one person from the criteria of the other two, with the means of the three places taken out. Places are
not people and no ids are published, so no user is held out. The models: their ratings, people's mean engagement.
* *LR* is LLM-Rubric. *Person*: Q0 from the same person's Q1 to Q8. *Model*: people's Q0 from the expected answers of a
language model.
* Missing is missing: {missing(sets)} Such a verdict takes the mean of the training rows, a row without an overall
answer is left out.
* Rows are ranked by the weighted mean, without the intercept. A prediction holds the mean of its training rows, which
is low where the held-out users are high: ranking by predictions gives {real["predicted_rank"]:.2f} for uniform weights
on "LR real, model" with new users, where the criteria give {real["ways"]["uniform"]["rank"]:.2f}.
"""


def _sides(sets: list[dict[str, Any]], way: str) -> tuple[int, int, int]:
    """How often a way ranks surely better than uniform weights, surely worse, and neither."""
    seen = [w["ways"][way] for w in sets if way in w["ways"]]
    spans = [s["rank_gain_interval"] for s in seen if s["rank_gain"] is not None]
    better, worse = sum(s[0] > 0 for s in spans), sum(s[1] < 0 for s in spans)
    return better, worse, len(seen) - better - worse


def weights_finding(sets: list[dict[str, Any]]) -> str:
    """Which way wins and by how much, counted."""
    best = max(sets, key=lambda w: w["ways"]["ridge"]["rank_gain"])
    worst = min(sets, key=lambda w: w["ways"]["ridge"]["rank_gain"])
    models = [w for w in sets if w["data"].startswith("HANNA, ") and "raters" not in w["data"]]
    same = [w["data"].split(", ")[1] for w in models if w["ways"]["ridge"]["rank_gain_interval"][0] <= 0]
    (rb, rw, rn), (lb, lw, ln), (cb, cw, _) = (_sides(sets, k) for k in ("ridge", "L1, light", "correlation-aware"))
    return f"""**Fitted weights win more often than they lose; weights that read no ratings do not win.** Against
uniform weights ridge ranks held-out rows better in {rb} of {len(sets)} comparisons and worse in {rw}, light L1 in {lb}
and {lw}, correlation-aware weights in {cb} and {cw}. For the others the interval does not exclude that there is no
difference: {rn} for ridge, {ln} for light L1. The largest gain of ridge is {best["ways"]["ridge"]["rank_gain"]:+.2f}
({best["data"]}, new {best["held_out"]}s, from {best["ways"]["uniform"]["rank"]:.2f} to
{best["ways"]["ridge"]["rank"]:.2f}), the largest loss {worst["ways"]["ridge"]["rank_gain"]:+.2f} ({worst["data"]}, new
{worst["held_out"]}s: 13 people, folds of {min(worst["fitted"])} rows or more to fit on). Nothing is gained for
{" and ".join(same)}, whose plain means do as well. Asking for the overall rating directly is no sure way out (see
"direct")."""


def verdict_table(sets: list[dict[str, Any]]) -> str:
    """How often each way wins and loses."""
    rows = [[way, *map(str, _sides(sets, way))] for way in WAYS]
    return table(["against uniform", "better", "worse", "not excluded"], rows)


def cell_table(sets: list[dict[str, Any]], ways: tuple[str, ...], cell: Any) -> str:
    """One row per data set, one column per way."""
    rows = [[w["data"], f"{w['held_out']}s", *(cell(w["ways"][way]) for way in ways)] for w in sets]
    return table(["data", "new", *ways], rows, 2)


def gain_columns(sets: list[dict[str, Any]]) -> str:
    """Gains in rank correlation."""
    shown = ("L1, light", "correlation-aware", "ridge")
    return cell_table(sets, shown, lambda s: signed(s["rank_gain"], s["rank_gain_interval"]))


def rank_table(sets: list[dict[str, Any]]) -> str:
    """Correlations."""
    rows = []
    for w in sets:
        seen = [w["ways"].get(way) for way in ("uniform", *WAYS)]
        cells = ["" if s is None else "none" if s["rank"] is None else f"{s['rank']:.2f}" for s in seen]
        rows.append([w["data"], f"{w['held_out']}s", str(w["rows"]), *cells])
    return table(["data", "new", "rows", "uniform", "L1", "L1, light", "corr.-aware", "ridge", "direct"], rows, 2)


def error_table(sets: list[dict[str, Any]]) -> str:
    """Errors: the spread of the target, uniform, and gains."""
    rows = []
    for w in sets:
        gains = [
            signed(w["ways"][k]["error_gain"], w["ways"][k]["error_gain_interval"]) for k in ("L1, light", "ridge")
        ]
        rows.append(
            [w["data"], f"{w['held_out']}s", f"{w['spread']:.2f}", f"{w['ways']['uniform']['error']:.2f}", *gains]
        )
    return table(["data", "new", "spread of the target", "error, uniform", "L1, light", "ridge"], rows, 2)


def missing(sets: list[dict[str, Any]]) -> str:
    """Counts of missing answers."""
    seen = {w["data"]: (w["missing_x"], w["missing_y"]) for w in sets if w["data"].endswith("person")}
    said = "; ".join(f"{name.split(',')[0]} {x} verdicts and {y} overall" for name, (x, y) in seen.items())
    hanna = sum(w["missing_x"] + w["missing_y"] for w in sets if w["data"].startswith("HANNA"))
    return f"an answer 0 (not applicable) or blank is no number ({said}; HANNA {hanna})."


SCHEMES = {
    "mean": "none: the user's mean",
    "uniform": "uniform",
    "others": "ridge of the other users",
    "own": "ridge of the user alone",
    "anchored": "the user's, anchored on the others",
}


def personal(rows: list[dict[str, Any]]) -> str:
    """Weights of each user."""
    made = []
    for way, label in SCHEMES.items():
        cells = [r["errors"][way] for r in rows]
        made.append([label, *(f"{c['after']:.2f}, {signed(c['gain'], [c['low'], c['high']])}" for c in cells)])
    error = {way: rows[0]["errors"][way]["after"] for way in SCHEMES}
    return f"""**A user's weights need those of others.** For {rows[0]["users"]} annotators of synthetic dialogues with
{rows[0]["least"]} rows or more, the error on their held-out topics is {error["uniform"]:.2f} with uniform weights,
{error["own"]:.2f} with weights of their own, {error["others"]:.2f} with those of all others and {error["anchored"]:.2f}
with their own anchored on the others (`anchored_ridge`).

{table(["weights", *(r["data"] for r in rows)], made)}

Mean error over users, and its gain on uniform with the interval over users, below 0 better. Each way is brought to the
user's unit by a line through the user's training rows."""
