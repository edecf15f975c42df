"""The numbers of a run, and what is known of it as a whole, as one JSON object.

NaN and infinities are not JSON: they are written as the texts "NaN", "Infinity" and "-Infinity".
Other values are counted under ``left_out``.

Cost: 0.5 us a number.

Not here: reading a run (``introspect.history.many.exporting``).
"""

import json
import math
from collections.abc import Iterable, Mapping
from typing import IO, Any

from introspect.nouns.metric import Metric

FORMAT = 1


def write_json(
    file: IO[str], metrics: Iterable[Metric], *, about: Mapping[str, Any],
    left_out: Mapping[str, int],
) -> int:  # fmt: skip
    """Write ``{"format", ..., "metrics": {key: {"steps", "times", "values"}}}``.

    Metrics of several ranks have ``ranks`` beside, the same for each of them.

    Args:
        file: Open for text.
        metrics: Of numbers.
        about: More names beside them: ``run``, ``config``, ``tags``, ``notes``.
        left_out: Key to how many other values it has.

    Returns:
        How many numbers.

    Example:
        >>> import io, numpy as np
        >>> text, one = io.StringIO(), np.array([1.0])
        >>> metric = Metric("loss", np.array([7]), np.array([math.nan]), one)
        >>> write_json(text, [metric], about={"run": "a"}, left_out={})
        1
        >>> json.loads(text.getvalue())["metrics"]["loss"]
        {'steps': [7], 'times': [1.0], 'values': ['NaN']}
    """
    head = {"format": FORMAT, **about, "left_out": dict(left_out)}
    file.write(json.dumps(plain(head), allow_nan=False)[:-1] + ', "metrics": {')
    count, comma = 0, ""
    for metric in metrics:
        columns = _columns(metric)
        if metric.parts:
            columns["ranks"] = {str(part.rank): _columns(part) for part in metric.parts}
        file.write(f"{comma}\n{json.dumps(metric.name)}: {json.dumps(columns, allow_nan=False)}")
        count += len(metric)
        comma = ","
    file.write("\n}}\n")
    return count


def _columns(metric: Metric) -> dict[str, Any]:
    values = metric.data.tolist()
    return {
        "steps": metric.steps.tolist(),
        "times": metric.times.tolist(),
        "values": [value if math.isfinite(value) else _word(value) for value in values],
    }


def plain(value: Any) -> Any:
    """The same with texts for NaN and infinities."""
    if isinstance(value, float):
        return value if math.isfinite(value) else _word(value)
    if isinstance(value, Mapping):
        return {str(name): plain(part) for name, part in value.items()}
    return [plain(part) for part in value] if isinstance(value, (list, tuple)) else value


def _word(value: float) -> str:
    return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
