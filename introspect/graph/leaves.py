"""Nested Python objects -> the tensors inside them, with the path to each.

What users pass to models and get from them: tensors, lists, tuples, dicts, dataclasses,
named tuples, Hugging Face outputs, and objects that merely hold tensors (caches).
"""

from collections.abc import Iterator, Mapping
from dataclasses import is_dataclass
from typing import Any

import torch

_MAX_DEPTH = 12  # a self-referring object must end


def named_tensors(tree: Any, path: str = "") -> Iterator[tuple[str, torch.Tensor]]:
    """Every tensor in `tree` with its path, depth first, in the order of the containers.

    Example:
        >>> pair = {"image": torch.zeros(2), "boxes": [torch.ones(3)]}
        >>> [(path, tuple(t.shape)) for path, t in named_tensors(pair)]
        [('image', (2,)), ('boxes.0', (3,))]
    """
    return _walk(tree, path, 0)


def _walk(tree: Any, path: str, depth: int) -> Iterator[tuple[str, torch.Tensor]]:
    if isinstance(tree, torch.Tensor):
        yield path, tree
        return
    if depth > _MAX_DEPTH:
        return
    for key, item in _items(tree):
        yield from _walk(item, f"{path}.{key}" if path else str(key), depth + 1)


def _items(tree: Any) -> Iterator[tuple[Any, Any]]:
    """The named children of a container; nothing for everything else."""
    if isinstance(tree, Mapping):
        yield from tree.items()
    elif isinstance(tree, tuple) and hasattr(tree, "_fields"):
        yield from zip(tree._fields, tree, strict=True)
    elif isinstance(tree, list | tuple | set | frozenset):
        yield from enumerate(tree)
    elif is_dataclass(tree) and not isinstance(tree, type):
        yield from ((name, getattr(tree, name, None)) for name in tree.__dataclass_fields__)


def collect(tree: Any, found: list[torch.Tensor]) -> list[torch.Tensor]:
    """Append the tensors among the arguments of one torch function to `found`.

    The hot path of tracing: only what torch functions take (tensors, lists, tuples, dicts).
    """
    if isinstance(tree, torch.Tensor):
        found.append(tree)
    elif isinstance(tree, list | tuple):
        for item in tree:
            collect(item, found)
    elif isinstance(tree, dict):
        for item in tree.values():
            collect(item, found)
    elif is_dataclass(tree) and not isinstance(tree, type):
        for _, tensor in _walk(tree, "", 0):
            found.append(tensor)
    return found
