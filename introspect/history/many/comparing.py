"""One metric of many runs, aligned: mean and band of each group, as plain arrays.

Each run is brought to one axis by linear interpolation between its own steps; before its first
and behind its last it has nothing, and counts in no mean. Where all runs have the same steps, and
few enough, nothing is interpolated.

Cost: reading the metric of each run once, then O(runs x points).

Axes:
    P: points of the axis
    R: runs of a group

Not here: pictures (``introspect.canvas``).
"""

import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import numpy.typing as npt

from introspect.errors import HistoryError, IntrospectError, IntrospectWarning, MissingExtraError
from introspect.history.many.row import RunRow
from introspect.history.report import printable
from introspect.nouns.metric import Metric

if TYPE_CHECKING:
    from introspect.history.many.table import Runs

Floats = npt.NDArray[np.float64]
Band = Literal["std", "sem", "minmax"] | tuple[float, float]
"""Mean and standard deviation, its error, least and largest, or two quantiles."""


@dataclass(frozen=True, slots=True, eq=False)
class Group:
    """Runs that belong together.

    Attributes:
        label: What they have in common.
        runs: Their names.
        mean: float64 of shape ``(P,)``; NaN where no run has a value. With quantiles as the
            band it is the median.
        low: float64 of shape ``(P,)``, the lower edge of the band.
        high: float64 of shape ``(P,)``, the upper edge.
        count: int64 of shape ``(P,)``, how many runs have a value.
        values: float64 of shape ``(R, P)``, each run; NaN where it has none.
    """

    label: str
    runs: tuple[str, ...]
    mean: Floats
    low: Floats
    high: Floats
    count: npt.NDArray[np.int64]
    values: Floats


@dataclass(frozen=True, slots=True, eq=False)
class RunComparison:
    """One metric over runs.

    Attributes:
        key: The metric.
        x: ``step`` or ``seconds`` since the first value of each run.
        axis: Shape ``(P,)``: int64 steps, or float64 seconds; int64 of shape ``(P, 2)`` for
            steps of (epoch, step).
        groups: In the order of the runs.
        skipped: Names of runs that have no such metric or could not be read.
    """

    key: str
    x: str
    axis: npt.NDArray[Any]
    groups: tuple[Group, ...]
    skipped: tuple[str, ...] = ()

    def to_pandas(self) -> Any:
        """A ``pandas.DataFrame``: one row for each group and point.

        Raises:
            MissingExtraError: If pandas is not installed.
        """
        try:
            import pandas as pd  # noqa: PLC0415  an extra
        except ImportError as error:
            raise MissingExtraError(
                "a DataFrame needs pandas.", where="comparison.to_pandas()", cause=error,
                hint="pip install 'torch-introspect[data]'",
            ) from error  # fmt: skip
        size, names = len(self.axis), ("mean", "low", "high", "count")
        axis = {self.x: self.axis}
        if self.axis.ndim == 2:
            axis = {"epoch": self.axis[:, 0], "step": self.axis[:, 1]}
        columns = {"group": np.repeat([group.label for group in self.groups], size)}
        columns |= {name: np.tile(part, len(self.groups)) for name, part in axis.items()}
        for name in names:
            columns[name] = np.concatenate([getattr(group, name) for group in self.groups])
        return pd.DataFrame(columns)

    def __repr__(self) -> str:
        lines = [f"<RunComparison {printable(self.key)}: {len(self.axis)} points of {self.x}>"]
        width = max((len(printable(group.label)) for group in self.groups), default=0)
        for group in self.groups:
            there = np.flatnonzero(group.count)
            last = there[-1] if len(there) else 0
            edges = f"[{group.low[last]:.4g}, {group.high[last]:.4g}]"
            lines.append(
                f"  {printable(group.label):<{width}}  {len(group.runs)} runs, "
                f"last {group.mean[last]:.4g} {edges}"
            )
        if self.skipped:
            lines.append(f"  without it: {', '.join(map(printable, self.skipped[:5]))}")
        return "\n".join(lines)


def compare(
    runs: "Runs",
    key: str,
    *,
    group_by: str | Sequence[str] | Callable[[RunRow], Any] | None = None,
    points: int = 200,
    band: Band = "std",
    x: Literal["step", "seconds"] = "step",
    smooth: float = 0.0,
) -> RunComparison:
    """One metric of many runs, aligned.

    Args:
        runs: The table.
        key: Of a metric of numbers. Of several ranks the lowest counts.
        group_by: A column as of ``RunRow.value`` (``config.lr``, ``state``), several, or a function
            of a run; None: every run by itself.
        points: Of the axis, at most.
        band: ``std``, ``sem`` (std of the mean), ``minmax``, or two quantiles (0.1, 0.9) around the
            median. std is that of a sample (n - 1); of one run it is 0.
        x: What to align on.
        smooth: Weight of ``Metric.smoothed``, applied to each run first; 0 for none.

    Raises:
        HistoryError: If no run has the metric, or an option is wrong.

    Example:
        >>> import tempfile
        >>> from introspect import History
        >>> from introspect.history.many import runs
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     for seed in range(3):
        ...         with History(f"{folder}/{seed}", config={"lr": 0.1}) as history:
        ...             for step in range(3):
        ...                 history.log(step, loss=float(seed + step))
        ...     found = compare(runs(folder, cache=False), "loss", group_by="config.lr")
        >>> found.groups[0].mean.tolist(), found.groups[0].high.tolist()
        ([1.0, 2.0, 3.0], [2.0, 3.0, 4.0])
    """
    _check(points, band, x)
    curves: list[tuple[RunRow, Metric]] = []
    skipped = []
    for run in runs:
        metric = _metric(run, key, smooth)
        if metric is None:
            skipped.append(run.name)
        else:
            curves.append((run, metric))
    if not curves:
        known = ", ".join(map(repr, runs.metric_keys[:5]))
        raise HistoryError(
            "no run has such a metric.", where=f"runs({str(runs.folder)!r}).compare(...)",
            given=repr(key), hint=known or "History.log(step, loss=loss) first",
        )  # fmt: skip
    places, axis = _aligned([metric for _, metric in curves], points, x)
    labels: dict[str, list[int]] = {}
    for index, (run, _) in enumerate(curves):
        labels.setdefault(_label(run, group_by), []).append(index)
    grid = axis[0]
    table = np.stack([
        _on_grid(grid, place, metric.data)
        for place, (_, metric) in zip(places, curves, strict=True)
    ])  # fmt: skip
    groups = tuple(
        _group(label, tuple(curves[index][0].name for index in rows), table[rows], band)
        for label, rows in labels.items()
    )
    return RunComparison(key, x, axis[1], groups, tuple(skipped))


def _metric(run: RunRow, key: str, smooth: float) -> Metric | None:
    """The metric of a run, without NaN and infinities; None if there is nothing of it."""
    summary = run.metrics.get(key)
    if summary is None or summary.kind != "number":
        return None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", IntrospectWarning)  # the table tells of damage
            metric = run.open()[key]
    except (IntrospectError, OSError):  # deleted since
        return None
    if not metric.is_scalar or not len(metric):
        return None
    if smooth:
        metric = metric.smoothed(smooth)
    good = np.isfinite(metric.data)
    if not good.any():
        return None
    return Metric(metric.name, metric.steps[good], metric.data[good], metric.times[good])


def _aligned(
    metrics: Sequence[Metric], points: int, x: str
) -> tuple[list[Floats], tuple[Floats, npt.NDArray[Any]]]:
    """The place of each row of each run; the places of the axis, and what it says there."""
    if x == "seconds":
        places = [metric.times - metric.times[0] for metric in metrics]
        # Rows are in the order of steps; after a rewind, clocks may not be.
        places = [np.maximum.accumulate(place) for place in places]
        grid = np.linspace(0.0, max(float(place[-1]) for place in places), points)
        return places, (grid, grid)
    if any(metric.steps.ndim == 2 for metric in metrics):
        pairs = [metric.paired_steps for metric in metrics]
        # Steps of two parts have an order and no distance: they are placed by their rank.
        every, rows = np.unique(np.concatenate(pairs), axis=0, return_inverse=True)
        ends = np.cumsum([len(pair) for pair in pairs])[:-1]
        places = [part.astype(float) for part in np.split(rows.ravel(), ends)]
        chosen = np.unique(np.linspace(0, len(every) - 1, min(points, len(every))).astype(int))
        return places, (chosen.astype(float), every[chosen])
    steps = [metric.steps for metric in metrics]
    every = np.unique(np.concatenate(steps))
    low = int(every[0])
    # Differences in Python's integers, or steps at both ends of int64 would wrap around.
    places = [_differences(own, low) for own in steps]
    if len(every) > points:
        span = int(every[-1]) - low
        grid = np.unique([low + span * index // (points - 1) for index in range(points)])
        every = grid.astype(np.int64)
    return places, (_differences(every, low), every)


def _differences(steps: npt.NDArray[np.int64], low: int) -> Floats:
    wrapped = steps.astype(np.uint64) - np.uint64(low % (1 << 64))
    return wrapped.astype(np.float64)


def _on_grid(grid: Floats, places: Floats, data: Floats) -> Floats:
    return np.interp(grid, places, data, left=np.nan, right=np.nan)


def _group(label: str, names: tuple[str, ...], values: Floats, band: Band) -> Group:
    count = (~np.isnan(values)).sum(axis=0)
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore", RuntimeWarning)  # columns of NaN give NaN, as told
        if isinstance(band, tuple):
            low, middle, high = np.nanquantile(values, [band[0], 0.5, band[1]], axis=0)
        elif band == "minmax":
            low, middle, high = (
                reduced(values, axis=0) for reduced in (np.nanmin, np.nanmean, np.nanmax)
            )
        else:
            middle = np.nanmean(values, axis=0)
            spread = np.where(count > 1, np.nanstd(values, axis=0, ddof=1), 0.0)
            spread = spread / np.sqrt(count) if band == "sem" else spread
            low, high = middle - spread, middle + spread
    return Group(label, names, middle, low, high, count, values)


def _label(run: RunRow, group_by: Any) -> str:
    if group_by is None:
        return run.name
    if callable(group_by):
        return str(group_by(run))
    if isinstance(group_by, str):
        return f"{group_by.removeprefix('config.')}={_word(run.value(group_by))}"
    return ", ".join(_label(run, name) for name in group_by)


def _word(value: Any) -> str:
    return "none" if value is None else f"{value:.6g}" if isinstance(value, float) else str(value)


def _check(points: int, band: Band, x: str) -> None:
    problem = None
    if points < 2:
        problem = (f"{points=}", "at least 2")
    elif isinstance(band, tuple) and not (len(band) == 2 and 0 <= band[0] <= band[1] <= 1):
        problem = (f"{band=}", "two quantiles, as (0.1, 0.9)")
    elif not isinstance(band, tuple) and band not in {"std", "sem", "minmax"}:
        problem = (f"{band=}", "std, sem, minmax, or two quantiles")
    elif x not in {"step", "seconds"}:
        problem = (f"{x=}", "step or seconds")
    if problem:
        raise HistoryError("runs cannot be compared like this.", given=problem[0], hint=problem[1])
