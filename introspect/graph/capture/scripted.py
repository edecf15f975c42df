"""Calls of scripted functions -> torch functions, which a function mode can see.

``torch.jit.script`` and ``torch.jit.trace`` make functions that run in C++ and call no torch
function, so what they return would come from nowhere. While a thread records, a call of one is
dispatched like any torch function, under the name that it has.

Cost: none unless a scripted function is called; then 5 us.

Not here: scripted modules, which are module calls (``module_calls``).
"""

import threading
from collections.abc import Callable
from typing import Any

import torch
from torch.overrides import handle_torch_function

_Function: Any = torch._C.ScriptFunction
_original: Callable[..., Any] = _Function.__call__
_recording: set[int] = set()


class Scripted:
    """A scripted function as a torch function.

    Two of one name are equal, so that what is known of torch functions does not grow with them.

    Args:
        function: To run.
    """

    __slots__ = ("__name__", "function")

    def __init__(self, function: Any) -> None:
        self.function = function
        self.__name__ = str(function.name)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Scripted) and other.__name__ == self.__name__

    def __hash__(self) -> int:
        return hash(self.__name__)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Run it, below the modes that are on."""
        if torch._C._is_torch_function_mode_enabled():
            return handle_torch_function(self, (), *args, **kwargs)
        return _original(self.function, *args, **kwargs)


def see_scripted(thread: int) -> None:
    """Dispatch the scripted functions of a thread; call with the lock of ``module_calls``."""
    _recording.add(thread)
    _Function.__call__ = _seen


def see_no_scripted(thread: int) -> None:
    """Undo `see_scripted`; once no thread records, everything is as it was."""
    _recording.discard(thread)
    if not _recording and _Function.__call__ is _seen:
        _Function.__call__ = _original


def _seen(self: Any, *args: Any, **kwargs: Any) -> Any:
    if threading.get_ident() in _recording:
        return Scripted(self)(*args, **kwargs)
    return _original(self, *args, **kwargs)
