"""Panels to what a browser is told of them: JSON, columns that grow, and frames.

``Panel -> Described``, one function for each class of panel. Lines keep their columns, of which a
`Feed` sends what is new; every other kind is a `Shots`: a frame for each step, made when it
is sent.

Cost: microseconds; nothing is computed from the data here but whether a percent axis suits.

Not here: frames (``introspect.canvas.shots``), bytes (``introspect.canvas.feed``).
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from introspect.canvas.header import progress_facts, summary_facts
from introspect.canvas.line_axes import steps_of
from introspect.canvas.line_curve import names_title
from introspect.canvas.lines import evened
from introspect.canvas.shots import Shots, shots_of
from introspect.canvas.ticks import clean
from introspect.canvas.timeline import counted
from introspect.nouns.panels import (
    Column,
    CustomPanel,
    GridPanel,
    ImagePanel,
    LinePanel,
    MagnitudesPanel,
    MessagePanel,
    Panel,
    ProgressPanel,
    Row,
    Series,
    SummaryPanel,
)

Spec = dict[str, Any]
Place = Any
"""The id of a panel, or ``{"row": [...]}`` or ``{"column": [...]}`` of places."""

_SAMPLE = 4096


@dataclass(frozen=True, slots=True, eq=False)
class Described:
    """One panel as a browser gets it.

    Attributes:
        spec: JSON; holds no data.
        series: Prefix of column names to the line whose columns they are.
        shots: The panel step by step; None for lines and for words.
    """

    spec: Spec
    series: Mapping[str, Series] = field(default_factory=dict)
    shots: Shots | None = None


def described(panel: Panel, name: str) -> Described:
    """What a browser is told of a panel.

    Args:
        panel: Any kind.
        name: Its id; column names begin with it.

    Example:
        >>> from introspect.nouns.panels import MessagePanel
        >>> described(MessagePanel("Loss", "no such key"), "0").spec["message"]
        'no such key'
    """
    for kind, make in _KINDS.items():
        if isinstance(panel, kind):
            return make(panel, name)
    own = getattr(panel, "spec", None)
    if isinstance(own, dict):  # of a page alone
        return Described(own)
    shots = shots_of(panel)
    spec = {"kind": shots.kind, "title": shots.title, **shots.options}
    if isinstance(panel, ImagePanel | GridPanel | MagnitudesPanel):
        spec["wide"] = is_wide(panel)
    return Described(spec, shots=shots)


def is_wide(panel: Any) -> bool:
    """Whether a panel that nobody placed gets a row of its own."""
    if isinstance(panel, ImagePanel):
        return panel.limit > 1 and panel.steps is not None
    return isinstance(panel, SummaryPanel | ProgressPanel | GridPanel | MagnitudesPanel)


def arranged(panels: Sequence[Any]) -> tuple[list[Place], dict[str, Panel]]:
    """Where panels stand, and the panels by their ids: their place in the order of drawing.

    Example:
        >>> from introspect.nouns.panels import MessagePanel, Row
        >>> both = Row((MessagePanel("a", ""), MessagePanel("b", "")))
        >>> arranged([both, MessagePanel("c", "")])[0]
        [{'row': ['0', '1']}, '2']
    """
    found: dict[str, Panel] = {}

    def place(member: Any) -> Place:
        if isinstance(member, Row):
            row: Spec = {"row": [place(inner) for inner in member.panels]}
            return row | ({"shares": list(member.shares)} if member.shares else {})
        if isinstance(member, Column):
            return {"column": [place(inner) for inner in member.panels]}
        name = str(len(found))
        found[name] = member
        return name

    return [place(member) for member in panels], found


def _lines(panel: LinePanel, name: str) -> Described:
    panel = evened(panel)
    title, unit = clean(panel.title), clean(panel.ylabel)
    names = [clean(series.name) for series in panel.series]
    if not title:
        title, unit = (unit, "") if unit else (names_title(names), "")
    columns = {f"{name}.{index}": series for index, series in enumerate(panel.series)}
    spec: Spec = {
        "kind": "lines",
        "title": title,
        "how": unit,
        "series": [
            {
                "name": label,
                "columns": prefix,
                "pairs": series.steps.ndim == 2,
                "band": series.low is not None,
                **({} if series.color is None else {"color": series.color}),
            }
            for label, (prefix, series) in zip(names, columns.items(), strict=True)
        ],
        "percent": "%" in title + unit and all(map(_is_share, panel.series)),
        "log": panel.log,
        "smooth": panel.smooth,
        "link": panel.x_linked,
    }
    has_pairs = any(s.steps.ndim == 2 for s in panel.series)
    xlim = panel.xlim
    if panel.epochs is not None and not has_pairs:  # pairs are placed by the browser
        xlim = steps_of(xlim, counted(panel.epochs), epochs=True)
    spec |= {"xlim": list(xlim)} if xlim else {}
    spec |= {"ylim": list(panel.ylim)} if panel.ylim else {}
    spec |= {"band": clean(panel.band)} if panel.band else {}
    if panel.epochs is not None and not has_pairs:
        epochs = panel.epochs
        spec["epochs"] = list(epochs) if isinstance(epochs, tuple) else float(epochs)
    if panel.baselines:
        spec["baselines"] = [
            {"value": float(line.value), "name": clean(line.name), "top": line.top}
            for line in panel.baselines
            if np.isfinite(line.value)
        ]
    return Described(spec, columns)


def _is_share(series: Series) -> bool:
    """Whether the values lie within -1 and 1, as far as a sample tells."""
    sample = series.values[:: max(1, len(series.values) // _SAMPLE)]
    return not bool(np.any(np.abs(sample[np.isfinite(sample)]) > 1.0))


def _summary(panel: SummaryPanel, name: str) -> Described:
    del name
    facts = [list(fact) for fact in summary_facts(panel)]
    return Described(_status(panel.title, facts, [], None, None))


def _progress(panel: ProgressPanel, name: str) -> Described:
    del name
    left, right = (list(map(list, facts)) for facts in progress_facts(panel))
    share = min(max(panel.done / panel.total, 0.0), 1.0) if panel.total > 0 else 0.0
    return Described(_status(panel.title, left, right, share, panel.epochs))


def _status(
    title: str, left: list[Any], right: list[Any], share: float | None, epochs: int | None
) -> Spec:
    return {
        "kind": "progress",
        "title": clean(title),
        "left": left,
        "right": right,
        "share": share,
        "epochs": epochs,
        "wide": True,
    }


def _message(panel: MessagePanel, name: str) -> Described:
    del name
    return Described(
        {"kind": "message", "title": clean(panel.title), "message": clean(panel.message)[:2000]}
    )


def _custom(panel: CustomPanel, name: str) -> Described:
    """A user's own drawing reaches a browser as a picture; see `introspect.canvas.pictured`."""
    return _message(MessagePanel(panel.name, "not painted yet"), name)


_KINDS: Mapping[type, Callable[[Any, str], Described]] = {
    LinePanel: _lines,
    SummaryPanel: _summary,
    ProgressPanel: _progress,
    MessagePanel: _message,
    CustomPanel: _custom,
}
