"""Smoothing of a curve, as TensorBoard does it.

Not here: when to smooth (``introspect.canvas``).
"""

import numpy as np
import numpy.typing as npt

from introspect.errors import HistoryError


def smoothed(data: npt.NDArray[np.float64], weight: float) -> npt.NDArray[np.float64]:
    """The debiased exponential moving average of a column.

    ``last = weight * last + (1 - weight) * value``, from 0, divided by ``1 - weight ** k`` at the
    k-th finite value, so that the curve starts at its first value. What is not finite stays as
    it is and is not counted in; a curve that is constant stays so to the last bit. These are
    the rules of TensorBoard's line chart (``classicSmoothing``).

    Args:
        data: float64 of shape ``(n,)``, not changed.
        weight: 0 (the data) to less than 1.

    Returns:
        float64 of shape ``(n,)``. O(n log k), where k values have weight enough to matter.

    Raises:
        HistoryError: If the weight is outside.

    Example:
        >>> smoothed(np.array([1.0, 3.0]), 0.5).round(3).tolist()
        [1.0, 2.333]
    """
    if not 0 <= weight < 1:
        raise HistoryError(
            "a smoothing weight is at least 0 and less than 1.",
            where="metric.smoothed(weight)",
            given=repr(weight),
            hint="metric.smoothed(0.9)",
        )
    result = np.array(data, np.float64)
    is_finite = np.isfinite(result)
    values = result[is_finite]
    if not weight or not values.size or bool(np.all(values == values[0])):
        return result
    # Sums of 1, 2, 4, ... values, each twice as far back as the last: no loop over rows.
    sums, factor, reach = values * (1 - weight), float(weight), 1
    while reach < len(sums) and factor > 0:
        shifted = sums.copy()
        shifted[reach:] += factor * sums[:-reach]
        sums, factor, reach = shifted, factor * factor, 2 * reach
    debias = -np.expm1(np.arange(1, len(values) + 1) * np.log(weight))
    result[is_finite] = sums / debias
    return result
