"""``tensorboardX.x2num``, as its users import it.

Not here: what it does (``arguments``).
"""

from introspect.compat.tensorboardx.arguments import check_nan, make_np

__all__ = ["check_nan", "make_np"]
