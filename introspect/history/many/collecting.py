"""Looks at a folder of runs, again and again, and reads only what is new.

Not here: the table that it makes (``table``).
"""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from introspect.history.folder import existing_folder
from introspect.history.many.finding import Found, find_runs
from introspect.history.many.glance import Glance, Signature, glance_at, signature_of
from introspect.history.many.indexed import IndexedRun
from introspect.history.many.memory import remember, remembered
from introspect.history.many.places import is_url, local_copy
from introspect.history.many.row import RunRow

if TYPE_CHECKING:
    from introspect.history.many.table import Runs

_MOST_OPEN = 64  # running runs whose numbers stay in memory between two looks


class Collector:
    """A folder of runs, looked at more than once.

    Args:
        folder: Where they lie; may be a URL of fsspec.
        pattern: As of `runs`.
        cache: Remember on disk what runs said.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     len(Collector(folder, cache=False).table())
        0
    """

    def __init__(
        self,
        folder: str | os.PathLike[str],
        *,
        pattern: str | Sequence[str] | None = None,
        cache: bool = True,
    ) -> None:
        is_far = is_url(folder)
        self.folder = existing_folder(local_copy(str(folder)) if is_far else folder)
        self._pattern = pattern
        self._is_remembering = cache and not is_far
        self._known: dict[str, tuple[Signature, Glance]] | None = None
        self._open: dict[str, IndexedRun] = {}

    def table(self) -> "Runs":
        """The runs as they are now. A run that did not change costs a look at its files."""
        from introspect.history.many.table import Runs  # noqa: PLC0415  the table begins here

        if self._known is None:
            self._known = remembered(self.folder) if self._is_remembering else {}
        rows, is_new = [], False
        for found in find_runs(self.folder, pattern=self._pattern):
            signature = signature_of(found)
            place = str(found.path)
            known = self._known.get(place)
            if known is None or known[0] != signature or found.problem:
                known = (signature, self._read(found))
                self._known[place] = known
                is_new = True
            rows.append(self._row(found, known[1]))
        if is_new and self._is_remembering:
            remember(self.folder, self._known)
        return Runs(self.folder, tuple(rows))

    def _read(self, found: Found) -> Glance:
        run = self._open.pop(str(found.path), None) or IndexedRun(found.path)
        glance = glance_at(found, run)
        if glance.state() == "running" and len(self._open) < _MOST_OPEN:
            self._open[str(found.path)] = run
        return glance

    def _row(self, found: Found, glance: Glance) -> RunRow:
        return RunRow(found.name, Path(found.path), glance.state(), glance)
