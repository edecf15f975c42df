"""A block and the modules inside it -> what must be equal in another block for it to be a twin.

Compared are the classes, the plain attributes (training flags and hooks among them), which
module, parameter and buffer stands where, and what their tensors are like. Objects that two
modules share, such as a configuration, must be the same object; that it still holds the same
is for ``memo_sight`` to say.

Cost: 5 us a module for each comparison.

Not here: which attributes were read (``memo_spies``).
"""

from collections import OrderedDict, defaultdict, deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from operator import is_, itemgetter
from types import MethodType
from typing import Any

import torch
from torch import nn

from introspect.graph.capture.memo_kinds import ATOMS
from introspect.graph.capture.memo_sight import Sight

MISSING = object()
PLACES = ("_parameters", "_buffers", "_modules")
CONTAINERS = frozenset({list, tuple, dict, OrderedDict, set, frozenset, deque, defaultdict})
Frozen = Any
"""A value with the identity of what is not plain: equal if two values mean the same."""


@dataclass(slots=True)
class Part:
    """One module of a block, as it was before the block ran.

    Attributes:
        module: Itself.
        size: Number of its attributes.
        atoms: Attributes that hold nothing but themselves.
        get_atoms: Reads them all from the attributes of a module.
        empty: Attributes that are empty containers: mostly tables of hooks.
        get_empty: Reads them.
        frozen: The others, frozen.
        read_if: Of those attributes, the ones that count only if they were read.
        children: Name and position in the block of each child.
        tensors: Place, name and metadata of each parameter and buffer.
    """

    module: nn.Module
    size: int
    atoms: dict[str, Any] = field(default_factory=dict)
    get_atoms: Callable[[Any], Any] = dict
    empty: dict[str, type] = field(default_factory=dict)
    get_empty: Callable[[Any], Any] = dict
    frozen: list[tuple[str, Frozen]] = field(default_factory=list)
    read_if: frozenset[str] = frozenset()
    children: list[tuple[str, int | None]] = field(default_factory=list)
    tensors: list[tuple[str, str, Any]] = field(default_factory=list)


@dataclass(slots=True)
class Block:
    """A module with all below it, each once.

    Attributes:
        modules: In the order of definition, the block itself first.
        tensors: Its parameters and buffers in that order, with repetitions.
    """

    modules: list[nn.Module]
    tensors: list[torch.Tensor]


class Anatomy:
    """Takes blocks apart, and compares others with what it found.

    Args:
        describe: The metadata of a tensor; equal for tensors that are alike.
        spied: For each class, the attributes that count only if they were read.
    """

    def __init__(
        self,
        describe: Callable[[torch.Tensor], Any],
        spied: Mapping[type, frozenset[str]],
    ) -> None:
        self._describe = describe
        self._spied = spied
        self._described: dict[int, tuple[torch.Tensor, Any]] = {}

    def about(self, tensor: torch.Tensor) -> Any:
        """The metadata of a parameter or buffer, which stay as they are during a trace."""
        known = self._described.get(id(tensor))
        if known is None:
            known = self._described[id(tensor)] = (tensor, self._describe(tensor))
        return known[1]

    def take(self, module: nn.Module, sight: Sight) -> tuple[list[Part], Block, str]:
        """The parts of a block; what they hold is noted in `sight`.

        Returns:
            The parts, the block, and why no other can be compared with it, if so.
        """
        block = Block([], [])
        positions: dict[int, int] = {}
        _walk(module, block.modules, positions)
        parts = [self._part(part, positions, block) for part in block.modules]
        freezer = Freezer(positions, sight)
        for part in parts:
            for name, value in [*vars(part.module).items()]:
                if name not in PLACES:
                    self._sort(part, name, value, freezer)
            part.get_atoms = itemgetter(*part.atoms, "training", "training")
            part.get_empty = itemgetter(*part.empty, "training", "training")
            sight.look(
                cls for cls in type(part.module).__mro__ if not cls.__module__.startswith("torch.")
            )
        return parts, block, freezer.doubt

    def _part(self, module: nn.Module, positions: dict[int, int], block: Block) -> Part:
        part = Part(module, len(vars(module)))
        part.read_if = self._spied.get(type(module), frozenset())
        for name, child in module._modules.items():
            part.children.append((name, None if child is None else positions[id(child)]))
        for place in PLACES[:2]:
            for name, tensor in vars(module)[place].items():
                about = None if tensor is None else self.about(tensor)
                part.tensors.append((place, name, about))
                if tensor is not None:
                    block.tensors.append(tensor)
        return part

    def _sort(self, part: Part, name: str, value: Any, freezer: "Freezer") -> None:
        if type(value) in ATOMS:
            part.atoms[name] = value
            return
        if type(value) in CONTAINERS and not value:
            part.empty[name] = type(value)
        frozen = freezer.freeze(value, look=name not in part.read_if)
        if value or type(value) not in CONTAINERS:
            part.frozen.append((name, frozen))

    def twin(
        self, parts: Sequence[Part], module: nn.Module, reads: set[tuple[int, str]]
    ) -> Block | None:
        """The block of `module`, if it is alike in all that counts; else None.

        Args:
            parts: Of the other block.
            module: The one to compare.
            reads: Position and name of the attributes that the other has read.
        """
        block = Block([module], [])
        positions = {id(module): 0}
        for k, part in enumerate(parts):
            if k == len(block.modules):
                return None
            module = block.modules[k]
            is_alike = (
                type(module) is type(part.module)
                and self._same_children(part, module, block, positions)
                and self._same_tensors(part, module, block)
                and _same_attributes(k, part, module, positions, reads)
            )
            if not is_alike:
                return None
        return block if len(block.modules) == len(parts) else None

    def _same_children(
        self, part: Part, module: nn.Module, block: Block, positions: dict[int, int]
    ) -> bool:
        children = module._modules
        if len(children) != len(part.children):
            return False
        for (name, position), (its_name, child) in zip(
            part.children, children.items(), strict=True
        ):
            if name != its_name or (position is None) != (child is None):
                return False
            if child is not None:
                known = positions.setdefault(id(child), len(positions))
                if known != position:
                    return False
                if known == len(block.modules):
                    block.modules.append(child)
        return True

    def _same_tensors(self, part: Part, module: nn.Module, block: Block) -> bool:
        own = vars(module)
        parameters, buffers = own["_parameters"], own["_buffers"]
        if len(parameters) + len(buffers) != len(part.tensors):
            return False
        for place, name, about in part.tensors:
            tensor = own[place].get(name, MISSING)
            if tensor is None:
                if about is not None:
                    return False
            elif tensor is MISSING or self.about(tensor) != about:
                return False
            else:
                block.tensors.append(tensor)
        return True


def _walk(module: nn.Module, found: list[nn.Module], positions: dict[int, int]) -> None:
    """Every module once, breadth first: the order in which `Anatomy.twin` meets them."""
    found.append(module)
    positions[id(module)] = 0
    for around in found:  # grows
        for child in around._modules.values():
            if child is not None and id(child) not in positions:
                positions[id(child)] = len(found)
                found.append(child)


def _same_attributes(
    k: int,
    part: Part,
    module: nn.Module,
    positions: dict[int, int],
    reads: set[tuple[int, str]],
) -> bool:
    own = vars(module)
    if len(own) != part.size:
        return False
    try:
        atoms, empty = part.get_atoms(own), part.get_empty(own)
    except KeyError:
        return False
    values = part.atoms
    if not all(map(is_, atoms, values.values())):
        for (name, value), its in zip(values.items(), atoms, strict=False):
            is_unread = name in part.read_if and (k, name) not in reads
            if not (its is value or is_unread or freeze_atom(its) == freeze_atom(value)):
                return False
    empty = empty[: len(part.empty)]
    if any(empty) or not all(map(is_, map(type, empty), part.empty.values())):
        return False
    if part.frozen:
        freezer = Freezer(positions, None)
        for name, frozen in part.frozen:
            if name in part.read_if and (k, name) not in reads:
                continue
            if name not in own or freezer.freeze(own[name]) != frozen:
                return False
    return True


def freeze_atom(value: Any) -> Frozen:
    """A plain value such that 1, 1.0 and True, and 0.0 and -0.0, are different.

    Example:
        >>> freeze_atom(1) == freeze_atom(True), freeze_atom(0.0) == freeze_atom(-0.0)
        (False, False)
    """
    kind = type(value)
    return (kind, repr(value)) if kind is float or kind is complex else (kind, value)


class Freezer:
    """Values -> what can be compared: plain containers by content, everything else by identity.

    Args:
        positions: Modules of the block by id; a module is frozen to its position.
        sight: Is told of what counts by identity, and of containers that could change.

    Attributes:
        doubt: Why the frozen values cannot be compared; empty if they can.
    """

    def __init__(self, positions: Mapping[int, int], sight: Sight | None) -> None:
        self.doubt = ""
        self._positions = positions
        self._sight = sight
        self._around: set[int] = set()

    def freeze(self, value: Any, *, look: bool = True) -> Frozen:
        """See `Freezer`."""
        kind = type(value)
        if kind in ATOMS:
            return freeze_atom(value)
        if kind in CONTAINERS and id(value) not in self._around:
            return self._freeze_container(value, kind, look=look)
        if isinstance(value, nn.Module):
            position = self._positions.get(id(value))
            if position is None:
                self.doubt = f"it holds a module outside of it: {kind.__name__}"
            return ("module", position)
        if kind is MethodType and isinstance(value.__self__, nn.Module):
            return (
                "method",
                self.freeze(value.__func__, look=look),
                self.freeze(value.__self__, look=look),
            )
        if kind is partial:
            parts = (value.func, value.args, value.keywords)
            return ("partial", *(self.freeze(part, look=look) for part in parts))
        if look and self._sight is not None:
            self._sight.look((value,))
        return ("same", Same(value))

    def _freeze_container(self, value: Any, kind: type, *, look: bool) -> Frozen:
        self._around.add(id(value))
        if self._sight is not None and look:
            self._sight.note(value)
        items: Iterable[Any]
        if issubclass(kind, dict):
            items = [
                (self.freeze(k, look=look), self.freeze(v, look=look)) for k, v in value.items()
            ]
            if kind is defaultdict:
                items.append(self.freeze(value.default_factory, look=look))
        elif issubclass(kind, set | frozenset):
            return (kind, frozenset(self.freeze(item, look=look) for item in value))
        else:
            items = [self.freeze(item, look=look) for item in value]
        self._around.discard(id(value))
        return (kind, tuple(items))


class Same:
    """Equal to the same object alone, which it keeps alive."""

    __slots__ = ("thing",)

    def __init__(self, thing: Any) -> None:
        self.thing = thing

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Same) and other.thing is self.thing

    def __hash__(self) -> int:
        return id(self.thing)
