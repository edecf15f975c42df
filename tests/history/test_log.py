"""What is logged comes back: in memory, and from a run folder, against plain Python."""

# ruff: noqa: PT031  a loop is what must warn once

import datetime as dt
import pickle
import struct
import tempfile
import threading
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from introspect.errors import HistoryError, IntrospectWarning, MetricNotFoundError
from introspect.history import History
from introspect.nouns.sketch import Sketch
from introspect.nouns.values import Image

INT64 = st.integers(-(2**63), 2**63 - 1)
STEPS = st.one_of(INT64, st.integers(-3, 3), st.tuples(INT64, INT64))
HOSTILE = st.one_of(
    st.text(min_size=1),
    st.sampled_from(["step", "self", "values", "a/b/../../c", "line\nbreak", "\x00", "k" * 70_000]),
    st.sampled_from(["\ud800", "ключ", "🔥", "A", "a", " "]),
)
VALUES = st.one_of(st.floats(), st.integers(-(2**53), 2**53), st.booleans())
CALLS = st.lists(st.tuples(STEPS, st.dictionaries(HOSTILE, VALUES, max_size=4)), max_size=30)


def bits(number):
    """A float by its bits, so that NaN equals itself and -0.0 is not 0.0."""
    return struct.pack("<d", number)


def expected(calls):
    """What a history should hold: key -> sorted [(step, value)], the last of a step."""
    by_key = {}
    for step, values in calls:
        for key, value in values.items():
            by_key.setdefault(key, []).append((step, float(value)))
    for key, rows in by_key.items():
        is_pair = any(isinstance(step, tuple) for step, _ in rows)
        wide = [(s if isinstance(s, tuple) or not is_pair else (0, s), v) for s, v in rows]
        by_key[key] = sorted(dict(wide).items())
    return by_key


def held(history):
    return {key: list(history[key]) for key in history}


def same(left, right):
    return [(s, bits(v)) for s, v in left] == [(s, bits(v)) for s, v in right]


@given(CALLS)
def test_a_history_in_memory_holds_what_plain_dictionaries_hold(calls):
    history = History()
    for step, values in calls:
        history.log(step, **values)
    truth = expected(calls)
    assert set(held(history)) == set(truth)
    assert all(same(held(history)[key], rows) for key, rows in truth.items())


@settings(max_examples=40, deadline=None)
@given(CALLS, st.integers(0, 30))
def test_nothing_is_lost_after_a_clean_close_wherever_it_was_flushed(calls, flushed_at):
    with tempfile.TemporaryDirectory() as folder:
        with History(folder) as history:
            for index, (step, values) in enumerate(calls):
                if index == flushed_at:
                    history.flush()
                history.log(step, **values)
        truth = expected(calls)
        for opened in (history, History(folder)):
            assert set(held(opened)) == set(truth)
            assert all(same(held(opened)[key], rows) for key, rows in truth.items())
            assert list(opened.keys()) == list(held(opened))


@given(CALLS, st.data())
def test_reading_between_logs_gives_the_same_as_reading_at_the_end(calls, data):
    history, quiet = History(), History()
    for step, values in calls:
        history.log(step, **values)
        quiet.log(step, **values)
        if values and data.draw(st.booleans()):
            _ = history[data.draw(st.sampled_from(list(values)))]
    assert held(history).keys() == held(quiet).keys()
    assert all(same(held(history)[key], held(quiet)[key]) for key in held(quiet))


def test_the_order_of_keys_is_that_of_their_first_log(tmp_path):
    with History(tmp_path) as history:
        history.log(0, b=1.0)
        history.log(0, a=1.0, c=1.0)
    assert history.keys() == History(tmp_path).keys() == ["b", "a", "c"]
    assert len(history) == 3
    assert list(history) == history.keys()


@pytest.mark.parametrize("name", ["step", "self", "values", "key", "value", "rows"])
def test_a_value_may_have_any_name(name):
    history = History()
    for step in range(2):  # the second call takes the hot path
        history.log(step, **{name: 0.5})
        history.log((0, step), **{name: 0.5, "other": 1.0})
    assert len(history[name]) == 2


@pytest.mark.parametrize(
    ("value", "number"),
    [
        (0.5, 0.5),
        (3, 3.0),
        (True, 1.0),
        (np.float32(0.1), float(np.float32(0.1))),
        (np.float16(0.5), 0.5),
        (np.int8(-3), -3.0),
        (np.bool_(True), 1.0),
        (np.array(2.5), 2.5),
        (torch.tensor(0.5), 0.5),
        (torch.tensor(7), 7.0),
        (torch.tensor(True), 1.0),
        (torch.tensor(0.5, dtype=torch.bfloat16), 0.5),
        (torch.tensor(0.5).to(torch.float8_e4m3fn), 0.5),
        (torch.tensor(0.1, dtype=torch.float64), 0.1),
        (torch.tensor(0.5, requires_grad=True), 0.5),
    ],
)
@pytest.mark.parametrize("step", [1, (0, 1)])
def test_every_kind_of_number_becomes_a_float(tmp_path, value, number, step):
    with History(tmp_path) as history:
        history.log(step, x=value, other=0.0)
    for opened in (history, History(tmp_path)):
        assert opened["x"].is_scalar
        assert bits(opened["x"].last) == bits(number)


@pytest.mark.parametrize("value", [np.array([1.5]), torch.tensor([1.5]), torch.ones(1, 1)])
def test_an_array_of_one_element_stays_an_array(value):
    history = History()
    history.log(0, x=value)
    assert history["x"].last.shape == tuple(value.shape)


@pytest.mark.parametrize(
    "array",
    [
        np.arange(6).reshape(2, 3),
        np.arange(6.0).reshape(2, 3).T,
        np.zeros((0, 3), np.float16),
        np.array([True, False]),
        np.array([1 + 2j]),
        np.array(["a", "bc"]),
        np.array([1.5, np.nan], ">f4"),
        torch.randn(2, 3),
        torch.randn(2, 3).to(torch.bfloat16),
        torch.nn.Parameter(torch.randn(4)),
        torch.randn(3, 4).T,
    ],
)
def test_arrays_and_tensors_come_back_exactly(tmp_path, array):
    with History(tmp_path) as history:
        history.log(3, x=array)
    is_tensor = isinstance(array, torch.Tensor)
    truth = array.detach().float().numpy() if is_tensor else array
    for opened in (history, History(tmp_path)):
        np.testing.assert_array_equal(opened["x"].last, truth, strict=True)
        assert opened["x"].steps.tolist() == [3]


@pytest.mark.parametrize("shape", [(5, 7), (5, 7, 3), (5, 7, 4)])
def test_images_come_back_pixel_for_pixel(tmp_path, shape):
    pixels = np.random.default_rng(0).integers(0, 256, shape, np.uint8)
    image = Image.of(pixels, cmap="viridis", caption='a "caption"\nwith \ud800')
    with History(tmp_path) as history:
        history.log((1, 2), x=image)
    for opened in (history, History(tmp_path)):
        last = opened["x"].last
        np.testing.assert_array_equal(last.pixels, pixels, strict=True)
        assert (last.cmap, last.caption) == (image.cmap, image.caption)
        assert list(opened["x"].step_keys()) == [(1, 2)]


def test_sketches_come_back_equal(tmp_path):
    sketch = Sketch.of(np.random.default_rng(0).normal(size=1000))
    with History(tmp_path) as history:
        history.log(0, w=sketch)
    back = History(tmp_path)["w"].last
    np.testing.assert_array_equal(back.bins, sketch.bins)
    np.testing.assert_array_equal(back.counts, sketch.counts)
    assert back.to_bytes() == sketch.to_bytes()


@pytest.mark.parametrize("place", ["memory", "folder"])
def test_a_value_is_the_one_at_the_call(tmp_path, place):
    history = History(tmp_path if place == "folder" else None)
    array, tensor, scalar = np.ones(3), torch.ones(3), torch.tensor(1.0)
    image = Image(pixels=np.full((2, 2), 9, np.uint8))
    history.log(0, array=array, tensor=tensor, scalar=scalar, image=image)
    array *= 0
    tensor.zero_()
    scalar.zero_()
    image.pixels[:] = 0
    history.close()
    assert history["array"].last.tolist() == [1, 1, 1]
    assert history["tensor"].last.tolist() == [1, 1, 1]
    assert history["scalar"].last == 1.0
    assert history["image"].last.pixels.tolist() == [[9, 9], [9, 9]]


def test_one_key_may_hold_numbers_and_arrays():
    history = History()
    history.log(0, x=0.5)
    early = history["x"]
    history.log(1, x=np.eye(2))
    history.log((1, 0), x=2)
    assert early.is_scalar
    assert [type(value) for _, value in history["x"]] == [float, np.ndarray, float]
    assert list(history["x"].step_keys()) == [(0, 0), (0, 1), (1, 0)]


def test_a_metric_handed_out_never_changes():
    history = History()
    history.log(1, x=1.0)
    first = history["x"]
    for step in range(2, 100):
        history.log(step, x=float(step))
        _ = history["x"]
    history.log(1, x=-1.0)  # the same step again: from now on sorted
    assert history["x"].at(1) == -1.0
    assert list(first) == [(1, 1.0)]
    with pytest.raises(ValueError, match="read-only"):
        first.data[0] = 7


def test_a_metric_of_increasing_steps_is_a_view():
    history = History()
    for step in range(10):
        history.log(step, x=float(step))
    assert np.shares_memory(history["x"].data, history["x"].data)


@pytest.mark.parametrize(
    "step",
    [
        True, 1.0, "3", None, (1,), (1, 2, 3), (), (1, 2.0), (True, 1), (1, False), [1, 2],
        2**63, -(2**63) - 1, (0, 2**63), np.bool_(True), np.float64(1), np.array([1, 2]),
    ],
)  # fmt: skip
@pytest.mark.parametrize("is_hot", [True, False])
def test_a_wrong_step_says_what_was_given_and_what_to_try(step, is_hot):
    history = History()
    if is_hot:
        history.log(0, x=0.5)
        history.log((0, 0), x=0.5)
    with pytest.raises(HistoryError) as caught:
        history.log(step, x=0.5)
    lines = str(caught.value).splitlines()
    assert lines[0].startswith("a step is an int")
    assert type(step).__name__ in str(caught.value)
    assert "try" in lines[-1]
    assert len(history["x"]) == 1 if is_hot else "x" not in history


@pytest.mark.parametrize("step", [np.int32(3), np.uint8(3), torch.tensor(3), (np.int64(1), 2)])
def test_ints_of_numpy_and_torch_are_steps(step):
    history = History()
    history.log(step, x=1.0)
    assert list(history["x"].step_keys()) == [(1, 2) if isinstance(step, tuple) else 3]


def test_an_empty_key_is_refused_even_beside_good_ones():
    history = History()
    with pytest.raises(HistoryError, match="a key cannot be empty"):
        history.log(0, **{"": 1.0, "loss": 0.5})
    assert not history.keys()


@pytest.mark.parametrize("value", ["text", None, [1.0], {}, 1j, object(), 10**400])
def test_a_value_that_cannot_be_stored_warns_once_and_the_others_are_kept(value):
    history = History()
    with pytest.warns(IntrospectWarning) as caught:
        for step in range(5):
            history.log(step, bad=value, good=float(step))
    assert len(caught) == 1
    assert "bad" in str(caught[0].message)
    assert type(value).__name__ in str(caught[0].message)
    assert caught[0].filename == __file__
    assert history.keys() == ["good"]
    assert len(history["good"]) == 5


class Moody:
    """Raises whatever is asked of it."""

    def __array__(self, *args, **kwargs):
        raise RuntimeError("no")


@pytest.mark.parametrize(
    "value",
    [Moody(), torch.zeros(2, device="meta"), torch.zeros((), device="meta"),
     np.array([object()]), torch.eye(2).to_sparse(), Image(pixels=np.zeros(3))],
)  # fmt: skip
def test_a_value_that_raises_when_it_is_converted_never_stops_the_loop(tmp_path, value):
    history = History(tmp_path)
    with pytest.warns(IntrospectWarning, match="left out"):
        history.log(0, bad=value, good=1.0)
        history.flush()
    history.log(1, good=2.0)
    history.close()
    assert History(tmp_path).keys() == ["good"]


class OnAccelerator:
    """What a tensor on an accelerator looks like, without one."""

    def __init__(self, tensor):
        self.tensor, self.is_cpu, self.device = tensor, False, torch.device("cpu")
        self.ndim = tensor.ndim

    def detach(self):
        return OnAccelerator(self.tensor.detach())

    def clone(self):
        return OnAccelerator(self.tensor.clone())

    def item(self):
        raise AssertionError("this would make the training wait for the device")

    def cpu(self):
        return self.tensor

    def element_size(self):
        return self.tensor.element_size()

    def is_floating_point(self):
        return self.tensor.is_floating_point()


@pytest.mark.parametrize("place", ["memory", "folder"])
def test_a_tensor_on_an_accelerator_is_copied_there_and_read_by_the_thread(tmp_path, place):
    history = History(tmp_path if place == "folder" else None)
    scalar, array = torch.tensor(0.5), torch.ones(3)
    history.log(0, scalar=OnAccelerator(scalar), array=OnAccelerator(array))
    scalar.zero_()
    array.zero_()
    history.log(1, scalar=0.25)
    assert list(history["scalar"]) == [(0, 0.5), (1, 0.25)]
    assert history["array"].last.tolist() == [1, 1, 1]
    history.close()


def test_an_unknown_key_names_its_neighbours():
    history = History()
    history.log(0, train_loss=0.5, test_acc=0.5)
    with pytest.raises(MetricNotFoundError) as caught:
        _ = history["trian_loss"]
    assert "'trian_loss'" in str(caught.value)
    assert "'train_loss'" in str(caught.value)
    assert isinstance(caught.value, KeyError)
    with pytest.raises(MetricNotFoundError, match="first"):
        _ = History()["loss"]


def test_membership_sees_what_was_just_logged():
    history = History()
    assert "x" not in history
    history.log(0, x=1.0)
    assert "x" in history


def test_the_step_is_the_one_logged_last_not_the_largest():
    history = History()
    assert history.step is None
    history.log(5, x=1.0)
    assert history.step == 5
    history.log((1, 2), y=1.0)
    assert history.step == (1, 2)
    history.log(3, x=1.0)
    assert history.step == 3


def test_times_are_those_of_the_wall_clock():
    before = dt.datetime.now().timestamp()  # noqa: DTZ005  a timestamp has no zone
    history = History()
    history.log(0, x=1.0)
    history.log(1, x=1.0, image=np.eye(2))
    after = dt.datetime.now().timestamp()  # noqa: DTZ005  same
    times = [*history["x"].times, *history["image"].times]
    assert all(before - 0.05 <= time <= after + 0.05 for time in times)
    assert dt.timedelta(0) < history.get_total_time() < dt.timedelta(seconds=10)


def test_an_empty_history_took_no_time():
    assert History().get_total_time() == dt.timedelta(0)


def test_a_log_of_nothing_is_fine():
    history = History()
    history.log(1)
    assert history.keys() == []


def test_more_sets_of_keys_than_have_buffers_lose_nothing():
    history = History()
    for step in range(5000):
        history.log(step, **{"loss": float(step), f"key{step}": 1.0})
    assert len(history["loss"]) == 5000
    assert len(history) == 5001


def test_threads_that_log_at_once_lose_nothing(tmp_path):
    history = History(tmp_path)

    def work(name):
        for step in range(5000):
            history.log(step, **{name: float(step)})
            history.log(step, **{f"{name}/a": 1.0, "shared": 2.0})

    threads = [threading.Thread(target=work, args=(f"t{index}",)) for index in range(4)]
    for thread in threads:
        thread.start()
    while any(thread.is_alive() for thread in threads):
        _ = [history[key].last for key in history]
    for thread in threads:
        thread.join()
    history.close()
    for opened in (history, History(tmp_path)):
        for index in range(4):
            assert opened[f"t{index}"].data.tolist() == list(range(5000))
            assert len(opened[f"t{index}/a"]) == 5000
        assert len(opened["shared"]) == 5000
    assert "80000" not in repr(history)
    assert f"{4 * 5000 * 3} values" in repr(history)


def test_a_history_of_a_folder_can_be_pickled_and_one_in_memory_says_why_not(tmp_path):
    with History(tmp_path) as history:
        history.log(0, x=1.0)
    assert pickle.loads(pickle.dumps(history))["x"].last == 1.0  # noqa: S301  our own
    with pytest.raises(HistoryError, match="pickled"):
        pickle.dumps(History())


def test_a_relative_path_survives_a_change_of_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    history = History("runs/a")
    monkeypatch.chdir("/")
    history.log(0, x=1.0)
    history.close()
    assert history.path == Path(tmp_path, "runs/a")
    assert History(tmp_path / "runs/a")["x"].last == 1.0
