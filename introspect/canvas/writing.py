"""Words on a matplotlib figure: measured, shortened, set side by side, pushed apart.

matplotlib can say how wide a text is only when it draws it; here the fonts are asked
before, so that room is reserved exactly and nothing overlaps.

Cost: 0.1 ms for a new text, remembered afterwards.

Not here: numbers as text (``introspect.canvas.ticks``).
"""

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from matplotlib import rcParams, rcParamsDefault
from matplotlib.axes import Axes
from matplotlib.font_manager import FontProperties
from matplotlib.textpath import text_to_path

from introspect.canvas.style import families


@dataclass(frozen=True, slots=True)
class Word:
    """A piece of a title row.

    Attributes:
        text: One line.
        color: Hex.
        size_pt: Font size.
        bold: Whether bold.
        gap_pt: Free space before it.
    """

    text: str
    color: str
    size_pt: float = 8.5
    bold: bool = False
    gap_pt: float = 6.0

    @property
    def width_pt(self) -> float:
        """Gap and text."""
        return self.gap_pt + text_width_pt(self.text, self.size_pt, bold=self.bold)


def text_width_pt(text: str, size_pt: float = 8.5, *, bold: bool = False) -> float:
    """How wide a line of text will be, in points, in the fonts of the moment."""
    family = rcParams["font.family"]
    named = family if family != rcParamsDefault["font.family"] else families()
    return _measured(text, size_pt, bold, tuple(named))


@lru_cache(maxsize=4096)
def _measured(text: str, size_pt: float, bold: bool, family: tuple[str, ...]) -> float:  # noqa: FBT001  a key
    font = FontProperties(family=list(family), size=size_pt, weight="bold" if bold else "normal")
    with warnings.catch_warnings():  # a glyph that no font has is a box, not a reason to stop
        warnings.simplefilter("ignore")
        return float(text_to_path.get_text_width_height_descent(text, font, ismath=False)[0])


def shortened(
    text: str,
    width_pt: float,
    size_pt: float = 8.5,
    *,
    bold: bool = False,
    keep_end: bool = False,
) -> str:
    """The text, or as much of it as fits with an ellipsis; empty if not even that fits.

    Args:
        text: One line.
        width_pt: Room for it.
        size_pt: Font size.
        bold: Whether bold.
        keep_end: Leave out the middle: names of runs differ at their ends.

    Example:
        >>> shortened("a" * 500, 40.0)
        'aaaaaa…'
        >>> shortened("resnet-cosine-seed7", 60.0, keep_end=True)
        'resnet…-seed7'
    """
    if text_width_pt(text, size_pt, bold=bold) <= width_pt:
        return text
    low, high = 0, min(len(text), int(width_pt))  # no glyph is narrower than one point
    while low < high:
        middle = (low + high + 1) // 2
        if text_width_pt(_cut(text, middle, keep_end), size_pt, bold=bold) <= width_pt:
            low = middle
        else:
            high = middle - 1
    return _cut(text, low, keep_end) if low else ""


def _cut(text: str, letters: int, keep_end: bool) -> str:  # noqa: FBT001  as `shortened` has it
    after = letters // 2 if keep_end else 0
    return text[: letters - after].rstrip() + "…" + text[len(text) - after :]


def under_bar(name: str, width_pt: float, size_pt: float = 8.5) -> str:
    r"""A name below a bar: in two lines where it is of words, else shortened; never nothing.

    Example:
        >>> under_bar("Ankle boot", 30.0, 8), under_bar("Sneaker", 22.0, 8), under_bar("Bag", 2.0)
        ('Ankle\nboot', 'Sn…', 'B')
    """
    if text_width_pt(name, size_pt) <= width_pt:
        return name
    words = name.split(" ")
    for cut in range(1, len(words)):
        lines = [" ".join(words[:cut]), " ".join(words[cut:])]
        if all(text_width_pt(line, size_pt) <= width_pt for line in lines):
            return "\n".join(lines)
    return shortened(name, width_pt, size_pt) or name[:1]


def row_width_pt(words: Sequence[Word]) -> float:
    """How wide a row of words will be, the gap before the first one included."""
    return sum(word.width_pt for word in words)


def write_row(ax: Axes, words: Sequence[Word], *, room_pt: float, up_pt: float) -> None:
    """Words side by side above the top left corner of an axes, as many as fit.

    The first is shortened to the room, a later one that does not fit ends the row.
    """
    x_pt = 0.0
    for index, word in enumerate(words):
        gap = word.gap_pt if index else 0.0
        left = room_pt - x_pt - gap
        text = shortened(word.text, left, word.size_pt, bold=word.bold)
        if not text or (index and text != word.text and len(text) < 8):
            return
        ax.annotate(
            text,
            xy=(0, 1),
            xycoords="axes fraction",
            xytext=(x_pt + gap, up_pt),
            textcoords="offset points",
            fontsize=word.size_pt,
            fontweight="bold" if word.bold else "normal",
            color=word.color,
            va="baseline",
            annotation_clip=False,
        )
        x_pt += gap + text_width_pt(text, word.size_pt, bold=word.bold)


def spread(wanted: Sequence[float], gap: float, low: float, high: float) -> list[float]:
    """Positions as near as possible to the wanted ones, at least `gap` apart.

    Args:
        wanted: Any order, any length.
        gap: Least distance.
        low: Lower bound.
        high: Upper bound; crossed only if the positions cannot fit.

    Example:
        >>> spread([1.0, 1.0, 8.0], 2.0, 0.0, 10.0)
        [0.0, 2.0, 8.0]
    """
    order = sorted(range(len(wanted)), key=lambda index: wanted[index])
    groups: list[tuple[float, list[int]]] = []  # (middle, members)
    for index in order:
        middle, members = _clamped(wanted[index], 1, gap, low, high), [index]
        while groups and middle - gap * (len(members) - 1) / 2 < (
            groups[-1][0] + gap * (len(groups[-1][1]) - 1) / 2 + gap
        ):
            before, others = groups.pop()
            count = len(members) + len(others)
            mean = (middle * len(members) + before * len(others)) / count
            members = others + members
            middle = _clamped(mean, count, gap, low, high)
        groups.append((middle, members))
    placed = [0.0] * len(wanted)
    for middle, members in groups:
        for rank, index in enumerate(members):
            placed[index] = middle + gap * (rank - (len(members) - 1) / 2)
    return placed


def _clamped(middle: float, count: int, gap: float, low: float, high: float) -> float:
    half = gap * (count - 1) / 2
    return max(low + half, min(middle, high - half))
