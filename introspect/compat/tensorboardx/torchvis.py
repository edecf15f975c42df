"""``TorchVis`` of tensorboardX: one call to several writers.

Not here: the writer for Visdom (``"visdom"`` warns).
"""

from typing import Any

from introspect.compat.tensorboard.arguments import warn_once
from introspect.compat.tensorboardx.writer import SummaryWriter

vis_formats = {"tensorboard": SummaryWriter}


class TorchVis:
    """Passes every call on to writers of several formats.

    Args:
        *args: Names of formats; ``"tensorboard"`` if there are none.
        **init_kwargs: For the writer of each, a dict by its name.
    """

    def __init__(self, *args: str, **init_kwargs: dict[str, Any]) -> None:
        self.subscribers: dict[str, Any] = {}
        self.register(*args, **init_kwargs)

    def register(self, *args: str, **init_kwargs: dict[str, Any]) -> None:
        """Add formats."""
        for name in args or ("tensorboard",):
            if name not in vis_formats:
                warn_once(f"TorchVis {name}", f"TorchVis: there is no writer for {name!r} here.")
            elif name not in self.subscribers:
                self.subscribers[name] = vis_formats[name](**init_kwargs.get(name, {}))

    def unregister(self, *args: str) -> None:
        """Close the writers of some formats, and let go of them."""
        for name in args:
            self.subscribers.pop(name).close()

    def __getattr__(self, attr: str) -> Any:
        if attr.startswith("_") or attr == "subscribers":
            raise AttributeError(attr)
        found = [getattr(one, attr) for one in self.subscribers.values() if hasattr(one, attr)]
        if not found:
            raise AttributeError(attr)

        def passed_on(*args: Any, **kwargs: Any) -> None:
            for call in found:
                call(*args, **kwargs)

        return passed_on
