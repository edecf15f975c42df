"""Where values go: pictures, words, event files."""

from introspect.compat.livelossplot.outputs import matplotlib_subplots
from introspect.compat.livelossplot.outputs.base_output import BaseOutput
from introspect.compat.livelossplot.outputs.bokeh_plot import BokehPlot
from introspect.compat.livelossplot.outputs.extrema_printer import ExtremaPrinter
from introspect.compat.livelossplot.outputs.matplotlib_plot import MatplotlibPlot
from introspect.compat.livelossplot.outputs.neptune_logger import NeptuneLogger
from introspect.compat.livelossplot.outputs.tensorboard_logger import TensorboardLogger
from introspect.compat.livelossplot.outputs.tensorboard_tf_logger import TensorboardTFLogger

__all__ = [
    "BaseOutput",
    "BokehPlot",
    "ExtremaPrinter",
    "MatplotlibPlot",
    "NeptuneLogger",
    "TensorboardLogger",
    "TensorboardTFLogger",
    "matplotlib_subplots",
]
