"""Checks of rubricate.recipes.reward_multi; figures and thresholds are those of the cards unless a line says ours."""

from dataclasses import dataclass, replace

import numpy as np

from rubricate.credit import suffix
from rubricate.lab import Settings, Slots, learn
from rubricate.lab.claims import Outcome, claim
from rubricate.lab.worlds import sigmoid
from rubricate.recipe import Recipe
from rubricate.recipes import reward_multi as recipes
from rubricate.refine import Case, Finding
from rubricate.rewards import DualAscent, combine, group_norm, implied_threshold, weighted_sum
from rubricate.steps import ref, step
from rubricate.types import Sample
from rubricate.verifiers.recovered_brief import brief_parts, recovered_brief

SEEDS = range(5)


@dataclass(frozen=True)
class Means:
    """Responses x ~ N(m, 1) in two dimensions, rewards x; the reference model is N(0, 1). Useful up to ``target``."""

    target: tuple[float, float] = (1.0, 2.0)
    unit: str = "row"

    def init(self):
        return np.zeros(2)

    def rollouts(self, theta, rng, prompts, group_size):
        n = prompts * group_size
        x = theta + rng.normal(size=(n, 2))
        return {
            "group": np.repeat(np.arange(prompts), group_size),
            "outcome": np.zeros(n),
            "scores": x,
            "rewards": x,
            "asked": np.ones(x.shape, dtype=np.bool_),
            "token_off": np.arange(n + 1),
            "token_mask": np.ones(n, dtype=np.bool_),
            "token_logp": -0.5 * ((x - theta) ** 2).sum(1),
            "token_logp_ref": -0.5 * (x**2).sum(1),
        }

    def gradient(self, theta, env, advantage):
        return (advantage[:, None] * (env["rewards"] - theta)).mean(0)

    def quality(self, theta):
        return -float(((theta - self.target) ** 2).sum())


@claim("constrained_rlhf")
def claim_constrained_rlhf() -> Outcome:
    """Targets (1, 2), weak KL: fixed weights end at (5, 5), utility -25; dual weights at the targets, utility near 0.

    The rates have the ratio of the card's toy (.02 to .01) at 2.5 times its speed. Out of reach, mu stays below 1.
    """
    kl = step(combine, terms=(ref("token_logp_ref"), ref("token_logp")), coefficients=(0.2, -0.2))
    total = step(weighted_sum, ref("rewards"), weights=1.0, asked=None)
    fixed = Recipe(reward=step(combine, terms=(total, kl)), credit=step(group_norm, ref("reward"), scale=None))
    settings = Settings(steps=1200, prompts=1, group_size=32, rate=0.05, stats_every=1)
    held = recipes.constrained_rlhf(targets=(1.0, 2.0), learning_rate=0.02)
    base = np.mean([learn(Means(), fixed, replace(settings, steps=300), seed=s).final for s in SEEDS])
    ours = min(learn(Means(), held, settings, seed=s).quality[-200:].mean() for s in SEEDS)
    maker, far = DualAscent((9.0, 9.0)), DualAscent((9.0, 9.0)).init(2)
    for _ in range(2000):
        far = maker.update(far, [0.0, 0.0])
    mu = maker.weights(far)
    swing = (
        learn(Means(), recipes.constrained_rlhf(targets=(1.0, 2.0)), replace(settings, steps=600)).quality[-200:].mean()
    )
    return Outcome(
        round(base, 2),
        round(ours, 3),
        holds=base < -20 and ours > -0.05 and bool(((mu > 0.9) & (mu <= 1)).all()),
        note=f"worst of 5 seeds; at the published multiplier rate .1 it circles the targets, utility {swing:.2f}",
    )


def tilted(reward, nats):
    """Probabilities ``exp(reward / b)`` over a pool, with b such that the KL to the uniform one is ``nats``."""
    low, high = 1e-3, 1e3
    for _ in range(60):
        b = np.sqrt(low * high)
        logit = (reward - reward.max()) / b
        logp = logit - np.log(np.exp(logit).sum())
        kl = (np.exp(logp) * logp).sum() + np.log(len(reward))
        low, high = (b, high) if kl > nats else (low, b)
    return np.exp(logp)


@claim("log_sigmoid_centred")
def claim_log_sigmoid_centred() -> Outcome:
    """2000 answers, helpful against harmless, policies tilted to KL 3: mass above both 70th percentiles.

    Raw sum .43-.58 against .70-.74, mean of the lower reward .89-1.20 against 1.51-1.71; and the pair (10, -4), (2, 2).
    """
    reward, found = recipes.log_sigmoid_centred().reward, []
    for seed in SEEDS:
        rng = np.random.default_rng(seed)
        h = rng.normal(0.0, 2.0, 2000)
        r = np.column_stack([h, -0.6 * h + rng.normal(0.0, 2.0, 2000)])
        ours = reward({"rewards": r, "base_rewards": r.T[None], "group": np.zeros(2000, dtype=np.int64)})
        both = (r > np.quantile(r, 0.7, axis=0)).all(1)
        found.append([(p[both].sum(), p @ r.min(1)) for p in (tilted(r.sum(1), 3.0), tilted(ours, 3.0))])
    both, lower = np.moveaxis(np.array(found), 2, 0)
    pair = reward({"rewards": [[10.0, -4.0], [2.0, 2.0]], "base_rewards": np.zeros((1, 2, 1)), "group": [0, 0]})
    good = both[:, 0].max() < 0.6 and both[:, 1].min() > 0.68 and (lower[:, 1] > lower[:, 0] + 0.3).all()
    return Outcome(
        round(both[:, 0].mean(), 3),
        round(both[:, 1].mean(), 3),
        holds=bool(good and np.allclose(pair, [-4.018, -0.254], atol=1e-3)),
        note=f"mean of the lower reward {lower[:, 0].mean():.2f} against {lower[:, 1].mean():.2f}",
    )


def inside(x, y, size=32):
    """Mean correlation inside groups of consecutive rows."""
    return np.mean([np.corrcoef(a, b)[0, 1] for a, b in zip(x.reshape(-1, size), y.reshape(-1, size), strict=True)])


@claim("longwriter_zero")
def claim_longwriter_zero() -> Outcome:
    """Spreads of 20 (quality), .3 and .3 in groups of 32: correlation of the advantage with each component.

    Raw mean 1.00, .00, .03; advantage level .56-.58 each. A change of one component's unit changes nothing.
    """
    rng, n = np.random.default_rng(0), 300 * 32
    env = {
        "group": np.repeat(np.arange(300), 32),
        "quality": rng.normal(0.0, 20.0, n),
        "length": rng.uniform(0.0, 1000.0, n),
        "length_low": np.full(n, 1000.0),
        "length_high": np.full(n, 2000.0),
        "format": np.ones(n),
        "repetition": rng.uniform(0.0, 1.0, n),
    }
    parts = [env["quality"], env["length"] / 1000, 1 - env["repetition"]]
    credit = recipes.longwriter_zero().credit
    ours, raw = credit(env), group_norm(np.mean(parts, axis=0), env["group"])
    tables = [np.array([inside(c, a) for c in parts]) for a in (raw, ours)]
    same = np.allclose(ours, credit(env | {"quality": 7.0 * env["quality"] - 3.0}), atol=1e-4)
    shown = ["/".join(f"{v:.2f}" for v in t) for t in tables]
    holds = tables[0][0] > 0.98 and np.abs(tables[0][1:]).max() < 0.1 and (abs(tables[1] - 0.57) < 0.05).all() and same
    return Outcome(*shown, holds=bool(holds), note="correlation with quality, length, format")


def finals(world, recipe, settings, rates, change=None):
    """[rates, seeds] true quality after training."""
    runs = [[learn(world, recipe, replace(settings, rate=r), seed=s, change=change) for s in SEEDS] for r in rates]
    return np.array([[c.final for c in row] for row in runs])


@claim("fine_grained_rlhf")
def claim_fine_grained_rlhf() -> Outcome:
    """40 segments, 40 updates of 4 responses: share of good segments .55-.62 by sequence, .99 by segment.

    The critic knows only the mean reward per segment of the batch. Step sizes .6 (the card's), 2.4 and 5.
    """
    ours = recipes.fine_grained_rlhf()

    def segments(env):
        n, total = len(env["group"]), env["scores"].size
        each = np.arange(total + 1)
        env |= {"step_scores": env["scores"].ravel(), "step_tokens": each, "token_logp_ref": env["token_logp"]}
        env |= {"clause_scores": np.full(total, 0.5), "clause_tokens": each, "quality": np.full(n, -0.4468)}
        mean = np.full(total, ours.reward(env).mean())
        return env | {"token_values": suffix(mean, env["token_off"])}

    whole = Recipe(reward=step(weighted_sum), credit=step(group_norm, ref("reward")))
    settings, rates = Settings(steps=40, prompts=1, group_size=4), (0.6, 2.4, 5.0)
    world = Slots(start=(-1.0,) * 40)
    base, dense = finals(world, whole, settings, rates), finals(world, ours, settings, rates, segments)
    best = [t.mean(1).max() for t in (base, dense)]
    return Outcome(
        round(base[0].mean(), 3),
        round(dense[0].mean(), 3),
        holds=bool(base[0].max() < 0.7 and dense[0].min() > 0.97 and best[1] > best[0]),
        note=f"at the best step size of each {best[0]:.2f} against {best[1]:.2f}",
    )


@dataclass(frozen=True)
class Search:
    """One search whose result looks useful with chance ``looks[b]``: accept it, or search again.

    Accepted, the answer is right with chance .6 if it was useful (ours: the paper's answers are right in .38 of all
    cases), .1 if it was not; after another search with chance .5.
    """

    looks: tuple[float, ...] = (0.05, 0.15, 0.25, 0.35, 0.45, 0.55, 0.65, 0.75, 0.85, 0.95)
    chances: tuple[float, float, float] = (0.6, 0.1, 0.5)
    unit: str = "row"

    def init(self):
        return np.zeros(len(self.looks))

    def rollouts(self, theta, rng, prompts, group_size):
        n = prompts * group_size
        look = rng.integers(len(self.looks), size=n)
        useful, accept = rng.random(n) < np.array(self.looks)[look], rng.random(n) < sigmoid(theta)[look]
        chance = np.array(self.chances)[np.where(accept, np.where(useful, 0, 1), 2)]
        return {
            "group": np.repeat(np.arange(prompts), group_size),
            "outcome": (rng.random(n) < chance).astype(np.float64),
            "turn_off": np.arange(n + 1),
            "turn_scores": useful.astype(np.float64),
            "turn_accept": accept,
            "look": look,
        }

    def gradient(self, theta, env, advantage):
        push = advantage * (env["turn_accept"] - sigmoid(theta)[env["look"]])
        return np.bincount(env["look"], push, minlength=len(theta)) / len(advantage)

    def quality(self, theta):
        accept, p, (good, bad, again) = sigmoid(theta), np.array(self.looks), self.chances
        return float((accept * (good * p + bad * (1 - p)) + (1 - accept) * again).mean())


@claim("reseek")
def claim_reseek() -> Outcome:
    """The table says: accept above P(useful) = .60, a symmetric one .50; where junk spoils the answer, .60 wins.

    Share of right answers after training, ahead at each of three step sizes (ours: the card gives no world).
    """
    rule = [implied_threshold([[0.3, junk], [-0.3, 0.3]]).value for junk in (-0.6, -0.3)]
    tables = (recipes.reseek(junk=-0.3), recipes.reseek(), recipes.reseek(agree=0.0, junk=0.0, missed=0.0))
    settings, rates = Settings(steps=120, prompts=8, group_size=8), (1.0, 5.0, 25.0)
    even, ours, answer = (finals(Search(), r, settings, rates).mean(1) for r in tables)
    return Outcome(
        round(even.max(), 3),
        round(ours.max(), 3),
        holds=bool(np.allclose(rule, [0.6, 0.5]) and (ours > even).all()),
        note=f"the answer alone as reward does better still, {answer.max():.3f}: both tables pull it off its optimum",
    )


class Page(Slots):
    """Slots 0-4: whether each item is relevant; 5-9: whether each stands in its place. Feedback on pages is noisy."""

    def rollouts(self, theta, rng, prompts, group_size):
        env = super().rollouts(theta, rng, prompts, group_size)
        env["quality"] = env["scores"].mean(1) + rng.normal(0.0, 0.5, len(env["group"]))
        env["step_scores"] = env["scores"][:, :5].ravel()
        return env | {"step_off": np.arange(0, env["step_scores"].size + 1, 5)}


@claim("page_llm")
def claim_page_llm() -> Outcome:
    """Items alone: good items in the order of the start; the page alone: slower; both: both (ours throughout).

    Relevance and order after 30 updates, at the best of four step sizes of each.
    """
    world, settings, found = Page(start=(0.0,) * 10), Settings(steps=30, prompts=2, group_size=8), []
    for alpha in (0.0, 1.0, 0.5):
        curves = []
        for rate in (0.3, 1.0, 3.0, 6.0):
            step_size = replace(settings, rate=rate)
            runs = [learn(world, recipes.page_llm(alpha=alpha), step_size, seed=s).theta for s in SEEDS]
            curves.append(sigmoid(np.array(runs)).reshape(len(SEEDS), 2, 5).mean((0, 2)))
        found.append(max(curves, key=np.mean))
    page, items, both = found
    return Outcome(
        f"page {page[0]:.2f}/{page[1]:.2f}, items {items[0]:.2f}/{items[1]:.2f}",
        f"{both[0]:.2f}/{both[1]:.2f}",
        holds=bool(items[1] < 0.7 and both[0] > page[0] + 0.03 and both[1] >= page[1] and both.mean() > items.mean()),
        note="relevance/order",
    )


@claim("prompt_enhancer")
def claim_prompt_enhancer() -> Outcome:
    """Reward through a frozen generator: the rates of key points rise, no category falls by 5 points.

    24 points in six categories of 1 to 8. The generator renders a stated point with chance .9, an omitted one with
    .3; each point stated beyond 20 costs every stated one .1 (ours: the card leaves the generator open).
    """
    category = np.repeat(np.arange(6), (1, 2, 3, 4, 6, 8))
    rng = np.random.default_rng(0)

    def rates(stated):
        return np.where(stated > 0, 0.9 - 0.1 * np.maximum(stated.sum(1, keepdims=True) - 20, 0), 0.3)

    def render(env):
        return env | {"scores": (rng.random(env["action"].shape) < rates(env["action"])) * 1.0, "category": category}

    def table(theta):
        each = rates((rng.random((4000, 24)) < sigmoid(theta)) * 1.0).mean(0)
        return np.bincount(category, each) / np.bincount(category)

    world, settings = Slots(start=tuple(np.tile([-1.5, 0.0, 1.5], 8))), Settings(steps=150, prompts=8, rate=2.0)
    runs = [learn(world, recipes.prompt_enhancer(), settings, seed=s, change=render).theta for s in SEEDS]
    before, after = table(world.init()), np.mean([table(theta) for theta in runs], axis=0)
    worst = (after - before).min()
    return Outcome(
        round(before.mean(), 3),
        round(after.mean(), 3),
        holds=bool(worst > -0.05 and after.mean() > before.mean() + 0.1),
        note=f"mean over categories; the category that gains least: {worst:+.3f}",
    )


@claim("toolrl")
def claim_toolrl() -> Outcome:
    """A call of six slots, G=4, 250 updates at rate .6: P(whole call right) coarse .05-.61, fine .97 in every seed.

    Ten seeds, of which four coarse ones at least stay below .61; then the best of three step sizes.
    """
    world, settings = Slots(start=(-0.6,) * 6), Settings(steps=250, prompts=1, group_size=4)

    def whole(name, rate, seeds=SEEDS):
        def share(env):
            return env | {"checkable": np.ones(4), "process": env[name]}

        runs = [learn(world, recipes.toolrl(), replace(settings, rate=rate), seed=s, change=share) for s in seeds]
        return np.array([sigmoid(c.theta).prod() for c in runs])

    coarse, fine = whole("outcome", 0.6, range(10)), whole("process", 0.6, range(10))
    best = [max(whole(name, r).mean() for r in (1.5, 4.0)) for name in ("outcome", "process")]
    return Outcome(
        f"{coarse.min():.2f}-{coarse.max():.2f}",
        f"{fine.min():.2f}-{fine.max():.2f}",
        holds=bool((coarse < 0.61).sum() >= 4 and fine.min() > 0.95 and best[1] > best[0]),
        note=f"at the best step size of each, larger, {best[0]:.3f} against {best[1]:.3f}",
    )


@claim("slide_rl")
def claim_slide_rl() -> Outcome:
    """A scripted reader guesses the brief from three decks: on the topic, off it, and stuffed with its words.

    The reward of decks that are equal otherwise follows the guess. Topic words alone would pay for stuffing.
    """
    brief = {"topic": "tidal power in wales", "audience": "city investors", "count": 8}
    decks = {
        "on": {"topic": "tidal power", "audience": "investors", "count": 8, "themes": ["turbines", "power", "wales"]},
        "off": {"topic": "wind power", "audience": "engineers", "count": 9, "themes": ["rotors", "grid"]},
        "stuffed": {"topic": "tidal power in wales", "audience": "anyone", "count": 2, "themes": ["tidal"]},
    }
    found = [recovered_brief(Sample(k, (), "", metadata={"recovered": v}), **brief).value for k, v in decks.items()]
    scores = np.full((3, 6), 0.7)
    scores[:, 5] = found
    env = {"scores": scores, "asked": np.ones((3, 6), dtype=np.bool_), "called": np.ones(3), "executed": np.ones(3)}
    on, off, stuffed = recipes.slide_rl().reward(env)
    fined = recipes.slide_rl().reward(env | {"called": np.array([1, 1, 0]), "executed": np.array([1, 0, 0])})
    words = {k: brief_parts(brief, v)["topic"] for k, v in decks.items()}
    holds = on > stuffed > off and words["stuffed"] > words["on"] and np.allclose(fined[1:], [-1.0, -2.0])
    note = "briefs recovered: " + ", ".join(f"{k} {v:.2f}" for k, v in zip(decks, found, strict=True))
    return Outcome(round(max(off, stuffed), 3), round(on, 3), holds=bool(holds), note=note)


@claim("complex_retrieval")
def claim_complex_retrieval() -> Outcome:
    """400 queries, 50 candidates with grades 0-2: a rewriting of quality between a weak and a strong retriever.

    Scores are grade + noise (3 weak, .4 strong); the rewriting adds a second view of noise 1 (ours: proposed check).
    """
    rng = np.random.default_rng(0)
    grades = (rng.random((400, 50)) < 0.1) * rng.integers(1, 3, size=(400, 50)).astype(float)
    grades[:, 0] = 2.0
    view, change = grades + rng.normal(0.0, 1.0, grades.shape), []
    recipe = recipes.complex_retrieval()
    for noise in (3.0, 0.4):
        own = grades + rng.normal(0.0, noise, grades.shape)
        both = [{"doc_scores": x, "relevance": grades} for x in (own, (own + view) / 2)]
        gain = recipe.reward(both[1]) - recipe.reward(both[0])
        change.append((gain.mean(), gain.mean() / (gain.std() / 20)))
    (weak, weak_t), (strong, strong_t) = change
    return Outcome(
        f"weak {weak:+.3f}", f"strong {strong:+.3f}", holds=bool(weak_t > 3 and strong_t < -3), note="change of nDCG@10"
    )


class Flaws:
    """Texts hide one of six flaws, half of them none. The judge knows the flaws its rules name, else sees no fault.

    The writer prefers flaws that it was not caught with. The reflector names the flaw in four of five cases, otherwise
    something that fits this text alone; the optimiser drops the oldest rule when the list is full.
    """

    kinds = ("echo", "cliche", "flattery", "wrong name", "two tones", "no point")

    def __init__(self, rng):
        self.rng = rng

    def write(self, attack, rng):
        if rng.random() < 0.5:
            return Case(f"text {rng.integers(10**6)}", True)
        fresh = [k for k in self.kinds if k not in attack] or list(self.kinds)
        return Case(f"text {rng.integers(10**6)} with {fresh[rng.integers(len(fresh))]}", False)

    def judge(self, rules, text):
        seen = [r for r in rules if r in text]
        return Finding(not seen, hint=seen[0] if seen else "")

    def reflect(self, rules, case, finding):
        if case.good:
            return ""
        number, _, flaw = case.text.partition(" with ")
        return flaw if self.rng.random() < 0.8 else number

    def merge(self, rules, hint, limit):
        return [*[r for r in rules if r != hint], hint][-limit:]


@claim("igniting_creative_writing")
def claim_igniting_creative_writing() -> Outcome:
    """Six kinds of flaws, eight rounds of four: right verdicts on new texts from .5 to above .8 with at most 10 rules.

    Without the reflector they stay where they were.
    """
    accuracy = {}
    for reflect in (False, True):
        for seed in range(20):
            rng = np.random.default_rng(seed)
            players = Flaws(rng)
            game = recipes.igniting_creative_writing().refine.build(reflect=reflect)
            played = game.play(players, rng)
            fresh = [players.write((), rng) for _ in range(400)]
            right = np.mean([players.judge(played.rules, c.text).good == c.good for c in fresh])
            accuracy.setdefault(reflect, []).append((right, len(played.rules)))
    base, ours = np.array(accuracy[False]), np.array(accuracy[True])
    return Outcome(
        round(base[:, 0].mean(), 3),
        round(ours[:, 0].mean(), 3),
        holds=bool(abs(base[:, 0].mean() - 0.5) < 0.03 and ours[:, 0].mean() > 0.8 and ours[:, 1].max() <= 10),
        note=f"mean of 20 games, worst {ours[:, 0].min():.2f}; at most {int(ours[:, 1].max())} rules",
    )
