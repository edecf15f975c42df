# ruff: noqa: FBT001, FBT002  signatures of torch
"""``torch.utils.tensorboard._utils``, as its users import it.

Not here: what it does (``pictures``).
"""

from introspect.compat.tensorboard.pictures import convert_to_HWC, drawn, make_grid
from introspect.compat.tensorboard.pictures import prepare_video as _prepare_video

__all__ = ["_prepare_video", "convert_to_HWC", "figure_to_image", "make_grid"]


def figure_to_image(figures: object, close: bool = True) -> object:
    """A figure of matplotlib as bytes of shape (3, H, W), or a list of them as (N, 3, H, W)."""
    return drawn(figures, close=close)
