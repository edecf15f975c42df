"""``introspect import EVENTS -o RUN``: TensorBoard's event files to a run.

Not here: reading them (``introspect.history.formats.events``).
"""

import warnings
from pathlib import Path
from typing import Annotated

import typer

from introspect.cli.steps import Steps


def import_events(
    source: Annotated[
        Path, typer.Argument(metavar="EVENTS", help="An event file, or a folder with event files.")
    ],
    out: Annotated[Path, typer.Option("--out", "-o", help="The run folder to write.")],
) -> None:
    """Read what TensorBoard, tensorboardX or Lightning wrote; nothing is left out or thinned."""
    from introspect.history.formats import events  # noqa: PLC0415  --help need not load it

    with Steps() as steps, warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        steps.begin(f"reading {source}")
        report = events.import_events(source, out)
    for warning in said:
        typer.echo(f"introspect: {warning.message}", err=True)
    typer.echo(str(report), err=True)
    typer.echo(f"wrote {out}", err=True)
