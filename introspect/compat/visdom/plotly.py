"""``plotlyplot``: figures of Plotly, redrawn without it.

Not here: which traces can be drawn (``introspect.compat.visdom.painting.figures``).
"""

import base64
import binascii
import datetime as dt
import json
import os
from collections.abc import Mapping
from typing import Any

import numpy as np

from introspect.compat.ignored import tell_ignored
from introspect.compat.visdom.arguments import VisdomError, array
from introspect.compat.visdom.message import Message, Sender, finite
from introspect.compat.visdom.updates import opened

Figure = Mapping[str, Any]


class Plotly(Sender):
    """Calls that take figures of Plotly."""

    def plotlyplot(
        self,
        figure: Any,
        win: str | None = None,
        env: str | None = None,
        save_path: str | os.PathLike[str] | None = None,
        save_kwargs: Mapping[str, Any] | None = None,
    ) -> Any:
        """A figure of Plotly: bars, points, lines, heat maps and whatever Visdom draws itself.

        Args:
            figure: A figure, or its dict or JSON; Plotly need not be installed.
            win: The window; None makes one.
            env: Its environment; None is that of the client.
            save_path: A .png, .pdf, .svg or .html file that is written, too.
            save_kwargs: Of Plotly's image export; not heeded, warns once.

        Returns:
            The id of the window. Traces that cannot be drawn warn once by their type.

        Raises:
            VisdomError: If it is no figure.
        """
        from introspect.compat.visdom.painting.figures import known_kinds  # noqa: PLC0415  matplotlib

        found = decoded(figure)
        kinds = {str(trace.get("type") or "scatter") for trace in found["data"]}
        unknown = sorted(kinds - set(known_kinds()))
        tell_ignored("Visdom.plotlyplot", *(f"traces of type {kind}" for kind in unknown))
        if save_path is not None:
            self.save_plotly_figure(figure, save_path, **(save_kwargs or {}))
        layout, opts = found["layout"], {}
        title = layout.get("title")
        title = title.get("text") if isinstance(title, Mapping) else title
        opts = {"title": title, "width": layout.get("width"), "height": layout.get("height")}
        opts = {key: value for key, value in opts.items() if value is not None}
        message = Message(data=found["data"], layout=layout, win=win, eid=env, opts=opts)
        return self._send(message)

    def save_plotly_figure(
        self, figure: Any, filepath: str | os.PathLike[str], **kwargs: Any
    ) -> None:
        """Write a figure of Plotly to a file, without kaleido.

        Args:
            figure: As in `plotlyplot`.
            filepath: Ends in .png, .pdf, .svg or .html.
            **kwargs: Of Plotly's image export; not heeded, warns once.

        Raises:
            VisdomError: If it is no figure.
            FormatError: If the suffix is not known.
        """
        from introspect.canvas import Canvas  # noqa: PLC0415  when asked for
        from introspect.compat.visdom.board import Window  # noqa: PLC0415  same
        from introspect.compat.visdom.painting import panel_of  # noqa: PLC0415  matplotlib

        tell_ignored("Visdom.save_plotly_figure", *kwargs)
        canvas = Canvas(backend="none", width_in=6.4)
        canvas.draw_panels(panel_of(Window(opened({"win": None, **decoded(figure)}))))
        canvas.save(filepath)


def decoded(figure: Any) -> dict[str, Any]:
    """Data and layout of a figure, as lists.

    Raises:
        VisdomError: If it has no traces.

    Example:
        >>> decoded({"data": [{"type": "bar", "y": np.array([1, 2])}]})
        {'data': [{'type': 'bar', 'y': [1, 2]}], 'layout': {}}
    """
    given = figure
    for way in ("to_plotly_json", "to_dict"):
        if hasattr(given, way):
            given = getattr(given, way)()
            break
    try:
        if isinstance(given, str | bytes):
            given = json.loads(given)
        plain = _plain(given)
        data = plain["data"]
        known = data if isinstance(data, list) else [data]
        if not known or not all(isinstance(trace, dict) for trace in known):
            raise TypeError("no traces")  # noqa: TRY301  told below
        return {"data": known, "layout": plain.get("layout") or {}}
    except (ValueError, TypeError, KeyError) as error:
        raise VisdomError(
            "this is no figure of Plotly.", where="Visdom.plotlyplot", given=type(figure).__name__,
            cause=error, hint='{"data": [{"type": "bar", "x": [...], "y": [...]}], "layout": {}}',
        ) from error  # fmt: skip


def _plain(value: Any) -> Any:
    """JSON of arrays, tensors, dates, and of arrays in base64, as Plotly 6 writes them."""
    if hasattr(value, "to_plotly_json"):
        return _plain(value.to_plotly_json())
    if isinstance(value, Mapping):
        if {"dtype", "bdata"} <= value.keys():
            return _binary(value)
        return {str(key): _plain(entry) for key, entry in value.items()}
    if isinstance(value, dt.date | np.datetime64):
        return str(value)
    if hasattr(value, "tolist") or hasattr(value, "detach"):
        return finite(np.asarray(array(value)))
    if isinstance(value, list | tuple):
        return [_plain(entry) for entry in value]
    return value


def _binary(value: Mapping[str, Any]) -> Any:
    try:
        flat = np.frombuffer(base64.b64decode(value["bdata"]), np.dtype(value["dtype"]))
        shape = value.get("shape")
        if isinstance(shape, str):
            shape = [int(part) for part in shape.split(",")]
        return finite(flat if shape is None else flat.reshape(shape))
    except (binascii.Error, ValueError, TypeError) as error:
        raise ValueError(f"an array that cannot be decoded: {error}") from error
