# ruff: noqa: FBT001, FBT002, PLR0913, PLR0917  signatures of tensorboardX
"""``SummaryWriter`` of tensorboardX 2.6: the same calls and events, encoded in a thread.

Cost: in the loop 1.3 us a scalar.

Not here: what the events say (``compat.tensorboard.encoding``), the file
(``compat.tensorboard.stream``).
"""

import contextlib
import json
import os
import time
from collections.abc import Generator, Mapping, Sequence
from typing import Any, Self

import numpy as np

from introspect.compat.tensorboard import encoding, pictures
from introspect.compat.tensorboard.arguments import (
    array,
    keep,
    make_np,
    number,
    one_number,
    shape_of,
    step_of,
    warn_once,
)
from introspect.compat.tensorboard.embeddings import encode
from introspect.compat.tensorboard.histograms import default_edges
from introspect.compat.tensorboard.onnx import graph_def_of_onnx
from introspect.compat.tensorboard.recorder import FileWriter as _FileWriter
from introspect.compat.tensorboard.recorder import Recorder, default_folder
from introspect.compat.tensorboardx.arguments import check_video, clean_tag, convert_to_NTCHW
from introspect.compat.tensorboardx.openvino import graph_def_of_openvino


class FileWriter(_FileWriter):
    """Writes protocol buffers to an event file, with steps and times for a while."""

    profile_tag = "profiler"

    def __init__(
        self, logdir: str | os.PathLike[str], max_queue: int = 10, flush_secs: float = 120,
        filename_suffix: str = "",
    ) -> None:  # fmt: skip
        super().__init__(logdir, max_queue, flush_secs, filename_suffix)
        self._default_metadata: dict[str, Any] = {}

    def moment(self, step: Any, walltime: float | None) -> tuple[int, float]:
        """The step and the time of an event; those of `use_metadata` if none are given."""
        if self._default_metadata:
            step = self._default_metadata["global_step"] if step is None else step
            walltime = self._default_metadata["walltime"] if walltime is None else walltime
        return super().moment(step, walltime)

    def add_openvino_graph(self, graph: Any, walltime: float | None = None) -> None:
        """Add a ``GraphDef``."""
        self.add_onnx_graph(graph, walltime)

    @contextlib.contextmanager
    def use_metadata(
        self, *, global_step: Any = None, walltime: float | None = None
    ) -> Generator[Self]:
        """A step and a time for all events that have none.

        Raises:
            AssertionError: Inside of another one, or if neither is given.
        """
        if self._default_metadata:
            raise AssertionError("Default metadata is already set.")
        if global_step is None and walltime is None:
            raise AssertionError("At least one of `global_step` or `walltime` must be provided.")
        self._default_metadata = {"global_step": global_step, "walltime": walltime}
        try:
            yield self
        finally:
            self._default_metadata = {}


class DummyFileWriter(FileWriter):
    """Writes nothing."""

    def __init__(self, logdir: str | os.PathLike[str]) -> None:
        self._logdir = str(logdir)
        self._default_metadata = {}
        self.event_writer: Any = self

    def get_logdir(self) -> str:
        """The folder that would be written."""
        return self._logdir

    def add_event(self, event: Any, step: Any = None, walltime: float | None = None) -> None:
        """Nothing."""

    def add_content(self, *args: Any, **kwargs: Any) -> None:
        """Nothing."""

    def put(self, item: Any) -> None:
        """Nothing."""

    def flush(self) -> None:
        """Nothing."""

    def close(self) -> None:
        """Nothing."""

    def reopen(self) -> None:
        """Nothing."""


class SummaryWriter(Recorder):
    """Writes what a training says to event files that TensorBoard shows.

    Args:
        logdir: The folder; ``runs/<date>_<host><comment>`` if none is given.
        comment: Ends the name of that folder.
        purge_step: Hide what an earlier writer left in the folder at this step and later.
        max_queue: More than ten: so many events wake the thread that writes.
        flush_secs: Less than a second: how long an event waits at most. It never waits longer.
        filename_suffix: Ends the names of the files.
        write_to_disk: Otherwise nothing is written.
        log_dir: Another name for `logdir`.
        comet_config: Warns if it is not disabled: nothing is sent to Comet.
        **kwargs: As tensorboardX takes them; each warns.

    Raises:
        OSError: If there can be no such folder.

    Example:
        >>> import tempfile
        >>> from introspect.history.formats.events import read_events
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     with SummaryWriter(folder) as writer:
        ...         writer.add_scalar("my loss", 0.5, 3)
        ...     [(key, step, value) for key, step, _, value in read_events(folder)]
        [('my_loss', 3, 0.5)]
    """

    def __init__(
        self, logdir: str | os.PathLike[str] | None = None, comment: str | None = "",
        purge_step: int | None = None, max_queue: int | None = 10,
        flush_secs: float | None = 120, filename_suffix: str | None = "",
        write_to_disk: bool | None = True, log_dir: str | os.PathLike[str] | None = None,
        comet_config: Mapping[str, Any] | None = None, **kwargs: Any,
    ) -> None:  # fmt: skip
        if comet_config and not comet_config.get("disabled", False):
            warn_once(
                "comet_config", "SummaryWriter: comet_config is unused; nothing goes to Comet."
            )
        for name in kwargs:
            warn_once(f"SummaryWriter {name}", f"SummaryWriter: {name}= is unknown and unused.")
        self.logdir = logdir or log_dir or default_folder(comment or "")
        self.purge_step = purge_step
        self._options = (max_queue or 10, flush_secs or 120, filename_suffix or "")
        self._write_to_disk = bool(write_to_disk)
        self.kwargs = kwargs
        self.scalar_dict: dict[str, list[list[Any]]] = {}
        self._begin()

    @property
    def default_bins(self) -> list[float]:
        """The edges of ``bins="tensorflow"``."""
        return default_edges().tolist()

    def _folder(self) -> Any:
        return self.logdir

    def _new_file_writer(self, logdir: str) -> FileWriter:
        return (
            FileWriter(logdir, *self._options) if self._write_to_disk else DummyFileWriter(logdir)
        )

    def _purge(self) -> None:
        if self.purge_step is not None:
            self._write_purge(self.purge_step)

    def add_hparams(
        self, hparam_dict: dict[str, Any], metric_dict: dict[str, Any], name: str | None = None,
        global_step: Any = None,
    ) -> None:  # fmt: skip
        """Add hyper-parameters and the metrics that they led to, as a run below the folder.

        Raises:
            TypeError: If they are no dicts.
        """
        if type(hparam_dict) is not dict or type(metric_dict) is not dict:
            raise TypeError("hparam_dict and metric_dict should be dictionary.")
        summaries = encoding.hparams(
            named_callables(hparam_dict), metric_dict, {}, bools_are_numbers=False
        )
        place = os.path.join(self._get_file_writer().get_logdir(), name or str(time.time()))  # noqa: PTH118  a text
        with SummaryWriter(place, write_to_disk=self._write_to_disk) as below:
            for packed in summaries:
                below._get_file_writer().add_summary(packed)
            for tag, value in metric_dict.items():
                below.add_scalar(tag, value, global_step)

    def add_scalar(
        self, tag: str, scalar_value: Any, global_step: Any = None, walltime: float | None = None,
        display_name: str | None = "", summary_description: str | None = "",
    ) -> None:  # fmt: skip
        """Add a number; an array or tensor of one element, of any shape, is one.

        Raises:
            AssertionError: If it has another number of elements.
        """
        value, tag = one_number(scalar_value), clean_tag(tag)
        if display_name or summary_description:
            words = (display_name or "", summary_description or "")
            self._later(
                "add_scalar", tag, encoding.described_scalar, (tag, value, *words), global_step,
                walltime,
            )  # fmt: skip
            return
        writer = self._get_file_writer()
        writer.event_writer.put((tag, value, *writer.moment(global_step, walltime)))

    def add_scalars(
        self, main_tag: str, tag_scalar_dict: Mapping[str, Any], global_step: Any = None,
        walltime: float | None = None,
    ) -> None:  # fmt: skip
        """Add several numbers to one chart: each has a run of its own below the folder."""
        time_s = time.time() if walltime is None else walltime
        logdir = self._get_file_writer().get_logdir()
        for tag, one in tag_scalar_dict.items():
            value, place = one_number(one), os.path.join(logdir, main_tag, tag)  # noqa: PTH118  a key
            writer = self._writer_of(place)
            writer.event_writer.put((clean_tag(main_tag), value, step_of(global_step), time_s))
            self.scalar_dict.setdefault(place, []).append([time_s, global_step, value])

    def export_scalars_to_json(self, path: str | os.PathLike[str]) -> None:
        """Write what `add_scalars` was given, and forget it."""
        rows = {
            place: [[time_s, _plain(step), number(value)] for time_s, step, value in found]
            for place, found in self.scalar_dict.items()
        }
        with open(path, "w", encoding="utf-8") as file:  # noqa: PTH123  a path of any kind
            json.dump(rows, file)
        self.scalar_dict = {}

    def add_histogram(
        self, tag: str, values: Any, global_step: Any = None, bins: Any = "tensorflow",
        walltime: float | None = None, max_bins: int | None = None,
    ) -> None:  # fmt: skip
        """Add a histogram of an array or tensor of any shape; also of none or of NaN."""
        self._add_histogram(clean_tag(tag), values, bins, max_bins, global_step, walltime)

    def add_histogram_raw(
        self, tag: str, min: float, max: float, num: float, sum: float, sum_squares: float,  # noqa: A002  as there
        bucket_limits: Sequence[float], bucket_counts: Sequence[float], global_step: Any = None,
        walltime: float | None = None,
    ) -> None:  # fmt: skip
        """Add a histogram that was counted already.

        Raises:
            ValueError: If there are not as many limits as counts.
        """
        numbers = (min, max, num, sum, sum_squares)
        self._add_histogram_raw(tag, numbers, bucket_limits, bucket_counts, global_step, walltime)

    def add_image(
        self, tag: str, img_tensor: Any, global_step: Any = None, walltime: float | None = None,
        dataformats: str = "CHW",
    ) -> None:  # fmt: skip
        """Add a picture: floats from 0 to 1 or bytes; what is beyond is cut off.

        Raises:
            AssertionError: If the axes do not fit.
        """
        self._add_image("add_image", clean_tag(tag), img_tensor, dataformats, global_step, walltime)

    def add_images(
        self, tag: str, img_tensor: Any, global_step: Any = None, walltime: float | None = None,
        dataformats: str = "NCHW",
    ) -> None:  # fmt: skip
        """Add pictures as a grid, eight in a row; or a list of them, of axes CHW or HWC.

        Raises:
            AssertionError: If the axes do not fit.
        """
        if isinstance(img_tensor, list):
            if dataformats.upper() not in {"CHW", "HWC"}:
                warn_once(
                    "add_images", "add_images: a list of pictures needs CHW or HWC; left out."
                )
                return
            img_tensor, dataformats = (
                np.stack([make_np(one) for one in img_tensor]),
                f"N{dataformats}",
            )
        self._add_image(
            "add_images", clean_tag(tag), img_tensor, dataformats, global_step, walltime
        )

    def add_image_with_boxes(
        self, tag: str, img_tensor: Any, box_tensor: Any, global_step: Any = None,
        walltime: float | None = None, dataformats: str = "CHW",
        labels: str | Sequence[str] | None = None, rescale: float = 1,
    ) -> None:  # fmt: skip
        """Add a picture with boxes: rows of xmin, ymin, xmax, ymax in pixels."""
        texts = [labels] if isinstance(labels, str) else labels
        if texts is not None and len(texts) != shape_of(box_tensor)[0]:
            warn_once("labels", "add_image_with_boxes: not as many labels as boxes; left out.")
            texts = None
        self._add_image(
            "add_image_with_boxes", tag, img_tensor, dataformats, global_step, walltime,
            (rescale, keep(box_tensor), texts),
        )  # fmt: skip

    def add_figure(
        self, tag: str, figure: Any, global_step: Any = None, close: bool = True,
        walltime: float | None = None,
    ) -> None:  # fmt: skip
        """Add a figure of matplotlib, or a list of some of one size; drawn now."""
        self._add_figure(clean_tag(tag), figure, global_step, walltime, is_closed=close)

    def add_video(
        self, tag: str, vid_tensor: Any, global_step: Any = None, fps: float = 4,
        walltime: float | None = None, dataformats: str = "NTCHW",
    ) -> None:  # fmt: skip
        """Add films as one GIF; floats from 0 to 1, or bytes.

        Raises:
            AssertionError: If the axes do not fit.
        """
        check_video(shape_of(vid_tensor), dataformats)
        arguments = (clean_tag(tag), keep(vid_tensor), fps, dataformats)
        self._later("add_video", tag, _video, arguments, global_step, walltime)

    def add_audio(
        self, tag: str, snd_tensor: Any, global_step: Any = None, sample_rate: int = 44100,
        walltime: float | None = None,
    ) -> None:  # fmt: skip
        """Add a sound of shape (n,) or (n, 1 or 2), from -1 to 1; what is louder is cut off.

        Raises:
            AssertionError: If it has another shape.
        """
        check_sound(shape_of(snd_tensor))
        arguments = (tag, keep(snd_tensor), int(sample_rate))
        self._later("add_audio", tag, pictures.audio_of_x, arguments, global_step, walltime)

    def add_text(
        self, tag: str, text_string: str, global_step: Any = None, walltime: float | None = None
    ) -> None:
        """Add a text; Markdown."""
        self._later("add_text", tag, encoding.text, (tag, str(text_string)), global_step, walltime)

    def add_onnx_graph(self, onnx_model_file: str | os.PathLike[str]) -> None:
        """Add the graph of an ONNX file; the package onnx is not needed."""
        self._get_file_writer().add_onnx_graph(graph_def_of_onnx(onnx_model_file))

    def add_openvino_graph(self, xmlname: str | os.PathLike[str]) -> None:
        """Add the graph of an OpenVINO file.

        Raises:
            ValueError: If it is none.
        """
        self._get_file_writer().add_openvino_graph(graph_def_of_openvino(xmlname))

    def add_graph(
        self, model: Any, input_to_model: Any = None, verbose: bool = False,
        use_strict_trace: bool = True,
    ) -> None:  # fmt: skip
        """Add the graph of a model, as `introspect.trace` sees it.

        Raises:
            TraceError: If the model raises; a ``RuntimeError``.
            MissingExtraError: If tensorboard is not installed.
        """
        from introspect.compat.tensorboard._pytorch_graph import graph  # noqa: PLC0415  needs torch and protobuf

        self._get_file_writer().add_graph(graph(model, input_to_model, verbose, use_strict_trace))

    @staticmethod
    def _encode(rawstr: str) -> str:
        return encode(rawstr)

    def add_embedding(
        self, mat: Any, metadata: Sequence[Any] | None = None, label_img: Any = None,
        global_step: Any = None, tag: str = "default", metadata_header: Sequence[str] | None = None,
    ) -> None:  # fmt: skip
        """Add vectors to the projector; each call is listed there. Pictures need not be square.

        Raises:
            AssertionError: If the numbers of vectors, labels and pictures differ.
        """
        if self._write_to_disk:
            self._add_embedding(mat, metadata, label_img, global_step, tag, metadata_header)

    def add_pr_curve(
        self, tag: str, labels: Any, predictions: Any, global_step: Any = None,
        num_thresholds: int = 127, weights: Any = None, walltime: float | None = None,
    ) -> None:  # fmt: skip
        """Add a precision-recall curve.

        Raises:
            ValueError: If the sizes differ.
        """
        self._add_pr_curve(tag, labels, predictions, global_step, num_thresholds, weights, walltime)

    def add_pr_curve_raw(
        self, tag: str, true_positive_counts: Any, false_positive_counts: Any,
        true_negative_counts: Any, false_negative_counts: Any, precision: Any, recall: Any,
        global_step: Any = None, num_thresholds: int = 127, weights: Any = None,
        walltime: float | None = None,
    ) -> None:  # fmt: skip
        """Add a precision-recall curve from its numbers, each of shape ``(num_thresholds,)``."""
        if weights is not None:
            warn_once(
                "weights", "add_pr_curve_raw: the counts have their weights; weights= is unused."
            )
        rows = (
            true_positive_counts, false_positive_counts, true_negative_counts,
            false_negative_counts, precision, recall,
        )  # fmt: skip
        self._add_pr_curve_raw(tag, rows, global_step, num_thresholds, walltime)

    def add_custom_scalars_multilinechart(
        self, tags: Sequence[str], category: str = "default", title: str = "untitled"
    ) -> None:
        """Lay out one chart with several lines."""
        self.add_custom_scalars({category: {title: ["Multiline", tags]}})

    def add_custom_scalars_marginchart(
        self, tags: Sequence[str], category: str = "default", title: str = "untitled"
    ) -> None:
        """Lay out one chart with a line between two others; three tags."""
        self.add_custom_scalars({category: {title: ["Margin", tags]}})

    def add_custom_scalars(self, layout: Mapping[str, Mapping[str, Any]]) -> None:
        """Lay out charts: category, title, ``["Multiline" or "Margin", tags]``."""
        self._get_file_writer().add_summary(encoding.custom_scalars(layout))

    def add_mesh(
        self, tag: str, vertices: Any, colors: Any = None, faces: Any = None,
        config_dict: Mapping[str, Any] | None = None, global_step: Any = None,
        walltime: float | None = None,
    ) -> None:  # fmt: skip
        """Add points in space, with colours and faces of shape ``(B, N, 3)``, too."""
        given = (vertices, faces, colors)
        self._add_mesh(tag, encoding.mesh_of_x, given, config_dict, global_step, walltime)

    @contextlib.contextmanager
    def use_metadata(
        self, *, global_step: Any = None, walltime: float | None = None
    ) -> Generator[Self]:
        """A step and a time for all ``add_*`` that have none."""
        with self._get_file_writer().use_metadata(global_step=global_step, walltime=walltime):
            yield self


def named_callables(hparam_dict: Mapping[str, Any]) -> dict[str, Any]:
    """Hyper-parameters, functions and classes by their names."""
    return {
        name: getattr(value, "__name__", str(value)) if callable(value) else value
        for name, value in hparam_dict.items()
    }


def check_sound(shape: tuple[int, ...]) -> None:
    """Refuse what is neither (n,) nor (n, 1 or 2).

    Raises:
        AssertionError: If it is.
    """
    if len(shape) not in {1, 2}:
        raise AssertionError("Input tensor should be 2 dimensional.")
    if len(shape) == 2 and shape[1] not in {1, 2}:
        raise AssertionError("The second dimension should be 1 or 2.")


def _video(tag: str, kept: Any, fps: float, letters: str) -> bytes:
    return pictures.video(tag, convert_to_NTCHW(array(kept), letters), fps)


def _plain(step: Any) -> Any:
    return None if step is None else step_of(step)
