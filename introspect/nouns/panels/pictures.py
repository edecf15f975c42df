"""Arrays and Images, one by one or in a grid.

Axes:
    N: pictures of a batch, H: height, W: width, C: channels
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from introspect.nouns.panels.stepped import Stepped


@dataclass(frozen=True, slots=True, eq=False)
class ImagePanel(Stepped):
    """Arrays or Images, the newest `limit` of them side by side.

    `data` are arrays or Images.

    Attributes:
        limit: How many of the newest are shown.
        title: What is shown.
        cmap: Name of a matplotlib colour map for one channel; None lets the values decide.
    """

    limit: int = 5
    title: str = ""
    cmap: str | None = None


@dataclass(frozen=True, slots=True, eq=False)
class GridPanel(Stepped):
    """A batch of pictures as a grid: the newest one; a browser can go through all of them.

    `data` are batches ``(N, C, H, W)``, ``(N, H, W, C)`` or ``(N, H, W)``, lists of pictures,
    or `Images`.

    Attributes:
        title: What is shown.
        cmap: Name of a matplotlib colour map for one channel; None for grey.
        columns: Pictures a row; None for as many as look well.
        targets: What each batch should have been, of the kinds of `data` and as many of
            them, or a single batch for all; each picture is beside its target. None without.
        captions: Under each picture; ``()`` without. A pair is (fault, truth).
        limit: Pictures shown at most.
    """

    title: str = ""
    cmap: str | None = None
    columns: int | None = None
    targets: Sequence[Any] | None = None
    captions: tuple[str | tuple[str, str], ...] = ()
    limit: int = 64
