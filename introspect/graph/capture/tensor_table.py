"""Which tensor object is which value: identity, versions, and shared memory.

- A tensor is known by its id *and* a weak reference, since ids are reused after a free.
- Each value remembers the tensor's version counter. A later read with another version
  means that someone wrote through a view: a new value, made by the last writer of the
  storage.
- A tensor object that no torch function returned may be another face of a known one: what
  a custom autograd Function returns, a subclass made in C++, the wrappers of vmap, a
  DTensor's local tensor. It is found by its storage.
"""

from collections import deque
from collections.abc import Callable
from typing import Any
from weakref import ref

import torch

from introspect.graph.capture.inventory import Inventory
from introspect.graph.capture.metadata import (
    GET_DATA,
    SET_DATA,
    UNCOUNTED,
    name_of,
    silently_written,
    writes_by_name,
)
from introspect.graph.capture.rows import ValueRow
from introspect.graph.capture.storage import is_same_view, storage_of
from introspect.nouns.graph import ValueKind

Entry = tuple["ref[torch.Tensor]", int, int | None]
"""Weak reference, row, and version; the version is None where torch keeps none."""

_RECENT = 4
_STALE = -1  # a version that no tensor has


class TensorTable:
    """Tensors to rows of values.

    Attributes:
        rows: Of all values so far.
        known: id of a tensor -> its entry.
        writers: Storage -> row of the op that wrote it last.
        has_uncounted: Whether a tensor without version counter was seen (inference mode).
        remember: Keeps a tensor alive until some more were made.
    """

    def __init__(self, inventory: Inventory) -> None:
        self.rows: list[ValueRow] = []
        self.known: dict[int, Entry] = {}
        self.writers: dict[int, int] = {}
        self.has_uncounted = False
        self._inventory = inventory
        # Storages seen through `x.data`, which does not share the version counter of x.
        self._shared: set[int] = set()
        self._writes: dict[int, int] = {}  # storage of an uncounted tensor -> times written
        self._seen_writes: dict[int, int] = {}  # row of one -> those it has seen
        # What was made last stays alive: another face of it may be seen after it is let go.
        self._recent: deque[torch.Tensor] = deque(maxlen=_RECENT)
        self.remember = self._recent.append

    def clear(self) -> None:
        """Forget all tensors; the rows stay."""
        self.known.clear()
        self._recent.clear()

    def row_of(self, tensor: torch.Tensor) -> int | None:
        """The row of exactly this tensor object, changed or not; None if never seen."""
        entry = self.known.get(id(tensor))
        return entry[1] if entry is not None and entry[0]() is tensor else None

    def add(
        self,
        tensor: torch.Tensor,
        kind: ValueKind,
        producer: int | None,
        name: str = "",
        aliases: tuple[str, ...] = (),
    ) -> int:
        """A new value; returns its row."""
        row = len(self.rows)
        version: int | None
        try:
            shape, version = tuple(tensor.shape), tensor._version
        except RuntimeError:  # nested tensors have no one shape, inference tensors no version
            shape, version = self._shape(tensor), None
            self.has_uncounted = True
            self._seen_writes[row] = self._writes.get(storage_of(tensor), 0)
        needs_grad = kind == "parameter" and tensor.requires_grad
        self.rows.append(
            (shape, tensor.dtype, tensor.device, kind, producer, name, aliases, needs_grad)
        )
        self.known[id(tensor)] = (ref(tensor), row, version)
        self._recent.append(tensor)
        return row

    def add_stranger(self, tensor: torch.Tensor) -> int:
        """A tensor that no op made: a parameter, a buffer, or a constant."""
        named = self._inventory.tensors.get(id(tensor))
        if named is not None and named.tensor is tensor:
            return self.add(tensor, named.kind, None, named.name, named.aliases)
        return self.add(tensor, "constant", None)

    def add_unread(self) -> None:
        """Values for the parameters and buffers that no op has read, so that all can be counted."""
        read = {row[5] for row in self.rows if row[3] in {"parameter", "buffer"}}
        for named in self._inventory.tensors.values():
            if named.name not in read:
                self.add(named.tensor, named.kind, None, named.name, named.aliases)

    def is_named(self, tensor: torch.Tensor) -> bool:
        """Whether it is a parameter or buffer of the model."""
        return id(tensor) in self._inventory.tensors

    def has_changed(self, tensor: torch.Tensor, entry: Entry) -> bool:
        """Whether it was written since its entry was made."""
        if entry[2] is not None:
            return tensor._version != entry[2]
        return self._writes.get(storage_of(tensor), 0) != self._seen_writes.get(entry[1], 0)

    def note_write(self, tensor: torch.Tensor, op: int) -> None:
        """An op wrote it: whoever shares its memory has other numbers now."""
        storage = storage_of(tensor)
        self.writers[storage] = op
        if storage not in self._shared:
            return  # the version counter tells the others
        for key, (known, row, version) in self.known.items():
            other = known()
            if version is not None and other is not None and storage_of(other) == storage:
                self.known[key] = (known, row, _STALE)

    def writer_of(self, tensor: torch.Tensor, row: int) -> int | None:
        """The op that wrote last into the memory of a tensor that was once the value of `row`."""
        writer, maker = self.writers.get(storage_of(tensor)), self.rows[row][4]
        # one from before the tensor was made wrote into what lay there earlier, and was freed
        return None if writer is not None and maker is not None and writer < maker else writer

    def make_constants(self, op: int) -> None:
        """Take what the last op made for what no op of the model has made."""
        for row in range(len(self.rows) - 1, -1, -1):
            shape, dtype, device, _, producer, name, aliases, needs_grad = self.rows[row]
            if producer != op:
                break
            facts = (shape, dtype, device, "constant", None, name, aliases, needs_grad)
            self.rows[row] = facts

    def count_write(self, tensor: torch.Tensor) -> None:
        """Note a write to a tensor for which torch does not count."""
        storage = storage_of(tensor)
        self._writes[storage] = self._writes.get(storage, 0) + 1

    def refresh(self, tensor: torch.Tensor, row: int) -> None:
        """Take the tensor as it is now to be the value of `row`."""
        self.known[id(tensor)] = (ref(tensor), row, self._version(tensor))

    def other_face(self, tensor: torch.Tensor) -> tuple[int, bool] | None:
        """The newest value of the same storage, and whether it shows the same numbers."""
        if self.is_named(tensor):
            return None
        storage = storage_of(tensor)
        found: tuple[int, torch.Tensor] | None = None
        freed = []
        # The order of the entries is not that of the values: one whose id is that of a freed
        # tensor stands in the place of that one. Newest first is merely the likely order.
        for key, (known, row, _) in reversed(self.known.items()):
            if found is not None and row <= found[0]:
                continue
            other = known()
            if other is None:
                freed.append(key)
            elif other is not tensor and storage_of(other) == storage:
                found = row, other
        for key in freed:  # or each search would walk over all tensors that there ever were
            del self.known[key]
        return None if found is None else (found[0], is_same_view(tensor, found[1]))

    def written(
        self,
        func: Callable[..., Any],
        args: tuple[Any, ...],
        options: dict[str, Any],
        given: list[torch.Tensor],
    ) -> list[torch.Tensor]:
        """The inputs that the function wrote in place."""
        if self.has_uncounted and given and writes_by_name(name_of(func), options):
            self.count_write(given[-1] if "out" in options else given[0])
        written: list[torch.Tensor] = []
        if func in UNCOUNTED:
            written = silently_written(func, args, options)
            if func in {GET_DATA, SET_DATA}:
                self._shared.update(map(storage_of, given))
        for tensor in given:
            entry = self.known[id(tensor)]
            is_written = (
                self.has_changed(tensor, entry) if entry[2] is None else tensor._version != entry[2]
            )
            if is_written and not any(tensor is other for other in written):  # x.mul_(x)
                written.append(tensor)
        return written

    def add_strangers(self, tensors: list[torch.Tensor], producer: int) -> list[int]:
        """Rows for those that are neither known nor the model's own, as results of `producer`."""
        with torch._C.DisableTorchFunction():
            return [
                self.add(tensor, "result", producer)
                for tensor in tensors
                if self.row_of(tensor) is None and not self.is_named(tensor)
            ]

    def _version(self, tensor: torch.Tensor) -> int | None:
        try:
            return tensor._version
        except RuntimeError:
            return None

    @staticmethod
    def _shape(tensor: torch.Tensor) -> tuple[int, ...] | None:
        try:
            return tuple(tensor.shape)
        except RuntimeError:
            return None
