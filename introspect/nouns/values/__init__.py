"""Values that are more than a number: what `History.log` may be given.

==============  ================================================================
`image`         Image, Images: pixels ready to be shown (`pixels`: how they become bytes)
`words`         Text, Table
`audio`         Audio: 16-bit samples
`video`         Video: frames
`figure`        Figure: a matplotlib figure as it looked at the call
`histogram`     Histogram: counts between edges
`scores`        PRCurve, ConfusionMatrix: how well a classifier does
`points`        Embedding, Mesh: points in space
`arrays`        `to_numpy`, and copies that nobody else can change
==============  ================================================================

Each is a frozen dataclass that checks its fields when it is made, whoever makes it: what was
read from a file is as sound as what `.of` made. Arrays that `.of` made are read-only (those of
an Image are not). Numbers, tensors and arrays need no wrapper.

Modules are imported when a name of theirs is first used: whoever logs numbers pays for none.

Not here: bytes in a run file (``introspect.history.codec``), what needs other libraries
(``introspect.values``).
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from introspect.nouns.values.arrays import to_numpy as to_numpy
    from introspect.nouns.values.audio import Audio as Audio
    from introspect.nouns.values.figure import Figure as Figure
    from introspect.nouns.values.histogram import Histogram as Histogram
    from introspect.nouns.values.image import Image as Image
    from introspect.nouns.values.image import Images as Images
    from introspect.nouns.values.points import Embedding as Embedding
    from introspect.nouns.values.points import Mesh as Mesh
    from introspect.nouns.values.scores import ConfusionMatrix as ConfusionMatrix
    from introspect.nouns.values.scores import PRCurve as PRCurve
    from introspect.nouns.values.video import Video as Video
    from introspect.nouns.values.words import Table as Table
    from introspect.nouns.values.words import Text as Text

_HOMES = {
    "Audio": "audio",
    "ConfusionMatrix": "scores",
    "Embedding": "points",
    "Figure": "figure",
    "Histogram": "histogram",
    "Image": "image",
    "Images": "image",
    "Mesh": "points",
    "PRCurve": "scores",
    "Table": "words",
    "Text": "words",
    "Video": "video",
    "to_numpy": "arrays",
}

__all__ = list(_HOMES)


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
