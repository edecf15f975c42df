"""``introspect fsck RUN``: verifies every checksum of a run, or of every run below a folder.

Exit code 0 if all is well, 1 if anything is damaged.

Not here: the checks (``introspect.history.repair``).
"""

from pathlib import Path
from typing import Annotated

import typer

from introspect.cli.export_command import run_folder


def fsck(
    run: Annotated[
        str, typer.Argument(metavar="RUN", help="A run, or a folder of runs; or a URL.")
    ],
    repair: Annotated[
        Path | None,
        typer.Option(help="Write a clean copy to this folder; the run itself is not changed."),
    ] = None,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Only what is damaged.")] = False,  # noqa: FBT002  a flag
) -> None:
    """Verify every checksum and decode every value of a run."""
    from introspect.errors import DataError  # noqa: PLC0415  with the rest
    from introspect.history.many.finding import find_runs  # noqa: PLC0415  --help need not load it

    folder = run_folder(run)
    found = find_runs(folder)
    if not found:
        raise DataError("there are no runs in this folder.", given=run)
    is_one = len(found) == 1 and found[0].path == folder
    damaged = 0
    for each in found:
        if each.problem:
            is_clean, text = False, f"{each.path}: {each.problem}"
        elif not each.segments:
            is_clean, text = _check_parquet(each.path)
        else:
            target = repair if repair is None or is_one else repair / each.name
            is_clean, text = _check(each.path, target)
        damaged += not is_clean
        if not is_clean or not quiet:
            typer.echo(text)
    if len(found) > 1 and not quiet:
        typer.echo(f"{len(found)} runs, {damaged} of them damaged")
    if damaged:
        raise typer.Exit(1)


def _check(path: Path, target: Path | None) -> tuple[bool, str]:
    from introspect.history.repair import check  # noqa: PLC0415  --help need not load it
    from introspect.history.repair import repair as repaired  # noqa: PLC0415  same

    report = check(path) if target is None else repaired(path, target)
    text = str(report)
    if target is not None:
        text += f"\nwrote {target}"
    return report.is_clean, text


def _check_parquet(path: Path) -> tuple[bool, str]:
    from introspect.history.formats.parquet_reader import problem_of  # noqa: PLC0415  an extra

    problem = problem_of(path)
    return problem is None, f"{path}: Parquet, {problem or 'clean'}"
