"""``tensorboardX.utils``, as its users import it.

Not here: what it does (``compat.tensorboard.pictures``).
"""

from introspect.compat.tensorboard._utils import (
    _prepare_video,
    convert_to_HWC,
    figure_to_image,
    make_grid,
)
from introspect.compat.tensorboardx.arguments import convert_to_NTCHW

__all__ = ["_prepare_video", "convert_to_HWC", "convert_to_NTCHW", "figure_to_image", "make_grid"]
