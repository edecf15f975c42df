"""The ``draw_*`` calls of numbers: lines, bars, points, curves, matrices, distributions.

Each makes one panel. Values may be Metrics of a history, which pass by reference, or arrays,
tensors and lists, which are copied.

Not here: pictures, words and media (``introspect.canvas.draw_things``), what becomes of a panel
(``introspect.canvas.canvas``).
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from typing import Any

from introspect.canvas import sources, sources_names, sources_points
from introspect.canvas.sources_lines import in_epochs
from introspect.canvas.sources_media import magnitudes_panel, ridge_panel
from introspect.nouns.panels import Panel
from introspect.nouns.panels.lines import Ends
from introspect.nouns.watched import KINDS

Names = Sequence[str] | None


class Charts(ABC):
    """Charts of numbers."""

    @abstractmethod
    def _draw(self, title: str, make: Callable[[], Panel]) -> None:
        """Make a panel and show it; a fault becomes its message."""

    def draw_plot(  # noqa: PLR0913  the options of a chart
        self,
        metrics: Any,
        labels: str | Sequence[str] | None = None,
        ylabel: str = "",
        title: str = "",
        *,
        log: str = "",
        xlim: Ends | None = None,
        ylim: Ends | None = None,
        smooth: str | float = "auto",
        band: Any = None,
        band_label: str = "",
        baselines: Any = None,
        epochs: float | Sequence[int] | None = None,
    ) -> None:
        """Lines over steps.

        Args:
            metrics: A Metric, a list of them, a list or array of numbers (None is a gap),
                several of those, or a mapping of names to them.
            labels: Names at the line ends in place of the metrics' own.
            ylabel: The unit; with a ``%`` in it, shares are written as percent.
            title: Else the name of the metric.
            log: ``"x"``, ``"y"`` or ``"xy"`` for logarithmic axes.
            xlim: Ends of the x axis in steps, or in epochs where steps are (epoch, step). None in
                place of an end takes it from the data.
            ylim: Ends of the y axis.
            smooth: ``"auto"`` draws the trend of long, noisy columns over their values; ``"off"``,
                or a half-life in steps. The title states it.
            band: Around lines: (low, high) for the first one, a list of pairs, or a mapping of
                line names to pairs; columns or Metrics.
            band_label: What the band is: ``"range of 3 seeds"``.
            baselines: Levels to compare with: a number, several, or a mapping of names to numbers;
                a pair is a range of usual values.
            epochs: For int steps: steps in an epoch, or the steps at which epochs end.
        """
        self._draw(
            title,
            lambda: sources.line_panel(
                metrics,
                labels=labels,
                ylabel=ylabel,
                title=title,
                log=log,
                xlim=xlim,
                ylim=ylim,
                smooth=smooth,
                band=band,
                band_label=band_label,
                baselines=baselines,
                epochs=epochs,
            ),
        )

    def draw_bar(  # noqa: PLR0913  the options of a chart
        self,
        values: Any,
        names: Names = None,
        *,
        totals: Any = None,
        labels: str | Names = None,
        direction: str = "vertical",
        title: str = "",
        ylabel: str = "",
        limits: Ends | None = None,
        epochs: float | Sequence[int] | None = None,
    ) -> None:
        """A bar for each name; the row before the newest is a tick on each.

        Args:
            values: Numbers; a Metric of arrays ``(k,)``; a mapping of names to numbers or scalar
                Metrics; a list of scalar Metrics. Groups side by side: a mapping of group names to
                columns, or an array ``(groups, k)``.
            names: Of the bars, else those of the values.
            totals: What each bar is a part of ("correct of total"): a number, a column, a mapping.
                Horizontal bars then show the share; `limits` are shares, too.
            labels: Names of the groups.
            direction: ``"vertical"`` or ``"horizontal"``.
            title: What is shown.
            ylabel: The unit; with a ``%`` in it, shares are written as percent.
            limits: Ends of the axis of values; bars begin at 0 in any case.
            epochs: For int steps: steps in an epoch, or the steps at which epochs end.
        """
        known = [labels] if isinstance(labels, str) else labels
        self._draw(
            title,
            lambda: in_epochs(
                sources_names.bar_panel(
                    values,
                    names,
                    totals=totals,
                    labels=known,
                    direction=direction,
                    title=title,
                    ylabel=ylabel,
                    limits=limits,
                ),
                epochs,
            ),
        )

    def draw_hist(
        self, metric: Any, title: str = "", *, limit: int = 4, over: str = "last"
    ) -> None:
        """The distributions of some steps of a metric, overlaid on the first of them in grey.

        Args:
            metric: A Metric of arrays, Sketches or Histograms, or a single one.
            title: Else the name of the metric.
            limit: How many steps.
            over: ``"last"``: the newest steps. ``"all"``: the first step there is, and others
                evenly up to the newest, so that it is seen how far the values have come.
        """
        self._draw(
            title,
            lambda: sources.histogram_panel(metric, title=title, limit=limit, over=over),
        )

    def draw_ridge(
        self, metric: Any, *, kind: str = "ridge", limit: int | None = None, title: str = ""
    ) -> None:
        """How a distribution moves over the steps.

        Args:
            metric: A Metric of arrays, Sketches or Histograms; or arrays, one a step.
            kind: ``"ridge"``: one above the other; ``"heat"``: steps to the right, values upwards.
            limit: How many steps are shown, spread evenly.
            title: Else the name of the metric.
        """
        self._draw(title, lambda: ridge_panel(metric, kind=kind, limit=limit, title=title))

    def draw_magnitudes(
        self,
        history: Any,
        *,
        layers: Names = None,
        kinds: Sequence[str] = KINDS,
        title: str = "",
    ) -> None:
        """How large weights, gradients, updates and activations of each layer are, over training.

        Args:
            history: What `introspect.watch` wrote into, a Watch, or a mapping of its keys to
                Metrics.
            layers: Which; None for all that were watched, without biases, in the order of the
                model; of more than 32, those with weights, evenly in depth.
            kinds: Columns of the table.
            title: What is shown.
        """
        self._draw(
            title or "Magnitudes",
            lambda: magnitudes_panel(history, layers=layers, kinds=kinds, title=title),
        )

    def draw_scatter(  # noqa: PLR0913  the options of a chart
        self,
        points: Any,
        classes: Any = None,
        *,
        class_names: Names = None,
        labels: Names = None,
        thumbnails: Any = None,
        title: str = "",
        ylabel: str = "",
        xlim: Ends | None = None,
        ylim: Ends | None = None,
    ) -> None:
        """Points in two or three dimensions, each class in its colour.

        Args:
            points: ``(m, 2)`` or ``(m, 3)``, columns ``(x, y)`` or ``(x, y, z)``, or a Metric.
            classes: ``m`` indices or words.
            class_names: Of indices.
            labels: ``m`` words, shown when a point is hovered.
            thumbnails: ``m`` small pictures in place of dots.
            title: What is shown.
            ylabel: A remark, written after the title.
            xlim: Ends of the x axis, in two dimensions.
            ylim: Ends of the y axis, in two dimensions.
        """
        self._draw(
            title,
            lambda: sources_points.scatter_panel(
                points,
                classes,
                class_names=class_names,
                labels=labels,
                thumbnails=thumbnails,
                title=title,
                ylabel=ylabel,
                xlim=xlim,
                ylim=ylim,
            ),
        )

    def draw_embedding(
        self,
        vectors: Any,
        classes: Any = None,
        *,
        class_names: Names = None,
        labels: Names = None,
        thumbnails: Any = None,
        dimensions: int = 2,
        title: str = "",
    ) -> None:
        """Vectors of any dimension by their first two or three principal components.

        Args:
            vectors: ``(m, d)``, an Embedding, or a Metric of either.
            classes: ``m`` indices or words.
            class_names: Of indices.
            labels: ``m`` words, shown when a point is hovered.
            thumbnails: ``m`` small pictures in place of dots.
            dimensions: 2 or 3.
            title: Else the name of the metric.
        """
        self._draw(
            title,
            lambda: sources_points.embedding_panel(
                vectors,
                classes,
                class_names=class_names,
                labels=labels,
                thumbnails=thumbnails,
                dimensions=dimensions,
                title=title,
            ),
        )

    def draw_stem(
        self,
        values: Any,
        names: Names = None,
        *,
        positions: Any = None,
        title: str = "",
        ylabel: str = "",
        ylim: Ends | None = None,
    ) -> None:
        """A dot on a stalk for each number.

        Args:
            values: ``(k,)`` numbers, a mapping of names to numbers, or a Metric of arrays.
            names: Under the stalks.
            positions: On the x axis; else 0, 1, 2, ...
            title: Else the name of the metric.
            ylabel: The unit.
            ylim: Ends of the y axis.
        """
        self._draw(
            title,
            lambda: sources_points.stem_panel(
                values, names, positions=positions, title=title, ylabel=ylabel, ylim=ylim
            ),
        )

    def draw_curve(  # noqa: PLR0913  the options of a chart
        self,
        curves: Any,
        labels: str | Names = None,
        *,
        kind: str = "xy",
        title: str = "",
        xlabel: str = "",
        ylabel: str = "",
        log: str = "",
        xlim: Ends | None = None,
        ylim: Ends | None = None,
        baselines: Any = None,
    ) -> None:
        """Y over x, where x is no step: precision over recall, an ROC curve, a calibration.

        Args:
            curves: Columns ``(x, y)``, a PRCurve, a Metric of either, a list of those, or a
                mapping of names to them.
            labels: Names at the ends of the curves.
            kind: ``"pr"`` or ``"roc"`` for rates from 0 to 1 with their area; else ``"xy"``.
            title: What is shown.
            xlabel: What x is.
            ylabel: What y is.
            log: ``"x"``, ``"y"`` or ``"xy"`` for logarithmic axes.
            xlim: Ends of the x axis.
            ylim: Ends of the y axis.
            baselines: As of `draw_plot`.
        """
        known = [labels] if isinstance(labels, str) else labels
        self._draw(
            title,
            lambda: sources_points.curve_panel(
                curves,
                known,
                kind=kind,
                title=title,
                xlabel=xlabel,
                ylabel=ylabel,
                log=log,
                xlim=xlim,
                ylim=ylim,
                baselines=baselines,
            ),
        )

    def draw_heatmap(  # noqa: PLR0913  the options of a chart
        self,
        matrix: Any,
        *,
        rows: Names = None,
        columns: Names = None,
        cmap: str | None = None,
        numbers: bool | None = None,
        limits: Ends | None = None,
        over_steps: bool = False,
        title: str = "",
        ylabel: str = "",
    ) -> None:
        """A matrix as colours.

        Args:
            matrix: ``(r, c)``, a pandas frame, a Metric of matrices; or with `over_steps` a Metric
                of vectors ``(r,)``; or a mapping of names to scalar Metrics, a row each.
            rows: Names of the rows.
            columns: Names of the columns.
            cmap: Name of a matplotlib colour map; None takes blue to orange around zero for
                signed values, white to ink for others.
            numbers: Whether values are written into the cells; None where they have room.
            limits: Values of the first and the last colour.
            over_steps: Each step is a column.
            title: Else the name of the metric.
            ylabel: The unit.
        """
        self._draw(
            title,
            lambda: sources_names.heatmap_panel(
                matrix,
                rows=rows,
                columns=columns,
                cmap=cmap,
                numbers=numbers,
                limits=limits,
                over_steps=over_steps,
                title=title,
                ylabel=ylabel,
            ),
        )

    def draw_confusion(
        self, counts: Any, names: Names = None, *, shares: bool = True, title: str = ""
    ) -> None:
        """What was taken for what: errors in ink, right answers in grey.

        Args:
            counts: ``(k, k)``, rows true, columns predicted; a ConfusionMatrix; a Metric of either.
            names: Of the classes.
            shares: Percent of the true class; else counts.
            title: Else the name of the metric.
        """
        self._draw(
            title,
            lambda: sources_names.confusion_panel(counts, names, shares=shares, title=title),
        )

    def draw_pie(self, values: Any, names: Names = None, *, title: str = "") -> None:
        """Shares of a whole; bars are easier to compare beyond three parts.

        Args:
            values: A mapping of names to numbers, numbers, or a Metric of arrays.
            names: Of the parts.
            title: What is shown.
        """
        self._draw(title, lambda: sources_names.pie_panel(values, names, title=title))
