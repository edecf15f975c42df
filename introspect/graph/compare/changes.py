"""What changed between two graphs, as data and as a short text.

Shapes follow from shapes: a wider layer changes the sizes of all that reads it. Such changes are
listed with the others, but the text says them last and in one line.

Not here: how changes are found (``introspect.graph.compare.diff``), their picture
(``introspect.graph.compare.picture``).
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from os import PathLike
from typing import Any, Literal

from introspect.nouns.graph import Graph
from introspect.nouns.verbs import verb

Kind = Literal["added", "removed", "changed", "renamed", "moved"]
Aspect = Literal[
    "class", "op", "arguments", "settings", "parameters", "shapes", "dtypes", "wiring", "names"
]
_LONGEST_TEXT = 30


@dataclass(frozen=True, slots=True)
class Change:
    """One difference.

    Attributes:
        kind: What happened to it.
        path: Of the module call in the second graph (in the first, if it was removed).
        what: The class of a module call, or ``op`` and the name of an op.
        aspect: Of a change: which property differs; else empty.
        before: What it was; for renamed and moved calls the old path.
        after: What it is; for renamed and moved calls the new path.
    """

    kind: Kind
    path: str
    what: str
    aspect: Aspect | Literal[""] = ""
    before: str = ""
    after: str = ""

    def __str__(self) -> str:
        place = self.path or "the model"
        if self.kind in {"renamed", "moved"}:
            return f"{self.kind:<7}  {self.before} → {self.after}  {self.what}"
        if self.kind == "changed":
            return f"changed  {place}  {self.what}  {self.aspect}: {self.before} → {self.after}"
        return f"{self.kind:<7}  {place}  {self.what}  {self.before or self.after}".rstrip()


@dataclass(frozen=True, slots=True)
class GraphDiff:
    """What changed between two graphs; empty and false if nothing did.

    Attributes:
        before: Name of the first graph.
        after: Name of the second.
        changes: In the order of execution, renamed and moved blocks last.
    """

    before: str
    after: str
    changes: tuple[Change, ...]
    _graphs: tuple[Graph, Graph] | None = field(default=None, repr=False, compare=False)

    def __bool__(self) -> bool:
        return bool(self.changes)

    def __len__(self) -> int:
        return len(self.changes)

    def __iter__(self) -> Iterator[Change]:
        return iter(self.changes)

    @property
    def added(self) -> tuple[Change, ...]:
        """What only the second graph has."""
        return self._of("added")

    @property
    def removed(self) -> tuple[Change, ...]:
        """What only the first graph has."""
        return self._of("removed")

    @property
    def changed(self) -> tuple[Change, ...]:
        """What both have, with another class, argument, shape, ..."""
        return self._of("changed")

    @property
    def renamed(self) -> tuple[Change, ...]:
        """Blocks that are the same under another name."""
        return self._of("renamed")

    @property
    def moved(self) -> tuple[Change, ...]:
        """Blocks that are the same in another place."""
        return self._of("moved")

    def save(self, path: str | PathLike[str], **options: Any) -> None:
        """Draw what changed into a file: both architectures in one picture.

        Added boxes are green and marked ``+``, removed ones red, dashed and marked ``−``, changed
        ones amber and marked ``~``; what is unchanged is grey and folded.

        Args:
            path: Ends in ``.svg``, ``.pdf``, ``.png`` or ``.html``. Missing folders are made.
            **options: As of ``introspect.graph.compare.picture.picture``: `depth`, `direction`,
                `fold`, `title`, `legend`; and `theme`, `scale` or `dpi` for PNG.

        Raises:
            FormatError: If the suffix or an option is unknown, or this diff has no graphs.
        """
        verb("introspect.graph.compare.picture:save")(self, path, **options)

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        del include, exclude
        return verb("introspect.graph.compare.picture:mime_bundle")(self)

    def _repr_html_(self) -> str:
        return self._repr_mimebundle_().get("image/svg+xml", "")

    def _of(self, kind: Kind) -> tuple[Change, ...]:
        return tuple(change for change in self.changes if change.kind == kind)

    def __repr__(self) -> str:
        if not self.changes:
            return f"{self.before} and {self.after} are equal in structure"
        sizes = [c for c in self.changes if c.aspect in {"shapes", "dtypes"}]
        others = [c for c in self.changes if c.aspect not in {"shapes", "dtypes"}]
        lines = [str(change) for change in [*others, *sizes[:1]][: _LONGEST_TEXT + 1]]
        rest = len(others) + bool(sizes) - len(lines)
        lines += [f"... and {rest} more in .changes"] if rest > 0 else []
        if len(sizes) > 1:
            lines.append(f"changed  {len(sizes) - 1} more shapes or dtypes")
        head = f"{self.before} → {self.after}: {len(self.changes)} changes"
        return "\n  ".join([head.removesuffix("s") if len(self.changes) == 1 else head, *lines])
