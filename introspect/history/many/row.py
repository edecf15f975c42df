"""One run in a table of runs, and what can be asked of it.

Not here: many of them (``table``), reading (``glance``).
"""

import datetime as dt
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

from introspect.errors import HistoryError
from introspect.history.history import History
from introspect.history.many.glance import Glance, KeySummary, flat
from introspect.history.many.state import State
from introspect.nouns.metric import Step

Goal = Literal["min", "max"]
"""Which numbers of a metric are good ones."""

_SMALL = re.compile(
    r"(?:^|[/_.\-\s])(?:loss|error|err|mse|rmse|mae|mape|nll|ppl|perplexity|wer|cer|fid|kl|bpc|bpb"
    r"|cost|regret|eer)(?:$|[/_.\-\s\d@])"
)
_LARGE = re.compile(
    r"(?:^|[/_.\-\s])(?:acc|accuracy|auc|auroc|auprc|ap|map|f1|fbeta|iou|miou|dice|score|precision"
    r"|recall|bleu|rouge|reward|return|psnr|ssim|r2|ndcg|mrr|hits|top\d|em)(?:$|[/_.\-\s\d@])"
)


def goal_of(key: str) -> Goal | None:
    """Whether small or large numbers of a metric are good, by its name; None if that says nothing.

    Example:
        >>> goal_of("train_loss"), goal_of("val/acc@5"), goal_of("lr")
        ('min', 'max', None)
    """
    name = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", key).lower()
    is_small, is_large = bool(_SMALL.search(name)), bool(_LARGE.search(name))
    if is_small == is_large:
        return None
    return "min" if is_small else "max"


@dataclass(frozen=True, eq=False)
class RunRow:
    """One run.

    Attributes:
        name: Its path below the folder that was listed.
        path: Its folder.
        state: ``running``, ``finished``, ``killed`` (it never closed its file), ``empty``, or
            ``unreadable``.
        glance: Everything that was read of it.
    """

    name: str
    path: Path
    state: State
    glance: Glance

    @property
    def metrics(self) -> Mapping[str, KeySummary]:
        """Key to its number of values, last, least and largest."""
        return self.glance.metrics

    @property
    def config(self) -> Mapping[str, Any]:
        """The hyper-parameters as they were given."""
        return self.glance.config

    @cached_property
    def flat_config(self) -> Mapping[str, Any]:
        """The hyper-parameters by dotted name: ``optimizer.lr``."""
        return flat(self.glance.config)

    @property
    def tags(self) -> tuple[str, ...]:
        """Words by which runs are told apart."""
        return self.glance.tags

    @property
    def started(self) -> dt.datetime | None:
        """When its newest attempt was begun, in UTC."""
        return _utc(self.glance.started_ns)

    @property
    def changed(self) -> dt.datetime | None:
        """When something was last written to it, in UTC."""
        return _utc(self.glance.changed_ns)

    @property
    def duration_s(self) -> float:
        """From the first log to the last, gaps before a resume left out."""
        return self.glance.duration_s

    @property
    def step(self) -> Step | None:
        """The step that was logged last."""
        return self.glance.step

    @property
    def problem(self) -> str | None:
        """What is wrong with it, in one line."""
        return self.glance.problem

    def last(self, key: str) -> float | None:
        """The number of a key at its last step; None if it has none."""
        summary = self.metrics.get(key)
        return None if summary is None else summary.last

    def best(self, key: str, goal: Goal | None = None) -> float | None:
        """The best number of a key.

        Args:
            key: Its name.
            goal: Whether small or large numbers are good; None to tell by the name.

        Returns:
            None if the run has no such number, or the name does not tell what is good.
        """
        summary = self.metrics.get(key)
        goal = goal or goal_of(key)
        if summary is None or goal is None:
            return None
        return summary.least if goal == "min" else summary.most

    def value(self, column: str) -> Any:
        """What stands in a column of the table; None if there is nothing.

        Args:
            column: ``name``, ``state``, ``started``, ``changed``, ``duration``, ``step``, ``size``,
                ``config.lr``, a metric (its last number), or one with ``.last``, ``.best``,
                ``.min``, ``.max`` or ``.count`` behind it (which a metric called ``step`` needs).
        """
        if column in _PLAIN:
            return _PLAIN[column](self)
        if column in self.metrics:
            return self.last(column)
        if column.startswith("config."):
            return self.flat_config.get(column.removeprefix("config."))
        key, dot, part = column.rpartition(".")
        summary = self.metrics.get(key)
        if not dot or summary is None:
            return None
        if part == "best":
            return self.best(key)
        names = {"last": "last", "min": "least", "max": "most", "count": "count"}
        return getattr(summary, names[part]) if part in names else None

    def open(self) -> History:
        """The run itself, to be read: ``History.open`` of its folder.

        Raises:
            HistoryError: If it cannot be read.
        """
        if self.state == "unreadable":
            raise HistoryError(
                "this run cannot be read.", where=str(self.path), cause=self.problem,
                hint=f"introspect fsck {self.path}",
            )  # fmt: skip
        return History.open(self.path)

    def __repr__(self) -> str:
        said = f": {self.problem}" if self.problem else ""
        return f"<RunRow {self.name}, {self.state}{said}>"


_PLAIN = {
    "name": lambda run: run.name,
    "state": lambda run: run.state,
    "started": lambda run: run.started,
    "changed": lambda run: run.changed,
    "duration": lambda run: run.duration_s,
    "step": lambda run: run.step,
    "size": lambda run: run.glance.size_bytes,
    "problem": lambda run: run.problem,
}


def _utc(time_ns: int) -> dt.datetime | None:
    if not time_ns:
        return None
    try:
        return dt.datetime.fromtimestamp(time_ns / 1e9, dt.UTC)
    except (ValueError, OverflowError, OSError):  # a checksum that is right proves no date
        return None
