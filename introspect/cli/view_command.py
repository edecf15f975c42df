"""``introspect view``: the page over a run, or over a folder of runs."""

from pathlib import Path
from typing import Annotated

import typer


def view(
    path: Annotated[
        Path, typer.Argument(help="A run, or a folder with runs anywhere below it.")
    ] = Path("runs"),
    pattern: Annotated[
        list[str] | None, typer.Option("--pattern", help="Only runs of such names, with * and ?.")
    ] = None,
    port: Annotated[int, typer.Option(help="0 takes a free one.")] = 0,
    host: Annotated[
        str, typer.Option(help="The interface. Another than this one lets other machines in.")
    ] = "127.0.0.1",
    allow_host: Annotated[
        list[str] | None,
        typer.Option("--allow-host", help="A name beside localhost to be asked for by."),
    ] = None,
    open_browser: Annotated[  # noqa: FBT002  a flag
        bool, typer.Option("--open", help="Open it in a browser of this machine.")
    ] = False,
) -> None:
    """Show a run, or a folder of runs, on a page of this machine: live while they train."""
    from introspect.viewer import view as open_view  # noqa: PLC0415  when the command runs

    with open_view(
        path,
        pattern=pattern or None,
        port=port,
        host=host,
        allow_hosts=allow_host or (),
        open_browser=open_browser,
    ) as page:
        page.wait()
