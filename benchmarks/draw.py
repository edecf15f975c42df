"""What drawing costs: introspect beside Graphviz's dot, on the same boxes and words.

    python benchmarks/draw.py [--repeats 5] [--full]

CPU time from the outline to the file's bytes, medians, the two interleaved. Each run is
a process of its own; ours is timed inside it without its imports but with the font tables
that a first picture loads, dot's includes its start. dot gets the same nested boxes, the
same words in them and on the edges, and no strips, badges or legend. Then the crossings in
both. `--full` lets dot take its minutes for 20,000 boxes. Needs `dot`; ResNet-50 and the models
whose crossings are counted need torchvision.
"""

import argparse
import json
import resource
import shutil
import statistics
import subprocess
import tempfile
import time
import warnings
from collections.abc import Callable
from functools import partial
from pathlib import Path

import own_process
from draw_crossings import crossings, dot_lines, our_lines
from draw_graphs import SIZES, to_dot, transformer

from introspect.graph.formats.pdf import to_pdf
from introspect.graph.formats.png import to_png
from introspect.graph.formats.svg import to_svg
from introspect.graph.layout import layout, place
from introspect.graph.outline import Outline, outline
from introspect.theme import GRAPH_THEMES

ROWS: tuple[tuple[str, str, float | None], ...] = (  # graph, format, goal as a multiple of dot
    ("resnet50", "svg", 0.5),
    ("resnet50 folded", "svg", None),
    ("resnet50", "png", 3.0),
    ("1k", "svg", None),
    ("1k", "pdf", 0.2),
    ("5k", "svg", 0.2),
    ("5k no memo", "svg", 1.0),
    ("20k", "svg", 0.02),
)
LIMIT_S, FULL_LIMIT_S = 60, 900
CROSSING_MODELS = ("resnet50", "googlenet", "densenet121", "inception_v3", "swin_t", "vit_b_16")
DOT_DPI = 96  # what dot gives a PNG: equal pixels an inch, though not equal pages
MOST_CROSSINGS = 1.1  # of dot's


def named_outline(name: str) -> Outline:
    """An outline by its name in the tables."""
    word, _, extra = name.partition(" ")
    if word in SIZES:
        return transformer(*SIZES[word])
    return _torchvision_outline(word, folded=bool(extra))


def _torchvision_outline(name: str, *, folded: bool) -> Outline:
    import torch
    from torchvision import models

    import introspect

    inception = {"googlenet", "inception_v3"}
    options = {"init_weights": False, "aux_logits": False} if name in inception else {}
    size = 299 if name == "inception_v3" else 224
    graph = introspect.trace(
        getattr(models, name)(weights=None, **options).eval(), torch.zeros(1, 3, size, size)
    )
    return outline(graph) if folded else outline(graph, depth="all", fold=False)


def our_ms(name: str, suffix: str) -> float:
    """Milliseconds from the outline to the bytes of the file, in this process."""
    drawn, theme = named_outline(name), GRAPH_THEMES["light"]
    paint: dict[str, Callable[..., object]] = {
        "svg": to_svg,
        "pdf": to_pdf,
        "png": partial(to_png, dpi=DOT_DPI),
    }
    start = time.process_time()
    paint[suffix](layout(drawn, memo="no memo" not in name), theme)
    return (time.process_time() - start) * 1e3


def dot_ms(source: Path, suffix: str, limit_s: float) -> float:
    """CPU milliseconds of `dot`, or infinity if it takes longer than the limit."""
    start = _children_s()
    try:
        subprocess.run(
            [_dot(), f"-T{suffix}", str(source), "-o", f"{source}.{suffix}"],
            check=True,
            capture_output=True,
            timeout=limit_s,
        )
    except subprocess.TimeoutExpired:
        return float("inf")
    return (_children_s() - start) * 1e3


def _children_s() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _dot() -> str:
    found = shutil.which("dot")
    if found is None:
        raise RuntimeError("Graphviz's dot is not installed")
    return found


def speed_row(name: str, suffix: str, goal: float | None, options: argparse.Namespace) -> str:
    """One line of the table."""
    ours, theirs = [], []
    limit_s = FULL_LIMIT_S if options.full else LIMIT_S
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder) / "graph.dot"
        source.write_text(own_process.measure(__file__, "--dot", name), encoding="utf-8")
        for _ in range(options.repeats):
            ours.append(own_process.measure(__file__, "--ours", name, "--suffix", suffix))
            if not theirs or theirs[-1] < 1e4:  # what takes so long is measured once
                theirs.append(dot_ms(source, suffix, limit_s))
    our, dot = statistics.median(ours), statistics.median(theirs)
    ratio = f"{our / dot:.3f}" if dot < float("inf") else f"< {our / limit_s / 1e3:.3f}"
    told = f"{dot:.0f}" if dot < float("inf") else f"> {limit_s * 1000}"
    return f"| {name}, {suffix} | {our:.0f} | {told} | {ratio} | {goal or ''} |"


def crossing_row(name: str) -> str:
    """Crossings in our picture and in dot's, of the same outline."""
    drawn = named_outline(name)
    ours = crossings(our_lines(place(drawn)))
    done = subprocess.run(
        [_dot(), "-Tplain"], input=to_dot(drawn), capture_output=True, text=True, check=True
    )
    return f"| {name} | {ours} | {crossings(dot_lines(done.stdout))} |"


def main() -> None:
    """Print both tables."""
    warnings.simplefilter("ignore")
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--full", action="store_true", help="let dot finish on 20,000 boxes")
    for hidden in ("--ours", "--suffix", "--dot", "--crossings"):
        parser.add_argument(hidden, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.ours:
        print(json.dumps(our_ms(options.ours, options.suffix)))
    elif options.dot:
        print(json.dumps(to_dot(named_outline(options.dot))))
    elif options.crossings:
        print(json.dumps(crossing_row(options.crossings)))
    else:
        print("| graph | introspect, ms | dot, ms | x dot | goal |\n|---|---:|---:|---:|---:|")
        for name, suffix, goal in ROWS:
            _print_row(partial(speed_row, name, suffix, goal, options), name)
        print(f"\nCrossings (goal: {MOST_CROSSINGS} x dot's)\n")
        print("| graph | introspect | dot |\n|---|---:|---:|")
        folded = [f"{name} folded" for name in CROSSING_MODELS]
        for name in ("1k", *CROSSING_MODELS, *folded):
            _print_row(partial(own_process.measure, __file__, "--crossings", name), name)


def _print_row(row: Callable[[], str], name: str) -> None:
    try:
        print(row(), flush=True)
    except RuntimeError as error:
        print(f"| {name} | failed: {str(error).splitlines()[-1][:60]} |", flush=True)


if __name__ == "__main__":
    main()
