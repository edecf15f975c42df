"""One output of the running cell of a notebook, rewritten in place.

livelossplot clears the whole cell before each picture, and what the user printed with it; this
leaves everything else where it is.

Not here: pictures that are drawn in the browser (``introspect.canvas.widget``).
"""

import sys
from collections.abc import Mapping
from typing import Any


class CellOutput:
    """Made by the first `show` of a cell; the next cell gets its own."""

    def __init__(self) -> None:
        self._handle: Any = None
        self._cell: Any = None

    def show(self, data: Mapping[str, Any], metadata: Mapping[str, Any] | None = None) -> bool:
        """Show this in place of what was there.

        Args:
            data: Mime types to contents.
            metadata: Mime types to what is known of the contents.

        Returns:
            Whether there is a notebook to show it in.

        Example:
            >>> CellOutput().show({"text/plain": "epoch 1"})
            False
        """
        ipython = sys.modules.get("IPython")
        shell = None if ipython is None else ipython.get_ipython()
        if not hasattr(shell, "kernel"):
            return False
        if self._handle is None or self._cell != shell.execution_count:
            from IPython.display import display  # noqa: PLC0415  there is a kernel

            self._cell = shell.execution_count
            self._handle = display(data, raw=True, metadata=metadata, display_id=True)
        else:
            self._handle.update(data, raw=True, metadata=metadata)
        return True
