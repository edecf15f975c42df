"""Arguments of ops and settings of modules -> plain data, the same on every machine.

What a graph records of a call is mostly numbers, texts and tuples of them, but a torch dtype or
a device may stand among them. Files and hashes must not depend on torch, so such a thing is
written as its ``repr``: ``torch.float32`` becomes ``"torch.float32"``.
"""

from collections.abc import Mapping
from types import EllipsisType
from typing import Any

from introspect.nouns.graph import TENSOR

FLAT = frozenset({int, float, str, bool, complex, type(None), EllipsisType, type(TENSOR)})
"""Types that are plain and hold nothing."""
_TEXT = frozenset({str})


def plain(thing: Any) -> Any:
    """The same thing made of plain types only.

    Returns:
        None, bool, int, float, complex, str, ``...``, `TENSOR`, and slices, tuples, lists and
        dicts of them (any mapping as dict). Subclasses of numbers and texts lose their class.
        Everything else becomes its ``repr``.

    Example:
        >>> plain((1, slice(0, None), {"dtype": bytes}))
        (1, slice(0, None, None), {'dtype': "<class 'bytes'>"})
    """
    kind = type(thing)
    if kind in FLAT:
        return thing
    if kind is tuple:
        return thing if FLAT.issuperset(map(type, thing)) else tuple(map(plain, thing))
    if kind is slice:
        return slice(plain(thing.start), plain(thing.stop), plain(thing.step))
    if (
        kind is dict
        and FLAT.issuperset(map(type, thing.values()))
        and _TEXT.issuperset(map(type, thing))
    ):
        return thing
    if isinstance(thing, Mapping):
        return {plain(key): plain(item) for key, item in thing.items()}
    if isinstance(thing, tuple):
        return tuple(map(plain, thing))
    if isinstance(thing, list):
        return list(map(plain, thing))
    for base in (bool, int, float, complex, str):
        if isinstance(thing, base):
            return base(thing)
    return repr(thing)
