"""Rows of numbers -> framed events, one for each row: a table of bytes filled by columns.

Events of the same keys differ in nothing but time, step and values, so one is built by hand
and the others are copies of it with other bytes in those places.

Cost: 0.3 us an event of one scalar, 1 us of ten; 0.5 us of one scalar if there are but 200.

Axes:
    n: rows    k: keys

Not here: other values (``showing``), reading such rows (``columns``).
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from introspect.history.formats.events.messages import EXACT, PAIR
from introspect.history.formats.events.proto import (
    FIXED32,
    FIXED64,
    bytes_field,
    framed_rows,
    text_field,
    varint,
)

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Bytes = npt.NDArray[np.uint8]

_MOST_MERGED = 32  # sets of keys that are looked through for equal steps
_EXACT_KEY = varint(EXACT << 3 | FIXED64)


@dataclass(frozen=True, slots=True, eq=False)
class Rows:
    """Numbers on their way into events.

    Attributes:
        tags: One for each column.
        steps: int64 of shape ``(n,)``, as TensorBoard shows them.
        times: float64 of shape ``(n,)``, seconds since 1970.
        values: float64 of shape ``(n, k)``.
        pairs: int64 of shape ``(n, 2)`` where steps are (epoch, step), else None.
    """

    tags: tuple[str, ...]
    steps: Ints
    times: Floats
    values: Floats
    pairs: Ints | None = None

    def at(self, rows: Ints | slice) -> "Rows":
        """Some of the rows."""
        pairs = None if self.pairs is None else self.pairs[rows]
        return replace(
            self, steps=self.steps[rows], times=self.times[rows], values=self.values[rows],
            pairs=pairs,
        )  # fmt: skip


def encoded_rows(rows: Rows, *, exact: bool = False) -> bytes:
    """Framed events, in the order of the rows.

    Args:
        rows: Any number of them.
        exact: Put the float64 beside each float32, if one of them is not the same.
    """
    with np.errstate(over="ignore"):
        narrow = rows.values.astype("<f4")
    is_wide = exact and not ((narrow == rows.values) | np.isnan(rows.values)).all()
    sizes = _varint_sizes(rows.steps)
    groups = [np.flatnonzero(sizes == size) for size in np.unique(sizes)]
    if len(groups) == 1:
        return framed_rows(_table(rows, narrow, int(sizes[0]), is_wide=is_wide))
    tables = []
    for group in groups:
        part = rows.at(group)
        size = int(sizes[group[0]])
        table = _table(part, narrow[group], size, is_wide=is_wide)
        data = framed_rows(table)
        tables.append((group, np.frombuffer(data, np.uint8).reshape(len(group), -1)))
    return _interleaved(len(rows.steps), tables)


def _interleaved(count: int, tables: Sequence[tuple[Ints, Bytes]]) -> bytes:
    """Rows of several tables in one order."""
    lengths = np.empty(count, np.int64)
    for group, table in tables:
        lengths[group] = table.shape[1]
    starts = np.cumsum(lengths) - lengths
    whole = np.empty(int(lengths.sum()), np.uint8)
    for group, table in tables:
        windows = np.lib.stride_tricks.sliding_window_view(whole, table.shape[1], writeable=True)
        windows[starts[group]] = table
    return whole.tobytes()


def _table(rows: Rows, narrow: npt.NDArray[np.float32], step_bytes: int, *, is_wide: bool) -> Bytes:
    """Events without their frames, uint8 of shape (n, length)."""
    template, places = _template(
        rows.tags, step_bytes, is_wide=is_wide, is_pair=rows.pairs is not None
    )
    table = np.empty((len(rows.steps), len(template)), np.uint8)
    table[:] = np.frombuffer(template, np.uint8)
    table[:, 1:9] = _as_bytes(rows.times.astype("<f8"))
    table[:, 10 : 10 + step_bytes] = _varints(rows.steps, step_bytes)
    for column, at in enumerate(places):
        table[:, at : at + 4] = _as_bytes(narrow[:, column])
        if is_wide:
            wide_at = at + 4 + len(_EXACT_KEY)
            table[:, wide_at : wide_at + 8] = _as_bytes(rows.values[:, column].astype("<f8"))
    if rows.pairs is not None:
        table[:, -16:] = _as_bytes(rows.pairs.astype("<i8"))
    return table


def _template(
    tags: Sequence[str], step_bytes: int, *, is_wide: bool, is_pair: bool
) -> tuple[bytes, list[int]]:
    """An event with zeros for what differs, and where the float32 of each column is."""
    tail = _EXACT_KEY + bytes(8) if is_wide else b""
    heads = [text_field(1, tag) + varint(2 << 3 | FIXED32) for tag in tags]
    sizes = [len(head) + 4 + len(tail) for head in heads]
    values = [
        varint(1 << 3 | 2) + varint(size) + head for head, size in zip(heads, sizes, strict=True)
    ]
    length = sum(len(part) + 4 + len(tail) for part in values)
    start = b"".join((
        varint(1 << 3 | FIXED64), bytes(8), varint(2 << 3), bytes(step_bytes),
        varint(5 << 3 | 2), varint(length),
    ))  # fmt: skip
    parts, places, at = [start], [], len(start)
    for part in values:
        places.append(at + len(part))
        parts += [part, bytes(4), tail]
        at += len(part) + 4 + len(tail)
    if is_pair:
        parts.append(bytes_field(PAIR, bytes(16)))
    return b"".join(parts), places


def _as_bytes(column: npt.NDArray) -> Bytes:
    """Numbers of shape (n,) or (n, m) as uint8 of shape (n, bytes)."""
    return np.ascontiguousarray(column).view(np.uint8).reshape(len(column), -1)


def _varint_sizes(steps: Ints) -> Ints:
    words = steps.view(np.uint64)
    sizes = np.ones(len(steps), np.int64)
    for size in range(1, 10):
        sizes += words >= np.uint64(1 << 7 * size)
    return sizes


def _varints(steps: Ints, size: int) -> Bytes:
    words = steps.view(np.uint64)[:, None]
    shifts = np.arange(size, dtype=np.uint64) * np.uint64(7)
    found = (words >> shifts & np.uint64(0x7F)).astype(np.uint8)
    found[:, :-1] |= 0x80
    return found


def merged_rows(parts: Sequence[Rows]) -> list[Rows]:
    """Rows of other keys at the same step in one event, so far as they are written together.

    Args:
        parts: No two with the same tags.
    """
    merged: list[Rows] = []
    for part in parts if len(parts) <= _MOST_MERGED else ():
        rest: Rows | None = part
        for index, other in enumerate(merged):
            joined = _joined(other, rest)
            if joined is not None:
                both, left, rest = joined
                merged[index] = both
                merged += [left] if len(left.steps) else []
                break
        if rest is not None and len(rest.steps):
            merged.append(rest)
    return merged or list(parts)


def _joined(one: Rows, two: Rows) -> tuple[Rows, Rows, Rows] | None:
    """The rows of both at the same steps, and the others of each; None if there are none."""
    if set(one.tags) & set(two.tags) or (one.pairs is None) != (two.pairs is None):
        return None
    if not all((np.diff(part.steps) > 0).all() for part in (one, two)):
        return None
    _, first, second = np.intersect1d(one.steps, two.steps, assume_unique=True, return_indices=True)
    if not len(first):
        return None
    both = replace(
        one.at(first),
        tags=one.tags + two.tags,
        times=np.maximum(one.times[first], two.times[second]),
        values=np.concatenate([one.values[first], two.values[second]], axis=1),
    )
    others = [
        part.at(np.setdiff1d(np.arange(len(part.steps)), kept))
        for part, kept in ((one, first), (two, second))
    ]
    return both, others[0], others[1]
