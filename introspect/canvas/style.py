"""Tokens to matplotlib: rcParams, colour maps, and what rcParams cannot say.

Use as ``with rc_context(style("light")):``, so that the user's own rcParams come back.
No pyplot state; nothing is registered globally. Every still chart of introspect is drawn
in this style, by the canvas and by ``introspect.tensors.compare`` alike.

Rules it keeps (the look of introspect): ink is for data, names stand at line ends in the
colour of the line, the title says what and the grey text after it says how, no legend box.
"""

from functools import cache
from typing import Any

from cycler import cycler
from matplotlib import rcParams, rcParamsDefault
from matplotlib.axes import Axes
from matplotlib.colors import ListedColormap, to_hex
from matplotlib.font_manager import get_font_names

from introspect import theme
from introspect.canvas.glyphs import fallbacks
from introspect.theme import Mode


def colormap(name: Any, mode: Mode = "light") -> ListedColormap:
    """A ramp of the theme as a colour map: `ink`, `diverging` or `epoch`."""
    return ListedColormap(list(theme.ramp(name, mode)), name=f"introspect_{name}_{mode}")


@cache
def families(font: str | None = None) -> tuple[str, ...]:
    """The first installed font of the stack, then DejaVu Sans, which matplotlib ships.

    matplotlib falls back glyph by glyph along the list (subscripts, sigma, arrows). Names
    that are not installed would warn at every text, so they are left out.
    """
    installed = set(get_font_names())
    wanted = [font] if font else theme.tokens()["font"]["static"]
    first = [name for name in wanted if name in installed][:1]
    return tuple(dict.fromkeys([*first, "DejaVu Sans"]))


def series_color(index: int, mode: Mode = "light", *, text: bool = False) -> str:
    """The colour of a series: of the user's own cycle where there is one, else of the theme.

    Call it inside ``rc_context(style(mode))``.
    """
    colors = [to_hex(color) for color in rcParams["axes.prop_cycle"].by_key().get("color", [])]
    if colors and colors[:8] != _lines(mode) and colors != _default_cycle():
        return colors[index % len(colors)]
    return theme.series(index, mode, text=text)


def style(mode: Mode = "light", *, font: str | None = None, text: str = "") -> dict[Any, Any]:
    """The rcParams of one mode, without those that the user has set to something else.

    Colours of paper and text are the mode's in any case, or words could not be read.

    Args:
        mode: ``"light"``, ``"dark"`` or ``"print"``.
        font: ``"DejaVu Sans"`` gives the same picture on every machine.
        text: What will be written: installed fonts that have its letters are added.
    """
    wanted = _style(mode, font)
    kept = {
        key: value
        for key, value in wanted.items()
        if key in _OURS or rcParams[key] == rcParamsDefault[key]
    }
    if missing := fallbacks(text):
        family = kept.get("font.family", rcParams["font.family"])
        kept["font.family"] = [*family, *missing]
    return kept


_OURS = frozenset(
    "figure.facecolor figure.edgecolor text.color text.hinting text.parse_math axes.facecolor "
    "axes.edgecolor axes.titlecolor axes.labelcolor axes.xmargin grid.color xtick.color "
    "xtick.labelcolor ytick.color ytick.labelcolor savefig.facecolor svg.hashsalt".split()
)


@cache
def _lines(mode: Mode) -> list[str]:
    return [theme.series(index, mode) for index in range(8)]


@cache
def _default_cycle() -> list[str]:
    return [to_hex(c) for c in rcParamsDefault["axes.prop_cycle"].by_key()["color"]]


def _style(mode: Mode, font: str | None) -> dict[Any, Any]:
    color = theme.tokens()["color"][mode]
    lines = _lines(mode)
    return {
        "figure.facecolor": color["surface"],
        "figure.edgecolor": "none",
        "figure.dpi": 110,
        "savefig.dpi": 200,
        "savefig.facecolor": "auto",
        "savefig.edgecolor": "none",
        "font.family": list(families(font)),
        "font.size": 8.5,
        "text.color": color["ink"],
        "text.hinting": "no_hinting",  # text is as wide as it was measured, at any dpi
        "text.parse_math": False,  # a metric may be called "$loss_"
        "axes.facecolor": "none",
        "axes.edgecolor": color["axis"],
        "axes.linewidth": 0.75,
        "axes.titlesize": 9.5,
        "axes.titleweight": "bold",
        "axes.titlelocation": "left",
        "axes.titlepad": 9,
        "axes.titlecolor": color["ink"],
        "axes.labelsize": 8,
        "axes.labelcolor": color["ink_3"],
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.spines.left": False,
        "axes.grid": True,
        "axes.grid.axis": "y",
        "axes.axisbelow": True,
        "axes.xmargin": 0.0,
        "axes.ymargin": 0.06,
        "axes.prop_cycle": cycler(color=lines),
        "axes.unicode_minus": True,
        "axes.formatter.limits": (-3, 5),
        "grid.color": color["rule"],
        "grid.linewidth": 0.75,
        "grid.linestyle": "-",
        "xtick.color": color["axis"],
        "xtick.labelcolor": color["ink_3"],
        "xtick.labelsize": 8,
        "xtick.major.size": 3,
        "xtick.major.width": 0.75,
        "xtick.major.pad": 3,
        "xtick.minor.size": 1.8,
        "xtick.minor.width": 0.75,
        "ytick.color": color["axis"],
        "ytick.labelcolor": color["ink_3"],
        "ytick.labelsize": 8,
        "ytick.major.size": 0,
        "ytick.minor.size": 0,
        "ytick.major.pad": 6,
        "lines.linewidth": theme.tokens()["chart"]["line_static_pt"],
        "lines.solid_capstyle": "round",
        "lines.solid_joinstyle": "round",
        "lines.markersize": 4,
        "patch.linewidth": 0,
        "patch.edgecolor": "none",
        "image.cmap": "gray",
        "image.interpolation": "nearest",
        "svg.fonttype": "none",
        "pdf.fonttype": 42,
        "svg.hashsalt": "introspect",
    }


def write_title(ax: Axes, title: str, how: str = "", *, mode: Mode = "light") -> None:
    """The title of a panel: bold what, then grey how (unit, smoothing, sample size)."""
    head = ax.set_title(title, loc="left")
    if how:
        ax.annotate(
            how,
            xy=(1.0, 0.0),
            xycoords=head,
            xytext=(6, 0),
            textcoords="offset points",
            fontsize=8.5,
            color=theme.color("ink_3", mode),
            va="bottom",
            annotation_clip=False,
        )
