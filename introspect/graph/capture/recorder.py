"""A running forward -> raw rows: the part of tracing that runs inside the model.

A `TorchFunctionMode` sees every call of a torch function with the very tensor objects that
the model uses; ``module_calls`` tells which module is running. Both are gone when the `with`
block ends, however it ends.

This file is the hot path: every line of `__torch_function__` runs for every op, so the common
case is written out where a helper function would cost 0.1 us. An op costs about 10 us, of
which the mode itself is 2 and the walk to the user's line 1.

An op that returns its own input (``contiguous``, ``to`` without effect, dropout in
evaluation) makes no new value, or the module around it would seem to produce it.
"""

from collections.abc import Callable
from contextlib import ExitStack
from time import perf_counter
from types import CodeType, TracebackType
from typing import Any, Self

import torch
from torch import nn
from torch.overrides import TorchFunctionMode

from introspect.graph.capture.frames import call_site, locate
from introspect.graph.capture.inventory import Inventory, take_inventory
from introspect.graph.capture.leaves import named_tensors, scan
from introspect.graph.capture.metadata import (
    METADATA,
    RUNNING_STATISTICS,
    name_of,
    silently_written,
    writes_by_name,
)
from introspect.graph.capture.module_calls import listening
from introspect.graph.capture.rows import (
    DATA_DEPENDENT,
    IN_PLACE,
    PASS_THROUGH,
    VIEW,
    CallRow,
    Failure,
    OpRow,
    ValueRow,
)
from introspect.graph.capture.storage import is_view_of, storage_of
from introspect.graph.capture.tensor_table import TensorTable

_DATA_DEPENDENT = frozenset(
    "item tolist __bool__ __int__ __float__ __index__ numpy nonzero equal is_nonzero".split()
)

Observer = Callable[
    [int, Callable[..., Any], tuple[Any, ...], dict[str, Any], list[Any], list[Any]], None
]


class Recorder(TorchFunctionMode):
    """Records what happens between ``with recorder:`` and its end.

    Args:
        model: Names of modules, parameters and buffers come from it.
        source: Whether to look up the user's line for every op (1 us each).
        times: Whether to time every op.
        observe: Called after each op with its row number, the function, its arguments and
            options, the tensors it wrote in place and those it made. For ``replay``.

    Attributes:
        ops, calls: The rows, in the order of events; `values` likewise.
        tensors: Which tensor is which value.
        failure: The last exception seen, whether or not the model caught it.
        inventory: The names in the model.
        current_op: The row of the op that is running, for the ATen level; else None.
    """

    def __init__(
        self,
        model: nn.Module,
        *,
        source: bool = True,
        times: bool = False,
        observe: Observer | None = None,
    ) -> None:
        super().__init__()
        self.ops: list[OpRow] = []
        self.calls: list[CallRow] = []
        self.failure: Failure | None = None
        self.inventory: Inventory = take_inventory(model)
        self.tensors = TensorTable(self.inventory)
        self.current_op: int | None = None
        self._source = source
        self._times = times
        self._observe = observe
        self._repetitions: dict[nn.Module, int] = {}
        self._call: int | None = None
        self._forward: CodeType | None = None
        self._stack = ExitStack()

    @property
    def values(self) -> list[ValueRow]:
        """The rows of the values, in the order of first use."""
        return self.tensors.rows

    def __enter__(self) -> Self:
        self._stack.enter_context(listening(self))
        super().__enter__()
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc_val: BaseException | None,
        exc_tb: TracebackType | None,
    ) -> None:
        try:
            super().__exit__(exc_type, exc_val, exc_tb)
        finally:
            self._stack.close()
            self.tensors.clear()

    # ------------------------------------------------------------------ values

    def add_input(self, name: str, tensor: torch.Tensor) -> int:
        """Register a tensor that the user passes to the model."""
        known = self.tensors.row_of(tensor)
        return self.tensors.add(tensor, "input", None, name) if known is None else known

    def value_of(self, tensor: torch.Tensor) -> int:
        """The row of a tensor as it is now; a new one if it was never seen or has changed."""
        tensors = self.tensors
        entry = tensors.known.get(id(tensor))
        if entry is not None and entry[0]() is tensor:
            if not tensors.has_changed(tensor, entry):
                return entry[1]
            return self._add_alias(tensor, tensors.writers.get(storage_of(tensor)))
        face = tensors.other_face(tensor)
        if face is None:
            return tensors.add_stranger(tensor)
        row, is_same = face
        if is_same:
            tensors.refresh(tensor, row)
            return row
        return self._add_view(tensor, row)

    def result_of(self, tensor: torch.Tensor, producer: int) -> int:
        """The row of a tensor that an ATen operator below `producer` has just made."""
        known = self.tensors.row_of(tensor)
        return self.tensors.add(tensor, "result", producer) if known is None else known

    def _add_alias(self, tensor: torch.Tensor, producer: int | None) -> int:
        """A tensor that `producer` changed under another name: one more output of it."""
        row = self.tensors.add(tensor, "alias", producer)
        if producer is not None and producer < len(self.ops):
            self.ops[producer][3].append(row)
        return row

    def _add_view(self, tensor: torch.Tensor, base: int) -> int:
        """A view that no torch function made, such as vmap's: by an op of our own."""
        if self.current_op is not None:  # the ATen level looks on; its op is not written yet
            return self._add_alias(tensor, self.values[base][4])
        row = self.tensors.add(tensor, "alias", len(self.ops))
        source = call_site() if self._source else None
        self.ops.append(("alias", self._call, [base], [row], (), {}, "", source, VIEW, None))
        return row

    # --------------------------------------------------------------------- ops

    def __torch_function__(
        self,
        func: Callable[..., Any],
        types: Any,
        args: tuple[Any, ...] = (),
        kwargs: dict[str, Any] | None = None,
    ) -> Any:
        """Run one torch function and write it down."""
        del types
        options = kwargs or {}
        if func in METADATA:
            return func(*args, **options)
        given: list[torch.Tensor] = []
        arguments = scan(args, given)
        kept = dict(zip(options, scan(options.values(), given), strict=True)) if options else {}
        inputs = []
        known = self.tensors.known
        for tensor in given:  # value_of, written out for the common case
            entry = known.get(id(tensor))
            if (
                entry is not None
                and entry[0]() is tensor
                and entry[2] is not None
                and tensor._version == entry[2]
            ):
                inputs.append(entry[1])
            else:
                inputs.append(self.value_of(tensor))
        outer, self.current_op = self.current_op, len(self.ops)
        began = perf_counter() if self._times else 0.0
        try:
            result = func(*args, **options)
        except BaseException as error:
            self.failure = Failure(error, self._call, name_of(func))
            raise
        finally:
            self.current_op = outer
        elapsed = perf_counter() - began if self._times else None
        written = self._written(func, args, options, given)
        made = [result] if type(result) is torch.Tensor else self._made(result)
        name = name_of(func)
        if made or written or name in _DATA_DEPENDENT:  # else it asked about a tensor
            self._write_down(name, arguments, kept, given, inputs, written, made, elapsed)
            if self._observe is not None:
                self._observe(len(self.ops) - 1, func, args, options, written, made)
        return result

    def _written(
        self,
        func: Callable[..., Any],
        args: tuple[Any, ...],
        options: dict[str, Any],
        given: list[torch.Tensor],
    ) -> list[torch.Tensor]:
        """The inputs that the function wrote in place."""
        tensors = self.tensors
        if tensors.has_uncounted and given and writes_by_name(name_of(func), options):
            tensors.count_write(given[-1] if "out" in options else given[0])
        known = tensors.known
        written = silently_written(func, args, options) if func in RUNNING_STATISTICS else []
        for tensor in given:
            entry = known[id(tensor)]
            if entry[2] is None:
                if tensors.has_changed(tensor, entry):
                    written.append(tensor)
            elif tensor._version != entry[2]:
                written.append(tensor)
        return written

    @staticmethod
    def _made(result: Any) -> list[torch.Tensor]:
        made: list[torch.Tensor] = []
        if result is not None:
            scan((result,), made)
        return made

    def _write_down(  # noqa: PLR0917  one call for each op: keywords cost 0.2 us
        self,
        name: str,
        arguments: tuple[Any, ...],
        options: dict[str, Any],
        given: list[torch.Tensor],
        inputs: list[int],
        written: list[torch.Tensor],
        made: list[torch.Tensor],
        elapsed: float | None,
    ) -> None:
        """Append the op's row, and rows for what it wrote and made."""
        index = len(self.ops)
        bits = DATA_DEPENDENT if name in _DATA_DEPENDENT else 0
        outputs: list[int] = []
        for tensor in written:
            bits |= IN_PLACE
            self.tensors.writers[storage_of(tensor)] = index
            outputs.append(self.tensors.add(tensor, "result", index))
        for tensor in made:
            bits |= self._add_output(tensor, index, given, inputs, outputs)
        call, function, source = self._call, "", None
        if self._source:
            function, source, owner = locate(self._forward)
            if owner is not None:
                call = self._direct_call(owner)
        self.ops.append(
            (name, call, inputs, outputs, arguments, options, function, source, bits, elapsed)
        )

    def _add_output(
        self,
        tensor: torch.Tensor,
        index: int,
        given: list[torch.Tensor],
        inputs: list[int],
        outputs: list[int],
    ) -> int:
        """Append the row of a result to `outputs`; returns what it says about the op."""
        bits, row = 0, self.tensors.row_of(tensor)
        if row is None:
            row = self.tensors.add(tensor, "result", index)
            bits = VIEW if is_view_of(tensor, given) else 0
        elif row in inputs:
            bits = PASS_THROUGH
        elif self.values[row][4] == index:
            # The ATen level has seen it first, before autograd made it a view with the
            # version counter of its base.
            self.tensors.refresh(tensor, row)
            bits = VIEW if is_view_of(tensor, given) else 0
        if row not in outputs:
            outputs.append(row)
        return bits

    # ----------------------------------------------------------------- modules

    def enter_call(
        self, module: nn.Module, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> int | None:
        """A module is about to run. Part of ``module_calls.CallListener``."""
        given: list[torch.Tensor] = []
        try:
            scan(args, given)
            if kwargs:
                scan(kwargs.values(), given)
        except RecursionError:  # a container that holds itself; this walk ends
            given = [tensor for _, tensor in named_tensors((args, kwargs))]
        ticket = self._add_call(module, self._rows_of(given))
        self._enter_forward(ticket)
        return ticket

    def leave_call(self, ticket: int, result: Any) -> None:
        """It returned. Part of ``module_calls.CallListener``."""
        row = self.calls[ticket]
        self._enter_forward(row.parent)
        if type(result) is torch.Tensor:
            tensors = [result]
        elif result is None:
            return
        else:
            tensors = [tensor for _, tensor in named_tensors(result)]
        if len(self.ops) == row.first_op and row.inputs:  # no op inside: a closed box
            self._bridge(ticket, tensors)
        row.outputs = self._rows_of(tensors)

    def fail_call(self, ticket: int, error: BaseException) -> None:
        """It raised. Part of ``module_calls.CallListener``."""
        self._enter_forward(self.calls[ticket].parent)
        if self.failure is None or self.failure.error is not error:
            self.failure = Failure(error, ticket)

    def _add_call(self, module: nn.Module, inputs: list[int], *, is_direct: bool = False) -> int:
        count = self._repetitions.get(module, 0)
        self._repetitions[module] = count + 1
        path = self.inventory.paths.get(module)
        if path is None:
            path = f"<{type(module).__name__}>"  # made inside the forward
        row = CallRow(module, path, self._call, count, inputs, [], len(self.ops), is_direct)
        self.calls.append(row)
        return len(self.calls) - 1

    def _direct_call(self, owner: Any) -> int | None:
        """The call row of a module whose ``forward`` was called, not the module itself."""
        current = self._call
        is_ours = isinstance(owner, nn.Module) and owner in self.inventory.paths
        if current is None or not is_ours or owner is self.calls[current].module:
            return current
        last = self.ops[-1][1] if self.ops else None
        if last is not None and self.calls[last].is_direct and self.calls[last].module is owner:
            return last
        return self._add_call(owner, [], is_direct=True)

    def _enter_forward(self, call: int | None) -> None:
        """Which forward is running: what `locate` compares the stack with."""
        self._call = call
        if call is not None:
            self._forward = _code_of_forward(type(self.calls[call].module))

    def _rows_of(self, tensors: list[torch.Tensor]) -> list[int]:
        """The values of a call's tensors. Reading a version is itself a torch function here."""
        known = self.tensors.known
        rows = []
        if not self.tensors.writers:
            for tensor in tensors:
                entry = known.get(id(tensor))
                if entry is None or entry[0]() is not tensor:
                    break
                rows.append(entry[1])
            else:
                return rows
        with torch._C.DisableTorchFunction():
            return [self.value_of(tensor) for tensor in tensors]

    def _bridge(self, ticket: int, tensors: list[torch.Tensor]) -> None:
        """A module returned tensors that no recorded op made: an op of its own name made them.

        Scripted and packed modules run where no torch function is called; without this the
        graph would be cut there.
        """
        index = len(self.ops)
        with torch._C.DisableTorchFunction():
            outputs = [
                self.tensors.add(tensor, "result", index)
                for tensor in tensors
                if self.tensors.row_of(tensor) is None and not self.tensors.is_named(tensor)
            ]
        if outputs:
            row = self.calls[ticket]
            source = call_site() if self._source else None
            name = type(row.module).__name__
            self.ops.append((name, ticket, list(row.inputs), outputs, (), {}, "", source, 0, None))


_codes: dict[type, CodeType | None] = {}


def _code_of_forward(kind: type) -> CodeType | None:
    """The code of a class's forward; None where it is no plain function."""
    if kind not in _codes:
        _codes[kind] = getattr(getattr(kind, "forward", None), "__code__", None)
    return _codes[kind]
