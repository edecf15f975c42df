"""``roc_curve``, ``pr_curve`` and ``dual_axis_lines``.

Not here: rates (``introspect.compat.visdom.rates``), other lines (``points``).
"""

# ruff: noqa: N803, PLR0917  Visdom's signatures, kept by name and place

from collections.abc import Mapping
from typing import Any

import numpy as np

from introspect.compat.ignored import tell_ignored
from introspect.compat.visdom.arguments import array, check, needed, opts_of
from introspect.compat.visdom.layout import layout_of
from introspect.compat.visdom.message import Message, Sender
from introspect.compat.visdom.rates import precision_recall, roc, sorted_pair

Opts = Mapping[str, Any] | None
_SIDE_PX = 60


class Curves(Sender):
    """Calls about classifiers, and lines on two axes."""

    def roc_curve(
        self,
        y_true: Any = None,
        y_score: Any = None,
        fpr: Any = None,
        tpr: Any = None,
        pos_label: Any = 1,
        win: str | None = None,
        env: str | None = None,
        opts: Opts = None,
    ) -> Any:
        """True over false positive rate.

        Args:
            y_true: ``(N,)`` labels, with `y_score`.
            y_score: ``(N,)`` scores.
            fpr: ``(T,)`` false positive rates instead, with `tpr`.
            tpr: ``(T,)`` true positive rates.
            pos_label: The label that is found.
            win: The window; None makes one.
            env: Its environment; None is that of the client.
            opts: title, legend, xlabel, ylabel.

        Returns:
            The id of the window.

        Raises:
            VisdomError: If not exactly one pair is given, or it is no pair of columns.
        """
        raw = _one_pair("roc_curve", y_true=y_true, y_score=y_score, fpr=fpr, tpr=tpr)
        if raw:
            x, y = roc(array(y_true), array(y_score), pos_label)
        else:
            x, y = sorted_pair(array(fpr), array(tpr), "roc_curve", ("fpr", "tpr"))
        words = {
            "xlabel": "False Positive Rate",
            "ylabel": "True Positive Rate",
            "title": f"ROC Curve (AUC={np.trapezoid(y, x):.4f})",
        }
        checked = words | opts_of(opts, "roc_curve")
        checked["legend"] = _legend(checked.get("legend"), ["ROC", "Chance"])
        lines = [_line(x, y, checked["legend"][0]), _dashed([0.0, 1.0], checked["legend"][1])]
        return self._drawn(lines, checked, win, env)

    def pr_curve(
        self,
        y_true: Any = None,
        y_score: Any = None,
        precision: Any = None,
        recall: Any = None,
        pos_label: Any = 1,
        win: str | None = None,
        env: str | None = None,
        opts: Opts = None,
    ) -> Any:
        """Precision over recall, and the precision of guessing.

        Args:
            y_true: ``(N,)`` labels, with `y_score`.
            y_score: ``(N,)`` scores.
            precision: ``(T,)`` instead, with `recall`.
            recall: ``(T,)``.
            pos_label: The label that is found.
            win: As in `roc_curve`.
            env: As in `roc_curve`.
            opts: As in `roc_curve`.

        Returns:
            The id of the window.

        Raises:
            VisdomError: If not exactly one pair is given, or it is no pair of columns.
        """
        raw = _one_pair(
            "pr_curve", y_true=y_true, y_score=y_score, precision=precision, recall=recall
        )
        if raw:
            y, x = precision_recall(array(y_true), array(y_score), pos_label)
            level: float | None = float(np.mean(np.ravel(array(y_true)) == pos_label))
        else:
            x, y = sorted_pair(array(recall), array(precision), "pr_curve", ("recall", "precision"))
            level = float(y[0]) if x[0] == 0.0 else None
        area = float(np.sum(np.diff(x) * y[1:]))
        words = {"xlabel": "Recall", "ylabel": "Precision", "title": f"PR Curve (AUC={area:.4f})"}
        checked = words | opts_of(opts, "pr_curve")
        checked["legend"] = _legend(checked.get("legend"), ["PR", "Baseline"])
        lines = [_line(x, y, checked["legend"][0])]
        if level is not None:
            lines.append(_dashed([level, level], checked["legend"][1]))
        return self._drawn(lines, checked, win, env)

    def _drawn(
        self, lines: list[Any], opts: dict[str, Any], win: str | None, env: str | None
    ) -> Any:
        message = Message(data=lines, win=win, eid=env, layout=layout_of(opts), opts=opts)
        return self._send(message)

    def dual_axis_lines(
        self,
        X: Any = None,
        Y1: Any = None,
        Y2: Any = None,
        opts: Opts = None,
        win: str | None = None,
        env: str | None = None,
    ) -> Any:
        """Two lines, each with a y axis of its own.

        Args:
            X: ``(N,)`` places.
            Y1: ``(N,)`` heights on the left axis.
            Y2: ``(N,)`` heights on the right one.
            opts: name_y1, name_y2, color_title_y1, color_tick_y1, color_title_y2, color_tick_y2,
                side, title, showlegend.
            win: As in `roc_curve`.
            env: As in `roc_curve`.

        Returns:
            The id of the window.

        Raises:
            VisdomError: If the columns differ in length.
        """
        x, first, second = (
            np.asarray(needed(column, "dual_axis_lines", name), np.float64)
            for name, column in (("X", X), ("Y1", Y1), ("Y2", Y2))
        )
        check(
            x.ndim == 1 and x.shape == first.shape == second.shape,
            "dual_axis_lines",
            "X, Y1 and Y2 are columns of one length.",
            given=(x, first, second),
        )
        checked = opts_of(opts, "dual_axis_lines")
        names = checked.get("name_y1", "Y1 axis"), checked.get("name_y2", "Y2 axis")
        lines = [
            {"x": x.tolist(), "y": first.tolist(), "name": names[0], "type": "scatter"},
            {"x": x.tolist(), "y": second.tolist(), "yaxis": "y2", "name": names[1],
             "type": "scatter"},
        ]  # fmt: skip
        layout = {
            "title": checked.get("title", "Example Double Y axis"),
            "yaxis": _colored(checked, names[0], "1", "black"),
            "yaxis2": _colored(checked, names[1], "2", "rgb(148, 103, 189)")
            | {"overlaying": "y", "side": checked.get("side", "right")},
            "showlegend": checked.get("showlegend", True),
            "margin": {
                letter: checked.get(side, _SIDE_PX)
                for letter, side in zip("brtl", ("bottom", "right", "top", "left"), strict=True)
            },
        }
        sized = {"height": 300, "width": 500} | checked
        message = Message(win=win, eid=env or self.env, data=lines, layout=layout, opts=sized)
        return self._send(message)


def _one_pair(call: str, **pairs: Any) -> bool:
    """Whether the first of two pairs is given; exactly one must be, and whole."""
    names = list(pairs)
    first, second = ([pairs[name] is not None for name in names[at : at + 2]] for at in (0, 2))
    check(
        (all(first) and not any(second)) or (all(second) and not any(first)),
        call,
        f"give ({names[0]}, {names[1]}) or ({names[2]}, {names[3]}).",
        given=", ".join(name for name in names if pairs[name] is not None) or "nothing",
    )
    return all(first)


def _legend(given: Any, usual: list[str]) -> list[str]:
    if isinstance(given, tuple | list) and len(given) >= 2:
        return list(given)
    if given is not None:
        tell_ignored("visdom opts", "legend", reason="it needs two names here")
    return usual


def _line(x: Any, y: Any, name: str) -> dict[str, Any]:
    return {"x": x.tolist(), "y": y.tolist(), "name": name, "type": "scatter", "mode": "lines"}


def _dashed(heights: list[float], name: str) -> dict[str, Any]:
    return {
        "x": [0.0, 1.0], "y": heights, "name": name, "type": "scatter", "mode": "lines",
        "line": {"dash": "dash"},
    }  # fmt: skip


def _colored(opts: Mapping[str, Any], name: str, which: str, usual: str) -> dict[str, Any]:
    return {
        "title": name,
        "titlefont": {"color": opts.get(f"color_title_y{which}", usual)},
        "tickfont": {"color": opts.get(f"color_tick_y{which}", usual)},
    }
