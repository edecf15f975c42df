"""The columns of a graph file -> checked lists; its data -> what Python holds.

Every number is checked before it is used, whatever the file holds. The nouns are made of these
lists in ``introspect.graph.formats.json_reader``.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from introspect.errors import FormatError
from introspect.nouns.graph import TENSOR

Damaged = Callable[..., FormatError]
"""(place, what is there, the error underneath) -> the error to raise."""

_DEEPEST = 64  # levels of nested data; a hostile file could exhaust the stack


def decode(found: Any, place: str, damaged: Damaged, *, depth: int = 0) -> Any:
    """Arguments and settings: ``introspect.graph.formats.json.encode`` backwards.

    Args:
        found: As it stands in the file.
        place: Where, for messages.
        damaged: Makes the error.
        depth: Of nesting, so far.

    Raises:
        FormatError: If it is none of the forms of docs/formats/graph.md.
    """
    if found is None or isinstance(found, bool | int | float | str):
        return found
    if depth > _DEEPEST:
        raise damaged(place, "nested too deeply")
    if isinstance(found, list):
        return tuple([decode(item, place, damaged, depth=depth + 1) for item in found])
    if not isinstance(found, Mapping) or len(found) != 1:
        raise damaged(place, f"{found!r:.60}")
    ((word, content),) = found.items()
    make = _DECODERS.get(word)
    if make is None:
        raise damaged(place, f"an object {word!r}, none of {', '.join(_DECODERS)}")
    try:
        if word in {"list", "slice", "complex", "dict"}:
            content = [decode(item, place, damaged, depth=depth + 1) for item in content]
        return make(content)
    except (TypeError, ValueError, KeyError) as error:
        raise damaged(place, f"{found!r:.60}", error) from error


def _slice(parts: Sequence[Any]) -> slice:
    start, stop, step = parts
    return slice(start, stop, step)


def _float(text: str) -> float:
    return {"nan": float("nan"), "inf": float("inf"), "-inf": float("-inf")}[text]


def _complex(parts: Sequence[Any]) -> complex:
    real, imaginary = parts
    return complex(real, imaginary)


_DECODERS: dict[str, Callable[[Any], Any]] = {
    "tensor": lambda _: TENSOR,
    "ellipsis": lambda _: ...,
    "float": _float,
    "complex": _complex,
    "slice": _slice,
    "list": list,
    "dict": dict,
}


class Table:
    """The columns of one table, all of one length."""

    def __init__(self, document: Mapping[str, Any], name: str, damaged: Damaged) -> None:
        found = document.get(name)
        if not isinstance(found, Mapping):
            raise damaged(name, "missing" if found is None else type(found).__name__)
        self.damaged, self.name, self.columns = damaged, name, found
        lengths = {key: len(column) for key, column in found.items() if isinstance(column, list)}
        self.size = next(iter(lengths.values()), 0)
        for key, length in lengths.items():
            if length != self.size:
                raise damaged(f"{name}.{key}", f"{length} entries instead of {self.size}")

    def raw(self, key: str) -> list[Any]:
        """A column as it stands in the file."""
        found = self.columns.get(key)
        if not isinstance(found, list):
            what = "missing" if found is None else type(found).__name__
            raise self.damaged(f"{self.name}.{key}", what)
        return found

    def column(self, key: str, read: Callable[[Any, str], Any]) -> list[Any]:
        """A column, each entry read by a function that is also told its place."""
        place = f"{self.name}.{key}"
        return [read(entry, f"{place}[{k}]") for k, entry in enumerate(self.raw(key))]

    def numbers(self, key: str) -> list[int]:
        """Whole numbers."""
        found = self.raw(key)
        for k, number in enumerate(found):
            if type(number) is not int:
                self._refuse(key, k, number, "no whole number")
        return found

    def truths(self, key: str) -> list[bool]:
        """0 or 1."""
        for k, number in enumerate(self.numbers(key)):
            if number not in {0, 1}:
                self._refuse(key, k, number, "neither 0 nor 1")
        return [bool(number) for number in self.raw(key)]

    def rows(
        self, key: str, size: int, *, none: bool = False, before: bool = False
    ) -> list[int | None]:
        """Rows of a table of `size` rows; -1 is none; `before` allows earlier ones only."""
        lowest = -1 if none else 0
        for k, row in enumerate(self.numbers(key)):
            if not lowest <= row < (k if before else size):
                self._refuse(key, k, row, "no such row")
        return [None if row < 0 else row for row in self.raw(key)]

    def pooled(
        self,
        key: str,
        pool: Sequence[Any],
        *,
        kind: type | None = None,
        allowed: frozenset[str] | None = None,
    ) -> list[Any]:
        """The entries of `pool` that a column of row numbers names."""
        found = [pool[row] for row in self.rows(key, len(pool)) if row is not None]
        for k, entry in enumerate(found):
            if (kind and not isinstance(entry, kind)) or (allowed and entry not in allowed):
                self._refuse(key, k, entry, "not what may stand here")
        return found

    def lists(
        self, key: str, pool: Sequence[Any], *, allowed: frozenset[str] | None = None
    ) -> list[tuple[Any, ...]]:
        """For each entry, the entries of `pool` that its list of row numbers names."""
        size, whole = len(pool), []
        for k, rows in enumerate(self.raw(key)):
            if not isinstance(rows, list):
                self._refuse(key, k, rows, "no list")
            for row in rows:
                if type(row) is not int or not 0 <= row < size:
                    self._refuse(key, k, row, "no such row")
            found = tuple([pool[row] for row in rows])
            if allowed and not allowed.issuperset(found):
                self._refuse(key, k, found, "not what may stand here")
            whole.append(found)
        return whole

    def _refuse(self, key: str, row: int, given: Any, what: str) -> None:
        raise self.damaged(f"{self.name}.{key}[{row}]", f"{given!r:.60}: {what}")
