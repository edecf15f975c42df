"""A Metric as a table of Arrow or pandas.

Columns: ``epoch`` (only with steps of two parts), ``step``, ``time`` (UTC, nanoseconds),
``value``, and ``rank`` where several ranks logged.

Not here: files (``introspect.history``).
"""

from typing import TYPE_CHECKING, Any

import numpy as np

from introspect.errors import HistoryError, MissingExtraError

if TYPE_CHECKING:
    from introspect.nouns.metric import Metric


def columns_of(metric: "Metric") -> dict[str, Any]:
    """The columns as arrays of shape ``(n,)``; ``time`` is datetime64[ns].

    Raises:
        HistoryError: If the values are not numbers.
    """
    if not metric.is_scalar:
        raise HistoryError(
            "only a metric of numbers is a table.",
            where=f"history[{metric.name!r}]",
            given=f"{len(metric)} values, the last a {type(metric.last).__name__}",
            hint="[value for step, value in metric], or np.asarray(metric)",
        )
    parts = metric.parts or (metric,)
    is_pair = any(part.steps.ndim == 2 for part in parts)
    pairs = np.concatenate([part.paired_steps for part in parts])
    columns = {"epoch": pairs[:, 0]} if is_pair else {}
    columns["step"] = pairs[:, 1]
    seconds = np.concatenate([part.times for part in parts])
    columns["time"] = (seconds * 1e9).astype("datetime64[ns]")
    columns["value"] = np.concatenate([part.data for part in parts])
    if len(parts) > 1:
        columns["rank"] = np.repeat([part.rank for part in parts], [len(p) for p in parts])
    return columns


def arrow_stream(metric: "Metric", requested_schema: Any = None) -> Any:
    """The PyCapsule of an Arrow stream, for ``__arrow_c_stream__``.

    Raises:
        MissingExtraError: If pyarrow is not installed.
    """
    try:
        import pyarrow as pa  # noqa: PLC0415  an extra
    except ImportError as error:
        raise MissingExtraError(
            "Arrow needs pyarrow.",
            where="metric.__arrow_c_stream__()",
            cause=error,
            hint="pip install 'torch-introspect[data]'",
        ) from error
    columns = columns_of(metric)
    arrays = {name: pa.array(column) for name, column in columns.items()}
    arrays["time"] = arrays["time"].cast(pa.timestamp("ns", tz="UTC"))
    return pa.table(arrays).__arrow_c_stream__(requested_schema)


def data_frame(metric: "Metric") -> Any:
    """A ``pandas.DataFrame``.

    Raises:
        MissingExtraError: If pandas is not installed.
    """
    try:
        import pandas as pd  # noqa: PLC0415  nobody else should pay for it
    except ImportError as error:
        raise MissingExtraError(
            "a DataFrame needs pandas.",
            where="metric.to_pandas()",
            cause=error,
            hint="pip install pandas",
        ) from error
    columns = columns_of(metric)
    columns["time"] = pd.DatetimeIndex(columns["time"], tz="UTC")
    return pd.DataFrame(columns)
