"""``introspect export RUN --to FORMAT``: one run, or every run below a folder, in another format.

Not here: the formats (``introspect.history.many.exporting``).
"""

import warnings
from pathlib import Path
from typing import Annotated

import typer

from introspect.cli.steps import Steps
from introspect.errors import DataError, FormatError

_TO = "parquet, csv (a row a value), csv-wide (a row a step), json or tensorboard."
_OUT = "File (csv, json) or folder, or a URL; of several runs, the folder that holds them."


def export(
    run: Annotated[
        str, typer.Argument(metavar="RUN", help="A run, or a folder of runs; or a URL.")
    ],
    to: Annotated[str, typer.Option(help=_TO)] = "parquet",
    out: Annotated[str | None, typer.Option("--out", "-o", help=_OUT)] = None,
    attempt: Annotated[int | None, typer.Option(help="Which one; the newest if none.")] = None,
    remove_segments: Annotated[  # noqa: FBT002  a flag
        bool,
        typer.Option(
            "--remove-segments", help="With parquet: delete what was read back and found equal."
        ),
    ] = False,
) -> None:
    """Write runs in another format. Without -o, Parquet is put into the run folder itself."""
    from introspect.history.many.exporting import FORMATS  # noqa: PLC0415  --help need not load it
    from introspect.history.many.finding import find_runs  # noqa: PLC0415  same
    from introspect.history.many.places import joined  # noqa: PLC0415  same

    if to not in FORMATS:
        raise FormatError(
            "a run cannot be written in this format.", given=f"--to {to}", hint=", ".join(FORMATS)
        )
    if remove_segments and to != "parquet":
        raise FormatError(
            "only Parquet can stand for the segments of a run.",
            given=f"--to {to} --remove-segments", hint="--to parquet --remove-segments",
        )  # fmt: skip
    folder = run_folder(run)
    with Steps() as steps:
        found = find_runs(folder)
        if not found:
            raise DataError("there are no runs in this folder.", given=run)
        is_one = len(found) == 1 and found[0].path == folder
        for each in found:
            steps.begin(f"writing {each.name} as {to}")
            target = out if is_one else joined(out or "", each.name + FORMATS[to])
            if not is_one and out is None:
                target = None if to == "parquet" else each.name + (FORMATS[to] or "-events")
            name = folder.name if is_one else each.name
            _export(each.path, target, to, attempt=attempt, name=name, is_removing=remove_segments)


def _export(
    path: Path,
    target: str | None,
    to: str,
    *,
    attempt: int | None,
    name: str,
    is_removing: bool,
) -> None:
    """One run; what it had to leave out is said in a line each."""
    from introspect.history.many.compacting import compact  # noqa: PLC0415  --help need not load it
    from introspect.history.many.exporting import export as write  # noqa: PLC0415  same

    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        if is_removing:
            done = compact(path, target, name=name, remove_segments=True)
            files, left_out = done.files, {}
            typer.echo(f"{name}: {len(done.removed)} segments removed", err=True)
        else:
            exported = write(path, target, to=to, attempt=attempt, name=name)
            files, left_out = exported.files, exported.left_out
    for warning in said:
        typer.echo(f"introspect: {warning.message}", err=True)
    for key, count in left_out.items():
        typer.echo(f"{name}: {to} has no place for {count} values of {key!r}", err=True)
    for file in files:
        typer.echo(f"wrote {file}", err=True)


def run_folder(place: str) -> Path:
    """The folder at a path, or a copy of the files at a URL."""
    from introspect.history.folder import existing_folder  # noqa: PLC0415  --help need not load it
    from introspect.history.many.places import is_url, local_copy  # noqa: PLC0415  same

    return local_copy(place) if is_url(place) else existing_folder(place)
