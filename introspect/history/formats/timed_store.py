"""A run folder that is written from elsewhere, with the times of another clock.

Not here: what is written (``events.importing``, ``hiddenlayer``), the store itself
(``introspect.history.store``).
"""

import threading
import uuid
from pathlib import Path

from introspect.errors import DataError, IntrospectError
from introspect.history.blocks import Block, Cell, Part
from introspect.history.segment import row_frames
from introspect.history.store import Frame, Store

_BATCH_BYTES = 1 << 20


class TimedStore(Store):
    """A store that keeps every time to the nanosecond, and raises at the end if it must.

    A new attempt of the run, if there is one in the folder.
    """

    def __init__(self, folder: Path) -> None:
        self._problems: list[IntrospectError] = []
        super().__init__(
            folder,
            lambda _, problem: self._problems.append(problem),
            threading.RLock(),
            family=uuid.uuid4().hex,
        )

    def add(self, parts: list[Part]) -> bool:
        """Encode parts, and write them when there are some; False if the disk takes no more."""
        self.encode(parts)
        if self.backlog_bytes > _BATCH_BYTES:
            self.write()
        return self.backlog_bytes <= _BATCH_BYTES

    def finish(self) -> None:
        """Write the rest and the end of the file.

        Raises:
            DataError: If not everything is in it.
        """
        self.open()  # a run without values is a run as well
        self.close()
        if self.waiting_count or self.dropped_count or self.segment is None or self._problems:
            raise DataError(
                "the run cannot be written.",
                where=str(self._folder),
                cause=self._problems[0] if self._problems else None,
                hint="free some space, and import again",
            )

    def _encoded_values(self, taken: list[Part], ids: dict[str, int]) -> list[Frame]:
        blocks = [part for part in taken if isinstance(part, Block)]
        cells = [part for part in taken if isinstance(part, Cell)]
        frames = row_frames(blocks, ids, tick_unit_ns=1)
        values: list[Frame] = [(data, count, None) for data, count in frames]
        return values + [(self._encoded(cell, ids[cell.key]), 1, cell) for cell in cells]
