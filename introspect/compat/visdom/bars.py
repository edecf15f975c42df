"""``bar``, ``histogram``, ``boxplot`` and ``violin``.

Axes:
    N: values, M: columns

Not here: pictures (``introspect.compat.visdom.painting``).
"""

# ruff: noqa: N803  Visdom's signatures, kept by name and place

from collections.abc import Mapping
from typing import Any

import numpy as np

from introspect.compat.visdom.arguments import check, is_number, needed, opts_of
from introspect.compat.visdom.layout import layout_of, scrubbed
from introspect.compat.visdom.message import Message, Sender

Opts = Mapping[str, Any] | None


class Bars(Sender):
    """Calls that draw bars, boxes and violins."""

    def bar(
        self,
        X: Any,
        Y: Any = None,
        win: str | None = None,
        env: str | None = None,
        opts: Opts = None,
    ) -> Any:
        """Bars, grouped or stacked.

        Args:
            X: ``(N,)`` or ``(N, M)`` heights of M groups.
            Y: ``(N,)`` places; None for 1, 2, ...
            win: The window; None makes one.
            env: Its environment; None is that of the client.
            opts: rownames, stacked, legend; axes and title.

        Returns:
            The id of the window.

        Raises:
            VisdomError: If names or places do not fit the heights.
        """
        checked: dict[str, Any] = {"stacked": False} | opts_of(opts, "bar")
        names, legend = checked.get("rownames"), checked.get("legend")
        heights = np.squeeze(needed(X, "bar", "X"))
        check(
            heights.ndim <= 2 and heights.size > 0,
            "bar",
            "X has one or two dimensions.",
            given=heights,
        )
        if heights.ndim <= 1:
            flat = heights.ravel()
            check(
                legend is None or names is None,
                "bar",
                "heights of one dimension have opts.rownames or opts.legend, not both.",
            )
            heights = flat[:, None] if legend is None else flat[None, :]
        places = np.arange(1, len(heights) + 1) if Y is None else np.ravel(needed(Y, "bar", "Y"))
        check(
            len(places) == len(heights),
            "bar",
            "there is a place for each bar.",
            given=(heights, places),
        )
        check(
            names is None or len(names) == len(heights),
            "bar",
            "opts.rownames has a name for each bar.",
            given=f"{names!r}, X {heights.shape}",
        )
        check(
            not legend or len(legend) == heights.shape[1],
            "bar",
            "opts.legend has a name for each column.",
            given=f"{legend!r}, X {heights.shape}",
        )
        traces = []
        for column in range(heights.shape[1]):
            at = places.tolist() if names is None else list(names)
            trace = {"y": heights[:, column].tolist(), "x": at, "type": "bar"}
            traces.append(trace | ({"name": legend[column]} if legend else {}))
        return self._bars(traces, checked, win, env)

    def histogram(
        self, X: Any, win: str | None = None, env: str | None = None, opts: Opts = None
    ) -> Any:
        """How often values occur.

        Args:
            X: ``(N,)``; NaN is left out.
            win: As in `bar`.
            env: As in `bar`.
            opts: numbins (at most 30 by default); axes and title.

        Returns:
            The id of the window.

        Raises:
            VisdomError: If X has several dimensions or no finite value.
        """
        values = np.atleast_1d(np.squeeze(needed(X, "histogram", "X")))
        check(values.ndim == 1, "histogram", "X has one dimension.", given=values)
        known = values[np.isfinite(values)]
        check(known.size > 0, "histogram", "X has finite values.", given=values)
        checked = {"numbins": min(30, len(values))} | opts_of(opts, "histogram")
        bins = checked["numbins"]
        check(is_number(bins) and bins >= 1, "histogram", "opts.numbins is 1 or more.", given=bins)
        low, high = known.min(), known.max()
        counts = np.histogram(known, bins=int(bins), range=(low, high))[0]
        return self.bar(counts, np.linspace(low, high, int(bins)), win, env, checked)

    def boxplot(
        self, X: Any, win: str | None = None, env: str | None = None, opts: Opts = None
    ) -> Any:
        """The quartiles of columns.

        Args:
            X: ``(N,)`` or ``(N, M)``.
            win: As in `bar`.
            env: As in `bar`.
            opts: legend; axes and title.

        Returns:
            The id of the window.

        Raises:
            VisdomError: If names do not fit the columns.
        """
        values, names, checked = _columns(X, opts, "boxplot")
        traces = [
            {"y": values[:, at].tolist(), "type": "box", "name": name}
            for at, name in enumerate(names)
        ]
        return self._bars(traces, checked, win, env)

    def violin(
        self, X: Any, win: str | None = None, env: str | None = None, opts: Opts = None
    ) -> Any:
        """The distributions of columns.

        Args:
            X: ``(N,)`` or ``(N, M)``.
            win: As in `bar`.
            env: As in `bar`.
            opts: legend, showbox, showmeanline, points, jitter, orientation, bandwidth, side,
                opacity; axes and title.

        Returns:
            The id of the window.

        Raises:
            VisdomError: If names do not fit the columns, or an option is not known.
        """
        values, names, checked = _columns(X, opts, "violin")
        known: dict[str, tuple[Any, ...]] = {
            "orientation": ("v", "h"),
            "side": ("both", "positive", "negative"),
            "points": (False, "all", "outliers", "suspectedoutliers"),
        }
        for name, ways in known.items():
            given = checked.get(name, ways[0])
            check(
                given in ways,
                "violin",
                f"this opts.{name} is not known.",
                given=given,
                hint=" or ".join(map(repr, ways)),
            )
        jitter, width = checked.get("jitter", 0.3), checked.get("bandwidth")
        check(
            jitter is None or (is_number(jitter) and 0 <= jitter <= 1),
            "violin",
            "opts.jitter is a number from 0 to 1.",
            given=jitter,
        )
        check(
            width is None or (is_number(width) and width > 0),
            "violin",
            "opts.bandwidth is a number above 0.",
            given=width,
        )
        lies = checked.get("orientation", "v") == "h"
        look = {
            "type": "violin",
            "box": {"visible": checked.get("showbox", True)},
            "meanline": {"visible": checked.get("showmeanline", True)},
            "points": checked.get("points", False),
            "side": checked.get("side", "both"),
        }
        more = {"jitter": jitter, "orientation": "h" if lies else None, "bandwidth": width,
                "opacity": checked.get("opacity")}  # fmt: skip
        traces = [
            look | scrubbed(more) | {"name": name, "x" if lies else "y": values[:, at].tolist()}
            for at, name in enumerate(names)
        ]
        return self._bars(traces, checked, win, env)

    def _bars(self, traces: list[Any], opts: dict[str, Any], win: Any, env: Any) -> Any:
        return self._send(Message(data=traces, win=win, eid=env, layout=layout_of(opts), opts=opts))


def _columns(X: Any, opts: Opts, call: str) -> tuple[np.ndarray, list[str], dict[str, Any]]:
    """Columns ``(N, M)``, their names, and checked opts."""
    values = np.squeeze(needed(X, call, "X"))
    check(values.ndim in {1, 2}, call, "X has one or two dimensions.", given=values)
    values = values[:, None] if values.ndim == 1 else values
    checked = opts_of(opts, call)
    legend = checked.get("legend")
    check(
        not legend or len(legend) == values.shape[1],
        call,
        "opts.legend has a name for each column.",
        given=f"{legend!r}, X {values.shape}",
    )
    names = legend or [f"column {at}" for at in range(values.shape[1])]
    return values, list(names), checked
