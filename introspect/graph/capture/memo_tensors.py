"""The arguments of a module call -> their form and their tensors.

Two calls are alike if what they are given has the same structure, the same plain values, the
same objects, and tensors that are alike. Which tensor is which is compared apart, in
``memo``.

Cost: 3 us a tensor for each call.

Not here: results (``memo_result``).
"""

import functools
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import torch

from introspect.graph.capture.memo_kinds import ATOMS
from introspect.graph.capture.memo_parts import Same, freeze_atom

CONTAINERS = frozenset({list, tuple, dict, OrderedDict})

_FACTS_OF_A_FAKE = frozenset(
    "_fake_device fake_mode constant pytype dispatch_keys real_tensor _is_param".split()
)


@functools.lru_cache(maxsize=256)
def _is_marked(names: tuple[str, ...]) -> bool:
    """Whether a fake tensor has an attribute that torch has not put there."""
    return any(name not in _FACTS_OF_A_FAKE and "memo" not in name for name in names)


def describe(tensor: torch.Tensor) -> Any:
    """What code can learn about a tensor without numbers; comparable.

    A tensor that could tell more (numbers, own attributes) is like itself alone.
    """
    facts = vars(tensor)
    if (
        tensor.layout is not torch.strided
        or getattr(tensor, "constant", 0) is not None
        or _is_marked(tuple(facts))
    ):
        return Same(tensor)
    return (
        type(tensor),
        "_is_param" in facts,
        tensor.shape,
        tensor.stride(),
        tensor.storage_offset(),
        tensor.untyped_storage().nbytes(),
        tensor.dtype,
        tensor.device,
        tensor.requires_grad,
        tensor.grad_fn is None,
        tensor._is_view(),
        tensor.is_conj(),
        tensor.is_neg(),
        tensor.is_inference(),
    )


@dataclass(slots=True)
class Arguments:
    """What a call was given.

    Attributes:
        form: Everything but which tensor is which; equal for calls that are alike.
        tensors: In the order of the containers, with repetitions.
        objects: That are no tensors, no plain values, no plain containers.
        containers: ids of the plain containers.
    """

    form: Any = None
    tensors: list[torch.Tensor] = field(default_factory=list)
    objects: list[Any] = field(default_factory=list)
    containers: list[Any] = field(default_factory=list)


def take_arguments(args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Arguments:
    """Take the arguments of a call apart."""
    found = Arguments()
    found.form = (_form(args, found, 0), _form(kwargs, found, 0))
    return found


def _form(value: Any, found: Arguments, depth: int) -> Any:
    kind = type(value)
    if kind in ATOMS:
        return freeze_atom(value)
    if isinstance(value, torch.Tensor):
        found.tensors.append(value)
        return describe(value)
    if kind in CONTAINERS and depth < 12:
        if depth and kind is not tuple:
            found.containers.append(value)
        if issubclass(kind, dict):
            return (
                kind,
                tuple(
                    [(_form(k, found, 12), _form(v, found, depth + 1)) for k, v in value.items()]
                ),
            )
        return (kind, tuple([_form(item, found, depth + 1) for item in value]))
    found.objects.append(value)
    return Same(value)
