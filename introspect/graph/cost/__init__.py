"""Graph -> what it costs: operations, parameters, bytes, times.

Everything is computed from the recorded shapes after the run, so a saved graph will do; torch
is not imported.

=========  ==================================================================
`flops`    one op -> floating point operations, as FlopCounterMode counts them
`einsum`   the same for an equation
`memory`   bytes that the ops make, and the peak
`weights`  parameters and buffers, tied ones once
=========  ==================================================================

Cost: 3 us an op.

Not here: the table (``introspect.graph.summary``); measuring times, which is the tracer's
(``Tracer(times=True)``).
"""

from dataclasses import dataclass

from introspect.graph.cost.flops import flops as count_flops
from introspect.graph.cost.memory import activations, size_bytes
from introspect.graph.cost.weights import NO_WEIGHTS, Group, by_module, groups, total
from introspect.nouns.graph import Call, Graph, Op


@dataclass(frozen=True, slots=True)
class OpCost:
    """What one op costs.

    Attributes:
        flops: Floating point operations, two for each multiply-add.
        activation_bytes: Size of the storages that it makes; 0 for views and in-place writes.
        elapsed_s: Measured wall time in seconds; None unless traced with ``times=True``.
    """

    flops: int
    activation_bytes: int
    elapsed_s: float | None

    @property
    def macs(self) -> int:
        """Multiply-adds: half of the operations."""
        return self.flops // 2


@dataclass(frozen=True, slots=True)
class CallCost(OpCost):
    """What one run of a module costs, everything below it included.

    Attributes:
        parameters: Scalars in the module's parameters, tied ones once.
        trainable: How many of them are trained.
        parameter_bytes: Size of the parameters.
        buffer_bytes: Size of the buffers.
    """

    parameters: int
    trainable: int
    parameter_bytes: int
    buffer_bytes: int

    @property
    def frozen(self) -> int:
        """Scalars in parameters that are not trained."""
        return self.parameters - self.trainable


@dataclass(frozen=True, slots=True, eq=False)
class Cost:
    """What a whole run costs.

    Attributes:
        ops: One entry for each of `Graph.ops`.
        calls: One entry for each of `Graph.calls`.
        whole: The run itself, like a call; ops outside of any module included.
        input_bytes: Size of what the model was given.
        peak_inference_bytes: Estimate of the most memory in use during the forward pass.
        peak_training_bytes: The same for a training step, without the optimizer's state.
            ``introspect.graph.cost.memory`` says what both assume.
        uncounted: Ops that multiply matrices whose shapes could not be read; they count 0.
    """

    ops: tuple[OpCost, ...]
    calls: tuple[CallCost, ...]
    whole: CallCost
    input_bytes: int
    peak_inference_bytes: int
    peak_training_bytes: int
    uncounted: tuple[Op, ...]

    @property
    def flops(self) -> int:
        """Floating point operations of the forward pass, two for each multiply-add."""
        return self.whole.flops

    @property
    def macs(self) -> int:
        """Multiply-adds of the forward pass."""
        return self.whole.macs

    @property
    def parameters(self) -> int:
        """Scalars in the model's parameters, tied ones once."""
        return self.whole.parameters

    @property
    def trainable(self) -> int:
        """How many of them are trained."""
        return self.whole.trainable

    @property
    def elapsed_s(self) -> float | None:
        """Sum of the measured times in seconds, None if nothing was measured."""
        return self.whole.elapsed_s

    def of(self, place: Op | Call) -> OpCost:
        """The cost of one op or one module call of the graph.

        Args:
            place: ``graph.ops[k]`` or ``graph.calls[k]``, of the graph that this is the cost of.
        """
        return (self.ops if isinstance(place, Op) else self.calls)[place.index]

    def __repr__(self) -> str:
        return (
            f"<Cost {self.flops:,} FLOPs ({self.macs:,} multiply-adds), {self.parameters:,} "
            f"parameters, peak {self.peak_inference_bytes / 1e6:,.2f} MB in inference, "
            f"{self.peak_training_bytes / 1e6:,.2f} MB in training>"
        )


def cost(graph: Graph) -> Cost:
    """What each op, each module call and the whole run cost.

    FLOPs are those of ``torch.utils.flop_counter.FlopCounterMode`` (``introspect.graph.cost.flops``
    says where they differ): 2 * m * k * n for a product of matrices, and a multiply-add is half.

    Args:
        graph: As traced or loaded, at any level. At ``level="module"`` nothing ran, so only
            the parameters count.

    Example:
        >>> import torch, introspect
        >>> graph = introspect.trace(torch.nn.Linear(3, 5), torch.zeros(2, 3))
        >>> found = cost(graph)
        >>> found.flops, found.macs, found.parameters, found.of(graph.ops[0]).activation_bytes
        (60, 30, 20, 40)
    """
    counted = [count_flops(op) for op in graph.ops]
    memory = activations(graph)
    made = sum(memory.op_bytes)
    ops = tuple(
        OpCost(count or 0, size, op.elapsed_s)
        for op, count, size in zip(graph.ops, counted, memory.op_bytes, strict=True)
    )
    weights = groups(graph)
    sums = total(weights)
    inputs = sum(size_bytes(value) for value in dict.fromkeys(graph.inputs))
    resident = sums.parameter_bytes + sums.buffer_bytes + inputs
    return Cost(
        ops=ops,
        calls=_call_costs(graph, ops, weights),
        whole=CallCost(
            sum(op.flops for op in ops),
            made,
            _elapsed(ops),
            sums.parameters,
            sums.trainable,
            sums.parameter_bytes,
            sums.buffer_bytes,
        ),
        input_bytes=inputs,
        peak_inference_bytes=resident + memory.peak_bytes,
        peak_training_bytes=resident + sums.trainable_bytes + made,
        uncounted=tuple(op for op, n in zip(graph.ops, counted, strict=True) if n is None),
    )


def _elapsed(ops: tuple[OpCost, ...]) -> float | None:
    times = [op.elapsed_s for op in ops if op.elapsed_s is not None]
    return sum(times) if times else None


def _call_costs(
    graph: Graph, ops: tuple[OpCost, ...], groups_of_weights: list[Group]
) -> tuple[CallCost, ...]:
    """Sums over the ops of each call and of the calls below it."""
    count = len(graph.calls)
    flops, sizes, times = [0] * count, [0] * count, [0.0] * count
    for op, own in zip(graph.ops, ops, strict=True):
        if op.call is not None:
            k = op.call.index
            flops[k] += own.flops
            sizes[k] += own.activation_bytes
            times[k] += own.elapsed_s or 0.0
    for call in reversed(graph.calls):  # a call is entered after the one around it
        if call.parent is not None:
            k, above = call.index, call.parent.index
            flops[above] += flops[k]
            sizes[above] += sizes[k]
            times[above] += times[k]
    weights = by_module(groups_of_weights)
    is_timed = any(own.elapsed_s is not None for own in ops)
    found = []
    for call in graph.calls:
        k, own = call.index, weights.get(call.path, NO_WEIGHTS)
        found.append(
            CallCost(
                flops[k],
                sizes[k],
                times[k] if is_timed else None,
                own.parameters,
                own.trainable,
                own.parameter_bytes,
                own.buffer_bytes,
            )
        )
    return tuple(found)
