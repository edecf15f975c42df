"""A folder of runs as the source of a page: what is there, and what a browser has chosen.

A browser's wish is JSON: ``{"runs": [names], "search": words, "group": hyper-parameter,
"embedding": "tsne3"}``; without names it gets the newest run. The place of a run in that list is
its colour; "" keeps a place free, so that the others keep theirs when a run is left out.

Cost: the folder is looked at once a second, however many browsers there are; a run is read
when somebody chooses it, and followed from then on.
"""

import contextlib
import os
import threading
import time
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from introspect.canvas.automatic import panels_of
from introspect.canvas.page import Page, serve
from introspect.errors import IntrospectError
from introspect.history.folder import shown_path
from introspect.history.many import RunRow, Runs
from introspect.history.many.collecting import Collector
from introspect.nouns.panels import MessagePanel, Panel, Placed
from introspect.viewer.embeddings import WAYS, Embeddings
from introspect.viewer.quiet import opened
from introspect.viewer.together import by_group, settings, together

LOOK_S = 1.0
"""Least time between two looks at the folder."""

MOST_RUNS = 1000
"""That a page lists; ``pattern=`` chooses among more."""

_WORDS = {"pca2": "PCA 2D", "pca3": "PCA 3D", "tsne2": "t-SNE 2D", "tsne3": "t-SNE 3D"}
_MOST_OPEN = 64  # runs that stay open


class Library:
    """A folder of runs, for a page.

    Args:
        folder: A run, or a folder with runs anywhere below it.
        pattern: Names with ``*`` and ``?`` that a run must match.

    Raises:
        SegmentError: If there is no such folder.

    Example:
        >>> import tempfile
        >>> from introspect.history import History
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     with History(f"{folder}/one") as history:
        ...         history.log(0, loss=1.0)
        ...     library = Library(folder)
        ...     [panel.title for panel in library.panels({"search": "loss"})]
        ['', 'loss']
    """

    def __init__(
        self, folder: str | os.PathLike[str], *, pattern: str | list[str] | None = None
    ) -> None:
        self._collector = Collector(folder, pattern=pattern)
        self._name = Path(self._collector.folder).name
        self._lock = threading.RLock()  # several browsers ask at once
        self._histories: dict[str, Any] = {}
        self._embeddings = Embeddings()
        self._table = self._collector.table()
        self._looked_s = time.monotonic()

    def table(self) -> Runs:
        """The runs as they were within the last second."""
        with self._lock:
            if time.monotonic() - self._looked_s > LOOK_S:
                self._table = self._collector.table()
                self._looked_s = time.monotonic()
            return self._table

    def contents(self) -> Mapping[str, Any]:
        """What there is to choose from."""
        table = self.table()
        shown = table[:MOST_RUNS]
        differing = shown.config_keys()
        return {
            "folder": self._name,
            "newest": newest.name if (newest := _newest(table)) is not None else None,
            "more": len(table) - len(shown),
            "embeddings": {way: _WORDS[way] for way in WAYS},
            "groups": [name for name in differing if _groups_well(shown, name)],
            "runs": [_about(run, differing) for run in shown],
        }

    def panels(self, wish: Mapping[str, Any]) -> tuple[Placed, ...]:
        """What to draw for a wish; a run that cannot be read says so in its place."""
        search = str(wish.get("search") or "")
        with self._lock:
            table = self.table()
            chosen = self._chosen(table, wish)
            if not chosen:
                return (self._nothing(),)
            histories, problems = self._opened(chosen)
            problems += tuple(_damage(run) for run in chosen if run.problem)
            if len(chosen) == 1 and histories:
                made = panels_of(next(iter(histories.values())), search=search)
                return self._embeddings.shown(made + problems, wish.get("embedding"))
            group = wish.get("group")
            some = table[[run.name for run in chosen]]
            if isinstance(group, str) and group in some.config_keys(differing=False):
                shades = _group_colors(table, group)
                made = by_group(some, group, search=search, colors=shades)
            else:
                made = together(histories, search=search, colors=_places(wish))
            last = settings(some, some.metric_keys)
            panels = made + problems + ((last,) if last is not None else ())
            return self._embeddings.shown(panels, wish.get("embedding"))

    def _nothing(self) -> MessagePanel:
        """Why there is nothing to see; event files of TensorBoard only want to be imported."""
        folder = Path(self._collector.folder)
        with contextlib.suppress(OSError):
            if next(folder.rglob("events.out.tfevents.*"), None) is not None:
                return MessagePanel(
                    "TensorBoard's event files",
                    f"introspect import {shown_path(folder)} -o RUN makes a run of them, "
                    "and introspect view RUN shows it",
                )
        return MessagePanel("No run yet", f"nothing was logged below {self._name!r}")

    def state(self, wish: Mapping[str, Any]) -> str:
        """How the chosen runs are: live while one of them is running."""
        with self._lock:
            states = {run.state for run in self._chosen(self.table(), wish)}
        if "running" in states:
            return "live"
        return "finished" if states == {"finished"} else "stopped" if "killed" in states else ""

    def _chosen(self, table: Runs, wish: Mapping[str, Any]) -> list[RunRow]:
        """In the order in which they were chosen."""
        by_name = {run.name: run for run in table}
        chosen = [by_name[name] for name in _places(wish) if name in by_name]
        newest = _newest(table)
        return chosen or ([] if newest is None else [newest])

    def _opened(self, chosen: Iterable[RunRow]) -> tuple[dict[str, Any], tuple[Panel, ...]]:
        histories, problems = {}, []
        for run in chosen:
            try:
                histories[run.name] = self._history(run)
            except (IntrospectError, OSError) as error:
                problems.append(MessagePanel(run.name, str(error)))
        return histories, tuple(problems)

    def _history(self, run: RunRow) -> Any:
        history = self._histories.pop(run.name, None) or opened(run)
        self._histories[run.name] = history  # the last asked for stays longest
        while len(self._histories) > _MOST_OPEN:
            self._histories.pop(next(iter(self._histories)))
        return history


def _places(wish: Mapping[str, Any]) -> dict[str, int]:
    """Names of a wish to their places in it."""
    wanted = wish.get("runs")
    names = wanted if isinstance(wanted, list) else []
    found: dict[str, int] = {}
    for place, name in enumerate(names):
        if name and isinstance(name, str):
            found.setdefault(name, place)
    return found


def _group_colors(table: Runs, group: str) -> dict[str, int]:
    """Names of runs to the place of their group among all groups of the folder."""
    values = [_word(run.flat_config.get(group, "")) for run in table]
    order = list(dict.fromkeys(values))
    return {run.name: order.index(value) for run, value in zip(table, values, strict=True)}


def view(
    path: str | os.PathLike[str] = "runs",
    *,
    pattern: str | list[str] | None = None,
    **options: Any,
) -> Page:
    """The page over a run, or over a folder of runs; `introspect view` on the command line.

    Args:
        path: A run, or a folder with runs anywhere below it. They may be growing.
        pattern: Names with ``*`` and ``?`` that a run must match.
        **options: Of ``introspect.serve``: `host`, `port`, `allow_hosts`, `open_browser`, `tell`.

    Raises:
        SegmentError: If there is no such folder.
        CanvasError: If the port is taken.
        MissingExtraError: Without the extra ``page``.
    """
    library = Library(path, pattern=pattern)
    name = Path(os.fspath(path)).name or os.fspath(path)
    return serve(library, title=f"{name} · introspect", **options)


def _about(run: RunRow, differing: list[str]) -> dict[str, Any]:
    config = {name: _word(run.flat_config[name]) for name in differing if name in run.flat_config}
    step = list(run.step) if isinstance(run.step, tuple) else run.step
    return {
        "name": run.name, "state": run.state, "step": step, "problem": run.problem,
        "config": config,
    }  # fmt: skip


def _damage(run: RunRow) -> MessagePanel:
    return MessagePanel(run.name, f"{run.problem}; introspect fsck tells more")


def _groups_well(table: Runs, name: str) -> bool:
    """Whether runs share values of it: else each group would be one run."""
    values = [str(run.flat_config.get(name)) for run in table]
    return 1 < len(set(values)) < len(values)


def _word(value: Any) -> str:
    return format(value, ".6g") if isinstance(value, float) else str(value)[:80]


def _newest(table: Runs) -> RunRow | None:
    return max(table, key=lambda run: run.glance.changed_ns or 0, default=None)
