"""Records -> columns of numbers, without parsing each: events of one writer differ in few bytes.

Of the records of one length the first is parsed, which says where its time, step, tags and
numbers lie. Every other one that has the same bytes elsewhere is read from the same places, all
at once; what is left goes round again, and what is no event of numbers is left to ``decoding``.

Cost: 0.1 us an event of one scalar, without its checksums.

Axes:
    n: events    k: numbers in each    L: bytes of a record

Not here: the records (``records``), values that are no numbers (``decoding``).
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from introspect.history.formats.events.messages import EXACT, PAIR
from introspect.history.formats.events.proto import (
    BYTES,
    FIXED32,
    FIXED64,
    VARINT,
    read_varint,
    signed,
)
from introspect.history.formats.events.records import Batch

Ints = npt.NDArray[np.int64]
Bytes = npt.NDArray[np.uint8]
Span = tuple[int, int]
"""First byte, and the byte behind the last."""

_MOST_BYTES = 1 << 16  # of a record that may be one of numbers
_MOST_LAYOUTS = 64  # tried for the records of one length


@dataclass(frozen=True, slots=True, eq=False)
class Numbers:
    """Events that hold the same keys, all numbers.

    Attributes:
        order: int64 of shape ``(n,)``: which records of the batch they are.
        keys: One for each column.
        steps: int64 of shape ``(n,)``.
        times: float64 of shape ``(n,)``, seconds since 1970.
        values: float64 of shape ``(n, k)``.
        pairs: int64 of shape ``(n, 2)`` where steps were (epoch, step), else None.
        forms: The dtype of each column if it was written as a tensor, else ``""``.
        metas: The metadata that each column had with it, serialised.
    """

    order: Ints
    keys: tuple[str, ...]
    steps: Ints
    times: npt.NDArray[np.float64]
    values: npt.NDArray[np.float64]
    pairs: Ints | None
    forms: tuple[str, ...]
    metas: tuple[bytes, ...]

    def at(self, rows: Any) -> "Numbers":
        """Some of the rows."""
        pairs = None if self.pairs is None else self.pairs[rows]
        columns = {
            name: getattr(self, name)[rows] for name in ("order", "steps", "times", "values")
        }
        return replace(self, **columns, pairs=pairs)


@dataclass(slots=True)
class _Number:
    """Where one value has its tag and its number."""

    tag: Span = (0, 0)
    number: Span = (0, 0)
    exact: Span | None = None
    form: str = ""
    meta: Span = (0, 0)


@dataclass(slots=True)
class _Layout:
    """Where one event has what."""

    time: Span | None
    step: Span | None
    pair: Span | None
    numbers: list[_Number]

    def variable(self) -> list[Span]:
        spans = [self.time, self.step, self.pair]
        for number in self.numbers:
            spans += [number.tag, number.number, number.exact]
        return [span for span in spans if span is not None]


def numbers_of(batch: Batch) -> tuple[list[Numbers], list[int]]:
    """The events of a batch that hold numbers, and the indices of all others."""
    found: list[Numbers] = []
    rest: list[int] = []
    for order, rows in batch.groups():
        if rows.shape[1] > _MOST_BYTES:
            rest += order.tolist()
            continue
        left = np.arange(len(order))
        for _ in range(_MOST_LAYOUTS):
            if not len(left):
                break
            layout = _layout(rows[left[0]].tobytes())
            if layout is None:
                rest.append(int(order[left[0]]))
                left = left[1:]
                continue
            same = _same(rows, left, layout)
            for numbers, others in _read(rows, order, left[same], layout):
                found += [numbers] if numbers is not None else []
                rest += others
            left = left[~same]
        rest += order[left].tolist()
    return found, sorted(rest)


def _same(rows: Bytes, left: Ints, layout: _Layout) -> npt.NDArray[np.bool_]:
    """Which of the rows left differ from the first of them only where the layout lets them."""
    is_fixed = np.ones(rows.shape[1], bool)
    for first, end in layout.variable():
        is_fixed[first:end] = False
    fixed = np.flatnonzero(is_fixed)
    part = rows if len(left) == len(rows) else rows[left]
    same = (part[:, fixed] == part[0, fixed]).all(axis=1)
    if layout.step is not None:  # as many bytes
        first, end = layout.step
        same &= (part[:, first:end] & 0x80 == part[0, first:end] & 0x80).all(axis=1)
    return same


def _read(
    rows: Bytes, order: Ints, chosen: Ints, layout: _Layout
) -> Iterator[tuple[Numbers | None, list[int]]]:
    """The numbers of rows of one layout, for each set of keys; and records to be parsed."""
    part = rows if len(chosen) == len(rows) else rows[chosen]
    count = len(part)
    times = _column(part, layout.time, "<f8") if layout.time else np.zeros(count)
    steps = _varints(part, layout.step) if layout.step else np.zeros(count, np.int64)
    pairs = None
    if layout.pair:
        first, end = layout.pair
        pairs = np.ascontiguousarray(part[:, first:end]).view("<i8").astype(np.int64)
    values = np.empty((count, len(layout.numbers)))
    for index, number in enumerate(layout.numbers):
        first, end = number.exact or number.number
        values[:, index] = _column(part, (first, end), "<f4" if end - first == 4 else "<f8")
    forms = tuple(number.form for number in layout.numbers)
    # Of the layout, so the same bytes in every row.
    metas = tuple(part[0, slice(*number.meta)].tobytes() for number in layout.numbers)
    for group in _by_tags(part, layout):
        keys = tuple(
            part[group[0], slice(*number.tag)].tobytes().decode("utf-8", "replace")
            for number in layout.numbers
        )
        places = order[chosen[group]]
        if len(set(keys)) < len(keys) or not all(keys):
            yield None, places.tolist()
            continue
        yield (
            Numbers(
                order=places,
                keys=keys,
                steps=steps[group],
                times=times[group],
                values=values[group],
                pairs=None if pairs is None else pairs[group],
                forms=forms,
                metas=metas,
            ),
            [],
        )


def _by_tags(part: Bytes, layout: _Layout) -> Iterator[Ints]:
    """Rows with the same tags."""
    places = np.concatenate([np.arange(*number.tag) for number in layout.numbers])
    tags = np.ascontiguousarray(part[:, places])
    if (tags == tags[0]).all():
        yield np.arange(len(part))
        return
    # Sorting bytes takes four times as long as sorting a number made of them.
    words = np.random.default_rng(0).integers(1, 1 << 62, len(places), np.uint64) | np.uint64(1)
    marks = np.zeros(len(part), np.uint64)
    for column, word in enumerate(words.tolist()):
        marks += tags[:, column].astype(np.uint64) * np.uint64(word)
    ranks = np.argsort(marks, kind="stable")
    borders = np.flatnonzero(np.diff(marks[ranks])) + 1
    for group in np.split(ranks, borders):
        same = (tags[group] == tags[group[0]]).all(axis=1)
        yield group[same]
        for other in group[~same]:  # as good as never
            yield np.array([other])


def _column(part: Bytes, span: Span, dtype: str) -> npt.NDArray[np.float64]:
    return np.ascontiguousarray(part[:, span[0] : span[1]]).view(dtype).ravel().astype(np.float64)


def _varints(part: Bytes, span: Span) -> Ints:
    words = np.zeros(len(part), np.uint64)
    for index, column in enumerate(range(*span)):
        words |= (part[:, column] & 0x7F).astype(np.uint64) << np.uint64(7 * index)
    return words.view(np.int64)


def _layout(record: bytes) -> _Layout | None:
    """Where an event of numbers has what; None if it is another kind of event."""
    layout = _Layout(None, None, None, [])
    view = memoryview(record)
    try:
        for number, wire, span in _spans(view, 0, len(view)):
            if (number, wire) == (1, FIXED64) and layout.time is None:
                layout.time = span
            elif (number, wire) == (2, VARINT) and layout.step is None:
                layout.step = span
            elif (number, wire) == (PAIR, BYTES) and span[1] - span[0] == 16:
                layout.pair = span
            elif (number, wire) == (5, BYTES) and not layout.numbers:
                layout.numbers = [
                    _number(view, *inner) if (field, form) == (1, BYTES) else _refuse()
                    for field, form, inner in _spans(view, *span)
                ]
            else:
                return None
    except ValueError:
        return None
    return layout if layout.numbers else None


def _number(view: memoryview, first: int, end: int) -> _Number:
    found = _Number()
    for number, wire, span in _spans(view, first, end):
        if (number, wire) == (1, BYTES):
            found.tag = span
        elif (number, wire) == (2, FIXED32):
            found.number = span
        elif (number, wire) == (EXACT, FIXED64):
            found.exact = span
        elif (number, wire) == (8, BYTES):
            found.form, found.number = _tensor(view, *span)
        elif (number, wire) == (9, BYTES):
            found.meta = span
        elif (number, wire) != (7, BYTES):
            _refuse()
    return found if found.number[1] else _refuse()


def _tensor(view: memoryview, first: int, end: int) -> tuple[str, Span]:
    """The dtype of a tensor without dimensions, and where its one number is."""
    dtype, place = 0, (0, 0)
    for number, wire, span in _spans(view, first, end):
        if (number, wire) == (1, VARINT):
            dtype = read_varint(view, span[0])[0]
        elif (number, wire) == (2, BYTES) and span[0] == span[1]:
            pass
        elif number in {4, 5, 6} and wire != VARINT and not place[1]:
            place = span
        else:
            _refuse()
    size = place[1] - place[0]
    if (dtype, size) not in {(1, 4), (2, 8)}:
        _refuse()
    return ("float32" if dtype == 1 else "float64"), place


def _spans(view: memoryview, at: int, end: int) -> Iterator[tuple[int, int, Span]]:
    """Number, wire type and place of each field of a message."""
    inside = view[:end]
    while at < end:
        key, at = read_varint(inside, at)
        wire, first = key & 7, at
        if wire == VARINT:
            _, at = read_varint(inside, at)
        elif wire == BYTES:
            size, first = read_varint(inside, at)
            at = first + size
        elif wire in {FIXED32, FIXED64}:
            at += 4 if wire == FIXED32 else 8
        else:
            _refuse()
        if at > end or signed(at) < first:
            _refuse()
        yield key >> 3, wire, (first, at)


def _refuse() -> Any:
    raise ValueError("no event of numbers")
