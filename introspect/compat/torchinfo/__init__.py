"""torchinfo 1.8: ``import introspect.compat.torchinfo as torchinfo``.

The table is torchinfo's, to the letter, over the run of ``introspect.trace``.

============================  ================================================================
name
============================  ================================================================
``summary``                   same: signature, rows, columns, totals, text; what is better and
                              what is not here, see below
``ModelStatistics``           same; better: ``.graph`` is our Graph of the run
``ColumnSettings``, ``Mode``, same; better: mult-adds are in ``(M)`` on every Python, where
``RowSettings``, ``Units``,   torchinfo writes ``(Units.MEGABYTES)`` since 3.12
``Verbosity``
``layer_info.LayerInfo``      same attributes; better: leftovers are counted once, not once
                              for each module around
``torchinfo.``                same
``clear_cached_forward_pass``
============================  ================================================================

Better in ``summary``:

- every module gets its own train or eval flag back, where torchinfo sets all to the model's;
- buffers, random numbers and lazy parameters are as before, in ``mode="train"``, too;
- the model stays where it is unless ``device=`` says otherwise, where torchinfo moves it to the
  GPU if there is one; a model on ``meta`` is run there;
- ``cache_forward_pass`` keeps a run for the model, sizes and mode of that run, where torchinfo
  gives any later model of the same class the table of the first;
- a layer that takes or returns something that is no tensor, a scalar loss of a layer with
  weights, an empty dict and ``None`` in ``input_data`` are no error;
- fewer ``dtypes`` than sizes are an error, where torchinfo drops the inputs;
- a model that contains itself ends;
- errors name the module that failed, and what it was given.

Not here: tied parameters that count once, attention's multiply-adds, FLOPs, peak memory
(``introspect.summarise`` has them, and ``introspect.graph.cost`` says how); ``torchinfo``'s private
functions (``apply_hooks``, ``traverse_input_data``); a warning that half precision is not
supported on the CPU, as it is.
"""

from introspect.compat.torchinfo.enums import (
    ColumnSettings,
    Mode,
    RowSettings,
    Units,
    Verbosity,
)
from introspect.compat.torchinfo.model_statistics import ModelStatistics
from introspect.compat.torchinfo.torchinfo import summary

__all__ = (
    "ColumnSettings",
    "Mode",
    "ModelStatistics",
    "RowSettings",
    "Units",
    "Verbosity",
    "summary",
)
__version__ = "1.8.0"
