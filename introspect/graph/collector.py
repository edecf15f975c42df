"""No garbage collection for a while, where all that is made lives until the end.

Scanning it again and again took more than half of the time for a layout of 20,000 boxes, and a
fifth of that for the PDF of 1,000. Not here: what is made (``layout``, ``formats``).
"""

import gc
from collections.abc import Generator
from contextlib import contextmanager


@contextmanager
def collector_paused() -> Generator[None]:
    """Leave the collector off inside, unless somebody else had turned it off.

    Example:
        >>> with collector_paused():
        ...     gc.isenabled()
        False
        >>> gc.isenabled()
        True
    """
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()
