"""Sketches and numbers of a training -> the bytes in a page.

Columns, not records: like stands with like, and all is deflated at once. Per sketch, in the
order of the courses and their records (little-endian)::

    occupied bins u16 · first bin i16 · min max mean std f32 · norm f32 · extra f32 · saturated f32

then of all sketches the gaps between bins less one, low and high bytes; the bit lengths of the
counts as steps, folded (0 -1 1 -2 are 0 1 2 3); and the bits of the counts below the leading
one, least first, eight a byte. `extra` is the ratio of an update and the share of dead channels
of an activation. Words of four bytes are stored as four planes of bytes.

Counts are exact. What does not fit is counted in coarser bins first (quarters of an octave
for eighths: half of the bytes, and exact sums of the finer ones), then thinned evenly in time.

Cost: 40 us a sketch; 60 to 330 bytes of page for each, of a resnet50 with 50 records of weights
and gradients 2.3 MB.

Axes:
    S: sketches, K: occupied bins of all of them

Not here: the rest of the page (``page``); who reads it (web/life/store.ts).
"""

import base64
import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import inf, isfinite
from typing import Any

import numpy as np
import numpy.typing as npt

from introspect.graph.life.watched import Watched
from introspect.nouns.sketch import Sketch

FINEST, COARSEST = 3, 2
BUDGET_BYTES = 2_700_000
"""Of base64: with script and graph a page of three megabytes."""

_BYTES_A_BIN, _BYTES_A_SKETCH = 1.1, 26.0
_BASE64 = 4 / 3

Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class Packed:
    """What goes into the page.

    Attributes:
        watched: The records that fitted.
        bits: Mantissa bits of the bins.
        text: Deflated and in base64.
        odd: For sketches with values that are not finite: (which, NaN, -Inf, Inf, below, above).
    """

    watched: Watched
    bits: int
    text: str
    odd: tuple[tuple[int, ...], ...]


def pack(watched: Watched, *, budget_bytes: int = BUDGET_BYTES) -> Packed:
    """The bytes of a training, as fine as they fit.

    Args:
        watched: As read; left as it is.
        budget_bytes: Of base64.

    Example:
        >>> from introspect.graph.life.watched import Course
        >>> course = Course("weights", "w", (Sketch.of([1.0, 2.0]),))
        >>> packed = pack(Watched((0,), (course,), 1))
        >>> packed.bits, len(packed.text) < 120
        (3, True)
    """
    finest = min((sketch.bits for sketch in _sketches(watched)), default=FINEST)
    bits, most = min(FINEST, finest), len(watched.records)
    guess = sum(_guess(sketch) for sketch in _sketches(watched))
    if guess * _BASE64 > budget_bytes:
        bits = COARSEST
        share = budget_bytes / (guess * _BASE64)
        most = max(2, min(most, int(most * share * 2.2)))  # coarser bins take half, or less
    while True:
        kept = watched.thinned(most)  # always of all: thinned twice they would not be even
        text, odd = _packed(kept, bits)
        if len(text) <= budget_bytes or most <= 2:
            return Packed(kept, bits, text, odd)
        if bits > COARSEST:
            bits = COARSEST
        else:
            most = max(2, int(most * 0.97 * budget_bytes / len(text)))


def _sketches(watched: Watched) -> list[Sketch]:
    return [s for course in watched.courses for s in course.sketches if s is not None]


def _guess(sketch: Sketch) -> float:
    return _BYTES_A_SKETCH + _BYTES_A_BIN * len(sketch.bins)


def _packed(watched: Watched, bits: int) -> tuple[str, tuple[tuple[int, ...], ...]]:
    sketches = [sketch.coarser(bits) for sketch in _sketches(watched)]
    columns = [_halves(len(s.bins) for s in sketches)]
    columns.append(_halves(int(s.bins[0]) if len(s.bins) else 0 for s in sketches))
    columns += [_words(column) for column in zip(*map(_moments, sketches), strict=True)]
    columns += [_words(column) for column in _beside(watched)]
    columns += _bins([sketch.bins for sketch in sketches])
    columns += _counts([sketch.counts for sketch in sketches])
    packed = zlib.compress(b"".join(columns), 9)
    odd = tuple(
        (k, s.nans, *s.infinities, *s.overflows)
        for k, s in enumerate(sketches)
        if s.nans or any(s.infinities) or any(s.overflows)
    )
    return base64.b64encode(packed).decode("ascii"), odd


def _moments(sketch: Sketch) -> tuple[float, float, float, float]:
    finite = sketch.finite
    if not finite:
        return 0.0, 0.0, 0.0, 0.0
    std = sketch.std if isfinite(sketch.sum_squares) else inf
    return sketch.min, sketch.max, sketch.mean, std


def _beside(watched: Watched) -> list[list[float]]:
    """Norm, extra and saturated share of each sketch; NaN where there is none."""
    columns: list[list[float]] = [[], [], []]
    for course in watched.courses:
        words = ("norm", "dead" if course.kind == "activations" else "ratio", "saturated")
        for record, sketch in enumerate(course.sketches):
            if sketch is not None:
                for column, word in zip(columns, words, strict=True):
                    known = course.numbers.get(word)
                    column.append(float("nan") if known is None else float(known[record]))
    return columns


def _halves(numbers: Iterable[int]) -> bytes:
    return np.array(list(numbers), np.int64).astype("<u2").tobytes()  # also of negative ones


def _words(numbers: Sequence[float]) -> bytes:
    with np.errstate(over="ignore"):
        words = np.array(numbers, np.float64).astype("<f4")
    return words.view(np.uint8).reshape(-1, 4).T.tobytes()


def _bins(bins: Sequence[npt.NDArray[Any]]) -> list[bytes]:
    gaps = np.concatenate([np.empty(0, np.int64), *(np.diff(one) - 1 for one in bins)])
    return [(gaps & 0xFF).astype(np.uint8).tobytes(), (gaps >> 8).astype(np.uint8).tobytes()]


def _counts(counts: Sequence[Ints]) -> list[bytes]:
    """Bit lengths of all, then the bits below the leading ones of all."""
    lengths = [_bit_lengths(one) for one in counts]
    steps = np.concatenate([np.empty(0, np.int64), *(np.diff(one, prepend=0) for one in lengths)])
    folded = np.where(steps < 0, -2 * steps - 1, 2 * steps).astype(np.uint8)
    tails = [_tail_bits(one, length) for one, length in zip(counts, lengths, strict=True)]
    bits = np.concatenate([np.empty(0, np.uint8), *tails])
    return [folded.tobytes(), np.packbits(bits, bitorder="little").tobytes()]


def _bit_lengths(counts: Ints) -> Ints:
    length = np.frexp(counts.astype(np.float64))[1].astype(np.int64)
    return length - (counts >> np.minimum(length - 1, 62) == 0)  # where float64 rounded up


def _tail_bits(counts: Ints, lengths: Ints) -> npt.NDArray[np.uint8]:
    if not len(counts):
        return np.empty(0, np.uint8)
    places = np.arange(max(int(lengths.max()) - 1, 0))
    bits = ((counts[:, None] >> places) & 1).astype(np.uint8)
    return bits[places < (lengths - 1)[:, None]]
