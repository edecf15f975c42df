"""Box: one thing in a picture, and what feeds it. The working data of the outline.

A tree of boxes; leaves carry the edges (`sources`). The passes of the outline edit the
tree in place, in a fixed order (``introspect.graph.outline``); layout only reads it.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Literal

Shape = tuple[int, ...] | None


@dataclass(frozen=True, slots=True)
class Strip:
    """A norm or activation drawn as a band on its layer's card."""

    text: str
    family: str


@dataclass(frozen=True, slots=True)
class SideInput:
    """A parameter that an operation reads directly, such as a class token."""

    name: str
    shape: Shape


@dataclass(frozen=True, slots=True, eq=False)
class Repeat:
    """How the members that a folded box stands for were wired: enough to write them all out.

    A member is the folded box itself, or the children of a made group. Leaves of a member
    are counted from 0 in its order, folded boxes inside counted once.

    Attributes:
        kind: ``"chain"``: each reads the one before it, ``"parallel"``: all read the same,
            ``"similar"``: a chain whose numbers differ, ``"dense"``: the same, each reading all
            before it, ``"equal"``: nothing is known of the wiring (a module tree).
        period: How many siblings one member had.
        carried: (reader, source, first): from the second member on, that leaf reads that leaf of
            the member before; in the first member it reads `first` instead, a box outside,
            or nothing (None). Chains only.
        collected: (box, source): boxes outside that read that leaf of every member; other
            readers read the last member of a chain.
    """

    kind: Literal["chain", "parallel", "similar", "dense", "equal"]
    period: int = 1
    carried: "tuple[tuple[int, int, Box | None], ...]" = ()
    collected: "tuple[tuple[Box, int], ...]" = ()


@dataclass(slots=True, eq=False)
class Box:
    """One box, or a group of them.

    Attributes:
        kind: ``"leaf"``: a module, ``"op"``: an operation or author-named function outside
            any leaf module, ``"group"``: has children, ``"io"``: an input or output.
        name: Relative to the enclosing group: ``"conv1"``, ``"layers.0–31"``.
        call: 1 for the first call of a module that is called several times; 0 if called once.
        module: Class name, or the operation's word (``"max pool"``, ``"+"``).
        family: Colour family (``introspect.theme.OP_FAMILIES``).
        detail: What one line says beyond the class: ``"3×3, 64 → 128 /2"``.
        arrow_detail: The same, always in arrow form, for ranges over folded siblings.
        parameters: Scalars in its parameters.
        path: Qualified module name, for tool tips.
        order: Position in the order of execution.
        shape: Of its first result, batch included.
        sources: Leaves and inputs that feed it, in argument order. Leaves only.
        through: Source -> the hidden ops (views, casts) between, as numbers of chains.
        before, after: Strips above and below the card.
        side_inputs: Parameters that enter from the side.
        count: How many equal siblings this box stands for.
        badge: ``"×32"``, ``"×17 parallel"``.
        operations: How many ops it stands for.
        recipe: Every op with its scalar arguments; two leaves fold only if it is equal.
        steps: Positions that its ops name, ``x[:, 3]``; in a loop they advance evenly.
        sealed_leaves: For a group drawn as one card: the leaves inside.
        is_sealed: Whether a group is to be drawn as one card.
        repeat: For a folded box: how its members were wired.
        choice: What the user asked for: ``"expand"``, ``"collapse"`` or ``""``.
        heat: Of an overlay: 0 to 1, the share of the scale; None where nothing is laid over.
        heat_text: The overlay's number with its unit, as written on the box.
        inset: The mark of the inset that explains this card (``"A"``), or ``""``.
        mark: In a picture of what changed: ``"+"``, ``"−"``, ``"~"``, ``"→"`` or ``"="``
            (unchanged); ``""`` in every other picture.
    """

    kind: Literal["leaf", "op", "group", "io"]
    name: str = ""
    call: int = 0
    module: str = ""
    family: str = "module"
    detail: str = ""
    arrow_detail: str = ""
    parameters: int = 0
    path: str = ""
    order: int = 0
    shape: Shape = None
    parent: "Box | None" = None
    children: "list[Box]" = field(default_factory=list)
    sources: "list[Box]" = field(default_factory=list)
    through: "dict[Box, tuple[int, ...]]" = field(default_factory=dict)
    before: list[Strip] = field(default_factory=list)
    after: list[Strip] = field(default_factory=list)
    side_inputs: list[SideInput] = field(default_factory=list)
    count: int = 1
    badge: str = ""
    operations: int = 0
    recipe: tuple[Any, ...] = ()
    steps: tuple[int, ...] = ()
    sealed_leaves: "tuple[Box, ...]" = ()
    is_sealed: bool = False
    repeat: Repeat | None = None
    choice: Literal["", "expand", "collapse"] = ""
    heat: float | None = None
    heat_text: str = ""
    inset: str = ""
    mark: str = ""

    @property
    def written_name(self) -> str:
        """The name as a picture writes it; a module's second call says so."""
        return f"{self.name} (call {self.call})" if self.call and self.count == 1 else self.name

    def add(self, child: "Box") -> "Box":
        """Append a child and return it."""
        child.parent = self
        self.children.append(child)
        return child

    @property
    def is_loop(self) -> bool:
        """Whether it stands for turns of one loop, each of which takes up what the last left."""
        if self.repeat is None or not self.repeat.carried:
            return False
        return self.module == "loop" or self.kind == "op" or " calls" in self.badge

    @property
    def written_badge(self) -> str:
        """The badge as a picture writes it; a loop's with an arrow that comes back."""
        return f"↻ {self.badge}" if self.badge and self.is_loop else self.badge

    @property
    def is_made(self) -> bool:
        """Whether the group is no module, but one turn of a repeated sequence of siblings."""
        return self.repeat is not None and self.repeat.period > 1

    def leaves(self) -> "Iterator[Box]":
        """Every box below that is not a group, in order; itself if it is none."""
        todo: list[Box] = [self]  # no recursion: modules may be nested thousands deep
        while todo:
            box = todo.pop()
            if box.kind == "group":
                todo.extend(reversed(box.children))
            else:
                yield box

    def groups(self) -> "Iterator[Box]":
        """Itself and every group below, each before what it holds."""
        todo: list[Box] = [self]
        while todo:
            box = todo.pop()
            if box.kind == "group":
                yield box
                todo.extend(reversed(box.children))

    def ancestors(self) -> "list[Box]":
        """The groups around it, outermost first."""
        chain: list[Box] = []
        box = self.parent
        while box is not None:
            chain.append(box)
            box = box.parent
        return chain[::-1]

    def __repr__(self) -> str:
        return f"<Box {self.kind} {self.name} {self.module} {self.badge}>"


def readers(leaves: list[Box]) -> dict[Box, list[Box]]:
    """Leaf -> the leaves that read it, in order."""
    reading: dict[Box, list[Box]] = {leaf: [] for leaf in leaves}
    for leaf in leaves:
        for source in leaf.sources:
            if source in reading:
                reading[source].append(leaf)
    return reading
