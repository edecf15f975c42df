"""``torch.utils.tensorboard._convert_np``, as its users import it.

Not here: what it does (``arguments``).
"""

from introspect.compat.tensorboard.arguments import make_np

__all__ = ["make_np"]
