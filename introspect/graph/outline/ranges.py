"""Many names or texts -> one: ``layers.0–31``, ``3×3, 64…128 → 32``."""

import re
from collections.abc import Sequence
from itertools import takewhile
from os.path import commonprefix


def ranged(texts: Sequence[str]) -> str:
    """One text for many that differ in their numbers: first to last, else least to greatest.

    Example:
        >>> ranged(["3×3, 64 → 32", "3×3, 96 → 32", "3×3, 128 → 32"])
        '3×3, 64…128 → 32'
        >>> ranged(["8 → 4", "2 → 4", "6 → 4"])
        '2…8 → 4'
    """
    parts = [re.split(r"(\d+)", text) for text in texts]
    if len({len(part) for part in parts}) != 1:
        return f"{texts[0]} …"
    return "".join(_span(column) for column in zip(*parts, strict=True))


def _span(column: tuple[str, ...]) -> str:
    if len(set(column)) == 1:
        return column[0]
    if not all(text.isdigit() for text in column):
        return f"{column[0]}…{column[-1]}"
    numbers = [int(text) for text in column]
    if numbers in (sorted(numbers), sorted(numbers, reverse=True)):
        return f"{column[0]}…{column[-1]}"
    return f"{min(numbers)}…{max(numbers)}"


def common_path(names: Sequence[str]) -> str:
    """The part that all paths begin with.

    Example:
        >>> common_path(["layers.0.attn", "layers.0.mlp"])
        'layers.0'
    """
    rows = zip(*(name.split(".") for name in names), strict=False)
    return ".".join(row[0] for row in takewhile(lambda row: len(set(row)) == 1, rows))


def range_of_names(first: str, last: str) -> str:
    """One name for many, from the first to the last.

    Example:
        >>> range_of_names("layers.0", "layers.31"), range_of_names("cache.0.key", "cache.7.key")
        ('layers.0–31', 'cache.0–7.key')
        >>> range_of_names("Mixed_6b", "Mixed_6e"), range_of_names("stem", "head")
        ('Mixed_6b–e', 'stem … head')
    """
    if first == last:
        return first
    a, b = re.match(r"^(.*?)(\d+)(–\d+)?$", first), re.match(r"^(.*?)(\d+)$", last)
    if a and b and a[1] == b[1]:
        return f"{a[1]}{a[2]}–{b[2]}"
    one, other = first.split("."), last.split(".")
    apart = [k for k, (x, y) in enumerate(zip(one, other, strict=False)) if x != y]
    if len(one) == len(other) and len(apart) == 1:
        k = apart[0]
        ends = _ends(one[k], other[k])
        if ends is not None:
            shared, start, stop = ends
            return ".".join([*one[:k], f"{shared}{start}–{stop}", *one[k + 1 :]])
    return f"{first} … {last}" if first and last else first or last


def _ends(first: str, last: str) -> tuple[str, str, str] | None:
    """``6b`` and ``6e`` to ``6``, ``b``, ``e``: two numbers or two letters at the end."""
    shared = commonprefix([first, last])  # noqa: RUF071  names, not paths: by characters is meant
    rests = first[len(shared) :], last[len(shared) :]
    if shared and all(len(rest) == 1 and rest.isalpha() for rest in rests):
        return shared, *rests
    shared = shared.rstrip("0123456789")
    rests = first[len(shared) :], last[len(shared) :]
    return (shared, *rests) if all(rest.isdigit() for rest in rests) else None
