"""What a notebook shows of a running cell after a reload: a picture kept in the file.

A reloaded notebook shows what was saved, and a kernel that is busy cannot give the live picture
back until the cell ends. So a second output holds the picture of some seconds ago, complete and
interactive; the live picture hides it for as long as it is there (by its class, in ``web/canvas``),
and the end of the cell empties it.

Cost: 20 to 60 ms beside the training, first after 2 s and then ever more seldom, once a minute
at the end; cells that are over by then have no such output.

Not here: the live picture (``introspect.canvas.widget``), its page (``introspect.canvas.html``).
"""

import time
from collections.abc import Sequence
from typing import Any, Literal

from IPython.display import display

from introspect.canvas.html import fragment

_GAPS_S = (2.0, 4.0, 10.0, 20.0, 60.0)  # then as the last
_MOST_SHARE = 0.005  # of the time
_EMPTY = {"text/html": "", "text/plain": ""}


class KeptPicture:
    """The second output of one cell. Used by one thread at a time.

    Args:
        uid: Of the widget that hides it.
        theme: As the live picture has it.
        most_points: Of each line.
        frame_bytes: Of older steps of each panel.
    """

    def __init__(
        self,
        uid: str,
        *,
        theme: Literal["auto", "light", "dark"],
        most_points: int,
        frame_bytes: int,
    ) -> None:
        self._uid = uid
        self._options: dict[str, Any] = {
            "theme": theme,
            "most_points": most_points,
            "frame_bytes": frame_bytes,
            "state": "saved",
        }
        self._handle: Any = None
        self._times = 0
        self._due_s = time.monotonic() + _GAPS_S[0]

    def refresh(self, panels: Sequence[Any]) -> None:
        """Keep the picture of now, if it is time."""
        if not panels or time.monotonic() < self._due_s:
            return
        begin_s = time.thread_time()
        html = f'<div class="introspect-{self._uid}">{fragment(panels, **self._options)}</div>'
        data = {"text/html": html, "text/plain": "a picture that a running cell kept"}
        if self._handle is None:
            self._handle = display(data, raw=True, display_id=True)
        else:
            self._handle.update(data, raw=True)
        self._times += 1
        gap_s = _GAPS_S[min(self._times, len(_GAPS_S) - 1)]
        took_s = time.thread_time() - begin_s
        self._due_s = time.monotonic() + max(gap_s, took_s / _MOST_SHARE)

    def clear(self) -> None:
        """The cell has ended: its own output stands for it."""
        if self._handle is not None:
            self._handle.update(_EMPTY, raw=True)
            self._handle = None
