"""``PlotLosses``: values in, live curves and texts out.

``update -> MainLogger -> send -> outputs``. Neither ``update`` nor ``send`` raises, save for what
an output or a hook of the user's own raises.

Not here: groups and names (``main_logger``), what is shown (``outputs``).
"""

import sys
from typing import Any, Self

from introspect.canvas.screens import in_kernel
from introspect.compat.livelossplot import outputs as known_outputs
from introspect.compat.livelossplot.main_logger import MainLogger
from introspect.compat.livelossplot.outputs import (
    BaseOutput,
    BokehPlot,
    ExtremaPrinter,
    MatplotlibPlot,
)
from introspect.compat.livelossplot.outputs.base_output import OutputMode
from introspect.errors import CanvasError
from introspect.history import History

_NAMES = tuple(name for name in known_outputs.__all__ if name[0].isupper() and name != "BaseOutput")


def get_mode() -> OutputMode:
    """``"notebook"`` in Jupyter and Colab, else ``"script"``.

    Example:
        >>> get_mode()
        'script'
    """
    shell = sys.modules.get("google.colab")
    return "notebook" if in_kernel() or shell is not None else "script"


class PlotLosses:
    """A live picture of a training.

    Args:
        outputs: Objects, classes or names of ``outputs``; None for MatplotlibPlot and
            ExtremaPrinter.
        mode: ``"notebook"`` or ``"script"``; whichever this is if None.
        figsize: Width and height in inches of MatplotlibPlot's picture.
        **kwargs: Of `MainLogger`: ``groups metric_to_name from_step step_names history`` ...

    Raises:
        CanvasError: If there is no such output or mode. It is a ValueError.
        FormatError: If a group pattern is none.

    Attributes:
        logger: The values.
        outputs: What is told of them at each `send`.

    Example:
        >>> liveplot = PlotLosses(outputs=["ExtremaPrinter"])
        >>> liveplot.update({"acc": 0.5, "val_acc": 0.25})
        >>> liveplot.update({"acc": 0.75, "val_acc": 0.5})
        >>> liveplot.send()
        Accuracy
                training         	 (min:    0.500, max:    0.750, cur:    0.750)
                validation       	 (min:    0.250, max:    0.500, cur:    0.500)
    """

    def __init__(
        self,
        outputs: list[Any] | None = None,
        mode: OutputMode | None = None,
        figsize: tuple[int, int] | None = None,
        **kwargs: Any,
    ) -> None:
        if mode not in {None, "notebook", "script"}:
            raise CanvasError(
                "a mode is notebook or script.", given=f"mode={mode!r}", hint='mode="script"'
            )
        wanted = ["MatplotlibPlot", "ExtremaPrinter"] if outputs is None else outputs
        self.logger = MainLogger(**kwargs)
        self._mode: OutputMode = mode or get_mode()
        self.outputs: list[Any] = [_made(output) for output in wanted]
        for output in self.outputs:
            self._prepare(output)
            if figsize is not None and isinstance(output, MatplotlibPlot):
                output.figsize = figsize

    def update(self, *args: Any, **kwargs: Any) -> None:
        """Take values: ``update({"loss": 0.5, "val_loss": 0.7})``, with a step if you like."""
        self.logger.update(*args, **kwargs)

    def send(self) -> None:
        """Show them in every output."""
        pictures = any(isinstance(one, MatplotlibPlot | BokehPlot) for one in self.outputs)
        words = any(isinstance(one, ExtremaPrinter) for one in self.outputs)
        for output in self.outputs:
            if isinstance(output, ExtremaPrinter):
                output.is_beside_picture = pictures
            elif isinstance(output, MatplotlibPlot):
                output.is_beside_words = words
            output.send(self.logger)

    def draw(self) -> None:
        """`send`, as it was called before."""
        self.send()

    @property
    def history(self) -> History:
        """Every number, by metric."""
        return self.logger.history

    def close(self) -> None:
        """End every output: pictures are complete, files are closed. `send` may go on."""
        for output in self.outputs:
            if hasattr(output, "close"):
                output.close()

    def reset_outputs(self) -> Self:
        """Let go of all outputs."""
        self.outputs = []
        return self

    def to_matplotlib(self, **kwargs: Any) -> Self:
        """Add a `MatplotlibPlot` made with these options."""
        return self._with(known_outputs.MatplotlibPlot(**kwargs))

    def to_extrema_printer(self, **kwargs: Any) -> Self:
        """Add an `ExtremaPrinter` made with these options."""
        return self._with(known_outputs.ExtremaPrinter(**kwargs))

    def to_bokeh(self, **kwargs: Any) -> Self:
        """Add a `BokehPlot` made with these options."""
        return self._with(known_outputs.BokehPlot(**kwargs))

    def to_tensorboard(self, **kwargs: Any) -> Self:
        """Add a `TensorboardLogger` made with these options."""
        return self._with(known_outputs.TensorboardLogger(**kwargs))

    def to_tensorboard_tf(self, **kwargs: Any) -> Self:
        """Add a `TensorboardTFLogger` made with these options."""
        return self._with(known_outputs.TensorboardTFLogger(**kwargs))

    def to_neptune(self, **kwargs: Any) -> Self:
        """Warn that there is no Neptune here."""
        return self._with(known_outputs.NeptuneLogger(**kwargs))

    def _with(self, output: BaseOutput) -> Self:
        self._prepare(output)
        self.outputs.append(output)
        return self

    def _prepare(self, output: Any) -> None:
        if hasattr(output, "set_output_mode"):
            output.set_output_mode(self._mode)


def _made(output: Any) -> Any:
    """An output that was given by name, as a class or as itself."""
    if isinstance(output, str):
        if output not in _NAMES:
            raise CanvasError("there is no such output.", given=repr(output), hint=" ".join(_NAMES))
        return getattr(known_outputs, output)()
    if isinstance(output, type):
        return output()
    if not hasattr(output, "send"):
        raise CanvasError(
            "an output has send(logger).", given=f"{output!r:.80}", hint="outputs.BaseOutput"
        )
    return output
