"""What the user wants open or closed -> a mark on the boxes it names.

Paths are those of ``model.named_modules()``; in a pattern ``*`` stands for any one name,
``**`` for any number of them. Marks are set before anything is fused, merged or folded: a
marked box folds with boxes of the same mark only, so one block of thirty-two that is named
alone stands out of its run.

Cost: one look at every box for each pattern.
"""

from collections.abc import Callable, Sequence
from difflib import get_close_matches
from fnmatch import fnmatchcase
from typing import Literal

from introspect.errors import FormatError
from introspect.graph.outline.box import Box
from introspect.nouns.graph import Graph

Predicate = Callable[[Box], bool]


def mark_choices(
    graph: Graph, root: Box, *, expand: Sequence[str], collapse: Sequence[str] | Predicate
) -> None:
    """Set `Box.choice` of the modules that `expand` and `collapse` name.

    Args:
        graph: That `root` was read from; it knows the paths of modules that are not drawn.
        root: As read: nothing fused, merged or folded.
        expand: Paths and patterns. A container that was not called itself (a ModuleList)
            stands for what it holds.
        collapse: The same, or a function that is given each group and says whether to close it.

    Raises:
        FormatError: If a path names no module that ran, or is in both; names near paths.
    """
    if isinstance(expand, str):
        expand = [expand]
    opened = [box for path in expand for box in _named(graph, root, path, "expand")]
    closed: list[Box] = []
    if callable(collapse):
        closed = [box for box in root.groups() if box is not root and collapse(box)]
    else:
        paths = [collapse] if isinstance(collapse, str) else collapse
        closed = [box for path in paths for box in _named(graph, root, path, "collapse")]
    both = set(opened) & set(closed)
    if both and not callable(collapse):
        raise FormatError(
            "a module cannot be expanded and collapsed in one picture.",
            given=", ".join(sorted(repr(box.path) for box in both)[:6]),
            hint="take it out of expand= or out of collapse=",
        )
    for boxes, choice in ((closed, "collapse"), (opened, "expand")):
        _mark(boxes, choice)


def _mark(boxes: list[Box], choice: Literal["expand", "collapse"]) -> None:
    for box in boxes:
        box.choice = choice


def _named(graph: Graph, root: Box, pattern: str, option: str) -> list[Box]:
    wanted = pattern.split(".")
    modules = [box for box in (*root.groups(), *root.leaves()) if box.kind in {"group", "leaf"}]
    found = [box for box in modules if box is not root and fits(box.path.split("."), wanted)]
    if found:
        return found
    inside = [box for box in modules if box is not root and _is_below(box.path, wanted)]
    outermost = [box for box in inside if box.parent is None or box.parent not in set(inside)]
    if outermost:
        return outermost
    paths = list(dict.fromkeys(call.path for call in graph.calls if call.path))
    if any(fits(path.split("."), wanted) for path in paths):
        return []  # it ran, and nothing of it is drawn: dropout in evaluation, a cast
    near = get_close_matches(pattern, paths, n=4, cutoff=0.4)
    ending = [path for path in paths if path.rpartition(".")[2] == wanted[-1]]
    raise FormatError(
        f"{option}= names no module that ran.",
        where=f"the graph {graph.name}",
        given=repr(pattern),
        hint=", ".join(dict.fromkeys([*ending, *near][:6])) or "graph.calls lists what ran",
    )


def _is_below(path: str, wanted: Sequence[str]) -> bool:
    names = path.split(".")
    return any(fits(names[:end], wanted) for end in range(1, len(names)))


def fits(names: Sequence[str], wanted: Sequence[str]) -> bool:
    """Whether a path, name by name, is what a pattern asks for.

    Example:
        >>> fits(["layers", "3", "mlp"], ["layers", "*", "mlp"]), fits(["a", "b"], ["**"])
        (True, True)
    """
    reached = {0}  # positions in the pattern; no recursion: paths may be thousands long
    for name in names:
        step: set[int] = set()
        for at in _skipping(reached, wanted):
            if at < len(wanted) and wanted[at] == "**":
                step.add(at)
            elif at < len(wanted) and fnmatchcase(name, wanted[at]):
                step.add(at + 1)
        reached = step
    return len(wanted) in _skipping(reached, wanted)


def _skipping(reached: set[int], wanted: Sequence[str]) -> set[int]:
    """The same positions, and those after a ``**`` that stands for nothing."""
    found = set()
    for start in reached:
        at = start
        found.add(at)
        while at < len(wanted) and wanted[at] == "**":
            at += 1
            found.add(at)
    return found
