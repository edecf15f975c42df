"""How a Watch is called and how it ends: nothing that stays in torch keeps it alive.

Not here: what it does (``introspect.tensors.watching``).
"""

import warnings
import weakref
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from torch import nn
from torch.optim import Optimizer

from introspect.errors import IntrospectWarning


def once(stage: dict[str, Any]) -> Callable[[Exception, str], None]:
    """What says the first thing that goes wrong, and nothing after it."""

    def warn(error: Exception, name: str) -> None:
        if not stage["warned"]:
            stage["warned"] = True
            message = f"watch could not record {name or 'a step'}, and goes on: {error}"
            warnings.warn(message, IntrospectWarning, stacklevel=4)

    return warn


def weak_hook(reference: "weakref.ref[Any]", name: str) -> Any:
    """What torch calls; it must not keep the Watch alive."""

    def around_step(optimizer: Optimizer, args: Any, kwargs: Mapping[str, Any]) -> None:
        del args, kwargs
        watching = reference()
        if watching is not None:
            getattr(watching, name)(optimizer)

    return around_step


def let_go(
    handles: Sequence[Any], model: "weakref.ref[nn.Module]", stage: Mapping[str, int]
) -> None:
    """Take the hooks off; say so if a Watch was lost before it did anything."""
    for handle in handles:
        handle.remove()
    if stage["open"] and not stage["records"] and model() is not None:
        message = (
            "a Watch was thrown away before its first record, so nothing is watched."
            " Keep it: watch = introspect.watch(model, ...)"
        )
        warnings.warn(message, IntrospectWarning, stacklevel=2)
