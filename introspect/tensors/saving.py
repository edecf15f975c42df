"""A Comparison to bytes: PNG, PDF and SVG, the page of an HTML file, the picture of a notebook.

The same comparison gives the same bytes: no date is written.

Cost: that of the picture; 30 ms more for the few colours of a notebook's.

Not here: where the bytes go (``introspect.canvas.files``), what is drawn
(``introspect.tensors.forms``).
"""

from html import escape
from io import BytesIO
from typing import TYPE_CHECKING

from matplotlib import rc_context

from introspect import theme
from introspect.canvas.style import style

if TYPE_CHECKING:
    from introspect.tensors.compare import Comparison

NOTEBOOK_DPI = 150
"""Of a picture that is shown at 100: sharp, and half the bytes of twice as many."""
COLOURS = 80


def encoded(comparison: "Comparison", format_name: str, *, dpi: float | None = None) -> bytes:
    """The picture as ``"png"``, ``"pdf"`` or ``"svg"``."""
    date = {"png": {}, "pdf": {"CreationDate": None}, "svg": {"Date": None}}[format_name]
    target = BytesIO()
    with rc_context(style(comparison.theme)):
        options = {} if dpi is None else {"dpi": dpi}
        comparison.figure.savefig(target, format=format_name, metadata=date, **options)
    return target.getvalue()


def notebook_png(comparison: "Comparison") -> bytes:
    """A PNG of few colours, a third of the bytes: notebooks are kept in repositories."""
    from PIL import Image  # noqa: PLC0415  only for notebooks

    target = BytesIO()
    with Image.open(BytesIO(encoded(comparison, "png", dpi=NOTEBOOK_DPI))) as picture:
        few = picture.convert("RGB").quantize(COLOURS, dither=Image.Dither.NONE)
    few.save(target, "png", optimize=True)
    return target.getvalue()


def page_of(comparison: "Comparison") -> str:
    """The picture as SVG and the table, in one file that needs nothing else."""
    svg = encoded(comparison, "svg").decode()
    paper = theme.color("surface", comparison.theme)
    ink = theme.color("ink_2", comparison.theme)
    look = f"background:{paper};color:{ink};font:12px Inter,Segoe UI,Arial,sans-serif"
    return (
        f'<!doctype html><html lang="en"><meta charset="utf-8">'
        f"<title>{escape(comparison.title)}</title>"
        f'<body style="{look};margin:24px">{svg[svg.index("<svg") :]}'
        f'<div style="overflow:auto">{comparison.table._repr_html_()}</div></body></html>'
    )
