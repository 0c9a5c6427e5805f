"""Recipes of likelihood and agreement, each against a plain loop on ragged, unsorted data with gaps; judges end to end."""

import asyncio
import math
from collections import Counter

import numpy as np
import pytest

from rubricate.lab import NgramScorer
from rubricate.lab.environment import draw
from rubricate.llm.scorers import ScriptedScorer
from rubricate.recipes import find_recipe
from rubricate.recipes import judge_likelihood as recipes
from rubricate.rubrics import Rubric
from rubricate.types import Message, Sample

NAN = float("nan")
ANY = Rubric(id="any", criteria=[{"id": "c", "text": "Any."}])


def data(seed):
    """A drawn environment whose groups differ in size, with gaps for odd seeds."""
    rng = np.random.default_rng(seed)
    prompts = int(rng.integers(1, 6))
    env = draw(rng, prompts=prompts, group_size=int(rng.integers(1, 6)), missing=0.1 * (seed % 2))
    env["group"] = rng.integers(0, prompts, size=len(env["group"])) * 7
    return env


def z(x, keys, eps=1e-6):
    """GRPO's advantage: over what is known, sample deviation; 0 in a group of one, of equal values, and when missing."""
    out = []
    for value, k in zip(x, keys, strict=True):
        v = [y for y, other in zip(x, keys, strict=True) if other == k and not math.isnan(y)]
        if math.isnan(value) or len(v) < 2 or max(v) == min(v):
            out.append(0.0)
            continue
        mean = sum(v) / len(v)
        out.append((value - mean) / (math.sqrt(sum((y - mean) ** 2 for y in v) / (len(v) - 1)) + eps))
    return out


def rows(x, off):
    return [list(x[a:b]) for a, b in zip(off[:-1], off[1:], strict=True)]


def total(values):
    return NAN if any(map(math.isnan, values)) else sum(values)


def likelihood_rewards(env):
    r = [total(v) for v in rows(env["answer_logp"], env["answer_off"])]
    out = []
    for i, g in enumerate(env["group"]):
        others = [x for j, x in enumerate(r) if j != i and env["group"][j] == g and not math.isnan(x)]
        out.append(0.0 if math.isnan(r[i]) or not others else r[i] - sum(others) / len(others))
    return out


def p2s(env):
    gains = [
        max(total([a - b]) for a, b in zip(x, y, strict=True)) if not any(map(math.isnan, x)) else NAN
        for x, y in zip(rows(env["suffix_logp"], env["suffix_off"]), rows(env["suffix_logp_masked"], env["suffix_off"]), strict=True)
    ]  # fmt: skip
    answers = [total(v) for v in rows(env["answer_logp"], env["answer_off"])]
    out = []
    for i, own in enumerate(rows(np.array(gains), env["step_off"])):
        right = any(env["outcome"][j] == 1 for j, g in enumerate(env["group"]) if g == env["group"][i])
        own[-1] = answers[i]
        m = len(own)
        weight = [1 / (1 + math.exp(3.0 - 6.0 * (k / (m - 1) if m > 1 else 0.0))) for k in range(m)]
        known = [w * x for w, x in zip(weight, own, strict=True) if not math.isnan(x)]
        pay = sum(known) if known else NAN
        out.append(-1.0 if not env["format"][i] else env["outcome"][i] if right else pay)
    return z(out, env["group"])


def rlpr_reward(env):
    out = []
    both = zip(
        rows(env["answer_logp"], env["answer_off"]), rows(env["answer_logp_bare"], env["answer_off"]), strict=True
    )
    for i, (with_, bare) in enumerate(both):
        b, b0 = (sum(map(math.exp, v)) / len(v) for v in (with_, bare))
        gain = NAN if math.isnan(b) else min(max(b - b0, 0.0), 1.0)
        out.append(-1.0 if env["looping"][i] else 0.9 * gain + 0.1 * bool(env["format"][i]))
    return out


def rlpr(env):
    return z(rlpr_reward(env), env["group"])


def follow_up_likelihood(env):
    good, category = env["followup_positive"], env["followup_category"]
    out = []
    for logp in env["followup_logp"]:
        parts = []
        for c in sorted(set(category)):
            pos, neg = (
                [x for x, g, k in zip(logp, good, category, strict=True) if k == c and g == s] for s in (True, False)
            )
            parts.append(sum(pos) / len(pos) - sum(neg) / len(neg))
        out.append(sum(parts) / len(parts))
    return out


def density_ratio(env):
    pairs = zip(rows(env["token_logp"], env["token_off"]), rows(env["token_logp_ref"], env["token_off"]), strict=True)
    return [sum(a) - sum(b) for a, b in pairs]


def agreement(env, how="majority", views=False):
    out = []
    for i, (c, g) in enumerate(zip(env["cluster"], env["group"], strict=True)):
        mates = [j for j, other in enumerate(env["group"]) if other == g and env["cluster"][j] >= 0]
        voters = [env["cluster"][j] for j in mates if not views or env["wording"][j] != env["wording"][i]]
        if c < 0 or not voters:
            out.append(0.0)
        elif how == "frequency":
            out.append(voters.count(c) / len(voters))
        else:
            stands, counts = [env["cluster"][j] for j in mates], Counter(voters)
            out.append(float(min(counts, key=lambda k: (-counts[k], stands.index(k))) == c))
    return out


def intrinsic_rewards(env):
    return z(agreement(env), env["group"])


def co_reward(env):
    keys = list(zip(env["group"], env["wording"], strict=True))
    return z(agreement(env, views=True), keys)


def empo(env):
    return z(agreement(env, "frequency"), env["group"])


SYSTEMS = (likelihood_rewards, p2s, rlpr, follow_up_likelihood, density_ratio, intrinsic_rewards, co_reward, empo)
LOOPS = {f.__name__: f for f in SYSTEMS}


@pytest.mark.parametrize("name", LOOPS)
def test_the_composition_equals_a_plain_loop(name):
    for seed in range(50):
        env = data(seed)
        np.testing.assert_allclose(
            getattr(recipes, name)().advantages(env), LOOPS[name](env), rtol=1e-9, atol=1e-9, err_msg=f"seed {seed}"
        )


REWARDS = {"rlpr": rlpr_reward, "intrinsic_rewards": agreement}


@pytest.mark.parametrize("name", REWARDS)
def test_the_reward_alone_equals_a_plain_loop(name):
    for seed in range(50):
        env = data(seed)
        np.testing.assert_allclose(getattr(recipes, name)().reward(env), REWARDS[name](env), rtol=1e-9, atol=1e-9)


def pairs_of(score, group):
    out = []
    for g in sorted(set(group)):
        own = [i for i, other in enumerate(group) if other == g and not math.isnan(score[i])]
        if own:
            best, worst = max(own, key=lambda i: score[i]), min(own, key=lambda i: score[i])
            out += [(best, worst)] if score[best] > score[worst] else []
    return np.array(out, dtype=int).reshape(-1, 2)


@pytest.mark.parametrize("name", ["follow_up_likelihood", "density_ratio"])
def test_pairs_are_the_best_and_the_worst_of_each_prompt(name):
    for seed in range(50):
        env = data(seed)
        score = LOOPS[name](env)
        found = find_recipe(name)().select({**env, "reward": np.array(score)})
        np.testing.assert_array_equal(found, pairs_of(score, env["group"]))


def kept_std(env):
    out, reward = [], rlpr_reward(env)
    for i, g in enumerate(env["group"]):
        v = [x for x, other in zip(reward, env["group"], strict=True) if other == g and not math.isnan(x)]
        wide = len(v) > 1 and np.std(v) >= 0.5 * env["std_ema"]
        out.append(wide and not math.isnan(reward[i]))
    return out


def kept_band(env):
    out = []
    for g in env["group"]:
        v = [c for c, other in zip(env["cluster"], env["group"], strict=True) if other == g and c >= 0]
        h = -sum(n / len(v) * math.log(n / len(v)) for n in Counter(v).values()) if v else NAN
        out.append(0.2 <= h <= 1.3)
    return out


KEPT = {"rlpr": kept_std, "empo": kept_band}


@pytest.mark.parametrize("name", KEPT)
def test_prompts_are_kept_as_the_loop_keeps_them(name):
    for seed in range(50):
        env = data(seed)
        part = find_recipe(name)()
        found = part.select({**env, "reward": part.reward(env)}).mask
        assert found.tolist() == KEPT[name](env), seed


# ---------------------------------------------------------------------------------------- judges end to end


def sample(text, name="a", reference="the sum is four"):
    return Sample(
        name,
        (Message("user", "what is two and two ?"),),
        text,
        "g",
        "any",
        reference=reference,
        metadata={"wording": name},
    )


def rule(prefix, target):
    """Behind the right reasoning every word is likely."""
    return [-0.1 if "make four" in prefix else -1.0] * len(target.split())


SCORER = ScriptedScorer(rule)
CORPUS = ["two and two make four . thank you this helps a lot", "i do not know . this does not help me"] * 4
GOOD = sample("two and two make four <answer> the sum is four")
BAD = sample("i do not know <answer> the sum is nine", "b")


@pytest.mark.parametrize("name", ["likelihood_rewards", "p2s", "rlpr", "density_ratio"])
def test_the_judge_of_the_recipe_scores_responses(name):
    weak = {"strong": NgramScorer().fit([GOOD.response]), "weak": NgramScorer().fit([GOOD.response, BAD.response])}
    judge = find_recipe(name)().judge.build(**(weak if name == "density_ratio" else {"scorer": SCORER}))
    good, bad = asyncio.run(judge.rank([GOOD, BAD], ANY, None))
    assert good.scored
    assert bad.scored
    assert good.value > bad.value
    assert judge.digest == good.judge


def test_the_judge_of_follow_ups_scores_responses():
    judge = find_recipe("59")().judge.build(scorer=NgramScorer().fit(CORPUS), form="$task $response")
    good, bad = asyncio.run(judge.rank([sample("two and two make four ."), sample("i do not know .")], ANY, None))
    assert good.value > bad.value


def test_the_judges_of_agreement_score_groups():
    texts = [r"\boxed{4}", r"so \boxed{4}", r"\boxed{5}"]
    group = [sample(t, n) for t, n in zip(texts, "xyz", strict=True)]
    majority = find_recipe("118")().judge.build()
    assert [v.value for v in asyncio.run(majority.rank(group, ANY, None))] == [1.0, 1.0, 0.0]
    crossed = find_recipe("128")().judge.build()
    assert [v.value for v in asyncio.run(crossed.rank(group, ANY, None))] == [1.0, 1.0, 0.0]
    assert find_recipe("173")().judge.build().needs_client
