"""Letters that the fonts of a picture lack, to installed fonts that have them.

Chinese, Japanese and Korean titles are drawn with a font of this machine; where there is
none, one warning says which letters will be boxes.

Cost: nothing for Latin text; else a look into the installed fonts once for each new letter.

Not here: the fonts of the theme (``introspect.canvas.style``).
"""

import warnings
from collections.abc import Iterable
from functools import cache

from matplotlib.font_manager import fontManager, get_font

from introspect.errors import IntrospectWarning

_PREFERRED = (
    *("Noto Sans CJK JP", "Noto Sans CJK SC", "Noto Sans JP", "Noto Sans SC", "Noto Sans KR"),
    *("Source Han Sans", "Hiragino Sans", "Yu Gothic", "Meiryo", "IPAexGothic", "IPAGothic"),
    *("PingFang SC", "Microsoft YaHei", "SimHei", "WenQuanYi Zen Hei", "WenQuanYi Micro Hei"),
    *("Apple SD Gothic Neo", "Malgun Gothic", "NanumGothic", "Arial Unicode MS"),
    "Droid Sans Fallback",
)
_BOXES = "Last Resort"  # ships with matplotlib and draws a box for every letter there is
_told: set[str] = set()


def fallbacks(text: str) -> list[str]:
    """Families to add, so that every letter of `text` is drawn; none for Latin text.

    Letters that no installed font has are said in one `IntrospectWarning`.

    Example:
        >>> fallbacks("loss, σ² of ∇w")
        []
    """
    families: list[str] = []
    missing: list[str] = []
    for letter in sorted({letter for letter in text if ord(letter) > 0x2FF}):
        if _is_in("DejaVu Sans", letter) or any(_is_in(family, letter) for family in families):
            continue
        found = _family_with(letter, len(fontManager.ttflist))
        if found:
            families.append(found)
        else:
            missing.append(letter)
    _tell(letter for letter in missing if letter.isprintable())
    return families


@cache
def _family_with(letter: str, installed: int) -> str | None:
    """The first installed family with a letter, well-known ones first."""
    del installed  # fonts that were added since are looked into
    known = {entry.name for entry in fontManager.ttflist if not entry.name.startswith(_BOXES)}
    order = [name for name in _PREFERRED if name in known]
    return next(
        (name for name in [*order, *sorted(known - set(order))] if _is_in(name, letter)), None
    )


@cache
def _is_in(family: str, letter: str) -> bool:
    for entry in fontManager.ttflist:
        if entry.name == family:
            try:
                return get_font(entry.fname).get_char_index(ord(letter)) != 0
            except (OSError, RuntimeError):  # a damaged font, or one that is gone
                return False
    return False


def _tell(letters: Iterable[str]) -> None:
    new = [letter for letter in letters if letter not in _told]
    if not new:
        return
    first = not _told
    _told.update(new)
    if first:
        warnings.warn(
            f"no installed font has {''.join(new[:8])!r}: drawn as boxes. A font such as "
            "Noto Sans CJK has them; this is said once.",
            IntrospectWarning,
            stacklevel=2,
        )
