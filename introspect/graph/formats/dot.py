"""Graph -> DOT, the language of Graphviz: nested clusters, cards with strips, colours by family.

The same outline as our own pictures, so that folds, depth and collapsed groups are the same;
only placing is left to the program that reads it. Labels are HTML-like tables, in which every
character of a name is text; no attribute is a link.

Format: https://graphviz.org/doc/info/lang.html and .../shapes.html#html.

Cost: 20 us a box.

Not here: running Graphviz (``introspect.graph.formats.engine_graphviz``), the DOT of an autograd
graph (``introspect.graph.autograd.dot``).
"""

import re
from collections.abc import Iterator, Sequence

from introspect.graph.formats import graph_theme
from introspect.graph.formats.box_words import (
    Collapse,
    Detail,
    Words,
    boxes_of,
    check_direction,
    edge_words,
    words_of,
)
from introspect.graph.formats.svg import escape
from introspect.graph.layout.node import Direction
from introspect.graph.outline import Outline
from introspect.graph.outline.box import Box
from introspect.graph.outline.labels import by_times
from introspect.nouns.graph import Graph
from introspect.theme import GraphTheme, contrast

_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f\ud800-\udfff\ufffe\uffff]")


def to_dot(  # noqa: PLR0913  the options of a picture, each with its own default
    graph: Graph,
    *,
    detail: Detail = "outline",
    depth: float | str | None = None,
    fold: bool = True,
    expand: Sequence[str] = (),
    collapse: Collapse = (),
    title: str | None = None,
    direction: Direction = "TB",
    theme: str | GraphTheme = "light",
) -> str:
    r"""A graph in the DOT language.

    Args:
        graph: As traced.
        detail: ``"outline"``: the boxes of the picture; ``"ops"``: every operation, where the
            options up to `collapse` do not apply.
        depth: Levels of modules to open: None for as many as fit a page, or ``"all"``.
        fold: Whether equal neighbours become one box ``×32``.
        expand: Module paths and patterns to open.
        collapse: Module paths and patterns, or a predicate, to draw as one card.
        title: Instead of the graph's name.
        direction: ``"TB"`` flows down, ``"LR"`` to the right.
        theme: A name of ``introspect.theme.GRAPH_THEMES``, or a theme.

    Raises:
        FormatError: If the theme, the direction or `detail` is unknown.

    Example:
        >>> import introspect, torch
        >>> graph = introspect.trace(torch.nn.Linear(4, 2), torch.zeros(1, 4))
        >>> to_dot(graph).splitlines()[0], to_dot(graph).count("->")
        ('digraph "Linear" {', 2)
    """
    check_direction(direction)
    chosen = boxes_of(
        graph,
        detail=detail,
        depth=depth,
        fold=fold,
        title=title,
        expand=expand,
        collapse=collapse,
    )
    return dot_of(chosen, graph_theme(theme), direction=direction)


def dot_of(outline: Outline, theme: GraphTheme, *, direction: Direction = "TB") -> str:
    """An outline in the DOT language."""
    writer = _Writer(outline, theme)
    lines = [f"digraph {quoted(outline.title)} {{", *writer.head(direction)]
    lines += [f"  {line}" for line in writer.boxes(outline.root, 0)]
    lines += [f"  {line}" for line in writer.edges()]
    return "\n".join([*lines, "}", ""])


def quoted(text: str) -> str:
    r"""A double-quoted string of DOT in which nothing is special: no escape, no entity.

    Example:
        >>> print(quoted('a"b\\N &amp;'))
        "a\"b\\N &amp;amp;"
    """
    text = _CONTROL.sub("\ufffd", text).replace("&", "&amp;").replace("\\", "\\\\")
    return '"' + text.replace('"', '\\"').replace("\n", "\\n") + '"'


def _html(text: str) -> str:
    """Text inside an HTML-like label: one line, every sign itself."""
    # in these labels, too, \N and \G are the names of the node and the graph
    return escape(_CONTROL.sub("\ufffd", text.replace("\n", "⏎"))).replace("\\", "\\\\")


def _tip(words: Words) -> str:
    """A tool tip; Graphviz reads its escapes twice."""
    return quoted("\n".join(words.tip).replace("\\", "\\\\"))


class _Writer:
    """One outline on its way into statements; boxes are numbered in the order of writing."""

    def __init__(self, outline: Outline, theme: GraphTheme) -> None:
        self._outline = outline
        self._theme = theme
        self._ids: dict[Box, str] = {}
        self._extra: list[str] = []
        self._clusters = 0

    def head(self, direction: Direction) -> Iterator[str]:
        """Attributes of the whole graph."""
        theme, font = self._theme, quoted(self._theme.font)
        title = f'<b>{_html(self._outline.title)}</b><br/><font point-size="9">'
        title += f"{_html(self._outline.subtitle)}</font><br/>"
        yield (
            f'  graph [rankdir={"LR" if direction == "LR" else "TB"}, bgcolor="{theme.page}", '
            f'fontname={font}, fontsize=12, fontcolor="{theme.ink}", labelloc=t, labeljust=l, '
            f"nodesep=0.3, ranksep=0.35, compound=true, label=<{title}>]"
        )
        yield f"  node [shape=plain, fontname={font}, fontsize=10]"
        yield (
            f'  edge [color="{theme.line}", fontname={font}, fontsize=8, '
            f'fontcolor="{theme.soft}", arrowsize=0.6]'
        )

    def boxes(self, group: Box, level: int) -> Iterator[str]:
        """The statements of everything below a group."""
        for child in group.children:
            if child.kind == "group":
                yield from self._cluster(child, level)
            else:
                yield self._node(child)

    def _cluster(self, group: Box, level: int) -> Iterator[str]:
        theme, words = self._theme, words_of(group)
        self._clusters += 1
        yield f"subgraph cluster_{self._clusters} {{"
        yield (
            f"  graph [label=<{self._title(words, theme.soft)}>, labeljust=l, fontsize=10, "
            f'style="rounded,filled", fillcolor="{theme.color(f"group/{level}")}", '
            f'color="{theme.rim}", tooltip={_tip(words)}]'
        )
        for line in self.boxes(group, level + 1):
            yield f"  {line}"
        yield "}"

    def _node(self, box: Box) -> str:
        name = self._ids[box] = f"n{len(self._ids)}"
        words = words_of(box)
        tip = f"tooltip={_tip(words)}"
        swatch = self._theme.families.get(box.family) or self._theme.families["module"]
        is_sum = box.family == "merge" and not (box.before or box.after or words.name)
        if box.kind == "io" or is_sum:
            shape = "circle, margin=0.02, width=0.3" if is_sum else "box, height=0.3"
            return (
                f'{name} [shape={shape}, style="{"" if is_sum else "rounded,"}filled", '
                f'fillcolor="{swatch.fill}", color="{swatch.accent}", fontcolor="{swatch.text}", '
                f"label=<{_html(words.title)}>, {tip}]"
            )
        return f"{name} [label=<{self._card(box, words)}>, {tip}]"

    def _card(self, box: Box, words: Words) -> str:
        """A table: strips above, the card, strips below."""
        theme = self._theme
        swatch = theme.families.get(box.family) or theme.families["module"]
        rows = [self._strip(text, family) for text, family in words.before]
        soft = theme.soft if contrast(theme.soft, swatch.fill) >= 4.5 else swatch.text
        inner = self._title(words, swatch.text)
        for line in (words.detail, words.count and f"{words.count} parameters"):
            if line:
                size = '<font point-size="8.5" color="%s">%s</font>'
                inner += "<br/>" + size % (
                    swatch.text if line is words.detail else soft,
                    _html(line),
                )
        rows.append(f'<tr><td bgcolor="{swatch.fill}">{inner}</td></tr>')
        rows += [self._strip(text, family) for text, family in words.after]
        return (
            f'<table border="1" cellborder="0" cellspacing="0" cellpadding="4" '
            f'color="{swatch.accent}">{"".join(rows)}</table>'
        )

    def _strip(self, text: str, family: str) -> str:
        swatch = self._theme.families.get(family) or self._theme.families["module"]
        font = f'<font point-size="8.5" color="{swatch.text}">{_html(text)}</font>'
        return f'<tr><td bgcolor="{swatch.fill}" cellpadding="2">{font}</td></tr>'

    def _title(self, words: Words, color: str) -> str:
        parts = [f"<b>{_html(words.name)}</b>"] if words.name else []
        parts += [_html(words.module)] if words.module else []
        parts += [f"<b>{_html(words.badge)}</b>"] if words.badge else []
        return f'<font color="{color}">{" ".join(parts) or " "}</font>'

    def edges(self) -> Iterator[str]:
        """Every edge; the first that leaves a box writes its shape."""
        said: set[Box] = set()
        for box in list(self._ids):
            for source in box.sources:
                if source not in self._ids:
                    continue
                shape = "" if source in said else edge_words(source, self._outline.batch)
                said.add(source)
                label = f" [label={quoted(shape)}]" if shape else ""
                yield f"{self._ids[source]} -> {self._ids[box]}{label}"
            for k, side in enumerate(box.side_inputs):
                name = f"{self._ids[box]}_p{k}"
                text = f"{side.name} {by_times(side.shape or ())}"
                swatch = self._theme.families["embedding"]
                yield (
                    f'{name} [shape=box, style=filled, fillcolor="{swatch.fill}", height=0.2, '
                    f'color="{swatch.accent}", fontsize=8, label=<{_html(text)}>]'
                )
                yield f"{name} -> {self._ids[box]} [style=dashed]"
