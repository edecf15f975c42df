"""Findings to HTML for a notebook, and to a renderable for rich.

Triangle for a fault, square for a notice, check for what was looked at: shape and word, then
colour. Not here: the text (``introspect.tensors.findings``).
"""

from html import escape
from typing import TYPE_CHECKING, Any

import numpy as np

from introspect.canvas.ticks import clean

if TYPE_CHECKING:
    from introspect.tensors.findings import Finding, Findings

_STYLE = """
.introspect-health{font:13px Inter,-apple-system,"Segoe UI",Arial,sans-serif;max-width:900px;
--line:rgba(128,128,128,.3);--bad:#c1232c;--warn:#945600;--good:#187a49;--soft:.72}
@media (prefers-color-scheme:dark){.introspect-health{--bad:#ff6f6c;--warn:#e2a63a;--good:#4cc38a}}
body[data-jp-theme-light="true"] .introspect-health{--bad:#c1232c;--warn:#945600;--good:#187a49}
body[data-jp-theme-light="false"] .introspect-health{--bad:#ff6f6c;--warn:#e2a63a;--good:#4cc38a}
.introspect-health h4{font-size:13px;margin:0 0 6px}
.introspect-health h4 span{font-weight:400;opacity:var(--soft);margin-left:8px}
.introspect-health .row{display:flex;gap:12px;border-top:1px solid var(--line);padding:8px 0}
.introspect-health .row>div{flex:1}
.introspect-health p{margin:0}.introspect-health p+p{font-size:12px;margin-top:3px}
.introspect-health i{font-style:normal;opacity:var(--soft)}
.introspect-health code{font-size:12px;background:none;padding:0;color:inherit}
.introspect-health .change{font-size:12px;opacity:.85;white-space:nowrap}
.introspect-health svg{vertical-align:middle}
"""
_MARKS = {
    "fault": ("bad", '<path d="M6 1 11 10H1Z" fill="var(--bad)"/>', "Fault"),
    "notice": (
        "warn",
        '<path d="M2 2H10V10H2Z" fill="none" stroke="var(--warn)" stroke-width="1.6"/>',
        "Notice",
    ),
    "check": (
        "good",
        '<path d="m1.5 6.5 3 3 6-7" fill="none" stroke="var(--good)" stroke-width="1.6"/>',
        "Looked at",
    ),
}


def html_of(findings: "Findings") -> str:
    """One row a finding, and what was looked at."""
    rows = [_row(one) for one in findings]
    if findings.checks:
        words = escape(", ".join(findings.checks))
        rows.append(f'<div class="row">{_mark("check")}<div><p>Looked at {words}</p></div></div>')
    else:
        rows.append(
            '<div class="row"><div><p>Nothing was recorded: introspect.watch</p></div></div>'
        )
    head = f"<h4>Health<span>{escape(findings.title)}</span></h4>"
    return f'<div class="introspect-health"><style>{_STYLE}</style>{head}{"".join(rows)}</div>'


def _row(one: "Finding") -> str:
    what = escape(clean(one.what))
    for layer in sorted(one.layers, key=len, reverse=True)[:6]:
        name = escape(clean(layer))
        what = what.replace(f" {name}", f" <code>{name}</code>", 1)
    words = f"<i>{escape(one.since)}. {escape(clean(one.evidence))}</i> {escape(clean(one.hint))}"
    spark = _spark(one)
    change = f'<span class="change">{escape(one.change)} {spark}</span>' if one.change else ""
    return (
        f'<div class="row">{_mark(one.severity)}'
        f"<div><p>{what}</p><p>{words}</p></div>{change}</div>"
    )


def _mark(kind: str) -> str:
    _, shape, word = _MARKS[kind]
    return (
        f'<svg width="12" height="12" role="img" aria-label="{word}" '
        f'style="flex:none;margin-top:3px">{shape}</svg>'
    )


def _spark(one: "Finding") -> str:
    """The number over time in 100 by 20 px; gaps where it is not finite."""
    values = np.array(one.values, np.float64)
    finite = values[np.isfinite(values)]
    if len(finite) < 2:
        return ""
    low, high = float(finite.min()), float(finite.max())
    x = 3 + 94 * np.arange(len(values)) / max(len(values) - 1, 1)
    y = 17 - 14 * ((values - low) / ((high - low) or 1.0))
    pairs = [(a, b) for a, b in zip(x.tolist(), y.tolist(), strict=True) if np.isfinite(b)]
    points = " ".join(f"{a:.1f},{b:.1f}" for a, b in pairs)
    color = f"var(--{_MARKS[one.severity][0]})"
    (end_x, end_y) = pairs[-1]
    return (
        '<svg width="100" height="20" aria-hidden="true">'
        f'<polyline points="{points}" fill="none" stroke="{color}" stroke-width="1.4"/>'
        f'<circle cx="{end_x:.1f}" cy="{end_y:.1f}" r="2.2" fill="{color}"/></svg>'
    )


def rich_of(findings: "Findings") -> Any:
    """A ``rich.text.Text`` in the sixteen colours of a terminal."""
    from rich.text import Text  # noqa: PLC0415  whoever calls __rich__ has it

    text = Text()
    text.append("Health", style="bold")
    text.append(f"  {findings.title}\n", style="bright_black")
    for one in findings:
        fault = one.severity == "fault"
        text.append("▲ " if fault else "□ ", style="red" if fault else "yellow")
        text.append(f"{clean(one.what)}\n", style="bold")
        text.append(f"  {one.since}. {clean(one.evidence)} ", style="bright_black")
        text.append(f"{clean(one.hint)}\n")
    if findings.checks:
        text.append("✓ ", style="green")
        text.append(f"looked at {', '.join(findings.checks)}", style="bright_black")
    return text
