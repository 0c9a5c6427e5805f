"""Judge 50 short responses to real WritingBench queries: verdicts, scores on 1 to 10, a run folder and its report.

    python examples/writingbench.py --data ../shared/data/writingbench/length_subset_c.jsonl --out runs/writingbench

Queries and rubrics are WritingBench's own (Apache-2.0, github.com/X-PLUG/WritingBench, the length subset) and stay
outside this project. The responses in ``examples/data`` were written for it: about a third good, a third partial, a
third weak or without something that was asked for. They are short, while this subset asks mostly about length, so low
scores are to be expected. The embedded judge (no ``--base-url``) compares words: it shows the way from queries to a
report, not how good a response is.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import rubricate as rb
from rubricate.cli.runs import write_report
from rubricate.errors import DataError, RubricateError
from rubricate.files import read_rows
from rubricate.report.facts import reward_facts, state_counts
from rubricate.rewards import named
from rubricate.rubrics.importers import import_file

RESPONSES = Path(__file__).parent / "data" / "writingbench_responses.jsonl"


def load(data: Path) -> tuple[list[rb.Rubric], list[rb.Sample]]:
    """The rubrics of the queries that have a response, and these responses."""
    if not data.is_file():
        hint = "They are not part of this project: get them from github.com/X-PLUG/WritingBench, name them in --data"
        raise DataError("the WritingBench queries are not here", where=str(data), expected="a .jsonl file", hint=hint)
    by_index = {item.rubric.prompt_id: item.rubric for item in import_file("writingbench", data)}
    rubrics, samples = [], []
    for row in read_rows(RESPONSES):
        index = str(row.data["index"])
        if index not in by_index:
            raise DataError(f"no query has the index {index}", where=str(data), expected="the whole length subset")
        rubric = by_index[index]
        prompt = (rb.Message("user", str(rubric.prompt)),)
        rubrics.append(rubric)
        samples.append(rb.Sample(index, prompt, row.data["response"], rubric=rubric.id))
    return rubrics, samples


def summary(result: rb.Result) -> str:
    """Scores per query, verdicts without a value, and the number that WritingBench reports."""
    facts, states = reward_facts(result), {rb.State.SCORED: 0, rb.State.ABSTAINED: 0} | state_counts(result)
    counts = ", ".join(f"{n} {state.value}" for state, n in states.items())
    total = named("writingbench").total(result.rewards)
    return (
        f"responses      {len(result.samples)}, verdicts {sum(states.values())}: {counts}\n"
        f"query scores   mean {facts.mean:.2f}, SD {facts.sd:.2f}, {facts.low:.2f} to {facts.high:.2f}\n"
        f"micro average  {total.value:.2f} over all criteria of {total.n} queries, {total.left_out} left out"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True, help="WritingBench queries (.jsonl)")
    parser.add_argument("--out", type=Path, default=Path("runs/writingbench"), help="run folder to write")
    parser.add_argument("--base-url", help="OpenAI-compatible endpoint; without it the embedded judge")
    parser.add_argument("--model", help="model name at the endpoint")
    parser.add_argument("--resume", action="store_true", help="go on with the run in --out")
    options = parser.parse_args()
    if bool(options.base_url) != bool(options.model):
        parser.error("--base-url and --model go together")
    try:
        client = rb.HttpClient(options.base_url, options.model) if options.model else None
        rubrics, samples = load(options.data)
        result = rb.run(rubrics, samples, client=client, out=options.out, resume=options.resume)
        print(f"{summary(result)}\nreport         {write_report(options.out)}")
    except RubricateError as error:
        raise SystemExit(f"error: {error}") from None


if __name__ == "__main__":
    main()
