"""A run that is read in threads of a server: its damage is kept, not warned of.

Python's filters of warnings belong to the whole process, so they are left alone; what would be a
warning in the thread of a user is a panel on the page.

Not here: the panel (``introspect.viewer.library``).
"""

from introspect.history import History
from introspect.history.many import RunRow


class QuietHistory(History):
    """A History to be read that warns of nothing."""

    __slots__ = ()

    def _warn(self, last: str | None = None, *, stacklevel: int) -> None:
        """Forget it: the table of runs tells of the same damage."""
        del last, stacklevel
        if self._run is not None:
            self._run.new_damage()
        self._writer.pop_problems()


def opened(run: RunRow) -> QuietHistory:
    """The run, to be read.

    Raises:
        HistoryError: If it cannot be read.
        SegmentError: If it is gone.
    """
    if run.state == "unreadable":
        run.open()  # raises, with what is wrong
    return QuietHistory.open(run.path)
