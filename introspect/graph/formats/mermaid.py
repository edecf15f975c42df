"""Graph -> Mermaid, the flowcharts that GitHub, GitLab and many documents draw from text.

A ``flowchart`` with nested subgraphs, over the same outline as our own pictures. Every label is
quoted, and every sign that Mermaid, Markdown or HTML could take for its own is written as an
entity (``#60;``), so that a name is text whatever it holds.

Format: https://mermaid.js.org/syntax/flowchart.html; entities as of Mermaid 9 and later. Mermaid
itself refuses more than 50,000 characters or 500 edges unless its page says otherwise
(``maxTextSize``, ``maxEdges``): so it suits pictures of up to a few hundred boxes.

Cost: 20 us a box.
"""

import re
from collections.abc import Iterator, Sequence

from introspect.graph.formats import graph_theme
from introspect.graph.formats.box_words import (
    Collapse,
    Detail,
    boxes_of,
    check_direction,
    edge_words,
    words_of,
)
from introspect.graph.layout.node import Direction
from introspect.graph.outline import Outline
from introspect.graph.outline.box import Box
from introspect.graph.outline.labels import by_times
from introspect.nouns.graph import Graph
from introspect.theme import GraphTheme

_UNKNOWN = re.compile("[\x00-\x08\x0b-\x1f\x7f\ud800-\udfff\ufffe\uffff]")
_PLAIN = re.compile(r"[A-Za-z0-9 ,]|[^\x00-\x7f]")
_IN_WORDS = re.compile(r"(?<=[A-Za-z])[._/-](?=[A-Za-z0-9])")


def to_mermaid(  # noqa: PLR0913  the options of a picture, each with its own default
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
    """A graph as a Mermaid flowchart.

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
        >>> to_mermaid(graph).splitlines()[3:5]
        ['flowchart TB', '  n0(["input"]):::io']
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
    return mermaid_of(chosen, graph_theme(theme), direction=direction)


def mermaid_of(outline: Outline, theme: GraphTheme, *, direction: Direction = "TB") -> str:
    """An outline as a Mermaid flowchart."""
    writer = _Writer(outline, theme)
    lines = ["---", f"title: {_yaml(outline.title)}", "---"]
    lines.append(f"flowchart {'LR' if direction == 'LR' else 'TB'}")
    lines += [f"  {line}" for line in writer.boxes(outline.root)]
    lines += [f"  {line}" for line in writer.edges()]
    lines += [f"  {line}" for line in writer.classes()]
    return "\n".join([*lines, ""])


def entities(text: str) -> str:
    r"""Text for a quoted label, with everything that could mean something as an entity.

    Example:
        >>> entities('layers.0–31'), entities('<b>"x"'), entities("+"), entities("a\nb")
        ('layers.0–31', '#60;b#62;#34;x#34;', '#43;', 'a b')
    """
    text = _UNKNOWN.sub("\ufffd", text.replace("\n", " ").replace("\t", " "))
    inside = {match.start() for match in _IN_WORDS.finditer(text)}
    return "".join(
        sign if place in inside or _PLAIN.match(sign) else f"#{ord(sign)};"
        for place, sign in enumerate(text)
    )


def _yaml(text: str) -> str:
    """A double-quoted scalar of YAML 1.2, in ASCII but for letters."""
    return '"' + "".join(s if _PLAIN.match(s) else f"\\u{ord(s):04X}" for s in text) + '"'


class _Writer:
    """One outline on its way into lines."""

    def __init__(self, outline: Outline, theme: GraphTheme) -> None:
        self._outline = outline
        self._theme = theme
        self._ids: dict[Box, str] = {}
        self._groups = 0
        self._families: dict[str, None] = {}
        self._levels: list[tuple[str, int]] = []

    def boxes(self, group: Box, level: int = 0) -> Iterator[str]:
        """The lines of everything below a group."""
        for child in group.children:
            if child.kind != "group":
                yield self._node(child)
                continue
            self._groups += 1
            name = f"g{self._groups}"
            self._levels.append((name, level))
            yield f'subgraph {name}["{entities(words_of(child).title) or " "}"]'
            for line in self.boxes(child, level + 1):
                yield f"  {line}"
            yield "end"

    def _node(self, box: Box) -> str:
        name = self._ids[box] = f"n{len(self._ids)}"
        family = box.family if box.family in self._theme.families else "module"
        self._families[family] = None
        words = words_of(box)
        first = " ".join(
            [f"<b>{entities(words.name)}</b>"] * bool(words.name)
            + [entities(word) for word in (words.module, words.badge) if word]
        )
        rows = [*(text for text, _ in words.before), "", words.detail]
        rows += [words.count and f"{words.count} parameters", *(text for text, _ in words.after)]
        lines = [entities(row) for row in rows]
        lines[len(words.before)] = first
        label = "<br/>".join(line for line in lines if line)
        if box.kind == "io":
            label, left, right = entities(words.title), "([", "])"
        elif family == "merge" and not words.name and label == first:
            left, right = "((", "))"
        else:
            left, right = "[", "]"
        return f'{name}{left}"{label}"{right}:::{family}'

    def edges(self) -> Iterator[str]:
        """Every edge; the first that leaves a box writes its shape."""
        said: set[Box] = set()
        for box, name in list(self._ids.items()):
            for source in box.sources:
                if source not in self._ids:
                    continue
                shape = "" if source in said else edge_words(source, self._outline.batch)
                said.add(source)
                label = f'|"{entities(shape)}"|' if shape else ""
                yield f"{self._ids[source]} -->{label} {name}"
            for k, side in enumerate(box.side_inputs):
                self._families["embedding"] = None
                text = entities(f"{side.name} {by_times(side.shape or ())}")
                yield f'{name}p{k}["{text}"]:::embedding'
                yield f"{name}p{k} -.-> {name}"

    def classes(self) -> Iterator[str]:
        """The colours of the families and groups that occur."""
        for family in self._families:
            swatch = self._theme.families[family]
            look = f"fill:{swatch.fill},stroke:{swatch.accent},color:{swatch.text}"
            yield f"classDef {family} {look}"
        for name, level in self._levels:
            fill = self._theme.color(f"group/{level}")
            look = f"fill:{fill},stroke:{self._theme.rim},color:{self._theme.ink}"
            yield f"style {name} {look}"
