"""Tables, text, sound, films, graphs and figures."""

from dataclasses import dataclass
from typing import Any

from introspect.nouns.panels.stepped import Stepped

Cell = str | float | int | bool | None


@dataclass(frozen=True, slots=True, eq=False)
class TablePanel(Stepped):
    """Rows and columns of words and numbers, the newest table.

    `data` are objects with ``columns: tuple[str, ...]`` and ``rows``, tuples of cells.

    Attributes:
        best: ``(column, "min" | "max")`` of columns whose best number is bold.
        limit: Rows shown in a still picture; the rest is counted.
        title: What is shown.
    """

    best: tuple[tuple[str, str], ...] = ()
    limit: int = 20
    title: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class TextPanel(Stepped):
    """Markdown, the newest text. `data` are str.

    Shown without raw HTML, remote pictures and script addresses.

    Attributes:
        title: What is shown.
    """

    title: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class FramePanel(Stepped):
    """HTML or SVG of the user's, the newest. `data` are str.

    A browser shows it in a frame of its own in which no script runs and nothing is fetched;
    still pictures and terminals show its words.

    Attributes:
        height_px: Of the frame in CSS pixels; None for what the markup says, or a chart's.
        title: What is shown.
    """

    height_px: int | None = None
    title: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class AudioPanel(Stepped):
    """Sounds. `data` are `Audio` values: int16 ``(channels, n)`` at ``rate_hz``.

    Attributes:
        limit: How many of the newest are shown.
        title: What is heard.
    """

    limit: int = 3
    title: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class VideoPanel(Stepped):
    """Films, the newest. `data` are `Video` values: uint8 ``(T, H, W, 3 | 1)`` at ``fps``.

    Attributes:
        stills: How many frames a still picture shows, spread evenly.
        title: What is seen.
    """

    stills: int = 6
    title: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class FigurePanel(Stepped):
    """Any matplotlib figure. `data` are `Figure` values: ``png``, ``width_px``, ``height_px``.

    Attributes:
        title: Above it; "" for none.
    """

    title: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class GraphPanel:
    """The picture of a model.

    Attributes:
        graph: A traced `introspect.Graph`.
        depth: How deep boxes are open; None for what reads best.
        title: Above it.
    """

    graph: Any
    depth: int | None = None
    title: str = ""
