"""The command ``introspect``. Each command is a few lines around one public function.

=====================  ===================================================================
``introspect graph``   draws a model that is named on the command line (``graph_command``)
``introspect demo``    trains a small ConvNet and draws all of it (``demo_command``)
=====================  ===================================================================

Exit codes: 0 when done; 1 for an error that introspect raises on purpose, which is printed
without a traceback; 2 for a command line that cannot be understood; 130 after Ctrl-C.
"""

import sys
from typing import Annotated

import typer

import introspect
from introspect.cli.demo_command import demo
from introspect.cli.graph_command import graph
from introspect.errors import IntrospectError

app = typer.Typer(
    name="introspect",
    help="See what a PyTorch model is, what its training is doing, and how its tensors move.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)


def _version(value: bool) -> None:  # noqa: FBT001  typer passes it by position
    if value:
        typer.echo(f"introspect {introspect.__version__}")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[  # noqa: FBT002  a flag
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version.")
    ] = False,
) -> None:
    del version


app.command()(graph)
app.command()(demo)


def main() -> None:
    """Run the command; the entry point of the script ``introspect``."""
    try:
        app()
    except IntrospectError as error:
        print(f"introspect: {error}", file=sys.stderr)  # noqa: T201  this is a command
        sys.exit(1)
