"""What an output is; subclasses of yours are called like ours."""

from abc import ABC, abstractmethod
from typing import Literal

from introspect.compat.livelossplot.main_logger import MainLogger

OutputMode = Literal["notebook", "script"]


class BaseOutput(ABC):
    """Told of the values at each ``PlotLosses.send``."""

    @abstractmethod
    def send(self, logger: MainLogger) -> None:
        """Show or write what `logger` holds."""

    def close(self) -> None:  # noqa: B027  there may be nothing to do
        """Called by ``PlotLosses.close``."""

    def set_output_mode(self, mode: OutputMode) -> None:  # noqa: B027  same
        """Told once whether this is a notebook or a script."""
