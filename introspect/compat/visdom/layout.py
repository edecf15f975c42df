"""``opts`` to Plotly's layout, which is what a window of Visdom holds beside its traces.

Not here: checks of ``opts`` (``introspect.compat.visdom.arguments``), how a layout is painted
(``introspect.compat.visdom.painting``).
"""

from collections.abc import Mapping
from typing import Any

_ASKED = ("type", "label", "tickmin", "tickmax", "tickvals", "ticklabels", "tick", "tickfont")


def layout_of(opts: Mapping[str, Any], *, is_3d: bool = False) -> dict[str, Any]:
    """The layout that ``opts`` ask for; nothing in it is None.

    Args:
        opts: Checked.
        is_3d: Whether axes are those of a scene.

    Example:
        >>> layout_of({"xlabel": "step", "ytype": "log"})["yaxis"]
        {'type': 'log'}
    """
    tight = opts.get("tight_layout", False)
    side = 0 if tight else 60
    layout: dict[str, Any] = {
        "showlegend": opts.get("showlegend", "legend" in opts),
        "title": opts.get("title"),
        "margin": {
            "l": opts.get("marginleft", 0 if is_3d else side),
            "r": opts.get("marginright", side),
            "t": opts.get("margintop", 20 if is_3d else 30 if tight else 60),
            "b": opts.get("marginbottom", 0 if is_3d else side),
        },
    }
    axes = {f"{letter}axis": _axis(letter, opts, is_3d=is_3d) for letter in "xyz"[: 2 + is_3d]}
    layout |= {"scene": axes} if is_3d else axes
    if opts.get("stacked"):
        layout["barmode"] = "stack"
    own = (opts.get("layoutopts") or {}).get("plotly")
    return scrubbed(layout | (own or {}))


def scrubbed(value: Any) -> Any:
    """Dicts without entries that are None, at any depth.

    Example:
        >>> scrubbed({"a": None, "b": {"c": None, "d": 0}})
        {'b': {'d': 0}}
    """
    if not isinstance(value, dict):
        return value
    return {key: scrubbed(entry) for key, entry in value.items() if entry is not None}


def _axis(letter: str, opts: Mapping[str, Any], *, is_3d: bool) -> dict[str, Any] | None:
    if all(opts.get(letter + name) is None for name in _ASKED):
        return None
    low, high, step = (opts.get(letter + name) for name in ("tickmin", "tickmax", "tickstep"))
    has_ends = low is not None and high is not None
    axis = {
        "type": opts.get(letter + "type"),
        "title": opts.get(letter + "label"),
        "range": [low, high] if has_ends else None,
        "tickvals": opts.get(letter + "tickvals"),
        "ticktext": opts.get(letter + "ticklabels"),
        "tickfont": opts.get(letter + "tickfont"),
    }
    if is_3d:
        steps = (high - low) / step if has_ends and step is not None else None
        return axis | {"nticks": steps}
    margin = opts.get("tight_layout", False) or None
    return axis | {
        "dtick": step,
        "showticklabels": opts.get(letter + "tick"),
        "automargin": margin,
    }
