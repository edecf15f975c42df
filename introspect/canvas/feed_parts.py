"""What a feed asks of panels: frames and rows as parts of a message, and what is still the same.

Pure functions between panels and `Part`; what a browser holds is known to the feed alone.

Cost: that of the arrays which are looked at.

Not here: what is sent when (``introspect.canvas.feed``).
"""

import json
import zlib
from typing import Any

import numpy as np
import numpy.typing as npt

from introspect.canvas.message import Part, small
from introspect.canvas.shots import Shots
from introspect.canvas.specs import Described, described
from introspect.nouns.panels import MessagePanel, Series


def described_or_fault(panel: Any, name: str) -> Described:
    """What is told of a panel; one that cannot be told about becomes a message."""
    try:
        return described(panel, name)
    except Exception as fault:  # noqa: BLE001  one broken panel must not hide the others
        return described(_fault(panel, fault), name)


def _fault(panel: Any, fault: Exception) -> MessagePanel:
    title = getattr(panel, "title", "") or getattr(panel, "name", "")
    return MessagePanel(title, f"{type(fault).__name__}: {fault}")


def framed(
    name: str, shots: Shots, row: int, *, compact: bool = False
) -> tuple[dict[str, Any], list[Part]]:
    """A frame as JSON and its arrays; a fault is a frame that says so."""
    try:
        meta, arrays = shots.shot(row, compact=compact)
    except Exception as fault:  # noqa: BLE001  same
        meta, arrays = {"fault": f"{type(fault).__name__}: {fault}"[:2000]}, {}
    parts = [Part(f"{name}#{row}.{key}", fitted(values)) for key, values in arrays.items()]
    ids = {key: part.name for key, part in zip(arrays, parts, strict=True)}
    return {**meta, "panel": name, "row": row, "step": shots.step(row), "arrays": ids}, parts


def fitted(values: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """An array of a type that a message can hold."""
    known = ("float32", "int32", "uint16", "uint8")
    return values if values.dtype.name in known else small(values)


def row_parts(prefix: str, series: Series, first: int, end: int) -> list[Part]:
    """Rows of all columns of a line; the values last, so that what they need is there."""
    columns: dict[str, npt.NDArray[Any] | None] = {
        "x": series.steps,
        "gaps": None if series.gaps is None else series.gaps.astype(np.uint8),
        "low": series.low,
        "high": series.high,
        "y": series.values,
    }
    return [
        Part(f"{prefix}.{key}", fitted(column[first:end]), first)
        for key, column in columns.items()
        if column is not None
    ]


def line_continues(old: Series, rows: int, series: Series) -> bool:
    """Whether the first rows of a line are those that were sent of it."""
    if old is series:
        return True
    if len(series.values) < rows or (old.gaps is None) != (series.gaps is None):
        return False
    if (old.low is None) != (series.low is None) or old.name != series.name:
        return False
    return continues(old.steps, rows, series.steps) and continues(old.values, rows, series.values)


def continues(old: npt.NDArray[Any], rows: int, new: npt.NDArray[Any]) -> bool:
    """Whether the first rows are what they were: the same memory, or equal numbers."""
    if old.shape[1:] != new.shape[1:] or old.dtype != new.dtype or len(new) < rows:
        return False
    if old.__array_interface__["data"][0] == new.__array_interface__["data"][0]:
        return True  # memory of a column is not written twice, and is kept while we hold it
    return np.array_equal(old[:rows], new[:rows], equal_nan=old.dtype.kind == "f")


def same_value(old: Shots, new: Shots) -> bool:
    """Whether a panel without steps shows the very same object."""
    if old.lead is None or new.lead is None:
        parts = [getattr(new.panel, name, None) for name in ("graph", "depth")]
        known = [getattr(old.panel, name, None) for name in ("graph", "depth")]
        is_graph = parts[0] is not None and parts[0] is known[0] and parts[1] == known[1]
        return is_graph or old.panel is new.panel
    return len(old.lead.data) == len(new.lead.data) and all(
        a is b for a, b in zip(old.lead.data, new.lead.data, strict=True)
    )


def spread_rows(shots: Shots, after: int, newest: int, most: int) -> list[int]:
    """At most so many rows behind `after`, evenly, the newest among them."""
    if shots.is_whole:
        return [newest]
    count = newest - after
    if count <= 0:
        return []
    places = np.linspace(after + 1, newest, min(most, count))
    return sorted({round(float(place)) for place in places})


def from_outside(rows: list[int]) -> list[int]:
    """The newest, the oldest, then ever finer between: any beginning of it is spread evenly."""
    order: list[int] = []
    stride = 1 << max(len(rows) - 1, 1).bit_length()
    while stride:
        order += [at for at in range(0, len(rows), stride) if at not in order]
        stride //= 2
    newest = len(rows) - 1
    return [rows[at] for at in [newest, *(at for at in order if at != newest)] if at >= 0]


def digest_of(frame: dict[str, Any], parts: list[Part]) -> int:
    """A number that differs where frames differ."""
    digest = zlib.crc32(json.dumps(frame, sort_keys=True, default=str).encode())
    for part in parts:
        digest = zlib.crc32(np.ascontiguousarray(part.values).data, digest)
    return digest


def packed_size(values: npt.NDArray[Any]) -> int:
    """Bytes in a page: deflated, in base64."""
    return len(zlib.compress(np.ascontiguousarray(values).data, 1)) * 4 // 3
