"""Shapes of boxes -> numbers that many boxes share: how the viewer stores its pictures.

A card is the same rectangles and lines as a thousand others; only its words and its width
differ. So each box is a *skeleton* (numbers), its words, and its size. Lengths across are
counted from the left edge, the right edge or the middle, whichever the shape clings to, so
that one skeleton serves cards of any width.

What the numbers of a skeleton mean::

    0 x y width height radius fill stroke line_width corners          Rect
    1 stroke line_width radius arrow count x y x y ...                Polyline
    2 x y anchor halo count (size color bold)...                      Label

`fill`, `stroke`, `halo` and `color` are roles by number, 0 for none; `corners` has a bit for
each round corner, the top left one first, and 16 for a dashed outline. 100000 is added to a
length that is counted from the right edge, 200000 to one from the middle.

Not here: the shapes (``introspect.graph.layout.shapes``), the bytes (``html_data``).
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

from introspect.nouns.drawing import Cluster, Label, Polyline, Rect, Shape

FROM_RIGHT, FROM_MIDDLE = 100_000, 200_000
DASHED = 16
_ANCHORS = ("start", "middle", "end")

Number = int | float


def short(value: float) -> Number:
    """A length with two decimals, whole numbers without a point.

    Example:
        >>> short(3.14159), short(2.0)
        (3.14, 2)
    """
    rounded = round(value, 2)
    return int(rounded) if rounded == int(rounded) else rounded


@dataclass(slots=True)
class Skeletons:
    """Skeletons and roles in the order of first use.

    Attributes:
        roles: Colour role -> its number; 0 is no colour.
        known: Skeleton -> its number.
    """

    roles: dict[str, int] = field(default_factory=lambda: {"": 0})
    known: dict[tuple[Number, ...], int] = field(default_factory=dict)

    def add(self, shapes: Sequence[Shape], width: float) -> tuple[int, list[str]]:
        """The number of the skeleton of some shapes, and the words on it.

        Args:
            shapes: With the box's upper left corner at 0, 0.
            width: Of the box.
        """
        numbers: list[Number] = []
        words: list[str] = []
        for shape in shapes:
            self._shape(shape, width, numbers, words)
        return self.known.setdefault(tuple(numbers), len(self.known)), words

    def role(self, name: str | None) -> int:
        """The number of a colour role."""
        return self.roles.setdefault(name or "", len(self.roles))

    def _shape(self, shape: Shape, width: float, out: list[Number], words: list[str]) -> None:
        if isinstance(shape, Cluster):
            for item in shape.items:
                self._shape(item, width, out, words)
        elif isinstance(shape, Rect):
            self._rect(shape, width, out)
        elif isinstance(shape, Polyline):
            out += [1, self.role(shape.stroke), short(shape.line_width), short(shape.radius)]
            out += [int(shape.arrow), len(shape.points)]
            for x, y in shape.points:
                out += [_across(x, width), short(y)]
        else:
            self._label(shape, width, out, words)

    def _rect(self, rect: Rect, width: float, out: list[Number]) -> None:
        corners = sum(1 << k for k, is_round in enumerate(rect.corners) if is_round)
        corners += DASHED * bool(rect.dash)
        wide = rect.width
        if rect.x < width / 2 < rect.x + wide and wide > width / 3:
            wide = wide - width + FROM_RIGHT
        out += [0, _across(rect.x, width), short(rect.y), short(wide), short(rect.height)]
        out += [short(rect.radius), self.role(rect.fill), self.role(rect.stroke)]
        out += [short(rect.line_width), corners]

    def _label(self, label: Label, width: float, out: list[Number], words: list[str]) -> None:
        out += [2, _across(label.x, width), short(label.y), _ANCHORS.index(label.anchor)]
        out += [self.role(label.halo), len(label.spans)]
        for span in label.spans:
            out += [short(span.size), self.role(span.color), int(span.bold)]
            words.append(span.text)


def _across(x: float, width: float) -> Number:
    """A place from the edge that is nearest, or from the middle if it is on it."""
    if abs(x - width / 2) < 0.01:
        return FROM_MIDDLE
    return short(x - width + FROM_RIGHT) if x > width / 2 else short(x)
