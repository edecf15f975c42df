"""Members of one kind of block -> one text for each box, with symbols for what differs.

A ResNet's bottlenecks write ``1×1, C → C/4``: C stands for a number of each member, and the
other is a quarter of it in every one. Numbers that keep no simple ratio become ranges.
"""

import re
from collections.abc import Sequence
from fractions import Fraction

from introspect.graph.outline.box import Box
from introspect.graph.outline.ranges import ranged

_NAMES = "CDEF"
_GREATEST = 64

Column = tuple[int, ...]
"""One number of a text, as it is in each member."""


def without_stride(text: str) -> str:
    """The text without its numbers; ``/2`` at its end may come and go between members.

    Example:
        >>> without_stride("3×3, 64 → 128 /2") == without_stride("3×3, 128 → 128")
        True
    """
    return re.sub(r"\d+", "#", re.sub(r" /\d+$", "", text))


def write_numbers(copies: Sequence[Box], members: Sequence[Sequence[Box]]) -> str:
    """Write into each copy what is true of every member.

    Args:
        copies: The leaves to be drawn.
        members: For each member its leaves, in the same order.

    Returns:
        What the symbols stand for: ``"C = 256, 512"``, or "".
    """
    rows = [_texts([member[k] for member in members]) for k in range(len(copies))]
    kept = sorted({tuple(row[m] for row in rows) for m in range(len(members))}, key=_by_numbers)
    rows = [[texts[k] for texts in kept] for k in range(len(copies))]
    symbols, words = _symbols(rows)
    for copy, row in zip(copies, rows, strict=True):
        if len(set(row)) > 1:
            copy.detail = copy.arrow_detail = _written(row, words)
    return " · ".join(f"{name} = {_listed(column)}" for name, column in symbols.items())


def _texts(twins: Sequence[Box]) -> list[str]:
    plain = [twin.detail for twin in twins]
    if len(set(plain)) == 1:
        return plain
    texts = [twin.arrow_detail or twin.detail for twin in twins]
    if any(re.search(r" /\d+$", text) for text in texts):
        texts = [text if re.search(r" /\d+$", text) else f"{text} /1" for text in texts]
    return texts


def _by_numbers(texts: Sequence[str]) -> list[int]:
    return [int(number) for text in texts for number in re.findall(r"\d+", text)]


def _columns(row: Sequence[str]) -> list[tuple[str, ...]]:
    """The text cut into words and numbers, each as it is in every member."""
    parts = [re.split(r"(\d+)", text) for text in row]
    return list(zip(*parts, strict=True)) if len({len(part) for part in parts}) == 1 else []


def _widths(row: Sequence[str]) -> list[Column]:
    """The numbers that differ, without a stride at the end."""
    parts = _columns([re.sub(r" /\d+$", "", text) for text in row])
    return [tuple(map(int, part)) for part in parts if part[0].isdigit() and len(set(part)) > 1]


def _symbols(rows: Sequence[Sequence[str]]) -> tuple[dict[str, Column], dict[Column, str]]:
    """Symbol -> its numbers, and every column that can be written with one -> its word.

    The widest column is the first symbol; what keeps no ratio to it gets one of its own.
    """
    left = [column for row in rows for column in _widths(row)]
    symbols: dict[str, Column] = {}
    words: dict[Column, str] = {}
    while left and len(symbols) < len(_NAMES):
        base = max(left, key=lambda column: (column[0], column))
        name = _NAMES[len(symbols)]
        if 0 in base:
            left = [column for column in left if column != base]
            continue
        symbols[name] = base
        for column in left:
            word = _as_multiple(column, base, name)
            if word:
                words[column] = word
        left = [column for column in left if column not in words]
    return ({}, {}) if left else (symbols, words)


def _as_multiple(column: Column, base: Column, name: str) -> str:
    """``C``, ``4C``, ``C/4``, ``3C/2``; "" if the ratio is not the same in every member."""
    ratios = {Fraction(number, of) for number, of in zip(column, base, strict=True)}
    if len(ratios) > 1:
        return ""
    up, down = ratios.pop().as_integer_ratio()
    if not 0 < up <= _GREATEST or down > _GREATEST:
        return ""
    return (f"{up}{name}" if up > 1 else name) + (f"/{down}" if down > 1 else "")


def _written(row: Sequence[str], words: dict[Column, str]) -> str:
    parts = _columns(row)
    if not parts:
        return ranged(list(row))
    text = ""
    for k, part in enumerate(parts):
        column = tuple(map(int, part)) if part[0].isdigit() else ()
        is_stride = k == len(parts) - 2 and parts[k - 1][0].endswith(" /")
        if column in words and not is_stride:
            text += words[column]
        else:
            text += ranged(list(part)) if column else part[0]
    return text


def _listed(column: Column) -> str:
    numbers = sorted(set(column))
    if len(numbers) > 5:
        return f"{numbers[0]} … {numbers[-1]}"
    return ", ".join(map(str, numbers))
