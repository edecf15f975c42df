"""AutogradGraph -> one HTML page: the interactive viewer over the functions that backward runs.

Offline, like every page of the viewer. A closed module opens on a click and shows its functions.

Cost: 120 us a box. Not here: the viewer's data and page (``introspect.graph.formats``).
"""

from typing import Any

from introspect.graph.autograd.picture import outlined
from introspect.graph.formats.html_data import encode
from introspect.graph.formats.html_details import Details
from introspect.graph.formats.html_page import finished_page
from introspect.graph.layout.node import Direction
from introspect.graph.outline.box import Box
from introspect.graph.outline.labels import by_times
from introspect.nouns.autograd import AutogradGraph
from introspect.theme import BACKWARD_FAMILIES, OP_FAMILIES, GraphTheme


def to_html(
    graph: AutogradGraph,
    *,
    theme: str | GraphTheme | None = None,
    direction: Direction = "TB",
    legend: bool = True,
    **words: Any,
) -> bytes:
    """A page that shows an autograd graph and lets a reader open, search and follow it.

    Args:
        graph: As ``introspect.trace_backward`` returned it.
        theme: None or ``"auto"`` follows the reader's system; else as of the viewer.
        direction: ``"TB"`` flows down from the loss, ``"LR"`` to the right.
        legend: Whether to say what the colours mean.
        **words: The other options of ``introspect.graph.autograd.picture.picture``.

    Returns:
        The page, UTF-8. The same graph and options give the same bytes.

    Raises:
        FormatError: If there is no such theme or direction.

    Example:
        >>> import introspect, torch
        >>> page = to_html(introspect.trace_backward(torch.ones(2, requires_grad=True).exp().sum()))
        >>> page[:15], page.count(b"https:")
        (b'<!doctype html>', 0)
    """
    drawn = outlined(graph, is_open=True, **words)
    document, _ = encode(drawn, facts)
    return finished_page(
        drawn,
        document,
        theme=theme,
        direction=direction,
        families={**OP_FAMILIES, **BACKWARD_FAMILIES} if legend else {},
    )


def facts(box: Box) -> Details:
    """What the page tells about a box of an autograd graph.

    A function gives the gradient of what it once read, and lists what it saved besides tensors.
    """
    words = box.recipe[0] if box.recipe and box.kind != "group" else ()
    return Details(
        parameters=box.parameters,
        gives=f"gradient {by_times(box.shape)}" if box.shape else "",
        settings="\n".join(str(word).replace(" ", ": ", 1) for word in words),
    )
