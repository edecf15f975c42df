"""Graph -> an Outline of every op: nothing hidden, nothing fused, nothing folded.

What ``detail="ops"`` of the DOT and Mermaid exports shows. A module call that ran one op is
that op's box; one that ran more is a group around them.

Cost: 10 us an op.

Not here: the outline that pictures show (``introspect.graph.outline``).
"""

from collections import Counter

from introspect.graph.outline import Outline, labels
from introspect.graph.outline.box import Box, SideInput
from introspect.nouns.graph import Call, Graph, Op, Value


def every_op(graph: Graph, *, title: str | None = None) -> Outline:
    """The outline in which each op is one box.

    Args:
        graph: As traced. With ``level="module"`` the boxes are modules, and nothing feeds them.
        title: Of the picture; the graph's name if None.

    Example:
        >>> import introspect, torch
        >>> graph = introspect.trace(torch.nn.Linear(4, 2), torch.zeros(1, 4))
        >>> [box.module for box in every_op(graph).root.leaves()]
        ['', 'linear', '']
    """
    tree = _Tree(graph)
    for value in graph.inputs:
        pill = Box("io", name=value.name or "input", family="io", shape=value.shape, order=-1)
        tree.made_by[value] = tree.root.add(pill)
    for op in graph.ops:
        tree.add(op)
    for call in graph.calls if graph.level == "module" else ():
        tree.add_module(call)
    for k, (value, name) in enumerate(zip(graph.outputs, graph.output_names, strict=True)):
        pill = Box("io", name=name or "output", family="io", shape=value.shape)
        pill.order = len(graph.ops) + k
        if (source := tree.source(value)) is not None:
            pill.sources.append(source)
        tree.root.add(pill)
    shape = graph.inputs[0].shape if graph.inputs else None
    return Outline(
        root=tree.root,
        title=graph.name if title is None else title,
        subtitle=f"{labels.short_count(graph.parameters)} parameters · {len(graph.ops)} operations",
        batch=shape[0] if shape and len(shape) > 1 else None,
    )


class _Tree:
    """Calls and ops as nested boxes; `made_by` says which box each value comes from."""

    def __init__(self, graph: Graph) -> None:
        self.root = Box("group", name=graph.name, module=graph.module, parameters=graph.parameters)
        self.made_by: dict[Value, Box] = {}
        self._boxes: dict[Call, Box] = {}
        self._ops_in = Counter(op.call for op in graph.ops)
        self._parents = {call.parent for call in graph.calls}
        self._repeated = {call.path for call in graph.calls if call.repetition}

    def add(self, op: Op) -> None:
        """One op as one box."""
        call = op.call
        word, family, detail = labels.op_label(op)
        if call is None or call.parent is None:
            box = self.root.add(Box("op", path=call.path if call else ""))
        elif self._ops_in[call] == 1 and call not in self._parents:
            box = self._leaf(call)
            family = labels.module_family(call.module, op.name)
            detail = labels.layer_detail(call.module, call.settings, _shape(op))
        else:
            box = self._group(call).add(Box("op", path=call.path))
        if box.kind == "op":
            box.module = word
        box.family, box.detail, box.order = family, detail, op.index
        box.shape, box.operations = _shape(op), 1
        for value in op.inputs:
            source = self.source(value)
            if source is not None and source not in box.sources:
                box.sources.append(source)
            elif value.kind == "parameter" and box.kind == "op":
                box.side_inputs.append(SideInput(value.name, value.shape))
        for value in op.outputs:
            if value.producer is op:
                self.made_by[value] = box

    def add_module(self, call: Call) -> None:
        """One module that was not run."""
        if call.parent is not None and call not in self._parents:
            box = self._leaf(call)
            box.family = labels.module_family(call.module)
            box.detail = labels.layer_detail(call.module, call.settings, None)

    def source(self, value: Value) -> Box | None:
        """The box that a value comes from, if one made it."""
        return self.made_by.get(value)

    def _leaf(self, call: Call) -> Box:
        around = self.root if call.parent is None else self._group(call.parent)
        return around.add(self._box("leaf", call))

    def _group(self, call: Call) -> Box:
        """The group of a call; loops, for modules may nest deeper than Python recurses."""
        missing: list[Call] = []
        above: Call | None = call
        while above is not None and above.parent is not None and above not in self._boxes:
            missing.append(above)
            above = above.parent
        box = self._boxes.get(above, self.root) if above is not None else self.root
        for inner in reversed(missing):
            box = self._boxes[inner] = box.add(self._box("group", inner))
        return box

    def _box(self, kind: str, call: Call) -> Box:
        above = call.parent.path if call.parent else ""
        return Box(
            "leaf" if kind == "leaf" else "group",
            name=call.path.removeprefix(f"{above}.") if above else call.path,
            call=call.repetition + 1 if call.path in self._repeated else 0,
            module=call.module,
            parameters=call.parameters,
            path=call.path,
            order=call.index,
        )


def _shape(op: Op) -> tuple[int, ...] | None:
    return op.outputs[0].shape if op.outputs else None
