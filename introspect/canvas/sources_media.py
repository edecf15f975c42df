"""What users pass to draw pictures in grids, tables, words, sounds, figures and graphs.

Metrics pass by reference; single values are converted and copied at the call.

Not here: numbers (``introspect.canvas.sources``, ``sources_names``, ``sources_points``).
"""

from collections.abc import Sequence
from typing import Any, Literal

import numpy as np

from introspect.canvas.newest import numbers_of
from introspect.errors import CanvasError
from introspect.nouns.metric import Metric
from introspect.nouns.panels import (
    AudioPanel,
    FigurePanel,
    FramePanel,
    GraphPanel,
    GridPanel,
    MagnitudesPanel,
    RidgePanel,
    Stepped,
    TablePanel,
    TextPanel,
    VideoPanel,
)
from introspect.nouns.values import to_numpy
from introspect.nouns.watched import in_order, is_beside, over_ranks

MOST_FRAME_PX = 10_000
MOST_LAYERS = 32
"""In a table of magnitudes for which no layers were named."""


def grid_panel(
    batch: Any,
    *,
    target: Any,
    columns: int | None,
    cmap: str | None,
    captions: Sequence[Any] | None,
    limit: int,
    title: str,
) -> GridPanel:
    """A batch of pictures, or a Metric of batches, to a grid panel."""
    name, steps, data = _values(batch, _batch)
    targets = None if target is None else _values(target, _batch)[2]
    words = tuple(
        tuple(map(str, c)) if isinstance(c, tuple | list) else str(c) for c in captions or ()
    )
    known: Any = words
    return GridPanel(
        name,
        steps,
        data,
        title=title,
        cmap=cmap,
        columns=columns,
        targets=targets,
        captions=known,
        limit=max(1, limit),
    )


def _batch(batch: Any) -> Any:
    if hasattr(batch, "images"):
        return batch
    if isinstance(batch, list | tuple):
        return [one if hasattr(one, "pixels") else np.array(to_numpy(one)) for one in batch]
    array = np.array(to_numpy(batch))
    return array if array.ndim != 2 else array[None]


def _values(given: Any, convert: Any) -> tuple[str, Any, Sequence[Any]]:
    """Name, steps and data of a Metric, or of one value after its conversion."""
    if isinstance(given, Metric):
        return given.name, given.steps, given.data
    return "", None, [convert(given)]


def ridge_panel(metric: Any, *, kind: str, limit: int | None, title: str) -> RidgePanel:
    """A Metric of arrays, Sketches or Histograms, or rows ``(steps, n)``, to a ridge panel.

    Raises:
        CanvasError: If `kind` is unknown.
    """
    if kind not in {"ridge", "heat"}:
        raise CanvasError("this kind is not known.", given=f"{kind=}", hint='"ridge" or "heat"')
    way: Literal["ridge", "heat"] = "heat" if kind == "heat" else "ridge"
    if isinstance(metric, Metric):
        whole: Any = over_ranks(metric)
        return RidgePanel(whole.name, whole.steps, whole.data, kind=way, limit=limit, title=title)
    rows: Any = metric
    if not isinstance(metric, list | tuple):
        array = np.array(numbers_of(metric))
        rows = list(array) if array.ndim > 1 else [array]
    data = [
        row if hasattr(row, "density") or hasattr(row, "edges") else np.array(numbers_of(row))
        for row in rows
    ]
    return RidgePanel("", np.arange(len(data)), data, kind=way, limit=limit, title=title)


def magnitudes_panel(
    source: Any, *, layers: Sequence[str] | None, kinds: Sequence[str], title: str
) -> MagnitudesPanel:
    """What `introspect.watch` logged, by layer and kind, to a magnitudes panel.

    Args:
        source: A history with keys such as ``"weights/fc.2.weight"``, a Watch, or a mapping of such
            keys to Metrics.
        layers: Which, in this order; None for all but the biases, in the order of the model.
        kinds: Columns; those that nothing was logged of are left out.
        title: What is shown.

    Raises:
        CanvasError: If there is no such key.
    """
    if hasattr(source, "history") and not hasattr(source, "keys"):
        source = source.history  # a Watch
    keys = [str(key) for key in source.keys()]  # noqa: SIM118  a history is no dict
    found: dict[str, dict[str, str]] = {kind: {} for kind in kinds}
    for key in keys:
        kind, _, path = key.partition("/")
        if kind in found and path and not is_beside(key):
            layer = path.removesuffix(".weight")
            is_shown = (
                path.rpartition(".")[2] != "bias" if layers is None else {layer, path} & {*layers}
            )
            if is_shown:
                found[kind][layer] = key
    order = in_order(*map(list, found.values())) if layers is None else layers
    rows = list(dict.fromkeys(name.removesuffix(".weight") for name in order))
    rows = [row for row in rows if any(row in column for column in found.values())]
    if not rows:
        raise CanvasError(
            "nothing was watched.",
            given=f"keys {', '.join(keys[:5])}" if keys else "no keys",
            hint="introspect.watch(model, optimizer, history=history)",
        )
    if layers is None:
        rows = _few(rows, {name for kind in kinds if kind != "activations" for name in found[kind]})
    shown = [kind for kind in kinds if found[kind]]
    cells = tuple(tuple(_cell(source, found[kind].get(row)) for kind in shown) for row in rows)
    return MagnitudesPanel(tuple(rows), tuple(shown), cells, title)


def _few(rows: list[str], having_weights: set[str]) -> list[str]:
    """At most `MOST_LAYERS`: those with weights before others, evenly in depth."""
    if len(rows) > MOST_LAYERS:
        rows = [row for row in rows if row in having_weights] or rows
    count = min(len(rows), MOST_LAYERS)
    return [rows[round(at)] for at in np.linspace(0, len(rows) - 1, count).tolist()]


def _cell(source: Any, key: str | None) -> Stepped | None:
    if key is None:
        return None
    metric: Any = over_ranks(source[key])
    return Stepped(metric.name, metric.steps, metric.data)


def table_panel(
    rows: Any, columns: Sequence[str] | None, *, best: Any, limit: int, title: str
) -> TablePanel:
    """A Table, a Metric of them, rows, columns by name, or a pandas frame, to a table panel."""
    from introspect.nouns.values import Table  # noqa: PLC0415  when needed

    def table(given: Any) -> Any:
        return given if isinstance(given, Table) else Table.of(given, columns=columns)

    name, steps, data = _values(rows, table)
    chosen = dict(best or {})
    for way in chosen.values():
        if way not in {"min", "max"}:
            raise CanvasError(
                "the best is a min or a max.", given=f"{best=}", hint='best={"loss": "min"}'
            )
    wanted = tuple((str(column), str(way)) for column, way in chosen.items())
    return TablePanel(name, steps, data, best=wanted, limit=max(1, limit), title=title)


def text_panel(text: Any, *, title: str) -> TextPanel:
    """Markdown, a Text or a Metric of them, to a text panel."""
    name, steps, data = _values(text, lambda given: str(getattr(given, "text", given)))
    return TextPanel(name, steps, data, title=title)


def frame_panel(html: Any, *, height_px: int | None, title: str) -> FramePanel:
    """HTML or SVG, what shows itself so in a notebook, or a Metric of texts, to a frame panel."""
    if height_px is not None and not 1 <= height_px <= MOST_FRAME_PX:
        raise CanvasError("a frame cannot be so high.", given=f"{height_px=}", hint="height_px=300")
    name, steps, data = _values(html, _markup)
    return FramePanel(name, steps, data, height_px=height_px, title=title)


def _markup(given: Any) -> str:
    for way in ("_repr_html_", "_repr_svg_"):
        made = getattr(given, way, None)
        text = made() if callable(made) else None
        if isinstance(text, str):
            return text
    return str(getattr(given, "text", given))


def audio_panel(audio: Any, *, rate_hz: float, limit: int, title: str) -> AudioPanel:
    """An Audio, a Metric of them, or samples, to an audio panel."""
    from introspect.nouns.values import Audio  # noqa: PLC0415  when needed

    def sound(given: Any) -> Any:
        return given if isinstance(given, Audio) else Audio.of(given, rate_hz=rate_hz)

    name, steps, data = _values(audio, sound)
    return AudioPanel(name, steps, data, limit=max(1, limit), title=title)


def video_panel(video: Any, *, fps: float, title: str) -> VideoPanel:
    """A Video, a Metric of them, or frames, to a video panel."""
    from introspect.nouns.values import Video  # noqa: PLC0415  when needed

    def film(given: Any) -> Any:
        return given if isinstance(given, Video) else Video.of(given, fps=fps)

    name, steps, data = _values(video, film)
    return VideoPanel(name, steps, data, title=title)


def figure_panel(drawn: Any, *, dpi: float, title: str) -> FigurePanel:
    """A matplotlib figure, a Figure, or a Metric of them, to a figure panel."""
    from introspect.nouns.values import Figure  # noqa: PLC0415  when needed

    def kept(given: Any) -> Any:
        if isinstance(given, Figure):
            return given
        return Figure.of(getattr(given, "figure", None) or given, dpi=dpi)

    name, steps, data = _values(drawn, kept)
    return FigurePanel(name, steps, data, title=title)


def graph_panel(graph: Any, *, depth: int | None, title: str) -> GraphPanel:
    """A traced Graph, or a Metric whose newest value is one, to a graph panel.

    Raises:
        CanvasError: If it is something else.
    """
    newest = graph.data[-1] if isinstance(graph, Metric) and len(graph) else graph
    if not hasattr(newest, "to_dot"):
        raise CanvasError(
            "this is no graph.",
            given=type(newest).__name__,
            hint="canvas.draw_graph(introspect.trace(model, x))",
        )
    return GraphPanel(newest, depth=depth, title=title)
