"""Summary and progress panels to words; pictures and terminal share them.

Not here: the bar and the type (``introspect.canvas.paint_header``, ``terminal``).
"""

from introspect.canvas.ticks import THIN_SPACE, clean, format_count, format_duration
from introspect.nouns.metric import Step
from introspect.nouns.panels import ProgressPanel, SummaryPanel

Fact = tuple[str, str, str]
"""Words before, the number in a stronger ink, words after."""


def summary_facts(panel: SummaryPanel) -> list[Fact]:
    """What a summary says.

    Example:
        >>> summary_facts(SummaryPanel("", (1, 400), 250.0))
        [('epoch ', '1', ''), ('step ', '400', ''), ('training time ', '4 min 10 s', '')]
    """
    return [*_step_facts(panel.step), ("training time ", format_duration(panel.elapsed_s), "")]


def progress_facts(panel: ProgressPanel) -> tuple[list[Fact], list[Fact]]:
    """What a progress row says at its left and at its right end.

    Example:
        >>> left, right = progress_facts(ProgressPanel("", 134, 200, 10, 21.0, 64.0, 10.3))
        >>> left[0], right[1]
        (('epoch ', '7', ' of 10'), ('about ', '10 s', ' left'))
    """
    left: list[Fact] = []
    if panel.epochs:
        epoch = min(int(panel.done * panel.epochs / max(panel.total, 1)) + 1, panel.epochs)
        left.append(("epoch ", format_count(epoch), f" of {format_count(panel.epochs)}"))
    left.append(("step ", format_count(panel.done), f" of {format_count(panel.total)}"))
    if panel.rate_per_s is not None:
        rate = panel.rate_per_s
        left.append(("", format_count(rate) if rate >= 10 else f"{rate:.2g}", " steps/s"))
        if panel.items_per_step:
            each = rate * panel.items_per_step
            words = format_count(each) if each >= 10 else f"{each:.2g}"
            left.append(("", words, f" {clean(panel.items)}/s"))
    finished = panel.done >= panel.total
    right: list[Fact] = [("", format_duration(panel.elapsed_s), "" if finished else " elapsed")]
    if panel.left_s is not None and not finished:
        right.append(("about ", format_duration(panel.left_s), " left"))
    return left, right


def as_text(title: str, facts: list[Fact]) -> str:
    """Facts as one plain line."""
    parts = [clean(title), *("".join(fact) for fact in facts)]
    return "   ".join(part for part in parts if part).replace(THIN_SPACE, " ")


def _step_facts(step: Step | None) -> list[Fact]:
    if step is None:
        return [("", "no step yet", "")]
    if isinstance(step, tuple):
        return [("epoch ", format_count(step[0]), ""), ("step ", format_count(step[1]), "")]
    return [("step ", format_count(step), "")]
