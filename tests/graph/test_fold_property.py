"""Whatever is folded can be written out again: same leaves, same order, same edges.

Graphs are made by hand from random programs: stacks of random blocks, loops of loose ops, one
module called again, parallel heads, results that are collected, members that differ. The
folded tree is unfolded here by an interpreter of its own and compared, leaf by leaf and edge
by edge, with the tree that was never folded.
"""

from dataclasses import dataclass, field

from hypothesis import example, given, settings
from hypothesis import strategies as st

from introspect.graph.outline import open_outline
from introspect.nouns.graph import TENSOR, Call, Graph, Op, Value


class Builder:
    """A graph, op by op."""

    def __init__(self):
        self.root = Call(0, "", "Model", False, None, 0, {}, 0, False)
        self.calls, self.ops = [self.root], []
        self.x = Value(0, (2, 8), "float32", "cpu", "input", "x")
        self.values = [self.x]
        self._ran = {}

    def call(self, path, module, parent, settings=None):
        repetition = self._ran.get(path, 0)
        self._ran[path] = repetition + 1
        made = Call(
            len(self.calls), path, module, True, parent, repetition, settings or {}, 0, False
        )
        self.calls.append(made)
        return made

    def op(self, name, inputs, call=None, argument=0):
        arguments = (*[TENSOR] * len(inputs), argument)
        op = Op(len(self.ops), name, call or self.root, tuple(inputs), (), arguments)
        value = Value(len(self.values), (2, 8), "float32", "cpu", "result", producer=op)
        object.__setattr__(op, "outputs", (value,))
        self.ops.append(op)
        self.values.append(value)
        return value

    def graph(self, outputs):
        return Graph(
            name="Model",
            module="Model",
            ops=tuple(self.ops),
            values=tuple(self.values),
            calls=tuple(self.calls),
            inputs=(self.x,),
            outputs=tuple(outputs),
            output_names=tuple(str(k) for k in range(len(outputs))),
            parameters=0,
        )


@dataclass(frozen=True)
class Step:
    """One op of a block: what it is, and which of the values so far it reads."""

    word: str
    reads: tuple[int, ...]


@dataclass(frozen=True)
class Segment:
    """A block, again and again."""

    steps: tuple[Step, ...]
    turns: int
    style: str
    collect: bool
    odd_turn: int
    carries_two: bool


TWO_STATES = Segment(  # the first turn begins one state with what it reads anyway
    (
        Step("Linear", (3,)),
        Step("Linear", (0,)),
        Step("Block", (2, 5, 1)),
        Step("Block", (2, 5, 1)),
    ),
    turns=4,
    style="alternating",
    collect=True,
    odd_turn=5,
    carries_two=True,
)
WORDS = ["Linear", "GRUCell", "blend", "warp", "+", "Block"]

steps = st.builds(
    Step, st.sampled_from(WORDS), st.lists(st.integers(0, 5), min_size=1, max_size=3).map(tuple)
)
segments = st.builds(
    Segment,
    st.lists(steps, min_size=1, max_size=5).map(tuple),
    st.integers(1, 6),
    st.sampled_from(["modules", "calls", "loose", "parallel", "alternating"]),
    st.booleans(),
    st.integers(-12, 5),
    st.booleans(),
)


def run_step(builder, step, known, path, parent, argument):
    """One step as a module, a loose op or a small block of two."""
    inputs = [known[k % len(known)] for k in step.reads]
    if step.word in {"blend", "warp", "+"}:
        return builder.op("add" if step.word == "+" else step.word, inputs, parent, argument)
    call = builder.call(path, step.word, parent, {"in_features": 8, "out_features": 8})
    if step.word != "Block":
        return builder.op("linear", inputs, call, argument)
    inner = builder.call(f"{path}.a", "Linear", call, {"in_features": 8, "out_features": 8})
    first = builder.op("linear", inputs, inner, argument)
    return builder.op("blend", [first, *inputs], call, 1)


def run_segment(builder, name, segment, state):
    collected, second = [], builder.x
    beginning = state
    for turn in range(segment.turns):
        place = f"{name}.0" if segment.style == "calls" else f"{name}.{turn}"
        parent = builder.root
        if segment.style in {"modules", "calls", "parallel"}:
            parent = builder.call(place, "Turn", builder.root)
        argument = 7 if turn == segment.odd_turn else 0
        if segment.style == "alternating":
            argument = turn % 2
        known = [beginning if segment.style == "parallel" else state, builder.x, second]
        for k, step in enumerate(segment.steps):
            known.append(run_step(builder, step, known, f"{place}.{k}", parent, argument))
        if segment.style == "parallel":
            collected.append(known[-1])
            continue
        if segment.carries_two:
            second = known[3]
        state = known[-1]
        collected.append(known[3])
    if segment.style == "parallel" or (segment.collect and segment.turns > 1):
        state = builder.op("stack", [state, *collected])
    return state, collected


programs = st.lists(st.tuples(segments, st.integers(0, 5)), min_size=1, max_size=3)


def build(program):
    builder = Builder()
    state, outputs = builder.x, []
    for k, (segment, gives_all) in enumerate(program):
        state, collected = run_segment(builder, f"part{k}", segment, state)
        if gives_all == 5:
            outputs += collected
    return builder.graph([*outputs, state])


# The interpreter: what a folded tree stands for.


@dataclass(eq=False)
class Leaf:
    """One leaf written out."""

    words: tuple
    sources: set = field(default_factory=set)


@dataclass
class Many:
    """The instances of one drawn leaf over the members of a run."""

    repeat: object
    place: int
    members: list


def resolve(value, reader):
    """What a reader of a drawn leaf reads, written out."""
    if isinstance(value, Leaf):
        return {value}
    reads_all = value.repeat.kind == "parallel" or (reader, value.place) in value.repeat.collected
    chosen = value.members if reads_all else value.members[-1:]
    return {leaf for member in chosen for leaf in resolve(member, reader)}


def words_of(box):
    return (box.kind, box.module, box.detail, box.shape, box.recipe)


class Unfolder:
    def __init__(self):
        self.found, self.now = [], {}
        self.outputs = []

    def write_out(self, box, skipped, carried):
        """Write out one box; `skipped` and `carried` are what later members read otherwise."""
        if box.repeat is not None:
            self.write_run(box, skipped, carried)
        elif box.kind == "group":
            for child in box.children:
                self.write_out(child, skipped, carried)
        elif box.kind == "io":
            self.write_pill(box)
        else:
            self.write_leaf(box, skipped, carried)

    def write_leaf(self, box, skipped, carried):
        leaf = Leaf(words_of(box))
        gone = [out for places in skipped for out in places.get(box, ())]
        for source in box.sources:
            if source not in gone:
                leaf.sources |= resolve(self.now[source], box)
        for more in carried:
            for value, _ in more.get(box, ()):
                leaf.sources |= resolve(value, box)
        self.found.append(leaf)
        self.now[box] = leaf

    def write_pill(self, box):
        if not box.sources:
            leaf = Leaf(words_of(box))
            self.now[box] = leaf
            self.found.append(leaf)
            return
        value = self.now[box.sources[0]]
        if box.count == 1:
            self.outputs.append(resolve(value, box))
            return
        self.outputs += [resolve(one, box) for one in spread(value, box.count)]

    def write_run(self, box, skipped, carried):
        repeat, shell = box.repeat, box
        leaves = list(box.leaves())
        members, earlier = [], {}
        for k in range(box.count):
            skip, carry, kept = {}, {}, carried
            if k:
                for reader, source, first in repeat.carried:
                    skip.setdefault(leaves[reader], []).extend([first] if first else [])
                    carry.setdefault(leaves[reader], []).append((earlier[leaves[source]], first))
                # what a run around it carries in place of a first value goes no further
                kept = [
                    {r: [p for p in ps if p[1] not in skip.get(r, ())] for r, ps in more.items()}
                    for more in carried
                ]
            box.repeat = None
            self.write_out(shell, [*skipped, skip], [*kept, carry])
            box.repeat = repeat
            earlier = {leaf: self.now[leaf] for leaf in leaves}
            members.append(earlier)
        for place, leaf in enumerate(leaves):
            self.now[leaf] = Many(repeat, place, [member[leaf] for member in members])


def spread(value, count):
    """What each of so many output pills reads: a member of the run that it was folded with."""
    if isinstance(value, Leaf) or count == 1:
        return [value]
    turns, rest = divmod(count, len(value.members))
    if rest:
        return spread(value.members[-1], count)
    return [one for member in value.members for one in spread(member, turns)]


def edges_of(leaves, outputs):
    place = {leaf: k for k, leaf in enumerate(leaves)}
    edges = {(place[source], k) for k, leaf in enumerate(leaves) for source in leaf.sources}
    ends = sorted(tuple(sorted(place[leaf] for leaf in found)) for found in outputs)
    return edges, ends


def written_out(root):
    unfolder = Unfolder()
    for child in root.children:
        unfolder.write_out(child, [], [])
    return unfolder


def kinds_of_repeats(root):
    """The kinds of runs in a tree; only exact ones can be written out edge by edge."""
    return {box.repeat.kind for box in (*root.groups(), *root.leaves()) if box.repeat is not None}


def compare(graph):
    folded = open_outline(graph, depth="all").root
    plain = open_outline(graph, depth="all", fold=False).root
    whole = written_out(folded)
    reference = written_out(plain)
    kinds = kinds_of_repeats(folded)
    assert len(whole.found) == len(reference.found)
    if kinds <= {"chain", "parallel"}:
        assert [leaf.words for leaf in whole.found] == [leaf.words for leaf in reference.found]
        there = edges_of(whole.found, whole.outputs)
        assert there == edges_of(reference.found, reference.outputs)
    return kinds


@settings(max_examples=300, deadline=None)
@example(program=[(TWO_STATES, 0)])
@given(programs)
def test_a_folded_outline_written_out_is_the_outline_that_was_never_folded(program):
    compare(build(program))


def test_the_programs_do_fold():
    """Else the property would hold of nothing."""
    builder = Builder()
    steps = (Step("Linear", (0,)), Step("blend", (3, 1)))
    state, _ = run_segment(builder, "a", Segment(steps, 5, "modules", False, -1, False), builder.x)
    state, _ = run_segment(builder, "b", Segment(steps, 6, "loose", True, -1, False), state)
    state, _ = run_segment(builder, "c", Segment(steps, 4, "parallel", True, -1, False), state)
    graph = builder.graph([state])
    assert compare(graph) == {"chain", "parallel"}
    badges = [box.badge for box in open_outline(graph, depth="all").root.groups() if box.badge]
    assert badges == ["×5", "×6 collected", "×4 parallel"]
