"""Every value as a scalar in TensorBoard's event files, without TensorBoard or TensorFlow.

Not here: how they are written (``introspect.compat.tensorboard``).
"""

import os
from datetime import UTC, datetime
from pathlib import Path

from introspect.compat.livelossplot.main_logger import Items, MainLogger
from introspect.compat.livelossplot.outputs.base_output import BaseOutput


class TensorboardLogger(BaseOutput):
    """Writes what is new at each ``send``: each value once, at its own step.

    Args:
        logdir: Folder of all runs.
        run_id: Folder of this one in it; the time in UTC if None.

    Attributes:
        writer: The ``SummaryWriter``.
    """

    def __init__(
        self, logdir: str | os.PathLike[str] = "./tensorboard_logs/", run_id: str | None = None
    ) -> None:
        from introspect.compat.tensorboard import SummaryWriter  # noqa: PLC0415  it imports torch

        name = datetime.now(tz=UTC).strftime("%Y-%m-%d %H_%M_%S") if run_id is None else run_id
        self._path = Path(logdir) / name
        self.writer = SummaryWriter(str(self._path))
        self._written: dict[str, tuple[Items, int]] = {}

    def close(self) -> None:
        """Close the file; a later ``send`` opens another."""
        self.writer.close()

    def log_scalar(self, name: str, value: float, global_step: float) -> None:
        """Write one value."""
        self.writer.add_scalar(name, value, global_step)

    def send(self, logger: MainLogger) -> None:
        """Write what is new in the logger."""
        for name, items in logger.log_history.items():
            known, count = self._written.get(name, (items, 0))
            count = count if known is items else 0
            for item in items[count:]:
                if item.value is not None:
                    self.log_scalar(name, item.value, item.step)
            self._written[name] = (items, len(items))
        self.writer.flush()
