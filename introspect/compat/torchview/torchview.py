"""Model and inputs -> ComputationGraph: the function ``draw_graph``."""

from collections.abc import Mapping
from typing import Any

import torch
from torch import nn

from introspect.compat.digraph import Digraph
from introspect.compat.torchinfo.enums import Mode
from introspect.compat.torchinfo.forward import in_mode
from introspect.compat.torchinfo.inputs import checked_sizes, made_inputs, own_device, to_device
from introspect.compat.torchview.computation_graph import ComputationGraph
from introspect.compat.torchview.flow import flow
from introspect.errors import FormatError, TraceError
from introspect.graph.trace import Tracer

_DIRECTIONS = ("TB", "LR", "BT", "RL")
_NODES = {
    "style": "filled",
    "shape": "plaintext",
    "align": "left",
    "fontsize": "10",
    "ranksep": "0.1",
    "height": "0.2",
    "fontname": "Linux libertine",
    "margin": "0",
}


def draw_graph(  # noqa: PLR0913, PLR0917  the order of torchview
    model: nn.Module,
    input_data: Any = None,
    input_size: Any = None,
    graph_name: str = "model",
    depth: float = 3,
    device: torch.device | str | None = None,
    dtypes: list[torch.dtype] | None = None,
    mode: str | None = None,
    strict: bool = True,  # noqa: FBT001, FBT002  theirs
    expand_nested: bool = False,  # noqa: FBT001, FBT002  theirs
    graph_dir: str | None = None,
    hide_module_functions: bool = True,  # noqa: FBT001, FBT002  theirs
    hide_inner_tensors: bool = True,  # noqa: FBT001, FBT002  theirs
    roll: bool = False,  # noqa: FBT001, FBT002  theirs
    show_shapes: bool = True,  # noqa: FBT001, FBT002  theirs
    save_graph: bool = False,  # noqa: FBT001, FBT002  theirs
    filename: str | None = None,
    directory: str = ".",
    collect_attributes: bool = False,  # noqa: FBT001, FBT002  theirs
    **kwargs: Any,
) -> ComputationGraph:
    """The picture of a model's run, with its modules closed below a depth.

    Args:
        model: Any module.
        input_data: An input; a list or tuple of several; a dict of inputs by name.
        input_size: Or sizes of a random input, or a list of such.
        graph_name: Of the picture.
        depth: Modules at this depth are one box; the model itself is at 0.
        device: Where model and inputs are moved and run; None for where the model is.
        dtypes: One for each of `input_size`; float32 if None.
        mode: ``"train"`` or ``"eval"``; ``"eval"`` if None.
        strict: Whether edges between the same two boxes are one.
        expand_nested: Whether opened modules have a dashed frame.
        graph_dir: ``"TB"``, ``"LR"``, ``"BT"`` or ``"RL"``; ``"TB"`` if None.
        hide_module_functions: Whether a module that holds no others is one box.
        hide_inner_tensors: Whether only the inputs and outputs of the model are drawn.
        roll: Whether the calls of one module are one box.
        show_shapes: Whether boxes name the sizes.
        save_graph: Whether to write the text and a PNG.
        filename: Of the text; ``graph_name.gv`` if None.
        directory: Of both.
        collect_attributes: Whether nodes know settings and arguments.
        **kwargs: Further arguments of the model.

    Raises:
        FormatError: If an argument is none of these. It is a ValueError.
        TraceError: If the model raised, or not one of the two inputs is given. It is a
            RuntimeError.

    Example:
        >>> found = draw_graph(nn.Sequential(nn.Linear(4, 2), nn.ReLU()), input_size=(1, 4))
        >>> [(str(tail), str(head)) for tail, head in found.edge_list]
        [('input-tensor', 'Linear'), ('Linear', 'ReLU'), ('ReLU', 'output-tensor')]
    """
    _check(depth, mode, graph_dir)
    if (input_data is None) == (input_size is None):
        raise TraceError(
            "one of input_data and input_size is the input.", hint="input_size=(1, 3, 224, 224)"
        )
    place = torch.device(device) if device is not None else None
    if place is not None:
        model.to(place)
    if input_size is not None:
        sizes = checked_sizes(input_size)
        given = made_inputs(sizes, dtypes, batch_dim=None, device=place or own_device(model))
    else:
        given = to_device(input_data, place)
    args = (
        given if isinstance(given, list | tuple) else () if isinstance(given, Mapping) else (given,)
    )
    named = {**(given if isinstance(given, Mapping) else {}), **to_device(kwargs, place)}
    with in_mode(model, Mode(mode or "eval")):
        graph = Tracer(source=False).trace(model, *args, **named)
    visual_graph = Digraph(
        name=graph_name,
        strict=strict,
        graph_attr={"ordering": "in", "rankdir": graph_dir or "TB"},
        node_attr=_NODES,
        edge_attr={"fontsize": "10"},
        directory=directory,
        filename=f"{graph_name}.gv" if filename is None else filename,
    )
    found = ComputationGraph(
        visual_graph,
        graph,
        flow(graph),
        _leaves(model),
        show_shapes=show_shapes,
        expand_nested=expand_nested,
        hide_inner_tensors=hide_inner_tensors,
        hide_module_functions=hide_module_functions,
        roll=roll,
        depth=depth,
        collect_attributes=collect_attributes,
    )
    found.fill_visual_graph()
    if save_graph:
        visual_graph.render(format="png")
    return found


def _check(depth: float, mode: str | None, graph_dir: str | None) -> None:
    if depth < 0:
        raise FormatError("a depth is not negative.", given=f"depth={depth}", hint="0 is the model")
    if mode not in {None, *Mode}:
        raise FormatError(
            "a model trains or evaluates.", given=f"mode={mode!r}", hint="train, eval"
        )
    if graph_dir not in {None, *_DIRECTIONS}:
        raise FormatError(
            "this is no direction.", given=f"graph_dir={graph_dir!r}", hint=", ".join(_DIRECTIONS)
        )


def _leaves(model: nn.Module) -> frozenset[str]:
    """Paths of the modules that hold no others."""
    return frozenset(
        path
        for path, module in model.named_modules(remove_duplicate=False)
        if next(module.children(), None) is None
    )
