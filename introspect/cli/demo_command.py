"""``introspect demo``: the demonstration, and the table of what it wrote."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from rich.table import Table

    from introspect.demo.folder import Result


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
