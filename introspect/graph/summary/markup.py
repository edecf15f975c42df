"""A table of words -> HTML for a notebook, light or dark as the reader's system is.

One element with a style of its own, no script: it survives the notebook being saved.
"""

from html import escape

from introspect.graph.summary.cells import NOTHING, Line, Table
from introspect.theme import Mode, color, tokens

_TOKENS = ("surface", "sunken", "rule_strong", "ink", "ink_2", "ink_3", "accent")


def as_html(table: Table) -> str:
    """The table with its totals as one ``<div>``; everything from the user is escaped."""
    head = "".join(f"<th>{escape(title)}</th>" for title in table.headings)
    rows = "".join(_row(line) for line in table.lines)
    totals = "".join(_group(group) for group in table.totals)
    notes = "".join(f"<p>{escape(note)}</p>" for note in table.notes)
    return (
        f'<div class="introspect-summary"><style>{_style()}</style>'
        f"<table><thead><tr><th>Module</th>{head}</tr></thead><tbody>{rows}</tbody></table>"
        f"<footer>{totals}</footer>{notes}</div>"
    )


def _row(line: Line) -> str:
    times = f" <b>{escape(line.times)}</b>" if line.times else ""
    name = f"<strong>{escape(line.name)}</strong> " if line.name else ""
    cells = "".join(
        f'<td class="none">{cell}</td>' if cell == NOTHING else f"<td>{escape(cell)}</td>"
        for cell in line.cells
    )
    return (
        f'<tr><th scope="row" style="--depth:{line.depth}">{name}{escape(line.module)}{times}</th>'
        f"{cells}</tr>"
    )


def _group(group: tuple[tuple[str, str], ...]) -> str:
    rows = "".join(f"<dt>{escape(word)}</dt><dd>{escape(value)}</dd>" for word, value in group)
    return f"<dl>{rows}</dl>"


def _style() -> str:
    # `.introspect-summary` before every selector: notebooks style bare tables of their own
    here = ".introspect-summary"
    return (
        f"{here}{{{_colors('light')}font:13px/1.5 {_family()};color:var(--ink);"
        "background:var(--surface);padding:12px 16px;overflow-x:auto;border-radius:6px;"
        "display:inline-block;max-width:100%;box-sizing:border-box}"
        f"@media(prefers-color-scheme:dark){{{here}{{{_colors('dark')}}}}}"
        f"{here} table{{border-collapse:collapse;font-variant-numeric:tabular-nums;margin:0;"
        "background:none;border:0;font-size:inherit;line-height:1.6;color:inherit}"
        f"{here} tr,{here} tbody tr:nth-child(odd){{background:none}}"
        f"{here} tbody tr:hover{{background:var(--sunken)}}"
        f"{here} th,{here} td{{text-align:right;padding:1px 0 1px 24px;font-weight:400;border:0;"
        "white-space:nowrap;vertical-align:baseline;color:inherit;max-width:none}"
        f"{here} thead th{{color:var(--ink_3);border-bottom:1px solid var(--rule_strong);"
        "padding-bottom:4px}"
        f"{here} th:first-child{{text-align:left;padding-left:4px;padding-right:8px}}"
        # one rail a level, drawn over the whole height of the row so that they join
        f"{here} tbody th:first-child{{color:var(--ink_2);"
        "padding-left:calc(var(--depth)*18px + 4px);"
        "background:repeating-linear-gradient(90deg,transparent 0 4px,var(--rule_strong) 4px 5px,"
        "transparent 5px 18px) no-repeat 4px 0/calc(var(--depth)*18px) 100%}"
        f"{here} tbody tr:first-child>*{{padding-top:5px}}"
        f"{here} strong{{font-weight:600;color:var(--ink)}}"
        f"{here} b{{font-weight:600;color:var(--accent)}}"
        f"{here} .none{{color:var(--rule_strong)}}"
        f"{here} footer{{display:flex;flex-wrap:wrap;gap:4px 48px;margin-top:8px;padding:8px 4px 0;"
        "border-top:1px solid var(--rule_strong)}"
        f"{here} dl{{display:grid;grid-template-columns:auto auto;gap:0 16px;margin:0;"
        "align-content:start}"
        f"{here} dt{{color:var(--ink_3);font-weight:400}}"
        f"{here} dd{{margin:0;text-align:right;font-variant-numeric:tabular-nums}}"
        f"{here} p{{margin:8px 4px 0;color:var(--ink_3)}}"
    )


def _colors(mode: Mode) -> str:
    return "".join(f"--{name}:{color(name, mode)};" for name in _TOKENS)


def _family() -> str:
    return ",".join(f"'{font}'" if " " in font else font for font in tokens()["font"]["sans"])
