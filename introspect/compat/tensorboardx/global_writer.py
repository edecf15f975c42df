# ruff: noqa: FBT001, FBT002, PLR0913, PLR0917  signatures of tensorboardX
"""``GlobalSummaryWriter`` of tensorboardX: one writer for a program, which counts the steps itself.

Processes that were forked count on together and write to the same file. Better than tensorboardX's:
it starts no process for its counters.

Not here: the writer (``writer``), the counters (``shared_counts``).
"""

import os
from typing import Any

from introspect.compat.tensorboard.arguments import warn_once
from introspect.compat.tensorboardx.shared_counts import SharedCounts
from introspect.compat.tensorboardx.writer import SummaryWriter

_writer: "GlobalSummaryWriter | None" = None


class GlobalSummaryWriter:
    """A `SummaryWriter` whose steps are counted: 0, 1, 2, ... for each tag of each kind.

    Args:
        logdir: As of `SummaryWriter`, as all others.
        comment: Likewise.
        purge_step: Likewise.
        max_queue: Likewise.
        flush_secs: Likewise.
        filename_suffix: Likewise.
        write_to_disk: Likewise.
        log_dir: Likewise.
        coalesce_process: Forks always count together; False warns.
        **kwargs: As of `SummaryWriter`.
    """

    def __init__(
        self, logdir: str | os.PathLike[str] | None = None, comment: str = "",
        purge_step: int | None = None, max_queue: int = 10, flush_secs: float = 120,
        filename_suffix: str = "", write_to_disk: bool = True,
        log_dir: str | os.PathLike[str] | None = None, coalesce_process: bool = True,
        **kwargs: Any,
    ) -> None:  # fmt: skip
        if not coalesce_process:
            warn_once("coalesce_process", "GlobalSummaryWriter: coalesce_process is unused.")
        self.smw = SummaryWriter(
            logdir, comment, purge_step, max_queue, flush_secs, filename_suffix, write_to_disk,
            log_dir, **kwargs,
        )  # fmt: skip
        self._counts = SharedCounts()

    def _step(self, kind: str, tag: str) -> int:
        return self._counts.next(f"{kind} {tag}")

    def add_scalar(self, tag: str, scalar_value: Any, walltime: float | None = None) -> None:
        """Add a number at the next step of its tag."""
        self.smw.add_scalar(tag, scalar_value, self._step("scalar", tag), walltime)

    def add_image(
        self, tag: str, img_tensor: Any, walltime: float | None = None, dataformats: str = "CHW"
    ) -> None:
        """Add a picture at the next step of its tag."""
        step = self._step("image", tag)
        self.smw.add_image(tag, img_tensor, step, walltime=walltime, dataformats=dataformats)

    def add_text(self, tag: str, text_string: str, walltime: float | None = None) -> None:
        """Add a text at the next step of its tag."""
        self.smw.add_text(tag, text_string, self._step("text", tag), walltime)

    @staticmethod
    def getSummaryWriter() -> "GlobalSummaryWriter":  # noqa: N802  tensorboardX's name
        """The one of this program."""
        global _writer  # noqa: PLW0603  what the class is for
        if _writer is None:
            _writer = GlobalSummaryWriter()
        return _writer

    @property
    def file_writer(self) -> Any:
        """The writer of its folder."""
        return self.smw._get_file_writer()  # noqa: SLF001  as tensorboardX has it

    def close(self) -> None:
        """Flush, and let go of the files."""
        self.smw.close()
