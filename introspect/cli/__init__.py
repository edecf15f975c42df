"""The command ``introspect``. Each command is a few lines around one public function.

======================  ==================================================================
``introspect graph``    draws a model that is named on the command line (``graph_command``)
``introspect view``     shows runs on a page, live (``view_command``)
``introspect runs``     lists the runs in a folder, once or live (``runs_command``)
``introspect export``   writes runs as Parquet, CSV, JSON, event files (``export_command``)
``introspect import``   reads TensorBoard's event files (``import_command``)
``introspect fsck``     verifies and repairs runs (``fsck_command``)
``introspect demo``     trains a small ConvNet and draws all of it (``demo_command``)
======================  ==================================================================

Exit codes: 0 when done; 1 for an error that introspect raises on purpose, which is printed
without a traceback, and where `fsck` found damage; 2 for a command line that cannot be understood;
130 after Ctrl-C.
"""

import sys
from typing import Annotated

import typer

import introspect
from introspect.cli.demo_command import demo
from introspect.cli.export_command import export
from introspect.cli.fsck_command import fsck
from introspect.cli.graph_command import graph
from introspect.cli.import_command import import_events
from introspect.cli.runs_command import runs
from introspect.cli.view_command import view
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
app.command()(view)
app.command()(runs)
app.command()(export)
app.command(name="import")(import_events)
app.command()(fsck)
app.command()(demo)


def main() -> None:
    """Run the command; the entry point of the script ``introspect``."""
    try:
        app()
    except IntrospectError as error:
        print(f"introspect: {error}", file=sys.stderr)  # noqa: T201  this is a command
        sys.exit(1)
