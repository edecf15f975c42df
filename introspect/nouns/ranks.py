"""Ranks: one key as each process of a distributed training logged it.

Not here: how ranks share a run folder (``introspect.history``).
"""

import warnings
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from introspect.errors import HistoryError

if TYPE_CHECKING:
    from introspect.nouns.metric import Metric


class Ranks(Mapping[int, "Metric"]):
    """Rank to what it logged under one key, lowest rank first.

    Example:
        >>> from introspect import History
        >>> history = History()
        >>> history.log(0, loss=0.5)
        >>> history["loss"].by_rank()
        <Ranks loss: 0>
        >>> history["loss"].by_rank().mean().last
        0.5
    """

    __slots__ = ("_metrics",)

    def __init__(self, metrics: Mapping[int, "Metric"]) -> None:
        self._metrics = dict(sorted(metrics.items()))

    def mean(self) -> "Metric":
        """The mean over the ranks that logged at a step, for every step. NaN counts as NaN."""
        return self._over_ranks(np.mean)

    def min(self) -> "Metric":
        """The smallest over the ranks, for every step; NaN only where there is nothing else."""
        return self._over_ranks(np.nanmin)

    def max(self) -> "Metric":
        """The largest over the ranks, for every step; NaN only where there is nothing else."""
        return self._over_ranks(np.nanmax)

    def __getitem__(self, rank: int) -> "Metric":
        return self._metrics[rank]

    def __iter__(self) -> Iterator[int]:
        return iter(self._metrics)

    def __len__(self) -> int:
        return len(self._metrics)

    def __repr__(self) -> str:
        name = next((metric.name for metric in self._metrics.values()), "")
        return f"<Ranks {name}: {', '.join(map(str, self._metrics))}>"

    def _over_ranks(self, summed_up: Callable[..., Any]) -> "Metric":
        """One Metric over the steps of all ranks. O(n log n)."""
        metrics = list(self._metrics.values())
        first = metrics[0]
        if not all(metric.is_scalar for metric in metrics):
            raise HistoryError(
                "only numbers can be summed up over ranks.",
                where=f"history[{first.name!r}].by_rank()",
                given=", ".join(sorted({type(m.last).__name__ for m in metrics if len(m)})),
                hint="history[key].by_rank()[rank]",
            )
        if len(metrics) == 1:
            return first
        steps = [metric.paired_steps for metric in metrics]
        is_pair = any(metric.steps.ndim == 2 for metric in metrics)
        every, rows = np.unique(np.concatenate(steps), axis=0, return_inverse=True)
        ends = np.cumsum([len(metric) for metric in metrics])
        table = np.full((len(metrics), len(every)), np.nan)
        times = np.zeros(len(every))
        counted = np.zeros((len(metrics), len(every)), bool)
        for index, metric in enumerate(metrics):
            mine = rows.ravel()[ends[index] - len(metric) : ends[index]]
            table[index, mine], counted[index, mine] = metric.data, True
            times[mine] = np.maximum(times[mine], metric.times)
        return type(first)(
            first.name,
            every if is_pair else every[:, 1],
            _reduced(table, counted, summed_up),
            times,
        )


def _reduced(table: Any, counted: Any, summed_up: Callable[..., Any]) -> Any:
    """Columns of ``(ranks, steps)`` summed up over the ranks that have a value there."""
    if summed_up is np.mean:
        with np.errstate(invalid="ignore", over="ignore"):
            return np.where(counted, table, 0.0).sum(axis=0) / counted.sum(axis=0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # all NaN gives NaN, as promised
        return summed_up(table, axis=0)
