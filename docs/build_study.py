"""Write docs/study.md, docs/study.json and the plots of docs/images/study_*.svg from public data.

python docs/build_study.py [--show] [--data FOLDER]

The data lie beside the project (``../shared/data``) and none of them is copied into it; without them nothing is
written. About two minutes on one core; every draw is seeded.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).parent))

from study import criteria, data, page, plots, recovery, weights

ROOT = Path(__file__).resolve().parents[1]
DATA = ROOT.parent / "shared" / "data"
RESAMPLES = 1000


def measure(folder: Path) -> dict[str, Any]:
    """All numbers of the page."""
    corpora = data.rubrics(folder)
    pairs = data.llmbar_pairs(folder)
    rng = np.random.default_rng(20)
    return {
        "resamples": RESAMPLES,
        "folds": weights.FOLDS,
        "corpora": {name: criteria.summary(found) for name, found in corpora.items()},
        "llmbar_subsets": subsets(corpora),
        "accused": {n: criteria.accused(corpora[n], folder) for n in ("GPT-4 metrics", "ChatGPT metrics")},
        "reading": criteria.reading(corpora, Path(__file__).parent / "study" / "read.json"),
        "across": {n: criteria.across(found) for n, found in corpora.items()},
        "race_weights": criteria.race_weights(folder),
        "writing_bands": criteria.writing_bands(folder),
        "recovery": recovery.table(pairs),
        "gains": recovery.gains(pairs, rng, RESAMPLES),
        "moves": recovery.moves(pairs),
        "foretold": recovery.foretold(pairs, corpora, rng, RESAMPLES),
        "weights": learned(folder, rng),
        "personal": [
            weights.personal(name, rated, rng, RESAMPLES)
            for name, rated in data.llm_rubric(folder).items()
            if name.startswith("LR synth")
        ],
    }


def subsets(corpora: dict[str, list[Any]]) -> list[dict[str, Any]]:
    """Atomic, verifiable and double criteria of the metrics by author and subset."""
    made = []
    for name in ("GPT-4 metrics", "ChatGPT metrics"):
        for subset in ("Natural", "Neighbor", "GPTInst"):
            seen = criteria.summary([r for r in corpora[name] if r.group.rpartition("/")[2] == subset])
            keys = ("rubrics", "criteria", "atomic", "verifiable", "double_pairs", "rubrics_with_a_finding")
            made.append({"author": name.split()[0], "subset": subset} | {k: seen[k] for k in keys})
    return made


def learned(folder: Path, rng: np.random.Generator) -> list[dict[str, Any]]:
    """Every data set by held-out items, and by held-out users where there are user ids."""
    made = []
    for name, rated in (data.hanna(folder) | data.llm_rubric(folder)).items():
        for by in ("item", "user") if rated.user is not None else ("item",):
            made.append(weights.compared(name, rated, by, rng, RESAMPLES))
    return made


def plain(value: Any) -> Any:
    """Numbers rounded to six places, so that the file is the same everywhere; NaN as null."""
    if isinstance(value, dict):
        return {str(k): plain(v) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(v) for v in value]
    if isinstance(value, float):
        return None if value != value else round(value, 6)
    return value


def main() -> None:
    """Write everything, or show the page."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--show", action="store_true", help="print the page of docs/study.json; measure nothing")
    parser.add_argument("--data", type=Path, default=DATA)
    chosen = parser.parse_args()
    if not chosen.show:
        if not chosen.data.is_dir():
            sys.exit(f"no data at {chosen.data}: nothing is measured, nothing is written")
        began = time.process_time()
        found = plain(measure(chosen.data))
        (ROOT / "docs" / "study.json").write_text(json.dumps(found, indent=1, ensure_ascii=False) + "\n", "utf-8")
        plots.draw(found, ROOT / "docs" / "images")
        print(f"measured in {time.process_time() - began:.0f} s")
    written = page.page(json.loads((ROOT / "docs" / "study.json").read_text("utf-8")))
    if chosen.show:
        sys.stdout.buffer.write(written.encode())
    else:
        (ROOT / "docs" / "study.md").write_text(written, "utf-8")


if __name__ == "__main__":
    main()
