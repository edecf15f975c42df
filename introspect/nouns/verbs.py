"""Verbs that nouns offer to people, found by name when they are called.

``graph.save("model.svg")`` is what a user wants to write, yet a Graph must not import the
painters: a saved run holds Graphs and opens without them. So a noun names its verb, and
the room that owns the verb is imported on the first call (docs/decisions/001-layers.md).
"""

from collections.abc import Callable
from importlib import import_module
from typing import Any


def verb(place: str) -> Callable[..., Any]:
    """The function at ``"module:name"``, imported now.

    Example:
        >>> verb("math:sqrt")(9.0)
        3.0
    """
    module, _, name = place.partition(":")
    return getattr(import_module(module), name)
