"""What a call of Visdom says to its server: a dict, and beside it the value that it was made of.

Not here: what a board does with it (``introspect.compat.visdom.board``).
"""

import math
from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any

import numpy as np


class Message(dict[str, Any]):
    """JSON for a server, which may carry the picture or film that it was made of.

    Attributes:
        value: A value of ``introspect.values`` that shows the window better than its JSON; or None.
    """

    value: Any = None


class Sender(ABC):
    """What the families of calls need of a client."""

    env: str
    offline: bool

    @abstractmethod
    def _send(
        self,
        msg: dict[str, Any],
        endpoint: str = "events",
        quiet: bool = False,  # noqa: FBT001, FBT002  Visdom's own signature, which people override
        from_log: bool = False,  # noqa: FBT001, FBT002  same
        create: bool = True,  # noqa: FBT001, FBT002  same
    ) -> Any:
        """Hand a message to the board."""

    @abstractmethod
    def win_exists(self, win: Any, env: str | None = None) -> bool | None:
        """Whether there is such a window."""


def finite(value: Any) -> Any:
    """JSON without NaN and infinities, which become None; arrays become lists.

    Example:
        >>> finite({"x": [1.0, float("nan")], "n": np.float32(2)})
        {'x': [1.0, None], 'n': 2.0}
    """
    if isinstance(value, np.ndarray | np.generic):
        value = value.tolist()
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {key: finite(entry) for key, entry in value.items()}
    if isinstance(value, list | tuple):
        return [finite(entry) for entry in value]
    return value
