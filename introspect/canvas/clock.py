"""Calls of ``draw_progress`` to speed and time left, from the last minute.

Not here: the words (``introspect.canvas.header``).
"""

import time
from collections import deque
from collections.abc import Callable

from introspect.errors import CanvasError
from introspect.nouns.panels import ProgressPanel

_WINDOW_S = 60.0
_EACH_S = 0.2  # samples nearer than this add nothing
_SHARE, _LEAST_S = 0.03, 10.0  # before both, an estimate would be a guess


class ProgressClock:
    """Remembers when how much was done.

    Args:
        now: Seconds, monotonic.

    Example:
        >>> ticks = iter([0.0, 20.0])
        >>> clock = ProgressClock(now=lambda: next(ticks))
        >>> _ = clock.panel(0, 100)
        >>> panel = clock.panel(50, 100)
        >>> panel.rate_per_s, panel.left_s
        (2.5, 20.0)
    """

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._samples: deque[tuple[float, float]] = deque()
        self._began_s: float | None = None

    def panel(
        self,
        done: float,
        total: float,
        *,
        epochs: int | None = None,
        title: str = "",
        items_per_step: float | None = None,
        items: str = "samples",
    ) -> ProgressPanel:
        """The progress at this moment.

        Raises:
            CanvasError: If `done` or `total` is no number.
        """
        try:
            done, total = float(done), float(total)
        except (TypeError, ValueError) as error:
            raise CanvasError("progress needs two numbers.", cause=error) from error
        now = self._now()
        if self._began_s is None or (self._samples and done < self._samples[-1][1]):
            self._began_s = now  # the first call, or a new training
            self._samples.clear()
        self._remember(now, done)
        elapsed, rate = now - self._began_s, self._rate(now, done)
        sure = total > 0 and (done / total >= _SHARE or elapsed >= _LEAST_S)
        left = (total - done) / rate if rate and sure else None
        each = None if items_per_step is None else float(items_per_step)
        return ProgressPanel(title, done, total, epochs, elapsed, rate, left, each, str(items))

    def _remember(self, now: float, done: float) -> None:
        if not self._samples or now - self._samples[-1][0] >= _EACH_S:
            self._samples.append((now, done))
        while len(self._samples) > 2 and now - self._samples[1][0] >= _WINDOW_S:
            self._samples.popleft()

    def _rate(self, now: float, done: float) -> float | None:
        begin_s, begin = self._samples[0]
        return (done - begin) / (now - begin_s) if done > begin and now > begin_s else None
