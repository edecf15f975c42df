"""hiddenlayer's Canvas and ``show_images`` over ours.

Not here: other charts (``introspect.Canvas``).
"""

import math
import os
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

import introspect.canvas
from introspect.compat.hiddenlayer.history import Metric
from introspect.compat.hiddenlayer.utils import to_data
from introspect.compat.ignored import tell_ignored
from introspect.errors import CanvasError

if TYPE_CHECKING:
    from matplotlib.gridspec import SubplotSpec

DEFAULT_THEME: dict[str, Any] = {
    "fig_width": 12,
    "hist_outline_color": [0, 0, 0.9],
    "hist_color": [0.5, 0, 0.9],
}
"""``fig_width`` in inches is heeded by a Canvas made after the change; the colours are not."""

_COLORS = {key: list(DEFAULT_THEME[key]) for key in ("hist_outline_color", "hist_color")}


class _Drawing:
    """The drawing calls of hiddenlayer.

    A class of its own, since a Canvas takes those of its subclasses for a user's.
    """

    def draw_summary(self, history: Any, title: str = "") -> None:
        """The newest step and the training time, in one line."""
        self._ours("draw_summary", history, title=title)

    def draw_plot(
        self,
        metrics: Any,
        labels: Any = None,
        ylabel: str = "",
        title: str | None = None,
        **options: Any,
    ) -> None:
        """Lines over steps, of one metric or several.

        Args:
            metrics: One or a list.
            labels: Names in place of the metrics' own.
            ylabel: The unit.
            title: Else the names.
            **options: Of ``introspect.Canvas.draw_plot``.
        """
        self._ours("draw_plot", _unwrapped(metrics), labels, ylabel, title or "", **options)

    def draw_image(self, metric: Any, limit: int = 5, *args: Any, **options: Any) -> None:
        """The newest images of a metric, side by side; options as of our own Canvas."""
        self._ours("draw_image", _unwrapped(metric), limit, *args, **options)

    def draw_hist(self, metric: Any, title: str = "", **options: Any) -> None:
        """The distributions of the last steps; options as of our own Canvas."""
        self._ours("draw_hist", _unwrapped(metric), title, **options)

    def save(
        self,
        file_name: str | os.PathLike[str] | None = None,
        *,
        path: str | os.PathLike[str] | None = None,
        **options: Any,
    ) -> None:
        """Write what was drawn last; the suffix picks the format.

        Args:
            file_name: The path.
            path: The same, as our own Canvas calls it.
            **options: Of ``introspect.Canvas.save``.

        Raises:
            CanvasError: If nothing was drawn, or there is no path.
        """
        place = path if file_name is None else file_name
        if place is None:
            raise CanvasError("save needs a path.", hint='canvas.save("training.png")')
        self._ours("save", place, **options)

    def _ours(self, name: str, *args: Any, **options: Any) -> None:
        getattr(super(), name)(*args, **options)


def _unwrapped(metrics: Any) -> Any:
    """Ours in place of hiddenlayer's, also in lists."""
    if isinstance(metrics, list | tuple):
        return [_unwrapped(one) for one in metrics]
    return metrics.metric if isinstance(metrics, Metric) else metrics


class Canvas(_Drawing, introspect.canvas.Canvas):  # ty: ignore[incompatible-method-override]  save's path is file_name there
    """A live picture of a training; no pyplot, and no wait for each picture.

    A subclass may have ``draw_*`` methods of its own that paint on ``self.ax``.

    Attributes:
        drawing_calls: Always empty: what is drawn is in ``panels``.

    Example:
        >>> canvas = Canvas()
        >>> canvas.backend
        'agg'
    """

    def __init__(self) -> None:
        changed = [key for key, color in _COLORS.items() if DEFAULT_THEME[key] != color]
        tell_ignored("hiddenlayer.Canvas", *changed, reason="histograms wear the palette's")
        super().__init__(width_in=float(DEFAULT_THEME["fig_width"]))
        self.drawing_calls: list[Any] = []

    @property
    def backend(self) -> str:
        """The backend of matplotlib, as a name; pictures here do not go through it."""
        import matplotlib as mpl  # noqa: PLC0415  when it is asked for

        return mpl.get_backend()

    @property
    def figure(self) -> Any:
        """The figure that is being painted; else a fresh one of what was drawn last, or None."""
        try:
            return self.ax.figure
        except CanvasError:
            return super().figure if self.panels else None

    @property
    def gs(self) -> "SubplotSpec":
        """The place of the panel that is being painted."""
        from matplotlib.gridspec import GridSpec  # noqa: PLC0415  a panel is being painted with it

        known = self.ax.get_subplotspec()
        if known is not None:
            return known
        left, bottom, right, top = self.ax.get_position().extents
        figure: Any = self.ax.figure
        return GridSpec(1, 1, figure, left=left, bottom=bottom, right=right, top=top)[0]

    def render(self) -> None:
        """Show once more what was drawn last."""
        if self.panels:
            self._show(self.panels)


def norm(image: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """An image scaled to [0, 1]; all 0 if it is of one value.

    Example:
        >>> norm(np.array([2.0, 4.0])).tolist()
        [0.0, 1.0]
    """
    low, high = image.min(), image.max()
    return image - low if low == high else (image - low) / (high - low)


def show_images(
    images: Sequence[Any],
    titles: Sequence[str] | None = None,
    cols: int = 5,
    **kwargs: Any,
) -> None:
    """Images in rows, as a figure of pyplot.

    Args:
        images: Arrays or tensors ``(H, W)`` or ``(H, W, 3)``; or lists of them, each of which
            is joined side by side.
        titles: One above each.
        cols: Images a row.
        **kwargs: Of ``imshow``.
    """
    import matplotlib.pyplot as plt  # noqa: PLC0415  pyplot is where notebooks look for figures

    if not len(images):
        raise CanvasError("there are no images to show.", hint="show_images([image, image])")
    is_joined = isinstance(images[0], list | tuple)
    rows = math.ceil(len(images) / cols)
    plt.figure(figsize=(11, 11 * 1.2 * (rows / cols) * (0.5 if is_joined else 1)))
    looks: dict[str, Any] = {"cmap": "Greys_r", **kwargs}
    for k, image in enumerate(images):
        plt.subplot(rows, cols, k + 1)
        plt.axis("off")
        plt.title(str(titles[k]) if titles and k < len(titles) else "", fontsize=9)
        if isinstance(image, list | tuple):
            shown = np.concatenate([norm(np.asarray(to_data(part))) for part in image], axis=1)
        else:
            shown = norm(np.asarray(to_data(image)))
        plt.imshow(shown, **looks)
    plt.tight_layout(h_pad=0, w_pad=0)
