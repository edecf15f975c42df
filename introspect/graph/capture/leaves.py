"""Nested Python objects -> the tensors inside them, with the path to each.

What users pass to models and get from them: tensors, lists, tuples, dicts, dataclasses,
named tuples, Hugging Face outputs, and objects that merely hold tensors (caches).
"""

from collections.abc import Iterable, Mapping
from dataclasses import is_dataclass
from types import FunctionType, MethodType, ModuleType
from typing import Any

import torch

from introspect.nouns.graph import TENSOR

_MAX_DEPTH = 12
_ATOMS = (str, bytes, int, float, complex, bool, type(None), type, torch.nn.Module, ModuleType)
_ATOMS += (FunctionType, MethodType, torch.dtype, torch.device)


def tensors_in(result: Any) -> list[torch.Tensor]:
    """The tensors in what a torch function returned."""
    made: list[torch.Tensor] = []
    if result is not None:
        scan((result,), made)
    return made


def named_tensors(tree: Any, path: str = "") -> list[tuple[str, torch.Tensor]]:
    """Every tensor in `tree` with its path, depth first, in the order of the containers.

    A container that holds itself is walked once; objects such as key-value caches are walked
    through their attributes.

    Example:
        >>> pair = {"image": torch.zeros(2), "boxes": [torch.ones(3)]}
        >>> [(path, tuple(t.shape)) for path, t in named_tensors(pair)]
        [('image', (2,)), ('boxes.0', (3,))]
    """
    found: list[tuple[str, torch.Tensor]] = []
    _walk(tree, path, (), found)
    return found


def _walk(
    tree: Any, path: str, around: tuple[int, ...], found: list[tuple[str, torch.Tensor]]
) -> None:
    if isinstance(tree, torch.Tensor):
        found.append((path, tree))
        return
    if isinstance(tree, _ATOMS) or len(around) > _MAX_DEPTH or id(tree) in around:
        return
    around = (*around, id(tree))
    for key, item in _items(tree):
        if type(item) not in PLAIN:  # most of what objects hold, told by one look-up
            _walk(item, f"{path}.{key}" if path else str(key), around, found)


def _items(tree: Any) -> Iterable[tuple[Any, Any]]:
    """The named children of a container; nothing for everything else."""
    if isinstance(tree, Mapping):
        return list(tree.items())
    if isinstance(tree, tuple) and hasattr(tree, "_fields"):
        return zip(tree._fields, tree, strict=True)
    if isinstance(tree, list | tuple | set | frozenset):
        return enumerate(tree)
    if is_dataclass(tree):
        return [(name, getattr(tree, name, None)) for name in tree.__dataclass_fields__]
    return list(getattr(tree, "__dict__", {}).items())


PLAIN = frozenset(
    {int, float, str, bool, complex, type(None), torch.dtype, torch.device, type(...)}
)
_TENSORS = frozenset({torch.Tensor, torch.nn.Parameter})
"""Types that are decided by one look-up; what is in `PLAIN` is kept as it is."""


def scan(arguments: Iterable[Any], found: list[torch.Tensor]) -> tuple[Any, ...]:
    """The arguments of a torch function without their tensors, which go to `found`.

    The hot path of tracing: one pass, most types decided by one look-up. What is mutable is
    copied, so that the result can be kept.

    Returns:
        The arguments with `TENSOR` in the place of tensors.
    """
    kept = []
    for argument in arguments:
        kind = type(argument)
        if kind in _TENSORS:
            found.append(argument)
            kept.append(TENSOR)
        elif kind in PLAIN:
            kept.append(argument)
        else:
            kept.append(scan_other(argument, found))
    return tuple(kept)


def scan_other(argument: Any, found: list[torch.Tensor]) -> Any:
    """As `scan` for one argument that is neither a plain tensor nor of a type in `PLAIN`."""
    if isinstance(argument, torch.Tensor):  # a subclass
        found.append(argument)
        return TENSOR
    if isinstance(argument, list | tuple):
        return scan(argument, found)
    if isinstance(argument, dict):
        return dict(zip(argument, scan(argument.values(), found), strict=True))
    if isinstance(argument, slice):
        return slice(*scan((argument.start, argument.stop, argument.step), found))
    if isinstance(argument, int | float | str):  # a subclass, such as an enumeration
        return argument
    if is_dataclass(argument) and not isinstance(argument, type):
        found.extend(tensor for _, tensor in named_tensors(argument))
    return f"<{type(argument).__name__}>"
