# ruff: noqa: PLR0917  signatures of torch
"""What both summary writers share: files, the queue, and how a call becomes an event later.

Cost: in the loop 0.3 us a scalar; of anything else, 5 us and a copy.

Not here: the ``add_*`` of torch (``writer``) and of tensorboardX (``compat.tensorboardx``).
"""

import os
import socket
import time
import weakref
from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np

from introspect.compat.tensorboard import encoding, pictures
from introspect.compat.tensorboard.arguments import keep, make_np, shape_of, size_bytes, step_of
from introspect.compat.tensorboard.embeddings import check_embedding, encode, write_embedding
from introspect.compat.tensorboard.histograms import default_edges
from introspect.compat.tensorboard.stream import EventFileWriter, Job
from introspect.history.formats.events.messages import FILE_VERSION
from introspect.history.formats.events.proto import bytes_field, int_field, text_field

_RECORDERS: "weakref.WeakSet[Recorder]" = weakref.WeakSet()


class FileWriter:
    """Writes protocol buffers to an event file.

    Args:
        log_dir: The folder; made now.
        max_queue: More than ten: so many events wake the thread that writes.
        flush_secs: Less than a second: how long an event waits at most.
        filename_suffix: Ends the name of the file.

    Raises:
        OSError: If there can be no such folder or file.
    """

    def __init__(
        self, log_dir: str | os.PathLike[str], max_queue: int = 10, flush_secs: float = 120,
        filename_suffix: str = "",
    ) -> None:  # fmt: skip
        self.event_writer = EventFileWriter(str(log_dir), max_queue, flush_secs, filename_suffix)
        self.is_closed = False

    def get_logdir(self) -> str:
        """The folder."""
        return self.event_writer.get_logdir()

    def moment(self, step: Any, walltime: float | None) -> tuple[int, float]:
        """The step and the time of an event."""
        return step_of(step), time.time() if walltime is None else walltime

    def add_event(self, event: Any, step: Any = None, walltime: float | None = None) -> None:
        """Add an ``Event``, at a step and time of its own if none is given."""
        at, event.wall_time = self.moment(step, walltime)
        if step is not None:
            event.step = at
        self.event_writer.add_event(event)

    def add_summary(
        self, summary: Any, global_step: Any = None, walltime: float | None = None
    ) -> None:
        """Add a ``Summary``; its bytes will do, too."""
        packed = summary if isinstance(summary, bytes) else summary.SerializeToString()
        self.add_content("add_summary", encoding.as_event, (packed,), global_step, walltime)

    def add_graph(self, graph_profile: Any, walltime: float | None = None) -> None:
        """Add a ``GraphDef`` and its ``RunMetadata``."""
        graph, profile = graph_profile[:2]
        packed = bytes_field(4, graph.SerializeToString())
        self.add_content("add_graph", bytes, (packed,), None, walltime)
        run = text_field(1, self.profile_tag) + bytes_field(2, profile.SerializeToString())
        self.add_content("add_graph", bytes, (bytes_field(8, run),), None, walltime)

    profile_tag = "step1"

    def add_onnx_graph(self, graph: Any, walltime: float | None = None) -> None:
        """Add a ``GraphDef``; its bytes will do, too."""
        packed = graph if isinstance(graph, bytes) else graph.SerializeToString()
        self.add_content("add_onnx_graph", bytes, (bytes_field(4, packed),), None, walltime)

    def add_content(
        self, where: str, make: Callable[..., bytes], arguments: tuple[Any, ...], step: Any = None,
        walltime: float | None = None,
    ) -> None:  # fmt: skip
        """Queue an event whose content is made later.

        Args:
            where: The call, for messages.
            make: Given the arguments, makes the field that says what the event is.
            arguments: Nobody else changes them.
            step: Of the event.
            walltime: Likewise, in seconds since 1970.
        """
        at, time_s = self.moment(step, walltime)
        job = Job(where, make, arguments, sum(map(size_bytes, arguments)))
        self.event_writer.put((None, job, at, time_s))

    def flush(self) -> None:
        """Have everything in the file when this returns."""
        self.event_writer.flush()

    def close(self) -> None:
        """Flush, and let go of the file."""
        self.is_closed = True
        self.event_writer.close()

    def reopen(self) -> None:
        """Go on after `close`."""
        self.is_closed = False
        self.event_writer.reopen()


class Recorder:
    """A summary writer without its ``add_*``."""

    file_writer: Any
    all_writers: dict[str, Any] | None

    def _begin(self) -> None:
        self._queue: Any = None
        self._stream: Any = None
        self._projected: set[str] = set()
        self.file_writer = self.all_writers = None
        _RECORDERS.add(self)
        self._get_file_writer()

    def _new_file_writer(self, logdir: str) -> Any:
        raise NotImplementedError

    def _get_file_writer(self) -> Any:
        """The writer of the main folder; opened again if it was closed."""
        if self.all_writers is None or self.file_writer is None:
            self.file_writer = self._new_file_writer(str(self._folder()))
            self.all_writers = {self.file_writer.get_logdir(): self.file_writer}
            self._purge()
        return self.file_writer

    def _folder(self) -> Any:
        raise NotImplementedError

    def _purge(self) -> None:
        raise NotImplementedError

    def _write_purge(self, step: Any) -> None:
        """Hide what an earlier writer left at a step and later."""
        for content in (text_field(3, FILE_VERSION), bytes_field(7, int_field(1, 1))):
            self.file_writer.add_content("purge_step", bytes, (content,), step)

    def _open_queue(self) -> Any:
        """The queue that scalars go into."""
        self._stream = self._get_file_writer().event_writer.stream()
        self._queue = self._stream.queue
        self._wake_at = self._stream.wake_at
        return self._queue

    def forget(self) -> None:
        """In a process that was forked: the queue belongs to the parent."""
        self._queue = self._stream = None

    def _writer_of(self, logdir: str) -> Any:
        """A writer of another folder, which lives as long as this one."""
        self._get_file_writer()
        writers = self.all_writers if self.all_writers is not None else {}
        if logdir not in writers:
            writers[logdir] = self._new_file_writer(logdir)
        return writers[logdir]

    def _later(
        self, method: str, tag: str, make: Callable[..., bytes], arguments: tuple[Any, ...],
        step: Any = None, walltime: float | None = None, *, writer: Any = None,
    ) -> None:  # fmt: skip
        """Queue a summary."""
        (writer or self._get_file_writer()).add_content(
            f"{method}({tag!r:.80})", _as_event, (_Sized(arguments), make), step, walltime
        )

    def _add_histogram(
        self, tag: str, values: Any, bins: Any, max_bins: int | None, step: Any, walltime: Any
    ) -> None:
        if isinstance(bins, str) and bins == "tensorflow":
            bins = None
        elif not isinstance(bins, (str, int)):
            given = np.array(bins, np.float64)
            bins = None if np.array_equal(given, default_edges()) else given
        self._later(
            "add_histogram", tag, encoding.histogram, (tag, keep(values), bins, max_bins), step,
            walltime,
        )  # fmt: skip

    def _add_histogram_raw(
        self, tag: str, numbers: Sequence[Any], limits: Any, counts: Any, step: Any, walltime: Any
    ) -> None:
        if len(limits) != len(counts):
            raise ValueError("len(bucket_limits) != len(bucket_counts), see the document.")
        columns = [
            np.asarray(make_np(column), np.float64).reshape(-1).copy()
            for column in (limits, counts)
        ]
        five = [float(number) for number in numbers]
        self._later(
            "add_histogram_raw", tag, encoding.histogram_raw, (tag, *five, *columns), step, walltime
        )

    def _add_image(
        self, method: str, tag: str, pixels: Any, letters: str, step: Any, walltime: Any,
        extra: tuple[Any, ...] = (),
    ) -> None:  # fmt: skip
        pictures.check_format(shape_of(pixels), letters)
        self._later(
            method, tag, pictures.image, (tag, keep(pixels), letters, *extra), step, walltime
        )

    def _add_figure(
        self, tag: str, figure: Any, step: Any, walltime: Any, *, is_closed: bool
    ) -> None:
        pixels = pictures.drawn(figure, close=is_closed)
        letters = "NCHW" if isinstance(figure, list) else "CHW"
        self._later("add_figure", tag, pictures.image, (tag, pixels, letters), step, walltime)

    def _add_pr_curve(
        self, tag: str, labels: Any, predictions: Any, step: Any, thresholds: int, weights: Any,
        walltime: Any,
    ) -> None:  # fmt: skip
        sizes = {int(np.prod(shape_of(part))) for part in (labels, predictions)}
        if len(sizes) != 1:
            raise ValueError(f"labels and predictions are not of one size: {sorted(sizes)}")
        kept = weights if weights is None or isinstance(weights, float) else keep(weights)
        arguments = (
            tag, keep(labels), keep(predictions), min(thresholds, encoding.MOST_THRESHOLDS), kept,
        )  # fmt: skip
        self._later("add_pr_curve", tag, encoding.pr_curve, arguments, step, walltime)

    def _add_pr_curve_raw(
        self, tag: str, rows: Sequence[Any], step: Any, thresholds: int, walltime: Any
    ) -> None:
        table = np.stack([make_np(row) for row in rows])
        self._later(
            "add_pr_curve_raw", tag, encoding.pr_curve_raw, (tag, table, thresholds), step, walltime
        )

    def _add_mesh(
        self, tag: str, make: Callable[..., bytes], given: Sequence[Any], config: Any, step: Any,
        walltime: Any,
    ) -> None:  # fmt: skip
        present = {kind: part for kind, part in enumerate(given, 1) if part is not None}
        for part in present.values():
            shape = shape_of(part)
            if len(shape) != 3:
                raise ValueError(f"Tensor shape should be of shape BxNx3, but got {shape}.")
        parts = {kind: keep(part) for kind, part in present.items()}
        self._later("add_mesh", tag, make, (tag, parts, config), step, walltime)

    def _add_embedding(
        self, mat: Any, metadata: Any, pictures_given: Any, step: Any, tag: str, header: Any
    ) -> None:
        shape = None if pictures_given is None else shape_of(pictures_given)
        check_embedding(shape_of(mat), metadata, header, shape)
        number = str(0 if step is None else step_of(step)).zfill(5)
        subdir, name = f"{number}/{encode(tag)}", f"{tag}:{number}"
        logdir = self._get_file_writer().get_logdir()
        repeats = 1
        while name in self._projected:  # a loop without steps: each keeps a place of its own
            repeats += 1
            subdir, name = f"{number}/{encode(tag)}.{repeats}", f"{tag}:{number}.{repeats}"
        self._projected.add(name)
        place = Path(logdir, *subdir.split("/"))
        if place.is_file():
            raise NotADirectoryError(f"Path: `{place}` exists, but is a file. Cannot proceed.")
        rows = None if metadata is None else [_frozen(row) for row in metadata]
        kept = None if pictures_given is None else keep(pictures_given)
        arguments = (logdir, subdir, name, keep(mat), rows, header, kept)
        self._get_file_writer().add_content(
            f"add_embedding(tag={tag!r:.80})", _without_event, (_Sized(arguments), write_embedding)
        )

    def flush(self) -> None:
        """Have everything in the files when this returns."""
        for writer in (self.all_writers or {}).values():
            writer.flush()

    def close(self) -> None:
        """Flush, and let go of the files; another ``add_*`` would go on in a new one."""
        for writer in (self.all_writers or {}).values():
            writer.close()
        self.file_writer = self.all_writers = None
        self._queue = self._stream = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:  # fmt: skip
        self.close()


class _Sized(tuple):
    """Arguments that say how much memory they hold."""

    __slots__ = ()

    @property
    def nbytes(self) -> int:
        return sum(
            sum(map(size_bytes, part.values())) if isinstance(part, dict) else size_bytes(part)
            for part in self
        )


def _as_event(arguments: tuple[Any, ...], make: Callable[..., bytes]) -> bytes:
    return encoding.as_event(make(*arguments))


def _without_event(arguments: tuple[Any, ...], make: Callable[..., bytes]) -> bytes:
    return make(*arguments)


def _frozen(row: Any) -> Any:
    return row if isinstance(row, (list, tuple)) else str(row)


def default_folder(comment: str) -> str:
    """Where a writer goes that was told no folder: ``runs/May04_22-14-54_host`` and a comment."""
    now = datetime.now().astimezone().strftime("%b%d_%H-%M-%S")
    return os.path.join("runs", f"{now}_{socket.gethostname()}{comment}")  # noqa: PTH118  a text, as in torch


def _forget_in_child() -> None:
    for recorder in list(_RECORDERS):
        recorder.forget()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget_in_child)
