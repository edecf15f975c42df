"""A table of runs as text, HTML, or a table of rich.

Names come from users and may hold anything: control characters and markup are escaped.

Not here: the words (``words``), a live table (``introspect.cli.runs_command``).
"""

from collections.abc import Collection
from html import escape
from typing import TYPE_CHECKING, Any

from introspect.history.folder import shown_path
from introspect.history.many.words import Words, words_of
from introspect.theme import Mode, color, tokens

if TYPE_CHECKING:
    from introspect.history.many.table import Runs

MOST_ROWS = 40
"""Runs shown by ``repr``; of more, the first and the last are."""

MARKS = {
    "running": ("●", "accent"),
    "finished": ("✓", "good"),
    "killed": ("✕", "bad"),
    "unreadable": ("!", "bad"),
    "empty": ("○", "ink_3"),
}
"""State to its mark and the token of its colour: never told by colour alone."""

# A terminal may be light or dark, and its owner has chosen what its own colours look like.
_ANSI = {"accent": "blue", "good": "green", "warn": "yellow", "bad": "red", "ink_3": "dim"}

_TOKENS = ("surface", "sunken", "rule", "rule_strong", "ink", "ink_2", "ink_3", "accent", "good",
           "warn", "bad")  # fmt: skip


def as_text(runs: "Runs", *, metrics: Collection[str] | None = None) -> str:
    """The table in aligned columns."""
    title = title_of(runs)
    if not len(runs):
        return title
    shown, left_out = _shortened(runs)
    words = words_of(shown, metrics=metrics)
    widths = [
        max(len(head), *(len(row[column]) for row in words.rows))
        for column, head in enumerate(words.heads)
    ]
    lines = [title, _line(words.heads, widths, words.is_right)]
    for index, row in enumerate(words.rows):
        if left_out and index == MOST_ROWS // 2:
            lines.append(f"  … {left_out} more")
        lines.append(_line(row, widths, words.is_right))
        if words.problems[index]:
            lines.append(f"    ! {words.problems[index]}")
    return "\n".join(lines)


def title_of(runs: "Runs") -> str:
    """The table in one line.

    Example:
        >>> from introspect.history.many.table import Runs
        >>> from pathlib import Path
        >>> title_of(Runs(Path("sweep"), ()))
        '<Runs sweep: none>'
    """
    counts: dict[str, int] = {}
    for run in runs:
        counts[run.state] = counts.get(run.state, 0) + 1
    told = ", ".join(f"{counts[state]} {state}" for state in MARKS if state in counts)
    folder = shown_path(runs.folder).encode("utf-8", "backslashreplace").decode()
    return f"<Runs {folder}: {f'{len(runs)} runs, {told}' if told else 'none'}>"


def as_html(runs: "Runs", *, metrics: Collection[str] | None = None) -> str:
    """The table as one ``<div>`` with its style, light or dark as the reader's system is."""
    shown, left_out = _shortened(runs)
    words = words_of(shown, metrics=metrics)
    head = "".join(
        f'<th class="{"n" if right else "w"}">{escape(text)}</th>'
        for text, right in zip(words.heads, words.is_right, strict=True)
    )
    rows = []
    for index in range(len(words.rows)):
        if left_out and index == MOST_ROWS // 2:
            rows.append(f'<tr class="more"><td colspan="99">… {left_out} more</td></tr>')
        rows.append(_html_row(words, index))
    title = escape(title_of(runs)[1:-1])
    return (
        f'<div class="introspect-runs"><style>{_style()}</style><p>{title}</p>'
        f"<table><thead><tr>{head}</tr></thead><tbody>{''.join(rows)}</tbody></table></div>"
    )


def as_rich(runs: "Runs", *, metrics: Collection[str] | None = None, width: int = 120) -> Any:
    """The table for a terminal, with a title.

    Args:
        runs: The table.
        metrics: Keys; None for those that say most.
        width: Of the terminal in characters: columns that do not fit are left out, and counted.
    """
    from rich.console import Group  # noqa: PLC0415  30 ms that a notebook need not pay
    from rich.table import Table  # noqa: PLC0415  same
    from rich.text import Text  # noqa: PLC0415  same

    words = words_of(runs, metrics=metrics)
    shown, left_out = _fitting(words, width)
    table = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 2, 0, 0))
    for head, right in zip(words.heads[:shown], words.is_right[:shown], strict=True):
        table.add_column(Text(head), justify="right" if right else "left", no_wrap=True)
    for row, state in zip(words.rows, words.states, strict=True):
        mark, token = MARKS[state]
        cells = [Text(cell) for cell in row[:shown]]
        cells[1] = Text(f"{mark} {state}", style=_ANSI[token])
        table.add_row(*cells)
    title = title_of(runs)[1:-1] + (f", {left_out} columns left out" if left_out else "")
    said = [
        Text(f"! {row[0]}: {problem}", style=_ANSI["warn"])
        for row, problem in zip(words.rows, words.problems, strict=True)
        if problem
    ]
    return Group(Text(title, style="dim"), table, *said)


def _fitting(words: Words, width: int) -> tuple[int, int]:
    """How many columns fit, at least name and state, and how many do not."""
    used, shown = 0, 0
    for column, head in enumerate(words.heads):
        used += max([len(head), *(len(row[column]) for row in words.rows)]) + 2
        used += 2 * (column == 1)  # the mark
        if used > width + 2 and column > 1:
            break
        shown = column + 1
    return shown, len(words.heads) - shown


def _shortened(runs: "Runs") -> tuple["Runs", int]:
    if len(runs) <= MOST_ROWS:
        return runs, 0
    half = MOST_ROWS // 2
    names = type(runs)(runs.folder, (*runs.rows[:half], *runs.rows[-half:]))
    return names, len(runs) - 2 * half


def _line(cells: Collection[str], widths: list[int], is_right: Collection[bool]) -> str:
    parts = (
        cell.rjust(width) if right else cell.ljust(width)
        for cell, width, right in zip(cells, widths, is_right, strict=True)
    )
    return "  " + "  ".join(parts).rstrip()


def _html_row(words: Words, index: int) -> str:
    state, problem = words.states[index], words.problems[index]
    cells = []
    for column, (text, right) in enumerate(zip(words.rows[index], words.is_right, strict=True)):
        if column == 1:
            cells.append(f'<td class="w s {state}"><i>{MARKS[state][0]}</i>{escape(text)}</td>')
        else:
            kind = "r" if column == 0 else "n" if right else "w"
            cells.append(f'<td class="{kind}">{escape(text)}</td>')
    said = f'<tr class="said"><td colspan="99">{escape(problem)}</td></tr>' if problem else ""
    return f"<tr>{''.join(cells)}</tr>{said}"


def _style() -> str:
    # `.introspect-runs` before every selector: notebooks style bare tables of their own.
    here = ".introspect-runs"
    states = "".join(
        f"{here} .{state}{{color:var(--{token})}}" for state, (_, token) in MARKS.items()
    )
    return (
        f"{here}{{{_colors('light')}font:13px/1.5 {_family()};color:var(--ink);"
        "background:var(--surface);padding:12px 16px;overflow-x:auto;border-radius:6px;"
        "display:inline-block;max-width:100%;box-sizing:border-box}"
        f"@media(prefers-color-scheme:dark){{{here}{{{_colors('dark')}}}}}"
        f"{here} p{{margin:0 0 8px;color:var(--ink_3)}}"
        f"{here} table{{border-collapse:collapse;font-variant-numeric:tabular-nums;margin:0;"
        "background:none;border:0;font-size:inherit;color:inherit}"
        f"{here} tr,{here} tbody tr:nth-child(odd){{background:none}}"
        f"{here} tbody tr:hover{{background:var(--sunken)}}"
        f"{here} th,{here} td{{padding:3px 0 3px 24px;font-weight:400;border:0;white-space:nowrap;"
        "vertical-align:baseline;color:var(--ink_2);max-width:none}"
        f"{here} th:first-child,{here} td:first-child{{padding-left:4px}}"
        f"{here} td:last-child,{here} th:last-child{{padding-right:4px}}"
        f"{here} thead th{{color:var(--ink_3);border-bottom:1px solid var(--rule_strong)}}"
        f"{here} .n{{text-align:right}}{here} .w,{here} .r{{text-align:left}}"
        f"{here} .r{{color:var(--ink);font-weight:500}}"
        f"{here} i{{font-style:normal;display:inline-block;width:16px}}"
        f"{states}"
        f"{here} .said td{{color:var(--warn);padding-top:0;padding-left:20px}}"
        f"{here} .more td{{color:var(--ink_3);text-align:left}}"
    )


def _colors(mode: Mode) -> str:
    return "".join(f"--{name}:{color(name, mode)};" for name in _TOKENS)


def _family() -> str:
    return ",".join(f"'{font}'" if " " in font else font for font in tokens()["font"]["sans"])
