"""A running block -> what its Python code could see, and whether it changed any of it.

A profile function (``sys.setprofile``) names every piece of Python code that runs inside of the
block, torch's own left out; `Sight` follows what that code can reach before the code begins.

Cost: 0.1 us for each Python call below the block, torch's own included: 10 ms for the first
decoder layer of a Llama. None while nothing is watched.
"""

import sys
import warnings
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from operator import is_
from types import CodeType, FrameType
from typing import Any

import torch
from torch import nn

from introspect.graph.capture.memo_kinds import is_trusted
from introspect.graph.capture.memo_parts import Block, Part
from introspect.graph.capture.memo_rows import Marks
from introspect.graph.capture.memo_sight import Sight
from introspect.graph.capture.memo_tensors import Arguments

_NEVER_TRUSTED = (
    "torch.random",
    "torch.cuda.random",
    "torch.distributed",
    "torch.utils.data",
    "torch.utils.checkpoint",
)
_QUIET = frozenset({"logging", "weakref"})
"""Whose code may run: a message that is not shown, and what happens when objects go."""

_SPOKEN = (print, warnings.warn)


@dataclass(slots=True, eq=False)
class Watch:
    """One block while it runs for the first time.

    Attributes:
        parts, block: As it was before.
        arguments: That it was given.
        marks: Where its rows begin.
        outside: The tensors given or owned, and the row of each before.
        versions: Of those tensors, before.
        state: Of torch (``memo.torch_state``), before.
        own: The attribute tables of its modules, before.
        sight: What its code could see.
        reads: id of a module and name of an attribute that was spied on and read.
    """

    parts: list[Part]
    block: Block
    arguments: Arguments
    marks: Marks
    outside: list[tuple[torch.Tensor, int | None]]
    versions: list[int]
    state: Any
    sight: Sight
    own: list[tuple[Any, tuple[Any, ...], tuple[Any, ...]]] = field(default_factory=list)
    reads: set[tuple[int, str]] = field(default_factory=set)

    def __post_init__(self) -> None:
        for module in self.block.modules:
            own = vars(module)
            for table in (own, own["_parameters"], own["_buffers"], own["_modules"]):
                self.own.append((table, tuple(table), tuple(table.values())))

    def has_changed_itself(self) -> bool:
        """Whether an attribute of a module of the block is another object now."""
        return any(
            type(m) is not type(p.module)
            for m, p in zip(self.block.modules, self.parts, strict=True)
        ) or any(
            len(table) != len(values)
            or not all(map(is_, table, names))
            or not all(map(is_, table.values(), values))
            for table, names, values in self.own
        )


class Watcher:
    """Watches blocks, one inside the other."""

    def __init__(self) -> None:
        self._watches: list[Watch] = []
        self._passed: dict[int, CodeType] = {}

    @contextmanager
    def watching(self, watch: Watch) -> Generator[None]:
        """Watch until the end of the ``with``; what was seen is also seen by the watch around."""
        self._watches.append(watch)
        sys.setprofile(self._event)
        try:
            yield
        finally:
            sys.setprofile(None)
            self._watches.pop()
            self.add(watch.sight, watch.reads)

    @contextmanager
    def deaf(self) -> Generator[None]:
        """Watch nothing meanwhile: what runs is not the model's."""
        if not self._watches or sys.getprofile() is None:
            yield
            return
        sys.setprofile(None)
        try:
            yield
        finally:
            sys.setprofile(self._event)

    def add(self, sight: Sight, reads: set[tuple[int, str]]) -> None:
        """What a block inside has seen, the innermost watch has seen."""
        if self._watches:
            self._watches[-1].sight.merge(sight)
            self._watches[-1].reads |= reads

    def read(self, module: nn.Module, name: str) -> None:
        """An attribute that was spied on has been read."""
        if self._watches:
            watch = self._watches[-1]
            watch.reads.add((id(module), name))
            watch.sight.look((vars(module)[name],))

    def _event(self, frame: FrameType, event: str, argument: Any) -> None:
        if event == "call":
            code = frame.f_code
            if id(code) not in self._passed:
                self._enter(frame, code)
        elif event == "c_call" and (argument is _SPOKEN[0] or argument is _SPOKEN[1]):
            self._watches[-1].sight.doubt = "it prints or warns"

    def _enter(self, frame: FrameType, code: CodeType) -> None:
        names = frame.f_globals
        home = names.get("__name__") or ""
        if home.startswith(_NEVER_TRUSTED):
            self._watches[-1].sight.doubt = f"it runs {home}"
        elif code.co_name == "callHandlers" and home == "logging":
            self._watches[-1].sight.doubt = "it logs"
        elif is_trusted(home) or home in _QUIET or home.startswith("introspect.graph."):
            self._passed[id(code)] = code
        else:
            sight = self._watches[-1].sight
            if not sight.knows(code) and not sight.doubt:
                with torch._C.DisableTorchFunction():
                    try:
                        sight.enter(code, names)
                    except Exception as error:  # noqa: BLE001  whatever strange objects raise
                        sight.doubt = f"{type(error).__name__}: {error}"


def row_before(recorder: Any, tensor: torch.Tensor) -> tuple[int | None, bool]:
    """The row of a tensor, None if it has none yet, and whether it is out of date."""
    entry = recorder.tensors.known.get(id(tensor))
    if entry is None or entry[0]() is not tensor:
        return None, False
    return entry[1], recorder.tensors.has_changed(tensor, entry)


def is_unwritten(recorder: Any, watch: Watch) -> bool:
    """Whether no tensor from outside was written, nor got another value."""
    for (tensor, before), version in zip(watch.outside, watch.versions, strict=True):
        if version_of(tensor) != version:
            return False
        row, is_stale = row_before(recorder, tensor)
        if is_stale or (before is not None and row != before):
            return False
        if before is None and row is not None and recorder.values[row][3] == "result":
            return False
    return True


def version_of(tensor: torch.Tensor) -> int:
    """How often a tensor was written, as far as torch counts."""
    return -1 if tensor.is_inference() else tensor._version


def canonical(things: Sequence[Any]) -> tuple[int, ...]:
    """Which of the things are equal, as small numbers.

    Example:
        >>> canonical("abca")
        (0, 1, 2, 0)
    """
    seen: dict[Any, int] = {}
    return tuple([seen.setdefault(thing, len(seen)) for thing in things])
