"""hiddenlayer's History and Metric over ours: the same attributes, files and printed words.

Not here: a run that keeps itself in a folder (``introspect.History(folder)``).
"""

import datetime as dt
import os
import pickle
import time
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

import introspect.history
from introspect.compat.hiddenlayer.utils import to_data
from introspect.errors import DataError
from introspect.graph.formats import put
from introspect.history.checks import checked_step
from introspect.history.formats.hiddenlayer import load_plain
from introspect.nouns import metric as nouns
from introspect.nouns.metric import Step

_TIME = "__timestamp__"


def format_step(step: Step, zero_prefix: bool = False) -> str | None:  # noqa: FBT001, FBT002  theirs
    """A step as text.

    Args:
        step: An int or (epoch, step).
        zero_prefix: Whether it is filled with zeros, so that texts sort as steps do.

    Example:
        >>> format_step(99), format_step((9, 99)), format_step((9, 99), zero_prefix=True)
        ('99', '9:99', '0009:000099')
    """
    if isinstance(step, tuple):
        return f"{step[0]:04}:{step[1]:06}" if zero_prefix else nouns.format_step(step)
    if isinstance(step, int):
        return f"{step:06}" if zero_prefix else str(step)
    return None


class Metric:
    """One metric at every step of its history.

    Args:
        history: A `History`.
        name: Of the metric.

    Attributes:
        name: As it was logged.
        steps: All steps of the history, in order.
        data: What was logged at each, None where nothing was.
        metric: The ``introspect.nouns.metric.Metric`` underneath, with its own steps alone.

    Raises:
        MetricNotFoundError: If nothing was logged under this name; names those that are near.
    """

    def __init__(self, history: "History", name: str) -> None:
        self.name = name
        self.metric: nouns.Metric = introspect.history.History.__getitem__(history, name)
        self.steps: list[Step] = history.steps
        self.data: npt.NDArray[Any] = self._aligned()

    def _aligned(self) -> npt.NDArray[Any]:
        known = [_paired(step) for step in self.metric.step_keys()]
        wanted = [_paired(step) for step in self.steps]
        if known == wanted:
            return self.metric.data
        values = dict(zip(known, self.metric.data, strict=True))
        data = np.empty(len(wanted), dtype=object)
        data[:] = [values.get(step) for step in wanted]
        return data

    @property
    def formatted_steps(self) -> list[str]:
        """The steps as text: ``"99"`` or ``"9:99"``."""
        return [nouns.format_step(step) for step in self.steps]

    def __repr__(self) -> str:
        return repr(self.metric)


class History(introspect.history.History):
    """A History in memory with hiddenlayer's attributes.

    Example:
        >>> history = History()
        >>> history.log((0, 100), loss=0.5, accuracy=0.8)
        >>> history.metrics == {"loss", "accuracy"}, history.formatted_steps
        (True, ['0:100'])
    """

    def __init__(self) -> None:
        super().__init__()
        self._logged: dict[Step, float] = {}

    def log(self, step: Step, /, **values: Any) -> None:
        """Remember values at a step; several calls at one step add up."""
        super().log(step, **values)
        if type(step) is not int:
            step = checked_step(step)
        self._logged[step] = time.time()

    def __getitem__(self, key: str) -> Any:
        """The metric of a name."""
        return Metric(self, key)

    @property
    def metrics(self) -> set[str]:
        """The names of all metrics logged so far."""
        return set(self.keys())

    @property
    def steps(self) -> list[Step]:
        """All steps logged so far, in order; an int reads as (0, step) beside tuples."""
        every = set(self._logged)
        if len({type(step) for step in every}) > 1:
            every = {_paired(step) for step in every}
        return sorted(every)

    @property
    def formatted_steps(self) -> list[str]:
        """The steps as text: ``"99"`` or ``"9:99"``."""
        return [nouns.format_step(step) for step in self.steps]

    @property
    def history(self) -> dict[Step, dict[str, Any]]:
        """Step to values by name and ``"__timestamp__"``. A copy: changing it is in vain."""
        found: dict[Step, dict[str, Any]] = {step: {} for step in self._logged}
        place = {_paired(step): step for step in self._logged}
        for name in self.keys():
            metric = introspect.history.History.__getitem__(self, name)
            for step, value in zip(metric.step_keys(), metric.data, strict=True):
                found[place[_paired(step)]][name] = to_data(value)
        for step, logged_s in self._logged.items():
            found[step][_TIME] = logged_s
        return found

    def summary(self) -> Any:
        """Print the last step and the training time; returns the table of all metrics."""
        print(f"Last Step: {self.step}")  # noqa: T201  what it is for
        print(f"Training Time: {self.get_total_time()}")  # noqa: T201  likewise
        return super().summary()

    def get_total_time(self) -> dt.timedelta:
        """The time between the first step and the last, also of a loaded history."""
        steps = sorted(self._logged, key=_paired)
        if not steps:
            return dt.timedelta()
        return dt.timedelta(seconds=self._logged[steps[-1]] - self._logged[steps[0]])

    def save(self, file_name: str | os.PathLike[str]) -> None:
        """Write a pickle of `history`, which hiddenlayer reads, too.

        Raises:
            SaveError: If the file cannot be written.
        """
        put(file_name, pickle.dumps(self.history))

    def load(self, file_name: str | os.PathLike[str]) -> None:
        """Take over what `save` wrote, here or in hiddenlayer, in place of what is here.

        The pickle is not run: plain data and arrays are let in, and nothing else.

        Raises:
            DataError: If there is no such file, or it holds anything else.
        """
        rows = load_plain(file_name)
        is_history = isinstance(rows, dict) and all(isinstance(row, dict) for row in rows.values())
        if not is_history:
            raise DataError(
                "this pickle holds no history of hiddenlayer.",
                where=str(Path(file_name)),
                given=type(rows).__name__,
                hint="a file that History.save() wrote",
            )
        self.close()
        self._begin(None)
        self._logged = {}
        for step, row in rows.items():
            values = {name: _real(value) for name, value in row.items() if name != _TIME}
            self.log(_real(step), **values)
            self._logged[checked_step(_real(step))] = float(_real(row.get(_TIME, 0.0)))


def _paired(step: Step) -> tuple[int, int]:
    return step if isinstance(step, tuple) else (0, step)


def _real(value: Any) -> Any:
    """What a stand-in of the loader stands for."""
    if isinstance(value, tuple):
        return tuple(map(_real, value))
    if hasattr(value, "real") and callable(value.real):
        return to_data(value.real()[()])
    return value
