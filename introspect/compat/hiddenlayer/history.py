"""hiddenlayer's History: ours, with the attributes that its users read."""

import introspect.history
from introspect.nouns.metric import Step, format_step


class History(introspect.history.History):
    """A History in memory with hiddenlayer's attributes.

    Example:
        >>> history = History()
        >>> history.log((0, 100), loss=0.5, accuracy=0.8)
        >>> history.metrics == {"loss", "accuracy"}, history.formatted_steps
        (True, ['0:100'])
    """

    def __init__(self) -> None:
        super().__init__()

    @property
    def metrics(self) -> set[str]:
        """The names of all metrics logged so far."""
        return set(self.keys())

    @property
    def steps(self) -> list[Step]:
        """All steps logged so far, in order; an int reads as (0, step) beside tuples."""
        every = {step for key in self.keys() for step in self[key].step_keys()}
        mixed = len({type(step) for step in every}) > 1
        if mixed:
            every = {step if isinstance(step, tuple) else (0, step) for step in every}
        return sorted(every)

    @property
    def formatted_steps(self) -> list[str]:
        """The steps as text: ``"99"`` or ``"9:99"``."""
        return [format_step(step) for step in self.steps]
