"""Numbers, steps and durations to text; a range of values to ticks.

The rules of the look: three significant digits, a true minus, a thin no-break space for
thousands, powers of ten below 1e-3 and from 1e6 on, ticks at 1, 2 and 5 with the fewest
digits that differ. Pictures and terminal share them.

Not here: where ticks are drawn (``introspect.canvas.lines``), ticks of steps
(``introspect.canvas.timeline``).
"""

import math

import numpy as np

THIN_SPACE = "\u202f"  # narrow, and no line may break there
_SUPERSCRIPT = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


def format_value(value: float) -> str:
    """A value in three significant digits, trailing zeros kept.

    Example:
        >>> [format_value(v) for v in (0.884, 2.3304, 12.0, 1234.5, 0.00032, float("nan"))]
        ['0.884', '2.33', '12.0', '1\u202f234', '3.20×10⁻⁴', 'NaN']
    """
    value = float(value)
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "∞" if value > 0 else "−∞"
    if value == 0.0:
        return "0"
    exponent = int(f"{abs(value):.2e}".partition("e")[2])
    if exponent < -3 or exponent >= 6:
        return _power(f"{value:.2e}", exponent)
    return _grouped(f"{value:.{max(0, 2 - exponent)}f}")


def format_count(count: float) -> str:
    """A whole number.

    Example:
        >>> format_count(60000)
        '60\u202f000'
    """
    return _grouped(f"{count:.0f}")


def format_percent(value: float) -> str:
    """A share as percent with one decimal.

    Example:
        >>> format_percent(0.88)
        '88.0%'
    """
    return f"{value * 100:.1f}%".replace("-", "−") if math.isfinite(value) else format_value(value)


def format_duration(seconds: float) -> str:
    """A duration in the two units that matter.

    Example:
        >>> [format_duration(s) for s in (0.4, 21, 250, 11100)]
        ['0.4 s', '21 s', '4 min 10 s', '3 h 05 min']
    """
    if seconds < 9.95:
        return f"{max(seconds, 0.0):.1f} s"
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02d} s"
    return f"{whole // 3600} h {whole % 3600 // 60:02d} min"


def nice_ticks(low: float, high: float, *, most: int = 4) -> list[float]:
    """At most `most` round positions within ``[low, high]``, at 1, 2 or 5 times a power of ten.

    Example:
        >>> nice_ticks(0.0, 1.3)
        [0.0, 0.5, 1.0]
        >>> nice_ticks(0.7, 0.92, most=4)
        [0.7, 0.8, 0.9]
    """
    span = high - low
    if not (math.isfinite(span) and span > 0):
        return [low] if math.isfinite(low) else []
    power = 10.0 ** math.floor(math.log10(span / most))
    slack = span * 1e-9
    for factor in (1, 2, 5, 10, 20, 50):
        step = factor * power
        first, last = math.ceil((low - slack) / step), math.floor((high + slack) / step)
        if last - first + 1 <= most:
            return [float(f"{index * step:.12g}") for index in range(first, last + 1)]
    return [low]


def format_ticks(positions: list[float], *, percent: bool = False) -> list[str]:
    """Ticks with the fewest digits that tell them apart.

    Example:
        >>> format_ticks([0.0, 0.5, 1.0]), format_ticks([0.7, 0.8], percent=True)
        (['0', '0.5', '1'], ['70%', '80%'])
        >>> format_ticks([0.0, 2e-5, 4e-5]), format_ticks([-1000.0, 0.0])
        (['0', '2×10⁻⁵', '4×10⁻⁵'], ['−1\u202f000', '0'])
    """
    if percent:
        return [text + "%" for text in format_ticks([position * 100 for position in positions])]
    largest = max((abs(position) for position in positions), default=0.0)
    if largest and not 1e-3 <= largest < 1e6:
        return [_scientific(position) for position in positions]
    step = float(np.min(np.diff(positions))) if len(positions) > 1 else largest
    digits = max(0, -math.floor(math.log10(step) + 1e-9)) if step > 0 else 0
    return [_grouped(_stripped(f"{position:.{digits}f}")) for position in positions]


def _scientific(value: float) -> str:
    if value == 0.0:
        return "0"
    mantissa, _, exponent = f"{value:.6e}".partition("e")
    return _power(f"{_stripped(mantissa)}e{exponent}", int(exponent))


def _power(text: str, exponent: int) -> str:
    mantissa = text.partition("e")[0].replace("-", "−")
    return f"{mantissa}×10{str(exponent).translate(_SUPERSCRIPT)}"


def _stripped(text: str) -> str:
    text = text.rstrip("0").rstrip(".") if "." in text else text
    return "0" if text == "-0" else text


def _grouped(text: str) -> str:
    """A thin space at the thousands and a true minus."""
    sign = "−" if text.startswith("-") else ""
    whole, point, decimals = text.lstrip("-").partition(".")
    return f"{sign}{int(whole):,}".replace(",", THIN_SPACE) + point + decimals


def clean(text: object) -> str:
    r"""One printable line of anything: newlines become spaces, control characters go.

    A terminal would obey them, and XML cannot hold them.

    Example:
        >>> clean("train\nloss\x1b[31m")
        'train loss[31m'
    """
    words = " ".join(str(text).split())
    return "".join(letter for letter in words if letter.isprintable())
