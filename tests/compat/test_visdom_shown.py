"""Where windows are seen: a page with a browser's questions, and the cells of a real kernel."""

import json
import subprocess
import sys
import threading
import time
import urllib.request
import warnings

import pytest

from introspect.compat.visdom import Visdom, board
from introspect.compat.visdom.stage import Wall, _Envs
from introspect.errors import IntrospectWarning


@pytest.fixture
def make(monkeypatch, tmp_path):
    made = []
    monkeypatch.setattr(board, "_BOARDS", {})
    monkeypatch.chdir(tmp_path)

    def client(**options):
        made.append(Visdom(**options))
        return made[-1]

    yield client
    for one in made:
        if one.page is not None:
            one.page.close()


# The page -----------------------------------------------------------------------------------


def test_the_first_window_opens_a_page_and_tells_its_address(make, capsys):
    pytest.importorskip("starlette", reason="the extra page is not installed")
    vis = make()
    assert vis.page is None
    vis.text("hello", win="w")
    browser = urllib.request.build_opener(urllib.request.HTTPCookieProcessor())
    with browser.open(vis.page.url, timeout=20) as answer:
        assert b"visdom" in answer.read()
    told = capsys.readouterr().err
    assert vis.page.url in told
    assert "Visdom(run='runs/visdom') keeps what was drawn" in told
    page = vis.page
    make(env="other").text("there", win="w")
    assert vis.page is page
    assert capsys.readouterr().err == ""


def test_a_port_that_is_taken_gives_way_to_a_free_one(make):
    pytest.importorskip("starlette", reason="the extra page is not installed")
    first = make(server="localhost", port=0)
    first.text("a")
    second = make(server="localhost", port=first.page.port)
    second.text("b")
    assert second.page.is_open
    assert second.page.port != first.page.port


def test_offline_send_false_and_page_false_show_nothing(make, tmp_path):
    options = ({"offline": True, "log_to_filename": tmp_path / "log"}, {"send": False})
    for port, more in enumerate([*options, {"page": False}]):
        vis = make(port=port, **more)
        vis.text("a", win="w")
        assert vis.page is None


def test_without_the_extra_windows_are_kept_and_it_is_said_once(make, monkeypatch):
    monkeypatch.setitem(sys.modules, "introspect.canvas.page.app", None)
    vis = make()
    with pytest.warns(IntrospectWarning, match=r"torch-introspect\[page\]"):
        vis.text("a", win="w")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        vis.text("b", win="w")
    assert vis.canvas().panels[0].data == ["b"]


def test_a_browser_chooses_environments_and_searches_titles(make):
    vis = make(page=False)
    vis.text("a", win="one", opts={"title": "Loss"})
    vis.text("b", win="two", env="exp", opts={"title": "Accuracy"})
    source = _Envs(vis._board, Wall(vis._board))
    contents = source.contents()
    assert json.loads(json.dumps(contents)) == contents
    assert [(run["name"], run["state"]) for run in contents["runs"]] == [
        ("main", "1 window"),
        ("exp", "1 window"),
    ]
    assert contents["newest"] == "exp"

    def titles(**wish):
        return [panel.title for panel in source.panels(wish)]

    assert titles() == ["Accuracy"]
    assert titles(runs=["main"]) == ["Loss"]
    assert titles(runs=["main", "exp", "gone"]) == ["main: Loss", "exp: Accuracy"]
    assert titles(runs=["main", "exp"], search="accu") == ["exp: Accuracy"]
    assert titles(runs="nonsense", search="zzz") == [""]


def test_a_panel_is_made_anew_only_when_it_changed_and_is_due(make):
    vis = make(page=False)
    vis.text("one", win="w")
    wall = Wall(vis._board)
    (first,) = wall.panels("main", must_be_new=False)
    assert wall.panels("main")[0] is first
    vis.text("two", win="w")
    assert wall.panels("main", must_be_new=False)[0] is first
    assert wall.panels("main")[0].data == ["two"]
    vis.text("three", win="w")
    time.sleep(0.15)
    assert wall.panels("main", must_be_new=False)[0].data == ["three"]


def test_a_training_thread_and_a_browser_do_not_disturb_each_other(make):
    vis = make(page=False)
    vis.line([0.0], X=[0], win="w")
    faults = []

    def train():
        try:
            for step in range(1, 400):
                vis.line([float(step)], X=[step], win="w", update="append")
        except Exception as fault:  # noqa: BLE001  told by the test
            faults.append(fault)

    thread = threading.Thread(target=train)
    thread.start()
    sizes = []
    while thread.is_alive():
        (panel,) = vis.canvas().panels
        sizes.append(len(panel.series[0].values))
        assert len(panel.series[0].steps) == sizes[-1]
    thread.join()
    assert not faults
    assert sizes == sorted(sizes)
    assert vis.canvas().panels[0].series[0].values.tolist() == list(range(400))


def test_importing_the_client_loads_neither_matplotlib_nor_torch():
    code = (
        "import sys, introspect.compat.visdom as v; vis = v.Visdom(page=False); "
        "vis.line([1.0, 2.0], win='w'); vis.text('a'); "
        "print([name for name in ('matplotlib', 'torch', 'IPython', 'starlette') "
        "if name in sys.modules])"
    )
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert told.stdout.strip() == "[]"


# Notebooks ----------------------------------------------------------------------------------

CELLS = [
    "from introspect.compat.visdom import Visdom\nvis = Visdom()\nvis.text('quiet', win='old')",
    """for step in range(50):
    vis.line([1 / (1 + step)], X=[step], win='loss', update='append')
    vis.line([step, step + 1], win='marked', opts={'markers': True})""",
    "vis.text('a', win='a'); vis.text('b', win='b', env='other')",
    "vis.text('before', win='c')\n1 / 0",
    "1 + 1",
    "vis",
    "len(get_ipython().events.callbacks['post_run_cell'])",
]


@pytest.fixture(scope="module")
def cells(tmp_path_factory):
    nbformat = pytest.importorskip("nbformat", reason="nbformat is not installed")
    nbclient = pytest.importorskip("nbclient", reason="nbclient is not installed")
    pytest.importorskip("ipykernel", reason="ipykernel is not installed")
    book = nbformat.v4.new_notebook()
    book.cells = [nbformat.v4.new_code_cell(source) for source in CELLS]
    place = {"metadata": {"path": str(tmp_path_factory.mktemp("notebook"))}}
    nbclient.NotebookClient(book, timeout=120, allow_errors=True, resources=place).execute()
    return book.cells


def shown(cell):
    return [out for out in cell.outputs if out.output_type == "display_data"]


def test_a_cell_shows_the_windows_that_it_touched_as_they_are_in_the_end(cells):
    (output,) = shown(cells[1])
    assert (
        output.data["text/plain"] == "step 49   loss 0.0200" or "0.02" in output.data["text/plain"]
    )
    assert "image/png" in output.data
    (first,) = shown(cells[0])
    assert "image/png" in first.data


def test_each_environment_is_an_output_of_its_own(cells):
    assert len(shown(cells[2])) == 2


def test_a_cell_that_fails_shows_what_it_drew(cells):
    assert len(shown(cells[3])) == 1
    assert any(out.output_type == "error" for out in cells[3].outputs)


def test_a_cell_that_draws_nothing_shows_nothing(cells):
    assert not shown(cells[4])


def test_the_client_at_the_end_of_a_cell_is_all_its_windows(cells):
    (output,) = cells[5].outputs
    assert "image/png" in output.data


def test_nothing_is_left_behind_at_the_end_of_a_cell(cells):
    (output,) = cells[6].outputs
    assert int(output.data["text/plain"]) <= 1
