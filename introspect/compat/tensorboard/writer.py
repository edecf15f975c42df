# ruff: noqa: FBT001, FBT002, PLR0913, PLR0917  signatures of torch
"""``SummaryWriter`` of ``torch.utils.tensorboard``: the same calls and events, encoded in a thread.

Arguments that torch refuses raise the same here, in the call. What is only found while encoding
is told once, as a warning of the next flush; nothing raises in a training loop for its data.

Cost: in the loop 0.3 us a scalar, 0.3 ms a histogram of a million float32 (the copy).

Not here: what the events say (``encoding``, ``pictures``, ``histograms``), the file (``stream``).
"""

import os
import time
from collections.abc import Mapping, Sequence
from typing import Any

from introspect.compat.tensorboard import encoding, pictures
from introspect.compat.tensorboard.arguments import (
    keep,
    make_np,
    one_number,
    shape_of,
    step_of,
    warn_once,
)
from introspect.compat.tensorboard.embeddings import encode
from introspect.compat.tensorboard.histograms import default_edges
from introspect.compat.tensorboard.onnx import graph_def_of_onnx
from introspect.compat.tensorboard.recorder import FileWriter, Recorder, default_folder
from introspect.compat.tensorboard.settings import check_hparams, plain_hparams

_now = time.time


class SummaryWriter(Recorder):
    """Writes what a training says to event files that TensorBoard shows.

    Args:
        log_dir: The folder; ``runs/<date>_<host><comment>`` if none is given.
        comment: Ends the name of that folder.
        purge_step: Hide what an earlier writer left in the folder at this step and later.
        max_queue: More than ten: so many events wake the thread that writes.
        flush_secs: Less than a second: how long an event waits at most. It never waits longer.
        filename_suffix: Ends the names of the files.

    Raises:
        OSError: If there can be no such folder.

    Example:
        >>> import tempfile
        >>> from introspect.history.formats.events import read_events
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     with SummaryWriter(folder) as writer:
        ...         writer.add_scalar("loss", 0.5, 3)
        ...     [(key, step, value) for key, step, _, value in read_events(folder)]
        [('loss', 3, 0.5)]
    """

    def __init__(
        self, log_dir: str | os.PathLike[str] | None = None, comment: str = "",
        purge_step: int | None = None, max_queue: int = 10, flush_secs: float = 120,
        filename_suffix: str = "",
    ) -> None:  # fmt: skip
        self.log_dir = log_dir or default_folder(comment)
        self.purge_step = purge_step
        self.max_queue = max_queue
        self.flush_secs = flush_secs
        self.filename_suffix = filename_suffix
        self._begin()

    @property
    def default_bins(self) -> list[float]:
        """The edges of ``bins="tensorflow"``."""
        return default_edges().tolist()

    def _folder(self) -> Any:
        return self.log_dir

    def _new_file_writer(self, logdir: str) -> FileWriter:
        return FileWriter(logdir, self.max_queue, self.flush_secs, self.filename_suffix)

    def _purge(self) -> None:
        if self.purge_step is not None:
            self._write_purge(self.purge_step)
            self.purge_step = None

    def get_logdir(self) -> Any:
        """The folder, as it was given."""
        return self.log_dir

    def add_scalar(
        self, tag: str, scalar_value: Any, global_step: Any = None, walltime: float | None = None,
        new_style: bool = False, double_precision: bool = False,
    ) -> None:  # fmt: skip
        """Add a number; an array or tensor of one element, of any shape, is one.

        Args:
            tag: Its name.
            scalar_value: It.
            global_step: An int.
            walltime: Seconds since 1970; now if None.
            new_style: Write a tensor, which TensorBoard loads faster.
            double_precision: With `new_style`, as float64.

        Raises:
            AssertionError: If it has another number of elements.
        """
        if scalar_value.__class__ is not float:
            scalar_value = one_number(scalar_value)
        if global_step.__class__ is not int:
            global_step = step_of(global_step)
        if new_style or double_precision:
            self._add_tensor_scalar(
                tag, scalar_value, global_step, walltime, (new_style, double_precision)
            )
            return
        queue = self._queue
        if queue is None:  # closed, or forked
            queue = self._open_queue()
        queue.append((tag, scalar_value, global_step, _now() if walltime is None else walltime))
        if not len(queue) % self._wake_at:
            self._stream.relieve()

    def _add_tensor_scalar(
        self, tag: str, value: Any, step: int, walltime: Any, options: tuple[bool, bool]
    ) -> None:
        is_tensor, is_double = options
        if not is_tensor:
            warn_once(
                "double_precision",
                "add_scalar: double_precision=True needs new_style=True; written as float32.",
            )
        make = _tensor_scalar if is_tensor else encoding.scalar
        extra = (is_double,) if is_tensor else ()
        self._later("add_scalar", tag, make, (tag, value, *extra), step, walltime)

    def add_scalars(
        self, main_tag: str, tag_scalar_dict: Mapping[str, Any], global_step: Any = None,
        walltime: float | None = None,
    ) -> None:  # fmt: skip
        """Add several numbers to one chart: each has a run of its own below the folder."""
        time_s = _now() if walltime is None else walltime
        step, logdir = step_of(global_step), self._get_file_writer().get_logdir()
        for tag, number in tag_scalar_dict.items():
            value = one_number(number)
            writer = self._writer_of(f"{logdir}/{main_tag.replace('/', '_')}_{tag}")
            writer.event_writer.put((main_tag, value, step, time_s))

    def add_tensor(
        self, tag: str, tensor: Any, global_step: Any = None, walltime: float | None = None
    ) -> None:
        """Add a tensor of torch of any dtype.

        Raises:
            ValueError: If it has 2 GB or more, or a dtype that TensorBoard does not know.
        """
        self._later(
            "add_tensor", tag, encoding.tensor, kept_tensor(tag, tensor), global_step, walltime
        )

    def add_histogram(
        self, tag: str, values: Any, global_step: Any = None, bins: Any = "tensorflow",
        walltime: float | None = None, max_bins: int | None = None,
    ) -> None:  # fmt: skip
        """Add a histogram of an array or tensor of any shape; also of none or of NaN.

        Args:
            tag: Its name.
            values: Copied.
            global_step: An int.
            bins: As of ``np.histogram``, or ``"tensorflow"``.
            walltime: Seconds since 1970; now if None.
            max_bins: Put neighbours together until there are about so many.
        """
        self._add_histogram(tag, values, bins, max_bins, global_step, walltime)

    def add_histogram_raw(
        self, tag: str, min: float, max: float, num: float, sum: float, sum_squares: float,  # noqa: A002  same
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
        """Add a picture: floats from 0 to 1 or bytes, of axes CHW, HWC, HW or NCHW.

        Raises:
            AssertionError: If the axes do not fit.
        """
        self._add_image("add_image", tag, img_tensor, dataformats, global_step, walltime)

    def add_images(
        self, tag: str, img_tensor: Any, global_step: Any = None, walltime: float | None = None,
        dataformats: str = "NCHW",
    ) -> None:  # fmt: skip
        """Add pictures as a grid, eight in a row.

        Raises:
            AssertionError: If the axes do not fit.
        """
        self._add_image("add_images", tag, img_tensor, dataformats, global_step, walltime)

    def add_image_with_boxes(
        self, tag: str, img_tensor: Any, box_tensor: Any, global_step: Any = None,
        walltime: float | None = None, rescale: float = 1, dataformats: str = "CHW",
        labels: str | Sequence[str] | None = None,
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
        self._add_figure(tag, figure, global_step, walltime, is_closed=close)

    def add_video(
        self, tag: str, vid_tensor: Any, global_step: Any = None, fps: float = 4,
        walltime: float | None = None,
    ) -> None:  # fmt: skip
        """Add films of shape (N, T, C, H, W) as one GIF; floats from 0 to 1, or bytes.

        Raises:
            ValueError: If it has other axes.
        """
        shape = shape_of(vid_tensor)
        if len(shape) != 5:
            raise ValueError(f"a video is of shape (N, T, C, H, W), not {shape}")
        self._later(
            "add_video", tag, pictures.video, (tag, keep(vid_tensor), fps), global_step, walltime
        )

    def add_audio(
        self, tag: str, snd_tensor: Any, global_step: Any = None, sample_rate: int = 44100,
        walltime: float | None = None,
    ) -> None:  # fmt: skip
        """Add a sound of one channel, from -1 to 1; what is louder is cut off.

        Raises:
            AssertionError: If it has several axes of more than one number.
        """
        if sum(size != 1 for size in shape_of(snd_tensor)) > 1:
            raise AssertionError("input tensor should be 1 dimensional.")
        self._later(
            "add_audio", tag, pictures.audio, (tag, keep(snd_tensor), int(sample_rate)),
            global_step, walltime,
        )  # fmt: skip

    def add_text(
        self, tag: str, text_string: str, global_step: Any = None, walltime: float | None = None
    ) -> None:
        """Add a text; Markdown."""
        self._later("add_text", tag, encoding.text, (tag, str(text_string)), global_step, walltime)

    def add_onnx_graph(self, prototxt: str | os.PathLike[str]) -> None:
        """Add the graph of an ONNX file; the package onnx is not needed.

        Raises:
            OSError: If it cannot be read.
            ValueError: If it is no ONNX model.
        """
        self._get_file_writer().add_onnx_graph(graph_def_of_onnx(prototxt))

    def add_graph(
        self, model: Any, input_to_model: Any = None, verbose: bool = False,
        use_strict_trace: bool = True,
    ) -> None:  # fmt: skip
        """Add the graph of a model, as `introspect.trace` sees it.

        Args:
            model: A module.
            input_to_model: What it is called with; a tuple or list are several arguments.
            verbose: Print the graph.
            use_strict_trace: Lists and dicts are recorded in any case.

        Raises:
            TraceError: If the model raises; a ``RuntimeError``, as in torch.
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
        """Add vectors to the projector; each call is listed there.

        Args:
            mat: Of shape ``(N, D)``.
            metadata: N labels, or N rows of labels with a header.
            label_img: Pictures of shape ``(N, C, H, W)``.
            global_step: An int.
            tag: The name.
            metadata_header: Of the columns.

        Raises:
            AssertionError: If these do not fit together.
        """
        self._add_embedding(mat, metadata, label_img, global_step, tag, metadata_header)

    def add_pr_curve(
        self, tag: str, labels: Any, predictions: Any, global_step: Any = None,
        num_thresholds: int = 127, weights: Any = None, walltime: float | None = None,
    ) -> None:  # fmt: skip
        """Add a precision-recall curve.

        Args:
            tag: Its name.
            labels: Of any shape, true or false.
            predictions: Of the same shape, from 0 to 1.
            global_step: An int.
            num_thresholds: At most 127.
            weights: Of the same shape, or one number.
            walltime: Seconds since 1970; now if None.

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
        """Lay out one chart with a line between two others.

        Raises:
            AssertionError: If there are not three tags.
        """
        if len(tags) != 3:
            raise AssertionError(f"Expected 3 tags, got {len(tags)}.")
        self.add_custom_scalars({category: {title: ["Margin", tags]}})

    def add_custom_scalars(self, layout: Mapping[str, Mapping[str, Any]]) -> None:
        """Lay out charts: category, title, ``["Multiline" or "Margin", tags]``."""
        packed = encoding.custom_scalars(layout)
        self._get_file_writer().add_summary(packed)

    def add_mesh(
        self, tag: str, vertices: Any, colors: Any = None, faces: Any = None,
        config_dict: Mapping[str, Any] | None = None, global_step: Any = None,
        walltime: float | None = None,
    ) -> None:  # fmt: skip
        """Add points in space, with colours and faces of shape ``(B, N, 3)``, too.

        Raises:
            ValueError: If one of them has other axes.
        """
        given = (vertices, faces, colors)
        self._add_mesh(tag, encoding.mesh, given, config_dict, global_step, walltime)

    def add_hparams(
        self, hparam_dict: dict[str, Any], metric_dict: dict[str, Any],
        hparam_domain_discrete: dict[str, list[Any]] | None = None, run_name: str | None = None,
        global_step: Any = None,
    ) -> None:  # fmt: skip
        """Add hyper-parameters and the metrics that they led to, as a run below the folder.

        Raises:
            TypeError: If they are no dicts, or a domain does not fit.
            ValueError: If a value is none of bool, number, text and tensor.
        """
        if type(hparam_dict) is not dict or type(metric_dict) is not dict:
            raise TypeError("hparam_dict and metric_dict should be dictionary.")
        check_hparams(hparam_dict, metric_dict, hparam_domain_discrete)
        chosen = plain_hparams(hparam_dict)
        summaries = encoding.hparams(chosen, metric_dict, hparam_domain_discrete or {})
        logdir = self._get_file_writer().get_logdir()
        with SummaryWriter(os.path.join(logdir, run_name or str(time.time()))) as below:  # noqa: PTH118  a text
            for packed in summaries:
                below._get_file_writer().add_summary(packed, global_step)
            for tag, number in metric_dict.items():
                below.add_scalar(tag, number, global_step)


def _tensor_scalar(tag: str, number: Any, is_double: bool) -> bytes:
    return encoding.scalar(tag, number, is_tensor=True, is_double=is_double)


def kept_tensor(tag: str, tensor: Any) -> tuple[str, Any, str]:
    """What `encoding.tensor` takes, of a tensor of torch.

    Raises:
        ValueError: If it has 2 GB or more, or a dtype that TensorBoard does not know.
    """
    if tensor.numel() * tensor.itemsize >= encoding.MOST_BYTES:
        raise ValueError("tensor is bigger than protocol buffer's hard limit of 2GB in size")
    dtype = str(tensor.dtype).removeprefix("torch.")
    if dtype not in encoding.TENSORS:
        raise ValueError(f"{tag} has unsupported tensor dtype {tensor.dtype}")
    plain = tensor.detach().int_repr() if tensor.is_quantized else tensor
    return tag, make_np(plain.detach().cpu()).copy(), dtype
