"""hiddenlayer's ``build_graph``, ``Graph`` and ``THEMES`` over a traced Graph.

Pictures flow to the right, in one colour for all layers, as hiddenlayer's do.
"""

import os
import warnings
from pathlib import Path
from typing import Any

from introspect.errors import FormatError, IntrospectWarning, TraceError
from introspect.graph import formats
from introspect.nouns import graph as nouns
from introspect.theme import OP_FAMILIES, GraphTheme, Swatch

THEMES: dict[str, dict[str, str]] = {
    "basic": {
        "background_color": "#FFFFFF",
        "fill_color": "#E8E8E8",
        "outline_color": "#000000",
        "font_color": "#000000",
        "font_name": "Times",
        "font_size": "10",
        "margin": "0,0",
        "padding": "1.0,0.5",
    },
    "blue": {
        "background_color": "#FFFFFF",
        "fill_color": "#BCD6FC",
        "outline_color": "#7C96BC",
        "font_color": "#202020",
        "font_name": "Verdana",
        "font_size": "10",
        "margin": "0,0",
        "padding": "1.0,0.5",
    },
}
"""Themes by name; assign a copy to ``Graph.theme`` and change its colours."""

_SIZES = ("font_size", "margin", "padding")
_LOOK: dict[str, Any] = {"direction": "LR", "legend": False}  # one colour needs no legend
_COLORS = ("background_color", "fill_color", "outline_color", "font_color")


class Graph:
    """A model's picture with hiddenlayer's attributes.

    Attributes:
        theme: A dict with the keys of `THEMES`.
        traced: The ``introspect.Graph`` underneath.
    """

    def __init__(self, traced: nouns.Graph) -> None:
        self.traced = traced
        self.theme: dict[str, str] = THEMES["basic"]
        self._warned = False

    def save(self, path: str | os.PathLike[str], format: str = "pdf") -> None:  # noqa: A002  theirs
        """Write the picture.

        Args:
            path: With or without the suffix of the format. Missing folders are made.
            format: ``"pdf"``, ``"png"`` or ``"svg"``.

        Raises:
            FormatError: If the format is unknown; the message names the known ones.
        """
        name = os.fspath(path).removesuffix(f".{format}")
        formats.save(self.traced, Path(f"{name}.{format}"), theme=self._graph_theme(), **_LOOK)

    def _repr_svg_(self) -> str:
        return formats.svg_text(self.traced, theme=self._graph_theme(), **_LOOK)

    def __repr__(self) -> str:
        return repr(self.traced)

    def _graph_theme(self) -> GraphTheme:
        """Hiddenlayer's theme as ours: one colour for every family."""
        theme = {**THEMES["basic"], **self.theme}
        for key in _COLORS:
            if not _is_hex(theme[key]):
                raise FormatError(
                    "a theme's colours are written in hex.",
                    given=f"{key}={theme[key]!r}",
                    hint="#BCD6FC",
                )
        changed = [key for key in _SIZES if theme[key] != THEMES["basic"][key]]
        if changed and not self._warned:
            self._warned = True
            warnings.warn(
                f"a picture's sizes are given by its text; ignored: {', '.join(changed)}",
                IntrospectWarning,
                stacklevel=3,
            )
        page, fill, line, ink = (theme[key] for key in _COLORS)
        plain, box = Swatch(page, line, ink), Swatch(fill, line, ink)
        families = {name: plain if name in {"io", "merge"} else box for name in OP_FAMILIES}
        return GraphTheme(
            families=families,
            page=page,
            ink=ink,
            soft=ink,
            line=line,
            groups=(page,),
            rim=line,
            font=theme["font_name"],
        )


def _is_hex(color: str) -> bool:
    digits = color.removeprefix("#")
    return (
        color.startswith("#")
        and len(digits) == 6
        and set(digits.upper()) <= set("0123456789ABCDEF")
    )


def build_graph(
    model: Any = None,
    args: Any = None,
    input_names: Any = None,
    transforms: Any = "default",
    framework_transforms: Any = "default",
) -> Graph:
    """Trace a model into a picture.

    Args:
        model: A torch module.
        args: Its input, or a tuple of its inputs.
        input_names: Ignored by hiddenlayer itself; warns if given.
        transforms: Layers are fused and repeats folded either way; others warn.
        framework_transforms: Likewise.

    Raises:
        TraceError: If the model or its input is missing, or the model fails.

    Example:
        >>> from torch import nn, zeros
        >>> build_graph(nn.Sequential(nn.Linear(4, 2), nn.ReLU()), zeros(1, 4)).theme["font_size"]
        '10'
    """
    from introspect.graph.trace import trace  # noqa: PLC0415  torch, when a model is there

    if model is None or args is None:
        raise TraceError(
            "build_graph needs a model and its input.",
            given=f"model={type(model).__name__}, args={type(args).__name__}",
            hint="build_graph(model, torch.zeros(1, 1, 28, 28))",
        )
    given = {
        "input_names": input_names is not None,
        "transforms": not isinstance(transforms, str),
        "framework_transforms": not isinstance(framework_transforms, str),
    }
    ignored = [name for name, is_given in given.items() if is_given]
    if ignored:
        warnings.warn(
            f"build_graph does not take these arguments here: {', '.join(ignored)}",
            IntrospectWarning,
            stacklevel=2,
        )
    return Graph(trace(model, *(args if isinstance(args, tuple) else (args,))))
