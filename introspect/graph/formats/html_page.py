"""The data of a picture -> one HTML page around it, or a frame in another page.

Not here: what the data are (``html_data``), which graph they are of (``html``, and the pages of
``introspect.graph.compare`` and ``introspect.graph.autograd``).
"""

import base64
import hashlib
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from html import escape
from importlib.resources import files
from typing import Any, Literal

from introspect.errors import FormatError
from introspect.graph.formats.html_data import pack, sized
from introspect.graph.formats.html_places import first_places
from introspect.graph.formats.patterns import line_width, tile_path
from introspect.graph.layout.node import Direction
from introspect.graph.outline import Outline
from introspect.graph.outline.box import Box
from introspect.theme import GRAPH_THEMES, GraphTheme, tokens

Mode = Literal["auto", "light", "dark", "fixed"]

_NO_SCRIPT = (
    "This picture is drawn by a script, and scripts are off here. "
    "graph.save(&quot;model.svg&quot;) draws one that needs none."
)
_HEAT_STEPS = 33
_CHROME = ("sunken", "hover", "rule", "rule_strong", "ink", "ink_2", "ink_3", "accent")
_EXTRA_ROLES = ("page", "ink", "soft", "line", "rim")


@dataclass(frozen=True, slots=True)
class Living:
    """What a page has beside its graph, if it shows a training (``introspect.graph.life``).

    Attributes:
        document: Tables, for the key ``life`` of the data.
        packed: Sketches, deflated, in base64.
        beside_pt: Box -> room at its right.
    """

    document: Mapping[str, Any]
    packed: str
    beside_pt: Mapping[Box, float] = field(default_factory=dict)


def finished_page(  # noqa: PLR0913  all but two by name
    drawn: Outline,
    document: Mapping[str, Any],
    *,
    theme: str | GraphTheme | None,
    direction: Direction,
    families: Mapping[str, str],
    measures: Sequence[Mapping[str, str]] = (),
    color_by: str = "",
    roles: Sequence[str] = (),
    living: Living | None = None,
) -> bytes:
    """The page that shows the data of an outline.

    Args:
        drawn: What is shown, every group open.
        document: Its tables, as ``html_data.encode`` made them.
        theme: A name or a theme; None and ``"auto"`` follow the reader's system.
        direction: ``"TB"`` flows down, ``"LR"`` to the right.
        families: Colour families to their words, for the legend.
        measures: What the boxes can be coloured by: ``key`` and ``title``.
        color_by: The key of the one that they start coloured by.
        roles: Colour roles that are used beside those of the tables.
        living: A training to be shown beside the boxes.

    Returns:
        The page, UTF-8. The same data and options give the same bytes.

    Raises:
        FormatError: If there is no such theme or direction.
    """
    if direction not in {"TB", "LR"}:
        raise FormatError(
            "there is no such direction.", given=repr(direction), hint='"TB" (down), "LR" (right)'
        )
    light, dark, mode = _themes(theme)
    used = [*document["roles"], *_EXTRA_ROLES, *roles]
    beside = living.beside_pt if living is not None else {}
    whole = {
        **document,
        "direction": direction,
        "first": first_places(drawn, sized(drawn), direction, beside_pt=beside),
        "mode": mode,
        "themes": {"light": _palette(light, used), "dark": _palette(dark, used)},
        "families": dict(families),
        "measures": list(measures),
        "colorBy": color_by,
    }
    if living is not None:
        whole |= {"life": dict(living.document)}
    data = base64.b64encode(pack(whole)).decode("ascii")
    return _page(drawn.title, data, None if living is None else living.packed).encode()


def framed(page: bytes, *, title: str, height_px: int) -> str:
    """A page as an element for other pages, such as notebooks; any number of them live together.

    Args:
        page: As `finished_page` made it.
        title: What the frame is called.
        height_px: Of the frame.

    Returns:
        An ``<iframe>`` that holds the whole page and may run its script and save files, and
        nothing else: not read the page around it, not open addresses.
    """
    look = f"width:100%;height:{int(height_px)}px;border:0"
    return (
        f'<iframe title="{escape(title)}" sandbox="allow-scripts allow-downloads" loading="lazy" '
        f'style="{look}" srcdoc="{escape(page.decode())}"></iframe>'
    )


def _themes(theme: str | GraphTheme | None) -> tuple[GraphTheme, GraphTheme, Mode]:
    light, dark = GRAPH_THEMES["light"], GRAPH_THEMES["dark"]
    if theme is None or theme == "auto":
        return light, dark, "auto"
    if isinstance(theme, GraphTheme):
        return theme, theme, "fixed"
    if theme not in GRAPH_THEMES:
        raise FormatError(
            "there is no such theme.", given=repr(theme), hint=", ".join(["auto", *GRAPH_THEMES])
        )
    if theme == "light":
        return light, dark, "light"
    if theme == "dark":
        return light, dark, "dark"
    return GRAPH_THEMES[theme], GRAPH_THEMES[theme], "fixed"


def _palette(theme: GraphTheme, roles: Sequence[str]) -> dict[str, Any]:
    """Every colour that the page needs in one theme."""
    steps = [f"heat/{round(100 * k / (_HEAT_STEPS - 1)):03d}" for k in range(_HEAT_STEPS)]
    colors = tokens()["color"]["dark" if theme.is_dark else "light"]
    known = [role for role in dict.fromkeys(roles) if role]
    patterns = {role: theme.pattern(role) for role in known if theme.pattern(role)}
    return {
        "roles": {role: theme.color(role) for role in known},
        "patterns": {role: [tile_path(p), line_width(p)] for role, p in patterns.items()},
        "hatch": theme.hatch,
        "thick": theme.line_scale,
        "groups": list(theme.groups),
        "heat": [theme.color(step) for step in steps],
        "heatText": [theme.color(f"{step}/text") for step in steps],
        "chrome": {name: colors[name] for name in _CHROME},
        "dark": theme.is_dark,
    }


@cache
def _asset(name: str) -> str:
    return (files("introspect") / "_web" / name).read_text(encoding="utf-8")


@cache
def _packed_script(name: str) -> str:
    """The viewer, deflated to less than half. The loader unpacks it."""
    return base64.b64encode(zlib.compress(_asset(name).encode(), 9)).decode("ascii")


def _hash(text: str) -> str:
    digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
    return f"'sha256-{digest}'"


def _page(title: str, data: str, sketches: str | None = None) -> str:
    """The page; with sketches the viewer is the one that shows a training, too."""
    style, loader, viewer = _asset("graph.css"), _asset("loader.js"), "graph.js"
    more = ""
    if sketches is not None:
        style, viewer = style + _asset("life.css"), "life.js"
        more = f'<script type="text/plain" id="life">{sketches}</script>'
    policy = (
        f"default-src 'none'; script-src {_hash(loader)} {_hash(_asset(viewer))}; "
        f"style-src {_hash(style)}; base-uri 'none'; form-action 'none'"
    )
    clean = "".join(c if c >= " " else "\ufffd" for c in title)
    clean = clean.encode("utf-8", "replace").decode("utf-8")  # lone surrogates
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{escape(policy)}">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        f"<title>{escape(clean)}</title><style>{style}</style></head><body>"
        f'<div id="viewer"><noscript><p class="empty">{_NO_SCRIPT}</p></noscript></div>'
        f'<script type="text/plain" id="data">{data}</script>{more}'
        f'<script type="text/plain" id="script">{_packed_script(viewer)}</script>'
        f"<script>{loader}</script></body></html>\n"
    )
