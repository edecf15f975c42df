"""Words and rows: `Text` and `Table`.

Not here: what a whole run is told (``History.note``, ``History.config``).
"""

import html
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import isnan
from numbers import Integral, Real
from typing import Any, Self

import numpy as np

from introspect.errors import HistoryError
from introspect.nouns.values.arrays import check_names, check_type

Entry = str | float | int | bool | None
"""What one place of a table may hold."""

MOST_CHARACTERS = 16_000_000
MOST_ENTRIES = 1_000_000
"""A table is there to be looked at; more belongs in a file of its own."""

_SHOWN_ROWS = 20
_INTEGERS = range(-(1 << 63), 1 << 64)


@dataclass(frozen=True, slots=True)
class Text:
    """Words, as Markdown.

    Attributes:
        text: At most 16 million characters.

    Example:
        >>> Text("**loss** went up")
        <Text '**loss** went up'>
    """

    text: str

    def __post_init__(self) -> None:
        check_type(self.text, "text", str)
        if len(self.text) > MOST_CHARACTERS:
            raise HistoryError(
                "a text is too long to be logged.",
                given=f"{len(self.text)} characters",
                hint=f"at most {MOST_CHARACTERS}",
            )

    @classmethod
    def of(cls, text: Any) -> Self:
        """A Text of anything that has a ``str``."""
        return cls(str(text))

    def _repr_markdown_(self) -> str:
        return self.text

    def __repr__(self) -> str:
        shown = self.text if len(self.text) <= 60 else self.text[:59] + "…"
        return f"<Text {shown!r}>"


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of text, numbers, bools and nothing (None).

    Attributes:
        columns: Their names.
        rows: Each as long as `columns`, a million entries at most. An int has at most 64 bits.
    """

    columns: tuple[str, ...]
    rows: tuple[tuple[Entry, ...], ...]

    def __post_init__(self) -> None:
        check_names(self.columns, "columns")
        check_type(self.rows, "rows", tuple)
        if (len(self.columns) + 1) * len(self.rows) > 2 * MOST_ENTRIES:
            raise HistoryError(
                "a table is too long to be logged.",
                given=f"{len(self.rows)} rows of {len(self.columns)}",
                hint=f"at most {MOST_ENTRIES} entries: log the rows that matter",
            )
        for index, row in enumerate(self.rows):
            check_type(row, "a row", tuple)
            if len(row) != len(self.columns):
                raise HistoryError(
                    "each row of a table has one entry for each column.",
                    given=f"{len(row)} entries in row {index}, {len(self.columns)} columns",
                )
            for entry in row:
                check_type(entry, "an entry", (str, float, int, bool, type(None)))
                if type(entry) is int and entry not in _INTEGERS:
                    raise HistoryError(
                        "an int of a table has at most 64 bits.",
                        given=f"an int of {entry.bit_length()} bits in row {index}",
                        hint="float(value) or str(value)",
                    )

    @classmethod
    def of(cls, data: Any, *, columns: Sequence[Any] | None = None) -> Self:
        """A table of rows, of columns by name, or of a pandas frame.

        Args:
            data: A sequence of rows; or of dicts, whose keys are the columns; or a mapping of
                names to columns; or a pandas DataFrame, without its index. NumPy's numbers and
                tensors without dimensions become Python's, pandas' missing values None, and
                anything else (dates, paths) its ``str``.
            columns: Names for rows; of anything else, which columns are taken, in this order.

        Raises:
            HistoryError: If rows or columns differ in length, or an entry is an array.

        Example:
            >>> Table.of({"word": ["cat", "dog"], "score": [0.5, np.float32(0.25)]})
            <Table 2 rows: word, score>
            >>> Table.of([{"word": "cat"}, {"score": 1}]).rows
            (('cat', None), (None, 1))
        """
        names, rows = _names_and_rows(data, columns)
        return cls(
            columns=tuple(str(name) for name in names),
            rows=tuple(tuple(_entry(entry) for entry in row) for row in rows),
        )

    def to_pandas(self) -> Any:
        """A ``pandas.DataFrame`` of the rows.

        Raises:
            ImportError: If pandas is not installed.
        """
        import pandas as pd  # noqa: PLC0415  only who asks for a frame needs it

        return pd.DataFrame(list(self.rows), columns=list(self.columns))

    def to_markdown(self) -> str:
        r"""The table as Markdown; what would break out of its cell is escaped.

        Example:
            >>> print(Table.of([[1, None]], columns=["a|b", "c"]).to_markdown())
            | a\|b | c |
            |---|---|
            | 1 |  |
        """
        lines = [self.columns, ["---"] * len(self.columns), *self.rows]
        marked = [[_marked(entry) for entry in line] for line in lines]
        return "\n".join(
            ("|" + "|".join(line) + "|") if index == 1 else ("| " + " | ".join(line) + " |")
            for index, line in enumerate(marked)
        )

    def __len__(self) -> int:
        return len(self.rows)

    def _repr_html_(self) -> str:
        head = "".join(f"<th>{html.escape(name)}</th>" for name in self.columns)
        body = "".join(
            "<tr>" + "".join(f"<td>{html.escape(_shown(entry))}</td>" for entry in row) + "</tr>"
            for row in self.rows[:_SHOWN_ROWS]
        )
        more = len(self.rows) - _SHOWN_ROWS
        foot = f"<caption>and {more} more rows</caption>" if more > 0 else ""
        return f"<table>{foot}<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"

    def __repr__(self) -> str:
        names = ", ".join(self.columns)
        return f"<Table {len(self.rows)} rows: {names if len(names) <= 60 else names[:59] + '…'}>"


def _names_and_rows(data: Any, columns: Sequence[Any] | None) -> tuple[list[Any], list[Any]]:
    if hasattr(data, "itertuples") and hasattr(data, "columns"):
        frame = data if columns is None else data[list(columns)]
        return list(frame.columns), list(frame.itertuples(index=False, name=None))
    if isinstance(data, Mapping):
        names = list(data if columns is None else columns)
        _check_known(names, data)
        table = [list(data[name]) for name in names]
        if len({len(column) for column in table}) > 1:
            sizes = ", ".join(f"{name}: {len(col)}" for name, col in zip(names, table, strict=True))
            raise HistoryError("the columns of a table are equally long.", given=sizes)
        return names, list(zip(*table, strict=True))
    rows: list[Any] = [row if isinstance(row, Mapping) else _row(row) for row in data]
    if rows and all(isinstance(row, Mapping) for row in rows):
        found = dict.fromkeys(name for row in rows for name in row)
        names = list(found if columns is None else columns)
        if columns is not None:
            _check_known(names, found)
        return names, [[row.get(name) for name in names] for row in rows]
    if columns is None:
        columns = [str(index) for index in range(len(rows[0]) if rows else 0)]
    return list(columns), rows


def _check_known(names: Sequence[Any], known: Mapping[Any, Any]) -> None:
    missing = [name for name in names if name not in known]
    if missing:
        raise HistoryError(
            "a table has no such column.",
            given=repr(missing[0]),
            hint=", ".join(map(repr, list(known)[:10])),
        )


def _row(row: Any) -> list[Any]:
    if isinstance(row, str | bytes) or not hasattr(row, "__iter__"):
        raise HistoryError(
            "a row of a table is a sequence.",
            given=f"{repr(row)[:60]} ({type(row).__name__})",
            hint="Table.of([[1, 2], [3, 4]], columns=['a', 'b']) or Table.of({'a': [1, 3]})",
        )
    return list(row)


def _entry(value: Any) -> Entry:
    """One entry as a value of Python."""
    if type(value) in {str, float, int, bool, type(None)}:
        return value
    if getattr(value, "ndim", 0):
        raise HistoryError(
            "an entry of a table is a single value.",
            given=f"{type(value).__name__} of shape {tuple(value.shape)}",
            hint="value.mean(), or Embedding.of(vectors) for vectors",
        )
    if isinstance(value, np.bool_) or (hasattr(value, "detach") and hasattr(value, "item")):
        return _entry(value.item())
    if isinstance(value, np.ndarray):
        return _entry(value[()])
    if isinstance(value, Integral):
        return int(value)
    if isinstance(value, Real):
        return float(value)
    # pandas' NaT and NA, which no import tells apart without pandas
    if type(value).__name__ in {"NaTType", "NAType"}:
        return None
    return str(value)


def _shown(entry: Entry) -> str:
    if isinstance(entry, float):
        return "NaN" if isnan(entry) else f"{entry:.6g}"
    return "" if entry is None else str(entry)


def _marked(entry: Entry) -> str:
    text = _shown(entry).replace("\\", "\\\\").replace("|", "\\|")
    return " ".join(html.escape(text, quote=False).split("\n"))
