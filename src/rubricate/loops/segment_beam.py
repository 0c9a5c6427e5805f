"""A beam over segments: continue the best beginnings, each scored by its likelihood and by marker tokens.

Card 195 (Self-RAG, arXiv 2310.11511, recalled): ``score = log p(segment) + sum_g w_g s_g``, where s_g is the expected
value of a group of marker tokens (relevant, supported, useful) at the end of the segment.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from rubricate.errors import SettingError

RELEVANT = (1.0, 0.0)  # values of IsRel: relevant, irrelevant
SUPPORTED = (1.0, 0.5, 0.0)  # IsSup: fully, partially, no
USEFUL = (-1.0, -0.5, 0.0, 0.5, 1.0)  # IsUse: 1 to 5


class Segment(NamedTuple):
    """One proposed segment: its text, its mean log-probability, the score of each marker group, whether it ends."""

    text: str
    logp: float
    markers: tuple[float, ...]
    last: bool = False


class Path(NamedTuple):
    """A beginning made of segments, and its score."""

    segments: tuple[Segment, ...]
    score: float

    @property
    def text(self) -> str:
        """The segments joined."""
        return "".join(s.text for s in self.segments)


Propose = Callable[[tuple[Segment, ...]], Sequence[Segment]]


def segment_beam(
    propose: Propose,
    *,
    weights: tuple[float, ...] = (1.0, 1.0, 0.5),
    width: int = 2,
    depth: int = 7,
    least: tuple[float, ...] = (),
) -> list[Path]:
    """The ``width`` best paths of at most ``depth`` segments, best first; ``propose(segments)`` continues a beginning.

    ``least`` are hard limits by marker group: a segment below one is dropped; when all are, the path ends there. A
    path that ended stays in the beam with its score. Scores are sums over segments, as on the card. SettingError for
    a segment whose markers do not match ``weights``.

    >>> words = lambda done: [Segment("a", -0.1, (0.0,)), Segment("b", -0.5, (1.0,), last=True)]
    >>> [(p.text, round(p.score, 1)) for p in segment_beam(words, weights=(1.0,), width=2, depth=2)]
    [('b', 0.5), ('ab', 0.4)]
    """
    if width < 1 or depth < 1 or (least and len(least) != len(weights)):
        raise SettingError(f"width={width}, depth={depth}", expected="width and depth >= 1; a limit for each weight")
    beam = [Path((), 0.0)]
    for _ in range(depth):
        found: list[Path] = []
        for path in beam:
            ended = bool(path.segments) and path.segments[-1].last
            found += [path] if ended else _continued(path, propose(path.segments), weights, least)
        found = sorted(found, key=lambda p: -p.score)[:width]
        if found == beam:
            break
        beam = found
    return beam


def _continued(
    path: Path, segments: Sequence[Segment], weights: tuple[float, ...], least: tuple[float, ...]
) -> list[Path]:
    found = []
    for segment in segments:
        if len(segment.markers) != len(weights):
            raise SettingError(
                f"{len(segment.markers)} marker scores and {len(weights)} weights", expected="one weight per group"
            )
        if all(m >= limit for m, limit in zip(segment.markers, least, strict=bool(least))):
            gain = segment.logp + sum(w * m for w, m in zip(weights, segment.markers, strict=True))
            found.append(Path((*path.segments, segment), path.score + gain))
    if found or not path.segments:
        return found
    return [path._replace(segments=(*path.segments[:-1], path.segments[-1]._replace(last=True)))]
