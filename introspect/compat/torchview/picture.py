"""Flow -> the nodes and edges of one picture: how deep, with which tensors, rolled or not.

Not here: their words and colours (``computation_graph``).
"""

from collections.abc import Callable
from dataclasses import dataclass, field

from introspect.compat.torchview.computation_node import (
    FunctionNode,
    ModuleNode,
    Node,
    TensorNode,
)
from introspect.compat.torchview.flow import Flow, Maker, Version
from introspect.nouns.graph import Call, Value


@dataclass(frozen=True, slots=True)
class Look:
    """What is drawn; as the arguments of ``draw_graph``."""

    depth: float
    hide_module_functions: bool
    hide_inner_tensors: bool
    roll: bool
    collect_attributes: bool
    is_leaf: Callable[[Call], bool]


@dataclass(slots=True, eq=False)
class Picture:
    """Nodes with the open module calls around each, in the order of the run, and edges."""

    nodes: list[tuple[Node, tuple[Call, ...]]] = field(default_factory=list)
    edges: list[tuple[Node, Node]] = field(default_factory=list)


def picture(flow: Flow, look: Look) -> Picture:
    """Choose the nodes, and lift every reading to an edge between two of them."""
    return _Painter(flow, look).paint()


class _Painter:
    def __init__(self, flow: Flow, look: Look) -> None:
        self.flow = flow
        self.look = look
        self.boxes: dict[object, tuple[int, Node, tuple[Call, ...]]] = {}
        self.edges: dict[tuple[Version, Node, Node], None] = {}
        self.outputs = set(flow.outputs)
        self.position = {version: k for k, version in enumerate(flow.versions)}
        self.first_out: dict[Call, Version] = {}
        for version in flow.versions:
            for call in version.left:
                self.first_out.setdefault(call, version)

    def paint(self) -> Picture:
        flow = self.flow
        for version in flow.versions:
            self.tensor(version)
        for version in flow.versions:
            self.box(version.maker)
            self.lift(version)
            for reader in version.readers:
                self.box(reader)
        ordered = sorted(self.boxes.values(), key=lambda row: row[0])
        edges = [(tail, head) for _, tail, head in self.edges]
        for tail, head in edges:
            tail.children.append(head)
            head.parents.append(tail)
        return Picture([(node, around) for _, node, around in ordered], edges)

    def closed(self, maker: Maker) -> int | None:
        """The place in the chain of the call that is drawn as one box around the maker."""
        for depth, call in enumerate(maker.chain):
            is_leaf = self.look.hide_module_functions and self.look.is_leaf(call)
            if is_leaf or depth >= self.look.depth:
                return depth
        if maker.kind == "opaque":  # there is nothing to see inside
            return len(maker.chain) - 1
        return None

    def box(self, maker: Maker) -> Node | None:
        """What stands for a maker: a module, a function, or nothing."""
        depth = self.closed(maker)
        if depth is not None:
            return self.module(maker.chain[depth], maker.chain[:depth])
        return self.function(maker) if maker.kind == "op" else None

    def module(self, call: Call, around: tuple[Call, ...]) -> Node:
        if call not in self.boxes:
            key = f"module {call.path}"
            if not self.look.roll:
                key = f"call {call.index}"
            elif not call.parameters:
                key += f" {self.next_reader(self.first_out.get(call), call)}"
            node = ModuleNode(
                call.module,
                len(around),
                key,
                input_shape=_shapes(self.flow.inputs_of[call]),
                output_shape=_shapes(call.outputs),
                attributes=str(dict(call.settings)) if self.look.collect_attributes else None,
                is_container=self.look.is_leaf(call),
            )
            self.boxes[call] = (self.flow.entered[call], node, around)
        return self.boxes[call][1]

    def function(self, maker: Maker) -> Node:
        op = maker.op
        if maker not in self.boxes and op is not None:
            key = f"op {op.index}"
            if self.look.roll:
                key = f"function {op.name} {self.next_reader(maker.made[0], None)}"
            is_asked = self.look.collect_attributes
            node = FunctionNode(
                op.name,
                len(maker.chain),
                key,
                input_shape=_shapes(self.flow.inputs_of[op]),
                output_shape=_shapes(_returned(maker)),
                attributes=f"{op.arguments}, {dict(op.options)}" if is_asked else None,
            )
            self.boxes[maker] = (maker.order, node, maker.chain)
        return self.boxes[maker][1]

    def next_reader(self, version: Version | None, inside: Call | None) -> str:
        """Where a tensor goes next: the module, or the one function or tensor."""
        if version is None:
            return ""
        if not self.look.hide_inner_tensors:
            return f"tensor {self.position[version]}"
        chain = version.maker.chain
        if inside is not None:
            chain = chain[: chain.index(inside)]
        for reader in version.readers:
            if inside is not None and inside in reader.chain:
                continue
            shared = 0
            while (
                shared < min(len(chain), len(reader.chain))
                and chain[shared] is reader.chain[shared]
            ):
                shared += 1
            if shared < len(reader.chain):
                return f"module {reader.chain[shared].path}"
            return f"op {reader.order}"
        return f"tensor {self.position[version]}"

    def tensor(self, version: Version) -> Node | None:
        """The box of a tensor, if it has one."""
        if version in self.boxes:
            return self.boxes[version][1]
        maker = version.maker
        depth = self.closed(maker)
        is_input, is_output = maker.kind == "input", version in self.outputs
        if not (is_input or is_output):
            # of the inside of a closed module only what leaves it is seen
            is_inside = depth is not None and maker.chain[depth] not in version.left
            if self.look.hide_inner_tensors or is_inside:
                return None
        left = version.left[-1] if version.left else None
        level = maker.chain.index(left) if left in maker.chain else len(maker.chain)
        name = "input-tensor" if is_input else "output-tensor" if is_output else "hidden-tensor"
        node = TensorNode(
            name,
            0 if is_output else level,
            f"tensor {self.position[version]}",
            tensor_shape=tuple(version.value.shape or ()),
        )
        around = maker.chain if depth is None else maker.chain[:depth]
        self.boxes[version] = (maker.order, node, () if is_output or is_input else around)
        return node

    def lift(self, version: Version) -> None:
        """The edges out of a tensor, and the one into its box."""
        own = self.boxes.get(version)
        base = version
        while base.maker.kind == "pass" and self.closed(base.maker) is None and base.before:
            base = base.before
        maker_box = self.box(base.maker)
        source = maker_box
        if source is None and base in self.boxes and base is not version:
            source = self.boxes[base][1]
        if own is not None and source is not None:
            self.edges[version, source, own[1]] = None
        tail = own[1] if own is not None and not self.is_last(version) else source
        for reader in version.readers:
            head = self.box(reader)
            if head is not None and tail is not None and head is not maker_box:
                self.edges[base, tail, head] = None

    def is_last(self, version: Version) -> bool:
        """Whether it is drawn as an output only, and its readers hang on what made it."""
        return self.look.hide_inner_tensors and version in self.outputs


def _returned(maker: Maker) -> list[Value]:
    """What an op returned, without tensors that changed with it; all of it if it returned none."""
    made = [version.value for version in maker.made]
    return [value for value in made if value.kind != "alias"] or made


def _shapes(values: "list[Value] | tuple[Value, ...]") -> list[tuple[int, ...]]:
    return [tuple(value.shape or ()) for value in values]
