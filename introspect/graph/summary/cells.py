"""Rows -> a table of words. What the terminal and the notebook have in common."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from introspect.graph.summary.rows import Row

Column = Literal[
    "input_size",
    "output_size",
    "kernel_size",
    "parameters",
    "parameters_percent",
    "multiply_adds",
    "flops",
    "bytes",
    "trainable",
    "time",
]

NOTHING = "–"


@dataclass(frozen=True, slots=True)
class Heading:
    """A column's title, and how a row fills it; the number is the model's parameters."""

    title: str
    fill: Callable[[Row, int], str]


@dataclass(frozen=True, slots=True)
class Line:
    """One row in words.

    Attributes:
        depth: 0 for the model itself.
        branch: The lines that draw the tree in text: ``"│  ├─ "``.
        name: Of the module, relative to the row around it.
        module: Its class.
        times: ``"×32"`` for a run of equal calls.
        cells: One text a column.
    """

    depth: int
    branch: str
    name: str
    module: str
    times: str
    cells: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Table:
    """A summary in words.

    Attributes:
        headings: One a column; the column of names has none.
        lines: The rows.
        totals: Groups of (words, value), for below the rows.
        notes: Sentences, for the end.
    """

    headings: tuple[str, ...]
    lines: tuple[Line, ...]
    totals: tuple[tuple[tuple[str, str], ...], ...]
    notes: tuple[str, ...]


def sizes(shape: tuple[int, ...] | None) -> str:
    """A shape as text.

    Example:
        >>> sizes((8, 64, 56)), sizes(()), sizes(None)
        ('8×64×56', 'scalar', '–')
    """
    if shape is None:
        return NOTHING
    return "×".join(map(str, shape)) or "scalar"


def number(count: int) -> str:
    """A count with its thousands apart; nothing for 0."""
    return f"{count:,}" if count else NOTHING


def bytes_text(size_bytes: float) -> str:
    """A size in powers of 1000, as torchinfo writes it.

    Example:
        >>> bytes_text(0), bytes_text(602_112), bytes_text(102_228_128)
        ('0 B', '602.11 kB', '102.23 MB')
    """
    if size_bytes < 1000:
        return f"{size_bytes:.0f} B"
    for unit, factor in (("kB", 1e3), ("MB", 1e6), ("GB", 1e9)):
        if size_bytes < 999.995 * factor:
            return f"{size_bytes / factor:.2f} {unit}"
    return f"{size_bytes / 1e12:,.2f} TB"


def seconds_text(elapsed_s: float | None) -> str:
    """A time in s, ms or µs.

    Example:
        >>> seconds_text(1.5), seconds_text(0.0123), seconds_text(4e-6)
        ('1.50 s', '12.30 ms', '4.00 µs')
    """
    if not elapsed_s:
        return NOTHING
    for unit, factor in (("s", 1.0), ("ms", 1e3)):
        if elapsed_s * factor >= 1:
            return f"{elapsed_s * factor:.2f} {unit}"
    return f"{elapsed_s * 1e6:.2f} µs"


def _parameters(row: Row, whole: int) -> str:
    del whole
    return f"({row.note})" if row.note else number(row.parameters)


def _percent(row: Row, whole: int) -> str:
    return f"{row.parameters / whole:.2%}" if row.parameters else NOTHING


def _trainable(row: Row, whole: int) -> str:
    del whole
    if not row.parameters:
        return NOTHING
    if row.trainable == row.parameters:
        return "yes"
    return "partly" if row.trainable else "no"


COLUMNS: Mapping[Column, Heading] = {
    "input_size": Heading("Input", lambda row, _: sizes(row.input_size)),
    "output_size": Heading("Output", lambda row, _: sizes(row.output_size)),
    "kernel_size": Heading("Kernel", lambda row, _: sizes(row.kernel_size or None)),
    "parameters": Heading("Parameters", _parameters),
    "parameters_percent": Heading("Share", _percent),
    "multiply_adds": Heading("Multiply-adds", lambda row, _: number(row.flops // 2)),
    "flops": Heading("FLOPs", lambda row, _: number(row.flops)),
    "bytes": Heading(
        "Activations",
        lambda row, _: bytes_text(row.activation_bytes) if row.activation_bytes else NOTHING,
    ),
    "trainable": Heading("Trainable", _trainable),
    "time": Heading("Time", lambda row, _: seconds_text(row.elapsed_s)),
}
"""Every column, in the order in which torchinfo users know them."""


def lines(rows: Iterable[Row], columns: Sequence[Column], *, parameters: int) -> tuple[Line, ...]:
    """Rows in words.

    Args:
        rows: From top to bottom.
        columns: To fill.
        parameters: Of the whole model, for shares.
    """
    fills = [COLUMNS[column].fill for column in columns]
    return tuple(
        Line(
            row.depth,
            _branch(row.is_last),
            row.name,
            row.module,
            f"×{row.count}" if row.count > 1 else "",
            tuple([fill(row, parameters) for fill in fills]),
        )
        for row in rows
    )


def _branch(is_last: tuple[bool, ...]) -> str:
    if not is_last:
        return ""
    rails = "".join("   " if last else "│  " for last in is_last[:-1])
    return rails + ("└─ " if is_last[-1] else "├─ ")
