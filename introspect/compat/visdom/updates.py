"""A message to a window, and a window and a later message to what it then holds.

A window is what Visdom's server calls a pane: a dict with its type, title, size and content. The
content of a plot is Plotly's: ``{"data": traces, "layout": layout}``.

Cost: appending costs what is new; a window is changed in place.

Not here: which windows there are (``introspect.compat.visdom.board``).
"""

import math
import uuid
from collections.abc import Mapping
from typing import Any

Pane = dict[str, Any]

MOST_LINES = 500
"""Of a text to which lines are appended; Visdom keeps as many."""

MOST_PICTURES = 200
"""Of a window with a history."""

_GROWS = ("scatter", "scatter3d", "scattergl", "custom", "heatmap")
_OF_PANE = ("title", "width", "height", "inflate", "comment", "show_slider")
_SAID_BY_OPTS = ("directed", "showEdgeLabels", "showVertexLabels")


def new_window() -> str:
    """An id that no other window has."""
    return f"window_{uuid.uuid4().hex}"


def opened(message: Mapping[str, Any]) -> Pane:
    """The window that a message opens.

    Example:
        >>> pane = opened({"data": [{"type": "text", "content": "hello"}], "win": "w", "opts": {}})
        >>> pane["id"], pane["type"], pane["content"]
        ('w', 'text', 'hello')
    """
    opts = message.get("opts") or {}
    win = message.get("win")
    first = message["data"][0] if message["data"] else {"type": "plot"}
    kind = first["type"] if "content" in first else "plot"
    pane: Pane = {
        "command": "window",
        "version": message.get("version", 1),
        "id": new_window() if win is None else str(win),
        "title": opts.get("title", ""),
        "inflate": opts.get("inflate", True),
        "width": opts.get("width"),
        "height": opts.get("height"),
        "contentID": uuid.uuid4().hex,
        "comment": opts.get("comment", ""),
        "type": kind,
    }
    if kind in {"image_history", "plot_history"}:
        slider = opts.get("show_slider", True)
        return pane | {"content": [first["content"]], "selected": 0, "show_slider": slider}
    if kind == "plot":
        content = {"data": message["data"], "layout": message.get("layout") or {}}
        return pane | {"content": content | {"caption": opts.get("caption")}}
    if kind == "network":
        pane |= {name: opts.get(name, False) for name in _SAID_BY_OPTS}
    return pane | {"content": first["content"]}


def refusal(pane: Pane, message: Mapping[str, Any]) -> str:
    """Why a window does not take an update; empty if it does. Titles and axes change in any."""
    if message.get("data") is None or pane["type"] in {"text", "image_history", "plot_history"}:
        return ""
    if pane["type"] != "plot":
        return f"win takes no update; was {pane['type']}"
    traces = pane["content"]["data"]
    if not traces or traces[0].get("type", "scatter") in _GROWS:
        return ""
    return f"win is not scatter, heatmap, custom, image_history or text; was {traces[0]['type']}"


def update(pane: Pane, message: Mapping[str, Any]) -> str:
    """Change a window as a message says.

    Returns:
        What could not be done, in words; empty if all was.
    """
    pane["version"] = pane.get("version", 1) + 1
    pane["contentID"] = uuid.uuid4().hex
    data = message.get("data")
    opts = message.get("opts") or {}
    # The traces that are meant, before a legend gives them other names.
    meant = _meant(pane, message) if pane["type"] == "plot" else []
    _set_opts(pane, opts, message)
    if data is None:
        return ""
    if pane["type"] == "text":
        return _more_text(pane, data)
    if pane["type"] in {"image_history", "plot_history"}:
        return _more_history(pane, data)
    return _more_plot(pane, message, meant)


def _meant(pane: Pane, message: Mapping[str, Any]) -> list[int]:
    name = message.get("name")
    traces = pane["content"]["data"]
    return [at for at, trace in enumerate(traces) if name is None or trace.get("name") == name]


def _set_opts(pane: Pane, opts: Mapping[str, Any], message: Mapping[str, Any]) -> None:
    pane.update({key: opts[key] for key in _OF_PANE if opts.get(key) is not None})
    content = pane["content"]
    if pane["type"] != "plot":
        return
    content["layout"].update(
        {k: v for k, v in (message.get("layout") or {}).items() if v is not None}
    )
    if opts.get("caption") is not None:
        content["caption"] = opts["caption"]
    legend = opts.get("legend")
    if not legend:
        return
    name = message.get("name")
    named = (
        content["data"] if name is None else [t for t in content["data"] if t.get("name") == name]
    )
    for trace, shown in zip(named, legend, strict=False):
        trace["name"] = shown


def _more_text(pane: Pane, data: list[Any]) -> str:
    lines = f"{pane['content']}<br>{data[0]['content']}".split("<br>")
    pane["content"] = "<br>".join(lines[-MOST_LINES:])
    return ""


def _more_history(pane: Pane, data: list[Any]) -> str:
    pages = pane["content"]
    if data[0]["type"] in {"image_update_selected", "plot_update_selected"}:
        pane["selected"] = min(max(0, int(data[0]["selected"])), len(pages) - 1)
        return ""
    if data[0]["type"] != pane["type"]:
        return f"win is {pane['type']}; was sent {data[0]['type']}"
    pages.append(data[0]["content"])
    del pages[:-MOST_PICTURES]
    pane["selected"] = len(pages) - 1
    return ""


def _more_plot(pane: Pane, message: Mapping[str, Any], meant: list[int]) -> str:
    traces, data = pane["content"]["data"], message["data"]
    if message.get("delete"):
        pane["content"]["data"] = [t for at, t in enumerate(traces) if at not in set(meant)]
        return ""
    if not data:
        return ""
    if data[0].get("type") == "heatmap":
        if not meant:
            traces.append(data[0])
            return ""
        return _more_heat(traces[meant[-1]], data[-1], message.get("updateDir", "replace"))
    name = message.get("name")
    if not meant:
        traces.append(data[0] | ({} if name is None else {"name": name}))
        return ""
    for at, new in zip(meant, data, strict=False):
        _more_points(traces[at], new, append=bool(message.get("append")))
    if name is None:  # Visdom drops lines that were not there before
        traces.extend(data[len(meant) :])
    return ""


def _more_points(trace: dict[str, Any], new: Mapping[str, Any], *, append: bool) -> None:
    if all(_is_nothing(x) for x in new["x"]):
        return  # a mask: this line has nothing new
    for axis in ("x", "y", "z"):
        if axis in new:
            if append and isinstance(trace.get(axis), list):
                trace[axis].extend(new[axis])
            else:
                trace[axis] = new[axis]
    marker = new.get("marker") or {}
    own = trace.setdefault("marker", {}) if marker else {}
    for look in ("color", "size"):
        if isinstance(marker.get(look), list):
            kept = own.get(look)
            before = kept if isinstance(kept, list) and append else []
            own[look] = [*before, *marker[look]]
    if new.get("text") is not None:
        before = trace.get("text")
        trace["text"] = [*(before or ()), *new["text"]] if append else new["text"]


def _is_nothing(value: Any) -> bool:
    return value is None or (isinstance(value, float) and not math.isfinite(value))


def _more_heat(plot: dict[str, Any], new: Mapping[str, Any], way: str) -> str:
    if way != "replace":
        problem = _misfit(plot, new, way)
        if problem:
            return problem
        rows, more = plot["z"], new["z"]
        if way == "appendRow":
            plot["z"] = rows + more
        elif way == "prependRow":
            plot["z"] = more + rows
        elif way == "appendColumn":
            plot["z"] = [row + other for row, other in zip(rows, more, strict=True)]
        else:
            plot["z"] = [other + row for row, other in zip(rows, more, strict=True)]
        axis = "y" if way.endswith("Row") else "x"
        if plot.get(axis) is not None:
            both = plot[axis], new[axis]
            plot[axis] = both[0] + both[1] if way.startswith("append") else both[1] + both[0]
    appends = way != "replace"
    kept = {"x", "y", "z"} if appends else set()
    plot.update({k: v for k, v in new.items() if k not in kept and not (appends and v is None)})
    return ""


def _misfit(plot: Mapping[str, Any], new: Mapping[str, Any], way: str) -> str:
    """Why rows or columns cannot be added; empty if they can."""
    is_row = way.endswith("Row")
    sizes = [len(one["z"][0]) if is_row else len(one["z"]) for one in (plot, new)]
    if sizes[0] != sizes[1]:
        return f"{way}: {sizes[1]} {'columns' if is_row else 'rows'} cannot join {sizes[0]}"
    axis, word = ("y", "rownames") if is_row else ("x", "columnnames")
    known, added = plot.get(axis), new.get(axis)
    if (known is None) != (added is None):
        return f"{way}: {word} are needed in both calls or in none"
    if known is not None and added is not None and set(known) & set(added):
        return f"{way}: {word} occur already: {', '.join(map(str, set(known) & set(added)))}"
    return ""
