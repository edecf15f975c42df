"""Counts, scores and points against NumPy, torch, TensorBoard and scikit-learn."""

import sys
import types
import warnings

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from introspect.errors import HistoryError
from introspect.nouns.values import ConfusionMatrix, Embedding, Histogram, Mesh, PRCurve

RANDOM = np.random.default_rng(0)
some_floats = hnp.arrays(
    np.float64, st.integers(0, 40), elements=st.floats(-1e6, 1e6, allow_subnormal=False)
)

# ---------------------------------------------------------------------------- Histogram


@pytest.mark.parametrize("bins", ["auto", "fd", "scott", "rice", "sturges", "doane", "sqrt", 1, 64])
@pytest.mark.parametrize(
    "data",
    [
        RANDOM.normal(size=500),
        RANDOM.integers(-9, 9, (20, 5)),
        RANDOM.integers(0, 256, 300).astype(np.uint8),
        np.array([3.0]),
        np.zeros(10),
        np.array([]),
        np.array([-(2**63), 2**63 - 1, 0]),
    ],
    ids=["normal", "int64", "uint8", "one", "zeros", "none", "extremes"],
)
def test_counts_and_edges_are_those_of_numpy(data, bins):
    counts, edges = np.histogram(data, bins=bins)
    made = Histogram.of(data, bins=bins)
    np.testing.assert_array_equal(made.counts, counts.astype(float), strict=True)
    np.testing.assert_array_equal(made.edges, edges.astype(float), strict=True)


@given(some_floats, st.lists(st.floats(-1e6, 1e6), min_size=2, max_size=6).map(sorted))
def test_edges_of_the_user_are_taken_as_they_are(data, edges):
    counts, _ = np.histogram(data, bins=edges)
    made = Histogram.of(data, bins=edges)
    assert made.counts.tolist() == counts.tolist()
    assert made.edges.tolist() == edges
    assert made.n == data.size


@pytest.fixture(scope="module")
def make_histogram():
    """torch's own, which counts for SummaryWriter.add_histogram."""
    pytest.importorskip("tensorboard", reason="torch's summaries need it")
    from torch.utils.tensorboard.summary import make_histogram

    return make_histogram


@given(data=some_floats)
def test_the_sums_are_those_of_torch(make_histogram, data):
    made = Histogram.of(torch.from_numpy(data), bins=16)
    if not data.size:
        assert (made.n, made.total, made.total_of_squares) == (0, 0.0, 0.0)
        assert np.isnan([made.minimum, made.maximum, made.mean]).all()
        return
    proto = make_histogram(data, 16)
    assert (made.minimum, made.maximum, made.n) == (proto.min, proto.max, proto.num)
    np.testing.assert_allclose(made.total, proto.sum, rtol=1e-9, atol=1e-6)
    np.testing.assert_allclose(made.total_of_squares, proto.sum_squares, rtol=1e-9, atol=1e-6)


def test_nan_and_infinity_are_left_out():
    made = Histogram.of([1.0, np.nan, np.inf, 2.0, -np.inf], bins=2)
    assert (made.n, made.counts.tolist()) == (2, [1, 1])
    assert (made.minimum, made.maximum) == (1, 2)
    assert Histogram.of([np.nan]).n == 0


@pytest.mark.parametrize("bins", ["auto", "fd", "scott", "sqrt", 10])
def test_the_whole_range_of_float64_has_bins(bins):
    largest = np.finfo(np.float64).max
    data = np.concatenate([RANDOM.normal(size=50), [-largest, largest]])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        made = Histogram.of(data, bins=bins)
    assert (made.minimum, made.maximum) == (-largest, largest)
    assert made.counts.sum() == made.n == 52
    assert made.total_of_squares == np.inf


def test_an_outlier_does_not_make_a_billion_bins():
    data = np.append(RANDOM.normal(size=1000), 1e12)
    assert len(Histogram.of(data).counts) == 4096
    assert Histogram.of(data).counts.sum() == 1001


@pytest.mark.parametrize(
    "data",
    [torch.ones(3, dtype=torch.bfloat16), torch.ones(3).to(torch.float8_e5m2), np.ones(3, bool),
     np.ones(3, np.float16), torch.ones(3, requires_grad=True), [1, True, 1.0]],
)  # fmt: skip
def test_every_kind_of_number_is_counted(data):
    assert Histogram.of(data, bins=[0, 1, 2]).counts.tolist() == [0, 3]


def test_counts_of_somebody_else_get_what_can_be_known_of_them():
    made = Histogram.of_counts([0, 1, 2, 3], [0, 2, 2])
    assert (made.n, made.minimum, made.maximum) == (4, 1.0, 3.0)
    assert (made.total, made.total_of_squares) == (8.0, 17.0)
    whole = Histogram.of_counts(
        [-np.inf, 0, np.inf], [1, 2], n=4, minimum=-1, maximum=5, total=9, total_of_squares=30
    )
    assert (whole.n, whole.minimum, whole.maximum) == (4, -1.0, 5.0)
    assert (whole.total, whole.total_of_squares) == (9.0, 30.0)
    empty = Histogram.of_counts([0, 1], [0])
    assert (empty.n, repr(empty)) == (0, "<Histogram of 0 numbers in 1 bin>")
    assert Histogram.of_counts([-np.inf, 0], [1]).n == 1


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: Histogram.of([1.0], bins="stone"), r"no such rule[\s\S]*auto, fd"),
        (lambda: Histogram.of([1.0], bins=0), "at least one bin"),
        (lambda: Histogram.of([1.0], bins=10**9), "at most 1000000 bins"),
        (lambda: Histogram.of([1.0], bins=2.5), "bins=2.5"),
        (lambda: Histogram.of([1.0], bins=True), "bins=True"),
        (lambda: Histogram.of([1.0], bins=[1]), "two or more"),
        (lambda: Histogram.of([1.0], bins=[2, 1]), "never descend"),
        (lambda: Histogram.of([1j]), "real numbers"),
        (lambda: Histogram.of("text"), "real numbers"),
        (lambda: Histogram.of_counts([0, 1], [1, 2]), "one edge more than bins"),
        (lambda: Histogram.of_counts([1, 0], [1]), "never descend"),
        (lambda: Histogram.of_counts([0, np.nan], [1]), "never descend"),
        (lambda: Histogram.of_counts([0, 1], [-1]), "0 or more"),
        (lambda: Histogram.of_counts([0, 1], [np.nan]), "0 or more"),
        (lambda: Histogram.of_counts([0, 1], [1], n=-1), "n=-1"),
    ],
)
def test_what_is_no_histogram_is_told(make, words):
    with pytest.raises(HistoryError, match=words):
        make()


# ---------------------------------------------------------------------------- PRCurve

labels_and_scores = st.lists(st.tuples(st.booleans(), st.floats(0, 1)), min_size=1, max_size=40)


@pytest.fixture(scope="module")
def tensorboard_curve():
    """What TensorBoard's plugin computes, before it makes a message of it with TensorFlow."""
    pytest.importorskip("tensorboard", reason="the numbers to be met are its own")
    from tensorboard.plugins.pr_curve import summary

    said = ("num_thresholds", "display_name", "description")

    def columns(*_, **computed):
        return np.stack([column for name, column in computed.items() if name not in said])

    with pytest.MonkeyPatch.context() as patch:
        for name in ("tensorflow", "tensorflow.compat", "tensorflow.compat.v1"):
            patch.setitem(sys.modules, name, types.ModuleType(name))
        patch.setattr(
            sys.modules["tensorflow"], "compat", sys.modules["tensorflow.compat"], raising=False
        )
        patch.setattr(
            sys.modules["tensorflow.compat"],
            "v1",
            sys.modules["tensorflow.compat.v1"],
            raising=False,
        )
        patch.setattr(summary, "raw_data_pb", columns)
        yield lambda *arrays, **options: summary.pb("x", *arrays, **options)


@given(pairs=labels_and_scores, count=st.integers(2, 130))
def test_the_curve_is_the_one_of_tensorboard(tensorboard_curve, pairs, count):
    labels, scores = (np.array(column) for column in zip(*pairs, strict=True))
    expected = tensorboard_curve(labels, scores, num_thresholds=count)
    made = PRCurve.of(labels, scores, thresholds=count)
    columns = [made.true_positives, made.false_positives, made.true_negatives,
               made.false_negatives]  # fmt: skip
    assert {column.dtype for column in columns} == {np.dtype(np.int64)}
    found = np.stack([*columns, made.precision, made.recall])
    np.testing.assert_array_equal(found, expected)
    np.testing.assert_array_equal(made.thresholds, np.linspace(0, 1, count))


def test_a_weighted_curve_is_the_one_of_tensorboard(tensorboard_curve):
    labels, scores, weights = RANDOM.random(90) < 0.4, RANDOM.random(90), RANDOM.random(90)
    expected = tensorboard_curve(labels, scores, weights=weights, num_thresholds=127)
    made = PRCurve.of(torch.from_numpy(labels), scores, weights=weights)
    found = [made.true_positives, made.false_positives, made.true_negatives,
             made.false_negatives, made.precision, made.recall]  # fmt: skip
    np.testing.assert_allclose(np.stack(found), expected, rtol=1e-12, atol=1e-12)
    assert len(made) == 127


def test_precision_and_recall_are_those_of_scikit_learn():
    metrics = pytest.importorskip("sklearn.metrics", reason="the numbers to be met are its own")
    labels, scores = RANDOM.integers(0, 2, 300), RANDOM.random(300)
    made = PRCurve.of(labels, scores, thresholds=11)
    for place, threshold in enumerate(made.thresholds[:-1]):
        taken = scores >= threshold
        assert made.precision[place] == pytest.approx(metrics.precision_score(labels, taken))
        assert made.recall[place] == pytest.approx(metrics.recall_score(labels, taken))


def test_a_score_that_is_nan_is_left_out_and_so_may_be_all():
    made = PRCurve.of([1, 0, 1], [0.9, np.nan, 0.2], thresholds=2)
    assert made.true_positives.tolist() == [2, 0]
    assert made.false_positives.tolist() == [0, 0]
    assert PRCurve.of([], []).precision.tolist() == [0.0] * 127


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: PRCurve.of([1, 0], [0.5]), r"2 labels, 1 scores"),
        (lambda: PRCurve.of([1], [[0.5, 0.5]]), r"scores\[:, 1\]"),
        (lambda: PRCurve.of([1, 2], [0.5, 0.5]), "0 and 1"),
        (lambda: PRCurve.of([1], [1.5]), r"1.5 to 1.5[\s\S]*sigmoid"),
        (lambda: PRCurve.of([1], [0.5], thresholds=1), "thresholds=1"),
        (lambda: PRCurve.of([1, 0], [0.5, 0.5], weights=[1, 2, 3]), "3 weights"),
        (lambda: PRCurve(*[np.zeros(2)] * 6, np.zeros(3)), "one number for each threshold"),
        (lambda: PRCurve(*[np.zeros(2, np.float32)] * 7), r"float64 of shape \(k\)"),
    ],
)
def test_what_is_no_curve_is_told(make, words):
    with pytest.raises(HistoryError, match=words):
        make()


# ---------------------------------------------------------------------------- ConfusionMatrix


@given(st.lists(st.tuples(st.integers(0, 6), st.integers(0, 6)), max_size=50))
def test_the_matrix_is_the_one_of_scikit_learn(pairs):
    metrics = pytest.importorskip("sklearn.metrics", reason="the numbers to be met are its own")
    if not pairs:
        assert ConfusionMatrix.of([], []).counts.shape == (0, 0)
        return
    true, predicted = (np.array(column) for column in zip(*pairs, strict=True))
    size = max(true.max(), predicted.max()) + 1
    made = ConfusionMatrix.of(torch.from_numpy(true), predicted.reshape(1, -1))
    with warnings.catch_warnings():  # where there is but one class
        warnings.simplefilter("ignore")
        expected = metrics.confusion_matrix(true, predicted, labels=range(size))
    np.testing.assert_array_equal(made.counts, expected, strict=True)
    assert made.labels == tuple(str(index) for index in range(size))
    assert made.accuracy == pytest.approx(metrics.accuracy_score(true, predicted))


@pytest.mark.parametrize("order", [None, ["owl", "dog", "cat"]])
def test_names_are_counted_as_scikit_learn_counts_them(order):
    metrics = pytest.importorskip("sklearn.metrics", reason="the numbers to be met are its own")
    true = RANDOM.choice(["cat", "dog", "owl"], 60)
    predicted = RANDOM.choice(["cat", "dog", "owl"], 60)
    made = ConfusionMatrix.of(list(true), predicted.astype(object), labels=order)
    expected = metrics.confusion_matrix(true, predicted, labels=order)
    assert made.counts.tolist() == expected.tolist()
    assert made.labels == tuple(order or ["cat", "dog", "owl"])


def test_labels_name_the_indices_even_those_that_did_not_occur():
    made = ConfusionMatrix.of([0, 2], [2, 2], labels=["a", "b", "c"])
    assert made.counts.tolist() == [[0, 0, 1], [0, 0, 0], [0, 0, 1]]
    assert repr(made) == "<ConfusionMatrix 3 classes, 2 samples>"
    assert np.isnan(ConfusionMatrix.of([], [], labels=["a"]).accuracy)


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: ConfusionMatrix.of([0, 1], [0]), r"2 true, 1 predicted[\s\S]*argmax"),
        (lambda: ConfusionMatrix.of([-1], [0]), "0 or more"),
        (lambda: ConfusionMatrix.of([0.5], [0.0]), "0 or more"),
        (lambda: ConfusionMatrix.of([np.nan], [0.0]), "0 or more"),
        (lambda: ConfusionMatrix.of([10**9], [0]), r"class[\s\S]*4096"),
        (lambda: ConfusionMatrix.of([3], [0], labels=["a", "b"]), "2 labels, class 3"),
        (lambda: ConfusionMatrix.of(["x"], ["a"], labels=["a", "b"]), r"no label[\s\S]*'x'"),
        (lambda: ConfusionMatrix.of([None], [0]), "indices or names"),
        (lambda: ConfusionMatrix(np.zeros((2, 2), np.int64), ("a",)), "1 labels"),
        (lambda: ConfusionMatrix(np.full((1, 1), -1), ("a",)), "0 or more"),
    ],
)
def test_what_is_no_confusion_is_told(make, words):
    with pytest.raises(HistoryError, match=words):
        make()


# ---------------------------------------------------------------------------- Embedding


def test_vectors_labels_and_pictures_belong_together():
    vectors = torch.randn(4, 3, dtype=torch.float64, requires_grad=True)
    pictures = RANDOM.integers(0, 256, (4, 3, 5, 6), np.uint8)
    made = Embedding.of(vectors, labels={"name": "abcd", "age": [1, 2, 3, 4]}, thumbnails=pictures)
    np.testing.assert_array_equal(
        made.vectors, vectors.detach().numpy().astype(np.float32), strict=True
    )
    assert made.columns == ("name", "age")
    assert made.labels == (("a", "1"), ("b", "2"), ("c", "3"), ("d", "4"))
    assert np.array_equal(made.thumbnails, pictures.transpose(0, 2, 3, 1))
    assert repr(made) == "<Embedding 4 vectors of 3 with pictures: name, age>"


@pytest.mark.parametrize(
    ("labels", "columns", "names", "rows"),
    [
        (None, None, (), ()),
        ([5, 6], None, ("label",), (("5",), ("6",))),
        (torch.tensor([5, 6]), ["digit"], ("digit",), (("5",), ("6",))),
        ([("a", 1), ("b", 2)], None, ("0", "1"), (("a", "1"), ("b", "2"))),
        ([("a", 1), ("b", 2)], ["x", "y"], ("x", "y"), (("a", "1"), ("b", "2"))),
        ({"x": "ab", "y": "cd"}, ["y"], ("y",), (("c",), ("d",))),
    ],
)
def test_labels_come_in_every_shape(labels, columns, names, rows):
    made = Embedding.of(np.zeros((2, 3)), labels=labels, columns=columns)
    assert (made.columns, made.labels) == (names, rows)
    assert made.thumbnails is None


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: Embedding.of(np.zeros(3)), r"matrix[\s\S]*reshape"),
        (lambda: Embedding.of(np.zeros((3, 2)), labels=["a"]), "3 vectors, 1 labels"),
        (
            lambda: Embedding.of(np.zeros((2, 2)), labels=[("a",), ("b", "c")]),
            "2 labels, 1 columns",
        ),
        (lambda: Embedding.of(np.zeros((2, 2)), labels={"a": "xy", "b": "x"}), "equally long"),
        (lambda: Embedding.of(np.zeros((2, 2)), thumbnails=np.zeros((3, 4, 4))), "one picture"),
        (lambda: Embedding.of([["a"]]), "real numbers"),
        (lambda: Embedding(np.zeros((2, 2))), "float32"),
        (lambda: Embedding(np.zeros((2, 2), np.float32), ("a",)), "2 vectors, 0 rows"),
    ],
)
def test_what_is_no_embedding_is_told(make, words):
    with pytest.raises(HistoryError, match=words):
        make()


# ---------------------------------------------------------------------------- Mesh


@pytest.mark.parametrize("batch", [False, True])
def test_a_mesh_takes_what_tensorboard_takes(batch):
    points, faces = torch.randn(5, 3), torch.tensor([[0, 1, 2], [2, 3, 4]])
    colors = torch.randint(0, 256, (5, 3))
    given_ = [one[None] if batch else one for one in (points, colors, faces)]
    made = Mesh.of(given_[0], colors=given_[1], faces=given_[2])
    np.testing.assert_array_equal(made.vertices, points.numpy(), strict=True)
    np.testing.assert_array_equal(made.colors, colors.numpy().astype(np.uint8), strict=True)
    np.testing.assert_array_equal(made.faces, faces.numpy().astype(np.int32), strict=True)
    assert repr(made) == "<Mesh 5 points in colour, 2 triangles>"


def test_colours_of_floats_are_shares():
    made = Mesh.of(np.zeros((2, 3)), colors=[[0.0, 0.5, 1.0], [1.0, 0.0, 0.25]])
    assert made.colors.tolist() == [[0, 128, 255], [255, 0, 64]]
    assert Mesh.of(np.zeros((0, 3))).vertices.shape == (0, 3)


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: Mesh.of(np.zeros((4, 2))), r"three numbers[\s\S]*\(4, 2\)"),
        (lambda: Mesh.of(np.zeros((2, 4, 3))), "three numbers"),
        (lambda: Mesh.of(np.zeros((2, 3)), colors=np.zeros((1, 3))), "2 points, 1 colours"),
        (lambda: Mesh.of(np.zeros((1, 3)), colors=[[0, 0, 256]]), "0 to 255"),
        (lambda: Mesh.of(np.zeros((1, 3)), colors=[[0.0, 0.0, np.nan]]), "0 to 255"),
        (lambda: Mesh.of(np.zeros((2, 3)), faces=[[0, 1, 2]]), r"0 to 2, 2 points"),
        (lambda: Mesh.of(np.zeros((2, 3)), faces=[[0, 1, -1]]), "rows of the points"),
        (lambda: Mesh.of(np.zeros((2, 3)), faces=[[0, 1, 0.5]]), "rows of the points"),
        (lambda: Mesh.of(np.zeros((2, 3)), faces=[[0, 1, 2.0**40]]), "rows of the points"),
        (lambda: Mesh.of(np.zeros((2, 3)), faces=[[0, 1, np.nan]]), "rows of the points"),
    ],
)
def test_what_is_no_mesh_is_told(make, words):
    with pytest.raises(HistoryError, match=words):
        make()
