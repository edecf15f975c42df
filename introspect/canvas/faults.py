"""What could not be drawn, said once: a picture must not end a training.

Not here: the message in the panel itself (``introspect.canvas.figure``).
"""

import warnings

from introspect.errors import IntrospectWarning


class Faults:
    """Faults of pictures as warnings, each place once."""

    def __init__(self) -> None:
        self._told: set[str] = set()

    def __call__(self, where: str, fault: Exception) -> None:
        """Warn, unless this place was already told about."""
        if where in self._told:
            return
        self._told.add(where)
        warnings.warn(
            f"{where}: not drawn ({type(fault).__name__}: {fault}). Training goes on; "
            "this is said once.",
            IntrospectWarning,
            stacklevel=4,
        )
