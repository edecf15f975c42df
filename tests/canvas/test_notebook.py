"""Through a real kernel: what a cell's output holds in the end."""

import base64
import io

import numpy as np
import pytest
from PIL import Image as Picture

nbformat = pytest.importorskip("nbformat")
nbclient = pytest.importorskip("nbclient")
pytest.importorskip("ipykernel")

SETUP = """
import time
from introspect.canvas import Canvas
canvas = Canvas()
def train(steps, fail=None):
    for step in range(1, steps):
        with canvas:
            canvas.draw_plot([1 / (1 + i) for i in range(step)], labels="loss", title="Loss")
        if step == fail:
            raise KeyboardInterrupt
        time.sleep(0.002)
"""

LEFT_BEHIND = """
import sys
"matplotlib.pyplot" in sys.modules, len(get_ipython().events.callbacks["post_run_cell"])
"""


@pytest.fixture(scope="module")
def cells(tmp_path_factory):
    sources = [
        SETUP,
        "train(200)",
        "train(100)",
        "train(100, fail=60)",
        "canvas",
        "canvas.draw_plot([1.0, 7.0]); canvas.draw_plot([1.0, 8.0])",
        LEFT_BEHIND,
    ]
    book = nbformat.v4.new_notebook()
    book.cells = [nbformat.v4.new_code_cell(source) for source in sources]
    client = nbclient.NotebookClient(
        book,
        timeout=120,
        allow_errors=True,
        resources={"metadata": {"path": str(tmp_path_factory.mktemp("notebook"))}},
    )
    client.execute()
    return book.cells


def pictures(cell):
    return [output for output in cell.outputs if output.output_type == "display_data"]


def test_a_cell_holds_one_picture_and_it_is_the_last(cells):
    (output,) = pictures(cells[1])
    assert output.data["text/plain"] == "step 198   loss 0.00503"
    with Picture.open(io.BytesIO(base64.b64decode(output.data["image/png"]))) as picture:
        assert picture.width == 2 * output.metadata["image/png"]["width"] == 1920
        assert len(np.unique(np.asarray(picture.convert("L")))) > 20


def test_a_later_cell_gets_a_picture_of_its_own_and_leaves_the_first_alone(cells):
    (output,) = pictures(cells[2])
    assert output.data["text/plain"] == "step 98   loss 0.0101"


def test_an_interrupted_cell_shows_the_frame_that_was_held_back(cells):
    (output,) = pictures(cells[3])
    assert output.data["text/plain"] == "step 59   loss 0.0167"
    assert any(out.output_type == "error" for out in cells[3].outputs)


def test_a_canvas_at_the_end_of_a_cell_is_its_picture(cells):
    (output,) = cells[4].outputs
    assert output.output_type == "execute_result"
    assert "image/png" in output.data


def test_two_calls_outside_of_with_leave_the_last(cells):
    (output,) = pictures(cells[5])
    assert output.data["text/plain"].endswith("8.00")


def test_neither_pyplot_nor_a_listener_is_left_behind(cells):
    pyplot, listeners = eval(cells[6].outputs[0].data["text/plain"])  # noqa: S307  our own tuple
    assert not pyplot
    assert listeners <= 1  # ipykernel's own, if any
