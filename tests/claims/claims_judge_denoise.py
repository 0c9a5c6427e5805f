"""Claims about preference labels of doubtful quality."""

import numpy as np
from scipy.stats import spearmanr

from rubricate.judges import BradleyTerry, agreement_labels, vote_strength
from rubricate.lab.claims import Outcome, claim
from rubricate.recipes.card import find_recipe


def noisy_pairs(rng, n, flips, d=20):
    """Gaps of a linear preference, some turned round, and clean gaps to test on."""
    theta = rng.normal(size=d)
    gap, test = rng.normal(size=(n, d)), rng.normal(size=(3000, d))
    gap, test = (x * np.sign(x @ theta)[:, None] for x in (gap, test))
    wrong = rng.random(n) < flips
    return np.where(wrong[:, None], -gap, gap), wrong, test


def accuracy(model, test):
    return float((model.score(test) > 0).mean())


@claim("crm")
def claim_crm():
    part = find_recipe("56")().judge
    table = []
    for seed in range(8):
        for flips in (0.1, 0.2, 0.4):
            rng = np.random.default_rng(seed)
            gap, _, test = noisy_pairs(rng, 400, flips)
            zero = np.zeros_like(gap)
            env = {"better": gap, "worse": zero}
            own = part.replace(noise=flips)
            peer, alone = (own.replace(peer=p)({**env, "rng": np.random.default_rng(seed)}) for p in (True, False))
            table.append([accuracy(m, test) for m in (BradleyTerry().fit(gap, zero), alone, peer)])
    low, middle, high = np.array(table).reshape(8, 3, 3).mean(0)
    holds = middle[2] > middle[0] + 0.015 and low[2] > low[0] + 0.01 and abs(middle[2] - middle[1]) < 0.01
    note = (
        f"20 % flips; kept to itself {middle[1]:.3f}; 10 %: {low[0]:.3f}, peer {low[2]:.3f}; "
        f"40 %: {high[0]:.3f}, peer {high[2]:.3f}"
    )
    return Outcome(round(middle[0], 3), round(middle[2], 3), bool(holds), note)


@claim("qurating")
def claim_qurating():
    """60 items and 720 calls either way, one item or one pair a call; each call shifts its scale by ``drift``."""
    recipe = find_recipe("76")()
    rows = {}
    for drift in (0.0, 2.0):
        for seed in range(6):
            rng = np.random.default_rng(seed)
            n, calls = 60, 12
            q = rng.normal(size=n)
            shift = rng.normal(0, drift, (n, calls))
            direct = np.clip(np.round(3 + 0.8 * q[:, None] + rng.normal(0, 1, (n, calls)) + shift), 1, 5).mean(1)
            pairs = np.array([rng.choice(n, 2, replace=False) for _ in range(n * calls // 2)])
            seen = (
                0.8 * q[pairs][:, :, None]
                + rng.normal(0, 0.7, (len(pairs), 2, 2))
                + rng.normal(0, drift, (len(pairs), 1, 2))
            )
            share = (seen[:, 0] > seen[:, 1]).mean(1)
            eye = np.eye(n)
            model = recipe.judge.build().fit(eye[pairs[:, 0]], eye[pairs[:, 1]], labels=share)
            rating = model.score(eye)
            drawn = recipe.select({"rating": rating, "count": 20, "rng": rng})
            rows.setdefault(drift, []).append(
                [spearmanr(direct, q)[0], spearmanr(rating, q)[0], q[drawn].mean() - q.mean()]
            )
    even, drifting = (np.mean(rows[d], 0) for d in (0.0, 2.0))
    holds = drifting[1] > drifting[0] + 0.1 and drifting[1] > even[1] - 0.05 and drifting[2] > 0.1
    note = (
        f"without drift: direct {even[0]:.3f}, pairwise {even[1]:.3f}; quality of a third drawn +{drifting[2]:.2f} sd"
    )
    return Outcome(round(drifting[0], 3), round(drifting[1], 3), bool(holds), note)


@claim("cream")
def claim_cream():
    """Five responses a prompt, ranked by two noisy models; best against worst by the newer one."""
    recipe = find_recipe("93")()
    table, shares = [], []
    for seed in range(8):
        rng = np.random.default_rng(seed)
        d, n = 15, 300
        w = rng.normal(size=d)
        x = rng.normal(size=(n, 5, d))
        q = x @ w
        now, before = (q + rng.normal(0, 2.4, (n, 5)) for _ in range(2))
        group = np.repeat(np.arange(n), 5)
        rows = np.arange(n)
        gap = x[rows, now.argmax(1)] - x[rows, now.argmin(1)]
        env = {"now": now.ravel(), "before": before.ravel(), "group": group, "pair_group": rows}
        agreement = recipe.select.steps[0](env)
        each = agreement_labels(agreement, rows, scope="each")
        test = rng.normal(size=(3000, d))
        test = test * np.sign(test @ w)[:, None]
        zero = np.zeros_like(gap)

        def fitted(settings, gap=gap, zero=zero, test=test):
            return accuracy(BradleyTerry().fit(gap, zero, **settings), test)

        right = gap @ w > 0
        table.append([fitted({}), fitted(recipe.select(env).as_settings), fitted(each.as_settings)])
        shares.append([agreement[right].mean(), agreement[~right].mean() if (~right).any() else np.nan])
    hard, average, own = np.mean(table, 0)
    right, wrong = np.nanmean(shares, 0)
    holds = average > hard + 0.003 and right > wrong + 0.1
    note = f"each prompt's own C {own:.3f}; C on right pairs {right:.2f}, on wrong ones {wrong:.2f}"
    return Outcome(round(float(hard), 3), round(float(average), 3), bool(holds), note)


def two_judges(rng, n, accuracy, rho):
    """Whether each of two judges is right; each alone is right with ``accuracy``, their errors correlate by rho."""
    right = rng.random((2, n)) < accuracy
    shared = rng.random(n) < rho
    right[1, shared] = right[0, shared]
    return right


@claim("scir")
def claim_scir():
    recipe = find_recipe("101")()
    found = {}
    for rho in (0.0, 0.5, 0.9):
        rng = np.random.default_rng(0)
        generative, implicit = two_judges(rng, 20_000, 0.7, rho)
        gain = np.where(implicit, 8.0, -8.0)  # log pi / pi_ref of the better response over the other
        implied = recipe.judge({"logp": np.column_stack([gain, 0 * gain]), "logp_ref": np.zeros((len(gain), 2))})
        labels = recipe.select({"preference": np.stack([np.where(generative, 0.8, 0.2), implied])})
        kept = labels.pair_weights == 1
        found[rho] = (labels.labels[kept].mean(), kept.mean())
    holds = abs(found[0.0][0] - 0.845) < 0.01 and abs(found[0.5][0] - 0.753) < 0.01 and found[0.9][0] < 0.72
    note = "; ".join(f"correlation {r:g}: {a:.3f} on {k:.0%} of pairs" for r, (a, k) in found.items())
    return Outcome(0.7, round(float(found[0.0][0]), 3), bool(holds), note)


@claim("secrets_of_rlhf")
def claim_secrets_of_rlhf():
    select = find_recipe("106")().select
    table = []
    for flips in (0.2, 0.3):
        for seed in range(5):
            rng = np.random.default_rng(seed)
            gap, wrong, test = noisy_pairs(rng, 600, flips)
            zero = np.zeros_like(gap)
            env = {"better": gap, "worse": zero}
            strength = vote_strength(gap, zero, rng=np.random.default_rng(seed))
            low = np.argsort(strength.mean)[:120]
            row = [wrong[low].mean(), accuracy(BradleyTerry().fit(gap, zero), test)]
            for how in ("drop", "flip", "smooth"):
                treat = select.steps[1].replace(how=how)
                labels = treat({}, select.steps[0]({**env, "rng": np.random.default_rng(seed)}))
                row.append(accuracy(BradleyTerry().fit(gap, zero, **labels.as_settings), test))
            table.append(row)
    at20, at30 = np.array(table).reshape(2, 5, 5).mean(1)
    holds = at20[0] > 0.7 and at30[0] > 0.8 and at20[2] > at20[1] + 0.004 and at20[2] > at20[3]
    note = (
        f"20 % flips, dropped; flipped {at20[3]:.3f}, smoothed {at20[4]:.3f}; wrong in the bottom fifth "
        f"{at20[0]:.2f} (30 % flips: {at30[0]:.2f}; {at30[1]:.3f} -> {at30[2]:.3f})"
    )
    return Outcome(round(at20[1], 3), round(at20[2], 3), bool(holds), note)
