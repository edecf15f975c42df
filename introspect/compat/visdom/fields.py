"""``heatmap``, ``histogram2d``, ``surf``, ``contour`` and ``mesh``: values on a plane or in space.

Axes:
    R: rows, C: columns, V: vertices, F: faces

Not here: what an update does to a heat map (``introspect.compat.visdom.updates``).
"""

# ruff: noqa: N803  Visdom's signatures, kept by name and place

from collections.abc import Mapping
from typing import Any

import numpy as np

from introspect.compat.visdom.arguments import check, needed, opts_of
from introspect.compat.visdom.layout import layout_of
from introspect.compat.visdom.message import Message, Sender

Opts = Mapping[str, Any] | None
_APPENDS = ("appendRow", "appendColumn", "prependRow", "prependColumn")
_UPDATES = (None, "replace", "remove", *_APPENDS)


class Fields(Sender):
    """Calls that draw matrices, surfaces and meshes."""

    def heatmap(
        self,
        X: Any,
        win: str | None = None,
        env: str | None = None,
        update: str | None = None,
        opts: Opts = None,
    ) -> Any:
        """A matrix as colours; its first row is the lowest, as in Visdom.

        Args:
            X: ``(R, C)``.
            win: The window; None makes one.
            env: Its environment; None is that of the client.
            update: ``"replace"``, ``"remove"``, ``"appendRow"``, ``"appendColumn"``,
                ``"prependRow"`` or ``"prependColumn"``.
            opts: colormap, xmin, xmax, columnnames, rownames, nancolor; axes and title.

        Returns:
            The id of the window.

        Raises:
            VisdomError: If X is no matrix, or names do not fit it.
        """
        call = "heatmap"
        check(
            update in _UPDATES,
            call,
            "this update is not known.",
            given=update,
            hint=", ".join(f'"{known}"' for known in _UPDATES[1:]),
        )
        if update == "remove":
            check(win is not None, call, "a removal needs a window.", hint="win=")
            return self._send(Message(data=[], delete=True, win=win, eid=env), "update")
        values = needed(X, call, "X")
        check(values.ndim == 2, call, "X is a matrix.", given=values)
        checked = {"colormap": "Viridis"} | opts_of(opts, call)
        for name, size in (("columnnames", values.shape[1]), ("rownames", values.shape[0])):
            known = checked.get(name)
            check(
                known is None or len(known) == size,
                call,
                f"opts.{name} has a name for each.",
                given=f"{known!r} for {size}",
            )
        trace: dict[str, Any] = {
            "z": values.tolist(),
            "x": checked.get("columnnames"),
            "y": checked.get("rownames"),
            "zmin": checked.get("xmin"),
            "zmax": checked.get("xmax"),
            "type": "heatmap",
            "colorscale": checked["colormap"],
        }
        data = [trace]
        blank = checked.get("nancolor")
        if blank is not None:  # Plotly leaves NaN out: what shows there is a trace behind
            paper = {"z": np.zeros(values.shape, values.dtype).tolist(), "x": trace["x"],
                     "y": trace["y"], "type": "heatmap", "showscale": False,
                     "colorscale": [[0, blank], [1, blank]]}  # fmt: skip
            data.insert(0, paper)
        layout = layout_of(checked) if update is None else {}
        message = Message(data=data, win=win, eid=env, layout=layout, opts=checked)
        if update:
            message |= {"append": update in _APPENDS, "updateDir": update}
        return self._send(message, "update" if update else "events")

    def histogram2d(
        self,
        X: Any,
        Y: Any,
        win: str | None = None,
        env: str | None = None,
        opts: Opts = None,
    ) -> Any:
        """How many points lie in each cell of a grid.

        Args:
            X: ``(N,)``.
            Y: ``(N,)``.
            win: As in `heatmap`.
            env: As in `heatmap`.
            opts: xnumbins, ynumbins, colormap, histnorm; axes and title.

        Returns:
            The id of the window.

        Raises:
            VisdomError: If X and Y are no columns of one length.
        """
        x, y = (np.squeeze(needed(c, "histogram2d", n)) for n, c in (("X", X), ("Y", Y)))
        check(
            x.ndim == 1 and x.shape == y.shape,
            "histogram2d",
            "X and Y are columns of one length.",
            given=(x, y),
        )
        checked = {"colormap": "Viridis"} | opts_of(opts, "histogram2d")
        trace = {"x": x.tolist(), "y": y.tolist(), "type": "histogram2d",
                 "colorscale": checked["colormap"]}  # fmt: skip
        wanted = {"nbinsx": "xnumbins", "nbinsy": "ynumbins", "histnorm": "histnorm"}
        trace |= {key: checked[opt] for key, opt in wanted.items() if checked.get(opt) is not None}
        return self._field(trace, checked, win, env)

    def surf(
        self, X: Any, win: str | None = None, env: str | None = None, opts: Opts = None
    ) -> Any:
        """A matrix as heights of a surface.

        Args:
            X: ``(R, C)``.
            win: As in `heatmap`.
            env: As in `heatmap`.
            opts: colormap, xmin, xmax; axes and title.

        Returns:
            The id of the window.

        Raises:
            VisdomError: If X is no matrix.
        """
        return self._surface(X, "surface", win, env, opts)

    def contour(
        self, X: Any, win: str | None = None, env: str | None = None, opts: Opts = None
    ) -> Any:
        """A matrix as lines of equal height.

        Args:
            X: ``(R, C)``.
            win: As in `heatmap`.
            env: As in `heatmap`.
            opts: colormap, xmin, xmax; axes and title.

        Returns:
            The id of the window.

        Raises:
            VisdomError: If X is no matrix.
        """
        return self._surface(X, "contour", win, env, opts)

    def _surface(self, X: Any, stype: str, win: Any, env: Any, opts: Opts) -> Any:
        call = "surf" if stype == "surface" else "contour"
        values = np.squeeze(needed(X, call, "X"))
        check(values.ndim == 2 and values.size > 0, call, "X is a matrix.", given=values)
        known = values[np.isfinite(values)]
        low, high = (float(known.min()), float(known.max())) if known.size else (0.0, 1.0)
        checked = {"xmin": low, "xmax": high, "colormap": "Viridis"} | opts_of(opts, call)
        checked |= {name: float(checked[name]) for name in ("xmin", "xmax")}
        trace = {
            "z": values.tolist(), "cmin": checked["xmin"], "cmax": checked["xmax"], "type": stype,
            "colorscale": checked["colormap"],
        }  # fmt: skip
        return self._field(trace, checked, win, env, is_3d=stype == "surface")

    def mesh(
        self,
        X: Any,
        Y: Any = None,
        win: str | None = None,
        env: str | None = None,
        opts: Opts = None,
    ) -> Any:
        """Triangles in space, or lines on a plane.

        Args:
            X: ``(V, 3)`` or ``(V, 2)`` vertices.
            Y: ``(F, 3)`` or ``(F, 2)`` indices of vertices; None for what the vertices span.
            win: As in `heatmap`.
            env: As in `heatmap`.
            opts: color, opacity; axes and title.

        Returns:
            The id of the window.

        Raises:
            VisdomError: If shapes do not fit, or a face names a vertex that is not there.
        """
        points = needed(X, "mesh", "X")
        check(
            points.ndim == 2 and points.shape[1] in {2, 3},
            "mesh",
            "X is a row of two or three numbers for each vertex.",
            given=points,
        )
        is_3d, faces = points.shape[1] == 3, None if Y is None else needed(Y, "mesh", "Y")
        if faces is not None:
            check(
                faces.ndim == 2 and faces.shape[1] == points.shape[1],
                "mesh",
                "Y has as many columns as X.",
                given=(points, faces),
            )
            check(
                not faces.size or (faces.min() >= 0 and faces.max() < len(points)),
                "mesh",
                "faces are indices of vertices, from 0.",
                given=f"{faces.min()} to {faces.max()} of {len(points)}",
            )
        checked = opts_of(opts, "mesh")
        trace = {
            "x": points[:, 0].tolist(),
            "y": points[:, 1].tolist(),
            "z": points[:, 2].tolist() if is_3d else None,
            "i": None if faces is None else faces[:, 0].tolist(),
            "j": None if faces is None else faces[:, 1].tolist(),
            "k": faces[:, 2].tolist() if is_3d and faces is not None else None,
            "color": checked.get("color"),
            "opacity": checked.get("opacity"),
            "type": "mesh3d" if is_3d else "mesh",
        }
        return self._field(trace, checked, win, env)

    def _field(
        self,
        trace: dict[str, Any],
        opts: dict[str, Any],
        win: Any,
        env: Any,
        *,
        is_3d: bool = False,
    ) -> Any:
        layout = layout_of(opts, is_3d=is_3d)
        return self._send(Message(data=[trace], win=win, eid=env, layout=layout, opts=opts))
