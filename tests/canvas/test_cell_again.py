"""A cell that is run fifty times, in a real kernel."""

import pytest

nbformat = pytest.importorskip("nbformat")
nbclient = pytest.importorskip("nbclient")
pytest.importorskip("ipykernel")

CELL = """
from introspect.canvas import Canvas
first, second = Canvas(backend="notebook", width_in=4), Canvas(backend="notebook", width_in=4)
for step in range(3):
    with first:
        first.draw_plot([1.0, 2.0, float(step)], title="Loss")
    with second:
        second.draw_bar({"a": 1.0, "b": float(step)}, title="Right")
"""
LEFT = """
import gc, sys, threading
del first, second
gc.collect()
from introspect.canvas import Canvas as Kind
(
    threading.active_count(),
    len(get_ipython().events.callbacks["post_run_cell"]),
    sum(isinstance(thing, Kind) for thing in gc.get_objects()),
    "matplotlib.pyplot" in sys.modules,
)
"""


@pytest.mark.slow
def test_a_cell_run_fifty_times_leaves_no_thread_listener_or_canvas(tmp_path):
    book = nbformat.v4.new_notebook()
    sources = [CELL, LEFT, *[CELL] * 49, LEFT]
    book.cells = [nbformat.v4.new_code_cell(source) for source in sources]
    resources = {"metadata": {"path": str(tmp_path)}}
    nbclient.NotebookClient(book, timeout=300, resources=resources).execute()
    once = eval(book.cells[1].outputs[-1].data["text/plain"])  # noqa: S307  our own tuple
    often = eval(book.cells[-1].outputs[-1].data["text/plain"])  # noqa: S307  same
    assert often == once
    assert once[2:] == (0, False)


def test_two_canvases_in_one_cell_have_a_picture_each(tmp_path):
    book = nbformat.v4.new_notebook()
    book.cells = [nbformat.v4.new_code_cell(CELL)]
    resources = {"metadata": {"path": str(tmp_path)}}
    nbclient.NotebookClient(book, timeout=300, resources=resources).execute()
    shown = [o for o in book.cells[0].outputs if o.output_type == "display_data"]
    assert len(shown) == 2
    assert "step 2" in shown[0].data["text/plain"]
