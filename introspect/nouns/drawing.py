"""Drawing: a picture as rectangles, paths and text, before any file format.

Lengths are points (1/72 inch; one SVG user unit), the origin is the top left corner,
y grows downwards. Colours are *roles* such as ``"conv/fill"`` or ``"line"``, so that one
Drawing can be painted light, dark or for print (``introspect.theme.GraphTheme.color``).

Not here: who places the shapes (``introspect.graph.layout``), who paints them
(``introspect.graph.formats``).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

Point = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Rect:
    """A rectangle with round corners.

    Attributes:
        x, y, width, height: In points.
        radius: Corner radius; half the height gives a pill.
        fill: Colour role, or None for no fill.
        stroke: Colour role of the outline, or None.
        line_width: Of the outline.
        corners: Which corners are round: top left, top right, bottom right, bottom left.
        dash: Lengths of strokes and gaps of the outline, in points; empty for a plain line.
    """

    x: float
    y: float
    width: float
    height: float
    radius: float = 0.0
    fill: str | None = None
    stroke: str | None = None
    line_width: float = 1.0
    corners: tuple[bool, bool, bool, bool] = (True, True, True, True)
    dash: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True)
class Polyline:
    """A line through points, with bends rounded and perhaps an arrow head at its end.

    Attributes:
        points: At least two.
        stroke: Colour role.
        line_width: In points.
        radius: Radius of the bends; short legs reduce it.
        arrow: Whether the last point carries a filled arrow head.
        dash: Lengths of strokes and gaps, in points; empty for a plain line.
    """

    points: tuple[Point, ...]
    stroke: str = "line"
    line_width: float = 1.2
    radius: float = 7.0
    arrow: bool = False
    dash: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True)
class Span:
    """A run of text in one font.

    Attributes:
        text: What is written; painters escape it. Space between spans is written, too, as
            no-break spaces: renderers disagree on how an offset moves a centred line.
        size: Font size in points.
        color: Colour role.
        bold: Bold or regular DejaVu Sans.
    """

    text: str
    size: float
    color: str = "ink"
    bold: bool = False


@dataclass(frozen=True, slots=True)
class Label:
    """One line of text, of one or more spans.

    Attributes:
        x, y: The base line, at the start, middle or end of the line by `anchor`.
        spans: From left to right.
        anchor: Which end of the line `x` is.
        halo: Colour role of a 3 pt outline behind the text, or None.
    """

    x: float
    y: float
    spans: tuple[Span, ...]
    anchor: Literal["start", "middle", "end"] = "start"
    halo: str | None = None


@dataclass(frozen=True, slots=True)
class Cluster:
    """Shapes that belong together, with a tool tip.

    Attributes:
        items: In painting order.
        title: Tool tip and accessible name, or ``""``.
        role: ``"box"``, ``"group"`` or ``""``: what a structure check may look for.
        description: What a reader who cannot see the shapes should hear: path, class, sizes,
            parameters, source line.
    """

    items: "tuple[Shape, ...]"
    title: str = ""
    role: str = ""
    description: str = ""


Shape = Rect | Polyline | Label | Cluster


@dataclass(frozen=True, slots=True)
class Drawing:
    """A finished picture.

    Attributes:
        width, height: Of the page, in points.
        shapes: In painting order.
        title: Of the document.
        description: Of the document, one sentence.
    """

    width: float
    height: float
    shapes: tuple[Shape, ...]
    title: str = ""
    description: str = ""

    def walk(self) -> Iterator[Rect | Polyline | Label]:
        """Every rectangle, line and label in painting order, clusters opened."""
        stack: list[Shape] = list(reversed(self.shapes))
        while stack:
            shape = stack.pop()
            if isinstance(shape, Cluster):
                stack.extend(reversed(shape.items))
            else:
                yield shape
