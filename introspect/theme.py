"""One palette, fonts and spacing: for SVG, PDF, matplotlib and CSS.

Two families of tokens. `tokens.json` is the look of charts and pages (colours, three
256-entry ramps, sizes). `OP_FAMILIES` below is the look of an architecture: one fill,
accent and text colour for each kind of operation, found by a search that maximised the
smallest colour distance under normal, protan, deutan and tritan vision with text
contrast >= 4.5:1 and accent contrast >= 3:1 as bounds (docs/decisions/003-palette.md).

Cost: the JSON is read once, on first use (0.3 ms).

Not here: rcParams (``introspect.canvas.style``), the painters (``introspect.graph.formats``).
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
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


@dataclass(frozen=True, slots=True)
class Swatch:
    """How one family of operations is painted; all three are hex colours."""

    fill: str
    accent: str
    text: str


@dataclass(frozen=True, slots=True)
class GraphTheme:
    """Every colour of an architecture picture.

    Attributes:
        families: Family name to its `Swatch`.
        page: Behind everything.
        ink: Titles and badges.
        soft: Shapes, classes in titles, legend.
        line: Edges and arrow heads.
        groups: Group fills, outermost first; deeper groups reuse the last.
        rim: Group outlines.
        font: Family name for SVG; the picture is measured in DejaVu Sans.
    """

    families: Mapping[str, Swatch]
    page: str
    ink: str
    soft: str
    line: str
    groups: tuple[str, ...]
    rim: str
    font: str = "DejaVu Sans"

    def color(self, role: str) -> str:
        """The hex colour of a role such as ``page``, ``group/2`` or ``conv/fill``."""
        head, _, tail = role.partition("/")
        if head == "group":
            return self.groups[min(int(tail), len(self.groups) - 1)]
        if tail:
            return getattr(self.families[head], tail)
        return getattr(self, head)


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

_LIGHT = {
    "conv": Swatch("#D6E9FF", "#2B4775", "#0D2A4F"),
    "linear": Swatch("#F6D1A6", "#9E6600", "#3C2500"),
    "attention": Swatch("#D8D2FF", "#7645BB", "#332247"),
    "embedding": Swatch("#FFF2F9", "#802649", "#4B182B"),
    "recurrent": Swatch("#E8D3CA", "#6B3A24", "#461F0D"),
    "norm": Swatch("#D3FFE0", "#547B50", "#113010"),
    "activation": Swatch("#E1E0BF", "#5B4D00", "#332900"),
    "pool": Swatch("#B5DFE1", "#007D9C", "#003148"),
    "merge": Swatch("#FFFFFF", "#3C4650", "#222A32"),
    "shape": Swatch("#F1F3F5", "#6B7682", "#434C55"),
    "module": Swatch("#E9ECEF", "#55606B", "#2B333B"),
    "io": Swatch("#FFFFFF", "#3C4650", "#222A32"),
}
_DARK = {
    "conv": Swatch("#004572", "#76B5E7", "#E4F2FF"),
    "linear": Swatch("#491C00", "#CF8E2E", "#FDEEE0"),
    "attention": Swatch("#2B1C49", "#9290FB", "#F1EFFF"),
    "embedding": Swatch("#6E3658", "#F070A2", "#FFEBF2"),
    "recurrent": Swatch("#311F1B", "#B59670", "#FCEFE0"),
    "norm": Swatch("#384A38", "#BAE2B5", "#E7F4E5"),
    "activation": Swatch("#574814", "#E5DA74", "#F5F1E0"),
    "pool": Swatch("#042832", "#4CEBEC", "#DCF6F5"),
    "merge": Swatch("#1B2026", "#B9C3CD", "#E8ECF0"),
    "shape": Swatch("#262C33", "#98A3AE", "#D5DBE1"),
    "module": Swatch("#2A3138", "#A5B0BB", "#E3E8ED"),
    "io": Swatch("#1B2026", "#B9C3CD", "#E8ECF0"),
}

GRAPH_THEMES: Mapping[str, GraphTheme] = {
    "light": GraphTheme(
        families=_LIGHT,
        page="#FFFFFF",
        ink="#1F2730",
        soft="#5A6570",
        line="#56616C",
        groups=("#F6F8FA", "#EDF1F5", "#E3E9EF"),
        rim="#B4BFCA",
    ),
    "dark": GraphTheme(
        families=_DARK,
        page="#14181D",
        ink="#E8ECF0",
        soft="#A3AEB9",
        line="#A3AEB9",
        groups=("#1B2128", "#222932", "#2A323C"),
        rim="#46525F",
    ),
    "print": GraphTheme(
        families={name: Swatch(s.fill, s.accent, "#000000") for name, s in _LIGHT.items()},
        page="#FFFFFF",
        ink="#000000",
        soft="#3A434C",
        line="#2B333B",
        groups=("#FFFFFF",),
        rim="#8A949E",
    ),
}
