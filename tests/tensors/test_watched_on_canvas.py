"""What a watch wrote, live on a canvas, on the page's panels, and added up over ranks."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from introspect import theme
from introspect.canvas import Canvas
from introspect.canvas.automatic import panels_of
from introspect.canvas.octaves import octave_shares, octaves_of, reach, reach_of
from introspect.canvas.ridges import magnitudes_view
from introspect.canvas.shots import shots_of
from introspect.canvas.sources import histogram_panel
from introspect.canvas.sources_media import MOST_LAYERS, magnitudes_panel, ridge_panel
from introspect.errors import CanvasError
from introspect.history import History
from introspect.nouns.sketch import Sketch
from introspect.nouns.watched import BESIDE, KINDS, in_order, is_beside, is_watched
from introspect.tensors import compare_histograms, health, watch


@pytest.fixture(scope="module")
def watched():
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(20, 30), nn.Tanh(), nn.Linear(30, 5), nn.ReLU())
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    history = History()
    with watch(model, optimizer, history, every=1, spectra=2):
        for step in range(6):
            optimizer.zero_grad()
            loss = model(torch.randn(64, 20)).square().mean()
            loss.backward()
            history.log(step, loss=loss)
            optimizer.step()
    return history


def panel_of(source, layers=None):
    return magnitudes_panel(source, layers=layers, kinds=KINDS, title="")


def test_every_key_of_a_watch_is_a_tensor_or_something_beside_one(watched):
    keys = [key for key in watched.keys() if key.partition("/")[0] in KINDS]  # noqa: SIM118
    tensors = {key for key in keys if is_watched(key)}
    assert tensors == {key for key in keys if isinstance(watched[key].last, Sketch)}
    assert {key for key in keys if is_beside(key)} == set(keys) - tensors
    assert {key.rpartition("/")[2] for key in set(keys) - tensors} <= BESIDE


_SOME = st.frozensets(st.sampled_from("abcdefgh"))


@given(st.permutations("abcdefgh"), st.tuples(_SOME, _SOME, _SOME))
def test_lists_that_agree_keep_their_order_in_one(names, chosen):
    lists = [[name for name in names if name in some] for some in chosen]
    found = in_order(*lists)
    assert sorted(found) == sorted(set().union(*lists))
    for one in lists[:2]:  # a third can be torn between two that share nothing
        assert [name for name in found if name in one] == one


def test_magnitudes_have_a_row_for_each_layer_in_the_order_of_the_model(watched):
    panel = panel_of(watched)
    assert panel.rows == ("0", "1", "2", "3")
    assert panel.columns == KINDS
    holes = [[cell is None for cell in row] for row in panel.cells]
    assert holes[0] == [False] * 4
    assert holes[1] == [True, True, True, False], "a unit has outputs alone"


def test_a_watch_is_as_good_as_its_history():
    model = nn.Linear(3, 2)
    with watch(model, every=1) as watching:
        watching.step(0)
    assert panel_of(watching).rows == ("weight",)
    with pytest.raises(CanvasError, match="nothing was watched"):
        panel_of(History())


def test_a_deep_network_shows_its_weights_evenly():
    history = History()
    deep = {f"weights/{place}.weight": Sketch.of([1.0]) for place in range(0, 200, 2)}
    deep |= {f"activations/{place}": Sketch.of([1.0]) for place in range(200)}
    history.log(0, **deep)
    rows = panel_of(history).rows
    assert len(rows) == MOST_LAYERS
    assert rows[0] == "0"
    assert rows[-1] == "198"
    assert all(int(row) % 2 == 0 for row in rows)
    assert panel_of(history, layers=["7", "2.weight"]).rows == ("7", "2")


def test_what_is_lost_is_a_red_strip_and_words():
    history = History()
    for step in range(4):
        broken = [np.nan, 1.0] if step > 1 else [2.0, 1.0]
        history.log(step, **{"weights/a.weight": Sketch.of(broken)})
    panel = panel_of(history)
    cell = magnitudes_view(panel).cells[0][0]
    assert cell.lost == (False, False, True, True)
    assert cell.broken == 0.5
    canvas = Canvas()
    with canvas:
        canvas.draw_magnitudes(history)
    ax = canvas.figure.axes[0]
    bad = theme.color("bad", "light")
    strips = [p for p in ax.patches if p.get_facecolor() == pytest.approx(_rgba(bad))]
    assert len(strips) == 2
    assert "not finite 50%" in [text.get_text() for text in ax.texts]
    meta, arrays = shots_of(panel).shot(3)
    assert meta["lost"] == [[[2, 3]]]
    assert meta["broken"] == [[0.5]]
    assert arrays["0.0"].shape[1] == 4


def _rgba(color):
    from matplotlib.colors import to_rgba

    return to_rgba(color)


@given(st.integers(0, 2**32 - 1), st.sampled_from([100, 1999, 5000]))
def test_octaves_of_sketches_are_those_of_the_numbers(seed, size):
    rng = np.random.default_rng(seed)
    values = (rng.standard_normal(size) * 10.0 ** rng.integers(-6, 4)).astype(np.float32)
    values[: size // 4] = 0.0
    sketch, exact = Sketch.of(values, bits=7), values.astype(np.float64)
    assert np.allclose(octave_shares(sketch, -60, 40), octaves_of(exact, -60, 40), atol=0.03)
    assert reach(sketch) == pytest.approx(reach_of(exact), abs=0.1)
    assert octaves_of(exact, -200, 100).sum() == pytest.approx(np.mean(values != 0))


def test_nothing_finite_has_no_octaves():
    lost = np.array([np.nan, np.inf])
    assert not octaves_of(lost, -4, 4).any()
    assert not octave_shares(Sketch.of(lost), -4, 4).any()
    assert reach_of(lost) is None
    assert reach(Sketch.of([0.0])) is None


def test_a_histogram_over_all_steps_begins_at_the_first(watched):
    metric = watched["weights/0.weight"]
    last = histogram_panel(metric, title="", limit=3)
    every = histogram_panel(metric, title="", limit=3, over="all")
    assert last.data[-last.limit :].tolist() == metric.data[-3:].tolist()
    assert every.steps.tolist() == [0, 2, 5]
    assert every.data[0] is metric.data[0]
    one = histogram_panel(metric, title="", limit=1, over="all")
    assert one.steps.tolist() == metric.steps[-1:].tolist()
    with pytest.raises(CanvasError, match='over="last" or "all"'):
        histogram_panel(metric, title="", over="first")


def test_a_watched_run_is_shown_by_its_layers_and_not_by_its_numbers(watched):
    titles = [panel.title for panel in panels_of(watched)]
    assert titles[:2] == ["", "loss"]
    charts = ["Magnitudes", "Update to weight", "Gradient norm"]
    assert [title for title in titles if title in charts] == charts
    assert "weights/0.weight" in titles
    assert not any(title.endswith("/norm") for title in titles)
    assert "NaN in weights" not in titles, "there are none"
    found = [panel.title for panel in panels_of(watched, search="weights/0 norm")]
    assert "weights/0.weight/norm" in found
    assert "weights/0.weight/nan" not in found


@pytest.fixture
def of_two_ranks(tmp_path, monkeypatch):
    """A run of two ranks, each of which has half of a weight; and the whole."""
    rng = np.random.default_rng(0)
    halves = [rng.standard_normal((3, 3000)) * (rank + 1) for rank in range(2)]
    for rank in range(2):
        monkeypatch.setenv("RANK", str(rank))
        monkeypatch.setenv("WORLD_SIZE", "2")
        with History(tmp_path) as history:
            for step in range(3):
                history.log(step, **{"weights/a.weight": Sketch.of(halves[rank][step])})
    return History.open(tmp_path), np.concatenate(halves, axis=1)


def test_comparisons_are_of_all_ranks(of_two_ranks):
    history, whole = of_two_ranks
    table = compare_histograms(history, "weights/*").table
    assert table.column("n") == [6000] * 3
    assert table.column("std") == pytest.approx(whole.std(axis=1).tolist())
    assert compare_histograms(history, "weights/a.weight").table.column("n") == [6000] * 3


def test_panels_are_of_all_ranks(of_two_ranks):
    history, whole = of_two_ranks
    metric = history["weights/a.weight"]
    assert [sketch.n for sketch in histogram_panel(metric, title="").data] == [6000] * 3
    assert [s.n for s in ridge_panel(metric, kind="ridge", limit=None, title="").data] == [6000] * 3
    heights = magnitudes_view(panel_of(history)).cells[0][0].heights
    alone = {"weights/a.weight": Sketch.of(whole[-1])}
    other = History()
    other.log(2, **alone)
    expected = magnitudes_view(panel_of(other)).cells[0][0].heights[:, -1]
    assert expected.max() == 1.0
    assert heights.max() == 1.0


def test_health_sees_what_any_rank_has_lost(tmp_path, monkeypatch):
    for rank in range(2):
        monkeypatch.setenv("RANK", str(rank))
        monkeypatch.setenv("WORLD_SIZE", "2")
        with History(tmp_path) as history:
            for step in range(3):
                broken = np.nan if rank and step > 1 else 1.0
                history.log(
                    step,
                    **{
                        "weights/a.weight": Sketch.of([1.0, broken]),
                        "activations/act": Sketch.of([0.0, 1.0]),
                        "activations/act/dead": 1.0 - rank,
                    },
                )
    found = health(History.open(tmp_path))
    (lost,) = found.of("not finite")
    assert lost.step == 2
    assert "1 of 4 values" in lost.evidence
    assert not found.of("dead"), "a channel that lives on one rank is alive"


def test_several_watched_runs_stand_below_each_other_by_their_layers(watched):
    from introspect.viewer.together import together

    titles = [panel.title for panel in together({"one": watched, "two": watched})]
    assert titles[:2] == ["loss", "optimizer/lr"]
    shown = ["Magnitudes", "Update to weight", "Gradient norm"]
    assert titles[2:] == [f"{word}, {run}" for run in ("one", "two") for word in shown]
    found = [p.title for p in together({"one": watched, "two": watched}, search="0.weight norm")]
    assert "weights/0.weight/norm" in found
