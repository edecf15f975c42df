"""Ops and values -> what feeds each box. Views and casts are bridged, and remembered.

Hidden ops are part of what a block is: Swin's window and MaxViT's grid attention differ by
views alone. Those that ran inside a module go into the recipe of its group; those between
two modules go to the edge, `Box.through`. A position in them may advance from turn to turn
of a loop (``x[:, t]``): such numbers go to `Box.steps`.

Cost: linear in ops and values.
"""

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, field

from introspect.errors import FormatError
from introspect.graph.outline import labels
from introspect.graph.outline.box import Box, SideInput
from introspect.graph.outline.ranges import common_path
from introspect.nouns.graph import Call, Graph, Op, Value

Via = tuple[tuple[Call | None, Hashable, tuple[int, ...]], ...]
"""Hidden ops in their order: the module call, what it did, the positions it named."""

_MOST_NAMES = 3
"""Results that one pill names."""


@dataclass(slots=True)
class _Wiring:
    """Where each value comes from, while the ops are read in order."""

    box_of: Mapping[Op, Box]
    hidden: set[Box]
    carrying: set[Value]
    origin: dict[Value, Box | SideInput] = field(default_factory=dict)
    via: dict[Value, Via] = field(default_factory=dict)
    sources: dict[Box, dict[Box, None]] = field(default_factory=dict)
    recipes: dict[Box, list[Hashable]] = field(default_factory=dict)
    steps: dict[Box, list[int]] = field(default_factory=dict)
    chains: dict[Hashable, int] = field(default_factory=dict)
    calls: dict[Box, Call | None] = field(default_factory=dict)


def connect(
    graph: Graph,
    root: Box,
    box_of: Mapping[Op, Box],
    hidden: set[Box],
    *,
    living: Sequence[Op],
    carrying: set[Value],
) -> None:
    """Give every visible box its sources, and add the input and output pills.

    Raises:
        FormatError: If an op reads what a later one makes, as in a cycle.
    """
    inputs = [_input_box(value, len(graph.inputs)) for value in graph.inputs]
    wiring = _Wiring(box_of, hidden, carrying)
    wiring.origin.update(zip(graph.inputs, inputs, strict=True))
    for value in graph.values:
        if value.kind == "parameter":
            wiring.origin[value] = SideInput(value.name, value.shape)
    for op in living:  # in the order of execution, so every origin is known when it is read
        _connect_op(op, wiring)
    for box, feeding in wiring.sources.items():
        box.sources = list(feeding)
    for group, recipe in wiring.recipes.items():
        group.recipe, group.steps = tuple(recipe), tuple(wiring.steps[group])
    for group in root.groups():
        group.children = [child for child in group.children if child not in hidden]
    outputs = _output_boxes(graph, wiring.origin)
    for box in (*inputs, *outputs):
        box.parent = root
    root.children = [*inputs, *root.children, *outputs]


def _connect_op(op: Op, wiring: _Wiring) -> None:
    """Feed the op's box from what it read; what it made comes from the box, or through it."""
    box = wiring.box_of[op]
    for value in op.inputs:
        if value.producer is not None and value.producer.index >= op.index:
            raise _cycle(op, value.producer)
    read = [v for v in op.inputs if v in wiring.carrying and v in wiring.origin]
    made_by: Box | SideInput | None = wiring.origin[read[0]] if read else None
    via = wiring.via.get(read[0], ()) if read else ()
    if box not in wiring.hidden:
        wiring.calls.setdefault(box, op.call)
        for value in read:
            _feed(box, value, wiring)
        made_by, via = box, ()
    elif box.parent is not None:
        steps = wiring.steps.setdefault(box.parent, [])
        wiring.recipes.setdefault(box.parent, []).append(labels.scalars(op, steps))
    for place, value in enumerate(op.outputs):
        if value.producer is op and made_by is not None:  # else it returned its input itself
            wiring.origin[value] = made_by
            through = via if made_by is box else _through(op, place, via)
            if through:
                wiring.via[value] = through


def _cycle(op: Op, producer: Op) -> FormatError:
    return FormatError(
        "the graph cannot be drawn: its operations are not in an order of execution.",
        where=f"operation {op.index}, {op.name}, in {op.call.path or 'the model'}"
        if op.call
        else f"operation {op.index}, {op.name}",
        given=f"it reads what operation {producer.index}, {producer.name}, makes",
        hint="trace the model again: in a trace, every value is made before it is read",
    )


def _through(op: Op, place: int, via: Via) -> Via:
    """The chain of hidden ops, one longer. Dropouts that do nothing leave no mark."""
    word = labels.op_word(op.name)
    if word in labels.DROPOUTS:
        return via
    steps: list[int] = []
    what = (labels.scalars(op, steps), 0 if word == "unbind" else place)
    if word == "unbind":
        steps.append(place)
    return (*via, (op.call, what, tuple(steps)))


def _feed(box: Box, value: Value, wiring: _Wiring) -> None:
    source = wiring.origin[value]
    if isinstance(source, SideInput):
        # a layer's own weights are the layer; a parameter beside an operation is news
        if box.kind == "op" and box.family == "merge":
            short = SideInput(source.name.rpartition(".")[2], source.shape)
            if short not in box.side_inputs:
                box.side_inputs.append(short)
        return
    if source is box:
        return
    feeding = wiring.sources.setdefault(box, {})
    feeding[source] = None
    via = wiring.via.get(value)
    if via:
        _pass(box, source, via, wiring)


def _pass(box: Box, source: Box, via: Via, wiring: _Wiring) -> None:
    """Note on the edge what lies between its ends, in neither module."""
    here = _around(wiring.calls.get(box))
    there = _around(wiring.calls[source]) if source in wiring.calls else here
    between = [step for step in via if step[0] is None or (step[0] in here and step[0] in there)]
    if not between:
        return
    chain = tuple(what for _, what, _ in between)
    number = wiring.chains.setdefault(chain, len(wiring.chains) + 1)
    if number not in box.through.get(source, ()):
        box.through[source] = (*box.through.get(source, ()), number)
        box.steps += tuple(step for _, _, steps in between for step in steps)


def _around(call: Call | None) -> set[Call]:
    """A module call and those that it ran inside."""
    found: set[Call] = set()
    while call is not None:
        found.add(call)
        call = call.parent
    return found


def _input_box(value: Value, how_many: int) -> Box:
    name = "input" if how_many == 1 else value.name or "input"
    return Box("io", name=name, family="io", shape=value.shape, order=-1, path=value.name)


def _output_boxes(graph: Graph, origin: Mapping[Value, Box | SideInput]) -> list[Box]:
    """One pill for each box that outputs come from; it names them all."""
    named: dict[Box, list[tuple[str, Value]]] = {}
    for value, name in zip(graph.outputs, graph.output_names, strict=True):
        source = origin.get(value)
        if isinstance(source, Box):
            named.setdefault(source, []).append((name, value))
    pills = []
    for source, results in named.items():
        names = list(dict.fromkeys(name for name, _ in results))
        name, shapes = _name_of_all(names), {value.shape for _, value in results}
        pill = Box("io", name=name, family="io", path=names[0])
        pill.shape = shapes.pop() if len(shapes) == 1 else None
        pill.order, pill.sources = len(graph.ops) + len(pills), [source]
        pills.append(pill)
    for k, pill in enumerate(pills):
        numbered = f"output {k}" if pill.name.isdigit() or not pill.name else pill.name
        pill.name = "output" if len(pills) == 1 and pill.path == pill.name else numbered
    return pills


def _name_of_all(names: list[str]) -> str:
    """``cache.keys`` and ``cache.values`` to ``cache.keys, values``.

    Example:
        >>> _name_of_all(["cache.keys", "cache.values"]), _name_of_all(["0", "1"])
        ('cache.keys, values', '0, 1')
    """
    if len(names) == 1:
        return names[0]
    shared = common_path(names)
    start = f"{shared}." if shared else ""
    rests = [name.removeprefix(start) for name in names]
    if len(rests) > _MOST_NAMES:
        rests = [*rests[: _MOST_NAMES - 1], f"… {len(rests) - _MOST_NAMES + 1} more"]
    return start + ", ".join(rests)
