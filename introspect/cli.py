"""The command ``introspect``. Each command is a few lines around one public function.

Errors that introspect raises on purpose are printed without a traceback, exit code 1.
"""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

import introspect
from introspect.errors import IntrospectError

if TYPE_CHECKING:
    from rich.table import Table

    from introspect.demo.folder import Result

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


@app.command()
def demo(
    epochs: Annotated[int, typer.Option(min=1, help="Times through the training images.")] = 3,
    data: Annotated[
        Path | None, typer.Option(help="Folder with the four Fashion-MNIST files.")
    ] = None,
    out: Annotated[Path, typer.Option(help="Folder to write.")] = Path("introspect-demo"),
    device: Annotated[str, typer.Option(help="auto, cpu, cuda or mps.")] = "auto",
    seed: Annotated[int, typer.Option(help="Of weights and the order of the images.")] = 0,
) -> None:
    """Train a small ConvNet on Fashion-MNIST and draw all of it."""
    from introspect.demo import run  # noqa: PLC0415  torch, when the demo runs

    _report(run(epochs=epochs, data=data, out=out, device=device, seed=seed))


def _report(result: "Result") -> None:
    """The table of what was written, and what was reached."""
    from rich.console import Console  # noqa: PLC0415  30 ms that --version need not pay

    console = Console()
    console.print()
    console.print(_table(result))
    loss = "-" if result.loss is None else f"{result.loss:.3f}"
    console.print(
        f"\n{result.images}: train loss {loss}, test accuracy {result.accuracy:.1%}"
        + ("  (stopped by Ctrl-C)" if result.was_interrupted else ""),
        highlight=False,
    )


def _table(result: "Result") -> "Table":
    from rich.table import Table  # noqa: PLC0415  same

    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("written")
    table.add_column("shows")
    table.add_column("size", justify="right")
    for path, what in result.files.items():
        name = f"{path}/" if path.is_dir() else str(path)
        table.add_row(name, what, _size(path))
    return table


def _size(path: Path) -> str:
    parts = path.rglob("*") if path.is_dir() else [path]
    size_bytes = sum(part.stat().st_size for part in parts if part.is_file())
    if size_bytes < 1_000_000:
        return f"{size_bytes / 1e3:.0f} kB"
    return f"{size_bytes / 1e6:.1f} MB"


def main() -> None:
    """Run the command; the entry point of the script ``introspect``."""
    try:
        app()
    except IntrospectError as error:
        print(f"introspect: {error}", file=sys.stderr)  # noqa: T201  this is a command
        sys.exit(1)


if __name__ == "__main__":
    main()
