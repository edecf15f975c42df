"""``"loss < 0.5"`` to a function of a run: what the command line says about runs.

Not here: filters in Python (``table``).
"""

import json
import math
import operator
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from introspect.errors import HistoryError
from introspect.history.many.row import RunRow

_TEXT = re.compile(
    r"\s*(?P<name>[^<>=!]+?)\s*(?P<sign>==|!=|<=|>=|=|<|>)\s*(?P<value>.*?)\s*", re.DOTALL
)
_SIGNS: dict[str, Callable[[Any, Any], bool]] = {
    "=": operator.eq,
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


@dataclass(frozen=True, slots=True)
class Condition:
    """A column, a sign and a value; called with a run it says whether they fit.

    Attributes:
        column: A hyper-parameter (``lr``, ``optimizer.lr``), or a column as of ``RunRow.value``.
        sign: One of ``=``, ``!=``, ``<``, ``<=``, ``>``, ``>=``.
        wanted: What JSON says that the text is, else the text.
        text: As it was given.
    """

    column: str
    sign: str
    wanted: Any
    text: str

    @classmethod
    def of(cls, text: str) -> "Condition":
        """The condition that a text says.

        Raises:
            HistoryError: If it says none.

        Example:
            >>> Condition.of("lr<=1e-3").wanted, Condition.of("name = adam").wanted
            (0.001, 'adam')
        """
        found = _TEXT.fullmatch(text)
        if found is None:
            raise HistoryError(
                "this is no condition.", given=repr(text), hint="lr=0.1, loss<0.5, state!=running"
            )
        return cls(found["name"], found["sign"], _parsed(found["value"]), found["value"])

    def value(self, run: RunRow) -> Any:
        """What a run has in the column; None if it has nothing."""
        if self.column in run.flat_config:
            return run.flat_config[self.column]
        return run.value(self.column)

    def __call__(self, run: RunRow) -> bool:
        """Whether it holds for a run. What cannot be compared does not hold."""
        value = self.value(run)
        if value is None and self.column not in run.flat_config:
            return False
        if self.sign in {"=", "==", "!="}:
            is_same = _is_same(value, self.wanted) or value == self.text
            return is_same == (self.sign != "!=")
        try:
            return bool(_SIGNS[self.sign](value, self.wanted))
        except TypeError:
            return False


def _is_same(value: Any, wanted: Any) -> bool:
    if isinstance(value, bool) is not isinstance(wanted, bool):
        return False  # 1 == True, for Python alone
    return bool(value == wanted) or (
        isinstance(value, float) and isinstance(wanted, float)
        and math.isnan(value) and math.isnan(wanted)
    )  # fmt: skip


def _parsed(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text
