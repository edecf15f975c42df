"""Box -> the words of its card and of its tool tip, for formats that lay out by themselves.

Not here: the words that our own layout places (``introspect.graph.layout.card``).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from introspect.errors import FormatError
from introspect.graph.formats.every_op import every_op
from introspect.graph.outline import Outline, outline, sizes, whole_depth
from introspect.graph.outline.box import Box
from introspect.graph.outline.labels import PLAIN_CONTAINERS, by_times, short_count
from introspect.nouns.graph import Graph

Detail = Literal["outline", "ops"]
Collapse = Sequence[str] | Callable[[Box], bool]


@dataclass(frozen=True, slots=True)
class Words:
    """What one card says.

    Attributes:
        name: ``"layers.0–31"``, bold in most formats.
        module: Class or operation.
        badge: ``"×32"``.
        detail: ``"3×3, 64 → 128 /2"``.
        count: Parameters, ``"74.0k"``.
        before, after: Strips above and below.
        tip: Lines of a tool tip.
    """

    name: str
    module: str
    badge: str
    detail: str
    count: str
    before: tuple[tuple[str, str], ...]
    after: tuple[tuple[str, str], ...]
    tip: tuple[str, ...]

    @property
    def title(self) -> str:
        """Name, class and badge on one line."""
        return " ".join(word for word in (self.name, self.module, self.badge) if word)


def words_of(box: Box) -> Words:
    """The words of a box.

    Example:
        >>> words = words_of(Box("leaf", name="fc", module="Linear", path="fc", parameters=5130))
        >>> words.title, words.count, words.tip
        ('fc Linear', '5.13k', ('fc Linear', '5130 parameters'))
    """
    module = "" if box.module in PLAIN_CONTAINERS and box.written_name else box.module
    exact = f"{box.parameters} parameters" if box.parameters else ""
    tip = (
        " ".join(word for word in (box.path or box.name, box.module) if word),
        box.detail,
        by_times(box.shape) if box.shape else "",
        exact,
        box.heat_text,
    )
    return Words(
        name=box.written_name,
        module=module,
        badge=box.badge,
        detail=box.detail if box.kind != "group" else "",
        count=short_count(box.parameters) if box.parameters else "",
        before=tuple((strip.text, strip.family) for strip in box.before),
        after=tuple((strip.text, strip.family) for strip in box.after),
        tip=tuple(line for line in tip if line),
    )


def edge_words(box: Box, batch: int | None) -> str:
    """The shape that leaves a box, where it is not the shape that came in."""
    if box.shape is None or any(source.shape == box.shape for source in box.sources):
        return ""
    return sizes(box.shape, batch)


def boxes_of(
    graph: Graph,
    *,
    detail: Detail,
    depth: float | str | None,
    fold: bool,
    title: str | None,
    expand: Sequence[str],
    collapse: Collapse,
) -> Outline:
    """The outline that an export writes.

    Raises:
        FormatError: If `detail` is unknown.
    """
    if detail == "ops":
        return every_op(graph, title=title)
    if detail != "outline":
        raise FormatError(
            "there is no such detail.",
            given=repr(detail),
            hint='"outline" for what the picture shows, "ops" for every operation',
        )
    places: dict[str, Any] = {}
    if expand:
        places["expand"] = expand
    if callable(collapse) or collapse:
        places["collapse"] = collapse
    try:
        levels = whole_depth(depth)
    except (TypeError, ValueError):
        raise FormatError(
            "this is no depth of a picture.",
            given=f"depth={depth!r:.60}",
            hint='a number of levels from 1 on, depth="all", or depth="auto"',
        ) from None
    return outline(graph, depth=levels, fold=fold, title=title, **places)


def check_direction(direction: object) -> None:
    """Refuse a direction that is none.

    Raises:
        FormatError: If it is neither ``"TB"`` nor ``"LR"``.
    """
    if direction not in {"TB", "LR"}:
        raise FormatError(
            "a picture flows down or to the right.",
            given=f"direction={direction!r:.60}",
            hint='direction="TB" or direction="LR"',
        )
