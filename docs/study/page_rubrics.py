"""Sections on criteria: what models wrote, published benchmarks, what that changed in the lints."""

from __future__ import annotations

from typing import Any

from study.markdown import percent, table

AUTHORS = ("GPT-4 metrics", "ChatGPT metrics")
PUBLISHED = ("DeepResearch Bench zh", "DeepResearch Bench en", "WritingBench")


def _share(corpus: dict[str, Any], rule: str) -> float:
    return corpus["findings"].get(rule, 0) / corpus["criteria"]


def metrics(found: dict[str, Any]) -> str:
    """Section 1."""
    c = found["corpora"]
    two = {n: percent(_share(x, "R002-double-barrelled"), 1) for n, x in c.items()}
    wb = percent(c["WritingBench"]["verifiable"] / c["WritingBench"]["criteria"])
    hits, of = (sum(a[k] for a in found["accused"].values()) for k in ("accused", "criteria"))
    return f"""## 1. Criteria that models wrote

**Short metrics are atomic, and a program can hardly ever decide them; long criteria ask for several things.** Of the
questions that GPT-4 and ChatGPT wrote for LLMBar {two[AUTHORS[0]]} % and {two[AUTHORS[1]]} % ask more than one thing,
of the criteria of DeepResearch Bench {two[PUBLISHED[0]]} % in Chinese and {two[PUBLISHED[1]]} % in English. A program
could decide a part of {c[AUTHORS[0]]["verifiable"]} and {c[AUTHORS[1]]["verifiable"]} of the metrics, and of
{wb} % of the
criteria on length of WritingBench, all of which are put to a model. Doubles are rare everywhere.

{corpora_table(c)}

* *atomic*: `rubrics.lint_asks.asks` finds one demand, so no finding of R002.
* *verifiable*: `rubrics.checkable.checkable` finds a demand that a registered verifier decides: a length, quoted words,
a beginning or an end, JSON, a list, a language. The rest of the criterion may still need a judge. A count of things
("three tips") is not in it, because someone has to say what a tip is. So it bounds the share from below.
* *doubles*: pairs in one rubric that share 70 % of their content words, before any rule sets parallel items apart.

The metrics by author and subset:

{subset_table(found["llmbar_subsets"])}

![criteria of a rubric](images/study_criteria.svg)

Both authors wrote three metrics nearly always; of 326 instructions GPT-4 left {326 - c[AUTHORS[0]]["rubrics"]}
without any.

![share of criteria with a finding](images/study_lints.svg)

{example_table(c)}

The contradiction is a slip of ChatGPT that its judge was then given: the third metric asks for the opposite of the
second. Of the seven doubles of ChatGPT three are parallel items (two spans of time, two kinds of learning).

**Where no leak is possible, R402 still accuses {hits} of {of:,} criteria ({percent(hits / of, 1)} %).** The metrics
were written from the instruction alone. With both responses given as candidates, each finding of R402 (four
words in a row
that stand in exactly one candidate) is therefore false. A single finding of that rule is a hint, many are a leak.
"""


def corpora_table(corpora: dict[str, Any]) -> str:
    """One row per corpus."""
    rows = [
        [
            name, str(c["rubrics"]), f"{c['criteria']:,}", percent(c["atomic"] / c["criteria"], 1),
            percent(c["verifiable"] / c["criteria"], 1), str(c["double_pairs"]),
            percent(c["rubrics_with_a_finding"] / c["rubrics"]),
        ]
        for name, c in corpora.items()
    ]  # fmt: skip
    return table(["corpus", "rubrics", "criteria", "atomic %", "verifiable %", "doubles", "with a finding %"], rows)


def subset_table(subsets: list[dict[str, Any]]) -> str:
    """Metrics by author and subset."""
    rows = [
        [
            s["author"], s["subset"], str(s["rubrics"]), str(s["criteria"]), percent(s["atomic"] / s["criteria"], 1),
            percent(s["verifiable"] / s["criteria"], 1), str(s["double_pairs"]),
            percent(s["rubrics_with_a_finding"] / s["rubrics"]),
        ]
        for s in subsets
    ]  # fmt: skip
    names = ["author", "subset", "rubrics", "criteria", "atomic %", "verifiable %", "doubles", "with a finding %"]
    return table(names, rows, 2)


def example_table(corpora: dict[str, Any]) -> str:
    """An example of each rule in the metrics, the shortest text."""
    rows = []
    for name in AUTHORS:
        for rule, count in corpora[name]["findings"].items():
            text = corpora[name]["examples"][rule]["text"].replace("|", "\\|")
            share = percent(count / corpora[name]["criteria"], 1)
            rows.append(
                [rule[:4], name.split()[0], f"{count}, {share} %", text if len(text) <= 62 else text[:59] + "..."]
            )
    return table(["rule", "author", "criteria", "an example"], sorted(rows), 4)


def published(found: dict[str, Any]) -> str:
    """Section 4."""
    c, race, bands = found["corpora"], found["race_weights"], found["writing_bands"]
    zh, en, wb = (c[n] for n in PUBLISHED)
    ratio = _share(zh, "R002-double-barrelled") / _share(en, "R002-double-barrelled")
    tasks = [", ".join(x.split("/")[1] for x in c[n]["doubled_rubrics"]) for n in PUBLISHED]
    return f"""## 4. Published benchmarks

**The numbers of DeepResearch Bench are sound; its criteria are long, and a quarter to a half of them ask several
things.** Of {race["groups"]} sets of criterion weights {len(race["off_criteria"])} are off 1, of 100 sets of
dimension weights {len(race["off_dimension"])}; the largest deviation is {race["worst"]:g}. That agrees with what the
benchmark says of itself (arXiv 2506.11763). No text stands twice, neither in one task nor in two.

{published_table(found)}

The pairs alike in one task are in tasks {tasks[0]} (zh) and {tasks[1]} (en). Read one by one, all
{zh["double_pairs"] + en["double_pairs"]} are parallel items that name different things; R302 reports
{zh["findings"].get("R302-overlap", 0) + en["findings"].get("R302-overlap", 0)} of them, in task 4, where the names
(support and resistance levels) stand without quotes.

**R002 is right where it speaks, and in English it misses some.** One reader went through 25 criteria with a finding
and 25 without in each language, drawn at random after the rule had its last change for that language:

{reading_table(found["reading"])}

*shared*: two verbs on one object ("identifies and discusses the tools"), one demand to some readers and two to others.
By the rule alone Chinese criteria ask several things {ratio:.1f} times as often as English ones, with the reading
{found["reading"][PUBLISHED[0]]["share"][1] / found["reading"][PUBLISHED[1]]["share"][1]:.1f} to
{found["reading"][PUBLISHED[0]]["share"][0] / found["reading"][PUBLISHED[1]]["share"][0]:.1f} times: a part of the
difference is the rule's, which finds 是否 more surely than an English noun phrase that hides a second demand.

**WritingBench has no mistake in its bands**: gaps in {len(bands["gaps"])} of {bands["queries"]} queries, overlaps in
{len(bands["overlaps"])}, one text for two bands in {len(bands["same_text"])}. Of {bands["with_a_length"]} criteria that
name a number of words or characters {len(bands["length_not_in_query"])} name one that their query does not have.
Departs: the benchmark is described with five criteria a query (recalled on the card); this file of its length subset
has one for {wb["per_rubric"]["1"]} queries and two for {wb["per_rubric"]["2"]}. And
{wb["verifiable_and_more"]} of the {wb["verifiable"]} criteria with a length that a program could count ask for it
together with something else, in one score.
"""


def reading_table(reading: dict[str, Any]) -> str:
    """What a reader said of R002."""
    rows = []
    for name, r in reading.items():
        hit, miss = r["flagged"], r["passed"]
        shares = " to ".join(percent(s) for s in dict.fromkeys(round(s, 2) for s in r["share"]))
        rows.append([
            name, *(str(hit.get(k, 0)) for k in ("several", "shared object", "one")), str(miss.get("several", 0)),
            percent(r["rate"]), shares,
        ])  # fmt: skip
    names = ["", "found: several", "shared", "one", "not found: several", "rule says %", "corrected %"]
    return table(names, rows)


def published_table(found: dict[str, Any]) -> str:
    """Findings by rule, and doubles, of the published benchmarks."""
    c, across = found["corpora"], found["across"]
    rules = sorted({r for n in PUBLISHED for r in c[n]["findings"]})
    rows = [[r, *(f"{c[n]['findings'].get(r, 0)} ({percent(_share(c[n], r), 1)} %)" for n in PUBLISHED)] for r in rules]
    rows.append(
        ["three demands or more", *(str(sum(v for k, v in c[n]["asks"].items() if int(k) > 2)) for n in PUBLISHED)]
    )
    rows.append(["pairs alike in one task", *(str(c[n]["double_pairs"]) for n in PUBLISHED)])
    for label, key in (("same text", "same_text"), ("same title", "same_title"), ("pairs alike", "alike_pairs")):
        rows.append([f"{label} in two tasks", *(str(across[n][key]) for n in PUBLISHED)])
    return table(["", "zh, 50 tasks", "en, 50 tasks", "WritingBench, 222 queries"], rows)


def changed() -> str:
    """Section 5: what the study changed in the package."""
    return """## 5. What this changed in the lints

Reading the findings on these texts showed four rules that misfired and one that was missing. Each has its test.

| rule | misfired on | now |
|---|---|---|
| R206 | every criterion of WritingBench: anchors for bands ("1-2") | a band covers its levels |
| R302 | parallel items of DeepResearch Bench | names in quotes or stars may differ |
| R002 | two adverbs of one verb; explanations after a title | one demand; reads "and if", "must" |
| R402 | words of the prompt in another order | words of the prompt are allowed |
| R208 | (new) | a model is asked what a program could decide |
"""
