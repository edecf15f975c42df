"""One palette, fonts and spacing: for SVG, PDF, matplotlib and CSS.

Every value stands in `tokens.json`. Charts and pages: colours, three 256-entry ramps, sizes.
Architectures (`GRAPH_THEMES`): one fill, accent and text colour for each kind of operation,
found by a search that maximised the smallest colour distance under normal, protan, deutan
and tritan vision with text contrast >= 4.5:1 and accent contrast >= 3:1 as bounds
(docs/decisions/003-palette.md).

Cost: the JSON is read once, on first use (0.3 ms).

Not here: rcParams (``introspect.canvas.style``), the painters (``introspect.graph.formats``).
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, Literal

Mode = Literal["light", "dark", "print"]


@cache
def tokens() -> Mapping[str, Any]:
    """The chart tokens: `color`, `categorical`, `ramp`, `font`, `space`, `chart`, `motion`."""
    text = (Path(__file__).parent / "tokens.json").read_text(encoding="utf-8")
    return json.loads(text)


def color(name: str, mode: Mode = "light") -> str:
    """One chrome colour as hex.

    Example:
        >>> color("surface"), color("surface", "dark")
        ('#ffffff', '#131417')
    """
    return tokens()["color"][mode][name]


def series(index: int, mode: Mode = "light", *, text: bool = False) -> str:
    """The categorical colour of series `index`; `text=True` for its 4.5:1 variant.

    Example:
        >>> series(0), series(8) == series(0)
        ('#426eef', True)
    """
    shade = "dark" if mode == "dark" else "light"
    colors = tokens()["categorical"][shade]["text" if text else "line"]
    return colors[index % len(colors)]


def ramp(name: Literal["ink", "diverging", "epoch"], mode: Mode = "light") -> tuple[str, ...]:
    """256 hex colours: `ink` (0 is the surface), `diverging` (the middle is), or `epoch`."""
    return tuple(tokens()["ramp"][name]["dark" if mode == "dark" else "light"])


Pattern = Literal["", "diagonal", "back", "cross", "rows", "columns", "dots"]
"""Lines over a fill, for printers without colour: ``""`` for none."""


@dataclass(frozen=True, slots=True)
class Swatch:
    """How one family of operations is painted; the three colours are hex.

    Attributes:
        fill: Of the box.
        accent: Of its outline and bar.
        text: Of the words in it.
        pattern: Drawn over the fill in the theme's `hatch` colour.
    """

    fill: str
    accent: str
    text: str
    pattern: Pattern = ""


@dataclass(frozen=True, slots=True)
class GraphTheme:
    """Every colour of an architecture picture.

    To change a theme a little: ``dataclasses.replace(GRAPH_THEMES["light"], page="#FFFBF0")``.

    Attributes:
        families: Family name to its `Swatch`; those of `OP_FAMILIES` must be there.
        page: Behind everything.
        ink: Titles and badges.
        soft: Shapes, classes in titles, legend.
        line: Edges and arrow heads.
        groups: Group fills, outermost first; deeper groups reuse the last.
        rim: Group outlines.
        font: Family name for SVG; the picture is measured in DejaVu Sans.
        heat: Colours of an overlay from least to most, at least two; those between are mixed.
            None for the ramp of `tokens.json` that suits the page.
        hatch: Colour of the patterns.
        line_scale: Times as thick as usual are lines and outlines.
    """

    families: Mapping[str, Swatch]
    page: str
    ink: str
    soft: str
    line: str
    groups: tuple[str, ...]
    rim: str
    font: str = "DejaVu Sans"
    heat: tuple[str, ...] | None = field(default=None, repr=False)
    hatch: str = "#C2C2C2"
    line_scale: float = 1.0

    def color(self, role: str) -> str:
        """The hex colour of a role: ``page``, ``group/2``, ``conv/fill``, ``heat/037``.

        ``heat/037/text`` is the black or white that can be read on ``heat/037``.
        """
        head, _, tail = role.partition("/")
        if head == "group":
            return self.groups[min(int(tail), len(self.groups) - 1)]
        if head == "heat":
            share, _, part = tail.partition("/")
            fill = self._heat(int(share) / 100)
            return readable_on(fill) if part else fill
        if tail:
            return getattr(self.families.get(head) or self.families["module"], tail)
        return getattr(self, head)

    def pattern(self, role: str) -> Pattern:
        """The pattern over the fill of a role."""
        head, _, tail = role.partition("/")
        return self.families[head].pattern if tail == "fill" and head in self.families else ""

    @property
    def is_dark(self) -> bool:
        """Whether the page is darker than its text."""
        return luminance(self.page) < luminance(self.ink)

    @property
    def tells_families_apart(self) -> bool:
        """Whether its families look different, so that a legend has something to say."""
        looks = {(s.fill, s.pattern) for name, s in self.families.items() if name in _DISTINCT}
        return len(looks) > 2

    def _heat(self, share: float) -> str:
        heat = self.heat or ramp("ink", "dark" if self.is_dark else "light")
        place = min(max(share, 0.0), 1.0) * (len(heat) - 1)
        below = min(int(place), len(heat) - 2)
        return mixed(heat[below], heat[below + 1], place - below)


def _rgb(color: str) -> tuple[int, int, int]:
    return int(color[1:3], 16), int(color[3:5], 16), int(color[5:7], 16)


def mixed(first: str, second: str, share: float) -> str:
    """`share` of the second colour in the first.

    Example:
        >>> mixed("#000000", "#FF8000", 0.5)
        '#804000'
    """
    pairs = zip(_rgb(first), _rgb(second), strict=True)
    return "#" + "".join(f"{round(a + (b - a) * share):02X}" for a, b in pairs)


def luminance(color: str) -> float:
    """Relative luminance of a hex colour, 0 to 1 (WCAG 2.2).

    Example:
        >>> luminance("#000000"), round(luminance("#808080"), 2), luminance("#FFFFFF")
        (0.0, 0.22, 1.0)
    """
    parts = [value / 255 for value in _rgb(color)]
    red, green, blue = (
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(first: str, second: str) -> float:
    """Contrast ratio of two hex colours, 1 to 21 (WCAG 2.2); 4.5 suffices for text.

    Example:
        >>> round(contrast("#FFFFFF", "#000000"), 1), round(contrast("#FFFFFF", "#767676"), 2)
        (21.0, 4.54)
    """
    dark, light = sorted((luminance(first), luminance(second)))
    return (light + 0.05) / (dark + 0.05)


def readable_on(fill: str) -> str:
    """Black or white, whichever reads better: at least 4.58:1 on any colour.

    Example:
        >>> readable_on("#FFE0A0"), readable_on("#2759A1")
        ('#000000', '#FFFFFF')
    """
    return "#000000" if luminance(fill) > 0.179 else "#FFFFFF"


OP_FAMILIES: Mapping[str, str] = {
    "conv": "convolution",
    "linear": "linear",
    "attention": "attention",
    "embedding": "embedding / parameter",
    "recurrent": "recurrent",
    "norm": "normalisation",
    "activation": "activation",
    "pool": "pooling",
    "merge": "merge",
    "shape": "reshape",
    "module": "other module",
    "io": "input / output",
}
"""Family name to the word that the legend writes, in legend order."""

BACKWARD_FAMILIES: Mapping[str, str] = {
    "function": "backward function",
    "leaf": "leaf tensor",
    "saved": "saved tensor",
    "output": "output",
    "base": "base of a view",
}
"""The same for an autograd graph."""

DIFF_FAMILIES: Mapping[str, str] = {
    "added": "added",
    "removed": "removed",
    "changed": "changed",
    "moved": "renamed or moved",
    "same": "unchanged",
}
"""The same for a picture of what changed between two graphs."""

_DISTINCT = frozenset(OP_FAMILIES) - {"merge", "io"}
_LIKE = {"function": "module", "leaf": "embedding", "saved": "linear", "output": "norm"}


def _graph_theme(found: Mapping[str, Any]) -> GraphTheme:
    """A theme out of `tokens.json`; backward families that it lacks look like others."""
    families = {name: Swatch(*look) for name, look in found["families"].items()}
    for name in BACKWARD_FAMILIES:
        families.setdefault(name, families[_LIKE.get(name, "activation")])
    for name in DIFF_FAMILIES:
        families.setdefault(name, Swatch(*tokens()["graph"]["light"]["families"][name]))
    heat = found["heat"]
    if isinstance(heat, str):
        name, mode = heat.split("/")
        heat = tokens()["ramp"][name][mode]
    rest = {key: found[key] for key in ("hatch", "line_scale") if key in found}
    chrome = {key: found[key] for key in ("page", "ink", "soft", "line", "rim")}
    return GraphTheme(
        families=families, groups=tuple(found["groups"]), heat=tuple(heat), **chrome, **rest
    )


GRAPH_THEMES: Mapping[str, GraphTheme] = {
    name: _graph_theme(found) for name, found in tokens()["graph"].items()
}
"""``light``, ``dark``; ``print``: black and white, with patterns; ``high-contrast``: text and
outlines at 7:1; ``basic`` and ``blue``: hiddenlayer's; ``torchviz``: torchviz's."""
