"""A History to what was recorded in it at one step.

Cost: one look at each key, and adding ranks up where several have logged.

Not here: recording (``introspect.tensors.recording``).
"""

from typing import Any

from introspect.errors import WatchError
from introspect.nouns.metric import Step
from introspect.nouns.sketch import Sketch
from introspect.nouns.watched import is_watched, over_ranks


def sketches_at(history: Any, step: Step) -> dict[str, Sketch]:
    """The sketches recorded at one step, by key; those of several ranks added up.

    Raises:
        WatchError: If nothing was recorded there.

    Example:
        >>> from introspect import History
        >>> history = History()
        >>> history.log(3, **{"weights/fc.weight": Sketch.of([1.0])})
        >>> sketches_at(history, 3)
        {'weights/fc.weight': <Sketch of 1 values: mean 1, std 0, 1 to 1>}
    """
    found: dict[str, Sketch] = {}
    known: dict[str, None] = {}
    for key in history.keys():  # noqa: SIM118  a history is no dict
        metric = history[key] if is_watched(key) else ()
        if not len(metric) or not isinstance(metric.last, Sketch):
            continue
        metric = over_ranks(metric)
        known |= dict.fromkeys(metric.formatted_steps)
        try:
            found[key] = metric.at(step)
        except KeyError:
            continue
    if not found:
        raise WatchError(
            "nothing was recorded at this step.",
            given=repr(step),
            hint="one of " + ", ".join(known) if known else "train first",
        )
    return found
