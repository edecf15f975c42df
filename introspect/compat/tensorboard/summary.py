# ruff: noqa: FBT001, FBT002, PLR0913, PLR0917  signatures of torch
"""``torch.utils.tensorboard.summary``: values -> ``Summary`` objects of protobuf.

Needs the extra ``tensorboard``; the writers do not.

Not here: the bytes behind them (``encoding``, ``pictures``, ``histograms``).
"""

import struct
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from introspect.compat.tensorboard import encoding, pictures
from introspect.compat.tensorboard._convert_np import make_np
from introspect.compat.tensorboard.arguments import one_number, shape_of
from introspect.compat.tensorboard.messages import parsed
from introspect.compat.tensorboard.settings import check_hparams, plain_hparams
from introspect.compat.tensorboard.writer import kept_tensor

__all__ = [
    "audio", "compute_curve", "custom_scalars", "draw_boxes", "half_to_int", "histogram",
    "histogram_raw", "hparams", "image", "image_boxes", "int_to_half", "make_histogram",
    "make_image", "make_video", "mesh", "pr_curve", "pr_curve_raw", "scalar", "tensor_proto",
    "text", "video",
]  # fmt: skip


def half_to_int(f: float) -> int:
    """The bits of a float32 as an int32: how torch writes half-precision numbers.

    Example:
        >>> half_to_int(1.0), int_to_half(half_to_int(1.0))
        (1065353216, 1.0)
    """
    return struct.unpack("i", struct.pack("f", f))[0]


def int_to_half(i: int) -> float:
    """The way back."""
    return struct.unpack("f", struct.pack("i", i))[0]


def _calc_scale_factor(tensor: Any) -> int:
    return 1 if make_np(tensor).dtype == np.uint8 else 255


def hparams(
    hparam_dict: Any = None, metric_dict: Any = None, hparam_domain_discrete: Any = None
) -> tuple[Any, Any, Any]:
    """The summaries of an experiment, of the start and of the end of a session.

    Raises:
        TypeError: If these are no dicts that fit together.
        ValueError: If a value is none of bool, number, text and tensor.
    """
    check_hparams(hparam_dict, metric_dict, hparam_domain_discrete)
    chosen = plain_hparams(hparam_dict)
    one, two, three = encoding.hparams(chosen, metric_dict, hparam_domain_discrete or {})
    return parsed(one), parsed(two), parsed(three)


def scalar(
    name: str, tensor: Any, collections: Any = None, new_style: bool = False,
    double_precision: bool = False,
) -> Any:  # fmt: skip
    """A number.

    Raises:
        AssertionError: If it has not one element.
    """
    del collections  # torch does not use it, either
    number = one_number(tensor)
    return parsed(encoding.scalar(name, number, is_tensor=new_style, is_double=double_precision))


def tensor_proto(tag: str, tensor: Any) -> Any:
    """A tensor.

    Raises:
        ValueError: If it is too large, or of a dtype that TensorBoard does not know.
    """
    return parsed(encoding.tensor(*kept_tensor(tag, tensor)))


def histogram_raw(
    name: str, min: float, max: float, num: float, sum: float, sum_squares: float,  # noqa: A002  same
    bucket_limits: Sequence[float], bucket_counts: Sequence[float],
) -> Any:  # fmt: skip
    """A histogram that was counted already."""
    columns = [np.asarray(column, np.float64) for column in (bucket_limits, bucket_counts)]
    numbers: Any = (*map(float, (min, max, num, sum, sum_squares)), *columns)
    return parsed(encoding.histogram_raw(name, *numbers))


def histogram(name: str, values: Any, bins: Any, max_bins: int | None = None) -> Any:
    """A histogram of numbers. Unlike ``add_histogram`` it refuses what torch's refuses.

    Raises:
        NotImplementedError: If they are a list.
        ValueError: If there are none.
    """
    if isinstance(values, (list, tuple)):
        raise NotImplementedError(
            f"Got {type(values)}, but numpy array or torch tensor are expected."
        )
    if not make_np(values).size:
        raise ValueError("The input has no element.")
    bins = None if isinstance(bins, str) and bins == "tensorflow" else bins
    return parsed(encoding.histogram(name, make_np(values), bins, max_bins))


def make_histogram(values: Any, bins: Any, max_bins: int | None = None) -> Any:
    """The ``HistogramProto`` of some numbers."""
    return histogram("", values, bins, max_bins).value[0].histo


def image(tag: str, tensor: Any, rescale: float = 1, dataformats: str = "NCHW") -> Any:
    """A picture, or a grid of some."""
    return parsed(pictures.image(tag, make_np(tensor), dataformats, rescale))


def image_boxes(
    tag: str, tensor_image: Any, tensor_boxes: Any, rescale: float = 1, dataformats: str = "CHW",
    labels: Sequence[str] | None = None,
) -> Any:  # fmt: skip
    """A picture with boxes."""
    boxes = make_np(tensor_boxes)
    return parsed(pictures.image(tag, make_np(tensor_image), dataformats, rescale, boxes, labels))


def draw_boxes(disp_image: Any, boxes: Any, labels: Sequence[str] | None = None) -> Any:
    """Draw boxes into a picture of Pillow."""
    for index, box in enumerate(boxes):
        label = "" if labels is None else labels[index]
        pictures.draw_box(disp_image, [float(edge) for edge in box[:4]], label)
    return disp_image


def make_image(
    tensor: Any, rescale: float = 1, rois: Any = None, labels: Sequence[str] | None = None
) -> Any:
    """The ``Summary.Image`` of bytes of shape (H, W, C)."""
    packed = encoding.value("", pictures.encoded(tensor, rescale, rois, labels))
    return parsed(encoding.summed([packed])).value[0].image


def video(tag: str, tensor: Any, fps: float = 4) -> Any:
    """Films as a GIF."""
    return parsed(pictures.video(tag, make_np(tensor), fps))


def make_video(tensor: Any, fps: float) -> Any:
    """The ``Summary.Image`` of frames of shape (T, H, W, C), bytes."""
    packed = encoding.value("", pictures.film(tensor, fps))
    return parsed(encoding.summed([packed])).value[0].image


def audio(tag: str, tensor: Any, sample_rate: int = 44100) -> Any:
    """A sound of one channel.

    Raises:
        AssertionError: If it has more.
    """
    if sum(size != 1 for size in shape_of(tensor)) > 1:
        raise AssertionError("input tensor should be 1 dimensional.")
    return parsed(pictures.audio(tag, make_np(tensor), sample_rate))


def custom_scalars(layout: Mapping[str, Mapping[str, Any]]) -> Any:
    """A layout of charts."""
    return parsed(encoding.custom_scalars(layout))


def text(tag: str, text: str) -> Any:
    """A text."""
    return parsed(encoding.text(tag, text))


def pr_curve_raw(
    tag: str, tp: Any, fp: Any, tn: Any, fn: Any, precision: Any, recall: Any,
    num_thresholds: int = 127, weights: Any = None,
) -> Any:  # fmt: skip
    """A precision-recall curve from its rows."""
    del weights  # torch does not use them, either
    table = np.stack([make_np(row) for row in (tp, fp, tn, fn, precision, recall)])
    return parsed(encoding.pr_curve_raw(tag, table, num_thresholds))


def pr_curve(
    tag: str, labels: Any, predictions: Any, num_thresholds: int = 127, weights: Any = None
) -> Any:
    """A precision-recall curve."""
    most = min(num_thresholds, encoding.MOST_THRESHOLDS)
    return parsed(encoding.pr_curve(tag, make_np(labels), make_np(predictions), most, weights))


def compute_curve(
    labels: Any, predictions: Any, num_thresholds: int = 127, weights: Any = None
) -> Any:
    """The six rows of a precision-recall curve."""
    given = 1.0 if weights is None else weights
    return encoding.compute_curve(labels, predictions, num_thresholds, given)


def mesh(
    tag: str, vertices: Any, colors: Any, faces: Any, config_dict: Any, display_name: Any = None,
    description: Any = None,
) -> Any:  # fmt: skip
    """Points in space.

    Raises:
        ValueError: If one of the parts has other than three axes.
    """
    given = enumerate((vertices, faces, colors), 1)
    parts = {kind: make_np(part) for kind, part in given if part is not None}
    for part in parts.values():
        if part.ndim != 3:
            raise ValueError(f"Tensor shape should be of shape BxNx3, but got {part.shape}.")
    packed = encoding.mesh(
        tag, parts, config_dict, display_name=display_name or "", description=description or ""
    )
    return parsed(packed)
