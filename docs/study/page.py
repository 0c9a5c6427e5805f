"""The page: its head and the sections, from the numbers of ``docs/study.json`` alone."""

from __future__ import annotations

from typing import Any

from study.markdown import filled
from study.page_results import recovery, weights
from study.page_rubrics import changed, metrics, published

HEAD = """# What published criteria, judges and ratings show

Parts of this package, run on public data: the criteria that models wrote, the labels that judges recovered with and
without them, and weights learned from people's overall ratings. Written by `python docs/build_study.py` (about half a
minute of one core; every draw is seeded). All numbers are in [study.json](study.json), and
`tests/examples/test_study.py` counts the main ones again in plain loops. Intervals are 95 % percentile bootstraps of
{resamples:,} draws.

| data | sections | licence |
|---|---|---|
| LLMBar (arXiv 2310.07641): 326 pairs, six judges, 21,190 verdicts | 1, 2 | MIT |
| HANNA: 1,056 stories, three raters and five models, six criteria | 3 | MIT |
| LLM-Rubric (arXiv 2501.00274): 223 real and 250 synthetic dialogues | 3 | MIT |
| DeepResearch Bench (arXiv 2506.11763): 100 tasks, half of them Chinese | 1, 4 | Apache-2.0 |
| WritingBench: 222 queries of its length subset | 1, 4 | Apache-2.0 |

None of it is part of the project, but for the short examples below. It lies beside it in `../shared/data`; without
that folder the script stops, and the test is skipped.

In short: models write criteria that are atomic when short and double-barrelled when long. Having a judge write
metrics first helps on pairs that were made to mislead, and not on natural ones. Weights fitted to ratings beat the mean
where there is something to learn and enough to learn it from; weights that read no ratings do not.
"""


def page(found: dict[str, Any]) -> str:
    """All of it."""
    parts = (HEAD.format(**found), metrics(found), recovery(found), weights(found), published(found), changed())
    return filled("\n\n".join(parts))
