"""Graph -> a tree of boxes with value-accurate edges. The first step of the outline.

What is drawn: an op that reads, through any chain, an input or a parameter, and that an
output needs. Masks, ranges and rotary tables vanish (the first 40 ops of a Llama). Views,
casts and dropout in evaluation are hidden, and edges bridge them.

A module call without living child calls is one leaf. Ops outside leaf modules become boxes
of their own; those of one author-named function share one.
"""

import math
from collections.abc import Hashable, Iterable
from dataclasses import dataclass, field

from introspect.graph.outline import labels
from introspect.graph.outline.box import Box
from introspect.graph.outline.wire import connect
from introspect.nouns.graph import Call, Graph, Op, Value

_ALWAYS_ONE_BOX = frozenset({"MultiheadAttention", "LSTM", "GRU", "RNN"})


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
    connect(graph, tree.root, tree.box_of, tree.hidden, living=living, carrying=carrying)
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
                recipe=tuple(sorted((key, repr(value)) for key, value in call.settings.items())),
            )
        )
    return root


def _living(graph: Graph) -> tuple[list[Op], set[Value]]:
    """Ops between the inputs or parameters and the outputs, and the values that carry data.

    The first turn of a loop often works on constants where the others work on results (the
    coordinates of an optical flow): an op lives, too, if the same line of the same module does.
    """
    carrying = {value for value in graph.values if value.kind in {"input", "parameter"}}
    fed = _fed(graph, carrying, frozenset())
    lines = {_line(op) for op in fed if op.source is not None}
    if any(op not in fed and op.source is not None and _line(op) in lines for op in graph.ops):
        fed = _fed(graph, carrying, frozenset(lines))
    needed: set[Op] = set()
    todo = list(graph.outputs)
    while todo:
        op = todo.pop().producer
        if op is not None and op in fed and op not in needed:
            needed.add(op)
            todo.extend(op.inputs)
    chosen = needed or fed  # a graph cut from its inputs is shown as it is
    return [op for op in graph.ops if op in chosen], carrying


def _fed(graph: Graph, carrying: set[Value], lines: frozenset[Hashable]) -> set[Op]:
    fed: set[Op] = set()
    for op in graph.ops:
        is_fed = any(value in carrying for value in op.inputs)
        if is_fed or (lines and op.source is not None and _line(op) in lines):
            fed.add(op)
            carrying.update(op.outputs)
    return fed


def _line(op: Op) -> Hashable:
    shapes = tuple(value.shape for value in op.outputs)
    return (op.name, op.source, op.call.path if op.call else "", op.function, shapes)


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
            if word not in labels.VIEWS and word not in labels.DROPOUTS
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
        missing: list[Call] = []
        while call is not None and call.parent is not None and call not in self._boxes:
            missing.append(call)
            call = call.parent
        box = self._boxes.get(call, self.root) if call is not None else self.root
        for inner in reversed(missing):
            if box.kind == "group":
                box = self._module_box(inner, box)
            self._boxes[inner] = box
        return box

    def _module_box(self, call: Call, around: Box) -> Box:
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
        return box

    def finish(self, carrying: set[Value]) -> None:
        """Label every box and decide which are hidden."""
        self._split_functions()
        for box, contents in self.contents.items():
            box.operations = len(contents.ops)
            steps: list[int] = []
            box.recipe = tuple(labels.scalars(op, steps) for op in contents.ops)
            box.steps = tuple(steps)
            repeat = _repeat(contents)
            if repeat > 1:
                box.count, box.badge = repeat, f"×{repeat}"
            last = contents.ops[-1]
            box.shape = last.outputs[0].shape if last.outputs else None
            finish = self._finish_leaf if box.kind == "leaf" else self._finish_op
            if not finish(box, contents) or _joins_nothing(contents.ops, carrying):
                self.hidden.add(box)

    def _split_functions(self) -> None:
        """A function called again and again, as in a loop, is a box for each call."""
        for box in [box for box in self.contents if box.kind == "op"]:
            ops = self.contents[box].ops
            turns = _turns(ops)
            if turns < 2 or box.parent is None:
                continue
            length = len(ops) // turns
            siblings = box.parent.children
            place = next(k for k in range(len(siblings) - 1, -1, -1) if siblings[k] is box)
            more = []
            for start in range(length, len(ops), length):
                part = Box("op", order=ops[start].index, path=box.path, parent=box.parent)
                self.contents[part] = _Contents(ops[start : start + length])
                self.box_of.update(dict.fromkeys(self.contents[part].ops, part))
                more.append(part)
            self.contents[box].ops = ops[:length]
            siblings[place + 1 : place + 1] = more

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


def _turns(ops: list[Op]) -> int:
    """How often a sequence of ops repeats from its first to its last; 1 if it does not.

    Two turns need three ops each, three turns two: ``a * b * c`` is no loop.
    """
    if not ops[0].function or len(ops) < 6:
        return 1
    lines = [(op.name, op.source) for op in ops]
    for length in range(2, len(ops) // 2 + 1):
        turns, rest = divmod(len(ops), length)
        if not rest and lines[length] == lines[0] and lines[length:] == lines[:-length]:
            return turns if length > 2 or turns > 2 else 1
    return 1


def _repeat(contents: _Contents) -> int:
    """How many calls a box stands for that ``FoldDuplicates`` made."""
    given = contents.call.settings if contents.call is not None else contents.ops[0].options
    count = given.get("repeat", 1) if contents.call is not None or len(contents.ops) == 1 else 1
    return count if isinstance(count, int) else 1


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


def _drop_empty(root: Box) -> None:
    for group in reversed(list(root.groups())):
        group.children = [c for c in group.children if c.kind != "group" or c.children]
