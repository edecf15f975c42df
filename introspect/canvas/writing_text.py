"""Words in the cells of a terminal: cut, padded and set along an axis.

Wide characters (Chinese, Japanese, Korean, emoji) count two cells.

Not here: words on a figure (``introspect.canvas.writing``).
"""

from collections.abc import Sequence

from rich.cells import cell_len, set_cell_size


def cut(text: str, width: int) -> str:
    """The text, or its beginning with an ellipsis, in at most `width` cells.

    Example:
        >>> cut("train_loss", 6), cut("loss", 6)
        ('train…', 'loss')
    """
    if cell_len(text) <= width:
        return text
    return set_cell_size(text, width - 1).rstrip() + "…" if width > 1 else ""


def padded(text: str, width: int) -> str:
    """The text with spaces before it, `width` cells wide.

    Example:
        >>> padded("0.5", 5)
        '  0.5'
    """
    return " " * max(0, width - cell_len(text)) + text


def place_words(places: Sequence[tuple[float, str]], width: int) -> str:
    """Words centred at their columns on one line; one that would touch another is left out.

    Example:
        >>> place_words([(0, "epoch 0"), (10, "1"), (19, "2")], 20)
        'epoch 0   1        2'
    """
    line = ""
    for column, word in places:
        size = cell_len(word)
        start = min(max(round(column - (size - 1) / 2), 0), width - size)
        used = cell_len(line)
        if start >= used + (1 if used else 0):
            line += " " * (start - used) + word
    return line
