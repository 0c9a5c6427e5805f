"""Claims about learned reward models."""

import numpy as np

from rubricate.judges import BradleyTerry, MLPReward, least_weight
from rubricate.lab.claims import Outcome, claim
from rubricate.lab.worlds import softmax
from rubricate.recipes.card import find_recipe
from rubricate.steps import step


def prefers(model, better, worse):
    return float((model.score(better) > model.score(worse)).mean())


@claim("base_reward")
def claim_base_reward():
    """Quality is the product of two features among six; 2,000 pairs, a fifth of the labels wrong, five seeds."""
    member = step(MLPReward, hidden=32, epochs=15)
    judge = find_recipe("28")().judge.replace(member=member).build()
    table = []
    for seed in range(5):
        rng = np.random.default_rng(seed)

        def pairs(n, flips, rng=rng):
            a, b = rng.normal(size=(2, n, 6))
            first = (a[:, 0] * a[:, 1] > b[:, 0] * b[:, 1]) ^ (rng.random(n) < flips)
            return np.where(first[:, None], a, b), np.where(first[:, None], b, a)

        train, test = pairs(2000, 0.2), pairs(4000, 0.0)
        model = judge.fit(*train)
        members = np.mean([prefers(m, *test) for m in model.members])
        whole = prefers(member.build().fit(*train), *test)
        table.append([prefers(BradleyTerry().fit(*train), *test), members, whole, prefers(model, *test)])
    line, members, whole, ensemble = np.mean(table, 0)
    holds = ensemble >= 0.85 and line <= 0.65 and ensemble >= members + 0.01
    note = f"five models on halves of the pairs; their mean {members:.3f}, one model on all pairs {whole:.3f}"
    return Outcome(round(line, 3), round(ensemble, 3), bool(holds), note)


@claim("oprm")
def claim_oprm():
    """1,500 pairs, a fifth with levels (bad, normal, good) of both sides; five seeds, two strengths of the ridge."""
    judge = find_recipe("32")().judge.replace(steps=100, rate=0.1)
    table = []
    for seed in range(5):
        rng = np.random.default_rng(seed)
        w = rng.normal(size=8)
        w /= np.linalg.norm(w)

        def pairs(n, rng=rng, w=w):
            a, b = rng.normal(size=(2, n, 8))
            swap = a @ w + rng.normal(0, 0.3, n) < b @ w + rng.normal(0, 0.3, n)
            return np.where(swap[:, None], b, a), np.where(swap[:, None], a, b)

        def level(x, w=w):
            return np.digitize(x @ w, [-0.6, 0.6]).astype(float)

        (better, worse), test, x = pairs(1500), pairs(2000), rng.normal(size=(2000, 8))
        known = rng.random(1500) < 0.2
        levels = {
            f"{side}_level": np.where(known, level(v), np.nan) for side, v in (("better", better), ("worse", worse))
        }
        row = [prefers(BradleyTerry().fit(better, worse), *test)]
        for ridge in (1e-4, 1e-2):
            for given in ({}, levels):
                model = judge.replace(ridge=ridge).build().fit(better, worse, **given)
                row += [(np.digitize(model.score(x), [3.5, 6.5]) == level(x)).mean(), prefers(model, *test)]
        table.append(row)
    bt, plain, own, guided, with_levels, plain2, _, guided2, _ = np.mean(table, 0)
    holds = guided > plain + 0.02 and abs(own - bt) < 0.02 and abs(with_levels - bt) < 0.02
    note = (
        f"accuracy of the level; of pairs: Bradley-Terry {bt:.3f}, ratings {own:.3f}, with levels {with_levels:.3f}; "
        f"with a ridge of .01 the level is right without labels: {plain2:.3f}, with {guided2:.3f}"
    )
    return Outcome(round(plain, 3), round(guided, 3), bool(holds), note)


@claim("doc_reward")
def claim_doc_reward():
    """The label follows layout; the length of the text follows it too, except in pairs with the same text."""
    recipe = find_recipe("51")()
    table = []
    for seed in range(5):
        rng = np.random.default_rng(seed)
        layout = np.abs(rng.normal(1, 0.5, 3000))
        text = 0.9 * layout + 0.5 * rng.normal(size=3000)  # better layout, longer text
        same = rng.random(3000) < 0.15
        text = np.where(same, 0.01 * rng.normal(size=3000), text)
        # the judged attribute is seen through noise, so a cue that follows it is worth something
        seen = layout + 0.8 * rng.normal(size=3000)
        gap = np.column_stack([seen, text])
        keep = recipe.select({"nuisance": text[:, None], "rng": rng})
        loose = recipe.judge.build().fit(gap, np.zeros_like(gap)).theta
        tight = recipe.judge.build().fit(gap[keep], np.zeros_like(gap[keep])).theta
        table.append([abs(loose[1]), abs(tight[1]), tight[0], keep.mean()])
    loose, tight, own, kept = np.mean(table, 0)
    holds = loose > 0.5 and tight < 0.1 and own > 0.5
    note = f"weight of the nuisance; of the layout {own:.2f} in controlled pairs, {kept:.0%} of all"
    return Outcome(round(loose, 3), round(tight, 3), bool(holds), note)


def exploited(recipe, seed, negatives, steps=200, rate=0.5, n=32):
    """Share of the exploit arm in the end. Features of an arm: a view of its quality, and the exploit's mark.

    The data that the reward model starts from reward the mark by 2, because there it went with good answers.
    """
    rng = np.random.default_rng(seed)
    quality, mark = np.array([0.0, 0.5, 1.0, 0.0]), np.array([0.0, 0.0, 0.0, 2.0])
    arms = np.column_stack([quality, mark])
    right = quality >= 1.0
    start = rng.normal(0, 0.5, (2, 200, 2)) + np.array([[[1.0, 1.0]], [[0.0, 0.0]]])
    model = recipe.judge.build(every=3).update(*start)
    theta = np.zeros(4)
    for _ in range(steps):
        p = softmax(theta)
        action = rng.choice(4, n, p=p)
        features = arms[action] + rng.normal(0, 0.05, (n, 2))
        group = np.repeat(np.arange(n // 8), 8)
        advantage = recipe.credit({"quality": model.score(features), "group": group})
        theta = theta + rate * (np.bincount(action, advantage, minlength=4) / n - p * advantage.mean())
        if negatives is None:
            continue
        if negatives == "plausible":  # a right answer made wrong: the tricks stay, the quality goes
            made = np.column_stack([features[:, 0] - 1.0, np.ones(n)]) + rng.normal(0, 0.05, (n, 2))
        else:
            made = rng.normal(0, 1, (n, 2))
        env = {"features": features, "certified": right[action], "negatives": made, "group": group, "rng": rng}
        model = model.update(*recipe.select(env))
    return float(softmax(theta)[3])


@claim("cooper")
def claim_cooper():
    recipe = find_recipe("65")()
    static, online, random = (
        np.mean([exploited(recipe, seed, kind) for seed in range(5)]) for kind in (None, "plausible", "random")
    )
    holds = static > 0.9 and online < 0.1 and random > online + 0.2
    note = f"share of the exploit; with random negatives {random:.3f}: they only wash the old data out"
    return Outcome(round(float(static), 3), round(float(online), 3), bool(holds), note)


@claim("artifact_reward")
def claim_artifact_reward():
    """Arms: plain, good, and one with an artefact that three proxies like alike; the best arm by each reward."""
    recipe = find_recipe("69")()
    hacked = {"one proxy": 0, "mean of three": 0, "guarded": 0}
    weights = []
    for seed in range(20):
        rng = np.random.default_rng(seed)
        n = 600
        artefact = rng.random(n) < 0.1
        quality = np.where(artefact, -1.0, rng.normal(size=n))
        proxies = quality + 5.0 * artefact + rng.normal(0, 0.5, (3, n))  # the blind spot is shared
        features = np.column_stack([quality, artefact, artefact]) + rng.normal(0, 0.4, (n, 3))
        mean = proxies.mean(0)
        half = np.arange(n) < n // 2  # mine one half, judge the other
        looked = np.where(half & (mean >= np.quantile(mean[half], 0.7)), (~artefact).astype(float), np.nan)
        failure = recipe.audit({"reward": np.where(half, mean, np.nan), "sound": looked})
        label = np.where(np.isnan(looked), np.nan, failure.astype(float))
        detector = recipe.judge.build().fit(features[half], label[half])
        guard = detector.score(features[~half])
        own = mean[~half]
        least = least_weight(own, guard, artefact[~half].astype(float))
        weights.append(least)
        weight = float(np.ptp(own))  # the range of the proxy
        total = find_recipe("69")(weight=weight).reward({"quality": own, "guard": guard})
        for name, reward in (("one proxy", proxies[0, ~half]), ("mean of three", own), ("guarded", total)):
            hacked[name] += bool(artefact[~half][np.argmax(reward)])
    one, three, guarded = (v / 20 for v in hacked.values())
    holds = three > 0.9 and guarded == 0.0
    note = f"share of runs whose best is an artefact; one proxy {one:.1f}; least weight {np.mean(weights):.1f}, used: the range"
    return Outcome(three, guarded, bool(holds), note)


@claim("learning_to_summarize")
def claim_learning_to_summarize():
    """A reward model fitted where length goes with quality; the policy's tail has padded answers without quality."""
    recipe = find_recipe("78")()
    curves, raw = [], []
    for seed in range(5):
        rng = np.random.default_rng(seed)

        def summaries(n, rng=rng):
            quality = rng.normal(size=n)
            length = 0.6 * quality + 0.8 * rng.normal(size=n)
            return quality, np.column_stack([quality + rng.normal(0, 0.7, n), length])

        (qa, a), (qb, b) = summaries(2000), summaries(2000)
        first = qa > qb
        better, worse = np.where(first[:, None], a, b), np.where(first[:, None], b, a)
        model = recipe.judge.build().fit(better, worse).zero_mean_on_reference(better)
        quality, x = summaries(60 * 512)
        padded = rng.random(len(x)) < 0.03
        quality = np.where(padded, -2.0, quality)
        x[padded] = np.column_stack([-2 + rng.normal(0, 0.7, padded.sum()), rng.uniform(3, 20, padded.sum())])
        curve = recipe.audit({"proxy": model.score(x), "truth": quality, "group": np.repeat(np.arange(60), 512)})
        curves.append(curve.truth)
        raw.append(curve.proxy)
    truth, proxy = np.mean(curves, 0), np.mean(raw, 0)
    top = int(np.argmax(truth))
    holds = 0 < top < 4 and truth[top] > truth[0] + 0.3 and truth[-1] < truth[top] - 1 and (np.diff(proxy) > 0).all()
    note = "true quality at n = 1, 4, 16, 64, 256: " + ", ".join(f"{t:.2f}" for t in truth)
    return Outcome(round(float(truth[top]), 2), round(float(truth[-1]), 2), bool(holds), note)


@claim("mrmbench")
def claim_mrmbench():
    """Hidden states hold four of six factors."""
    recipe = find_recipe("85")()
    table = []
    for seed in range(5):
        rng = np.random.default_rng(seed)
        mixing = rng.normal(size=(4, 16))

        def states(n, rng=rng, mixing=mixing):
            factors = rng.normal(size=(n, 6))
            return factors[:, :4] @ mixing + 0.3 * rng.normal(size=(n, 16)), factors

        x, factors = states(800)
        labels = (factors > 0).astype(float)
        found = recipe.audit({"features": x, "labels": labels, "rng": rng})
        centroids = recipe.judge({"features": x, "labels": labels[:, :4]})
        inside = centroids.confidence(states(400)[0])
        outside = centroids.confidence(1.5 * rng.normal(0, x.std(), (400, 16)))
        order = (inside[:, None] > outside).mean() + 0.5 * (inside[:, None] == outside).mean()
        table.append(
            [found.accuracy[:4].min(), np.abs(found.accuracy[4:] - 0.5).max(), found.accuracy[:4].mean(), order]
        )
    worst, away, present, auc = np.array(table).T
    holds = worst.min() >= 0.85 and away.max() <= 0.05 + 0.03 and auc.min() >= 0.8
    note = f"absent factors within {away.max():.3f} of .5; confidence tells in from out at AUC {auc.mean():.3f}"
    return Outcome(0.5, round(float(present.mean()), 3), bool(holds), note)


@claim("mm_rlhf", expect="departs")
def claim_mm_rlhf():
    """A fifth of 300 pairs is wrong, all of them among the half with the smallest gap; the gap is another model's."""
    part = find_recipe("87")().select
    table = []
    for seed in range(10):
        rng = np.random.default_rng(seed)
        theta = rng.normal(size=20)
        gap, test = rng.normal(size=(300, 20)), rng.normal(size=(3000, 20))
        gap, test = (x * np.sign(x @ theta)[:, None] for x in (gap, test))
        clear = gap @ theta
        wrong = (clear < np.median(clear)) & (rng.random(300) < 0.4)
        delta = np.abs(gap @ (theta + rng.normal(0, 0.7, 20))) / np.linalg.norm(theta) * 2
        gap = np.where(wrong[:, None], -gap, gap)
        row = [prefers(BradleyTerry().fit(gap, 0 * gap), test, 0 * test)]
        for weight in (0.5, 5.0):
            beta = part.replace(weight=weight)({"delta": delta})
            row.append(prefers(BradleyTerry().fit(gap * (beta / beta.mean())[:, None], 0 * gap), test, 0 * test))
        beta = part({"delta": np.sort(delta)})
        table.append([*row, (np.diff(beta) >= 0).all() and beta[0] >= 0.1 and beta[-1] <= 0.15])
    uniform, scaled, strong, bounded = np.mean(table, 0)
    assert bounded == 1  # what does hold: beta rises with the gap, from beta0 to beta0 (1 + w)
    return Outcome(round(uniform, 3), round(scaled, 3), bool(scaled >= uniform + 0.01), f"w = 5: {strong:.3f}")


@claim("image_as_reward")
def claim_image_as_reward():
    """The policy is a Gaussian in the plane that follows the reward's slope; the references are another one."""
    recipe = find_recipe("126")()

    def run(seed, refresh, steps=400, rate=0.02):
        rng = np.random.default_rng(seed)
        target, mean = np.array([2.0, -1.0]), np.zeros(2)
        model = recipe.judge.build()
        for t in range(steps):
            x = mean + rng.normal(size=(64, 2))
            if t == 0 or (refresh and t % refresh == 0):
                model = model.update(target + rng.normal(size=(64, 2)), x)
            advantage = recipe.credit({"quality": model.score(x), "group": np.zeros(64)})
            mean = mean + rate * (advantage[:, None] * (x - mean)).mean(0)
        return float(np.linalg.norm(mean - target))

    fresh, frozen = (np.mean([run(seed, k) for seed in range(5)]) for k in (10, None))
    holds = fresh < 0.2 and frozen > 2.0
    return Outcome(round(float(frozen), 2), round(float(fresh), 2), bool(holds), "distance from the references, in sd")


@claim("polar")
def claim_polar():
    """Policies are Markov chains over 20 tokens, features the counts of neighbours; 50 chains to learn, 20 unseen."""
    judge = find_recipe("180")().judge.build()
    table = []
    for seed in range(5):
        rng = np.random.default_rng(seed)
        chains = rng.dirichlet(np.full(20, 0.3), size=(70, 20))

        def write(policy, rng=rng, chains=chains, length=100):
            token = rng.integers(0, 20, len(policy))
            counts = np.zeros((len(policy), 400))
            cumulated = chains.cumsum(2)
            for _ in range(length):
                after = (rng.random(len(policy))[:, None] > cumulated[policy, token]).sum(1).clip(0, 19)
                counts[np.arange(len(policy)), 20 * token + after] += 1
                token = after
            return counts / length * 20

        def triples(low, high, n, rng=rng, write=write):
            p = rng.integers(low, high, n)
            q = low + (p - low + rng.integers(1, high - low, n)) % (high - low)
            return p, q, write(p), write(p), write(q)

        p, q, *known = triples(0, 50, 1500)
        up, uq, reference, same, other = triples(50, 70, 1000)
        model = judge.fit(*known)
        worth = rng.normal(size=70)  # a quality of each chain: what a plain model can learn of the known ones
        first = (worth[p] > worth[q])[:, None]
        plain = BradleyTerry().fit(np.where(first, known[1], known[2]), np.where(first, known[2], known[1]))
        truth = worth[up] > worth[uq]
        table.append(
            [((plain.score(same) > plain.score(other)) == truth).mean(),
             (model.score(same, reference) > model.score(other, reference)).mean()]
        )  # fmt: skip
    plain, found = np.mean(table, 0)
    holds = found >= 0.9 and abs(plain - 0.5) < 0.1
    return Outcome(round(plain, 3), round(found, 3), bool(holds), "plain: labels of quality of the known chains")
