"""A reward server in the place of a ``Rewarder``: the same two methods, the judging done elsewhere.

For trainers that run many processes: limits, cache and the run folder are then in one place.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from rubricate.errors import CallError, DataError, SettingError
from rubricate.llm.sync import run_sync
from rubricate.metrics import Curves
from rubricate.rewarder import AnyRubric, Rewarder, Scored
from rubricate.rubrics.model import Rubric
from rubricate.serve.client import RewardClient
from rubricate.types import Sample, State, Usage, Verdict

CHUNK = 64  # responses in one request, at least; groups stay whole


@dataclass(frozen=True)
class RemoteRewarder:
    """Scores through ``POST /v1/score`` of a rubricate server; pickles.

    ``tags`` name the curves by tag (the server's own names may differ from run to run; these do not). ``tag_rewards``
    are tags whose rewards the server gives (its rewarder has the same setting). A request that the server does not
    answer costs its responses their reward; with ``strict`` it raises CallError or DataError.
    """

    url: str
    api_key: str = field(default="", repr=False)
    tags: tuple[str, ...] = ()
    tag_rewards: tuple[str, ...] = ()
    attempts: int = 5
    timeout: float = 300.0
    strict: bool = False
    _live: dict[str, RewardClient] = field(default_factory=dict, init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        if not self.url.startswith(("http://", "https://")):
            raise SettingError(f"url={self.url!r}", expected="an address like http://localhost:8080")

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_live": {}}

    @property
    def curves(self) -> Curves:
        """The names of the metrics, the same for every response."""
        return Curves(self.tags)

    @property
    def client(self) -> RewardClient:
        """The client, one per process."""
        if "client" not in self._live:
            self._live["client"] = RewardClient(self.url, self.api_key, attempts=self.attempts, timeout=self.timeout)
        return self._live["client"]

    async def score(
        self, samples: Sequence[Sample], rubrics: Sequence[AnyRubric] | None = None, *, step: int | None = None
    ) -> list[Scored]:
        """One ``Scored`` per sample, in order; rubrics as in ``Rewarder.score``."""
        given = [s.rubric for s in samples] if rubrics is None else rubrics
        if len(given) != len(samples):
            raise SettingError(f"{len(samples)} samples and {len(given)} rubrics", expected="one rubric per sample")
        chunks = _chunks(samples)
        asking = (self._chunk([samples[k] for k in places], [given[k] for k in places], step) for places in chunks)
        found = [scored for part in await asyncio.gather(*asking) for scored in part]
        out = dict(zip((k for places in chunks for k in places), found, strict=True))
        return [out[k] for k in range(len(samples))]

    def score_sync(
        self, samples: Sequence[Sample], rubrics: Sequence[AnyRubric] | None = None, *, step: int | None = None
    ) -> list[Scored]:
        """``score`` from code that is not async."""
        return run_sync(self.score(samples, rubrics, step=step))

    async def _chunk(self, samples: Sequence[Sample], rubrics: Sequence[AnyRubric], step: int | None) -> list[Scored]:
        try:
            rows = await self.client.ascore([_item(s, r, step) for s, r in zip(samples, rubrics, strict=True)])
        except (CallError, DataError) as error:
            if self.strict:
                raise
            code = "no_reward" if isinstance(error, CallError) else "refused"
            return [Scored(s.id, None, str(error), self.curves.empty(), code=code) for s in samples]
        return [self._scored(s, row) for s, row in zip(samples, rows, strict=True)]

    def _scored(self, sample: Sample, row: Mapping[str, Any]) -> Scored:
        told, by_tag = row["metrics"], row.get("by_tag") or {}
        lacking = [t for t in self.tag_rewards if t not in by_tag]
        if lacking and row["code"] in ("ok", "no_reward"):
            raise SettingError(
                f"the server gives no reward for the tag {lacking[0]!r}", where=self.url,
                expected="a server whose Rewarder has the same tag_rewards",
            )  # fmt: skip
        metrics = {k: math.nan if told.get(k) is None else float(told[k]) for k in self.curves.names}
        verdicts = tuple(_verdict(v) for v in row["verdicts"])
        return Scored(
            sample.id, row["reward"], row["why"], metrics, row["rubric"], verdicts, row["advantage"],
            Usage(**row["usage"]), row["code"], {t: by_tag.get(t) for t in self.tag_rewards},
        )  # fmt: skip


AnyRewarder = Rewarder | RemoteRewarder


def with_tag_rewards(rewarder: AnyRewarder, tags: Sequence[str]) -> AnyRewarder:
    """The same rewarder, which also gives a reward for each of ``tags``."""
    return replace(rewarder, tag_rewards=tuple(tags))


def _chunks(samples: Sequence[Sample]) -> list[list[int]]:
    """Places of the samples in requests of about ``CHUNK``, the samples of one group together."""
    groups: dict[str, list[int]] = {}
    for k, sample in enumerate(samples):
        groups.setdefault(sample.group or f"\x1f{k}", []).append(k)
    chunks: list[list[int]] = []
    for places in groups.values():
        if not chunks or len(chunks[-1]) >= CHUNK:
            chunks.append([])
        chunks[-1] += places
    return chunks


def _item(sample: Sample, rubric: AnyRubric, step: int | None) -> dict[str, Any]:
    plain = rubric.model_dump(mode="json", exclude_defaults=True) if isinstance(rubric, Rubric) else rubric
    more = {} if step is None else {"step": step}
    return {
        "id": sample.id, "prompt": [asdict(m) for m in sample.prompt], "response": sample.response,
        "group": sample.group, "rubric": dict(plain) if isinstance(plain, Mapping) else plain,
        "reference": sample.reference, "documents": list(sample.documents),
        "steps": [{**asdict(s), "metadata": dict(s.metadata)} for s in sample.steps],
        "metadata": {**sample.metadata, **more},
    }  # fmt: skip


def _verdict(row: Mapping[str, Any]) -> Verdict:
    known = {k: v for k, v in row.items() if k in Verdict._fields}
    known |= {k: tuple(known[k]) for k in ("evidence", "unfound") if k in known}
    if known.get("usage"):
        known["usage"] = Usage(**known["usage"])
    return Verdict(**{**known, "state": State(known["state"])})
