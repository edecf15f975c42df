"""Colours and colour scales as CSS and Plotly write them, to matplotlib's.

Not here: the colours of lines that nobody chose (``introspect.theme``).
"""

import re
from collections.abc import Sequence
from typing import Any

from matplotlib import colormaps
from matplotlib.colors import Colormap, LinearSegmentedColormap, is_color_like, to_rgba

_NEAREST = {
    "blackbody": "hot", "bluered": "coolwarm", "blues": "Blues", "cividis": "cividis",
    "earth": "gist_earth", "electric": "CMRmap", "greens": "Greens_r", "greys": "gray",
    "hot": "hot", "inferno": "inferno", "jet": "jet", "magma": "magma", "picnic": "bwr",
    "plasma": "plasma", "portland": "RdYlBu_r", "rainbow": "rainbow", "rdbu": "RdBu_r",
    "reds": "Reds", "turbo": "turbo", "viridis": "viridis", "ylgnbu": "YlGnBu_r",
    "ylorrd": "YlOrRd_r",
}  # fmt: skip
"""Plotly's scales and those of matplotlib that look most like them, the same way up."""

_RGB = re.compile(r"(rgba?)\(\s*([\d.]+)\s*,\s*([\d.]+)\s*,\s*([\d.]+)\s*(?:,\s*([\d.]+)\s*)?\)")


def colormap_name(scale: Any) -> str | None:
    """The name of a colour map; None for a scale that is none.

    Example:
        >>> colormap_name("Viridis"), colormap_name("Electric"), colormap_name([[0, "red"]])
        ('viridis', 'CMRmap', None)
    """
    if not isinstance(scale, str):
        return None
    near = _NEAREST.get(scale.lower())
    known = {name.lower(): name for name in colormaps}
    return near or known.get(scale.lower(), "viridis")


def colormap_of(scale: Any) -> Colormap:
    """A colour map of a name, or of stops ``[[0, colour], ..., [1, colour]]``.

    Example:
        >>> [round(float(part), 1) for part in colormap_of([[0, "#000000"], [1, "#ff0000"]])(1.0)]
        [1.0, 0.0, 0.0, 1.0]
    """
    name = colormap_name(scale)
    if name is not None:
        return colormaps[name]
    try:
        stops = [(min(max(float(at), 0.0), 1.0), color_of(color)) for at, color in scale]
        return LinearSegmentedColormap.from_list("own", stops)
    except (TypeError, ValueError):
        return colormaps["viridis"]


def color_of(color: Any, usual: str = "black") -> tuple[float, float, float, float]:
    """Red, green, blue and opacity from 0 to 1 of any colour of CSS.

    Example:
        >>> color_of("rgba(0, 0, 255, 0.5)"), color_of("#ff0000")[:3], color_of("nonsense")
        ((0.0, 0.0, 1.0, 0.5), (1.0, 0.0, 0.0), (0.0, 0.0, 0.0, 1.0))
    """
    if isinstance(color, str) and (found := _RGB.fullmatch(color.strip())):
        red, green, blue = (min(float(found[at]) / 255.0, 1.0) for at in (2, 3, 4))
        return red, green, blue, min(float(found[5] or 1.0), 1.0)
    return to_rgba(color if is_color_like(color) else usual)


def colors_of(colors: Any, count: int, scale: Any = None) -> list[Any] | None:
    """A colour for each of so many points; None where none was chosen.

    Numbers are looked up in a colour scale, from their smallest to their largest.
    """
    if colors is None:
        return None
    if isinstance(colors, str):
        return [color_of(colors)] * count
    if not isinstance(colors, Sequence) or len(colors) < count:
        return None
    row = list(colors[:count])
    if all(isinstance(one, int | float) for one in row):
        low, high = min(row), max(row)
        ramp = colormap_of(scale or "Viridis")
        return [ramp((one - low) / ((high - low) or 1.0)) for one in row]
    return [color_of(one) for one in row]
