"""A history in words: the summary table and the progress line.

Names come from users and may hold anything: control characters are escaped, HTML is, too.

Not here: charts (``introspect.canvas``).
"""

import html
import shutil
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from introspect.history.blocks import LOST
from introspect.nouns.metric import Step, format_step

_NAME_CHARS = 40


@dataclass(frozen=True, slots=True)
class Summary:
    """What a history holds.

    Attributes:
        title: The history in one line.
        rows: (key, how many values, the last value as text), in the order of the keys.

    Example:
        >>> Summary("<History in memory>", (("loss", 2, "0.5"),))
        <History in memory>
          key   values  last
          loss       2  0.5
    """

    title: str
    rows: tuple[tuple[str, int, str], ...]

    def __repr__(self) -> str:
        if not self.rows:
            return self.title
        keys = ["key", *(printable(key) for key, _, _ in self.rows)]
        counts = ["values", *(str(count) for _, count, _ in self.rows)]
        lasts = ["last", *(last for _, _, last in self.rows)]
        key_width, count_width = max(map(len, keys)), max(map(len, counts))
        lines = (
            f"  {key:<{key_width}}  {count:>{count_width}}  {last}"
            for key, count, last in zip(keys, counts, lasts, strict=True)
        )
        return "\n".join([self.title, *lines])

    def _repr_html_(self) -> str:
        cells = (
            f"<tr><td style='text-align:left'>{html.escape(printable(key))}</td>"
            f"<td style='text-align:right'>{count}</td>"
            f"<td style='text-align:left'>{html.escape(last)}</td></tr>"
            for key, count, last in self.rows
        )
        head = "<tr><th style='text-align:left'>key</th><th>values</th><th>last</th></tr>"
        caption = f"<caption style='text-align:left'>{html.escape(self.title)}</caption>"
        return f"<table>{caption}<thead>{head}</thead><tbody>{''.join(cells)}</tbody></table>"


def progress_line(step: Step | None, values: Iterable[tuple[str, Any]], total_s: float) -> str:
    """One line: step, time, and the last value of each key that is a number.

    Example:
        >>> progress_line((2, 300), [("loss", 0.51234), ("acc", 0.875)], 75.0)
        'step 2:300  0:01:15  loss 0.5123  acc 0.875'
    """
    if step is None:
        return "nothing logged yet"
    minutes, seconds = divmod(int(total_s), 60)
    hours, minutes = divmod(minutes, 60)
    numbers = (f"{printable(key)} {number_text(v)}" for key, v in values if isinstance(v, float))
    head = f"step {format_step(step)}  {hours}:{minutes:02}:{seconds:02}"
    return "  ".join([head, *numbers])


def show_line(line: str, stream: Any) -> None:
    """Write a line: over the last one in a terminal, below it anywhere else."""
    if stream.isatty():
        width = shutil.get_terminal_size().columns - 1
        stream.write("\r" + line[:width] + "\x1b[K")
    else:
        stream.write(line + "\n")
    stream.flush()


def value_text(value: Any) -> str:
    """A value in a few characters."""
    if value is LOST:
        return "damaged"
    if isinstance(value, float):
        return number_text(value)
    if type(value).__module__.startswith("introspect.nouns.values"):
        return repr(value)[1:-1]
    if hasattr(value, "shape") and hasattr(value, "dtype"):
        return f"{type(value).__name__} {value.dtype} {tuple(value.shape)}"
    return type(value).__name__


def number_text(value: float) -> str:
    """A number with four digits."""
    return f"{value:.4g}"


def printable(name: str) -> str:
    """A name that cannot break out of its line: escaped, and cut after 40 characters."""
    short = name if len(name) <= _NAME_CHARS else name[: _NAME_CHARS - 1] + "…"
    return "".join(c if c.isprintable() else repr(c)[1:-1] for c in short)
