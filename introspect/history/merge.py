"""Several writers of one attempt as one: ranks, forked children, and what was resumed.

Of values of one key at one step, those of the lowest rank count; within a rank, those of the
segment that was begun last.

Cost: a key of one writer costs nothing; of several, O(new rows) while only the newest writer
goes on behind the others, which is what a resumed training does, else O(n).

Not here: files (``attempts``), rows (``columns``).
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any, Protocol

import numpy as np

from introspect.history.blocks import LOST
from introspect.history.columns import Column, Columns
from introspect.history.facts import About, merged_about
from introspect.history.growing import Growing, increases, paired, sorted_metric
from introspect.nouns.metric import Metric, Step
from introspect.nouns.pyramid import Pyramid


class Source(Protocol):
    """One writer: a file, or the history itself."""

    @property
    def rank(self) -> int:
        """Its rank."""
        ...

    @property
    def columns(self) -> Columns:
        """What it logged."""
        ...

    @property
    def about(self) -> About:
        """What it says about the run as a whole."""
        ...


class Merged:
    """Sources in the order in which later ones win: highest rank first, then by their start."""

    def __init__(self, sources: Sequence[Source] = ()) -> None:
        self.sources: list[Source] = list(sources)
        self._joined: dict[str, _Joined] = {}

    def keys(self) -> list[str]:
        """Every key, rank 0 first, in the order in which they were first logged."""
        ranks = sorted({source.rank for source in self.sources})
        ordered = (s for rank in ranks for s in self.sources if s.rank == rank)
        return list(dict.fromkeys(key for source in ordered for key in source.columns.by_key))

    def metric(self, key: str) -> Metric | None:
        """One key over all sources, or None if no source has it."""
        found = [(s.rank, c) for s in self.sources if (c := s.columns.by_key.get(key)) is not None]
        if not found:
            return None
        if len(found) == 1:
            rank, column = found[0]
            return column.metric(rank)
        joined = self._joined.get(key)
        if joined is None:
            joined = self._joined[key] = _Joined(key)
        return joined.metric(found)

    def count(self, key: str) -> int:
        """How many values a key has."""
        return sum(c.count for s in self.sources if (c := s.columns.by_key.get(key)) is not None)

    def last(self, key: str) -> Any:
        """The value that was logged last, by rank 0 if it has one."""
        found = [c for s in self.sources if (c := s.columns.by_key.get(key)) is not None]
        return found[-1].last() if found else LOST

    @property
    def step(self) -> Step | None:
        """The step that was logged last, by the lowest rank that logged."""
        steps = (source.columns.last_step for source in reversed(self.sources))
        return next((step for step in steps if step is not None), None)

    @property
    def total_ns(self) -> int:
        """From the first log to the last, less the gaps between one start and the next."""
        spans = sorted(
            (s.columns.first_time_ns, s.columns.total_ns)
            for s in self.sources
            if s.columns.first_tick is not None
        )
        total, end = 0, None
        for first, length in spans:
            overlap = 0 if end is None else max(0, min(end - first, length))
            total += length - overlap
            end = first + length if end is None else max(end, first + length)
        return total

    @property
    def value_count(self) -> int:
        """How many values there are."""
        return sum(source.columns.value_count for source in self.sources)

    @property
    def about(self) -> About:
        """What all sources say about the run as a whole."""
        return merged_about(source.about for source in self.sources)


class _Joined:
    """One key of several sources, kept so that the next time costs only what is new."""

    def __init__(self, key: str) -> None:
        self._key = key
        self._seen: list[tuple[Column, int]] = []  # and their versions
        self._lengths: list[int] = []
        self._grown: tuple[Growing, Growing, Growing] | None = None  # steps, data, times
        self._metric: Metric | None = None

    def metric(self, found: Sequence[tuple[int, Column]]) -> Metric:
        metrics = [column.metric(rank) for rank, column in found]
        seen = [(column, column.version) for _, column in found]
        lengths = [len(metric) for metric in metrics]
        if self._metric is not None and (seen, lengths) == (self._seen, self._lengths):
            return self._metric
        merged = self._extended(metrics, seen, lengths)
        if merged is None:
            merged = self._started(metrics)
        self._seen, self._lengths = seen, lengths
        parts = _by_rank(metrics)
        lowest = min(metric.rank for metric in metrics)
        self._metric = replace(merged, rank=lowest, parts=parts if len(parts) > 1 else ())
        return self._metric

    def _started(self, metrics: Sequence[Metric]) -> Metric:
        merged = merged_metric(self._key, metrics)
        columns = (merged.steps, merged.data, merged.times)
        grown = tuple(Growing(column.dtype, column.shape[1:]) for column in columns)
        for room, column in zip(grown, columns, strict=True):
            room.extend(column)
        self._grown = (grown[0], grown[1], grown[2])
        return replace(merged, pyramid=Pyramid())

    def _extended(
        self, metrics: Sequence[Metric], seen: list[tuple[Column, int]], lengths: list[int]
    ) -> Metric | None:
        """What was merged with new rows of the last source behind it; None if it is more."""
        if self._metric is None or self._grown is None or seen != self._seen:
            return None
        newest = metrics[-1]
        first = self._lengths[-1]
        tail = newest.steps[first:]
        steps, data, times = self._grown
        if lengths[:-1] != self._lengths[:-1] or lengths[-1] < first or not steps.length:
            return None
        if tail.shape[1:] != steps.room.shape[1:] or newest.data.dtype != data.room.dtype:
            return None
        if not increases(np.concatenate([steps.view()[-1:], tail])):
            return None
        steps.extend(tail)
        data.extend(newest.data[first:])
        times.extend(newest.times[first:])
        return replace(
            self._metric, steps=steps.view(), data=data.view(), times=times.view(), parts=()
        )


def _by_rank(metrics: Iterable[Metric]) -> tuple[Metric, ...]:
    """One Metric for each rank, lowest first."""
    ranks: dict[int, list[Metric]] = {}
    for metric in metrics:
        ranks.setdefault(metric.rank, []).append(metric)
    if len(ranks) == 1:
        return ()
    return tuple(
        replace(merged_metric(same[0].name, same), rank=rank)
        for rank, same in sorted(ranks.items())
    )


def merged_metric(name: str, metrics: Sequence[Metric]) -> Metric:
    """Several writers of one key as one Metric; at one step, the later of `metrics` wins."""
    metrics = [metric for metric in metrics if len(metric)] or metrics[:1]
    if len(metrics) == 1:
        return metrics[0]
    is_pair = any(metric.steps.ndim == 2 for metric in metrics)
    steps = np.concatenate([paired(m.steps) if is_pair else m.steps for m in metrics])
    data = np.concatenate([metric.data for metric in metrics])
    return sorted_metric(name, steps, data, np.concatenate([metric.times for metric in metrics]))
