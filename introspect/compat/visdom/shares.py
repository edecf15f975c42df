"""``pie``, ``sunburst``, ``sankey`` and ``parallel_coordinates``.

Axes:
    N: parts or flows or experiments, M: parameters

Not here: pictures (``introspect.compat.visdom.painting``).
"""

# ruff: noqa: N803, PLR0917  Visdom's signatures, kept by name and place

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from introspect.compat.visdom.arguments import array, check, is_number, needed, opts_of
from introspect.compat.visdom.layout import layout_of, scrubbed
from introspect.compat.visdom.message import Message, Sender

Opts = Mapping[str, Any] | None


class Shares(Sender):
    """Calls that draw parts of a whole, flows and experiments."""

    def pie(self, X: Any, win: str | None = None, env: str | None = None, opts: Opts = None) -> Any:
        """Parts of a whole.

        Args:
            X: ``(N,)``, none negative.
            win: The window; None makes one.
            env: Its environment; None is that of the client.
            opts: legend, title.

        Returns:
            The id of the window.

        Raises:
            VisdomError: If X has several dimensions or negative values.
        """
        values = np.atleast_1d(np.squeeze(np.asarray(needed(X, "pie", "X"), np.float64)))
        check(
            values.ndim == 1 and (values >= 0).all(),
            "pie",
            "X has one dimension and nothing negative.",
            given=values,
        )
        checked = opts_of(opts, "pie")
        trace = {"values": values.tolist(), "labels": checked.get("legend"), "type": "pie"}
        return self._shown([trace], checked, win, env)

    def sunburst(
        self,
        labels: Any,
        parents: Any,
        values: Any = None,
        win: str | None = None,
        env: str | None = None,
        opts: Opts = None,
    ) -> Any:
        """Parts of parts, as rings.

        Args:
            labels: ``(N,)`` names.
            parents: ``(N,)`` names of what each is a part of; "" for the whole.
            values: ``(N,)``; None for 1 each.
            win: As in `pie`.
            env: As in `pie`.
            opts: size, font_color, opacity, marker_width; title.

        Returns:
            The id of the window.

        Raises:
            VisdomError: If the columns differ in length.
        """
        columns = [np.asarray(array(column)).ravel().tolist() for column in (labels, parents)]
        if values is not None:
            columns.append(np.ravel(needed(values, "sunburst", "values")).tolist())
        check(
            len({len(column) for column in columns}) == 1,
            "sunburst",
            "labels, parents and values are as long as each other.",
            given=", ".join(str(len(column)) for column in columns),
        )
        checked = opts_of(opts, "sunburst")
        trace: dict[str, Any] = {
            "labels": columns[0],
            "parents": columns[1],
            "outsidetextfont": {"size": checked.get("size"), "color": checked.get("font_color")},
            "leaf": {"opacity": checked.get("opacity")},
            "marker": {"line": {"width": checked.get("marker_width")}},
            "type": "sunburst",
        }
        if values is not None:
            trace["values"] = columns[2]
        return self._shown([trace], checked, win, env)

    def sankey(
        self,
        source: Any,
        target: Any,
        value: Any,
        labels: Sequence[str] | None = None,
        win: str | None = None,
        env: str | None = None,
        opts: Opts = None,
    ) -> Any:
        """Flows between nodes.

        Args:
            source: ``(N,)`` indices of nodes, where each flow begins.
            target: ``(N,)``, where it ends.
            value: ``(N,)``, how much flows.
            labels: Names of the nodes.
            win: As in `pie`.
            env: As in `pie`.
            opts: labels, pad, thickness, orientation, nodecolor, linkcolor; title.

        Returns:
            The id of the window.

        Raises:
            VisdomError: If the columns differ in length, or are negative.
        """
        given = {"source": source, "target": target, "value": value}
        columns = {name: np.asarray(array(column)) for name, column in given.items()}
        check(
            all(c.ndim <= 1 for c in columns.values()),
            "sankey",
            "source, target and value are columns.",
            given=tuple(columns.values()),
        )
        begin, end, amount = (np.ravel(column) for column in columns.values())
        check(
            len(begin) == len(end) == len(amount),
            "sankey",
            "there is a source, a target and a value for each flow.",
            given=(begin, end, amount),
        )
        nodes = np.concatenate([begin, end]).astype(np.float64)
        check(
            ((nodes >= 0) & (nodes == np.floor(nodes))).all() and (amount >= 0).all(),
            "sankey",
            "nodes are whole numbers from 0, and no flow is negative.",
        )
        checked = opts_of(opts, "sankey")
        names = checked.get("labels") if labels is None else labels
        count = int(nodes.max(initial=-1)) + 1
        check(
            names is None or len(names) >= count,
            "sankey",
            "labels name each node.",
            given=f"{names!r} for {count} nodes",
        )
        pad, thick = checked.get("pad", 15), checked.get("thickness", 20)
        check(
            is_number(pad) and pad >= 0 and is_number(thick) and thick > 0,
            "sankey",
            "opts.pad is 0 or more, opts.thickness above 0.",
            given=f"{pad!r}, {thick!r}",
        )
        way = checked.get("orientation", "h")
        check(
            way in {"h", "v"},
            "sankey",
            "this opts.orientation is not known.",
            given=way,
            hint='"h" or "v"',
        )
        node = scrubbed(
            {
                "pad": pad,
                "thickness": thick,
                "color": checked.get("nodecolor"),
                "label": None if names is None else list(names),
            }
        )
        link = scrubbed(
            {
                "source": begin.astype(int).tolist(),
                "target": end.astype(int).tolist(),
                "value": amount.tolist(),
                "color": checked.get("linkcolor"),
            }
        )
        trace = {"type": "sankey", "orientation": way, "node": node, "link": link}
        return self._shown([trace], checked, win, env)

    def parallel_coordinates(
        self,
        X: Any,
        Y: Any = None,
        win: str | None = None,
        env: str | None = None,
        opts: Opts = None,
    ) -> Any:
        """Experiments as lines across their parameters.

        Args:
            X: ``(N, M)``: an experiment a row, a parameter a column.
            Y: ``(N,)``: what colours them; None for one colour.
            win: As in `pie`.
            env: As in `pie`.
            opts: dimensions (names), colormap, reversescale, ranges, constraintranges, tickvals,
                ticktext, max_experiments; title.

        Returns:
            The id of the window.

        Raises:
            VisdomError: If names, ticks or Y do not fit X.
        """
        from introspect.compat.visdom.parallel import parallel  # noqa: PLC0415  long, and rare

        checked = opts_of(opts, "parallel_coordinates")
        values = np.asarray(needed(X, "parallel_coordinates", "X"), np.float64)
        shades = None if Y is None else np.asarray(array(Y), np.float64)
        trace = parallel(values, shades, checked)
        layout = {"paper_bgcolor": "white", "plot_bgcolor": "white"} | layout_of(checked)
        title = checked.get("title")
        if title:
            layout["title"] = {"text": title, "x": 0.5, "xanchor": "center"}
        room = 100 if "line" in trace else 0
        sized = {"width": max(600, values.shape[1] * 140 + room), "height": 450} | checked
        return self._send(Message(data=[trace], win=win, eid=env, layout=layout, opts=sized))

    def _shown(self, traces: list[Any], opts: dict[str, Any], win: Any, env: Any) -> Any:
        return self._send(Message(data=traces, win=win, eid=env, layout=layout_of(opts), opts=opts))
