"""What runs said when they were last read, kept by the size and time of their files.

A table of a thousand finished runs then costs a look at their files. It lies in the user's folder
for caches, one JSON file for each folder of runs, is replaced as a whole, and holds nothing that
could not be read again: whatever is wrong with it, it is ignored.

Cost: 10 us a run to read or write.

Not here: what is kept (``glance``).
"""

import contextlib
import hashlib
import json
import os
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

from introspect.history.many.glance import Glance, Signature, from_plain, to_plain

VERSION = 1
_MOST_KEYS = 10_000  # of one run: a file that is read for every table must stay small

Remembered = dict[str, tuple[Signature, Glance]]
"""Path of a run to what its files were, and what they said."""


def cache_file(folder: Path) -> Path | None:
    """Where the memory of a folder of runs lies; None where a user has no home."""
    place = os.environ.get("INTROSPECT_CACHE")
    try:
        base = Path(place) if place else _user_caches() / "introspect"
    except RuntimeError:  # no home
        return None
    digest = hashlib.sha256(os.fsencode(folder)).hexdigest()[:24]
    return base / f"runs-{digest}.json"


def _user_caches() -> Path:
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Caches"
    if sys.platform == "win32" and os.environ.get("LOCALAPPDATA"):
        return Path(os.environ["LOCALAPPDATA"])
    given = os.environ.get("XDG_CACHE_HOME")
    return Path(given) if given else Path.home() / ".cache"


def remembered(folder: Path) -> Remembered:
    """What was kept of the runs in a folder; empty if there is nothing, or nothing good."""
    path = cache_file(folder)
    found: Remembered = {}
    # It is only a memory: anything may have written to that file.
    with contextlib.suppress(
        OSError, ValueError, TypeError, KeyError, AttributeError, RecursionError
    ):
        if path is None:
            return found
        kept = json.loads(path.read_bytes())
        if kept["version"] != VERSION or kept["folder"] != str(folder):
            return found
        for run, (signature, plain) in kept["runs"].items():
            entries = tuple((str(name), int(size), int(time)) for name, size, time in signature)
            found[run] = (entries, from_plain(plain))
    return found


def remember(folder: Path, runs: Mapping[str, tuple[Signature, Glance]]) -> None:
    """Keep what runs said. Where that is not possible, nothing happens."""
    path = cache_file(folder)
    if path is None:
        return
    kept = {
        run: (signature, to_plain(glance))
        for run, (signature, glance) in runs.items()
        if len(glance.metrics) <= _MOST_KEYS and glance.problem is None
    }
    text = json.dumps({"version": VERSION, "folder": str(folder), "runs": kept})
    with contextlib.suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        descriptor, partial = tempfile.mkstemp(prefix=".runs-", dir=path.parent)
        try:
            with os.fdopen(descriptor, "w", encoding="ascii") as file:
                file.write(text)
            Path(partial).replace(path)
        finally:
            Path(partial).unlink(missing_ok=True)
