"""A model's predictions as a picture that is drawn again at each ``send``.

``Plot1D`` is one of ``MatplotlibPlot(extra_plots=[...])``, ``Plot2d`` an output by itself.

Axes:
    m: points

Cost: a prediction of all points a picture. Not here: training curves (``matplotlib_plot``).
"""

from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from introspect.canvas import Canvas
from introspect.compat.livelossplot.outputs.base_output import OutputMode
from introspect.nouns.panels import CustomPanel

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_CLASSES = ("#FF0000", "#0000FF")


class BaseSubplot:
    """Called like a function of (axes, logger), it draws there."""

    def __init__(self) -> None:
        self.output_mode: OutputMode = "notebook"

    def draw(self, *args: Any, **kwargs: Any) -> None:
        """Draw. Subclasses have one."""
        raise NotImplementedError

    def __call__(self, *args: Any, **kwargs: Any) -> None:
        """As `draw`."""
        self.draw(*args, **kwargs)

    def set_output_mode(self, mode: OutputMode) -> None:
        """Whether this is a notebook or a script."""
        self.output_mode = mode

    def predict(self, model: Any, X: Any) -> Any:  # noqa: N803  theirs
        """What the model says of the points; for a torch module, override it."""
        return model.predict(X)


class Plot1D(BaseSubplot):
    """Truth and prediction over one number.

    Args:
        model: With ``predict``.
        X: ``(m,)`` or ``(m, 1)``.
        Y: ``(m,)`` or ``(m, 1)``.
    """

    def __init__(self, model: Any, X: Any, Y: Any) -> None:  # noqa: N803  theirs
        super().__init__()
        self.model = model
        self.X = X
        self.Y = Y

    def draw(self, *args: Any, **kwargs: Any) -> None:
        """Draw on the axes that is given first; on pyplot's own if none is."""
        del kwargs
        ax = args[0] if args else _own_axes()
        ax.plot(self.X, self.Y, "r.", label="Ground truth")
        ax.plot(self.X, self.predict(self.model, self.X), "-", label="Model")
        ax.set_title("Prediction")
        ax.legend(loc="lower right")


class Plot2d(BaseSubplot):
    """Points of two classes over the probability that the model gives the second.

    Args:
        model: With ``predict``, which gives ``(m, 2)``.
        X: ``(m, 2)``.
        Y: ``(m,)``, 0 or 1.
        validation_data: Further points, drawn paler.
        h: Distance of the points that are predicted.
        margin: Around the points.

    Attributes:
        canvas: What is shown.
    """

    def __init__(
        self,
        model: Any,
        X: Any,  # noqa: N803  theirs
        Y: Any,  # noqa: N803  theirs
        validation_data: tuple[Any, Any] = (None, None),
        h: float = 0.02,
        margin: float = 0.25,
    ) -> None:
        super().__init__()
        self.model = model
        self.X = np.asarray(X)
        self.Y = Y
        self.X_test, self.Y_test = validation_data
        self.xx, self.yy = np.meshgrid(
            *(
                np.arange(column.min() - margin, column.max() + margin, h)
                for column in (self.X[:, 0], self.X[:, 1])
            )
        )
        self.canvas = Canvas(width_in=6.4)

    def send(self, logger: Any) -> None:
        """Draw again."""
        del logger
        self.canvas.draw_panels(CustomPanel("Prediction", lambda: self.draw(self.canvas.ax)))

    def close(self) -> None:
        """Leave the last picture."""
        self.canvas.close()

    def draw(self, *args: Any, **kwargs: Any) -> None:
        """Draw on the axes that is given first; on pyplot's own if none is."""
        del kwargs
        from matplotlib.colors import ListedColormap  # noqa: PLC0415  when it is drawn

        ax = args[0] if args else _own_axes()
        colors = ListedColormap(list(_CLASSES))
        ax.contourf(self.xx, self.yy, self._second_class(), cmap="RdBu", alpha=0.8)
        ax.scatter(self.X[:, 0], self.X[:, 1], c=self.Y, cmap=colors)
        if self.X_test is not None:
            test = np.asarray(self.X_test)
            ax.scatter(test[:, 0], test[:, 1], c=self.Y_test, cmap=colors, alpha=0.3)

    def _second_class(self) -> npt.NDArray[Any]:
        """The probability of the second class at every point of the mesh."""
        points = np.c_[self.xx.ravel(), self.yy.ravel()]
        found = self.predict(self.model, points)
        return np.asarray(found)[:, 1].reshape(self.xx.shape)


def _own_axes() -> "Axes":
    import matplotlib.pyplot as plt  # noqa: PLC0415  only for whom calls it without axes

    return plt.gca()
