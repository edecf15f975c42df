"""Graph -> one HTML page in which it is opened, searched and followed. Offline, without a server.

The page holds the picture's data deflated, one script and one style sheet; it asks for no
address, and its own content security policy allows nothing but the two by their hashes. What
the script does is in ``web/graph``; ``introspect/_web`` is built from it.

Cost: 120 us a box; 38 kB and then 2 to 70 bytes a box.

Not here: the data (``html_data``), still pictures (``svg``, ``pdf``, ``png``).
"""

import base64
import hashlib
import zlib
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from html import escape
from importlib.resources import files
from typing import Any, Literal

from introspect.errors import FormatError
from introspect.graph.formats.html_data import encode, pack
from introspect.graph.layout.node import Direction
from introspect.graph.outline import Outline, open_outline, whole_depth
from introspect.graph.outline.box import Box
from introspect.graph.overlay_numbers import given_numbers
from introspect.nouns.graph import Graph
from introspect.theme import GRAPH_THEMES, OP_FAMILIES, GraphTheme, tokens

Mode = Literal["auto", "light", "dark", "fixed"]
Numbers = str | Mapping[str, float] | Callable[[str], float | None]

MEASURES: Mapping[str, str] = {
    "flops": "FLOPs",
    "parameters": "parameters",
    "memory": "memory",
    "time": "time",
}
_GIVEN = "given"
_NO_SCRIPT = (
    "This picture is drawn by a script, and scripts are off here. "
    "graph.save(&quot;model.svg&quot;) draws one that needs none."
)
_HEAT_STEPS = 33
_CHROME = ("sunken", "hover", "rule", "rule_strong", "ink", "ink_2", "ink_3", "accent")
_EXTRA_ROLES = ("page", "ink", "soft", "line", "rim")


def to_html(  # noqa: PLR0913  one keyword for each thing that a reader finds set
    graph: Graph,
    *,
    theme: str | GraphTheme | None = None,
    depth: float | str | None = None,
    expand: Sequence[str] = (),
    collapse: Sequence[str] | Callable[[Box], bool] = (),
    fold: bool = True,
    direction: Direction = "TB",
    title: str | None = None,
    color_by: Numbers | None = None,
) -> bytes:
    """A page that shows a graph and lets a reader open, search and follow it.

    Args:
        graph: As traced or loaded.
        theme: None or ``"auto"`` follows the reader's system and can be switched; ``"light"`` and
            ``"dark"`` start so; any other theme is kept.
        depth: Levels that start open: None for as many as fit a page, ``"all"`` for everything.
        expand: Module paths and patterns that start open.
        collapse: Module paths and patterns, or a predicate, that start as one card.
        fold: Whether equal neighbours become one box ``×32``.
        direction: ``"TB"`` flows down, ``"LR"`` to the right.
        title: Instead of the graph's name.
        color_by: What the boxes start coloured by: ``"flops"``, ``"parameters"``, ``"memory"``,
            ``"time"``, or numbers of your own by module path. The reader can choose another.

    Returns:
        The page, UTF-8. The same graph and options give the same bytes.

    Raises:
        FormatError: If an option is unknown, or nothing has such numbers.

    Example:
        >>> import torch, introspect
        >>> page = to_html(introspect.trace(torch.nn.Linear(2, 3), torch.zeros(1, 2)))
        >>> page[:15], page.count(b"https:")
        (b'<!doctype html>', 0)
    """
    drawn = open_outline(
        graph, depth=whole_depth(depth), fold=fold, title=title, expand=expand, collapse=collapse
    )
    numbers, chosen = _numbers(graph, drawn, color_by)
    document, _ = encode(graph, drawn, numbers=numbers)
    light, dark, mode = _themes(theme)
    roles = [*document["roles"], *_EXTRA_ROLES]
    document |= {
        "direction": _checked_direction(direction),
        "mode": mode,
        "themes": {"light": _palette(light, roles), "dark": _palette(dark, roles)},
        "families": {name: word for name, word in OP_FAMILIES.items() if name != "io"},
        "measures": _measures(document, given=bool(numbers)),
        "colorBy": chosen,
    }
    return _page(drawn.title, base64.b64encode(pack(document)).decode("ascii")).encode()


def to_html_fragment(graph: Graph, *, height_px: int = 560, **options: Any) -> str:
    """The page as an element for other pages, such as notebooks; any number of them live together.

    Args:
        graph: As traced or loaded.
        height_px: Of the frame.
        **options: Of `to_html`.

    Returns:
        An ``<iframe>`` that holds the whole page and may run its script and save files, and
        nothing else: not read the page around it, not open addresses.
    """
    page = to_html(graph, **options).decode()
    title = escape(f"Architecture of {graph.name}")
    look = f"width:100%;height:{int(height_px)}px;border:0"
    return (
        f'<iframe title="{title}" sandbox="allow-scripts allow-downloads" loading="lazy" '
        f'style="{look}" srcdoc="{escape(page)}"></iframe>'
    )


def _checked_direction(direction: str) -> str:
    if direction not in {"TB", "LR"}:
        raise FormatError(
            "there is no such direction.", given=repr(direction), hint='"TB" (down), "LR" (right)'
        )
    return direction


def _numbers(
    graph: Graph, drawn: Outline, color_by: Numbers | None
) -> tuple[dict[Box, float], str]:
    """The user's own numbers, and what boxes are coloured by at first."""
    if color_by is None:
        return {}, ""
    if isinstance(color_by, str):
        if color_by not in MEASURES:
            raise FormatError(
                "color_by does not know this measure.",
                given=repr(color_by),
                hint=", ".join(MEASURES) + ", or a mapping from module paths to numbers",
            )
        return {}, color_by
    root = drawn.root
    boxes = [b for b in (*root.groups(), *root.leaves()) if b is not root and b.kind != "io"]
    found = given_numbers(graph, list(dict.fromkeys(boxes)), color_by, "color_by")
    return {box: number.value for box, number in found.items()}, _GIVEN


def _measures(document: Mapping[str, Any], *, given: bool) -> list[dict[str, str]]:
    """What there is to colour by: measures that some box has."""
    first = len(document["heads"]) - 10  # parameters is the first column of facts
    columns = document["heads"][first : first + 4]
    known = [
        {"key": key, "title": title}
        for (key, title), column in zip(MEASURES.items(), _in_order(columns), strict=True)
        if any(column)
    ]
    return [*([{"key": _GIVEN, "title": "given numbers"}] if given else []), *known]


def _in_order(columns: Sequence[Any]) -> Sequence[Any]:
    """Columns are parameters, FLOPs, bytes, time; measures name FLOPs first."""
    parameters, flops, *rest = columns
    return [flops, parameters, *rest]


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
    return {
        "roles": {role: theme.color(role) for role in dict.fromkeys(roles) if role},
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
def _packed_script() -> str:
    """The viewer, deflated: 25 kB instead of 58. The loader unpacks it."""
    return base64.b64encode(zlib.compress(_asset("graph.js").encode(), 9)).decode("ascii")


def _hash(text: str) -> str:
    digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
    return f"'sha256-{digest}'"


def _page(title: str, data: str) -> str:
    style, loader = _asset("graph.css"), _asset("loader.js")
    scripts = f"{_hash(loader)} {_hash(_asset('graph.js'))}"
    policy = (
        f"default-src 'none'; script-src {scripts}; style-src {_hash(style)}; "
        "base-uri 'none'; form-action 'none'"
    )
    clean = "".join(c if c >= " " else "\ufffd" for c in title)
    clean = clean.encode("utf-8", "replace").decode("utf-8")  # lone surrogates
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{escape(policy)}">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        f"<title>{escape(clean)}</title><style>{style}</style></head><body>"
        f'<div id="viewer"><noscript><p class="empty">{_NO_SCRIPT}</p></noscript></div>'
        f'<script type="text/plain" id="data">{data}</script>'
        f'<script type="text/plain" id="script">{_packed_script()}</script>'
        f"<script>{loader}</script></body></html>\n"
    )
