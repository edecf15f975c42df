"""A folder of runs as a table: filters, order, columns, and comparison of one metric.

Cost: `runs` looks at each run's files (50 us a run) and reads those that changed since they were
last read (0.5 ms for a run of five thousand numbers); filters and order are O(runs).

Not here: reading one run (``glance``), words and pictures (``picture``), curves
(``comparing``).
"""

import os
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING, Any, overload

from introspect.errors import HistoryError
from introspect.history.many.collecting import Collector
from introspect.history.many.columns import columns_of, data_frame
from introspect.history.many.conditions import Condition
from introspect.history.many.picture import as_html, as_text
from introspect.history.many.row import Goal, RunRow, goal_of

if TYPE_CHECKING:
    from introspect.history.many.comparing import RunComparison


def runs(
    folder: str | os.PathLike[str] = "runs",
    *,
    pattern: str | Sequence[str] | None = None,
    cache: bool = True,
) -> "Runs":
    """The runs in a folder and in all folders below it.

    Args:
        folder: Where they lie; a run itself makes a table of one. A URL of fsspec
            (``s3://bucket/runs``) is copied to a temporary folder first.
        pattern: Names with ``*`` and ``?`` that a run must match: ``"sweep/*"``, or a list.
        cache: Remember what finished runs said, in the user's folder for caches
            (``INTROSPECT_CACHE`` names another), so that the next table need not read them.

    Returns:
        A table in the order of names. Damaged runs are in it, and say what is wrong.

    Raises:
        SegmentError: If there is no such folder.
        HistoryError: If `pattern` is no text.

    Example:
        >>> import tempfile
        >>> from introspect import History
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     for lr in (0.1, 0.2):
        ...         with History(f"{folder}/lr{lr}", config={"lr": lr, "epochs": 3}) as history:
        ...             history.log(0, loss=lr * 2)
        ...     table = runs(folder, cache=False)
        >>> len(table), table.where(lr=0.2)[0].name, table["lr0.1"].last("loss")
        (2, 'lr0.2', 0.2)
    """
    return Collector(folder, pattern=pattern, cache=cache).table()


@dataclass(frozen=True, slots=True, eq=False)
class Runs(Sequence[RunRow]):
    """Runs in some order.

    Attributes:
        folder: Where they were found.
        rows: One for each.
    """

    folder: Path
    rows: tuple[RunRow, ...]

    def __len__(self) -> int:
        return len(self.rows)

    def __iter__(self) -> Iterator[RunRow]:
        return iter(self.rows)

    @overload
    def __getitem__(self, place: int | str) -> RunRow: ...
    @overload
    def __getitem__(self, place: slice | list[str]) -> "Runs": ...
    def __getitem__(self, place: int | str | slice | list[str]) -> "RunRow | Runs":
        """A run by place or name; a slice or a list of names is a table."""
        if isinstance(place, str):
            return self._named(place)
        if isinstance(place, slice):
            return replace(self, rows=self.rows[place])
        if isinstance(place, list):
            return replace(self, rows=tuple(self._named(name) for name in place))
        return self.rows[place]

    @property
    def names(self) -> list[str]:
        """The names, in order."""
        return [run.name for run in self.rows]

    @property
    def metric_keys(self) -> list[str]:
        """Keys of numbers: those of most runs first, then in the order of their first log."""
        counts: dict[str, int] = {}
        for run in self.rows:
            for key, summary in run.metrics.items():
                if summary.kind == "number":
                    counts[key] = counts.get(key, 0) + 1
        return sorted(counts, key=lambda key: -counts[key])

    def config_keys(self, *, differing: bool = True) -> list[str]:
        """Dotted names of hyper-parameters.

        Args:
            differing: Only those that are not the same in all runs.
        """
        names = list(dict.fromkeys(name for run in self.rows for name in run.flat_config))
        if not differing:
            return names
        told = [run.flat_config for run in self.rows if run.metrics or run.flat_config]
        return [name for name in names if not _all_same([c.get(name, _NONE) for c in told])]

    def where(
        self,
        condition: Callable[[RunRow], Any] | str | Mapping[str, Any] | None = None,
        /,
        *,
        state: str | None = None,
        tag: str | None = None,
        **config: Any,
    ) -> "Runs":
        """The runs for which everything holds.

        Args:
            condition: A function of a run; a text as ``"loss < 0.5"``, ``"optimizer.lr = 0.1"`` or
                ``"state != running"``; or hyper-parameters as a mapping, for names with dots.
            state: ``running``, ``finished``, ``killed``, ``empty`` or ``unreadable``.
            tag: A word that the run has.
            **config: Hyper-parameters: a value, or a function that says whether one is wanted.

        Raises:
            HistoryError: If no run has a hyper-parameter of such a name, or the text says nothing.

        Example:
            >>> from introspect.history.many.glance import Glance
            >>> rows = [RunRow(str(n), Path(), "empty", Glance(config={"lr": n})) for n in range(4)]
            >>> Runs(Path(), tuple(rows)).where(lr=lambda lr: lr > 1).names
            ['2', '3']
        """
        if isinstance(condition, str):
            said = Condition.of(condition)
            if self.rows and all(said.value(run) is None for run in self.rows):
                self._check_column(said.column, *self.config_keys(differing=False))
            condition = said
        wanted = {**(condition if isinstance(condition, Mapping) else {}), **config}
        self._check_config(wanted)
        kept = [
            run for run in self.rows
            if (state is None or run.state == state)
            and (tag is None or tag in run.tags)
            and (not callable(condition) or condition(run))
            and all(_fits(run, name, value) for name, value in wanted.items())
        ]  # fmt: skip
        return replace(self, rows=tuple(kept))

    def sorted(self, column: str = "name", *, descending: bool = False) -> "Runs":
        """The runs in the order of a column; those that have nothing there come last.

        Args:
            column: ``name``, ``started``, ``duration``, ``state``, ``step``, ``config.lr``,
                a metric (its last number), or ``loss.min``, ``loss.max``, ``loss.best``.
            descending: Largest first.

        Raises:
            HistoryError: If no run has such a column.
        """
        values = [(run.value(column), run) for run in self.rows]
        if self.rows and all(_is_missing(value) for value, _ in values):
            self._check_column(column)
        there = [pair for pair in values if not _is_missing(pair[0])]
        there.sort(key=lambda pair: _order(pair[0]), reverse=descending)
        rest = [run for value, run in values if _is_missing(value)]
        return replace(self, rows=(*(run for _, run in there), *rest))

    def compare(self, key: str, **options: Any) -> "RunComparison":
        """One metric over these runs, aligned on steps: mean and band of each group.

        Args:
            key: Of a metric of numbers. Runs without it are left out.
            **options: See ``introspect.history.many.comparing.compare``: `group_by`, `points`,
                `band`, `x`, `smooth`.

        Raises:
            HistoryError: If no run has it, or an option is wrong.
        """
        from introspect.history.many.comparing import compare  # noqa: PLC0415  it needs this module

        return compare(self, key, **options)

    def columns(
        self, metrics: Collection[str] | None = None, *, config: str = "differing"
    ) -> dict[str, list[Any]]:
        """The table as columns, for a data frame of any kind.

        Args:
            metrics: Keys; None for all numbers.
            config: ``differing`` hyper-parameters, ``all`` or ``none``.

        Returns:
            ``name``, ``state``, ``started``, ``duration_s``, ``step``, ``config.*``, each metric's
            last number, and its best as ``key.min`` or ``key.max`` where the name tells what
            is good.

        Raises:
            HistoryError: If `config` is another word.
        """
        return columns_of(self, metrics, config=config)

    def to_pandas(
        self, metrics: Collection[str] | None = None, *, config: str = "differing"
    ) -> Any:
        """`columns` as a ``pandas.DataFrame``, with the names as its index.

        Raises:
            MissingExtraError: If pandas is not installed.
        """
        return data_frame(self, metrics, config=config)

    def best(self, key: str, goal: Goal | None = None) -> RunRow:
        """The run with the best number of a metric.

        Args:
            key: Its name.
            goal: ``min`` or ``max``; None to tell by the name.

        Raises:
            HistoryError: If no run has it, or its name does not tell what is good.
        """
        goal = goal or goal_of(key)
        if goal is None:
            raise HistoryError(
                "the name of this metric does not tell what is good.",
                given=repr(key),
                hint=f'runs.best({key!r}, "min") or "max"',
            )
        ordered = self.sorted(f"{key}.{goal}", descending=goal == "max")
        if not ordered.rows or ordered[0].best(key, goal) is None:
            self._check_column(key)
        return ordered[0]

    def __repr__(self) -> str:
        return as_text(self)

    def _repr_html_(self) -> str:
        return as_html(self)

    def _named(self, name: str) -> RunRow:
        for run in self.rows:
            if run.name == name:
                return run
        raise HistoryError(
            "there is no run of this name.",
            where=f"runs({str(self.folder)!r})",
            given=repr(name),
            hint=_near(name, self.names),
        )

    def _check_config(self, wanted: Mapping[str, Any]) -> None:
        names = self.config_keys(differing=False)
        for name in wanted:
            if self.rows and name not in names:
                raise HistoryError(
                    "no run has a hyper-parameter of this name.",
                    where=f"runs({str(self.folder)!r}).where(...)",
                    given=repr(name),
                    hint=_near(name, names) or "History(path, config={'lr': 0.1})",
                )

    def _check_column(self, column: str, *others: str) -> None:
        known = [
            *others,
            "name", "state", "started", "changed", "duration", "step", "size", "problem",
            *self.metric_keys, *(f"config.{name}" for name in self.config_keys(differing=False)),
        ]  # fmt: skip
        bare = column if column in known else column.rpartition(".")[0]
        if bare not in known:
            raise HistoryError(
                "no run has this.",
                where=f"runs({str(self.folder)!r})",
                given=repr(column),
                hint=_near(column, known),
            )


_NONE = object()


def _all_same(values: Sequence[Any]) -> bool:
    return all(value == values[0] for value in values) if values else True


def _fits(run: RunRow, name: str, wanted: Any) -> bool:
    value = run.flat_config.get(name, _NONE)
    if value is _NONE:
        return False
    return bool(wanted(value)) if callable(wanted) else bool(value == wanted)


def _is_missing(value: Any) -> bool:
    return value is None or (isinstance(value, float) and value != value)  # noqa: PLR0124  NaN


def _order(value: Any) -> tuple[int, Any]:
    """Numbers, then steps, then texts: whatever stands in a column can be put in order."""
    if isinstance(value, (bool, int, float)):
        return 0, float(value) if abs(value) < 1e300 else value
    if isinstance(value, tuple):
        return 1, value
    return (2, value) if hasattr(value, "timestamp") else (3, str(value))


def _near(name: str, known: Sequence[str]) -> str:
    near = get_close_matches(name, known[:5000], n=3, cutoff=0.4) or list(known[:3])
    return ", ".join(map(repr, near))
