"""Panels to messages for one browser: only what is new since the last one.

``panels -> Feed.update -> bytes -> web/canvas``. A feed knows what its browser holds: columns that
grew are continued, specifications that changed are sent again, frames are sent as a budget
of bytes allows. A new browser gets the whole shape of every line in the first message and the
exact rows in the following ones, none above 2 MiB.

Cost: microseconds a panel plus the bytes that are new, whatever the length of the history. A
column that is given as a new array each time is compared with what was sent, O(n).

Not here: the bytes (``introspect.canvas.message``), who reads them
(``introspect.canvas.widget``, ``introspect.canvas.page``).
"""

import json
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from introspect.canvas.feed_parts import (
    continues,
    described_or_fault,
    digest_of,
    framed,
    from_outside,
    line_continues,
    packed_size,
    row_parts,
    same_value,
    spread_rows,
)
from introspect.canvas.message import Part, encode
from introspect.canvas.shots import Shots
from introspect.canvas.specs import Described, arranged
from introspect.canvas.thin import coarse_parts, thin_parts
from introspect.nouns.panels import Series

MOST_BYTES = 2 << 20
"""Of one message."""

_ROOM = MOST_BYTES - (64 << 10)  # what is left for arrays, next to the header
_COARSE_ROWS = 4000
_COARSE_FROM = 50_000  # rows that are worth a first picture
_FRAME_BYTES_PER_S = 2_000_000
_MOST_FRAMES = 60  # that a new browser gets of one panel
_FRAMES_A_TICK = 8
_SLOW_S = 2.0


@dataclass(slots=True)
class _Sent:
    """What a browser holds of one line."""

    series: Series
    rows: int = 0
    total: int = 0  # rows that a coarse picture stands for; 0 without


@dataclass(slots=True)
class _Shown:
    """What a browser holds of the frames of one panel."""

    shots: Shots
    last: int = -1
    digest: int = 0
    version: int = 0
    due_s: float = 0.0
    waiting: list[int] = field(default_factory=list)  # older rows of a new browser


class Feed:
    """The messages of one browser, or of all browsers that hear the same channel.

    Example:
        >>> from introspect.canvas import Canvas
        >>> canvas = Canvas(backend="none")
        >>> canvas.draw_plot([3.0, 2.0])
        >>> feed = Feed()
        >>> first = feed.update(canvas.panels)
        >>> feed.update(canvas.panels) is None
        True
    """

    def __init__(self) -> None:
        self._seq = -1
        self._panels: Sequence[Any] = ()
        self._state: str | None = None
        self._budget, self._budget_s = float(MOST_BYTES), time.monotonic()
        self._forget()

    def _forget(self) -> None:
        self._is_new = True
        self._layout = ""
        self._specs: dict[str, str] = {}
        self._sent: dict[str, _Sent] = {}
        self._shown: dict[str, _Shown] = {}

    def update(self, panels: Sequence[Any], *, state: str | None = None) -> bytes | None:
        """What is new, in one message of at most 2 MiB; None if nothing is.

        What does not fit comes with the next call.

        Args:
            panels: Panels, Rows and Columns, as they are now.
            state: ``"live"``, ``"finished"``, ``"stopped"``, ``"failed"`` or "" for a still
                picture; None for what it was.
        """
        self._panels = panels
        return self._message(state, whole=False)

    def full(
        self,
        panels: Sequence[Any] | None = None,
        *,
        most_points: int | None = None,
        frame_bytes: int | None = None,
        state: str | None = None,
    ) -> list[bytes]:
        """Everything, for a browser that has nothing: coarse first, then exactly.

        Args:
            panels: As in `update`; None for those of the last call.
            most_points: Keep at most so many of each line, their extremes exactly, and round
                pictures to what can be seen. For files: nothing is to follow.
            frame_bytes: Of older frames of each panel at most; the newest is always there.
            state: As in `update`.
        """
        if panels is not None:
            self._panels = panels
        self._forget()
        if most_points is not None:
            return [self._still(most_points, frame_bytes or 0, state)]
        messages = []
        while True:
            message = self._message(state, whole=True)
            if message is None:
                return messages
            messages.append(message)

    def snapshot(self, *, most_points: int = 2000) -> bytes:
        """One message from which the next `update` goes on: the past thinned, nothing sent twice.

        For a browser that comes in the middle and whose question nobody can answer now.
        """
        _, found = arranged(self._panels)
        told = {name: described_or_fault(panel, name) for name, panel in found.items()}
        parts: list[Part] = []
        frames: list[dict[str, Any]] = []
        for one in told.values():
            for prefix in one.series:
                sent = self._sent.get(prefix)
                if sent is not None and max(sent.rows, sent.total):
                    rows = max(sent.rows, sent.total)
                    parts += coarse_parts(prefix, sent.series, rows, most_points)
        for name, shown in self._shown.items():
            if shown.last >= 0:
                frame, arrays = framed(name, shown.shots, shown.last, compact=True)
                frames.append(frame)
                parts += arrays
        header = {"seq": max(self._seq, 0), "reset": True, "state": self._state or "live"}
        specs = {name: json.loads(text) for name, text in self._specs.items()}
        layout = json.loads(self._layout or "[]")
        return encode({**header, "layout": layout, "panels": specs, "frames": frames}, parts)

    # One message -------------------------------------------------------------------------

    def _message(self, state: str | None, *, whole: bool) -> bytes | None:
        places, found = arranged(self._panels)
        header: dict[str, Any] = {}
        parts: list[Part] = []
        frames: list[dict[str, Any]] = []
        told = {name: described_or_fault(panel, name) for name, panel in found.items()}
        is_new = self._is_new
        room = self._add_shots(told, frames, parts, whole=whole or is_new)
        specs = self._changed_specs(told)
        room = self._add_coarse(told, parts, room)
        self._add_rows(told, parts, room)
        layout = json.dumps(places)
        if layout != self._layout:
            header["layout"], self._layout = places, layout
        if state is not None and state != self._state:
            self._state = state
            header["state"] = state
        header |= {"panels": specs} if specs else {}
        header |= {"frames": frames} if frames else {}
        if not header and not parts:
            return None
        if is_new:
            header |= {"reset": True, "state": self._state or "live"}
            self._state = self._state or "live"
            self._is_new = False
        self._seq += 1
        return encode({"seq": self._seq, **header}, parts)

    def _changed_specs(self, told: dict[str, Described]) -> dict[str, Any]:
        changed = {}
        for name, one in told.items():
            spec = one.spec
            shown = self._shown.get(name)
            if shown is not None and shown.version:
                spec = {**spec, "fresh": shown.version}
            text = json.dumps(spec, sort_keys=True, default=str)
            if self._specs.get(name) != text:
                self._specs[name] = text
                changed[name] = spec
        return changed

    def _still(self, most_points: int, frame_bytes: int, state: str | None) -> bytes:
        """One message that holds everything, thinned."""
        places, found = arranged(self._panels)
        parts: list[Part] = []
        frames: list[dict[str, Any]] = []
        specs = {}
        for name, panel in found.items():
            one = described_or_fault(panel, name)
            specs[name] = one.spec
            for prefix, series in one.series.items():
                parts += thin_parts(prefix, series, panel, most_points)
            if one.shots is not None:
                self._still_shots(name, one.shots, frames, parts, frame_bytes)
        header = {"seq": 0, "reset": True, "state": state if state is not None else ""}
        return encode({**header, "layout": places, "panels": specs, "frames": frames}, parts)

    def _still_shots(
        self,
        name: str,
        shots: Shots,
        frames: list[dict[str, Any]],
        parts: list[Part],
        most_bytes: int,
    ) -> None:
        left, first = most_bytes, True
        rows = spread_rows(shots, -1, shots.count - 1, _MOST_FRAMES)
        for row in from_outside(rows):
            frame, arrays = framed(name, shots, row, compact=True)
            size = sum(packed_size(part.values) for part in arrays) + len(json.dumps(frame))
            left -= 0 if first else size
            if left < 0:
                break
            first = False
            frames.append(frame)
            parts += arrays

    # Frames -------------------------------------------------------------------------------

    def _add_shots(
        self,
        told: dict[str, Described],
        frames: list[dict[str, Any]],
        parts: list[Part],
        *,
        whole: bool,
    ) -> int:
        """Frames that are due; what is left of the room of the message."""
        now = time.monotonic()
        self._budget = min(
            float(MOST_BYTES), self._budget + (now - self._budget_s) * _FRAME_BYTES_PER_S
        )
        self._budget_s = now
        room = _ROOM
        for name, one in told.items():
            if one.shots is None:
                self._shown.pop(name, None)
                continue
            shown = self._continued(name, one.shots)
            for row in self._due_rows(shown, one.shots, now, whole=whole):
                if not whole and self._budget <= 0:
                    break  # older rows are passed over, the newest comes later
                frame, arrays = framed(name, one.shots, row)
                size = sum(part.values.nbytes for part in arrays)
                if size > room and frames:
                    break
                shown.waiting = [other for other in shown.waiting if other != row]
                self._budget -= size
                if row == one.shots.count - 1:
                    digest = digest_of(frame, arrays)
                    if row == shown.last and digest == shown.digest:
                        continue
                    shown.last, shown.digest = row, digest
                room -= size
                frames.append(frame)
                parts += arrays
            shown.shots = one.shots
        return max(room, 0)

    def _continued(self, name: str, shots: Shots) -> _Shown:
        """What the browser holds; it begins anew where the panel is another one."""
        shown = self._shown.get(name)
        if shown is None:
            shown = self._shown[name] = _Shown(shots)
            if not shots.is_whole:
                shown.waiting = spread_rows(shots, -1, shots.count - 1, _MOST_FRAMES)[:-1]
            return shown
        old, new = shown.shots, shots
        sent = shown.last + 1
        same = old.kind == new.kind and old.title == new.title and new.count >= sent
        if same and old.lead is not None and new.lead is not None:
            before, now = old.lead.steps, new.lead.steps
            same = (before is None) == (now is None)
            if same and before is not None and now is not None:
                same = old.lead.name == new.lead.name and continues(before, sent, now)
        if not same:
            shown = self._shown[name] = _Shown(shots, version=shown.version + 1)
        return shown

    def _due_rows(self, shown: _Shown, shots: Shots, now: float, *, whole: bool) -> list[int]:
        """Rows whose frames are to be sent, the newest first."""
        newest = shots.count - 1
        if newest < 0 or (shots.is_slow and now < shown.due_s and shown.last >= 0):
            return []
        has_steps = shots.lead is not None and shots.lead.steps is not None
        if shown.last == newest:
            if has_steps:
                return shown.waiting[-_FRAMES_A_TICK:][::-1]
            if same_value(shown.shots, shots):
                return []
        shown.due_s = now + _SLOW_S
        if shots.is_whole or not has_steps or (whole and shown.last < 0):
            return [newest]
        return spread_rows(shots, shown.last, newest, _FRAMES_A_TICK)[::-1]

    # Lines --------------------------------------------------------------------------------

    def _add_coarse(self, told: dict[str, Described], parts: list[Part], room: int) -> int:
        """The whole shape of long lines that the browser has nothing of."""
        for one in told.values():
            for prefix, series in one.series.items():
                rows = min(len(series.steps), len(series.values))
                sent = self._sent.get(prefix)
                if (sent is not None and sent.rows) or rows < _COARSE_FROM:
                    continue
                coarse = coarse_parts(prefix, series, rows, _COARSE_ROWS)
                size = sum(part.values.nbytes for part in coarse)
                if size > room or (sent is not None and sent.total):
                    continue
                self._sent[prefix] = _Sent(series, 0, rows)
                room -= size
                parts += coarse
        return room

    def _add_rows(self, told: dict[str, Described], parts: list[Part], room: int) -> None:
        """Rows that the browser lacks, line by line while there is room."""
        lines = {prefix: series for one in told.values() for prefix, series in one.series.items()}
        for gone in set(self._sent) - set(lines):
            del self._sent[gone]
        if any(part.marks and "coarse" in part.marks for part in parts):
            room = 0  # the first picture should not wait for rows
        for prefix, series in lines.items():
            sent = self._sent.get(prefix)
            if sent is None or not line_continues(sent.series, sent.rows, series):
                sent = self._sent[prefix] = _Sent(series)
            rows = min(len(series.steps), len(series.values))
            each = 8 * (1 + series.steps.ndim + 2 * (series.low is not None)) + 1
            end = min(rows, sent.rows + room // each)
            if end > sent.rows or (rows == 0 and sent.series is not series):
                parts += row_parts(prefix, series, sent.rows, end)
                room -= (end - sent.rows) * each
            sent.series, sent.rows = series, max(end, sent.rows)
