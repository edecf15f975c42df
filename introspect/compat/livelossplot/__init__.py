"""livelossplot 0.6: ``from introspect.compat.livelossplot import PlotLosses``.

Groups, names and texts are livelossplot's; curves are panels of our Canvas, live in a notebook, in
a terminal or on a page, and the values are kept in a History. No pyplot, no Bokeh, no TensorFlow.

==============================  ========  ========================================================
name                            is        remark
==============================  ========  ========================================================
``PlotLosses``                  better    an output may be a name, a class or an object;
                                          ``history=`` of yours is written, too
``.update`` ``.send`` ``.draw`` better    microseconds, and a picture at most as often as it pays;
                                          what cannot be drawn warns and ends no training
``.to_matplotlib`` ...          better    heeds notebook or script as ``outputs=`` does
``.history`` ``.close``         better    new: the numbers, and the end of all outputs
``MainLogger``                  same      ``log_history`` ``grouped_log_history`` ``groups``
                                          ``history_shorter`` ``reset`` ...
``MainLogger``, names           better    given names stay, no curve of a group is lost to another
                                          of its name, ``auto_generate_metric_to_name`` and
                                          ``step_names`` by raw name are heeded
``LogItem``                     better    holds a tensor's number, not its graph
``MatplotlibPlot``              better    no window that takes the focus, no 0.1 s of waiting;
                                          ``.canvas`` saves ``.png .pdf .svg .html .gif``
``after_subplot`` and the       same      they get a matplotlib figure, at each ``send``
other hooks
``ExtremaPrinter``              same      to the letter; in a notebook it stays one text; NaN and
                                          None never hide the extremes
``BokehPlot``                   better    without Bokeh: a live page, and a file that holds all
``TensorboardLogger``           better    without TensorFlow; each value once, and none left out
``TensorboardTFLogger``
``matplotlib_subplots``         better    ``Plot1D`` draws on the axes that it is given
``PlotLossesKeras`` ``KerasTF`` same      with keras, TensorFlow, poutyne or ignite installed
``Poutyne`` ``Ignite``
``skip_first=``                 not here  livelossplot does not heed it either; warns once
``NeptuneLogger``               not here  of 0.6.0; warns once and sends nothing
``livelossplot.keras`` ...      not here  gone from livelossplot 0.6.1, too: ``inputs.keras``
==============================  ========  ========================================================

Cost of ``update``: half a microsecond a value; of ``send``: half a millisecond, and O(n) for the
extremes; livelossplot's takes 140 ms.
"""

from introspect.compat.livelossplot import inputs, outputs
from introspect.compat.livelossplot.inputs import (
    PlotLossesIgnite,
    PlotLossesKeras,
    PlotLossesKerasTF,
    PlotLossesPoutyne,
)
from introspect.compat.livelossplot.main_logger import MainLogger
from introspect.compat.livelossplot.plot_losses import PlotLosses
from introspect.compat.livelossplot.version import __version__

__all__ = [
    "MainLogger",
    "PlotLosses",
    "PlotLossesIgnite",
    "PlotLossesKeras",
    "PlotLossesKerasTF",
    "PlotLossesPoutyne",
    "__version__",
    "inputs",
    "outputs",
]
