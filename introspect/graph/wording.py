"""Boxes -> words that are safe to draw, and sentences for readers who cannot see the picture.

A model's author names its modules; a picture must survive every name. Painters escape for
their format on top of this.

Cost: 2 us a box.
"""

import re
from dataclasses import replace

from introspect.graph.outline import sizes
from introspect.graph.outline.box import Box, Strip
from introspect.graph.outline.labels import short_count
from introspect.nouns.graph import Graph

_LONGEST_WORD = 80
_BOX = "□"  # for what cannot be seen; the font has it, so it is as wide as it was measured
_BROKEN = re.compile(
    "[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff]"
)


def describe(graph: Graph, box: Box, batch: int | None) -> str:
    """What a reader who cannot see the box hears, after its title."""
    parts = []
    if strips := [strip.text for strip in (*box.before, *box.after)]:
        parts.append("with " + ", ".join(strips))
    given = [sizes(source.shape, batch) for source in box.sources if source.shape]
    if given:
        parts.append("input " + ", ".join(given))
    if box.shape:
        parts.append(f"output {sizes(box.shape, batch)}")
    if box.parameters:
        parts.append(f"{short_count(box.parameters)} parameters")
    if box.kind != "io" and graph.level != "module" and 0 <= box.order < len(graph.ops):
        source = graph.ops[box.order].source
        if source is not None:  # the file's name alone: a folder is nobody else's business
            name = re.split(r"[/\\]", source[0])[-1]
            parts.append(f"{name}:{source[1]}")
    return "; ".join(parts)


def clean(box: Box) -> None:
    """Names as one line that reads from left to right, whatever a model was called."""
    for field in ("name", "module", "detail", "badge"):
        text = getattr(box, field)
        if len(text) > _LONGEST_WORD or not text.isprintable():
            setattr(box, field, one_line(text))
    box.before, box.after = (
        [Strip(one_line(strip.text), strip.family) for strip in strips]
        for strips in (box.before, box.after)
    )
    box.side_inputs = [replace(side, name=one_line(side.name)) for side in box.side_inputs]


def one_line(text: str, *, longest: int = _LONGEST_WORD) -> str:
    """Control and direction characters made visible, a long text cut in its middle.

    Example:
        >>> one_line("a" + chr(0) + "b" + chr(10) + chr(0x202E) + "c")
        'a□b↵□c'
        >>> len(one_line("layer" * 100))
        80
    """
    text = _BROKEN.sub(_BOX, text.replace("\r\n", "↵").replace("\n", "↵").replace("\t", " "))
    if len(text) > longest:
        half = longest // 2
        text = f"{text[:half]}…{text[-half + 1 :]}"
    return text
