"""One trace of a model at a time: the others wait.

A trace lends the model other tensors (fake mode) and puts back what a forward changes. Two at
once would each take the other's changes for the model's own state. Traces of different models
go side by side; a forward that traces itself goes on, for the lock is its own thread's.
"""

import contextlib
import threading
from collections.abc import Generator

from torch import nn

_guard = threading.Lock()
_running: dict[int, tuple[threading.RLock, list[int]]] = {}


@contextlib.contextmanager
def alone_with(model: nn.Module) -> Generator[None]:
    """No other thread traces this model meanwhile."""
    key = id(model)  # not the model: a dataclass that is a module has no hash
    with _guard:
        lock, users = _running.setdefault(key, (threading.RLock(), [0]))
        users[0] += 1
    try:
        with lock:
            yield
    finally:
        with _guard:
            users[0] -= 1
            if not users[0]:
                del _running[key]
