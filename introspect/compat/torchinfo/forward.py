"""Model and inputs -> the rows of the table, and our Graph of the same run.

The run is `introspect.trace`'s: in train mode too it leaves buffers, random numbers, inputs
and lazy parameters as they were. Hooks on the modules read the sizes meanwhile, in the
structure in which the modules hand them on; they are removed afterwards.

Cost: the trace, and about 30 us a module call.
"""

import contextlib
from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import nn
from torch.jit import ScriptModule

from introspect.compat.torchinfo.enums import Mode
from introspect.compat.torchinfo.layer_info import LayerInfo
from introspect.errors import TraceError
from introspect.graph.trace import trace
from introspect.nouns.graph import Graph


@dataclass(slots=True)
class _Rows:
    """Rows so far, and for each module where it stands, the last place of several."""

    is_run: bool
    rows: list[LayerInfo] = field(default_factory=list)
    ids: set[int] = field(default_factory=set)
    places: dict[int, LayerInfo] = field(default_factory=dict)
    running: dict[int, LayerInfo] = field(default_factory=dict)

    def add(self, place: LayerInfo) -> LayerInfo:
        """A row for one call of the module at that place."""
        row = LayerInfo(place.var_name, place.module, place.depth, place.parent_info)
        row.calculate_num_params()
        row.check_recursive(self.ids)
        self.ids.add(row.layer_id)
        self.rows.append(row)
        self.running[row.layer_id] = row
        return row

    def walk(self, model: nn.Module) -> None:
        """Every module, where it stands; rows at once for those that no hook will see."""
        stack = [(LayerInfo(type(model).__name__, model, 0), frozenset[int]())]
        while stack:
            place, around = stack.pop()
            self.places[place.layer_id] = place
            if not self.is_run or isinstance(place.module, ScriptModule):
                place = self.add(place)
            inside = around | {place.layer_id}
            stack += [
                (LayerInfo(name, module, place.depth + 1, place), inside)
                for name, module in reversed(place.module._modules.items())  # noqa: SLF001  children() leaves out repeats
                if module is not None and id(module) not in inside
            ]


def forward_pass(
    model: nn.Module,
    given: Sequence[Any] | Mapping[str, Any] | None,
    batch_dim: int | None,
    mode: Mode,
    **kwargs: Any,
) -> tuple[list[LayerInfo], Graph | None]:
    """The rows of one forward, or of the tree of modules if nothing is given.

    Args:
        model: Any module.
        given: Its arguments, by place or by name.
        batch_dim: Dimension that is shown as 1.
        mode: What the model is set to meanwhile; each module gets its own flag back.
        **kwargs: Further arguments of the model.

    Raises:
        TraceError: If the model raised; it is a RuntimeError, and says which module ran.
    """
    found = _Rows(is_run=given is not None)
    found.walk(model)
    if given is None:
        _number(found.rows)
        return found.rows, None
    args, named = ((), given) if isinstance(given, Mapping) else (given, {})
    with in_mode(model, mode), _hooked(found, batch_dim):
        try:
            graph = trace(model, *args, **{**named, **kwargs})
        except TraceError as error:
            whole = found.running.get(id(model))
            if whole is None or not whole.executed:
                raise
            graph = error.graph  # it ran, and returned no tensor
    rows = _with_containers(found.rows)
    _number(rows)
    return rows, graph if isinstance(graph, Graph) else None


@contextlib.contextmanager
def in_mode(model: nn.Module, mode: Mode) -> Generator[None]:
    """The whole model trains or evaluates meanwhile; each module gets its own flag back."""
    flags = [(module, module.training) for module in model.modules()]
    model.train(mode is Mode.TRAIN)
    try:
        yield
    finally:
        for module, flag in flags:
            module.training = flag


@contextlib.contextmanager
def _hooked(found: _Rows, batch_dim: int | None) -> Generator[None]:
    def enter(module: nn.Module, inputs: Any) -> None:
        del inputs
        with torch._C.DisableTorchFunction():  # noqa: SLF001  what is read here is no part of the model
            found.add(found.places[id(module)])

    def leave(module: nn.Module, inputs: Any, outputs: Any) -> None:
        with torch._C.DisableTorchFunction():  # noqa: SLF001
            found.running[id(module)].finish(inputs, outputs, batch_dim)

    hooks = []
    try:
        for place in found.places.values():
            if not isinstance(place.module, ScriptModule):
                hooks.append(place.module.register_forward_pre_hook(enter))
                hooks.append(place.module.register_forward_hook(leave))
        yield
    finally:
        for hook in hooks:
            hook.remove()


def _with_containers(rows: list[LayerInfo]) -> list[LayerInfo]:
    """The rows, and above them those of modules that hold others and have no forward."""
    ids = {row.layer_id for row in rows}
    whole: list[LayerInfo] = []
    open_rows: dict[int, LayerInfo] = {}
    for row in rows:
        around: dict[int, LayerInfo] = {}
        outer = row.parent_info
        while outer is not None and outer.depth > 0:
            around[outer.depth] = outer
            outer = outer.parent_info
        for depth in range(1, row.depth):
            is_open = depth in open_rows and open_rows[depth].module is around[depth].module
            if is_open or (whole and whole[-1] is around[depth]):
                continue
            added = around[depth]  # one row for all its places: opened twice, it is recursive
            added.calculate_num_params()
            added.check_recursive(ids)
            ids.add(added.layer_id)
            whole.append(added)
            open_rows[depth] = added
        open_rows = {depth: one for depth, one in open_rows.items() if depth < row.depth}
        open_rows[row.depth] = row
        whole.append(row)
    return whole


def _number(rows: list[LayerInfo]) -> None:
    """Give each row its place at its depth and the rows below it."""
    last: dict[int, int] = {}
    above: list[LayerInfo] = []
    for row in rows:
        last[row.depth] = row.depth_index = last.get(row.depth, 0) + 1
        row.children = []
        while above and above[-1].depth >= row.depth:
            above.pop()
        for outer in above:
            outer.children.append(row)
        above.append(row)
