"""Embeddings as browsers wish to see them."""

import time

import numpy as np
import pytest

import introspect
from introspect.canvas import Canvas
from introspect.canvas.twins import panel_of
from introspect.nouns.panels import Column, MessagePanel, Row
from introspect.values import Embedding
from introspect.viewer import Library, embeddings
from introspect.viewer.embeddings import WAYS, Embeddings, places

RNG = np.random.default_rng(0)
CLASSES = np.repeat(np.arange(3), 20)
VECTORS = (RNG.normal(size=(3, 16))[CLASSES] * 20 + RNG.normal(size=(60, 16))).astype(np.float32)
LABELS = tuple((f"kind {kind}",) for kind in CLASSES)


def panel(vectors=VECTORS, **options):
    return panel_of("embedding", vectors, title="E", **options)


def placed(panels, way, known):
    """The first panel once t-SNE is done."""
    end = time.monotonic() + 60
    while True:
        (shown,) = known.shown(panels, way)
        if "on its way" not in shown.ylabel:
            return shown
        assert time.monotonic() < end
        time.sleep(0.02)


@pytest.mark.parametrize("dimensions", [2, 3])
def test_tsne_keeps_neighbours_together_and_is_the_same_each_time(dimensions):
    pytest.importorskip("sklearn", reason="needs scikit-learn")
    found = places(VECTORS, dimensions)
    assert found.points.shape == (60, dimensions)
    far = np.linalg.norm(found.points[:, None] - found.points[None], axis=-1)
    np.fill_diagonal(far, np.inf)
    assert (CLASSES[far.argmin(axis=1)] == CLASSES).mean() > 0.8
    np.testing.assert_array_equal(places(VECTORS, dimensions).points, found.points)


@pytest.mark.parametrize(
    "vectors",
    [
        np.zeros((0, 4)),
        np.ones((1, 4)),
        np.ones((3, 1)),
        np.full((9, 3), np.nan),
        np.zeros((10, 5)),
        np.r_[np.full((1, 4), np.inf), RNG.normal(size=(20, 4))],
    ],
)
def test_odd_vectors_have_finite_places(vectors):
    pytest.importorskip("sklearn", reason="needs scikit-learn")
    for dimensions in (2, 3):
        found = places(vectors, dimensions)
        assert np.isfinite(found.points).all()
        assert found.points.shape == (len(found.kept), dimensions)
        assert np.isfinite(np.asarray(vectors)[found.kept]).all()


def test_too_many_points_are_sampled_evenly(monkeypatch):
    pytest.importorskip("sklearn", reason="needs scikit-learn")
    monkeypatch.setattr(embeddings, "MOST_POINTS", 10)
    assert places(VECTORS, 2).kept.tolist() == np.linspace(0, 59, 10).astype(int).tolist()
    names = [str(k) for k in range(60)]
    shown = placed([panel(labels=names, classes=CLASSES)], "tsne2", Embeddings())
    assert shown.ylabel == "t-SNE of 10 of 60 points"
    assert shown.point_names == tuple(names[k] for k in places(VECTORS, 2).kept)
    assert shown.classes.tolist() == CLASSES[places(VECTORS, 2).kept].tolist()


@pytest.mark.parametrize(("way", "dimensions"), [("pca2", 2), ("pca3", 3)])
def test_principal_components_in_as_many_dimensions_as_wished(way, dimensions):
    (shown,) = Embeddings().shown([panel()], way)
    assert (shown.dimensions, shown.projection) == (dimensions, "pca")


def test_tsne_comes_when_it_is_done_and_principal_components_stand_in():
    pytest.importorskip("sklearn", reason="needs scikit-learn")
    known = Embeddings()
    given = panel(thumbnails=RNG.random((60, 4, 4)))
    (first,) = known.shown([given], "tsne3")
    assert (first.projection, first.dimensions) == ("pca", 3)
    assert first.ylabel == "t-SNE is on its way"
    shown = placed([given], "tsne3", known)
    assert (shown.projection, shown.dimensions, shown.ylabel) == ("", 3, "t-SNE")
    np.testing.assert_array_equal(shown.data[-1], places(VECTORS, 3).points)
    assert shown.thumbnails is not None
    assert shown.thumbnails.shape == (60, 4, 4)
    assert not shown.axes
    again = placed([given], "tsne3", known)
    assert again.data[-1] is shown.data[-1]  # computed once for every browser
    assert len({first.name, shown.name, given.name}) == 3  # a browser begins anew


def test_without_scikit_learn_the_panel_says_what_to_install(monkeypatch):
    monkeypatch.setattr(embeddings, "find_spec", {"sklearn": None}.get)
    (shown,) = Embeddings().shown([panel()], "tsne2")
    assert shown.projection == "pca"
    assert "pip install scikit-learn" in shown.ylabel


def test_a_fault_is_told_in_its_panel(monkeypatch):
    pytest.importorskip("sklearn", reason="needs scikit-learn")

    def broken(*_):
        raise ValueError("no memory")

    monkeypatch.setattr(embeddings, "places", broken)
    assert placed([panel()], "tsne2", Embeddings()).ylabel == "no t-SNE: no memory"


@pytest.mark.parametrize("wish", [None, 3, "umap", ["tsne2"], {}])
def test_an_unknown_wish_is_the_first_way(wish):
    (shown,) = Embeddings().shown([panel()], wish)
    assert (shown.projection, shown.dimensions) == ("pca", 2)


def test_other_panels_pass_and_rows_are_looked_into():
    canvas = Canvas(backend="none")
    canvas.draw_scatter(RNG.normal(size=(5, 2)))
    other, message = canvas.panels[0], MessagePanel("a", "b")
    tree = Row((Column((panel(), other)), message))
    (shown,) = Embeddings().shown([tree], "pca3")
    assert shown.panels[0].panels[0].dimensions == 3
    assert shown.panels[0].panels[1] is other
    assert shown.panels[1] is message


def test_a_logged_embedding_is_shown_as_wished_with_its_labels(tmp_path, monkeypatch):
    pytest.importorskip("sklearn", reason="needs scikit-learn")
    monkeypatch.setenv("INTROSPECT_CACHE", str(tmp_path / "cache"))
    with introspect.History(tmp_path / "runs" / "one", facts=False) as history:
        history.log(0, space=Embedding(VECTORS, ("kind",), LABELS))
    library = Library(tmp_path / "runs")
    assert list(library.contents()["embeddings"]) == list(WAYS)
    end = time.monotonic() + 60
    while True:
        (shown,) = (p for p in library.panels({"embedding": "tsne2"}) if p.title == "space")
        if shown.ylabel == "t-SNE":
            break
        assert time.monotonic() < end
        time.sleep(0.02)
    assert shown.class_names == ("kind 0", "kind 1", "kind 2")
    assert shown.point_names[:2] == ("kind 0", "kind 0")
