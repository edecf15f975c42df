"""The ``draw_*`` calls of pictures, words, sounds, graphs and progress.

Each makes one panel. Values may be Metrics of a history, which pass by reference, or the things
themselves, which are converted and copied.

Not here: charts of numbers (``introspect.canvas.draw_charts``).
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from introspect.canvas import sources, sources_media
from introspect.canvas.clock import ProgressClock
from introspect.canvas.sources_lines import in_epochs
from introspect.nouns.metric import Metric
from introspect.nouns.panels import Panel


class Things(ABC):
    """Everything that is no chart of numbers."""

    _clock: ProgressClock

    @abstractmethod
    def _draw(self, title: str, make: Callable[[], Panel]) -> None:
        """Make a panel and show it; a fault becomes its message."""

    def draw_image(
        self,
        metric: Any,
        limit: int = 5,
        title: str = "",
        cmap: str | None = None,
        *,
        epochs: float | Sequence[int] | None = None,
    ) -> None:
        """The newest arrays or Images of a metric side by side, or a single one.

        Args:
            metric: A Metric of arrays or Images, or one array ``(H, W)``, ``(C, H, W)`` or
                ``(O, I, H, W)``, the last as a grid of filters.
            limit: How many steps.
            title: Else the name of the metric.
            cmap: Name of a matplotlib colour map; None takes blue to orange for signed values,
                white to ink for others, grey for bytes.
            epochs: For int steps: steps in an epoch, or the steps at which epochs end.
        """
        newest = metric.data[-1] if isinstance(metric, Metric) and len(metric) else metric
        if hasattr(newest, "images"):
            self.draw_images(metric, cmap=cmap, title=title, epochs=epochs)
            return
        self._draw(
            title,
            lambda: in_epochs(
                sources.image_panel(metric, limit=limit, title=title, cmap=cmap), epochs
            ),
        )

    def draw_images(
        self,
        batch: Any,
        *,
        target: Any = None,
        columns: int | None = None,
        cmap: str | None = None,
        captions: Sequence[Any] | None = None,
        limit: int = 64,
        title: str = "",
        epochs: float | Sequence[int] | None = None,
    ) -> None:
        """A batch of pictures as a grid, all scaled alike; each beside its target if given.

        Args:
            batch: ``(N, C, H, W)``, ``(N, H, W, C)`` or ``(N, H, W)``, a list of pictures, Images,
                or a Metric of those: its newest.
            target: What they should have been: a batch, or a Metric.
            columns: Pictures a row.
            cmap: Name of a matplotlib colour map, for one channel.
            captions: Under each picture; a pair is (fault, truth).
            limit: Pictures shown at most.
            title: Else the name of the metric.
            epochs: For int steps: steps in an epoch, or the steps at which epochs end.
        """
        self._draw(
            title,
            lambda: in_epochs(
                sources_media.grid_panel(
                    batch,
                    target=target,
                    columns=columns,
                    cmap=cmap,
                    captions=captions,
                    limit=limit,
                    title=title,
                ),
                epochs,
            ),
        )

    def draw_table(
        self,
        rows: Any,
        columns: Sequence[str] | None = None,
        *,
        best: Mapping[str, str] | None = None,
        limit: int = 20,
        title: str = "",
    ) -> None:
        """Rows and columns of words and numbers.

        Args:
            rows: A Table, rows, a mapping of names to columns, dicts, a pandas frame, or a Metric.
            columns: Names for rows.
            best: Columns whose lowest or highest number is bold: ``{"loss": "min"}``.
            limit: Rows shown at most.
            title: Else the name of the metric.
        """
        self._draw(
            title,
            lambda: sources_media.table_panel(rows, columns, best=best, limit=limit, title=title),
        )

    def draw_text(self, text: Any, *, title: str = "") -> None:
        """Markdown: heads, lists, code, quotes. Raw HTML and remote pictures are dropped.

        Args:
            text: str, Text, or a Metric of them.
            title: Else the name of the metric.
        """
        self._draw(title, lambda: sources_media.text_panel(text, title=title))

    def draw_frame(self, html: Any, *, height_px: int | None = None, title: str = "") -> None:
        """HTML or SVG of yours, in a frame in which no script runs and nothing is fetched.

        Still pictures and terminals show its words.

        Args:
            html: str, something with ``_repr_html_`` or ``_repr_svg_``, or a Metric of Texts.
            height_px: Of the frame; None for what the markup says, or that of a chart.
            title: Else the name of the metric.
        """
        self._draw(title, lambda: sources_media.frame_panel(html, height_px=height_px, title=title))

    def draw_audio(
        self, audio: Any, *, rate_hz: float = 44_100, limit: int = 3, title: str = ""
    ) -> None:
        """Sounds: to be played in a browser, as an envelope in a still picture.

        Args:
            audio: An Audio, samples ``(n,)`` or ``(channels, n)`` from -1 to 1, or a Metric.
            rate_hz: Of samples.
            limit: How many of the newest.
            title: Else the name of the metric.
        """
        self._draw(
            title,
            lambda: sources_media.audio_panel(audio, rate_hz=rate_hz, limit=limit, title=title),
        )

    def draw_video(self, video: Any, *, fps: float = 8.0, title: str = "") -> None:
        """A film: to be played in a browser, as stills in a still picture.

        Args:
            video: A Video, frames ``(T, C, H, W)`` or ``(T, H, W, C)``, or a Metric of Videos.
            fps: Frames a second of frames.
            title: Else the name of the metric.
        """
        self._draw(title, lambda: sources_media.video_panel(video, fps=fps, title=title))

    def draw_figure(self, figure: Any, *, dpi: float = 110, title: str = "") -> None:
        """Any matplotlib figure, drawn at this call (30 ms or so), since its owner may change it.

        Args:
            figure: A figure or axes of matplotlib, a Figure, or a Metric of Figures.
            dpi: Of the picture.
            title: Above it.
        """
        self._draw(title, lambda: sources_media.figure_panel(figure, dpi=dpi, title=title))

    def draw_graph(self, graph: Any, *, depth: int | None = None, title: str = "") -> None:
        """The picture of a model.

        Args:
            graph: What `introspect.trace` returned.
            depth: How deep boxes are open; None for what reads best.
            title: Above it.
        """
        self._draw(title, lambda: sources_media.graph_panel(graph, depth=depth, title=title))

    def draw_summary(self, history: Any, title: str = "") -> None:
        """The newest step and the training time of a history, in one line."""
        self._draw(title, lambda: sources.summary_panel(history, title=title))

    def draw_progress(
        self,
        done: float,
        total: float,
        *,
        epochs: int | None = None,
        title: str = "",
        items_per_step: float | None = None,
        items: str = "samples",
    ) -> None:
        """How much of the training is done, how fast it goes and how long it will take.

        Args:
            done: Steps taken.
            total: Steps planned.
            epochs: Epochs planned; they cut the line.
            title: Before the numbers.
            items_per_step: The batch size, for "4 096 images/s".
            items: What is in a batch.
        """
        self._draw(
            title,
            lambda: self._clock.panel(
                done,
                total,
                epochs=epochs,
                title=title,
                items_per_step=items_per_step,
                items=items,
            ),
        )
