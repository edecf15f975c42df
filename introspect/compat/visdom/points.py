"""``scatter`` and ``line``.

Axes:
    N: points or samples, M: lines

Not here: the traces (``introspect.compat.visdom.traces``), what is made of lines (``series``).
"""

# ruff: noqa: N803, PLR0913, PLR0917, FBT001, FBT002  Visdom's signatures, kept by name and place

from collections.abc import Mapping
from typing import Any

import numpy as np

from introspect.compat.ignored import tell_ignored
from introspect.compat.visdom.arguments import VisdomError, array, check, needed, opts_of
from introspect.compat.visdom.layout import layout_of
from introspect.compat.visdom.message import Message, Sender
from introspect.compat.visdom.traces import labelled, looks_of, traces_of

Opts = Mapping[str, Any] | None
_UPDATES = (None, "append", "replace", "remove")
_IN_TRACES = ("markercolor", "linecolor", "dash")


class Points(Sender):
    """Calls that draw points and lines."""

    def scatter(
        self,
        X: Any,
        Y: Any = None,
        win: str | None = None,
        env: str | None = None,
        opts: Opts = None,
        update: str | None = None,
        name: str | None = None,
    ) -> Any:
        """Points in two or three dimensions, coloured by their labels.

        Args:
            X: ``(N, 2)`` or ``(N, 3)``; with `update` and `name` also ``(N,)``, and Y its heights.
            Y: ``(N,)`` labels: whole numbers from 1, other numbers, or words.
            win: The window; None makes one.
            env: Its environment; None is that of the client.
            opts: markersymbol, markersize, markercolor, markerborderwidth, dash, textlabels,
                legend, mode, fillarea, store_history, traceopts; axes and title.
            update: ``"append"``, ``"replace"`` or ``"remove"`` a trace.
            name: Of the trace that is updated.

        Returns:
            The id of the window.

        Raises:
            VisdomError: If shapes, labels or ``opts`` do not fit each other.
        """
        check(
            update in _UPDATES,
            "scatter",
            "this update is not known.",
            given=update,
            hint='"append", "replace" or "remove"',
        )
        if opts and opts.get("store_history") and update is not None:
            raise VisdomError(
                "opts.store_history and update exclude each other.",
                where="Visdom.scatter",
                hint="store_history keeps every call as a step of its own",
            )
        if update == "remove":
            return self._removed(win, env, opts, name)
        points, labels = needed(X, "scatter", "X"), array(Y)
        if update is not None:
            check(win is not None, "scatter", "an update needs a window.", hint='win="loss"')
            if update == "append" and not self.offline and self.win_exists(win, env) is False:
                update = None
            if name and points.ndim == 1:
                points, labels = self._columns(points, labels), None
        check(
            points.ndim == 2 and points.shape[1] in {2, 3} and len(points) > 0,
            "scatter",
            "X is a row of two or three numbers for each point.",
            given=points,
            hint="line(Y, X) draws heights over places",
        )
        return self._points(points, labels, Message(win=win, eid=env), opts, update, name)

    def line(
        self,
        Y: Any,
        X: Any = None,
        win: str | None = None,
        env: str | None = None,
        opts: Opts = None,
        update: str | None = None,
        name: str | None = None,
        Z: Any = None,
        is3d: bool = False,
    ) -> Any:
        """Lines.

        Args:
            Y: ``(N,)`` or ``(N, M)`` heights.
            X: ``(N,)`` for all lines or ``(N, M)``; None for 0 to 1. An update needs it.
            win: As in `scatter`.
            env: As in `scatter`.
            opts: markers, markersymbol, markersize, linecolor, dash, legend, fillarea; axes, title.
            update: As in `scatter`.
            name: As in `scatter`.
            Z: A third coordinate, like X.
            is3d: Whether Z is needed.

        Returns:
            The id of the window.

        Raises:
            VisdomError: If shapes do not fit each other.
        """
        if update == "remove":
            return self.scatter(None, None, win=win, env=env, opts=opts, update=update, name=name)
        check(
            update is None or X is not None, "line", "an update needs X.", hint="X=np.array([step])"
        )
        check(not is3d or Z is not None, "line", "a line in three dimensions needs Z.")
        columns = self._lines(Y, X, Z)
        checked = opts_of(opts, "line")
        checked["markers"] = checked.get("markers", False)
        checked["fillarea"] = checked.get("fillarea", False)
        if Z is not None and checked["fillarea"]:
            tell_ignored("Visdom.line", "fillarea", reason="not in three dimensions")
            checked["fillarea"] = False
        checked["mode"] = "lines+markers" if checked["markers"] else "lines"
        heights = columns[1]
        labels = None
        if heights.ndim == 2:
            rows, count = heights.shape
            labels = np.repeat(np.arange(1, count + 1), rows)
        points = np.column_stack([column.ravel(order="F") for column in columns])
        return self.scatter(
            points, labels, win=win, env=env, opts=checked, update=update, name=name
        )

    # How they are made ----------------------------------------------------------------------

    def _lines(self, Y: Any, X: Any, Z: Any) -> list[np.ndarray]:
        """Places, heights and perhaps depths, all of one shape."""
        heights = needed(Y, "line", "Y")
        check(
            heights.ndim in {1, 2} and heights.shape[-1] > 0,
            "line",
            "Y has one or two dimensions and is not empty.",
            given=heights,
        )
        places = np.linspace(0, 1, len(heights)) if X is None else needed(X, "line", "X")
        columns: list[Any] = [places, heights] + ([] if Z is None else [needed(Z, "line", "Z")])
        columns = [c[:, 0] if c.ndim == 2 and c.shape[1] == 1 else c for c in columns]
        shape = columns[1].shape
        if len(shape) == 2:
            columns = [
                np.tile(c[:, None], (1, shape[1])) if c.ndim == 1 and len(c) == shape[0] else c
                for c in columns
            ]
        check(
            all(c.shape == shape for c in columns),
            "line",
            "X has the shape of Y, or is one column for all lines; so has Z.",
            given=tuple(columns),
        )
        return columns

    def _columns(self, points: np.ndarray, heights: Any) -> np.ndarray:
        check(
            isinstance(heights, np.ndarray) and heights.shape == points.shape,
            "scatter",
            "an update by name has as many heights in Y as places in X.",
            given=f"X {points.shape}, Y {np.shape(heights)}",
        )
        return np.column_stack([points, heights])

    def _removed(self, win: str | None, env: str | None, opts: Opts, name: str | None) -> Any:
        check(
            win is not None and name is not None and opts is None,
            "scatter",
            "a removal needs win and name, and takes no opts.",
            given=f"win={win!r}, name={name!r}, opts={opts!r}",
        )
        message = Message(data=[], name=name, delete=True, win=win, eid=env)
        return self._send(message, "update")

    def _points(
        self,
        points: np.ndarray,
        labels: Any,
        message: Message,
        opts: Opts,
        update: str | None,
        name: str | None,
    ) -> Any:
        """The message of points that fit, sent."""
        numbers = labelled(labels, len(points), "scatter")
        check(
            name is None or len(np.unique(numbers.numbers)) == 1,
            "scatter",
            "a name is that of one trace; there are several labels.",
            given=f"name={name!r}, {numbers.count} labels",
            hint='opts={"legend": [...]} names several',
        )
        is_3d = points.shape[1] == 3
        checked = opts_of(opts, "scatter")
        has_texts = checked.get("textlabels") is not None
        checked["mode"] = checked.get("mode", "markers+text" if has_texts else "markers")
        checked = {"markersymbol": "dot", "markersize": 10, "markerborderwidth": 0.5} | checked
        legend = checked.get("legend")
        check(
            not legend or (isinstance(legend, tuple | list) and numbers.count <= len(legend)),
            "scatter",
            "opts.legend names each label or line.",
            given=f"{numbers.count} labels, legend={legend!r}",
        )
        if not legend:
            checked.pop("legend", None)
        looks = looks_of(checked, numbers, "scatter")
        traces = traces_of(points, numbers, looks, checked, name=name)
        gone = _IN_TRACES + (("markersize",) if isinstance(looks.sizes, np.ndarray) else ())
        kept = {key: value for key, value in checked.items() if key not in gone}
        layout = layout_of(kept, is_3d=is_3d)
        if kept.get("store_history"):
            content = {"data": traces, "layout": layout, "caption": kept.get("caption")}
            message |= {"data": [{"type": "plot_history", "content": content}], "opts": kept}
            is_known = message["win"] is not None and self.win_exists(
                message["win"], message["eid"]
            )
            return self._send(message, "update" if is_known else "events")
        message |= {"data": traces, "layout": {} if update else layout, "opts": kept}
        if update:
            message |= {"name": name, "append": update == "append"}
        return self._send(message, "update" if update else "events")
