"""A running forward -> raw rows: the part of tracing that runs inside the model.

A `TorchFunctionMode` sees every call of a torch function with the very tensor objects that
the model uses; ``module_calls`` tells which module is running. Both are gone when the `with`
block ends, however it ends.

This file is the hot path: every line of `__torch_function__` runs for every op, so the common
case is written out where a helper function would cost 0.1 us. An op costs 3 us in a tight
loop, of which the user's line is 0.6; the mode itself costs another 1.1. In a real model the
caches are cold, and it costs twice as much, between convolutions eight times.

An op that returns its own input (``contiguous``, ``to`` without effect, dropout in
evaluation) makes no new value, or the module around it would seem to produce it.
"""

from collections.abc import Callable
from contextlib import ExitStack
from sys import _getframe
from time import perf_counter
from types import CodeType, FrameType, TracebackType
from typing import Any, Self
from weakref import ref

import torch
from torch import nn
from torch.overrides import TorchFunctionMode

from introspect.graph.autograd.moments import Moments, noted
from introspect.graph.capture.frames import Forward, Locator, Source, call_site
from introspect.graph.capture.inventory import Inventory, take_inventory
from introspect.graph.capture.leaves import PLAIN, named_tensors, scan, scan_other, tensors_in
from introspect.graph.capture.metadata import FACTS, learn
from introspect.graph.capture.module_calls import listening
from introspect.graph.capture.restore import Keeper, current_keeper
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
from introspect.graph.capture.storage import is_view_of
from introspect.graph.capture.tensor_table import TensorTable
from introspect.nouns.graph import TENSOR

_count_functions = torch.autograd._get_sequence_nr  # it looks; it does not count
_NOTHING: list[torch.Tensor] = []  # never appended to

Observer = Callable[
    [int, Callable[..., Any], tuple[Any, ...], dict[str, Any], list[Any], list[Any]], None
]


class Recorder(TorchFunctionMode):
    """Records what happens between ``with recorder:`` and its end.

    Args:
        model: Names of modules, parameters and buffers come from it.
        source: Whether to look up the user's line for every op (1 us each).
        times: Whether to time every op.
        gradients: Whether to note when each op made functions of autograd.
        observe: Called after each op with its row number, the function, its arguments and
            options, the tensors it wrote in place and those it made. For ``replay``.
        inventory: Of the model, if there is one already.

    Attributes:
        ops, calls: The rows, in the order of events; `values` likewise.
        tensors: Which tensor is which value.
        failure: The last exception seen, whether or not the model caught it.
        inventory: The names in the model.
        current_op: The row of the op that is running, for the ATen level; else None.
        kinds: The types of the tensors that were met.
        children: Row of an op -> rows of its ATen operators, for who records them.
        clock: With `gradients`, for each op that made functions of autograd: how many there were
            before, how many after, and its row.
    """

    def __init__(
        self,
        model: nn.Module,
        *,
        source: bool = True,
        times: bool = False,
        gradients: bool = False,
        observe: Observer | None = None,
        inventory: Inventory | None = None,
    ) -> None:
        super().__init__()
        self.ops: list[OpRow] = []
        self.calls: list[CallRow] = []
        self.failure: Failure | None = None
        self.inventory: Inventory = inventory or take_inventory(model)
        self.tensors = TensorTable(self.inventory)
        self.values: list[ValueRow] = self.tensors.rows
        self.current_op: int | None = None
        self.children: dict[int, list[OpRow]] = {}
        self._source = source
        self._times = times
        self._gradients = gradients
        self.clock: list[tuple[int, int, int]] = []
        self._observe = observe
        self._repetitions: dict[nn.Module, int] = {}
        self._call: int | None = None
        self._forward: CodeType | None = None
        self._lines: dict[int, Source] | None = None  # of the running forward, by instruction
        self._stack = ExitStack()
        self._keeper: Keeper | None = None
        self._locator = Locator()
        self._forwards: dict[type, Forward] = {}
        self._known = self.tensors.known
        self._remember = self.tensors.remember
        self.kinds: set[type] = {torch.Tensor, nn.Parameter}  # of the tensors that were met

    def __enter__(self) -> Self:
        self._stack.enter_context(listening(self))
        self._keeper = current_keeper()
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
            # what the ATen level sees change inside of an op, the op itself has changed
            writer = self.current_op
            if writer is None:
                writer = tensors.writer_of(tensor, entry[1])
            face = tensors.other_face(tensor) if writer is None else None
            if face is None or not face[1]:
                return self._add_alias(tensor, writer)
        else:
            face = tensors.other_face(tensor)
        if face is None:
            return tensors.add_stranger(tensor)
        row, is_same = face
        if is_same:
            tensors.refresh(tensor, row)
            return row
        return self._add_view(tensor, row)

    def moments(self, outputs: list[torch.Tensor]) -> Moments | None:
        """With `gradients`, what autograd made for some tensors, and during which ops."""
        if not self._gradients:
            return None
        tensors = self.inventory.tensors.values()
        named = [(known.name, known.tensor) for known in tensors if known.kind == "parameter"]
        with torch._C.DisableTorchFunction():
            return noted(self.clock, outputs, named)

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

    def __torch_function__(  # noqa: C901, PLR0912, PLR0915  the hot path: calls cost 0.1 us each
        self,
        func: Callable[..., Any],
        types: Any,
        args: tuple[Any, ...] = (),
        kwargs: dict[str, Any] | None = None,
    ) -> Any:
        """Run one torch function and write it down."""
        del types
        name, may_write, is_data_dependent = FACTS.get(func) or learn(func)
        if not name:
            return func(*args, **kwargs) if kwargs else func(*args)
        known, kinds = self._known, self.kinds
        given: list[torch.Tensor] = []
        inputs: list[int] = []
        arguments: list[Any] = []
        for argument in args:
            kind = type(argument)
            if kind in kinds:
                entry = known.get(id(argument))
                if (
                    entry is not None
                    and entry[0]() is argument
                    and entry[2] is not None
                    and argument._version == entry[2]
                ):
                    inputs.append(entry[1])
                else:
                    inputs.append(self.value_of(argument))
                given.append(argument)
                arguments.append(TENSOR)
            elif kind in PLAIN:
                arguments.append(argument)
            else:
                arguments.append(self._argument(argument, given, inputs))
        options: dict[str, Any] = {}
        if kwargs:
            for key, argument in kwargs.items():
                is_plain = type(argument) in PLAIN
                options[key] = argument if is_plain else self._argument(argument, given, inputs)
            may_write = may_write or "out" in kwargs
        if may_write and self._keeper is not None:
            self._keeper.before_write(func, args, kwargs or {}, given)
        elapsed = None
        functions = _count_functions() if self._gradients else 0
        self.current_op = len(self.ops)
        try:
            if self._times:
                began = perf_counter()
                result = func(*args, **(kwargs or {}))
                elapsed = perf_counter() - began
            else:
                result = func(*args, **kwargs) if kwargs else func(*args)
        except BaseException as error:
            self.failure = Failure(error, self._call, name)
            raise
        finally:
            self.current_op = None
        index = len(self.ops)
        flags = DATA_DEPENDENT if is_data_dependent else 0
        written = _NOTHING
        if may_write or self.tensors.has_uncounted:
            written = self.tensors.written(func, args, kwargs or {}, given)
        if (
            not written
            and type(result) in kinds
            and ((entry := known.get(id(result))) is None or entry[0]() is not result)
        ):
            try:  # tensors.add, written out
                version, shape, base = result._version, result.shape, result._base
            except RuntimeError:  # nested, lazy or made in inference mode
                outputs = [self.tensors.add(result, "result", index)]
                flags |= VIEW if is_view_of(result, given) else 0
            else:
                rows = self.values
                row = len(rows)
                known[id(result)] = (ref(result), row, version)
                rows.append((shape, result.dtype, result.device, "result", index, "", (), False))
                outputs = [row]
                self._remember(result)
                if base is not None and is_view_of(result, given):
                    flags |= VIEW
        else:
            made = tensors_in(result)
            if not (made or written or is_data_dependent):  # it asked about a tensor
                return result
            outputs = []
            flags |= self._add_outputs(index, given, inputs, written, made, outputs)
        if self._gradients and (count := _count_functions()) > functions:
            self.clock.append((functions, count, index))
        call, function, source = self._call, "", None
        if self._source:
            frame = _getframe(1)
            if frame.f_code is self._forward and self._lines is not None:
                source = self._lines.get(frame.f_lasti) or self._see(frame)
            else:
                function, source, owner = self._locator.locate(frame, self._forward)
                if self._locator.has_made_once and self._locator.is_made_once(frame):
                    self.children.pop(index, None)
                    self.tensors.make_constants(index)
                    return result
                if owner is not None:
                    call = self._direct_call(owner)
        self.ops.append(
            (
                name,
                call,
                inputs,
                outputs,
                tuple(arguments),
                options,
                function,
                source,
                flags,
                elapsed,
            )
        )
        if self._observe is not None:
            self._observe(index, func, args, kwargs or {}, written, tensors_in(result))
        return result

    def _see(self, frame: FrameType) -> Source | None:
        """The user's line at an instruction of the running forward that was not met before."""
        source = self._locator.user_line(frame)  # of a layer of torch: the line that called it
        if source is not None and self._lines is not None:
            self._lines[frame.f_lasti] = source
        return source

    def _argument(self, argument: Any, given: list[torch.Tensor], inputs: list[int]) -> Any:
        """What is kept of an argument of the rarer types; its tensors go to the lists."""
        start = len(given)
        kept = scan_other(argument, given)
        for tensor in given[start:]:
            self.kinds.add(type(tensor))  # a subclass: from now on it is told by one look-up
            inputs.append(self.value_of(tensor))
        return kept

    def _add_outputs(
        self,
        index: int,
        given: list[torch.Tensor],
        inputs: list[int],
        written: list[torch.Tensor],
        made: list[torch.Tensor],
        outputs: list[int],
    ) -> int:
        """Append rows for what an op wrote and made; returns what they say about the op."""
        bits = 0
        for tensor in written:
            bits = IN_PLACE
            self.tensors.note_write(tensor, index)
            outputs.append(self.tensors.add(tensor, "result", index))
        for tensor in made:
            if any(tensor is other for other in written):
                bits |= VIEW if is_view_of(tensor, given) else 0
            else:
                bits |= self._add_output(tensor, index, given, inputs, outputs)
        return bits

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
        if not kwargs and len(args) == 1 and type(args[0]) in self.kinds:
            given = [args[0]]
        else:
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
        if type(result) in self.kinds:
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
        """Which forward is running: what the stack is compared with."""
        self._call = call
        if call is not None:
            kind = type(self.calls[call].module)
            known = self._forwards.get(kind)
            if known is None:
                known = self._forwards[kind] = self._locator.forward_of(kind)
            self._forward, lines, is_user = known
            self._lines = lines if is_user or lines is None else {}

    def _rows_of(self, tensors: list[torch.Tensor]) -> list[int]:
        """The values of a call's tensors. Reading a version is itself a torch function here."""
        known = self._known
        rows = []
        if not self.tensors.writers:  # then nothing has changed
            for tensor in tensors:
                entry = known.get(id(tensor))
                if entry is None or entry[0]() is not tensor:
                    break
                rows.append(entry[1])
            else:
                return rows
            del rows[:]
        with torch._C.DisableTorchFunction():
            for tensor in tensors:
                entry = known.get(id(tensor))
                if (
                    entry is not None
                    and entry[0]() is tensor
                    and entry[2] is not None
                    and tensor._version == entry[2]
                ):
                    rows.append(entry[1])
                else:
                    rows.append(self.value_of(tensor))
        return rows

    def _bridge(self, ticket: int, tensors: list[torch.Tensor]) -> None:
        """A module returned tensors that no recorded op made: an op of its own name made them.

        Scripted and packed modules run where no torch function is called; without this the
        graph would be cut there.
        """
        outputs = self.tensors.add_strangers(tensors, len(self.ops))
        if outputs:
            row = self.calls[ticket]
            source = call_site() if self._source else None
            name = type(row.module).__name__
            self.ops.append((name, ticket, list(row.inputs), outputs, (), {}, "", source, 0, None))
