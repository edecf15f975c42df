"""Summary, progress, message and the user's own panels on a matplotlib axes.

Not here: their words (``introspect.canvas.header``).
"""

from matplotlib.axes import Axes
from matplotlib.patches import Rectangle

from introspect import theme
from introspect.canvas.header import Fact, progress_facts, summary_facts
from introspect.canvas.paint_lines import size_pt
from introspect.canvas.ticks import clean
from introspect.canvas.writing import Word, shortened, text_width_pt, write_row
from introspect.nouns.panels import MessagePanel, ProgressPanel, SummaryPanel
from introspect.theme import Mode

_SIZE_PT = 8.5


def paint_summary(ax: Axes, panel: SummaryPanel, *, mode: Mode) -> None:
    """One row of words."""
    width_pt, height_pt = size_pt(ax)
    ax.set_axis_off()
    words = _title(panel.title, mode) + _words(summary_facts(panel), mode)
    write_row(ax, words, room_pt=width_pt, up_pt=-height_pt + 3.0)


def paint_progress(ax: Axes, panel: ProgressPanel, *, mode: Mode) -> None:
    """One row of words over a thin line that is cut where epochs end."""
    width_pt, height_pt = size_pt(ax)
    ax.set_axis_off()
    ax.set_xlim(0, width_pt)
    ax.set_ylim(0, height_pt)
    left, right = progress_facts(panel)
    right_words = _words(right, mode)
    right_pt = sum(word.width_pt for word in right_words) - right_words[0].gap_pt
    words = _title(panel.title, mode) + _words(left, mode)
    if width_pt < 500 and sum(word.width_pt for word in words) > width_pt - right_pt - 12:
        words = words[:3]
    write_row(ax, words, room_pt=width_pt - right_pt - 12, up_pt=-height_pt + 9.0)
    x = width_pt - right_pt
    for index, word in enumerate(right_words):
        x += word.gap_pt if index else 0.0
        ax.text(x, 9.0, word.text, color=word.color, fontsize=_SIZE_PT, va="baseline")
        x += text_width_pt(word.text, _SIZE_PT)
    _bar(ax, panel, width_pt, mode)


def _bar(ax: Axes, panel: ProgressPanel, width_pt: float, mode: Mode) -> None:
    share = min(max(panel.done / panel.total, 0.0), 1.0) if panel.total > 0 else 0.0
    cuts = panel.epochs if panel.epochs and panel.epochs <= width_pt / 6 else 1
    gap = 1.0 if cuts > 1 else 0.0
    for index in range(cuts):
        start, end = index / cuts, (index + 1) / cuts
        x, wide = start * width_pt, (end - start) * width_pt - gap
        ink = min(max((share - start) / (end - start), 0.0), 1.0) * wide
        ax.add_patch(Rectangle((x, 0), wide, 2.2, facecolor=theme.color("rule", mode)))
        if ink:
            ax.add_patch(Rectangle((x, 0), ink, 2.2, facecolor=theme.color("ink", mode)))


def paint_message(ax: Axes, panel: MessagePanel, *, mode: Mode) -> None:
    """The title, and why there is no picture."""
    width_pt, _ = size_pt(ax)
    ax.clear()
    ax.set_axis_off()
    write_row(ax, _title(panel.title, mode), room_pt=width_pt, up_pt=9.0)
    ax.text(
        0.0,
        0.94,
        shortened(clean(panel.message), width_pt),
        transform=ax.transAxes,
        va="top",
        color=theme.color("bad", mode),
    )


def _title(title: str, mode: Mode) -> list[Word]:
    text = clean(title)
    return [Word(text, theme.color("ink", mode), 9.5, bold=True)] if text else []


def _words(facts: list[Fact], mode: Mode) -> list[Word]:
    """Facts as words; the parts of a fact stand close, facts stand apart."""
    grey, ink = theme.color("ink_3", mode), theme.color("ink", mode)
    words = []
    for fact in facts:
        parts = [(fact[0], grey), (fact[1], ink), (fact[2], grey)]
        parts = [(text.strip(), color) for text, color in parts if text]
        for index, (text, color) in enumerate(parts):
            words.append(Word(text, color, _SIZE_PT, gap_pt=12.0 if index == 0 else 2.6))
    return words
