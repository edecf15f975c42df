"""``%load_ext introspect``, then ``%introspect view runs/`` in a notebook.

The picture is one of the kernel's own outputs, so it needs no port and goes wherever the
notebook goes. It is as interactive as the page and holds what the run said up to now; the
next ``%introspect view`` shows what came since.

Not here: the page in a browser tab (``introspect view`` on the command line).
"""

import argparse
import os
import shlex
from typing import Any, NoReturn

from introspect.errors import CanvasError


class _Parser(argparse.ArgumentParser):
    """Errors as ours: argparse would end the kernel."""

    def error(self, message: str) -> NoReturn:
        raise CanvasError(
            "this magic was not understood.",
            given=message,
            hint="%introspect view runs/fashion --run name --search loss --group lr",
        )


def _parser() -> _Parser:
    parser = _Parser(prog="%introspect", add_help=False)
    parser.add_argument("command", choices=["view"])
    parser.add_argument("path", nargs="?", default="runs")
    parser.add_argument("--run", action="append", default=[])
    parser.add_argument("--search", default="")
    parser.add_argument("--group", default="")
    return parser


def introspect_magic(line: str) -> Any:
    """A run, or several, as a picture for a notebook.

    Args:
        line: ``view PATH [--run NAME]... [--search WORDS] [--group SETTING]``. Without names
            the newest run is shown.

    Returns:
        A Canvas with the panels, which the notebook shows.

    Raises:
        CanvasError: If the line cannot be understood.
        SegmentError: If there is no such folder.
    """
    from introspect.canvas import Canvas  # noqa: PLC0415  when the magic is used
    from introspect.viewer.library import Library  # noqa: PLC0415  same

    asked = _parser().parse_args(shlex.split(line, posix=os.name == "posix"))
    wish = {"runs": asked.run, "search": asked.search, "group": asked.group}
    library = Library(asked.path)
    canvas = Canvas(backend="none")
    canvas.draw_panels(*library.panels(wish))
    return canvas


def load(shell: Any) -> None:
    """Give a notebook the magic; ``%load_ext introspect`` calls this."""
    shell.register_magic_function(introspect_magic, "line", "introspect")
