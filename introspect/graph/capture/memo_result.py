"""What a module call returned -> a plan -> what another call returns.

Of each tensor in the result the plan knows whether the caller gave it, or else what a new one
must be like and whose memory it shares.

Cost: 15 us for each tensor that is made, 100 us for a view.

Not here: the rows of these tensors (``memo_rows``).
"""

from collections import OrderedDict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch.utils import _pytree as pytree

from introspect.graph.capture.fake import new_fake
from introspect.graph.capture.memo_kinds import ATOMS
from introspect.graph.capture.memo_rows import Marks
from introspect.graph.capture.memo_sight import Sight
from introspect.graph.capture.memo_tensors import CONTAINERS, Arguments, describe
from introspect.graph.capture.recorder import Recorder
from introspect.graph.capture.storage import storage_of


@dataclass(slots=True)
class Made:
    """A tensor that a call made and returned.

    Attributes:
        like: Its description.
        storage: Number of its storage among those of the result, or None where it is a view of
            the tensor `of` of the caller.
        of: See there.
        row: Its value, counted from the first one that the call made.
    """

    like: Any
    storage: int | None
    of: int | None
    row: int

    @property
    def is_view(self) -> bool:
        """Whether it is a view of another tensor."""
        return self.like[10]


@dataclass(slots=True)
class Result:
    """A plan of what a call returned.

    Attributes:
        leaves: For each leaf `Made`, or the position of a tensor of the caller, or a value.
        spec: Of the containers around; None for a single leaf.
        mode: In which new tensors are made.
    """

    leaves: list[tuple[str, Any]]
    spec: Any
    mode: Any


def flatten(result: Any) -> tuple[list[Any], Any, list[Any]]:
    """The leaves of a result, its containers as a spec, and the containers themselves.

    Raises:
        TypeError: If a container is of a kind that cannot be rebuilt for certain.
    """
    containers: list[Any] = []

    def is_leaf(thing: Any) -> bool:
        kind = type(thing)
        is_named = isinstance(thing, tuple) and hasattr(kind, "_fields")
        is_output = issubclass(kind, OrderedDict) and kind in pytree.SUPPORTED_NODES
        if kind in CONTAINERS or is_named or is_output:
            containers.append(thing)
            return False
        return True

    if is_leaf(result):
        return [result], None, []
    containers.clear()
    leaves, spec = pytree.tree_flatten(result, is_leaf=is_leaf)
    return leaves, spec, containers


def make_leaves(plan: Result, given: Sequence[torch.Tensor]) -> list[Any]:
    """The leaves of another result of the same plan.

    Args:
        plan: Of the call that ran.
        given: Tensors of the caller, in the order in which the plan counts them.

    Returns:
        One leaf for each of the plan.
    """
    made: dict[int, torch.Tensor] = {}
    bases: dict[int | None, torch.Tensor] = {}
    wanted = [leaf for _, leaf in plan.leaves if isinstance(leaf, Made)]
    for leaf in sorted(wanted, key=lambda leaf: leaf.is_view):  # what is viewed comes first
        if id(leaf) not in made:
            made[id(leaf)] = _make(leaf, plan.mode, given, bases)
    return [
        made[id(leaf)] if kind == "made" else given[leaf] if kind == "given" else leaf
        for kind, leaf in plan.leaves
    ]


def _make(
    leaf: Made,
    mode: Any,
    given: Sequence[torch.Tensor],
    bases: dict[int | None, torch.Tensor],
) -> torch.Tensor:
    _, _, shape, stride, offset, size_bytes, dtype, device, *_ = leaf.like
    if leaf.of is not None:
        return torch.as_strided(given[leaf.of], shape, stride, offset)
    base = bases.get(leaf.storage)
    if base is None:
        if not leaf.is_view and not offset:
            base = bases[leaf.storage] = new_fake(mode, shape, stride, dtype=dtype, device=device)
            return base
        size = (size_bytes // dtype.itemsize,)
        base = bases[leaf.storage] = new_fake(mode, size, (1,), dtype=dtype, device=device)
    return torch.as_strided(base, shape, stride, offset)


def rebuild(leaves: list[Any], plan: Result) -> Any:
    """The result from its leaves."""
    return leaves[0] if plan.spec is None else pytree.tree_unflatten(leaves, plan.spec)


def are_like(leaves: Iterable[Any], plan: Result) -> bool:
    """Whether the tensors that were made came out as those that they stand for."""
    return all(
        describe(leaf) == made.like
        for leaf, (kind, made) in zip(leaves, plan.leaves, strict=True)
        if kind == "made"
    )


def plan_of(
    returned: Any,
    recorder: Recorder,
    marks: Marks,
    outside: Sequence[tuple[torch.Tensor, int | None]],
    arguments: Arguments,
    sight: Sight,
) -> Result:
    """How to make what a call returned once more.

    Raises:
        TypeError: If that is not certain.
    """
    leaves, spec, containers = flatten(returned)
    own = {id(container) for container in arguments.containers}
    for container in containers:
        if not isinstance(container, tuple) and (id(container) in own or sight.holds(container)):
            raise TypeError("it returns a container that it was given")
    positions: dict[int, int] = {}
    storages: dict[int, int] = {}
    for k, (tensor, _) in enumerate(outside):
        positions.setdefault(id(tensor), k)
        storages.setdefault(storage_of(tensor), k)
    plan = Result([], spec, None)
    made: dict[int, Made] = {}
    groups: dict[int, int] = {}
    for leaf in leaves:
        if isinstance(leaf, torch.Tensor):
            if id(leaf) in positions:
                plan.leaves.append(("given", positions[id(leaf)]))
                continue
            if id(leaf) not in made:
                made[id(leaf)] = _made(leaf, recorder, marks, storages, groups)
            plan.leaves.append(("made", made[id(leaf)]))
            plan.mode = leaf.fake_mode
        elif type(leaf) in ATOMS or any(leaf is thing for thing in arguments.objects):
            plan.leaves.append(("value", leaf))
        else:
            raise TypeError(f"it returns a {type(leaf).__name__}")
    return plan


def _made(
    leaf: Any,
    recorder: Recorder,
    marks: Marks,
    storages: dict[int, int],
    groups: dict[int, int],
) -> Made:
    like, row, storage = describe(leaf), recorder.tensors.row_of(leaf), storage_of(leaf)
    if type(like) is not tuple or leaf.requires_grad or row is None or row < marks.values:
        raise TypeError("it returns a tensor that cannot be made again")
    return Made(
        like,
        None if storage in storages else groups.setdefault(storage, len(groups)),
        storages.get(storage),
        row - marks.values,
    )
