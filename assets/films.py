"""The films of the live canvas, each from the notebook that makes it.

    .venv/bin/python assets/films.py           # both, about a minute
    .venv/bin/python assets/films.py vae       # one of them
    .venv/bin/python assets/films.py --store   # and keep the outputs in the notebooks

Runs ``notebooks/03_live_classifier.ipynb`` and ``notebooks/04_live_vae.ipynb`` in a folder of
their own and copies the GIFs that they save beside this file. A stored notebook keeps PNGs and
text; the interactive pages of the same pictures would make it ten times as large.
"""

import base64
import io
import shutil
import sys
import tempfile
import time
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from PIL import Image

FOLDER = Path(__file__).parent
NOTEBOOKS = FOLDER.parent / "notebooks"
FILMS = {"classifier": "03_live_classifier", "vae": "04_live_vae"}
MOST_BYTES = 1_500_000
STORED = ("image/png", "image/svg+xml", "text/plain")


def film(name: str, *, store: bool) -> None:
    path = NOTEBOOKS / f"{FILMS[name]}.ipynb"
    notebook = nbformat.read(path, as_version=4)
    began = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        NotebookClient(
            notebook, timeout=300, kernel_name="python3", resources={"metadata": {"path": folder}}
        ).execute()
        took_s = time.perf_counter() - began
        made = Path(folder) / f"live-{name}.gif"
        if made.stat().st_size > MOST_BYTES:
            raise SystemExit(f"{made.name} has {made.stat().st_size:,} bytes: fewer frames?")
        shutil.copyfile(made, FOLDER / made.name)
    if store:
        thin(notebook)
        nbformat.write(notebook, path)
    sizes = [f"{p.name} {p.stat().st_size:,} bytes" for p in (FOLDER / made.name, path)]
    print(f"{', '.join(sizes)}, {took_s:.0f} s")  # noqa: T201  all it says


def thin(notebook: nbformat.NotebookNode) -> None:
    """Outputs without pages, widgets and times, and PNGs of 256 colours."""
    notebook.metadata.pop("widgets", None)
    for cell in notebook.cells:
        cell.metadata.pop("execution", None)
        for output in cell.get("outputs", []):
            if "data" in output:
                output.data = {kind: output.data[kind] for kind in STORED if kind in output.data}
            if "image/png" in output.get("data", {}):
                output.data["image/png"] = of_256_colors(output.data["image/png"])


def of_256_colors(png: str) -> str:
    """A smaller PNG, in base64 as it came."""
    picture = Image.open(io.BytesIO(base64.b64decode(png))).convert("RGB")
    buffer = io.BytesIO()
    few = picture.quantize(256, method=Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE)
    few.save(buffer, "PNG", optimize=True)
    return base64.b64encode(buffer.getvalue()).decode("ascii")


def main(arguments: list[str]) -> None:
    names = [name for name in arguments if name != "--store"] or list(FILMS)
    unknown = [name for name in names if name not in FILMS]
    if unknown:
        raise SystemExit(f"no film {', '.join(unknown)}; known: {', '.join(FILMS)}")
    for name in names:
        film(name, store="--store" in arguments)


if __name__ == "__main__":
    main(sys.argv[1:])
