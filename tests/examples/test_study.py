"""docs/study.md: the page says what the JSON says, and plain loops over the data find the same numbers."""

import importlib.util
import json
import subprocess
import sys
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from scipy.stats import spearmanr
from sklearn.linear_model import Ridge
from sklearn.preprocessing import StandardScaler

ROOT = Path(__file__).resolve().parents[2]
FOUND = json.loads((ROOT / "docs" / "study.json").read_text(encoding="utf-8"))
HARD = ("Neighbor", "GPTInst")
JUDGES = ("GPT-4", "PaLM2", "ChatGPT", "ChatGPT-0301", "LLaMA2", "Falcon")


@pytest.fixture(scope="module")
def build():
    """The script as a module; its parts leave no trace for other tests."""
    path, known = list(sys.path), set(sys.modules)
    spec = importlib.util.spec_from_file_location("build_study", ROOT / "docs" / "build_study.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    yield module
    sys.path[:] = path
    for name in set(sys.modules) - known:
        if name.partition(".")[0] == "study":
            del sys.modules[name]


def lines(path):
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def test_the_page_is_written_from_the_numbers(build):
    page = (ROOT / "docs" / "study.md").read_text(encoding="utf-8")
    assert page == build.page.page(FOUND), "run python docs/build_study.py"
    assert max(len(line.replace("**", "")) for line in page.splitlines() if line.startswith("|")) < 100
    for picture in ("criteria", "lints", "recovery", "weights"):
        assert f"images/study_{picture}.svg" in page
        assert (ROOT / "docs" / "images" / f"study_{picture}.svg").is_file()
    other = json.loads(json.dumps(FOUND))
    next(r for r in other["recovery"] if r["protocol"] == "Metrics")["half"]["all"] = 0.123
    assert build.page.page(other) != page


def test_without_the_data_nothing_is_written(tmp_path):
    before = (ROOT / "docs" / "study.json").stat().st_mtime_ns
    command = [sys.executable, "docs/build_study.py", "--data", str(tmp_path / "none")]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "nothing is measured, nothing is written" in done.stderr
    assert (ROOT / "docs" / "study.json").stat().st_mtime_ns == before


@pytest.fixture
def said(real_data):
    """(judge, protocol) -> pair -> how many orders are right, or None; and the subset of each pair."""
    pairs = {p["id"]: p for p in lines(real_data / "llmbar" / "pairs.jsonl")}
    right = {}
    for row in lines(real_data / "llmbar" / "judgements.jsonl"):
        winners = (row["winner_in_order"], row["winner_swapped"])
        count = None if None in winners else sum(w == pairs[row["id"]]["label"] for w in winners)
        right.setdefault((row["judge"], row["protocol"]), {})[row["id"]] = count
    return right, {i: p["subset"].rpartition("/")[2] for i, p in pairs.items()}


def test_labels_recovered_by_a_plain_count(said):
    right, subset = said
    assert len(FOUND["recovery"]) == len({(r["judge"], r["protocol"]) for r in FOUND["recovery"]}) == 65
    for row in FOUND["recovery"]:
        for group in ("all", "Natural", *HARD):
            known = [
                n for i, n in right[row["judge"], row["protocol"]].items()
                if n is not None and group in ("all", subset[i])
            ]  # fmt: skip
            assert row["half"][group] == pytest.approx(sum(known) / 2 / len(known), abs=1e-6)
            assert row["strict"][group] == pytest.approx(known.count(2) / len(known), abs=1e-6)
            both = known.count(2) + known.count(0)
            assert row["decided"][group] == pytest.approx(known.count(2) / both, abs=1e-6)
            if group == "all":
                assert row["judged"] == len(known)
                assert row["agreement"] == pytest.approx(both / len(known), abs=1e-6)


def test_gains_are_paired_and_their_intervals_are_about_right(said):
    right, subset = said
    worth = {"half": lambda n: n / 2, "strict": lambda n: float(n == 2)}
    for g in FOUND["gains"]:
        one, two = right[g["judge"], g["base"]], right[g["judge"], g["protocol"]]
        moved = [
            worth[g["rule"]](two[i]) - worth[g["rule"]](one[i])
            for i in one
            if None not in (one[i], two[i]) and g["group"] in ("all", subset[i])
        ]
        assert (g["n"], g["gain"]) == (len(moved), pytest.approx(np.mean(moved), abs=1e-6))
        wide = 2 * 1.96 * np.std(moved) / np.sqrt(len(moved))  # by the normal law
        assert g["high"] - g["low"] == pytest.approx(wide, rel=0.25, abs=0.012)
        assert g["low"] - 1e-9 <= g["gain"] <= g["high"] + 1e-9


def test_what_the_page_says_about_metrics_holds(said):
    right, subset = said
    gains = {(g["judge"], g["group"]): g for g in FOUND["gains"] if g["protocol"] == "Metrics" and g["rule"] == "half"}
    assert sum(gains[j, "Neighbor"]["low"] > 0 for j in JUDGES) >= 4
    assert all(gains[j, "Natural"]["gain"] <= 0 for j in JUDGES)
    for judge in JUDGES:
        table = [[0] * 3 for _ in range(3)]
        for i, n in right[judge, "Vanilla"].items():
            m = right[judge, "Metrics"][i]
            if subset[i] != "Natural" and None not in (n, m):
                table[n][m] += 1
        assert FOUND["moves"][judge] == table


def test_metrics_counted_from_the_file(real_data):
    kept = [
        r for r in lines(real_data / "llmbar" / "completions.jsonl")
        if r["protocol"] == "Metrics" and r["generated_metrics"]
    ]  # fmt: skip
    for author in ("GPT-4", "ChatGPT"):
        counts = Counter(
            len([t for t in r["generated_metrics"].splitlines() if t.strip()]) for r in kept if r["judge"] == author
        )
        corpus = FOUND["corpora"][f"{author} metrics"]
        assert corpus["per_rubric"] == {str(k): n for k, n in sorted(counts.items())}
        assert corpus["criteria"] == sum(k * n for k, n in counts.items())
        assert corpus["atomic"] == corpus["criteria"] - corpus["findings"]["R002-double-barrelled"]
        assert corpus["verifiable"] == corpus["findings"]["R208-program-could-decide"]


def test_what_a_reader_said_of_the_rule_is_counted_right():
    read = json.loads((ROOT / "docs" / "study" / "read.json").read_text(encoding="utf-8"))
    for name, found in FOUND["reading"].items():
        corpus, mine = FOUND["corpora"][name], [r for r in read if r["corpus"] == name]
        hits = [r["read"] for r in mine if r["flagged"]]
        misses = [r["read"] for r in mine if not r["flagged"]]
        assert len(hits) == len(misses) == 25
        rate = corpus["findings"]["R002-double-barrelled"] / corpus["criteria"]
        assert found["rate"] == pytest.approx(rate, abs=1e-6)
        least = rate * hits.count("several") / 25 + (1 - rate) * misses.count("several") / 25
        assert found["share"][0] == pytest.approx(least, abs=1e-5)
        assert hits.count("one") <= 3  # the page says that the rule is right where it speaks


def test_weights_and_bands_of_the_benchmarks(real_data):
    sums = []
    for task in lines(real_data / "deepresearch_bench" / "criteria.jsonl"):
        sums.append(sum(task["dimension_weight"].values()))
        sums += [sum(c["weight"] for c in items) for items in task["criterions"].values()]
    race = FOUND["race_weights"]
    off = [s for s in sums if abs(s - 1) > 1e-6]
    assert (len(sums), len(off)) == (race["groups"] + 100, len(race["off_dimension"]) + len(race["off_criteria"]))
    rows = lines(real_data / "writingbench" / "length_subset_c.jsonl")
    wrong = [r["index"] for r in rows for c in r["checklist"] if "1-2 3-4 5-6 7-8 9-10" not in " ".join(c)]
    assert wrong == FOUND["writing_bands"]["gaps"] == FOUND["writing_bands"]["overlaps"] == []


def entry(name, held_out="item"):
    return next(w for w in FOUND["weights"] if (w["data"], w["held_out"]) == (name, held_out))


def rank(x, y):
    """Spearman's correlation, sums in another order being ties."""
    return spearmanr(np.round(x, 8), np.round(y, 8)).statistic


def test_ranks_of_plain_means_and_of_a_ridge_of_another_library(real_data, build):
    stories = lines(real_data / "hanna" / "ratings.jsonl")
    names = ["relevance", "coherence", "empathy", "surprise", "complexity"]
    x = np.array([[np.mean(s["human"][c]) for c in names] for s in stories])
    y = np.array([np.mean(s["human"]["engagement"]) for s in stories])
    same = entry("HANNA, same raters")["ways"]
    assert same["uniform"]["rank"] == pytest.approx(rank(x.mean(1), y), abs=1e-6)
    weights = sys.modules["study.weights"]
    prompt = np.array([s["prompt_index"] for s in stories])
    fold = weights.whole_folds(prompt, weights.FOLDS, np.random.default_rng(weights.SEED))
    guess, score = np.empty(len(y)), np.empty(len(y))
    for k in range(weights.FOLDS):
        train, test = fold != k, fold == k
        assert not set(prompt[train]) & set(prompt[test])
        scaler = StandardScaler().fit(x[train])
        model = Ridge(alpha=1.0).fit(scaler.transform(x[train]), y[train])
        own = model.coef_ / scaler.scale_
        score[test] = x[test] @ own / np.abs(own).sum()
        slope, start = np.polyfit(x[train] @ own, y[train], 1)
        guess[test] = start + slope * (x[test] @ own)
    assert same["ridge"]["rank"] == pytest.approx(rank(score, y), abs=1e-6)
    assert same["ridge"]["error"] == pytest.approx(np.sqrt(np.mean((guess - y) ** 2)), abs=1e-6)
    for judge in ("ChatGPT", "Llama-13B"):
        own = np.array([np.mean(s["judges"][judge]["engagement"]) for s in stories])
        assert entry(f"HANNA, {judge}")["ways"]["direct"]["rank"] == pytest.approx(rank(own, y), abs=1e-6)


def test_missing_answers_stay_missing_and_are_counted(real_data):
    for kind in ("real", "synth"):
        text = (real_data / "llm_rubric" / f"{kind}_human.tsv").read_text(encoding="utf-8").splitlines()
        head, *rows = [line.split("\t") for line in text]
        place = [head.index(f"Q{k}") for k in range(9)]
        blank = Counter(k for row in rows for k, at in enumerate(place) if row[at] in ("", "0", "0.0"))
        found = entry(f"LR {kind}, person")
        assert (found["missing_y"], found["missing_x"]) == (blank[0], sum(blank.values()) - blank[0])
        assert found["rows"] == len(rows) - blank[0]


def test_fitted_weights_win_more_often_than_those_that_read_no_rating():
    def sides(way):
        spans = [w["ways"][way]["rank_gain_interval"] for w in FOUND["weights"] if w["ways"][way]["rank"] is not None]
        return sum(low > 0 for low, _ in spans), sum(high < 0 for _, high in spans)

    for way in ("ridge", "L1, light"):
        better, worse = sides(way)
        assert better >= 2 * worse + 3
    better, worse = sides("correlation-aware")
    assert better < worse


@pytest.mark.slow
def test_all_of_it_comes_out_again(real_data, build):
    found = json.loads(json.dumps(build.plain(build.measure(real_data))))

    def same(a, b, where):
        if isinstance(a, dict):
            assert a.keys() == b.keys(), where
            for key in a:
                same(a[key], b[key], f"{where}.{key}")
        elif isinstance(a, list):
            assert len(a) == len(b), where
            for k, (one, two) in enumerate(zip(a, b, strict=True)):
                same(one, two, f"{where}[{k}]")
        else:
            assert a == (pytest.approx(b, abs=5e-3) if isinstance(b, float) else b), where

    same(found, FOUND, "")
