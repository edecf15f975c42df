"""Types -> whether Python can see all that their objects hold.

What cannot change, what does nothing by itself, what is made of containers, and what only C can
look into. Packages in `_TRUSTED` are taken at their word: nobody patches torch in the middle of
a forward.

Not here: following objects (``memo_sight``).
"""

import dataclasses
import enum
import functools
import logging
import re
import types
import typing
from collections import Counter, OrderedDict, defaultdict, deque
from collections.abc import Iterator
from pathlib import PurePath
from types import CodeType
from typing import Any

import torch

ATOMS = frozenset(
    {int, float, str, bytes, bool, complex, type(None), type(...), type(NotImplemented), range}
    | {torch.dtype, torch.device, torch.layout, torch.memory_format, torch.Size}
)
"""Types that hold nothing that could change."""

LEAVES: tuple[Any, ...] = (
    *(enum.Enum, re.Pattern, PurePath, logging.Logger, slice, CodeType, torch.finfo, torch.iinfo),
    *(types.GenericAlias, types.UnionType, types.GetSetDescriptorType, types.MemberDescriptorType),
    *(types.MethodDescriptorType, types.WrapperDescriptorType, types.ClassMethodDescriptorType),
    *(property, staticmethod, classmethod, functools.cached_property, torch.jit.ScriptFunction),
    *(functools._lru_cache_wrapper, types.MethodWrapperType, dataclasses.Field),
)
"""And these: to do anything they run Python code, which is watched, or give what they gave."""

_TRUSTED = frozenset(
    "torch math cmath operator _operator functools _functools itertools collections _collections "
    "_collections_abc typing types enum dataclasses abc _abc contextlib re string numbers keyword "
    "builtins __future__ warnings _warnings typing_extensions inspect textwrap".split()
)
"""Packages whose functions keep nothing that a model's code could read or change."""

CLASSES_IN_C = _TRUSTED | {"numpy", "decimal", "fractions", "pathlib"}
"""Packages whose classes made in C do the same whenever they are asked the same."""


@functools.cache
def is_trusted(name: str) -> bool:
    """Whether a module is of a package whose functions keep nothing that matters here."""
    return name.partition(".")[0] in _TRUSTED


def is_typing(kind: type) -> bool:
    """Whether it is a class of annotations, or names operators of torch."""
    return kind.__module__ in {"typing", "typing_extensions", "torch._ops", "inspect"}


def slots_of(kind: type) -> Iterator[tuple[str, Any]]:
    """The slots that ``class`` statements have declared, and what reads them."""
    for cls in kind.__mro__:
        for name, member in vars(cls).items():
            if isinstance(member, types.MemberDescriptorType) and is_made_in_python(cls):
                yield name, member


_C_MEMBERS = (types.MethodDescriptorType, types.ClassMethodDescriptorType)


@functools.lru_cache(maxsize=4096)
def is_made_in_python(cls: type) -> bool:
    """Whether a ``class`` statement made it, so that its state is where Python can see it."""
    if type(cls).__module__.startswith("pybind11") or "__module__" not in vars(cls):
        return False
    return not any(
        isinstance(member, _C_MEMBERS)
        or (isinstance(member, types.GetSetDescriptorType) and name not in _USUAL)
        for name, member in vars(cls).items()
    )


_USUAL = frozenset({"__dict__", "__weakref__"})
_BASES: tuple[type, ...] = (dict, list, tuple, set, frozenset, deque, int, float, str, bytes)
_EXTENDED: frozenset[type] = frozenset({OrderedDict, defaultdict, Counter, object, typing.Generic})
_ITERATION = ("__iter__", "__len__", "values", "keys")


@functools.lru_cache(maxsize=4096)
def solid_base(kind: type) -> type | None:
    """The builtin that a class is made on; ``object`` for most; None if it cannot be seen."""
    base: type = object
    if kind.__module__.partition(".")[0] == "torch":
        return None
    for cls in kind.__mro__:
        if cls in _BASES:
            base = cls
        elif cls not in _EXTENDED and not is_made_in_python(cls):
            return None
    if base in _BASES[:6]:
        for name in _ITERATION:
            home = next((cls for cls in kind.__mro__ if name in vars(cls)), object)
            if home not in _BASES and home not in _EXTENDED and home is not object:
                return None
    return base
