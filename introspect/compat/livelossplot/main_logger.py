"""``update({"loss": 0.5, "val_loss": 0.7})`` -> values by metric, and metrics by group.

The lists are livelossplot's; a History of the same numbers is kept beside them, from which
pictures are drawn by reference.

Cost: half a microsecond a value; `grouped_log_history` copies nothing while `from_step` is 0.

Not here: pictures (``outputs``).
"""

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from typing import Any

from introspect.compat.livelossplot.mirror import Items, LogItem, Mirror, plain, write
from introspect.errors import FormatError
from introspect.history import History
from introspect.nouns.metric import Metric

COMMON_NAME_SHORTCUTS = {
    "acc": "Accuracy",
    "nll": "Log Loss (cost function)",
    "mse": "Mean Squared Error",
    "loss": "Loss",
}
"""Groups that are shown under a longer name."""

_PATTERNS = ((r"^(?!val(_|-))(.*)", "training"), (r"^(val(_|-))(.*)", "validation"))


class MainLogger:
    """Values by metric, in groups.

    Args:
        groups: Names of groups to metrics; what is in none is not shown.
        metric_to_name: Metrics to the names that are shown.
        from_step: Show from this step on; below 0: so many of the last steps.
        current_step: The step before the first.
        auto_generate_groups_if_not_available: Whether metrics whose names differ in ``val_`` alone
            are a group, if no `groups` are given.
        auto_generate_metric_to_name: Whether those of a group are shown as training and
            validation.
        group_patterns: Regular expressions, whose last group is the name of the metric's group, and
            what the metric is called in it.
        step_names: What a step is: one word, or one for each group.
        history: Where the numbers are written, too: ``History("runs/name")``.

    Raises:
        FormatError: If a pattern is none. It is a ValueError.

    Attributes:
        log_history: Metrics to lists of (step, value).
        current_step: Of the last update.

    Example:
        >>> logger = MainLogger()
        >>> logger.update({"acc": 0.5, "val_acc": 0.4})
        >>> logger.grouped_log_history()["Accuracy"]["validation"]
        [LogItem(step=0, value=0.4)]
    """

    def __init__(  # noqa: PLR0913, PLR0917  the order of livelossplot
        self,
        groups: dict[str, list[str]] | None = None,
        metric_to_name: dict[str, str] | None = None,
        from_step: int = 0,
        current_step: int = -1,
        auto_generate_groups_if_not_available: bool = True,  # noqa: FBT001, FBT002  theirs
        auto_generate_metric_to_name: bool = True,  # noqa: FBT001, FBT002  theirs
        group_patterns: Iterable[tuple[str | re.Pattern[str], str]] = _PATTERNS,
        step_names: str | dict[str, str] = "epoch",
        *,
        history: History | None = None,
    ) -> None:
        self.log_history: dict[str, Items] = {}
        self.groups: dict[str, list[str]] = groups if groups is not None else {}
        self.metric_to_name: dict[str, str] = dict(metric_to_name or {})
        self.from_step = from_step
        self.current_step = current_step
        self.auto_generate_groups = not groups and auto_generate_groups_if_not_available
        self.auto_generate_metric_to_name = auto_generate_metric_to_name
        self.group_patterns = _compiled(group_patterns)
        word, words = ("epoch", step_names) if isinstance(step_names, Mapping) else (step_names, {})
        self.step_names: dict[str, str] = defaultdict(lambda: word, words)
        self._given_names = {name for name, shown in self.metric_to_name.items() if shown}
        self._written = history
        self._mirror = Mirror()

    def update(self, logs: dict[str, float], current_step: int | None = None) -> None:
        """Take one value of each of some metrics.

        Args:
            logs: Metrics to numbers; a tensor of one element is a number.
            current_step: The step; None for the one after the last.
        """
        if current_step is None:
            self.current_step += 1
        else:
            self.current_step = current_step
        step = self.current_step
        known, numbers = self.log_history, {}
        for key, value in logs.items():
            name = key if key.__class__ is str else str(key)
            number = value if value.__class__ is float else plain(value)
            if name not in known:
                self._add_new_metric(name)
            known[name].append(LogItem(step, number))
            numbers[name] = number
        if self._written is not None:
            write(self._written, step, numbers)

    def reset(self) -> None:
        """Forget all values and groups, and count steps from the beginning.

        What was written to a `history` of yours stays there.
        """
        self.log_history = {}
        self.groups = {}
        self.current_step = -1

    @property
    def history(self) -> History:
        """The numbers of `log_history`: the one that was given, or one in memory."""
        return self._mirror.of(self.log_history) if self._written is None else self._written

    def columns(self, name: str) -> Metric | None:
        """What is shown of a metric as columns, as `history_shorter` chooses; None without numbers.

        Cost: what is new since the last call.
        """
        kept = self._mirror.of(self.log_history)
        metric = kept[name] if name in self.log_history and name in kept else None
        if metric is None or not len(metric) or not self.from_step or metric.steps.ndim == 2:
            return metric
        return _from(metric, self._first_shown())

    def grouped_log_history(
        self,
        raw_names: bool = False,  # noqa: FBT001, FBT002  theirs
        raw_group_names: bool = False,  # noqa: FBT001, FBT002  theirs
    ) -> dict[str, dict[str, Items]]:
        """The values that are shown, by group and metric, groups in order of their names.

        Args:
            raw_names: Metrics as they were logged, not as they are shown.
            raw_group_names: Groups likewise.
        """
        shown = self.shown_names(raw_names=raw_names, raw_group_names=raw_group_names)
        return {
            group: {name: self.history_shorter(metric) for metric, name in names.items()}
            for group, names in shown.items()
        }

    def shown_names(
        self, *, raw_names: bool = False, raw_group_names: bool = False
    ) -> dict[str, dict[str, str]]:
        """Groups, as they are shown, to metrics and the names under which they are shown."""
        if self.auto_generate_groups:
            self.groups = self._auto_generate_groups()
        groups = {name: COMMON_NAME_SHORTCUTS.get(name, name) for name in sorted(self.groups)}
        group_names = {name: name for name in groups} if raw_group_names else _distinct(groups)
        result = {}
        for group, shown_group in group_names.items():
            names = {name: self.metric_to_name.get(name, name) for name in self.groups[group]}
            result[shown_group] = {n: n for n in names} if raw_names else _distinct(names)
        return result

    def step_name(self, shown_group: str) -> str:
        """What a step is in a group, which may be named as it is shown or as it was given."""
        raw = next((g for g in self.groups if COMMON_NAME_SHORTCUTS.get(g) == shown_group), None)
        if shown_group not in self.step_names and raw in self.step_names:
            return self.step_names[raw]
        return self.step_names[shown_group]

    def history_shorter(self, name: str, full: bool = False) -> Items:  # noqa: FBT001, FBT002  theirs
        """The values of a metric, from `from_step` on unless `full`."""
        items = self.log_history.get(name, [])
        if full or self.from_step == 0:
            return items
        first = self._first_shown()
        return [item for item in items if item.step >= first]

    def _first_shown(self) -> int:
        return self.from_step if self.from_step > 0 else self.current_step + self.from_step

    def _add_new_metric(self, name: str) -> None:
        self.log_history[name] = []
        if self.auto_generate_metric_to_name and not self.metric_to_name.get(name):
            self._auto_generate_metrics_to_name(name)

    def _auto_generate_metrics_to_name(self, metric_name: str) -> None:
        """Name all metrics that end alike, once there are several."""
        suffix = self._suffix(metric_name)
        alike = [name for name in self.log_history if name.endswith(suffix)]
        if len(alike) == 1:
            return
        for name in alike:
            if name in self._given_names:
                continue
            shown = name
            for pattern, word in self.group_patterns:
                shown = pattern.sub(word, shown)
            if suffix in COMMON_NAME_SHORTCUTS:
                shown = shown.replace(suffix, COMMON_NAME_SHORTCUTS[suffix])
            self.metric_to_name[name] = shown

    def _auto_generate_groups(self) -> dict[str, list[str]]:
        groups: dict[str, list[str]] = {}
        for name in self.log_history:
            groups.setdefault(self._suffix(name), []).append(name)
        return groups

    def _suffix(self, name: str) -> str:
        """What the last pattern that fits leaves of a name."""
        suffix = name
        for pattern, _ in self.group_patterns:
            fits = pattern.match(name)
            if fits and fits.groups() and fits.groups()[-1] is not None:
                suffix = fits.groups()[-1]
        return suffix


def _distinct(names: Mapping[str, str]) -> dict[str, str]:
    """Names as they are shown; those that would hide each other stay as they are."""
    counts = Counter(names.values())
    return {name: shown if counts[shown] == 1 else name for name, shown in names.items()}


def _from(metric: Metric, first: int) -> Metric:
    start = int(metric.steps.searchsorted(first))
    return Metric(
        metric.name, metric.steps[start:], metric.data[start:], metric.times[start:], metric.rank
    )


def _compiled(patterns: Iterable[Any]) -> tuple[tuple[re.Pattern[str], str], ...]:
    try:
        return tuple((re.compile(pattern), word) for pattern, word in patterns)
    except (re.error, TypeError, ValueError) as error:
        raise FormatError(
            "group_patterns are pairs of a regular expression and a word.",
            given=f"group_patterns={patterns!r:.200}",
            cause=error,
            hint='((r"^(train_)(.*)", "training"), (r"^(test_)(.*)", "test"))',
        ) from error
