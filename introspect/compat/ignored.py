"""One warning, once in a program, for arguments that a drop-in takes and cannot honour."""

import warnings

from introspect.errors import IntrospectWarning

_TOLD: set[tuple[str, str]] = set()


def tell_ignored(where: str, *names: str, reason: str = "") -> None:
    """Warn of arguments by name; those of which was warned before are passed over.

    Args:
        where: The function: ``"torchviz.make_dot"``.
        *names: Of the arguments.
        reason: Why, or what to do instead.

    Example:
        >>> import warnings
        >>> with warnings.catch_warnings(record=True) as caught:
        ...     warnings.simplefilter("always")
        ...     tell_ignored("Peer.example", "colour")
        ...     tell_ignored("Peer.example", "colour")
        >>> [str(one.message) for one in caught]
        ['Peer.example does not heed: colour']
    """
    fresh = [name for name in names if (where, name) not in _TOLD]
    if fresh:
        _TOLD.update((where, name) for name in fresh)
        because = f" ({reason})" if reason else ""
        warnings.warn(
            f"{where} does not heed: {', '.join(fresh)}{because}", IntrospectWarning, stacklevel=3
        )


def forget() -> None:
    """Warn of everything once more."""
    _TOLD.clear()
