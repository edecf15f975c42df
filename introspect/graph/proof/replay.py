"""Model and inputs -> Proof: the recorded ops, run again one by one, give what the model gave.

The replay feeds each op from its own earlier results, wired as the traced graph says, with the
numbers and options that the graph has. Only what no op made comes from the model: inputs,
parameters, buffers, constants. Every output of every op is compared bit for bit with the one
the model had; and three things that equal numbers would not show are checked beside it: that
no op writes into what the graph calls read, that no value is read after someone wrote over it,
and that an alias names its last writer.

Cost: 3 to 7 times one forward (20 times where all tensors are tiny), and in memory the
parameters that were used and every intermediate result once more.

Not here: watching the model run (``witness``), comparing two tensors (``bits``).
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import nn

from introspect.errors import TraceError
from introspect.graph.capture.leaves import scan
from introspect.graph.capture.storage import storage_of
from introspect.graph.proof.account import Account, filled, surrounded
from introspect.graph.proof.bits import (
    copied,
    describe,
    difference,
    difference_of_numbers,
    size_bytes,
)
from introspect.graph.proof.witness import Witness, bear_witness
from introspect.nouns.graph import Graph, Op, Value

# What torch itself calls nondeterministic may differ by this share of the largest number: the
# error of adding some thousand numbers in another order.
_TOLERANCE = {
    torch.float64: 1e-12,
    torch.float32: 1e-5,
    torch.float16: 1e-2,
    torch.bfloat16: 5e-2,
    torch.complex64: 1e-5,
    torch.complex128: 1e-12,
}
# What these leave in memory is whatever was there before.
_UNINITIALISED = frozenset(
    "empty empty_like new_empty empty_strided new_empty_strided empty_permuted resize_ "
    "resize_as_".split()
)


@dataclass(frozen=True, slots=True, repr=False)
class Proof:
    """A graph whose ops were run again and gave what the model gave.

    Attributes:
        graph: The graph that was proven.
        ops: How many ops were run again.
        values: How many tensors and numbers were compared with the model's own.
        size_bytes: Bytes of the tensors that were compared.
        tolerance: Largest difference that was accepted, as a share of the largest number in
            its tensor; 0.0 if all were equal bit for bit. Only ops that torch itself calls
            nondeterministic are given any.
        skipped: For each op that could not be run again: what it is, and why.
    """

    graph: Graph
    ops: int
    values: int
    size_bytes: int
    tolerance: float = 0.0
    skipped: tuple[str, ...] = ()

    def __repr__(self) -> str:
        how = f"within {self.tolerance:.1g}" if self.tolerance else "bit for bit"
        total = len(self.graph.ops)
        ops = f"all {total}" if self.ops == total else f"{self.ops} of {total}"
        text = (
            f"{self.graph.name}: {ops} ops replayed, {self.values} values "
            f"({self.size_bytes / 1e6:.3g} MB) equal the model's {how}."
        )
        if self.skipped:
            rest = f" and {len(self.skipped) - 1} more" if len(self.skipped) > 1 else ""
            text += f" Not replayed: {self.skipped[0]}{rest}."
        return text


def verify(model: nn.Module, /, *args: Any, **kwargs: Any) -> Proof:
    """Trace a model, run the traced ops again and compare every result with the model's own.

    The model, its inputs, its buffers and the random number generators are as before.

    Args:
        model: Any module; called as ``model(*args, **kwargs)``, in the mode it is in.
        *args: As for the model.
        **kwargs: Likewise.

    Returns:
        How much was replayed and compared; its `graph` is the graph that was proven.

    Raises:
        TraceError: If the model raised; if it lives on ``meta``; or if the replay differs from
            the model. Then the message names the first op that differs, and `graph` is the
            graph that is wrong.

    Example:
        >>> model = nn.Sequential(nn.Linear(4, 2), nn.ReLU())
        >>> verify(model, torch.zeros(1, 4))
        Sequential: all 2 ops replayed, 3 values (2.4e-05 MB) equal the model's bit for bit.
    """
    return replay_graph(*bear_witness(model, args, kwargs))


def replay_graph(graph: Graph, witness: Witness) -> Proof:
    """Run the ops of a graph again and compare them with what the witness saw.

    Args:
        graph: As ``witness.bear_witness`` gives it.
        witness: Of the same run. It is used up: ops that write do so in its copies.

    Raises:
        TraceError: Naming the first op that differs.
    """
    replay = _Replay(graph, witness)
    devices = list(range(torch.cuda.device_count())) if torch.cuda.is_initialized() else []
    with torch.random.fork_rng(devices=devices), torch.no_grad():
        for op in graph.ops:
            replay.run(op)
        replay.compare_results()
    return Proof(
        graph=graph,
        ops=len(graph.ops) - len(replay.skipped),
        values=replay.values,
        size_bytes=replay.size_bytes,
        tolerance=replay.tolerance,
        skipped=tuple(replay.skipped),
    )


class _Replay:
    """The state of one replay: which tensor stands for each value."""

    def __init__(self, graph: Graph, witness: Witness) -> None:
        self.graph = graph
        self.witness = witness
        self.values = 0
        self.size_bytes = 0
        self.tolerance = 0.0
        self.skipped: list[str] = []
        self._tensors: dict[int, torch.Tensor] = dict(witness.sources)
        self._contents: dict[int, torch.Tensor] = dict(witness.contents)
        self._born: dict[int, int] = {}  # value -> the op after which it had its numbers
        self._writers: dict[int, int] = {}  # storage -> the op that last wrote into it

    def run(self, op: Op) -> None:
        """Run one op from the replay's own values, and compare what it gives."""
        account = self.witness.accounts.get(op.index)
        if account is None:
            self._skip(op, "it ran where no torch function is called")
            return
        if account.unfit:
            self._skip(op, account.unfit)
            for row in (*account.made, *account.written.values()):
                if row in self._contents:
                    self._tensors[row] = copied(self._contents[row])
            return
        given = [self._read(value, op) for value in op.inputs]
        for position, wrapper in account.wrapped.items():
            found = difference_of_numbers(wrapper, given[position])
            if found is not None:
                raise self._error(op, f"its input {position}: {found.what}", given)
            given[position] = wrapper
        before = [copied(tensor) for tensor in given]
        result = self._call(op, account, given)
        self._check_writes(op, account, given, before)
        self._check_result(op, account, result, before)

    def compare_results(self) -> None:
        """The last comparison: what the model returned."""
        for k, value in enumerate(self.graph.outputs):
            tensor = self._read(value, None)
            found = difference(tensor, self.witness.results[k])
            if found is not None:
                name = self.graph.output_names[k]
                what = f"output {name}" if name else "the output"
                raise self._error(value.producer, f"{what} of the model: {found.what}", [])
            self._count(tensor)

    # ------------------------------------------------------------------- reading

    def _read(self, value: Value, op: Op | None) -> torch.Tensor:
        """The replay's tensor for a value, after checking that it still is that value."""
        row, now = value.index, len(self.graph.ops) if op is None else op.index
        tensor = self._tensors.get(row)
        if tensor is None:
            tensor = self._follow(value, op)
            self._tensors[row], self._born[row] = tensor, now - 1
        writer = self._writers.get(storage_of(tensor), -1)
        if writer > self._born.get(row, -1) and row in self._contents:
            # Written since; that is right only if the write went past it.
            found = difference(tensor, self._contents[row])
            if found is not None:
                what = (
                    f"it reads {_name(value)} as it was before {self.graph.ops[writer]!r} wrote "
                    f"over it: {found.what}"
                )
                raise self._error(op, what, [tensor])
        return tensor

    def _follow(self, value: Value, op: Op | None) -> torch.Tensor:
        """The tensor of an alias is the one that it was before someone wrote through another."""
        row = value.index
        before = self.witness.lineage.get(row)
        if before is None or before not in self._tensors:
            raise self._error(op, f"it reads {_name(value)}, which nothing before it made", [])
        tensor = self._tensors[before]
        writer = self._writers.get(storage_of(tensor))
        if value.producer is None or value.producer.index != writer:
            was = "nobody" if writer is None else repr(self.graph.ops[writer])
            what = f"the graph says that {value.producer!r} wrote {_name(value)}; {was} did"
            raise self._error(op, what, [tensor])
        found = difference(tensor, self._contents[row])
        if found is not None:
            raise self._error(op, f"it reads {_name(value)}: {found.what}", [tensor])
        return tensor

    # ------------------------------------------------------------------- running

    def _call(self, op: Op, account: Account, given: list[torch.Tensor]) -> Any:
        # Even where nothing is differentiated: matmul picks its way by requires_grad.
        for tensor, is_leaf in zip(given, account.leaves, strict=True):
            if is_leaf and tensor.is_leaf:
                tensor.requires_grad_()
        try:
            args = filled(account.args, op.arguments, given)
            options = filled(account.options, op.options, given)
            with surrounded(account.around):
                return account.func(*args, **options)
        except Exception as error:
            what = f"it failed when it was run again: {type(error).__name__}: {error}"
            raise self._error(op, what, given) from error

    def _check_writes(
        self,
        op: Op,
        account: Account,
        given: list[torch.Tensor],
        before: list[torch.Tensor],
    ) -> None:
        """What the graph calls written has the model's numbers; all else is as it was."""
        written = {storage_of(given[position]) for position in account.written}
        for position, tensor in enumerate(given):
            row = op.inputs[position].index
            if position in account.written:
                self._contents.setdefault(row, before[position])
                self._compare(op, tensor, account.written[position], before)
            elif storage_of(tensor) not in written:
                found = difference(tensor, before[position])
                if found is not None:
                    what = f"it writes into input {position}, and the graph does not say so"
                    raise self._error(op, f"{what}: {found.what}", given)
        self._writers.update(dict.fromkeys(written, op.index))

    def _check_result(
        self, op: Op, account: Account, result: Any, before: list[torch.Tensor]
    ) -> None:
        made: list[torch.Tensor] = []
        scan((result,), made)
        if len(made) != len(account.made):
            what = f"it made {len(made)} tensors where the model made {len(account.made)}"
            raise self._error(op, what, before)
        for tensor, row in zip(made, account.made, strict=True):
            self._compare(op, tensor, row, before)
        if not made and not _same(result, account.plain):
            what = f"it gave {result!r} where the model gave {account.plain!r}"
            raise self._error(op, what, before)
        self.values += 0 if made else 1

    def _compare(self, op: Op, tensor: torch.Tensor, row: int, before: list[torch.Tensor]) -> None:
        """One tensor that an op made or wrote, against the model's."""
        value = self.graph.values[row]
        if value not in op.outputs:
            raise self._error(op, f"it makes {_name(value)}, and the graph does not say so", before)
        known = self._tensors.get(row)
        if known is not None and known is tensor:
            return  # passed through, or written and returned
        if tuple(tensor.shape) != value.shape and not tensor.is_nested:
            what = f"the graph says {_name(value)}, the replay {describe(tensor)}"
            raise self._error(op, what, before)
        if known is None:
            self._tensors[row], self._born[row] = tensor, op.index
        expected = self._contents.get(row, known)
        if expected is None:
            return
        found = difference(tensor, expected)
        if found is not None:
            self._forgive(op, found, tensor, expected, before)
        self._count(tensor)

    def _forgive(
        self, op: Op, found: Any, tensor: torch.Tensor, expected: torch.Tensor, before: Any
    ) -> None:
        """Go on with the model's own numbers where torch promises none; else raise."""
        if op.name in _UNINITIALISED and found.what.endswith("at most"):
            tensor.copy_(expected)
            return
        share = found.largest / found.scale if found.scale else float("inf")
        allowed = _TOLERANCE.get(tensor.dtype, 0.0)
        if share <= allowed and self._is_nondeterministic(op, before):
            self.tolerance = max(self.tolerance, share)
            tensor.copy_(expected)
            return
        many = len(op.outputs) > 1
        where = f", in one of its {len(op.outputs)} outputs" if many else ""
        raise self._error(op, f"{found.what}{where}", before)

    def _is_nondeterministic(self, op: Op, before: list[torch.Tensor]) -> bool:
        """Whether torch refuses the op when it is told to use deterministic algorithms only."""
        was = torch.are_deterministic_algorithms_enabled()
        was_warning = torch.is_deterministic_algorithms_warn_only_enabled()
        torch.use_deterministic_algorithms(mode=True)
        try:
            self._call(op, self.witness.accounts[op.index], [copied(t) for t in before])
        except TraceError as error:
            return "deterministic" in str(error)
        finally:
            torch.use_deterministic_algorithms(was, warn_only=was_warning)
        return False

    # ----------------------------------------------------------------- reporting

    def _count(self, tensor: torch.Tensor) -> None:
        self.values += 1
        self.size_bytes += size_bytes(tensor)

    def _skip(self, op: Op, why: str) -> None:
        self.skipped.append(f"{op.name}{_in(op)}, for {why}")

    def _error(self, op: Op | None, what: str, given: list[torch.Tensor]) -> TraceError:
        title = f"op {op.index}, {op.name}" if op else "the model's result"
        source = f", {op.source[0]}:{op.source[1]}" if op and op.source else ""
        report = TraceError(
            f"the traced graph is not what the model did: {title} differs.",
            where=f"{_place(op)}{source}" if op else None,
            given=", ".join(describe(tensor) for tensor in given) or None,
            cause=what,
            hint="this is a fault of introspect, or of an op that depends on something hidden; "
            "please report it with the model",
        )
        report.graph = self.graph
        return report


def _same(left: Any, right: Any) -> bool:
    """Whether two results without tensors are equal; NaN equals NaN."""
    if isinstance(left, np.ndarray) or isinstance(right, np.ndarray):
        return np.array_equal(left, right, equal_nan=np.asarray(left).dtype.kind in "fc")
    if isinstance(left, list | tuple) and isinstance(right, list | tuple):
        return len(left) == len(right) and all(map(_same, left, right))
    if left is None or type(left) is not type(right):
        return left is right
    if not isinstance(left, bool | int | float | complex | str):
        return True  # some other object: nothing here knows how to compare it
    return bool(left == right or (left != left and right != right))  # noqa: PLR0124  NaN


def _name(value: Value) -> str:
    shape = "(nested)" if value.shape is None else str(value.shape)
    return f"{value.name or f'value {value.index}'}, {value.dtype} {shape}"


def _in(op: Op) -> str:
    return f" in {_place(op)}" if op.call else ""


def _place(op: Op) -> str:
    if op.call is None:
        return "outside of the model"
    return f"{op.call.path or 'the model'} ({op.call.module})"
