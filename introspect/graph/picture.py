"""Graph -> Drawing: outline, overlay and layout in one call; every option is checked here.

Cost: a few milliseconds; with `fit` a few layouts, until one suits the sheet.

Not here: the file formats (``introspect.graph.formats``), which theme paints it.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from inspect import signature
from typing import Any

from introspect.errors import FormatError
from introspect.graph.layout import layout
from introspect.graph.layout.legend import Overlay
from introspect.graph.layout.node import Direction
from introspect.graph.outline import Outline, outline, whole_depth
from introspect.graph.outline.box import Box
from introspect.graph.overlay import Numbers, paint_over
from introspect.graph.paper import READABLE_SCALE, Fit, largest_scale, sheet
from introspect.graph.wording import clean, describe, one_line
from introspect.nouns.drawing import Drawing
from introspect.nouns.graph import Graph

_BUDGETS = (None, 38, 30, 22, 16, 12)  # boxes to try for a sheet of paper; None is the usual number


def picture(  # noqa: PLR0913  the options of a picture, each with its own default
    graph: Graph,
    *,
    depth: float | str | None = None,
    expand: Sequence[str] = (),
    collapse: Sequence[str] | Callable[[Box], bool] = (),
    fold: bool = True,
    insets: bool = False,
    direction: Direction = "TB",
    title: str | None = None,
    legend: bool = True,
    color_by: Numbers | None = None,
    size_by: Numbers | None = None,
    fit: Fit | None = None,
) -> Drawing:
    """The picture of a graph, before any file format.

    Args:
        graph: As traced.
        depth: Levels of modules to open: None for as many as fit a page, 1 for the model's
            direct children, ``"all"`` for everything.
        expand: Module paths or patterns to open in any case.
        collapse: Those to draw as one card in any case, or a predicate of the box.
        fold: Whether equal neighbours become one box ``×32``.
        insets: Whether each kind of repeated block is explained once, beside the picture.
        direction: ``"TB"`` flows down, ``"LR"`` to the right.
        title: Instead of the graph's name.
        legend: Whether to say below what the colours mean.
        color_by: ``"flops"``, ``"parameters"``, ``"memory"``, ``"time"``, or numbers of your own
            by module path or pattern: what fills the boxes (``introspect.graph.overlay``).
        size_by: The same, as a bar at the foot of each box.
        fit: A sheet of paper (``"A4"``, ``"A3"``, ``"letter"``): the picture takes its shape, and
            shows fewer boxes rather than words below 6 points.

    Raises:
        FormatError: If an option has a value that it cannot have; says which it can.
    """
    _check(direction=direction, depth=depth)
    wanted: dict[str, Any] = {"depth": whole_depth(depth), "fold": fold, "title": title}
    wanted |= _places(expand=expand, collapse=collapse)
    if insets:
        wanted["insets"] = True

    def draw(budget: int | None, ratio: float | None) -> Drawing:
        rest: dict[str, Any] = {} if budget is None else {"budget": budget}
        drawn = outline(graph, **wanted, **rest)
        drawn = replace(
            drawn, title=one_line(drawn.title), subtitle=one_line(drawn.subtitle, longest=400)
        )
        shape: dict[str, Any] = {} if ratio is None else {"ratio": ratio}  # else the usual one
        return layout(
            drawn,
            direction=direction,
            legend=legend,
            overlay=_overlay(graph, drawn, color_by, size_by),
            **shape,
        )

    if fit is None:
        return draw(None, None)
    return _fitting(draw, fit, may_fold=wanted["depth"] == "auto")


def _fitting(
    draw: Callable[[int | None, float | None], Drawing], fit: Fit, *, may_fold: bool
) -> Drawing:
    """The picture with the most boxes whose words can be read on one sheet."""
    width, height = sheet(fit)
    ratios = (width / height, 1.0, height / width)
    best: Drawing | None = None
    for budget in _BUDGETS if may_fold else (None,):
        drawings = [draw(budget, ratio) for ratio in ratios]
        fitting = max(drawings, key=lambda drawing: largest_scale(drawing, fit))
        if best is None or largest_scale(fitting, fit) > largest_scale(best, fit):
            best = fitting
        if largest_scale(best, fit) >= READABLE_SCALE:
            break
    return best if best is not None else draw(None, None)


def _overlay(
    graph: Graph, drawn: Outline, color_by: Numbers | None, size_by: Numbers | None
) -> Overlay:
    """What is laid over the boxes; their words are made harmless first."""
    boxes = list(_boxes(drawn))
    for box in boxes:
        clean(box)
    notes = {box: describe(graph, box, drawn.batch) for box in boxes if box.kind != "group"}
    if color_by is None and size_by is None:
        return Overlay(notes=notes)
    found = paint_over(graph, drawn, color_by=color_by, size_by=size_by)
    words = {box: f"{box.heat_text}; {notes[box]}" for box in notes if box.heat_text}
    return replace(found, notes={**notes, **words})


def _boxes(drawn: Outline) -> Iterable[Box]:
    for root in (drawn.root, *(inset.root for inset in drawn.insets)):
        yield from (box for box in root.groups() if box is not root)
        yield from (leaf for leaf in root.leaves() if leaf is not root)


def _check(*, direction: object, depth: object) -> None:
    if direction not in {"TB", "LR"}:
        raise FormatError(
            "a picture flows down or to the right.",
            given=f"direction={direction!r}",
            hint='direction="TB" or direction="LR"',
        )
    is_number = isinstance(depth, int | float) and not isinstance(depth, bool) and depth >= 1
    is_whole = is_number and (depth == float("inf") or depth == int(depth))
    if not is_whole and depth not in {None, "auto", "all"}:
        raise FormatError(
            "this is no depth of a picture.",
            given=f"depth={depth!r}",
            hint='a number of levels from 1 on, depth="all", or depth="auto"',
        )


def _places(**given: object) -> dict[str, Any]:
    """`expand` and `collapse`, checked; only those that say something."""
    found: dict[str, Any] = {}
    for name, value in given.items():
        if callable(value) and name == "collapse":
            found[name] = value
            continue
        paths = (value,) if isinstance(value, str) else value
        if not isinstance(paths, Iterable) or isinstance(paths, Mapping):
            paths = (None,)
        paths = tuple(paths)
        if not all(isinstance(path, str) for path in paths):
            raise FormatError(
                f"{name} takes the paths of modules, or patterns of them.",
                given=f"{name}={value!r:.60}",
                hint=f'{name}=["layer1", "layer2.*"]',
            )
        if paths:
            found[name] = paths
    return found


PICTURE_OPTIONS: tuple[str, ...] = tuple(signature(picture).parameters)[1:]
"""The names of the options of a picture, for those that pass them on."""
