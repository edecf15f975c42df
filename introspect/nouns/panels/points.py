"""Points and curves in two and three dimensions.

Axes:
    m: points, d: dimensions, k: points of a curve
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from introspect.nouns.panels.lines import Baseline, Ends, Log
from introspect.nouns.panels.stepped import Stepped


@dataclass(frozen=True, slots=True, eq=False)
class ScatterPanel(Stepped):
    """Points, the newest cloud. `data` are float ``(m, d)``.

    Without `projection`, d is 2 or 3; with it, the first two or three principal components
    of the data are shown (``introspect.canvas.points``), fitted to the newest cloud.

    Attributes:
        classes: int64 ``(m,)``, index into `class_names`, -1 for none; None for one colour.
        class_names: Written where their points are.
        point_names: ``m`` texts for hovering, or ``()``.
        thumbnails: uint8 ``(m, H, W)`` or ``(m, H, W, 3)`` drawn in place of dots; or None.
        dimensions: 2 or 3.
        projection: ``""`` or ``"pca"``.
        axes: Whether the axes have numbers; an embedding has none.
        title: What is shown.
        ylabel: The unit or a remark, written in grey after the title.
        xlim: Ends of the x axis (2D).
        ylim: Ends of the y axis (2D).
    """

    classes: npt.NDArray[np.int64] | None = None
    class_names: tuple[str, ...] = ()
    point_names: tuple[str, ...] = ()
    thumbnails: npt.NDArray[np.uint8] | None = None
    dimensions: Literal[2, 3] = 2
    projection: Literal["", "pca"] = ""
    axes: bool = True
    title: str = ""
    ylabel: str = ""
    xlim: Ends | None = None
    ylim: Ends | None = None


@dataclass(frozen=True, slots=True, eq=False)
class StemPanel(Stepped):
    """A dot on a stalk for each number, the newest row. `data` are float ``(k,)``.

    Attributes:
        positions: float64 ``(k,)`` on the x axis; None for 0, 1, 2, ...
        names: ``k`` names under the stalks, or ``()``.
        title: What is shown.
        ylabel: The unit, written in grey after the title.
        ylim: Ends of the y axis.
    """

    positions: npt.NDArray[np.float64] | None = None
    names: tuple[str, ...] = ()
    title: str = ""
    ylabel: str = ""
    ylim: Ends | None = None


@dataclass(frozen=True, slots=True, eq=False)
class CurvePanel:
    """y over x, where x is no step: precision over recall, an ROC curve, a calibration.

    Attributes:
        curves: One line each; `data` are float64 ``(2, k)``, x above y, or `PRCurve` values
            (recall and precision, or for ``"roc"`` the two rates), the newest shown.
        kind: ``"pr"`` and ``"roc"`` have both axes from 0 to 1 and state the area.
        title: What is shown.
        xlabel: What x is, written in grey under the axis' right end.
        ylabel: What y is, written in grey after the title.
        log: Which axes are logarithmic.
        xlim: Ends of the x axis.
        ylim: Ends of the y axis.
        baselines: Levels to compare with.
    """

    curves: tuple[Stepped, ...]
    kind: Literal["xy", "pr", "roc"] = "xy"
    title: str = ""
    xlabel: str = ""
    ylabel: str = ""
    log: Log = ""
    xlim: Ends | None = None
    ylim: Ends | None = None
    baselines: tuple[Baseline, ...] = ()
