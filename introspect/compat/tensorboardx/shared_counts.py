"""Counters by name that a process and all its forks share, without a process of their own.

A table in anonymous memory, which a fork shares, with one row of 16 bytes for each name: a hash
of the name and how often it was counted. A semaphore keeps two processes from counting at once.

Cost: 3 us a count; 128 KiB. Names beyond the `ROWS` of the table are counted in each process.

Not here: what is counted (``global_writer``).
"""

import mmap
import multiprocessing
import threading
from collections import Counter
from hashlib import blake2b
from typing import Any

ROWS = 8192
_WAIT_S = 5.0  # for a process that died while it counted


class SharedCounts:
    """How often each name was counted, in this process and in those forked from it.

    Example:
        >>> counts = SharedCounts()
        >>> counts.next("a"), counts.next("b"), counts.next("a")
        (0, 0, 1)
    """

    def __init__(self) -> None:
        self._table = memoryview(mmap.mmap(-1, ROWS * 16)).cast("Q")
        self._lock = _new_lock()
        self._own: Counter[str] = Counter()
        self._hashes: dict[str, int] = {}

    def next(self, name: str) -> int:
        """The count of a name: 0, 1, 2, ... whichever process asks."""
        key = self._hashes.get(name)
        if key is None:
            digest = blake2b(name.encode("utf-8", "surrogatepass"), digest_size=8).digest()
            key = self._hashes[name] = int.from_bytes(digest, "little") | 1  # 0 is an empty row
        is_held = self._lock.acquire(timeout=_WAIT_S)
        try:
            for step in range(ROWS):
                at = (key + step) % ROWS * 2
                if self._table[at] in {0, key}:
                    self._table[at] = key
                    self._table[at + 1] += 1
                    return self._table[at + 1] - 1
            self._own[name] += 1
            return self._own[name] - 1
        finally:
            if is_held:
                self._lock.release()


def _new_lock() -> Any:
    """A lock between processes; between threads where the system has no semaphores."""
    try:
        return multiprocessing.Lock()
    except (ImportError, OSError):
        return threading.Lock()
