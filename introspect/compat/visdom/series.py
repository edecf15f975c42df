"""``learning_curve``, ``stem`` and ``quiver``: what Visdom makes of lines.

Axes:
    N: samples, M: series

Not here: lines (``introspect.compat.visdom.points``), their interruptions (``stalks``).
"""

# ruff: noqa: N803, PLR0917  Visdom's signatures, kept by name and place

from collections.abc import Mapping
from typing import Any

import numpy as np

from introspect.compat.visdom.arguments import array, check, needed, opts_of
from introspect.compat.visdom.points import Points
from introspect.compat.visdom.stalks import arrows, stalks

Opts = Mapping[str, Any] | None


class SeriesCalls(Points):
    """Calls that are lines in disguise."""

    def learning_curve(
        self,
        metrics: Mapping[str, Any],
        step: Any = None,
        win: str | None = None,
        env: str | None = None,
        opts: Opts = None,
        update: str | None = None,
    ) -> Any:
        """Metrics by name over steps.

        Args:
            metrics: Names to a number or ``(N,)``.
            step: A number or ``(N,)``; None for 0, 1, 2, ... An appending update needs it.
            win: As in `scatter`.
            env: As in `scatter`.
            opts: As in `line`.
            update: As in `scatter`.

        Returns:
            The id of the window.

        Raises:
            VisdomError: If metrics differ in length.
        """
        call = "learning_curve"
        check(
            hasattr(metrics, "items") and len(metrics) > 0,
            call,
            "metrics are values by name.",
            given=metrics,
            hint='{"train_loss": 0.5, "val_loss": 0.7}',
        )
        series = {
            str(key): np.atleast_1d(np.squeeze(np.asarray(array(value))))
            for key, value in metrics.items()
        }
        sizes = {key: value.shape for key, value in series.items()}
        first = next(iter(series.values()))
        check(
            all(value.ndim == 1 and value.shape == first.shape for value in series.values())
            and len(first) > 0,
            call,
            "metrics are numbers, or columns of one length.",
            given=str(sizes),
        )
        check(
            step is not None or update != "append",
            call,
            "an appending update needs step.",
            hint="step=epoch",
        )
        steps = (
            np.arange(len(first))
            if step is None
            else np.atleast_1d(np.squeeze(np.asarray(array(step))))
        )
        check(
            steps.shape == first.shape,
            call,
            "there is a step for each value.",
            given=f"{steps.shape} steps, {first.shape} values",
        )
        checked = opts_of(opts, call)
        defaults = {"title": "Learning Curve", "xlabel": "step", "ylabel": "metric"}
        checked = defaults | checked
        names = list(series)
        legend = checked.get("legend") or names
        check(
            isinstance(legend, tuple | list) and len(legend) >= len(names),
            call,
            "opts.legend names each metric.",
            given=legend,
        )
        checked["legend"] = legend
        if update is None:
            return self.line(np.column_stack(list(series.values())), steps, win, env, checked)
        result = None
        for key, values in series.items():
            own = None if update == "remove" else checked | {"legend": [key]}
            result = self.line(values, steps, win, env, own, update, key)
        return result

    def stem(
        self,
        X: Any,
        Y: Any = None,
        win: str | None = None,
        env: str | None = None,
        opts: Opts = None,
    ) -> Any:
        """Heights as stalks.

        Args:
            X: ``(N,)`` or ``(N, M)`` heights of M series.
            Y: ``(N,)`` or ``(N, M)`` places; None for 1, 2, ...
            win: As in `scatter`.
            env: As in `scatter`.
            opts: legend; axes and title.

        Returns:
            The id of the window.

        Raises:
            VisdomError: If X and Y do not fit each other.
        """
        heights = np.squeeze(needed(X, "stem", "X"))
        check(heights.ndim in {1, 2}, "stem", "X has one or two dimensions.", given=heights)
        heights = heights[:, None] if heights.ndim == 1 else heights
        given = np.arange(1, len(heights) + 1) if Y is None else Y
        places = needed(given, "stem", "Y")
        places = places[:, None] if places.ndim == 1 else places
        check(
            len(places) == len(heights) and places.shape[1] in {1, heights.shape[1]},
            "stem",
            "Y is one column of places, or as many as X.",
            given=(heights, places),
        )
        points, labels = stalks(heights, np.broadcast_to(places, heights.shape))
        return self.scatter(points, labels, win, env, opts_of(opts, "stem") | {"mode": "lines"})

    def quiver(
        self,
        X: Any,
        Y: Any,
        gridX: Any = None,
        gridY: Any = None,
        win: str | None = None,
        env: str | None = None,
        opts: Opts = None,
    ) -> Any:
        """Arrows on a grid.

        Args:
            X: ``(N, M)``, how far each points to the right.
            Y: ``(N, M)``, how far up.
            gridX: ``(N, M)``, where they begin; None for their rows.
            gridY: ``(N, M)``, likewise; None for their columns.
            win: As in `scatter`.
            env: As in `scatter`.
            opts: normalize (length of the longest), arrowheads; axes and title.

        Returns:
            The id of the window.

        Raises:
            VisdomError: If shapes differ.
        """
        right, up = needed(X, "quiver", "X"), needed(Y, "quiver", "Y")
        check(
            right.ndim == 2 and right.shape == up.shape,
            "quiver",
            "X and Y are matrices of one shape.",
            given=(right, up),
        )
        rows, columns = np.indices(right.shape)
        from_x = rows if gridX is None else needed(gridX, "quiver", "gridX")
        from_y = columns if gridY is None else needed(gridY, "quiver", "gridY")
        check(
            from_x.shape == right.shape == from_y.shape,
            "quiver",
            "gridX and gridY have the shape of X.",
            given=(right, from_x, from_y),
        )
        checked = opts_of(opts, "quiver") | {"mode": "lines"}
        checked["arrowheads"] = checked.get("arrowheads", True)
        longest = checked.get("normalize", False)
        check(
            longest is False or (isinstance(longest, int | float) and 0 < longest < np.inf),
            "quiver",
            "opts.normalize is the length of the longest arrow.",
            given=longest,
        )
        points = arrows(
            right, up, from_x, from_y, longest=float(longest), heads=bool(checked["arrowheads"])
        )
        return self.scatter(points, None, win, env, checked)
