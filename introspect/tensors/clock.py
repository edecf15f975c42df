"""Steps of optimizers, and steps that others logged, to the step of a record.

Cost: 0.3 us for each step of an optimizer that is known; 1 us to ask the history.

Not here: what is done at a step (``introspect.tensors.watching``).
"""

import warnings
import weakref
from typing import Any

from torch import nn
from torch.optim import Optimizer

from introspect.errors import IntrospectWarning
from introspect.nouns.metric import Step


class Clock:
    """Counts steps of the optimizers that train one model.

    Optimizers that take turns (two for two halves of a model) make one step together: a step
    begins when one steps again that has stepped since the last began.
    """

    def __init__(self, optimizer: Optimizer | None) -> None:
        self.steps = 0
        self._only = None if optimizer is None else weakref.ref(optimizer)
        self._known: weakref.WeakKeyDictionary[Optimizer, tuple[int, bool]]
        self._known = weakref.WeakKeyDictionary()
        self._turn: set[int] = set()

    def begins(self, optimizer: Optimizer) -> bool:
        """Whether a new step of the model begins with this step of an optimizer that counts."""
        if self._turn and id(optimizer) not in self._turn:
            self._turn.add(id(optimizer))
            return False
        self._turn = {id(optimizer)}
        return True

    def counts(self, optimizer: Optimizer, model: nn.Module) -> bool:
        """Whether it trains the model, and is the one that was given, if one was."""
        if self._only is not None:
            only = self._only()
            return optimizer is only or optimizer is getattr(only, "optimizer", only)
        groups = len(optimizer.param_groups)
        if self._known.get(optimizer, (0, False))[0] != groups:  # new, or it was given more
            held = {id(tensor) for group in optimizer.param_groups for tensor in group["params"]}
            owns = any(id(tensor) in held for tensor in model.parameters())
            self._known[optimizer] = (groups, owns)
        return self._known[optimizer][1]


class Labels:
    """Which step a record gets, if nobody says."""

    def __init__(self, history: Any) -> None:
        self._history = history
        self._ours: Step | None = None  # the step of our last record
        self._seen: Step | None = None  # what the history said when it was last asked
        self._follows: bool | None = None  # the history's steps (True) or our count (False)
        self._before: Step | None = history.step  # may be all that anybody ever logs
        self._late: tuple[Step, Step | None] | None = None  # see `written_late`

    def now(self, steps: int) -> Step:
        """The history's last step, if others log to it; else `steps`, a count to fall back on."""
        label = self.anew(steps, repeat=True)
        return steps if label is None else label

    def anew(self, steps: int, *, repeat: bool = False) -> Step | None:
        """The same, but None while the history says what it said when it was last asked.

        By then the weights have moved on. `repeat` asks for it all the same.
        """
        said = self.said()
        fresh, self._seen = said != self._seen, said
        if self._follows is None and said is not None:
            if said not in (self._ours, self._before):
                self._decide(said)
            elif self._ours is None:
                return said
        if not self._follows:
            return steps
        return said if fresh or repeat else None

    def is_fresh(self) -> bool:
        """Whether `anew` would give a step."""
        return not self._follows or self.said() != self._seen

    def written_late(self, label: Step, before: Step | None) -> None:
        """A record was logged when the history was at `before` already: it still is."""
        is_late = before is not None and _order(before) > _order(label)
        self._late = (label, before) if is_late else None

    def said(self) -> Step | None:
        """The history's last step, but for records that were logged late."""
        said = self._history.step
        if self._late is not None:
            if said == self._late[0]:
                return self._late[1]
            self._late = None
        return said

    def _decide(self, said: Step) -> None:
        """Somebody logs: follow, unless that would go back behind what has been recorded."""
        self._follows = self._ours is None or _order(said) >= _order(self._ours)
        if not self._follows:
            message = (
                f"the history is at step {said}, the weights were recorded up to step {self._ours}"
                " of the optimizer: weights stay with the optimizer's steps. Call"
                " watch.step(step) to choose."
            )
            warnings.warn(message, IntrospectWarning, stacklevel=6)

    def recorded(self, label: Step) -> None:
        """Remember the step of a record, which the history will now give as its last."""
        self._ours = self._seen = label

    def is_recorded(self, label: Step) -> bool:
        """Whether the newest record has this step."""
        return self._ours is not None and _order(label) == _order(self._ours)


def _order(step: Step) -> tuple[int, int]:
    """Where a step stands; an int reads as (0, step), as in a Metric."""
    return (int(step[0]), int(step[1])) if isinstance(step, tuple) else (0, int(step))
