"""Digraph: statements in, DOT text and pictures out, with the names of ``graphviz.Digraph``.

The text is graphviz's, byte for byte; the picture is laid out here.

Not here: how the text is read again (``language``) and drawn (``placing``, ``painting``).
"""

import contextlib
import os
from collections.abc import Generator, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, Self

from introspect.compat.digraph.output import KNOWN_FORMATS, notebook_pictures, render, show
from introspect.compat.digraph.quoting import (
    Attributes,
    attribute_list,
    attribute_words,
    quote,
    quote_end,
)
from introspect.compat.ignored import tell_ignored
from introspect.errors import FormatError
from introspect.graph.formats import put

_KINDS = ("graph", "node", "edge")


class Digraph:
    """A directed graph in the DOT language.

    Args:
        name: Of the graph, and of its file: ``name.gv``.
        comment: First line of the text.
        filename: Instead of ``name.gv``.
        directory: Where files go.
        format: Of pictures: ``"pdf"`` unless said.
        engine: ``"dot"``; others need the package and the program Graphviz.
        encoding: Of the text in files.
        graph_attr: Attributes of the graph.
        node_attr: Attributes of all nodes.
        edge_attr: Attributes of all edges.
        body: Lines of statements.
        strict: Whether edges between the same two nodes are one.
        renderer: Of Graphviz; not heeded.
        formatter: Of Graphviz; not heeded.

    All can be changed later, as attributes of the same name.

    Example:
        >>> dot = Digraph()
        >>> dot.node("a", "input", shape="box")
        >>> dot.edge("a", "b")
        >>> print(dot.source.expandtabs(2))
        digraph {
          a [label=input shape=box]
          a -> b
        }
        <BLANKLINE>
    """

    directed = True

    def __init__(  # noqa: PLR0913, PLR0917  the order of graphviz
        self,
        name: str | None = None,
        comment: str | None = None,
        filename: str | os.PathLike[str] | None = None,
        directory: str | os.PathLike[str] | None = None,
        format: str | None = None,  # noqa: A002  theirs
        engine: str | None = None,
        encoding: str | None = "utf-8",
        graph_attr: Mapping[str, str] | None = None,
        node_attr: Mapping[str, str] | None = None,
        edge_attr: Mapping[str, str] | None = None,
        body: Iterable[str] | None = None,
        strict: bool = False,  # noqa: FBT001, FBT002  theirs
        *,
        renderer: str | None = None,
        formatter: str | None = None,
    ) -> None:
        self.name = name
        self.comment = comment
        self.filename = os.fspath(filename or (f"{name}.gv" if name else "Digraph.gv"))
        self.directory = os.fspath(directory or "")
        self.format = "pdf" if format is None else format
        self.engine = "dot" if engine is None else engine
        self.encoding = encoding or "utf-8"
        self.graph_attr = dict(graph_attr or {})
        self.node_attr = dict(node_attr or {})
        self.edge_attr = dict(edge_attr or {})
        self.body = list(body or ())
        self.strict = strict
        self.renderer = renderer
        self.formatter = formatter

    # Statements -----------------------------------------------------------------------------

    def node(
        self,
        name: str,
        label: str | None = None,
        _attributes: Attributes | None = None,
        **attrs: Any,
    ) -> None:
        """Add a node; its label is its name unless given. Attributes are text."""
        self.body.append(f"\t{quote(name)}{attribute_list(label, attrs, _attributes)}\n")

    def edge(
        self,
        tail_name: str,
        head_name: str,
        label: str | None = None,
        _attributes: Attributes | None = None,
        **attrs: Any,
    ) -> None:
        """Add an edge; nodes that it names need not be added. Attributes are text."""
        words = attribute_list(label, attrs, _attributes)
        self.body.append(f"\t{quote_end(tail_name)} -> {quote_end(head_name)}{words}\n")

    def edges(self, tail_head_iter: Iterable[tuple[str, str] | str]) -> None:
        """Add an edge for each pair; ``["ab"]`` is one from a to b."""
        for tail, head in tail_head_iter:
            self.edge(tail, head)

    def attr(
        self, kw: str | None = None, _attributes: Attributes | None = None, **attrs: Any
    ) -> None:
        """Set attributes from here on.

        Args:
            kw: ``"graph"``, ``"node"`` or ``"edge"``; None for this graph or subgraph itself.
            _attributes: Pairs that are no Python names.
            **attrs: Text.

        Raises:
            ValueError: If `kw` is another word.
        """
        if kw is not None and kw.lower() not in _KINDS:
            raise FormatError(
                "attributes are of the graph, of nodes or of edges.",
                given=f"kw={kw!r}",
                hint="graph, node or edge",
            )
        if kw is None and (words := attribute_words(None, attrs, _attributes)):
            self.body.append(f"\t{words}\n")
        elif kw is not None and (attrs or _attributes):
            self.body.append(f"\t{kw}{attribute_list(None, attrs, _attributes)}\n")

    def subgraph(  # noqa: PLR0917  the order of graphviz
        self,
        graph: "Digraph | None" = None,
        name: str | None = None,
        comment: str | None = None,
        graph_attr: Mapping[str, str] | None = None,
        node_attr: Mapping[str, str] | None = None,
        edge_attr: Mapping[str, str] | None = None,
        body: Iterable[str] | None = None,
    ) -> Any:
        """Put another graph inside. Our pictures draw no frame around it.

        Args:
            graph: Which, and then nothing else; None gives one to fill in a ``with`` block.
            name: Of the one to fill.
            comment: Of the one to fill.
            graph_attr: Of the one to fill.
            node_attr: Of the one to fill.
            edge_attr: Of the one to fill.
            body: Of the one to fill.

        Raises:
            ValueError: If a graph and anything else is given.
        """
        rest = (name, comment, graph_attr, node_attr, edge_attr, body)
        if graph is None:
            made = type(self)(
                name,
                comment,
                directory=self.directory,
                format=self.format,
                engine=self.engine,
                encoding=self.encoding,
                graph_attr=graph_attr,
                node_attr=node_attr,
                edge_attr=edge_attr,
                body=body,
            )
            return self._filled(made)
        if any(part is not None for part in rest):
            raise FormatError(
                "a graph that is put inside brings its own name and attributes.",
                hint="graph.subgraph(other), or with graph.subgraph(name='cluster_a') as inner:",
            )
        self.body += [f"\t{line}" for line in graph._lines("subgraph")]  # noqa: SLF001  its own class
        return None

    @contextlib.contextmanager
    def _filled(self, made: "Digraph") -> Generator["Digraph"]:
        yield made
        self.subgraph(made)

    def clear(self, keep_attrs: bool = False) -> None:  # noqa: FBT001, FBT002  theirs
        """Forget all statements, and the attributes unless they are to be kept."""
        if not keep_attrs:
            for attributes in (self.graph_attr, self.node_attr, self.edge_attr):
                attributes.clear()
        self.body.clear()

    def copy(self) -> Self:
        """One that can be changed without changing this."""
        return type(self)(
            self.name,
            self.comment,
            self.filename,
            self.directory,
            self.format,
            self.engine,
            self.encoding,
            self.graph_attr,
            self.node_attr,
            self.edge_attr,
            self.body,
            self.strict,
            renderer=self.renderer,
            formatter=self.formatter,
        )

    # Text -------------------------------------------------------------------------------------

    def __iter__(self) -> Iterator[str]:
        return self._lines("strict digraph" if self.strict else "digraph")

    def _lines(self, word: str) -> Iterator[str]:
        if self.comment:
            yield f"// {self.comment}\n"
        name = f"{quote(self.name)} " if self.name else ""
        yield f"{word} {name}{{\n" if name or word != "subgraph" else "{\n"
        for kind in _KINDS:
            attributes: dict[str, str] = getattr(self, f"{kind}_attr")
            if attributes:
                yield f"\t{kind}{attribute_list(None, attributes)}\n"
        yield from self.body
        yield "}\n"

    @property
    def source(self) -> str:
        """The graph in the DOT language."""
        return "".join(self)

    def __str__(self) -> str:
        return self.source

    @property
    def filepath(self) -> str:
        """Where `save` writes the text."""
        return os.path.join(self.directory, self.filename)  # noqa: PTH118  it may be relative, and is text

    def save(
        self,
        filename: str | os.PathLike[str] | None = None,
        directory: str | os.PathLike[str] | None = None,
        *,
        skip_existing: bool | None = False,
    ) -> str:
        """Write the text; missing folders are made. Returns the path.

        Args:
            filename: From now on.
            directory: From now on.
            skip_existing: Whether a file that is there stays as it is.

        Raises:
            SaveError: If it cannot be written.
        """
        if filename is not None:
            self.filename = os.fspath(filename)
        if directory is not None:
            self.directory = os.fspath(directory)
        if not (skip_existing and Path(self.filepath).exists()):
            put(self.filepath, self.source.encode(self.encoding, "replace"))
        return self.filepath

    # Pictures ---------------------------------------------------------------------------------

    def render(  # noqa: PLR0913, PLR0917  the order of graphviz
        self,
        filename: str | os.PathLike[str] | None = None,
        directory: str | os.PathLike[str] | None = None,
        view: bool = False,  # noqa: FBT001, FBT002  theirs
        cleanup: bool = False,  # noqa: FBT001, FBT002  theirs
        format: str | None = None,  # noqa: A002  theirs
        renderer: str | None = None,
        formatter: str | None = None,
        neato_no_op: bool | int | None = None,  # noqa: FBT001  theirs
        quiet: bool = False,  # noqa: FBT001, FBT002  theirs
        quiet_view: bool = False,  # noqa: FBT001, FBT002  theirs
        *,
        outfile: str | os.PathLike[str] | None = None,
        engine: str | None = None,
        raise_if_result_exists: bool = False,
        overwrite_source: bool = False,
    ) -> str:
        """Write the text and, beside it, the picture; missing folders are made.

        Args:
            filename: Of the text, from now on; the picture is ``filename.format``.
            directory: From now on.
            view: Whether to open the picture; without a screen it says where it is.
            cleanup: Whether to remove the text again.
            format: For this call.
            renderer: Not heeded.
            formatter: Not heeded.
            neato_no_op: Not heeded.
            quiet: Nothing is printed in any case.
            quiet_view: Open the picture, and say nothing where there is no screen.
            outfile: Path of the picture, whose suffix is its format.
            engine: For this call.
            raise_if_result_exists: Whether a picture that is there is an error.
            overwrite_source: Whether the picture may take the place of the text.

        Returns:
            The path of the picture.

        Raises:
            FormatError: If the format is unknown, or the outfile has no suffix. It is a ValueError.
            SaveError: If a file cannot be written.
            FileExistsError: As `raise_if_result_exists` asks for.
        """
        del quiet
        self._tell(renderer=renderer, formatter=formatter, neato_no_op=neato_no_op)
        if outfile is not None:
            target = Path(outfile) if directory is not None else Path(self.directory, outfile)
            format = format or target.suffix[1:].lower()  # noqa: A001  theirs
            filename = filename or Path(outfile).with_suffix(".gv")
        form = self._checked_format(format)
        source = self.save(filename, directory, skip_existing=None)
        if outfile is None:
            target = Path(f"{source}.{form}")
        elif directory is not None:
            target = Path(self.directory, outfile)
        if target == Path(source) and not overwrite_source:
            raise FormatError(
                "the picture would take the place of the text.",
                given=f"outfile={os.fspath(target)!r}",
                hint="another filename=, or overwrite_source=True",
            )
        if raise_if_result_exists and target.exists():
            raise FileExistsError(f"output file exists: {os.fspath(target)!r}")
        put(target, render(self.source, form, engine or self.engine))
        if cleanup and target != Path(source):
            Path(source).unlink()
        if view or quiet_view:
            show(target, quiet=quiet_view)
        return os.fspath(target)

    def view(
        self,
        filename: str | os.PathLike[str] | None = None,
        directory: str | os.PathLike[str] | None = None,
        cleanup: bool = False,  # noqa: FBT001, FBT002  theirs
        quiet: bool = False,  # noqa: FBT001, FBT002  theirs
        quiet_view: bool = False,  # noqa: FBT001, FBT002  theirs
    ) -> str:
        """`render`, and open the picture; without a screen it says where it is."""
        return self.render(
            filename, directory, view=True, cleanup=cleanup, quiet=quiet, quiet_view=quiet_view
        )

    def pipe(
        self,
        format: str | None = None,  # noqa: A002  theirs
        renderer: str | None = None,
        formatter: str | None = None,
        neato_no_op: bool | int | None = None,  # noqa: FBT001  theirs
        quiet: bool = False,  # noqa: FBT001, FBT002  theirs
        *,
        engine: str | None = None,
        encoding: str | None = None,
    ) -> Any:
        """The picture as bytes, or as text if an encoding is given (for SVG and DOT)."""
        del quiet
        self._tell(renderer=renderer, formatter=formatter, neato_no_op=neato_no_op)
        content = render(self.source, self._checked_format(format), engine or self.engine)
        return content if encoding is None else content.decode(encoding)

    def unflatten(
        self,
        stagger: int | None = None,
        fanout: bool = False,  # noqa: FBT001, FBT002  theirs
        chain: int | None = None,
    ) -> Self:
        """A copy: our layout keeps wide rows in shape by itself, so there is nothing to hint at."""
        given = {"stagger": stagger, "fanout": fanout, "chain": chain}
        tell_ignored("Digraph.unflatten", *[name for name, value in given.items() if value])
        return self.copy()

    def _tell(self, **given: object) -> None:
        given = {
            "renderer": given["renderer"] or self.renderer,
            "formatter": given["formatter"] or self.formatter,
            "neato_no_op": given["neato_no_op"],
        }
        names = [name for name, value in given.items() if value]
        tell_ignored("Digraph.render", *names, reason="Graphviz does not draw here")

    def _checked_format(self, given: str | None) -> str:
        form = str(self.format if given is None else given).lower()
        if form not in KNOWN_FORMATS:
            raise FormatError(
                "this is no format of pictures.",
                given=f"format={form!r}",
                hint=", ".join(sorted(KNOWN_FORMATS)),
            )
        return form

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, Any]:
        del include, exclude
        return {**notebook_pictures(self.source), "text/plain": self.source}

    def _repr_svg_(self) -> str:
        """The picture as a notebook shows it."""
        return render(self.source, "svg").decode()

    _repr_image_svg_xml = _repr_svg_
