"""Graph -> what reads what, as torchview counts it: from the inputs on, through modules.

Only what depends on the model's inputs, or on a tensor that was made during the run, is
followed: parameters and what is computed of them alone are in no picture. A tensor that a
module returns as it came (``nn.Identity``) is from then on that module's.

Cost: 5 us an op. Not here: which of it is drawn (``picture``).
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Literal

from introspect.nouns.graph import Call, Graph, Op, Value

CREATORS = frozenset(
    """as_tensor from_numpy zeros zeros_like ones ones_like arange range linspace logspace eye empty
    empty_like full full_like complex heaviside bernoulli multinomial normal poisson rand rand_like
    randint randint_like randn randn_like randperm""".split()
)
"""Functions whose tensors are followed as if they were inputs."""

_LEAVES_TORCH = frozenset({"numpy", "__array__", "__dlpack__"})
"""Functions behind which tensors may come back that nobody saw being made."""

Kind = Literal["input", "created", "op", "pass", "opaque", "entry"]


@dataclass(slots=True, eq=False)
class Maker:
    """What makes or reads tensors.

    Attributes:
        kind: ``"input"`` of the model; ``"created"`` from nothing; ``"op"``; ``"pass"`` of a tensor
            through a module; ``"opaque"``, a module whose ops torch hides; ``"entry"`` into one.
        order: In the run.
        chain: The module calls around it, from the model inwards.
        op: For an op: which.
        made: What it made.
    """

    kind: Kind
    order: int
    chain: tuple[Call, ...]
    op: Op | None = None
    made: "list[Version]" = field(default_factory=list)


@dataclass(slots=True, eq=False)
class Version:
    """A tensor between one maker and the next.

    Attributes:
        value: The tensor.
        maker: What made it.
        before: For what was passed through: what it was before.
        readers: Of it, in order.
        left: Calls that returned it, from the innermost outwards.
    """

    value: Value
    maker: Maker
    before: "Version | None" = None
    readers: list[Maker] = field(default_factory=list)
    left: list[Call] = field(default_factory=list)


@dataclass(slots=True, eq=False)
class Flow:
    """The whole run.

    Attributes:
        versions: In order; inputs first.
        outputs: Those that the model returned.
        inputs_of: Op or call -> the tensors it took that are followed, in argument order.
        entered: Call -> its order.
    """

    versions: list[Version] = field(default_factory=list)
    outputs: list[Version] = field(default_factory=list)
    inputs_of: dict[Op | Call, list[Value]] = field(default_factory=dict)
    entered: dict[Call, int] = field(default_factory=dict)


def flow(graph: Graph) -> Flow:
    """Follow the tensors of a traced graph.

    Example:
        >>> import torch, introspect
        >>> model = torch.nn.Sequential(torch.nn.Identity(), torch.nn.ReLU())
        >>> found = flow(introspect.trace(model, torch.zeros(2)))
        >>> [version.maker.kind for version in found.versions]
        ['input', 'pass', 'op']
    """
    follower = _Follower(graph)
    follower.run()
    return follower.found


class _Follower:
    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.found = Flow()
        self.now: dict[Value, Version] = {}  # the last version of each tensor that is followed
        self.open: list[Call] = []
        self.drawn: list[tuple[Call, ...]] = [()]  # calls around, without those that follow nothing
        self.order = 0
        self.next_call = 0
        self.busy: set[Call] = set()
        self.passed: list[dict[Value, Version]] = []  # in each open call: as it was before
        self.has_left = False
        # What a lazy module's first call makes of its own parameters is none of the model's flow.
        self.becoming = {
            value
            for op in graph.ops
            if op.name == "set_data" and op.inputs and op.inputs[0].kind != "result"
            for value in op.inputs[1:]
        }
        for op in graph.ops:
            for call in _around(op.call):
                if call in self.busy:
                    break
                self.busy.add(call)

    def run(self) -> None:
        for value in self.graph.inputs:
            self.make(self.maker("input"), value)
        for op in self.graph.ops:
            if op.call is not None:
                self.go_to(op.call)
                self.idle_calls(op.call)
            self.follow(op)
        for call in self.graph.calls[self.next_call :]:
            self.go_to(call)
        while self.open:
            self.leave()
        outputs = [self.now[value] for value in self.graph.outputs if value in self.now]
        self.found.outputs = list(dict.fromkeys(outputs))

    def maker(self, kind: Kind, op: Op | None = None) -> Maker:
        self.order += 1
        return Maker(kind, self.order, self.drawn[-1], op)

    def make(self, maker: Maker, value: Value, before: Version | None = None) -> None:
        version = Version(value, maker, before)
        maker.made.append(version)
        self.found.versions.append(version)
        self.now[value] = version

    def read(self, reader: Maker, values: list[Value]) -> None:
        for value in dict.fromkeys(values):
            self.now[value].readers.append(reader)

    def go_to(self, call: Call) -> None:
        """Leave and enter calls until this is the innermost one; those between run on the way."""
        target = list(_around(call))[::-1]
        while self.open and self.open[-1] not in target:
            self.leave()
        for inner in target[len(self.open) :]:
            while self.next_call < inner.index:
                self.go_to(self.graph.calls[self.next_call])
            while self.open and self.open[-1] is not inner.parent:
                self.leave()
            self.enter(inner)

    def idle_calls(self, call: Call) -> None:
        """Run the next calls that have no ops, as soon as what they take is there."""
        calls = self.graph.calls
        while self.next_call < len(calls):
            idle = calls[self.next_call]
            if idle in self.busy or idle.parent is not call:
                return
            if any(value not in self.now and value.kind == "result" for value in idle.inputs):
                return
            self.go_to(idle)
            self.go_to(call)

    def enter(self, call: Call) -> None:
        self.next_call = max(self.next_call, call.index + 1)
        self.open.append(call)
        self.passed.append({})
        self.welcome(call.inputs)
        given = [value for value in call.inputs if value in self.now]
        if not given and len(self.drawn) > 1:
            self.drawn.append(self.drawn[-1])
            return
        self.drawn.append((*self.drawn[-1], call))
        self.found.inputs_of[call] = given
        entry = self.maker("entry")
        self.found.entered[call] = entry.order
        self.read(entry, given)

    def leave(self) -> None:
        call = self.open.pop()
        chain = self.drawn[-1]
        if chain and chain[-1] is call:
            for value in dict.fromkeys(call.outputs):
                self.hand_out(call, value)
        self.drawn.pop()
        for value, before in self.passed.pop().items():
            if value not in call.outputs:
                self.now[value] = before  # who reads it outside has it from where it came from
            elif self.passed:
                self.passed[-1].setdefault(value, before)

    def hand_out(self, call: Call, value: Value) -> None:
        given = self.found.inputs_of[call]
        version = self.now.get(value)
        if version is None and given and value.producer is None and value.kind == "result":
            maker = self.maker("opaque")
            self.read(maker, given)
            self.make(maker, value)
        elif version is not None and (version.readers or call not in version.maker.chain):
            maker = self.maker("pass")
            self.read(maker, [value])
            self.make(maker, value, version)
            if len(self.passed) > 1:
                self.passed[-2].setdefault(value, version)
        if value in self.now:
            self.now[value].left.append(call)

    def welcome(self, values: tuple[Value, ...]) -> None:
        """Tensors that come back from outside of torch are made where they are first read."""
        for value in values:
            if self.has_left and value.kind == "constant" and value not in self.now:
                self.make(self.maker("created"), value)

    def follow(self, op: Op) -> None:
        self.welcome(op.inputs)
        self.has_left |= op.name in _LEAVES_TORCH
        given = [value for value in op.inputs if value in self.now]
        made = op.outputs or (op.inputs[:1] if "pass_through" in op.flags else ())
        if not given:
            if op.name in CREATORS:
                for value in made:
                    if value not in self.becoming:
                        self.make(self.maker("created"), value)
            return
        if made:
            if "pass_through" in op.flags and self.passed:
                for value in made:
                    if value in self.now:
                        self.passed[-1].setdefault(value, self.now[value])
            maker = self.maker("op", op)
            self.found.inputs_of[op] = given
            self.read(maker, given)
            whole = [value for value in dict.fromkeys(made) if value.kind != "alias"]
            for value in dict.fromkeys(made):
                twin = next((w for w in whole if w is not value and w.shape == value.shape), None)
                if value.kind == "alias" and twin in self.now:
                    self.now[value] = self.now[twin]  # what an op returned of what it wrote into
                else:
                    self.make(maker, value)


def _around(call: Call | None) -> Iterator[Call]:
    while call is not None:
        yield call
        call = call.parent
