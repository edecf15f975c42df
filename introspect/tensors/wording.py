"""Words of findings: shares, lists of layers, steps in order. Not here: numbers (canvas.ticks)."""

from collections.abc import Callable, Sequence
from typing import Any

from introspect.nouns.metric import Step


def percent(share: float) -> str:
    """Whole percent; of 100 % only what is.

    Example:
        >>> percent(0.488), percent(0.9999), percent(float("nan"))
        ('49%', '99%', '–')
    """
    if share != share:  # noqa: PLR0124  NaN
        return "–"
    whole = round(100 * share)
    return f"{99 if whole == 100 and share < 1 else whole}%"


def and_so_on(names: Sequence[str]) -> str:
    """At most three names.

    Example:
        >>> and_so_on("ab"), and_so_on("abcde")
        ('a and b', 'a, b and 3 more')
    """
    if len(names) <= 3:
        return " and ".join(filter(None, [", ".join(names[:-1]), names[-1]]))
    return f"{names[0]}, {names[1]} and {len(names) - 2} more"


def pair(step: Step) -> tuple[int, int]:
    """A step that can be compared with any other."""
    return step if isinstance(step, tuple) else (0, step)


def worst_of(group: Sequence[Any], *, key: Callable[[Any], float], largest: bool) -> Any:
    """The one with the largest, or the smallest, key."""
    return max(group, key=key) if largest else min(group, key=key)
