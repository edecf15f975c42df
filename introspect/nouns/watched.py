"""What `introspect.watch` writes, by its keys: which tensor, which kind, which number beside it.

``weights/fc.weight`` holds Sketches, ``weights/fc.weight/norm`` a number of the same tensor at
the same steps.

Cost: nothing but a look at the key; adding ranks up, one addition for each rank and step.

Not here: what writes the keys (``introspect.tensors.watching``), what they mean
(``introspect.tensors.findings``).
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from introspect.nouns.metric import Metric
from introspect.nouns.pyramid import Pyramid
from introspect.nouns.sketch import Sketch

KINDS = ("weights", "gradients", "updates", "activations")
"""What is recorded of a model."""

NUMBERS = ("norm", "zeros", "nan", "inf", "peak", "ratio", "dead", "saturated", "stable_rank")
"""Last parts of the keys of numbers beside a Sketch."""

BESIDE = frozenset((*NUMBERS, "spectrum", "linear"))
"""Last parts of all keys beside a Sketch: numbers, singular values, counts in equal bins."""


def is_beside(key: str) -> bool:
    """Whether a key holds something about a watched tensor, not the tensor.

    Example:
        >>> is_beside("weights/fc.weight/norm"), is_beside("weights/fc.weight"), is_beside("norm")
        (True, False, False)
    """
    kind, _, rest = key.partition("/")
    return kind in KINDS and "/" in rest and rest.rpartition("/")[2] in BESIDE


def is_watched(key: str) -> bool:
    """Whether a key is that of a watched tensor.

    Example:
        >>> is_watched("gradients/fc.bias"), is_watched("gradients/fc.bias/norm"), is_watched("lr")
        (True, False, False)
    """
    kind, _, name = key.partition("/")
    return kind in KINDS and bool(name) and not is_beside(key)


def in_order(*lists: Sequence[str]) -> list[str]:
    """Names of several lists as one, each list's own order kept as far as they agree.

    What is in a later list alone goes in front of what follows it there: modules without
    parameters to where they are in the model.

    Example:
        >>> in_order(["conv", "conv.bias", "fc"], ["conv", "relu", "fc", "softmax"])
        ['conv', 'conv.bias', 'relu', 'fc', 'softmax']
    """
    found: list[str] = []
    for names in lists:
        known = {name: place for place, name in enumerate(found)}
        before: dict[int, list[str]] = {}
        place = len(found)
        for name in reversed(list(dict.fromkeys(names))):
            if name in known:
                place = known[name]
            else:
                before.setdefault(place, []).insert(0, name)
        ends = [*found, None]
        found = [
            name
            for at, end in enumerate(ends)
            for name in (*before.get(at, ()), end)
            if name is not None
        ]
    return found


def over_ranks(metric: Metric) -> Metric:
    """Sketches of one key as all ranks logged them, added up at each step.

    Args:
        metric: Of a history; anything but sketches of several ranks is returned as it is.

    Example:
        >>> from introspect import History
        >>> history = History()
        >>> history.log(0, weights=Sketch.of([1.0]))
        >>> over_ranks(history["weights"]).last
        <Sketch of 1 values: mean 1, std 0, 1 to 1>
    """
    if not metric.parts or not _are_sketches(metric.data):
        return metric
    found: dict[Any, Sketch] = {}
    for part in metric.parts:
        for step, sketch in zip(map(tuple, part.paired_steps.tolist()), part.data, strict=True):
            found[step] = found[step] + sketch if step in found else sketch
    data = np.empty(len(metric), object)
    data[:] = [found[tuple(step)] for step in metric.paired_steps.tolist()]
    return replace(metric, data=data, parts=(), pyramid=Pyramid())


def _are_sketches(values: Iterable[Any]) -> bool:
    return all(isinstance(value, Sketch) for value in values)
