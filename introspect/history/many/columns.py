"""A table of runs as columns, and as a data frame.

Not here: the table (``table``), its words (``words``).
"""

from collections.abc import Collection
from typing import TYPE_CHECKING, Any

from introspect.errors import HistoryError, MissingExtraError
from introspect.history.many.row import goal_of

if TYPE_CHECKING:
    from introspect.history.many.table import Runs


def columns_of(
    runs: "Runs", metrics: Collection[str] | None = None, *, config: str = "differing"
) -> dict[str, list[Any]]:
    """What ``Runs.columns`` gives."""
    if config not in {"differing", "all", "none"}:
        raise HistoryError(
            "there is no such choice.", given=f"config={config!r}", hint="differing, all, none"
        )
    table: dict[str, list[Any]] = {
        "name": runs.names,
        "state": [run.state for run in runs.rows],
        "started": [run.started for run in runs.rows],
        "duration_s": [run.duration_s for run in runs.rows],
        "step": [run.step for run in runs.rows],
    }
    shown = [] if config == "none" else runs.config_keys(differing=config == "differing")
    for name in shown:
        table[f"config.{name}"] = [run.flat_config.get(name) for run in runs.rows]
    for key in runs.metric_keys if metrics is None else metrics:
        table[key] = [run.last(key) for run in runs.rows]
        goal = goal_of(key)
        if goal is not None:
            table[f"{key}.{goal}"] = [run.best(key, goal) for run in runs.rows]
    table["problem"] = [run.problem for run in runs.rows]
    return table


def data_frame(
    runs: "Runs", metrics: Collection[str] | None = None, *, config: str = "differing"
) -> Any:
    """What ``Runs.to_pandas`` gives."""
    try:
        import pandas as pd  # noqa: PLC0415  an extra
    except ImportError as error:
        raise MissingExtraError(
            "a DataFrame needs pandas.",
            where="runs.to_pandas()",
            cause=error,
            hint="pip install 'torch-introspect[data]'",
        ) from error
    columns = columns_of(runs, metrics, config=config)
    return pd.DataFrame(columns, index=pd.Index(columns.pop("name"), name="name"))
