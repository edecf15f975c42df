"""Graph -> the table that torchinfo users expect: modules as a tree, sizes, counts, totals.

Cost: 10 us a module call.

Against torchinfo 1.8: total, trainable and frozen parameters are equal, but tied ones count
once here. The four sizes are computed as there (an estimate of a training step: twice the
outputs of the layers that have parameters and no modules below), but parameters of modules
that have modules below are in the size, too. Multiply-adds are another thing: half of the
FLOPs of ``introspect.graph.cost``, where torchinfo multiplies parameters with output sizes,
which counts biases and norms, misses products without a parameter (attention), and takes a
linear layer on a sequence for one on a vector. Both agree on convolutions without bias and
on linear layers without bias on (batch, features).

Not here: the numbers themselves (``introspect.graph.cost``).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from difflib import get_close_matches

from introspect.errors import FormatError
from introspect.graph.cost import Cost, cost
from introspect.graph.cost.memory import size_bytes
from introspect.graph.summary.cells import COLUMNS, Column, Table, bytes_text, lines, seconds_text
from introspect.graph.summary.markup import as_html
from introspect.graph.summary.rows import Row, table_rows
from introspect.graph.summary.text import as_text
from introspect.nouns.graph import Graph

DEFAULT_COLUMNS: tuple[Column, ...] = ("output_size", "parameters", "multiply_adds")


@dataclass(frozen=True, slots=True, eq=False)
class Summary:
    """A table of module calls with its totals. Shows itself, as text or in a notebook.

    Attributes:
        rows: One a module call, in the order of execution; equal neighbours share one.
        columns: Which ones are shown.
        cost: Of the whole run and of each call.
        forward_backward_bytes: Twice the outputs of the layers that have parameters.
        notes: What a reader must know.
    """

    rows: tuple[Row, ...]
    columns: tuple[Column, ...]
    cost: Cost
    forward_backward_bytes: int
    notes: tuple[str, ...] = ()

    @property
    def estimated_total_bytes(self) -> int:
        """Inputs, forward and backward pass, parameters."""
        parameters = self.cost.whole.parameter_bytes
        return self.cost.input_bytes + self.forward_backward_bytes + parameters

    def text(self, *, width: int | None = None) -> str:
        """The table as aligned text.

        Args:
            width: Characters in a line; None for the terminal's. Long names are cut to fit.
        """
        return as_text(self._table(), width=width)

    def __repr__(self) -> str:
        return self.text()

    def _repr_html_(self) -> str:
        return as_html(self._table())

    def _table(self) -> Table:
        return Table(
            headings=tuple(COLUMNS[column].title for column in self.columns),
            lines=lines(self.rows, self.columns, parameters=self.cost.parameters),
            totals=_totals(self),
            notes=self.notes,
        )


def summarise(
    graph: Graph,
    *,
    depth: int | None = None,
    columns: Sequence[str] = DEFAULT_COLUMNS,
    fold: bool = True,
) -> Summary:
    """The table of a graph.

    Every number stands in one row only, so that columns add up to their totals: an opened
    module shows what is its own, a closed one everything below it.

    Args:
        graph: As traced or loaded.
        depth: Levels of modules below the model to show, None for all, 0 for the model alone.
        columns: Any of ``input_size output_size kernel_size parameters parameters_percent
            multiply_adds flops bytes trainable time``. ``time`` needs ``Tracer(times=True)``.
        fold: Whether equal neighbours whose names count on share one row, ``0–31 ... ×32``.

    Raises:
        FormatError: If a column is unknown or the depth is negative.

    Example:
        >>> import torch, introspect
        >>> model = torch.nn.Sequential(torch.nn.Linear(3, 5), torch.nn.ReLU())
        >>> table = summarise(introspect.trace(model, torch.zeros(2, 3)))
        >>> [(row.name, row.parameters, row.flops) for row in table.rows]
        [('', 0, 0), ('0', 20, 60), ('1', 0, 0)]
    """
    chosen = _columns(columns)
    if depth is not None and depth < 0:
        raise FormatError(
            "a summary cannot be less deep than the model itself.",
            given=f"depth={depth}",
            hint="depth=0 for one row, None for all",
        )
    spent = cost(graph)
    rows = tuple(table_rows(graph, spent, depth=depth, fold=fold))
    return Summary(
        rows=rows,
        columns=chosen,
        cost=spent,
        forward_backward_bytes=_forward_backward_bytes(graph),
        notes=tuple(_notes(graph, spent, rows)),
    )


def _columns(names: Sequence[str]) -> tuple[Column, ...]:
    names = [names] if isinstance(names, str) else names
    for name in names:
        if name not in COLUMNS:
            torchinfo = {"num_params": "parameters", "params_percent": "parameters_percent"}
            torchinfo["mult_adds"] = "multiply_adds"
            near = get_close_matches(str(name), list(COLUMNS), 1) or [torchinfo.get(name, "")]
            raise FormatError(
                "a summary has no such column.",
                given=repr(name),
                hint=f"{near[0]!r}" if near[0] else f"one of {' '.join(COLUMNS)}",
            )
    return tuple(column for name in names for column in COLUMNS if column == name)


def _forward_backward_bytes(graph: Graph) -> int:
    """As torchinfo: outputs of the leaf layers with parameters, twice (gradients)."""
    named = [v for v in graph.values if v.kind in {"parameter", "buffer"}]
    names = [(v.kind, name) for v in named for name in (v.name, *v.aliases)]
    homes = {name.rpartition(".")[0] for kind, name in names if kind == "parameter"}
    outer = {home.rpartition(".")[0] for home in homes if home}
    outer |= {call.parent.path for call in graph.calls if call.parent is not None}
    return sum(
        2 * size_bytes(call.outputs[0])
        for call in graph.calls
        if call.path in homes and call.path not in outer and call.outputs
    )


def _notes(graph: Graph, spent: Cost, rows: tuple[Row, ...]) -> list[str]:
    notes = list(graph.notes)
    if any(row.count > 1 for row in rows):
        notes.append("A row ×n stands for n equal calls and gives the numbers of one.")
    unread = graph.parameters - spent.parameters
    if unread > 0:
        notes.append(f"{unread:,} parameters that no operation read are in no row and no size.")
    if spent.uncounted:
        names = ", ".join(dict.fromkeys(op.name for op in spent.uncounted))
        notes.append(f"Not counted, for want of shapes: {len(spent.uncounted)} of {names}.")
    return notes


def _totals(summary: Summary) -> tuple[tuple[tuple[str, str], ...], ...]:
    """What stands below the rows: counts, torchinfo's sizes, our estimates."""
    cost, whole = summary.cost, summary.cost.whole
    counts = [
        ("Total parameters", f"{whole.parameters:,}"),
        ("Trainable", f"{whole.trainable:,}"),
        ("Frozen", f"{whole.frozen:,}"),
        ("Total multiply-adds", f"{whole.macs:,}"),
        ("Total FLOPs", f"{whole.flops:,}"),
    ]
    sizes = [
        ("Input size", bytes_text(cost.input_bytes)),
        ("Forward/backward pass size", bytes_text(summary.forward_backward_bytes)),
        ("Parameters size", bytes_text(whole.parameter_bytes)),
        ("Estimated total size", bytes_text(summary.estimated_total_bytes)),
    ]
    estimates = [
        ("Activations", bytes_text(whole.activation_bytes)),
        ("Peak in inference", bytes_text(cost.peak_inference_bytes)),
        ("Peak in training", bytes_text(cost.peak_training_bytes)),
    ]
    if whole.elapsed_s is not None:
        estimates.append(("Time in operations", seconds_text(whole.elapsed_s)))
    return tuple(counts), tuple(sizes), tuple(estimates)
