"""``text``, ``table``, ``properties``, ``graph`` and ``embeddings``.

Axes:
    N: points, D: dimensions

Not here: how markup is shown (``introspect.compat.visdom.painting``).
"""

# ruff: noqa: N803, PLR0917, FBT001, FBT002  Visdom's signatures, kept by name and place

import html
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from introspect.compat.ignored import tell_ignored
from introspect.compat.visdom.arguments import array, check, needed, opts_of
from introspect.compat.visdom.message import Message, Sender
from introspect.compat.visdom.neighbours import spread
from introspect.compat.visdom.network import network
from introspect.compat.visdom.traces import labelled
from introspect.nouns.values import Table

Opts = Mapping[str, Any] | None
_KINDS = ("text", "number", "button", "checkbox", "select")


class Words(Sender):
    """Calls that show words, rows and what belongs together."""

    def text(
        self,
        text: str,
        win: str | None = None,
        env: str | None = None,
        opts: Opts = None,
        append: bool = False,
    ) -> Any:
        """Text or HTML, shown in a frame in which no script runs.

        Args:
            text: The words.
            win: The window; None makes one.
            env: Its environment; None is that of the client.
            opts: title.
            append: Whether it goes on where the window ends.

        Returns:
            The id of the window.
        """
        return self._text(str(text), opts_of(opts, "text"), win, env, append=append)

    def _text(
        self,
        text: str,
        opts: dict[str, Any],
        win: str | None,
        env: str | None,
        *,
        append: bool = False,
        value: Any = None,
    ) -> Any:
        message = Message(data=[{"content": text, "type": "text"}], win=win, eid=env, opts=opts)
        message.value = value
        return self._send(message, "update" if append else "events")

    def table(
        self,
        headers: list[Any],
        data: list[Any],
        win: str | None = None,
        env: str | None = None,
        opts: Opts = None,
    ) -> Any:
        """Rows and columns.

        Args:
            headers: Names of the columns.
            data: Rows, each as long as `headers`.
            win: As in `text`.
            env: As in `text`.
            opts: title.

        Returns:
            The id of the window.

        Raises:
            VisdomError: If a row is longer or shorter.
        """
        check(
            isinstance(headers, list) and isinstance(data, list),
            "table",
            "headers and data are lists.",
            given=f"{type(headers).__name__}, {type(data).__name__}",
        )
        wrong = next(
            (row for row in data if not isinstance(row, list | tuple) or len(row) != len(headers)),
            None,
        )
        check(
            wrong is None,
            "table",
            "each row has an entry for each header.",
            given=f"{wrong!r} under {headers!r}"[:200],
        )
        head = "".join(f"<th>{html.escape(str(name))}</th>" for name in headers)
        body = "".join(
            "<tr>" + "".join(f"<td>{html.escape(str(cell))}</td>" for cell in row) + "</tr>"
            for row in data
        )
        markup = (
            "<table class='visdom-table'><thead><tr>"
            f"{head}</tr></thead><tbody>{body}</tbody></table>"
        )
        value = Table.of(data, columns=[str(name) for name in headers])
        return self._text(markup, opts_of(opts, "table"), win, env, value=value)

    def properties(
        self,
        data: Sequence[Mapping[str, Any]],
        win: str | None = None,
        env: str | None = None,
        opts: Opts = None,
    ) -> Any:
        """Named settings as a table; nobody can change them here.

        Args:
            data: Dicts with ``type``, ``name`` and ``value``; ``values`` of a ``select``.
            win: As in `text`.
            env: As in `text`.
            opts: title.

        Returns:
            The id of the window.

        Raises:
            VisdomError: If one has no type that is known, or no name.
        """
        rows = [dict(row) for row in data]
        for row in rows:
            check(
                row.get("type") in _KINDS and "name" in row,
                "properties",
                "a property has a name and a type.",
                given=row,
                hint=", ".join(_KINDS),
            )
        message = Message(
            data=[{"content": rows, "type": "properties"}],
            win=win,
            eid=env,
            opts=opts_of(opts, "properties"),
        )
        return self._send(message)

    def graph(
        self,
        edges: Any,
        edgeLabels: Sequence[Any] | None = None,
        nodeLabels: Sequence[Any] | None = None,
        opts: Opts = None,
        env: str | None = None,
        win: str | None = None,
    ) -> Any:
        """Nodes and edges.

        Args:
            edges: Pairs of nodes, which are numbered from 0.
            edgeLabels: A label for each edge.
            nodeLabels: A label for each node, from node 0 on.
            opts: directed, showVertexLabels, showEdgeLabels, scheme, title.
            env: As in `text`.
            win: As in `text`.

        Returns:
            The id of the window.

        Raises:
            VisdomError: If a node is missing, or labels do not fit.
        """
        usual = {"directed": False, "showVertexLabels": False, "showEdgeLabels": False,
                 "height": 500, "width": 500, "scheme": "same"}  # fmt: skip
        checked = usual | opts_of(opts, "graph")
        content = network(
            edges,
            edgeLabels,
            nodeLabels,
            directed=bool(checked["directed"]),
            clubs=checked["scheme"] == "different",
        )
        entry = {"content": content, "type": "network"}
        return self._send(Message(data=[entry], win=win, eid=env, opts=checked))

    def embeddings(
        self,
        features: Any,
        labels: Any,
        data_getter: Callable[[int], str] | None = None,
        data_type: str | None = None,
        win: str | None = None,
        env: str | None = None,
        opts: Opts = None,
    ) -> Any:
        """Vectors on a plane, near each other as they are in their space.

        With openTSNE or scikit-learn by t-SNE, else by two principal components.

        Args:
            features: ``(N, D)``.
            labels: ``(N,)``.
            data_getter: What a browser would ask for a preview; not heeded, warns once.
            data_type: Of the preview; likewise.
            win: As in `text`.
            env: As in `text`.
            opts: title.

        Returns:
            The id of the window.

        Raises:
            VisdomError: If labels and vectors differ in number.
        """
        given = {"data_getter": data_getter, "data_type": data_type}
        tell_ignored("Visdom.embeddings", *(k for k, v in given.items() if v is not None))
        vectors = needed(features, "embeddings", "features")
        check(
            vectors.ndim == 2 and len(vectors) > 0,
            "embeddings",
            "features are a row of numbers for each point.",
            given=vectors,
        )
        names = np.ravel(np.asarray(array(labels)))
        numbers = labelled(names, len(vectors), "embeddings").numbers
        rows = zip(numbers.tolist(), names.tolist(), spread(vectors).tolist(), strict=True)
        points = [
            {
                "group": number - 1,
                "name": f"Entity {at}",
                "label": name,
                "position": place,
                "idx": at,
            }
            for at, (number, name, place) in enumerate(rows)
        ]
        entry = {"content": {"data": points}, "type": "embeddings"}
        checked = opts_of(opts, "embeddings")
        return self._send(Message(data=[entry], win=win, eid=env, opts=checked))
