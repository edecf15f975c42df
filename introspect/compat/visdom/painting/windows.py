"""Windows of every type to panels.

Not here: plots (``introspect.compat.visdom.painting.native``, ``figures``).
"""

from typing import Any

import numpy as np

from introspect.canvas.ticks import clean
from introspect.compat.ignored import tell_ignored
from introspect.compat.visdom.arguments import VisdomError
from introspect.compat.visdom.board import Window
from introspect.compat.visdom.painting import markup
from introspect.compat.visdom.painting.axes import words_of
from introspect.compat.visdom.painting.drawn import Drawn
from introspect.compat.visdom.pixels import picture_of
from introspect.nouns.panels import (
    FigurePanel,
    ImagePanel,
    Panel,
    ScatterPanel,
    TablePanel,
    VideoPanel,
)
from introspect.nouns.values import Table, Video
from introspect.theme import Mode


def panel_of(window: Window, *, mode: Mode = "light") -> Panel:
    """What shows a window.

    Args:
        window: That nobody changes meanwhile.
        mode: Of what is drawn with matplotlib.

    Raises:
        VisdomError: If its type is not known.

    Example:
        >>> pane = {"id": "w", "type": "text", "title": "Note", "content": "hello"}
        >>> type(panel_of(Window(pane))).__name__
        'TextPanel'
    """
    pane = window.pane
    title = title_of(pane)
    kind = pane["type"]
    if isinstance(window.value, Drawn):
        return FigurePanel("", None, [window.value], title=title)
    if isinstance(window.value, Table):
        return TablePanel("", None, [window.value], title=title)
    if isinstance(window.value, Video):
        return VideoPanel("", None, [window.value], title=title)
    if kind == "text":
        return markup.panel_of_markup(str(pane["content"]), title, pane.get("height"))
    if kind == "image":
        return ImagePanel("", None, [_image(pane["content"])], limit=1, title=title)
    if kind == "image_history":
        return _pictures(pane, title)
    if kind == "properties":
        return TablePanel("", None, [_settings(pane["content"])], title=title)
    if kind == "embeddings":
        return _neighbours(pane["content"], title)
    return _chart(pane, title, mode)


def _chart(pane: dict[str, Any], title: str, mode: Mode) -> Panel:
    from introspect.compat.visdom.painting.figures import drawn, network  # noqa: PLC0415  matplotlib
    from introspect.compat.visdom.painting.native import native  # noqa: PLC0415  same

    if pane["type"] == "network":
        return FigurePanel("", None, [network(pane, mode)], title=title)
    content = pane["content"]
    if pane["type"] == "plot_history":
        content = content[min(pane.get("selected", -1), len(content) - 1)]
    elif pane["type"] != "plot":
        raise VisdomError("this type of window is not known.", given=str(pane["type"]))
    title = title or words_of(content["layout"].get("title"))
    traces, layout = content["data"], content["layout"]
    own = native(traces, layout, title)
    size_px = pane.get("width"), pane.get("height")
    if own is not None:
        if size_px != (None, None):
            tell_ignored("visdom opts", "width, height", reason="charts share the page")
        return own
    return FigurePanel("", None, [drawn(traces, layout, mode=mode, size_px=size_px)], title=title)


def title_of(pane: dict[str, Any]) -> str:
    """The title of a window; else its id, if somebody chose that."""
    layout = pane["content"].get("layout") if isinstance(pane["content"], dict) else None
    known = words_of(pane.get("title")) or words_of((layout or {}).get("title"))
    win = str(pane["id"])
    return clean(known or ("" if win.startswith("window_") else win))


def _image(content: dict[str, Any]) -> Any:
    return picture_of(content["src"], str(content.get("caption") or ""))


def _pictures(pane: dict[str, Any], title: str) -> ImagePanel:
    """All pictures with the newest shown; one alone where somebody chose it."""
    pages, selected = pane["content"], pane.get("selected", len(pane["content"]) - 1)
    if selected < len(pages) - 1:
        chosen = _image(pages[selected])
        return ImagePanel("", None, [chosen], limit=1, title=f"{title} {selected + 1}/{len(pages)}")
    data = [_image(page) for page in pages]
    return ImagePanel("", np.arange(len(data)), data, limit=1, title=title)


def _settings(rows: list[dict[str, Any]]) -> Table:
    entries = []
    for row in rows:
        value, values = row.get("value"), row.get("values")
        if row.get("type") == "select" and isinstance(value, int) and values:
            value = values[value]
        plain = value if isinstance(value, str | int | float | bool | None) else str(value)
        entries.append((str(row.get("name", "")), plain))
    return Table(("property", "value"), tuple(entries))


def _neighbours(content: dict[str, Any], title: str) -> ScatterPanel:
    points = content.get("data") or []
    names: dict[int, str] = {}
    for point in points:
        names.setdefault(int(point["group"]), str(point["label"]))
    order = {group: at for at, group in enumerate(sorted(names))}
    places = np.array([point["position"] for point in points], np.float64).reshape(-1, 2)
    return ScatterPanel(
        "",
        None,
        [places],
        classes=np.array([order[int(point["group"])] for point in points], np.int64),
        class_names=tuple(names[group] for group in sorted(names)),
        point_names=tuple(str(point["label"]) for point in points),
        axes=False,
        title=title,
    )
