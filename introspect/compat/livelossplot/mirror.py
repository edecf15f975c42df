"""Lists of (step, value) by metric -> a History of the same numbers.

The lists are what livelossplot's users read and may change; curves are drawn from the columns.

Cost: what is new since the last time.

Not here: groups and names (``main_logger``).
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

from introspect.compat.ignored import tell_ignored
from introspect.errors import HistoryError
from introspect.history import History


class LogItem(NamedTuple):
    """One value of one metric."""

    step: int
    value: float


Items = list[LogItem]


class Mirror:
    """A History of what stands in lists that others fill: what is new is taken when it is asked."""

    def __init__(self) -> None:
        self._history = History()
        self._taken: dict[str, tuple[Items, int]] = {}

    def of(self, log_history: Mapping[str, Items]) -> History:
        """The History of these lists as they are now.

        Example:
            >>> mirror = Mirror()
            >>> mirror.of({"loss": [LogItem(0, 0.5), LogItem(1, 0.25)]})["loss"]
            <Metric loss: 2 values, last 0.25 at 1>
        """
        if any(
            log_history.get(name) is not items or len(items) < count
            for name, (items, count) in self._taken.items()
        ):  # reset, or put in its place by somebody
            self._history, self._taken = History(), {}
        for name, items in log_history.items():
            count = self._taken.get(name, (items, 0))[1]
            for item in items[count:]:
                write(self._history, item.step, {name: item.value})
            self._taken[name] = (items, len(items))
        return self._history


def write(history: History, step: Any, numbers: Mapping[str, Any]) -> None:
    """Values at a step; one that is no whole number counts as the nearest."""
    if not isinstance(step, tuple):
        step, given = _whole(step), step
        if step != given:
            tell_ignored(
                "MainLogger.update", "current_step", reason=f"{given!r:.40} is no whole number"
            )
    known = {name: float(number) for name, number in numbers.items() if name and is_number(number)}
    left_out = [n for n, number in numbers.items() if n not in known and number is not None]
    if left_out:
        tell_ignored("MainLogger.update", *left_out, reason="a curve needs numbers")
    if not known:
        return
    try:
        history.log(step, **known)
    except HistoryError as fault:  # a step beyond int64, say: the lists have it nevertheless
        tell_ignored("MainLogger.update", "current_step", reason=f"{step!r:.40}: {fault.what}")


def _whole(step: Any) -> int:
    try:
        return round(float(step)) if not isinstance(step, int) else step
    except (TypeError, ValueError, OverflowError):
        return 0


def is_number(value: Any) -> bool:
    """Whether a value can be put in order, drawn and formatted as a number.

    Example:
        >>> [is_number(value) for value in (1, 0.5, "0.5", None, [1.0])]
        [True, True, False, False, False]
    """
    if isinstance(value, str) or value is None:
        return False
    try:
        float(value)
    except (TypeError, ValueError, RuntimeError, OverflowError):
        return False
    return True


def plain(value: Any) -> Any:
    """A tensor's or array's only number: a tensor would keep its graph, and may change later."""
    if isinstance(value, (float, int)) or not hasattr(value, "item"):
        return value
    try:
        return value.item()
    except (TypeError, ValueError, RuntimeError):
        return value
