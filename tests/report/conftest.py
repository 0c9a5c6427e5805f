"""Results made by hand, and a reader of pages that refuses what is not well formed."""

from html.parser import HTMLParser

import pytest

from rubricate import scoring
from rubricate.pipeline import Result
from rubricate.rubrics import Rubric
from rubricate.types import Judgement, Message, Sample, State, Usage, Verdict

VOID = {"meta", "input", "br"}


@pytest.fixture
def make():
    """``make(rubrics, rows, policy)``: a Result; a row is (sample, verdicts) with the rubric's verdicts by position.

    A verdict may be a number, a State, None (not asked) or a Verdict.
    """

    def build(rubrics, rows, policy=None, path=None):
        table = scoring.as_rubrics(rubrics)
        samples, judgements = [], []
        for sample, verdicts in rows:
            rubric = table[sample.rubric] if sample.rubric else next(iter(table.values()))
            found = [as_verdict(c.id, v) for c, v in zip(rubric.leaves, verdicts, strict=True) if v is not None]
            usage = sum((v.usage for v in found if v.usage), Usage())
            samples.append(sample)
            judgements.append(Judgement(sample.id, rubric.digest, tuple(found), usage))
        scores = scoring.pack_samples(samples, table, judgements)
        rewards = scoring.reward(scores, table, policy)
        usage = sum((j.usage for j in judgements), Usage())
        return Result(tuple(samples), table, tuple(judgements), scores, rewards, usage, path)

    return build


def as_verdict(name, given):
    if isinstance(given, Verdict):
        return given
    if isinstance(given, State):
        return Verdict(name, given, reason=f"because {given}")
    return Verdict(name, State.SCORED, float(given), reason=f"said {given}")


def ask(name, response="An answer.", group="", rubric=""):
    return Sample(name, (Message("user", "How do I make tea?"),), response, group, rubric)


@pytest.fixture
def sample():
    """``sample(id, response, group, rubric)``."""
    return ask


@pytest.fixture
def mixed():
    """A rubric with binary, ordinal and bad criteria under a policy that leaves missing verdicts out."""
    return Rubric(
        id="tea",
        title="Making tea",
        criteria=[
            {"id": "warm", "text": "Says to warm the pot.", "weight": 3},
            {"id": "clear", "text": "Is clear.", "weight": 1, "scale": "1-5"},
            {"id": "microwave", "text": "Suggests a microwave.", "weight": -2},
        ],
        policy={"name": "points_ratio", "missing": "drop_item"},
    )


@pytest.fixture
def run(make, mixed):
    """Six responses in two groups, with every kind of gap.

    Rewards by hand, (3 warm + clear - 2 microwave) / positive weights asked, clear in [0, 1]: a1 4/4; a2 0.5/4;
    a3 -2/3 (clear is lost); b1 0.25/1 (only clear is left); b2 none; b3 3/3.
    """
    rows = [
        (ask("a1", "Warm the pot first.", "one"), (1, 5, 0)),
        (ask("a2", "Use a cup.", "one"), (0, 3, 0)),
        (ask("a3", "Microwave it.", "one"), (0, State.UNREADABLE, 1)),
        (ask("b1", "Hm.", "two"), (State.SKIPPED, 2, State.ABSTAINED)),
        (ask("b2", "", "two"), (State.TIMED_OUT, State.FAILED, State.REFUSED)),
        (ask("b3", "Warm the pot.", "two"), (1, State.TRUNCATED, None)),
    ]
    return make(mixed, rows)


class Page(HTMLParser):
    """Reads a page strictly: every element is closed in order; keeps texts, ids, links and tables."""

    def __init__(self, text):
        super().__init__(convert_charrefs=True)
        self.stack, self.ids, self.links, self.seen, self.tables = [], [], [], [], []
        self.words, self._cell = [], None
        self.feed(text)
        self.close()
        assert not self.stack, f"not closed: {self.stack}"

    def handle_starttag(self, name, attributes):
        found = dict(attributes)
        assert len(found) == len(attributes), f"an attribute stands twice in {name}"
        self.seen.append((name, found))
        self.ids += [found["id"]] if "id" in found else []
        self.links += [found["href"]] if "href" in found else []
        if name == "table":
            self.tables.append((found.get("class"), []))
        elif name == "tr":
            self.tables[-1][1].append([])
        elif name in ("td", "th"):
            self._cell = []
        if name not in VOID:
            self.stack.append(name)

    def handle_endtag(self, name):
        assert self.stack, f"</{name}> without a start"
        assert self.stack.pop() == name
        if name in ("td", "th"):
            self.tables[-1][1][-1].append("".join(self._cell))
            self._cell = None

    def handle_data(self, data):
        if self.stack and self.stack[-1] not in ("script", "style"):
            self.words.append(data)
        if self._cell is not None:
            self._cell.append(data)

    @property
    def text(self):
        return "".join(self.words)

    def table(self, cls):
        return next(rows for name, rows in self.tables if name == cls)


@pytest.fixture
def page():
    return Page
