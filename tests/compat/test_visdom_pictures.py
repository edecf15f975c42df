"""What windows look like: panels of ours where they can say it, pictures where they cannot."""

import io
import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from matplotlib.figure import Figure
from PIL import Image as Pillow

from introspect.compat import ignored
from introspect.compat.visdom import Visdom, board
from introspect.compat.visdom.painting.figures import drawn, known_kinds
from introspect.compat.visdom.painting.networks import placed
from introspect.compat.visdom.pixels import as_bytes
from introspect.errors import IntrospectWarning


@pytest.fixture
def vis(monkeypatch, tmp_path):
    monkeypatch.setattr(board, "_BOARDS", {})
    monkeypatch.chdir(tmp_path)
    ignored.forget()
    return Visdom(page=False)


def panel(vis, win):
    return vis.canvas(win=win).panels[0]


def kind(vis, win):
    return type(panel(vis, win)).__name__


def pixels(png):
    with Pillow.open(io.BytesIO(png)) as picture:
        return np.asarray(picture.convert("RGB")).astype(int)


def has_color(image, color):
    return (np.abs(image - color).max(axis=2) < 40).any()


# Panels of ours -----------------------------------------------------------------------------


def test_lines_over_whole_numbers_are_lines_over_steps(vis):
    vis.line(np.array([[3.0, 1.0], [2.0, 4.0]]), X=[5, 7], win="w", opts={"legend": ["a", "b"]})
    shown = panel(vis, "w")
    assert type(shown).__name__ == "LinePanel"
    assert [line.name for line in shown.series] == ["a", "b"]
    assert shown.series[1].steps.tolist() == [5, 7]
    assert shown.series[1].values.tolist() == [1.0, 4.0]
    assert shown.title == "w"


def test_lines_with_a_name_of_x_or_other_places_are_curves(vis):
    options = {"xlabel": "epoch", "ylabel": "loss", "ytype": "log", "ytickmin": 1, "ytickmax": 9}
    vis.line([3.0, 2.0], X=[1, 2], win="w", opts=options)
    shown = panel(vis, "w")
    assert (shown.xlabel, shown.ylabel, shown.log, shown.ylim) == ("epoch", "loss", "y", (1.0, 9.0))
    assert shown.curves[0].data[0].tolist() == [[1.0, 2.0], [3.0, 2.0]]
    assert shown.curves[0].name == ""
    vis.line([3.0, 2.0, 1.0], win="other")
    assert kind(vis, "other") == "CurvePanel"


def test_a_gap_in_a_line_stays_a_gap(vis):
    vis.line([1.0, float("nan"), 2.0], X=[0, 1, 2], win="w")
    assert panel(vis, "w").series[0].gaps.tolist() == [False, True, False]


def test_labelled_points_are_classes_with_names(vis):
    points = np.arange(8.0).reshape(4, 2)
    vis.scatter(points, [2, 1, 2, 1], win="w", opts={"legend": ["ant", "bee"], "xlabel": "size"})
    shown = panel(vis, "w")
    assert shown.class_names == ("ant", "bee")
    assert shown.data[0][shown.classes == 0].tolist() == points[[1, 3]].tolist()
    assert shown.ylabel == "size"
    vis.scatter(np.ones((2, 3)), win="3d", opts={"markersize": 4})
    assert panel(vis, "3d").dimensions == 3
    assert panel(vis, "3d").classes is None


def test_stalks_are_found_again(vis):
    vis.stem([3.0, -1.0], [10.0, 20.0], win="w")
    shown = panel(vis, "w")
    assert type(shown).__name__ == "StemPanel"
    assert (shown.positions.tolist(), shown.data[0].tolist()) == ([10.0, 20.0], [3.0, -1.0])


def test_a_heat_map_begins_at_the_bottom_as_visdoms_does(vis):
    vis.heatmap([[1, 2], [3, 4]], win="w", opts={"rownames": ["low", "high"], "xmin": 0})
    shown = panel(vis, "w")
    assert shown.data[0].tolist() == [[3.0, 4.0], [1.0, 2.0]]
    assert shown.row_names == ("high", "low")
    assert (shown.cmap, shown.limits) == ("viridis", (0.0, None))
    vis.heatmap(np.ones((40, 4)), win="large")
    assert kind(vis, "large") == "FigurePanel"


def test_counts_of_a_classifier_are_a_confusion_matrix_and_shares_a_picture(vis):
    vis.confusion_matrix(["a", "b", "b"], ["a", "a", "b"], win="w")
    shown = panel(vis, "w")
    assert type(shown).__name__ == "ConfusionPanel"
    assert (shown.data[0].tolist(), shown.names) == ([[1, 0], [1, 1]], ("a", "b"))
    vis.confusion_matrix(cm=np.eye(2, dtype=int), normalize="true", win="shares")
    assert kind(vis, "shares") == "FigurePanel"


def test_rates_have_their_diagonal_and_their_level(vis):
    truth, scores = [0, 1, 1, 0], [0.1, 0.9, 0.4, 0.5]
    vis.roc_curve(truth, scores, win="roc")
    vis.pr_curve(truth, scores, win="pr")
    assert panel(vis, "roc").kind == "roc"
    assert panel(vis, "roc").title == "ROC Curve (AUC=0.7500)"
    (level,) = panel(vis, "pr").baselines
    assert (level.name, level.value) == ("Baseline", 0.5)


def test_bars_are_bars_and_a_histogram_has_its_bins(vis):
    vis.bar(
        np.array([[1, 2], [3, 4]]), win="w", opts={"legend": ["a", "b"], "rownames": ["x", "y"]}
    )
    shown = panel(vis, "w")
    assert shown.names == ("x", "y")
    assert [(g.name, g.data[0].tolist()) for g in shown.groups] == [("a", [1, 3]), ("b", [2, 4])]
    vis.bar(np.ones((2, 2)), win="stacked", opts={"stacked": True})
    vis.histogram(np.random.default_rng(0).normal(size=99), win="histogram")
    assert kind(vis, "stacked") == kind(vis, "histogram") == "FigurePanel"
    vis.pie([1, 3], win="pie", opts={"legend": ["a", "b"]})
    assert (panel(vis, "pie").names, panel(vis, "pie").data[0].tolist()) == (("a", "b"), [1, 3])


def test_pictures_keep_their_pixels_and_captions(vis):
    picture = np.arange(12, dtype=np.uint8).reshape(3, 2, 2)
    vis.image(picture, win="w", opts={"caption": "four"})
    shown = panel(vis, "w").data[0]
    assert shown.pixels.tolist() == np.moveaxis(picture, 0, -1).tolist()
    assert shown.caption == "four"
    for level in (0.0, 0.5, 1.0):
        vis.image(np.full((2, 2), level), win="h", opts={"store_history": True})
    assert panel(vis, "h").steps.tolist() == [0, 1, 2]
    assert [image.pixels[0, 0] for image in panel(vis, "h").data] == [0, 127, 255]
    vis.image_select("h", 1)
    assert panel(vis, "h").title == "h 2/3"
    assert panel(vis, "h").data[0].pixels[0, 0] == 127
    vis.images(np.zeros((2, 1, 3, 3)), padding=0, win="tight")
    assert panel(vis, "tight").data[0].pixels.shape == (3, 6, 3)


def test_sounds_and_films_are_what_they_were(vis, tmp_path):
    vis.audio(
        np.array([0.0, 0.5, -0.25]), win="w", opts={"sample_frequency": 8000, "caption": "a&b"}
    )
    sound = panel(vis, "w").data[0]
    assert sound.samples.tolist() == [[0, 32767, -16383]]
    assert (sound.rate_hz, sound.caption) == (8000, "a&b")
    (tmp_path / "sound.wav").write_bytes(sound.to_wav())
    vis.audio(audiofile=tmp_path / "sound.wav", win="file")
    assert panel(vis, "file").data[0].samples.tolist() == sound.samples.tolist()
    frames = np.zeros((4, 8, 6, 3))
    frames[..., 0] = 1.0  # blue comes first
    vis.video(frames, win="film", opts={"fps": 10})
    film = panel(vis, "film").data[0]
    assert (film.fps, film.frames.shape) == (10.0, (4, 8, 6, 3))
    assert film.frames[0, 0, 0].tolist() == [0, 0, 255]
    vis.video(np.moveaxis(frames, 3, 1), dim="LxCxHxW", win="other")
    assert panel(vis, "other").data[0].frames.tolist() == film.frames.tolist()


def test_a_film_that_was_sent_as_a_file_is_decoded(vis, tmp_path):
    pytest.importorskip("av", reason="PyAV is not installed")
    frames = np.full((5, 16, 16, 3), 200, np.uint8)
    vis.video(frames, win="film")
    path = tmp_path / "film.mp4"
    path.write_bytes(panel(vis, "film").data[0].to_mp4())
    vis.video(videofile=path, win="file")
    shown = panel(vis, "file").data[0].frames
    assert shown.shape == (5, 16, 16, 3)
    assert np.abs(shown.astype(int) - 200).max() < 12
    vis.set_window_data(vis.get_window_data("film"), win="again")
    assert kind(vis, "again") == "VideoPanel"


def test_markup_goes_into_a_frame_and_words_stay_words(vis):
    vis.text("a<br>b &amp; c", win="words")
    assert panel(vis, "words").data == ["a\n\nb & c"]
    for markup in ("<b>bold</b>", "*no* emphasis", "# no head", "<script>alert(1)</script>"):
        vis.text(markup, win="w")
        assert kind(vis, "w") == "FramePanel"
        assert panel(vis, "w").data == [markup]
    vis.svg('<svg height="40"><script>x()</script></svg>', win="svg")
    assert kind(vis, "svg") == "FramePanel"
    vis.table(["a<b>", "n"], [["x", 1], ["y", None]], win="table")
    assert panel(vis, "table").data[0].rows == (("x", 1), ("y", None))
    vis.set_window_data(vis.get_window_data("table"), win="again")
    assert panel(vis, "again").data[0].columns == ("a<b>", "n")
    rows = [
        {"type": "text", "name": "Name", "value": "me"},
        {"type": "select", "name": "Colour", "value": 1, "values": ["red", "green"]},
    ]
    vis.properties(rows, win="settings")
    assert panel(vis, "settings").data[0].rows == (("Name", "me"), ("Colour", "green"))


def test_embeddings_keep_neighbours_together(vis):
    noise = np.random.default_rng(0).normal(size=(24, 6)) * 0.1
    labels = ["cat"] * 12 + ["dog"] * 12
    vis.embeddings(noise + np.repeat([[0.0], [9.0]], 12, 0), labels, win="w")
    shown = panel(vis, "w")
    assert shown.class_names == ("cat", "dog")
    cats, dogs = (shown.data[0][shown.classes == at] for at in (0, 1))
    apart = np.linalg.norm(cats.mean(axis=0) - dogs.mean(axis=0))
    assert apart > 2 * max(cats.std(), dogs.std(), 0.05)


# Pictures -----------------------------------------------------------------------------------


def test_chosen_colours_dashes_and_markers_are_drawn(vis):
    options = {"linecolor": np.array([[255, 0, 0], [0, 160, 0]]), "legend": ["a", "b"]}
    vis.line(np.array([[0.0, 3.0], [1.0, 2.0]]), win="w", opts=options)
    picture = panel(vis, "w").data[0]
    image = pixels(picture.png)
    assert image.shape[:2] == (2 * picture.height_px, 2 * picture.width_px)
    assert has_color(image, [255, 0, 0])
    assert has_color(image, [0, 160, 0])
    for options in ({"markers": True}, {"dash": np.array(["dot", "dash"])}, {"fillarea": True}):
        vis.line(np.ones((3, 2)), win="w", opts=options)
        assert kind(vis, "w") == "FigurePanel"
    vis.scatter(np.ones((2, 2)), win="w", opts={"markercolor": np.array([[0, 0, 255]] * 2)})
    assert has_color(pixels(panel(vis, "w").data[0].png), [0, 0, 255])


def test_the_size_that_is_asked_for_is_the_size_of_a_picture(vis):
    vis.boxplot([1.0, 2.0], win="w", opts={"width": 440, "height": 330})
    picture = panel(vis, "w").data[0]
    assert (picture.width_px, picture.height_px) == (440, 330)
    vis.graph([(0, 1)], opts={"width": 220, "height": 330}, win="graph")
    assert panel(vis, "graph").data[0].height_px == 330
    vis.line([1.0, 2.0], win="line", opts={"width": 300})
    with pytest.warns(IntrospectWarning, match="visdom opts does not heed: width, height"):
        assert kind(vis, "line") == "LinePanel"


def test_what_matplotlib_drew_is_shown_as_it_is(vis):
    figure = Figure(figsize=(3, 2))
    figure.add_subplot().fill_between([0, 1], [1, 1], color="red")
    vis.matplot(figure, win="w")
    picture = panel(vis, "w").data[0]
    assert (picture.width_px, picture.height_px) == (330, 220)
    assert has_color(pixels(picture.png), [255, 0, 0])
    vis.matplot(figure.axes[0], win="axes", opts={"resizable": True})
    assert '"<svg' in vis.get_window_data("axes").replace("\\", "")
    assert "height=" not in vis.get_window_data("axes").split(">")[0]


EVERY = {
    "scatter": {"x": [0, 1, None], "y": [1.0, 2.0, 3.0], "fill": "tozeroy", "text": "t"},
    "scattergl": {"x": ["a", "b"], "y": [1, 2], "mode": "markers+text", "text": ["p", "q"]},
    "scatter3d": {"x": [0, 1], "y": [0, 1], "z": [0, 1], "marker": {"color": [1, 2]}},
    "bar": {"x": ["a", "b"], "y": [1, -2], "orientation": "v", "marker": {"color": "red"}},
    "histogram": {"x": [1.0, 1.5, 3.0, 9.0]},
    "box": {"y": [1, 2, None, 40], "name": "a"},
    "violin": {"x": [1, 2, 4], "points": "outliers", "box": {"visible": True}},
    "heatmap": {"z": [[1, None], [2, 3]], "x": [0.5, 1.5], "y": ["a", "b"]},
    "contour": {"z": [[0, 1, 2], [1, 2, 3]]},
    "histogram2d": {"x": [0, 1, 2, 2], "y": [0, 1, 1, 2], "histnorm": "probability"},
    "surface": {"z": [[0, 1], [2, None]], "colorscale": [[0, "red"], [1, "rgb(0, 0, 255)"]]},
    "mesh": {"x": [0, 1, 2], "y": [0, 1, 0], "i": [0, 1], "j": [1, 2]},
    "mesh3d": {"x": [0, 1, 0, 0], "y": [0, 0, 1, 0], "z": [0, 0, 0, 1], "color": "green"},
    "pie": {"values": [1, 2], "labels": ["a", "b"], "hole": 0.4},
    "sunburst": {"labels": ["all", "a", "b"], "parents": ["", "all", "all"], "values": [0, 1, 2]},
    "sankey": {"link": {"source": [0, 1, 2], "target": [1, 2, 0], "value": [1, 2, 1]}},
    "parcoords": {"dimensions": [{"values": [1, 2]}, {"values": [3, 3], "label": "b"}]},
}


@pytest.mark.parametrize("name", EVERY)
def test_every_kind_of_trace_can_be_drawn(name):
    image = pixels(drawn([{"type": name, **EVERY[name]}], {}).png)
    assert (image[0, 0] > 200).all()
    assert (image.min(axis=2) < 190).mean() > 0.001


def test_a_dark_picture_is_dark():
    image = pixels(drawn([{"type": "box", "y": [1, 2]}], {}, mode="dark").png)
    assert (image[0, 0] < 40).all()
    assert (image.max(axis=2) > 120).mean() > 0.001


def test_every_kind_that_is_known_is_tried():
    assert set(known_kinds()) - {"histogram2dcontour"} == set(EVERY)


def test_empty_and_broken_traces_hide_no_other_window(vis):
    for at, (name, whole) in enumerate(EVERY.items()):
        column = next(iter(whole))
        trace = ({}, whole | {column: []}, whole | {column: None})[at % 3]
        content = {"data": [{"type": name, **trace}], "layout": {}}
        vis.set_window_data({"type": "plot", "title": name, "content": content}, win=name)
    assert [one.title for one in vis.canvas().panels] == list(EVERY)


def test_a_window_that_cannot_be_drawn_says_why_and_hides_no_other(vis):
    vis.text("words", win="good")
    vis.set_window_data({"type": "plot", "content": {"data": 3, "layout": {}}}, win="bad")
    with pytest.warns(IntrospectWarning, match="candlestick"):
        vis.plotlyplot({"data": [{"type": "candlestick"}]}, win="odd")
    kinds = [type(one).__name__ for one in vis.canvas().panels]
    assert kinds == ["TextPanel", "MessagePanel", "MessagePanel"]
    assert "candlestick" in vis.canvas().panels[2].message


def test_plotly_figures_are_redrawn_from_dicts_json_and_packed_arrays(vis, tmp_path):
    bars = {"data": [{"type": "bar", "x": ["a", "b"], "y": np.array([1, 2])}], "layout": {}}
    vis.plotlyplot(bars, win="bar")
    assert panel(vis, "bar").groups[0].data[0].tolist() == [1.0, 2.0]
    packed = {"dtype": "f8", "bdata": "AAAAAAAA8D8AAAAAAAAAQA=="}  # 1.0, 2.0
    line = {"type": "scatter", "mode": "lines", "x": [1, 2], "y": packed}
    layout = {"title": {"text": "<b>Loss</b>"}, "xaxis": {"title": {"text": "n"}}}
    vis.plotlyplot({"data": [line], "layout": layout}, win="line", save_path=tmp_path / "line.png")
    assert panel(vis, "line").title == "Loss"
    assert panel(vis, "line").curves[0].data[0].tolist() == [[1.0, 2.0], [1.0, 2.0]]
    assert pixels((tmp_path / "line.png").read_bytes()).std() > 1
    vis.plotlyplot('{"data": [{"type": "heatmap", "z": [[1, 2]]}]}', win="heat")
    assert kind(vis, "heat") == "HeatmapPanel"


@given(
    st.lists(
        st.one_of(st.none(), st.floats(allow_nan=True), st.integers(-9, 9), st.text(max_size=3)),
        max_size=6,
    ),
    st.sampled_from(["lines", "markers", "lines+markers+text", None]),
    st.sampled_from(["scatter", "bar", "box", "pie", "heatmap", "scatter3d"]),
)
@settings(max_examples=15, deadline=None)
def test_no_content_of_a_window_ends_a_training(values, mode, name):
    vis = Visdom(page=False, server="http://localhost:2/hostile")
    trace = {"type": name, "x": values, "y": values[::-1], "z": [values], "values": values}
    content = {
        "data": [trace | {"mode": mode, "text": values}],
        "layout": {"xaxis": {"range": values}},
    }
    vis.set_window_data({"type": "plot", "content": content}, win="w")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        assert len(vis.canvas().panels) == 1


def test_values_become_bytes_as_visdom_says():
    assert as_bytes(np.array([True, False]), normalize=False).tolist() == [255, 0]
    assert as_bytes(np.array([300, -5, 7]), normalize=False).tolist() == [255, 0, 7]
    assert as_bytes(np.array([2.0, 4.0]), normalize=True).tolist() == [0, 255]
    assert as_bytes(np.array([np.nan, np.inf, 1.0]), normalize=False).tolist() == [0, 255, 255]
    assert as_bytes(np.full(2, 5.0), normalize=True).tolist() == [0, 0]


def test_nodes_of_a_network_stand_apart_and_neighbours_nearer():
    ring = np.array([[at, (at + 1) % 8] for at in range(8)])
    places = placed(ring, 8)
    distances = np.linalg.norm(places[:, None] - places, axis=2)
    near = distances[ring[:, 0], ring[:, 1]]
    assert near.max() < distances.max() / 2
    assert distances[~np.eye(8, dtype=bool)].min() > 0.1
    assert np.isfinite(placed(np.zeros((0, 2), int), 5)).all()
