"""Summary, progress, messages, and what a user draws with matplotlib."""

from collections.abc import Callable
from dataclasses import dataclass

from introspect.nouns.metric import Step


@dataclass(frozen=True, slots=True)
class SummaryPanel:
    """One line of text: how far the training is.

    Attributes:
        title: Bold, before the numbers.
        step: The newest step, None before the first.
        elapsed_s: Training time.
    """

    title: str
    step: Step | None
    elapsed_s: float


@dataclass(frozen=True, slots=True)
class ProgressPanel:
    """How much of the planned training is done.

    Attributes:
        title: Bold, before the numbers.
        done: Steps taken.
        total: Steps planned.
        epochs: Epochs planned, which cut the line; None for an uncut line.
        elapsed_s: Since the first call.
        rate_per_s: Steps a second over the last minute, None while unknown.
        left_s: Estimate of the time left, None while it would be a guess.
        items_per_step: Samples in a step, for "images/s"; None to leave that out.
        items: What they are called.
    """

    title: str
    done: float
    total: float
    epochs: int | None = None
    elapsed_s: float = 0.0
    rate_per_s: float | None = None
    left_s: float | None = None
    items_per_step: float | None = None
    items: str = "samples"


@dataclass(frozen=True, slots=True, eq=False)
class CustomPanel:
    """A drawing by the user's own method.

    Attributes:
        name: Of the method.
        paint: Draws on ``canvas.ax``; called once for each picture.
    """

    name: str
    paint: Callable[[], object]


@dataclass(frozen=True, slots=True)
class MessagePanel:
    """What is shown where a panel could not be made.

    Attributes:
        title: What should have been shown.
        message: Why it is not.
    """

    title: str
    message: str
