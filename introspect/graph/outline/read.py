"""Graph -> a tree of boxes with value-accurate edges. The first step of the outline.

What is drawn: an op that reads, through any chain, an input or a parameter, and that an
output needs. Masks, ranges and rotary tables vanish (the first 40 ops of a Llama). Views,
casts and dropout in evaluation are hidden, and edges bridge them.

A module call without living child calls is one leaf. Ops outside leaf modules become boxes
of their own; those of one author-named function share one.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass, field

from introspect.graph.outline import labels
from introspect.graph.outline.box import Box, SideInput
from introspect.nouns.graph import Call, Graph, Op, Value

_ALWAYS_ONE_BOX = frozenset({"MultiheadAttention", "LSTM", "GRU", "RNN"})
_DROPOUTS = frozenset("dropout dropout1d dropout2d dropout3d alpha_dropout feature_dropout".split())


def read(graph: Graph) -> Box:
    """The tree of boxes of a graph; nothing fused or folded yet.

    Returns:
        The root group. Its first children are the inputs, its last the outputs.
    """
    if graph.level == "module":
        return _module_tree(graph)
    living, carrying = _living(graph)
    tree = _Tree(graph, living)
    for op in living:
        tree.add(op)
    tree.finish(carrying)
    _connect(graph, tree, living, carrying)
    _drop_empty(tree.root)
    return tree.root


def _module_tree(graph: Graph) -> Box:
    """The modules alone, in the order of their definition; nothing feeds anything."""
    root = Box("group", name=graph.name, module=graph.module, parameters=graph.parameters)
    parents = {call.parent for call in graph.calls}
    boxes: dict[Call, Box] = {}
    for call in graph.calls:
        if call.parent is None:
            boxes[call] = root
            continue
        is_leaf = call not in parents
        boxes[call] = boxes[call.parent].add(
            Box(
                "leaf" if is_leaf else "group",
                name=_relative_name(call),
                module=call.module,
                family=labels.module_family(call.module) if is_leaf else "module",
                detail=labels.layer_detail(call.module, call.settings, None),
                parameters=call.parameters,
                path=call.path,
                order=call.index,
            )
        )
    return root


def _living(graph: Graph) -> tuple[list[Op], set[Value]]:
    """Ops between the inputs or parameters and the outputs, and the values that carry data."""
    carrying = {value for value in graph.values if value.kind in {"input", "parameter"}}
    fed: set[Op] = set()
    for op in graph.ops:
        if any(value in carrying for value in op.inputs):
            fed.add(op)
            carrying.update(op.outputs)
    needed: set[Op] = set()
    todo = list(graph.outputs)
    while todo:
        op = todo.pop().producer
        if op is not None and op in fed and op not in needed:
            needed.add(op)
            todo.extend(op.inputs)
    chosen = needed or fed  # a graph cut from its inputs is shown as it is
    return [op for op in graph.ops if op in chosen], carrying


@dataclass(slots=True)
class _Contents:
    """The ops of one box, while the tree is built."""

    ops: list[Op] = field(default_factory=list)
    call: Call | None = None

    @property
    def words(self) -> list[str]:
        """The ops that compute, without views and dropouts in evaluation."""
        return [
            word
            for word in (labels.op_word(op.name) for op in self.ops)
            if word not in labels.VIEWS and word not in _DROPOUTS
        ]


class _Tree:
    """Module calls and ops as nested boxes."""

    def __init__(self, graph: Graph, living: Iterable[Op]) -> None:
        model = graph.calls[0] if graph.calls else None
        self.root = Box("group", name=graph.name, module=graph.module, parameters=graph.parameters)
        self.contents: dict[Box, _Contents] = {}
        self.box_of: dict[Op, Box] = {}
        self.hidden: set[Box] = set()
        self._boxes: dict[Call, Box] = {model: self.root} if model else {}
        self._parents: set[Call] = set()
        for op in living:
            call = op.call
            while call is not None and call.parent is not None and call.parent not in self._parents:
                self._parents.add(call.parent)
                call = call.parent
        self._repeated = {call.path for call in graph.calls if call.repetition}

    def add(self, op: Op) -> None:
        """Put one op into its leaf, into its function's box, or into a box of its own."""
        place = self._place(op.call)
        if place.kind == "group":
            last = place.children[-1] if place.children else None
            if not (op.function and last is not None and self._function(last) == op.function):
                last = place.add(Box("op", order=op.index, path=op.call.path if op.call else ""))
                self.contents[last] = _Contents()
            place = last
        contents = self.contents[place]
        if not contents.ops:
            place.order = op.index
        contents.ops.append(op)
        self.box_of[op] = place

    def _function(self, box: Box) -> str:
        return self.contents[box].ops[0].function if box.kind == "op" else ""

    def _place(self, call: Call | None) -> Box:
        """The box of a module call: a group, or a leaf if nothing living runs below it."""
        if call is None or call.parent is None:
            return self.root
        known = self._boxes.get(call)
        if known is not None:
            return known
        around = self._place(call.parent)
        if around.kind != "group":
            self._boxes[call] = around
            return around
        is_leaf = call.module in _ALWAYS_ONE_BOX or call not in self._parents
        box = around.add(
            Box(
                "leaf" if is_leaf else "group",
                name=_relative_name(call),
                call=call.repetition + 1 if call.path in self._repeated else 0,
                module=call.module.removesuffix("Activation") or call.module,
                family=labels.module_family(call.module) if is_leaf else "module",
                parameters=call.parameters,
                path=call.path,
                order=call.index,
            )
        )
        if is_leaf:
            self.contents[box] = _Contents(call=call)
        self._boxes[call] = box
        return box

    def finish(self, carrying: set[Value]) -> None:
        """Label every box and decide which are hidden."""
        for box, contents in self.contents.items():
            box.operations = len(contents.ops)
            box.recipe = tuple(labels.scalars(op) for op in contents.ops)
            last = contents.ops[-1]
            box.shape = last.outputs[0].shape if last.outputs else None
            finish = self._finish_leaf if box.kind == "leaf" else self._finish_op
            if not finish(box, contents) or _joins_nothing(contents.ops, carrying):
                self.hidden.add(box)

    def _finish_leaf(self, box: Box, contents: _Contents) -> bool:
        call = contents.call
        if call is None:
            return True
        if call.outputs:
            box.shape = call.outputs[0].shape
        box.detail = labels.layer_detail(call.module, call.settings, box.shape)
        box.arrow_detail = labels.layer_detail(call.module, call.settings, box.shape, arrow=True)
        if box.family == "module" and call.builtin and contents.words:
            box.family = labels.module_family("", contents.words[0])
        if call.module in labels.PASS_THROUGH:
            return False
        # a module of views only (Permute) is hidden, unless it flattens
        return bool(contents.words) or _flattens(contents.ops)

    def _finish_op(self, box: Box, contents: _Contents) -> bool:
        words, ops = contents.words, contents.ops
        core = next((op for op in ops if op.name in labels.ATTENTION), None)
        if not words:
            box.module, box.family = "flatten", "shape"
            return _flattens(ops) and not ops[0].function
        if len(words) == 1 or not ops[0].function:
            main = next(op for op in ops if labels.op_word(op.name) == words[0])
            box.module, box.family, box.detail = labels.op_label(main)
        else:
            box.module = labels.function_word(ops[0].function)
            box.family = "embedding" if "emb" in box.module else "module"
        if core is not None:
            box.family = "attention"
            box.module = box.module if "attention" in box.module else "attention"
            box.detail = labels.heads(core, [v.shape for op in ops for v in op.inputs])
        return True


def _relative_name(call: Call) -> str:
    above = call.parent.path if call.parent else ""
    return call.path.removeprefix(f"{above}.") if above else call.path


def _joins_nothing(ops: list[Op], carrying: set[Value]) -> bool:
    """Whether a concatenation has one living input, as with an empty key-value cache."""
    if len(ops) > 1 or labels.MERGES.get(ops[0].name) != "concat":
        return False
    return sum(value in carrying for value in ops[0].inputs) < 2


def _flattens(ops: list[Op]) -> bool:
    """Whether a chain of views makes a vector of an image; dropping sizes of 1 does not."""
    before = ops[0].inputs[0].shape if ops[0].inputs else None
    after = ops[-1].outputs[0].shape if ops[-1].outputs else None
    if not before or not after or len(before) < 3 or len(after) != 2:
        return False
    return math.prod(before[2:]) > 1 and math.prod(before) == math.prod(after)


Origin = dict[Value, Box | SideInput]


def _connect(graph: Graph, tree: _Tree, living: list[Op], carrying: set[Value]) -> None:
    """Give every visible box its sources, and add the input and output pills."""
    inputs = [_input_box(value, len(graph.inputs)) for value in graph.inputs]
    origin: Origin = dict(zip(graph.inputs, inputs, strict=True))
    for value in graph.values:
        if value.kind == "parameter":
            origin[value] = SideInput(value.name, value.shape)
    for op in living:  # in the order of execution, so every origin is known when it is read
        _connect_op(op, tree, carrying, origin)
    for box in tree.hidden:
        if box.parent is not None:
            box.parent.children.remove(box)
    outputs = _output_boxes(graph, origin)
    for box in (*inputs, *outputs):
        box.parent = tree.root
    tree.root.children = [*inputs, *tree.root.children, *outputs]


def _connect_op(op: Op, tree: _Tree, carrying: set[Value], origin: Origin) -> None:
    """Feed the op's box from what it read; what it made comes from the box, or through it."""
    box = tree.box_of[op]
    found = [origin[v] for v in op.inputs if v in carrying and v in origin]
    made_by: Box | SideInput | None = found[0] if found else None
    if box not in tree.hidden:
        for source in found:
            _feed(box, source)
        made_by = box
    for value in op.outputs:
        if value.producer is op and made_by is not None:  # else it returned its input itself
            origin[value] = made_by


def _feed(box: Box, source: Box | SideInput) -> None:
    if isinstance(source, SideInput):
        # a layer's own weights are the layer; a parameter beside an operation is news
        if box.kind == "op" and box.family == "merge":
            short = SideInput(source.name.rpartition(".")[2], source.shape)
            if short not in box.side_inputs:
                box.side_inputs.append(short)
    elif source is not box and source not in box.sources:
        box.sources.append(source)


def _input_box(value: Value, how_many: int) -> Box:
    name = "input" if how_many == 1 else value.name or "input"
    return Box("io", name=name, family="io", shape=value.shape, order=-1, path=value.name)


def _output_boxes(graph: Graph, origin: Origin) -> list[Box]:
    """One pill for each box that an output comes from."""
    pills: dict[Box, Box] = {}
    for value, name in zip(graph.outputs, graph.output_names, strict=True):
        source = origin.get(value)
        if isinstance(source, Box) and source not in pills:
            pill = Box("io", name=name, family="io", shape=value.shape, path=name)
            pill.order, pill.sources = len(graph.ops) + len(pills), [source]
            pills[source] = pill
    for k, pill in enumerate(pills.values()):
        numbered = f"output {k}" if pill.name.isdigit() or not pill.name else pill.name
        pill.name = "output" if len(pills) == 1 else numbered
    return list(pills.values())


def _drop_empty(group: Box) -> None:
    for child in list(group.children):
        if child.kind == "group":
            _drop_empty(child)
            if not child.children:
                group.children.remove(child)
