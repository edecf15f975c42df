"""``tensorboardX.summary``: values -> ``Summary`` objects of protobuf.

Needs the extra ``tensorboard``; the writer does not.

Not here: the bytes behind them (``compat.tensorboard.encoding``).
"""

from collections.abc import Mapping, Sequence
from typing import Any

from introspect.compat.tensorboard import encoding, pictures
from introspect.compat.tensorboard import summary as _torch
from introspect.compat.tensorboard.arguments import one_number
from introspect.compat.tensorboard.messages import parsed
from introspect.compat.tensorboard.summary import (
    custom_scalars,
    draw_boxes,
    histogram_raw,
    make_histogram,
    make_image,
    make_video,
    pr_curve_raw,
    text,
)
from introspect.compat.tensorboardx.arguments import clean_tag, convert_to_NTCHW, make_np
from introspect.compat.tensorboardx.writer import check_sound, named_callables

__all__ = [
    "audio", "compute_curve", "custom_scalars", "draw_boxes", "histogram", "histogram_raw",
    "hparams", "image", "image_boxes", "make_histogram", "make_image", "make_video", "mesh",
    "pr_curve", "pr_curve_raw", "scalar", "text", "video",
]  # fmt: skip

_clean_tag = clean_tag
compute_curve = _torch.compute_curve


def hparams(hparam_dict: Any = None, metric_dict: Any = None) -> tuple[Any, Any, Any]:
    """The summaries of an experiment, of the start and of the end of a session."""
    chosen = named_callables(hparam_dict or {})
    one, two, three = encoding.hparams(chosen, metric_dict or {}, {}, bools_are_numbers=False)
    return parsed(one), parsed(two), parsed(three)


def scalar(name: str, scalar: Any, display_name: str = "", summary_description: str = "") -> Any:
    """A number.

    Raises:
        AssertionError: If it has not one element.
    """
    words = (display_name, summary_description)
    return parsed(encoding.described_scalar(clean_tag(name), one_number(scalar), *words))


def histogram(name: str, values: Any, bins: Any, max_bins: int | None = None) -> Any:
    """A histogram of numbers."""
    return _torch.histogram(clean_tag(name), make_np(values), bins, max_bins)


def image(tag: str, tensor: Any, rescale: float = 1, dataformats: str = "CHW") -> Any:
    """A picture, or a grid of some."""
    return _torch.image(clean_tag(tag), make_np(tensor), rescale, dataformats)


def image_boxes(
    tag: str, tensor_image: Any, tensor_boxes: Any, rescale: float = 1, dataformats: str = "CHW",
    labels: Sequence[str] | None = None,
) -> Any:  # fmt: skip
    """A picture with boxes."""
    return _torch.image_boxes(tag, tensor_image, tensor_boxes, rescale, dataformats, labels)


def video(tag: str, tensor: Any, fps: float = 4, dataformats: str = "NTCHW") -> Any:
    """Films as a GIF."""
    films = convert_to_NTCHW(make_np(tensor), dataformats)
    return parsed(pictures.video(clean_tag(tag), films, fps))


def audio(tag: str, tensor: Any, sample_rate: int = 44100) -> Any:
    """A sound of one or two channels.

    Raises:
        AssertionError: If it has more.
    """
    samples = make_np(tensor)
    check_sound(samples.shape)
    return parsed(pictures.audio_of_x(tag, samples, sample_rate))


def pr_curve(
    tag: str, labels: Any, predictions: Any, num_thresholds: int = 127, weights: Any = None
) -> Any:
    """A precision-recall curve."""
    return _torch.pr_curve(tag, make_np(labels), make_np(predictions), num_thresholds, weights)


def mesh(
    tag: str, vertices: Any, colors: Any, faces: Any, config_dict: Mapping[str, Any] | None = None
) -> Any:
    """Points in space."""
    given = enumerate((vertices, faces, colors), 1)
    parts = {kind: make_np(part) for kind, part in given if part is not None}
    return parsed(encoding.mesh_of_x(tag, parts, config_dict))
