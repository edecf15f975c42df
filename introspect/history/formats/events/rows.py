"""Rows of numbers -> framed events, one for each row: a table of bytes filled by columns.

Events of the same keys differ in nothing but time, step and values, so one is built by hand
and the others are copies of it with other bytes in those places.

Cost: 0.3 us an event of one scalar, 1 us of ten; 0.5 us of one scalar if there are but 200.

Axes:
    n: rows    k: keys

Not here: other values (``showing``), reading such rows (``columns``).
"""

from collections.abc import Iterator, Sequence
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
        ticks: int64 of shape ``(n,)``: when they were logged, in ns of any clock.
        steps: int64 of shape ``(n,)``, as TensorBoard shows them.
        times: float64 of shape ``(n,)``, seconds since 1970.
        values: float64 of shape ``(n, k)``.
        pairs: int64 of shape ``(n, 2)`` where steps are (epoch, step), else None.
    """

    tags: tuple[str, ...]
    ticks: Ints
    steps: Ints
    times: Floats
    values: Floats
    pairs: Ints | None = None

    def at(self, rows: Ints | slice) -> "Rows":
        """Some of the rows."""
        pairs = None if self.pairs is None else self.pairs[rows]
        return replace(
            self, ticks=self.ticks[rows], steps=self.steps[rows], times=self.times[rows],
            values=self.values[rows], pairs=pairs,
        )  # fmt: skip


def encoded_rows(parts: Sequence[Rows], *, exact: bool = False) -> bytes:
    """Framed events of all parts, in the order in which they were logged.

    Args:
        parts: Any number of rows each.
        exact: Put the float64 beside each float32, in parts in which one of them is not the same.

    A TensorBoard that is watching drops the points of a tag that are followed by one of a lower
    step, so what was logged first must stand first, whichever part it is in.
    """
    order = np.argsort(np.concatenate([part.ticks for part in parts]), kind="stable")
    places = np.empty(len(order), np.int64)
    places[order] = np.arange(len(order))
    tables: list[tuple[Ints, Bytes]] = []
    for part in parts:
        mine, places = places[: len(part.steps)], places[len(part.steps) :]
        tables += [(mine[group], table) for group, table in _tables(part, is_exact=exact)]
    if len(tables) == 1:
        return tables[0][1].tobytes()
    return _interleaved(len(order), tables)


def _tables(rows: Rows, *, is_exact: bool) -> Iterator[tuple[Ints, Bytes]]:
    """Rows of one length and their framed events, uint8 of shape (n, length)."""
    with np.errstate(over="ignore"):
        narrow = rows.values.astype("<f4")
    is_wide = is_exact and not ((narrow == rows.values) | np.isnan(rows.values)).all()
    sizes = _varint_sizes(rows.steps)
    for size in np.unique(sizes).tolist():
        group = np.flatnonzero(sizes == size)
        table = _table(rows.at(group), narrow[group], size, is_wide=is_wide)
        data = framed_rows(table)
        yield group, np.frombuffer(data, np.uint8).reshape(len(group), -1)


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

    What is put together counts as logged when the last of it was; rows between which one of
    their tags was logged again stay apart, for that would turn the tag's order round.
    """
    if not 1 < len(parts) <= _MOST_MERGED:
        return list(parts)
    again = _logged_again(parts)
    merged: list[tuple[Rows, Ints]] = []
    for part in zip(parts, again, strict=True):
        rest = part
        for index, other in enumerate(merged):
            joined = _joined(other, rest)
            if joined is not None:
                merged[index], left, rest = joined
                merged += [left] if len(left[1]) else []
                break
        if len(rest[1]):
            merged.append(rest)
    return [rows for rows, _ in merged]


def _logged_again(parts: Sequence[Rows]) -> list[Ints]:
    """When one of the tags of each row was logged the next time, in ticks."""
    by_tag: dict[str, list[Ints]] = {}
    for part in parts:
        for tag in part.tags:
            by_tag.setdefault(tag, []).append(part.ticks)
    never = np.array([np.iinfo(np.int64).max])
    sorted_ticks = {
        tag: np.concatenate([np.sort(np.concatenate(ticks)), never])
        for tag, ticks in by_tag.items()
    }
    found = []
    for part in parts:
        soonest = np.full(len(part.ticks), never[0])
        for ticks in {
            id(ticks): ticks for ticks in (sorted_ticks[tag] for tag in part.tags)
        }.values():
            following = ticks[np.searchsorted(ticks, part.ticks, side="right")]
            np.minimum(soonest, following, out=soonest)
        found.append(soonest)
    return found


def _joined(
    one: tuple[Rows, Ints], two: tuple[Rows, Ints]
) -> tuple[tuple[Rows, Ints], tuple[Rows, Ints], tuple[Rows, Ints]] | None:
    """The rows of both at the same steps, and the others of each; None if there are none."""
    (a, a_again), (b, b_again) = one, two
    if set(a.tags) & set(b.tags) or (a.pairs is None) != (b.pairs is None):
        return None
    if not all((np.diff(part.steps) > 0).all() for part in (a, b)):
        return None
    _, first, second = np.intersect1d(a.steps, b.steps, assume_unique=True, return_indices=True)
    ticks = np.maximum(a.ticks[first], b.ticks[second])
    again = np.minimum(a_again[first], b_again[second])
    is_free = ticks < again
    first, second, ticks, again = first[is_free], second[is_free], ticks[is_free], again[is_free]
    if not len(first):
        return None
    both = replace(
        a.at(first),
        tags=a.tags + b.tags,
        ticks=ticks,
        times=np.maximum(a.times[first], b.times[second]),
        values=np.concatenate([a.values[first], b.values[second]], axis=1),
    )
    left, rest = (
        np.setdiff1d(np.arange(len(part.steps)), kept) for part, kept in ((a, first), (b, second))
    )
    return (both, again), (a.at(left), a_again[left]), (b.at(rest), b_again[rest])
