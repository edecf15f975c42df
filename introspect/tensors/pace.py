"""Pace: how often to record, so that it costs at most a share of the training's time.

An account in seconds: every step of the training pays in 1 % of what it took, every record
takes out what it cost. A record may be made while the account is not overdrawn. Nothing is
saved up: a long validation does not buy a burst of records.

Cost: 0.2 us a step.

Not here: counting steps (``introspect.tensors.clock``).
"""

from time import perf_counter

from introspect.errors import WatchError

SHARE = 0.01
"""Of the time of the training's steps, what recording may cost."""


def check_every(every: int | str, *, ranks: int) -> None:
    """Refuse what ranks would not agree on.

    Raises:
        WatchError: If each of several ranks were to choose its own steps.
    """
    if every == "auto" and ranks > 1:
        raise WatchError(
            "ranks that each measure their own time would record different steps.",
            given=f'every="auto" on {ranks} ranks',
            hint="every=100",
        )


class Pace:
    """The account of one Watch.

    Attributes:
        spent_s: What all records have cost.
        trained_s: What all steps took, without the records.
    """

    def __init__(self, share: float = SHARE) -> None:
        self.spent_s = 0.0
        self.trained_s = 0.0
        self._share = share
        self._credit_s = 0.0
        self._now_s = perf_counter()
        self._unpaid_s = 0.0  # spent since the last tick, to be left out of the step's time

    @property
    def is_due(self) -> bool:
        """Whether the account allows a record."""
        return self._credit_s >= 0.0

    @property
    def overhead(self) -> float:
        """What records have cost as a share of the time of the steps; 0 before the first."""
        return self.spent_s / self.trained_s if self.trained_s else 0.0

    def tick(self) -> None:
        """A step of the training is over."""
        now_s = perf_counter()
        step_s = max(0.0, now_s - self._now_s - self._unpaid_s)
        self._now_s, self._unpaid_s = now_s, 0.0
        self.trained_s += step_s
        self._credit_s = min(0.0, self._credit_s + self._share * step_s)

    def spend(self, elapsed_s: float) -> None:
        """Recording took this long."""
        self.spent_s += elapsed_s
        self._unpaid_s += elapsed_s
        self._credit_s -= elapsed_s
