"""Messages for a browser: what they hold, and that a browser which adds them up has everything."""

import json
import threading
import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from introspect import History
from introspect.canvas.feed import MOST_BYTES, Feed
from introspect.canvas.message import Part, decode, encode, small
from introspect.canvas.thin import kept_rows
from introspect.errors import FormatError
from introspect.nouns.panels import (
    BarPanel,
    Column,
    HistogramPanel,
    ImagePanel,
    LinePanel,
    MessagePanel,
    Row,
    Series,
    Stepped,
    TextPanel,
)


class Browser:
    """Adds messages up, as web/canvas/store.ts does."""

    def __init__(self):
        self.columns, self.panels, self.frames = {}, {}, {}
        self.layout, self.seq, self.state = None, -1, None

    def take(self, message):
        header, arrays = decode(message)
        if header.get("reset"):
            self.__init__()
        else:
            assert header["seq"] == self.seq + 1
        self.seq = header["seq"]
        self.state = header.get("state", self.state)
        self.layout = header.get("layout", self.layout)
        self.panels |= header.get("panels", {})
        for entry in header["arrays"]:
            if "#" in entry["id"] or "coarse" in entry:
                continue
            values, at = arrays[entry["id"]], entry["at"]
            known = self.columns.get(entry["id"])
            assert at == 0 or at == len(known)
            self.columns[entry["id"]] = values if at == 0 else np.concatenate([known, values])
        for frame in header.get("frames", []):
            own = {key: arrays[name] for key, name in frame["arrays"].items()}
            self.frames.setdefault(frame["panel"], {})[frame["row"]] = (frame, own)
        return header


def line(values, steps=None, name="loss"):
    steps = np.arange(len(values)) if steps is None else np.asarray(steps, np.int64)
    return LinePanel((Series(name, steps, np.asarray(values, np.float64)),))


numbers = st.lists(st.floats(width=64), max_size=40)


@given(st.lists(numbers, min_size=1, max_size=6))
@settings(deadline=None)
def test_a_browser_that_adds_up_deltas_has_the_whole_column(batches):
    feed, browser, values = Feed(), Browser(), []
    for batch in batches:
        values += batch
        message = feed.update([line(values)])
        if message is not None:
            browser.take(message)
    np.testing.assert_array_equal(browser.columns.get("0.0.y", []), values)
    np.testing.assert_array_equal(browser.columns.get("0.0.x", []), np.arange(len(values)))


def test_a_history_that_grows_is_continued_not_sent_again():
    history, feed, sizes = History(), Feed(), []
    browser = Browser()
    for step in range(20_000):
        history.log(step, loss=step * 0.1)
        if step % 1000 == 999:
            message = feed.update([LinePanel((series_of(history["loss"]),))])
            sizes.append(len(message))
            browser.take(message)
    assert max(sizes[1:]) < 10_000  # 1000 float64 and a few words
    np.testing.assert_array_equal(browser.columns["0.0.y"], history["loss"].data)


def series_of(metric):
    return Series(metric.name, metric.steps, metric.data)


def test_a_column_that_changed_in_the_middle_is_replaced():
    feed, browser = Feed(), Browser()
    browser.take(feed.update([line([1.0, 2.0, 3.0])]))
    browser.take(feed.update([line([1.0, 9.0, 3.0, 4.0])]))
    assert browser.columns["0.0.y"].tolist() == [1.0, 9.0, 3.0, 4.0]


def test_a_rewound_history_is_shown_as_it_is_now():
    history, feed, browser = History(), Feed(), Browser()
    for step in range(10):
        history.log(step, loss=float(step))
    browser.take(feed.update([LinePanel((series_of(history["loss"]),))]))
    history.rewind(5)
    for step in range(5, 8):
        history.log(step, loss=-1.0)
    browser.take(feed.update([LinePanel((series_of(history["loss"]),))]))
    assert browser.columns["0.0.y"].tolist() == history["loss"].data.tolist()


def test_nothing_new_is_no_message():
    feed, panels = Feed(), [line([1.0]), MessagePanel("a", "b")]
    assert feed.update(panels) is not None
    assert feed.update(panels) is None
    assert feed.update(panels, state="finished") is not None


def test_a_new_browser_of_a_long_line_sees_its_extremes_first_and_all_rows_in_the_end():
    rng = np.random.default_rng(0)
    values = rng.random(600_000)
    values[123_457] = 99.0
    feed, browser = Feed(), Browser()
    messages = feed.full([line(values)])
    header, arrays = decode(messages[0])
    (coarse,) = [e for e in header["arrays"] if e["id"] == "0.0.y"]
    assert coarse["coarse"] == len(values)
    assert arrays["0.0.y"].max() == 99.0
    assert len(messages[0]) < 200_000
    for message in messages:
        assert len(message) <= MOST_BYTES
        browser.take(message)
    np.testing.assert_array_equal(browser.columns["0.0.y"], values)


def test_an_update_never_exceeds_two_mebibytes_and_catches_up():
    values = np.random.default_rng(0).random(500_000)
    feed, browser, count = Feed(), Browser(), 0
    while (message := feed.update([line(values)])) is not None:
        assert len(message) <= MOST_BYTES
        browser.take(message)
        count += 1
    assert count > 2
    np.testing.assert_array_equal(browser.columns["0.0.y"], values)


def test_a_snapshot_is_gone_on_from():
    feed = Feed()
    values = list(np.random.default_rng(0).random(5000))
    feed.update([line(values)])
    header, arrays = decode(feed.snapshot(most_points=100))
    marks = {entry["id"]: entry.get("coarse") for entry in header["arrays"]}
    assert marks["0.0.y"] == 5000
    assert len(arrays["0.0.y"]) <= 100
    following, _ = decode(feed.update([line([*values, 7.0])]))
    assert following["seq"] == header["seq"] + 1
    assert {entry["at"] for entry in following["arrays"]} == {5000}


def test_an_update_costs_the_same_whatever_the_length():
    def cost(count):
        steps, values = np.arange(count + 1), np.zeros(count + 1)
        feed = Feed()
        old = LinePanel((Series("loss", steps[:count], values[:count]),))
        while feed.update([old]) is not None:
            pass
        spent = []
        for _ in range(30):
            begin = time.perf_counter()
            feed.update([LinePanel((Series("loss", steps[:count], values[:count]),))])
            spent.append(time.perf_counter() - begin)
        return min(spent)

    assert cost(1_000_000) < 5 * cost(1000) + 1e-3


def test_pairs_of_steps_are_sent_as_pairs():
    feed, browser = Feed(), Browser()
    browser.take(feed.update([line([1.0, 2.0], steps=[[0, 5], [1, 0]])]))
    assert browser.columns["0.0.x"].tolist() == [[0, 5], [1, 0]]
    assert browser.panels["0"]["series"][0]["pairs"]


def test_rows_and_columns_are_places():
    feed, browser = Feed(), Browser()
    panels = [Row((line([1.0]), Column((line([2.0]), line([3.0]))))), line([4.0])]
    browser.take(feed.update(panels))
    assert browser.layout == [{"row": ["0", {"column": ["1", "2"]}]}, "3"]


def test_every_step_of_an_image_has_a_frame_and_the_newest_comes_first():
    pictures = [np.full((2, 2), float(step)) for step in range(5)]
    panel = ImagePanel("w", np.arange(5), pictures)
    feed, browser = Feed(), Browser()
    first = browser.take(feed.update([panel]))
    assert first["frames"][0]["row"] == 4
    while (message := feed.update([panel])) is not None:
        browser.take(message)
    assert sorted(browser.frames["0"]) == [0, 1, 2, 3, 4]
    assert browser.frames["0"][3][1]["values"].tolist() == [[3.0, 3.0], [3.0, 3.0]]


def test_pictures_that_come_too_fast_are_passed_over_but_not_the_last():
    feed, browser = Feed(), Browser()
    rng = np.random.default_rng(0)
    pictures, total = [], 0
    for _ in range(60):
        pictures.append(rng.random((500, 500)))
        message = feed.update([ImagePanel("w", np.arange(len(pictures)), list(pictures))])
        if message is not None:
            assert len(message) <= MOST_BYTES
            total += len(message)
            browser.take(message)
    assert total < 6_000_000
    end = time.monotonic() + 10
    while max(browser.frames["0"]) < 59 and time.monotonic() < end:
        message = feed.update([ImagePanel("w", np.arange(60), list(pictures))])
        if message is not None:
            browser.take(message)
        time.sleep(0.05)
    assert max(browser.frames["0"]) == 59


def test_a_value_without_steps_is_sent_again_only_when_it_changed():
    feed = Feed()
    values = np.array([0.0, 1.0, 2.0])
    assert feed.update([HistogramPanel("w", None, [values])]) is not None
    assert feed.update([HistogramPanel("w", None, [values.copy()])]) is None
    assert feed.update([HistogramPanel("w", None, [values * 2])]) is not None


def test_a_panel_that_becomes_another_one_forgets_the_frames_of_the_first():
    feed, browser = Feed(), Browser()
    texts = Stepped("notes", np.arange(2), ["a", "b"])
    browser.take(feed.update([TextPanel("notes", texts.steps, texts.data, title="A")]))
    browser.take(feed.update([TextPanel("other", np.arange(5, 7), ["c", "d"], title="B")]))
    assert browser.panels["0"]["fresh"] == 1


def test_a_frame_that_cannot_be_made_says_so_and_hides_no_other():
    bars = Stepped("b", None, [np.array([1.0, 2.0, 3.0])])
    feed, browser = Feed(), Browser()
    browser.take(feed.update([BarPanel(("a", "b"), (bars,)), line([1.0])]))
    assert "3 numbers, 2 names" in browser.frames["0"][0][0]["fault"]
    assert browser.columns["1.0.y"].tolist() == [1.0]


def test_a_still_message_keeps_the_extremes_and_few_points():
    values = np.random.default_rng(0).normal(size=50_000)
    values[40_000] = -77.0
    (message,) = Feed().full([line(values)], most_points=2000)
    header, arrays = decode(message)
    assert header["reset"]
    assert len(arrays["0.0.y"]) <= 2000
    assert arrays["0.0.y"].min() == -77.0
    assert arrays["0.0.y"].max() == values.max()


@given(st.lists(st.floats(), min_size=1, max_size=300), st.integers(8, 100))
def test_kept_rows_hold_the_least_and_the_greatest_finite_value(values, most):
    column = np.array(values)
    rows = kept_rows(column, most)
    assert len(rows) <= max(most, 1) + 1
    assert (np.diff(rows) > 0).all()
    finite = column[np.isfinite(column)]
    if finite.size:
        kept = column[rows][np.isfinite(column[rows])]
        assert kept.min() == finite.min()
        assert kept.max() == finite.max()


@given(st.lists(st.floats(), max_size=30))
def test_small_numbers_are_the_same_numbers(values):
    column = np.array(values, np.float64)
    np.testing.assert_array_equal(small(column).astype(np.float64), column)


def test_arrays_are_aligned_and_come_back():
    parts = [
        Part("a", np.array([1, 2, 3], np.uint8)),
        Part("b", np.array([[1.5, 2.5]]), 7, {"coarse": 3}),
        Part("c", np.arange(5, dtype=np.int32) * 3 + 1),
    ]
    message = encode({"seq": 3, "title": "naïve"}, parts)
    size = int.from_bytes(message[4:8], "little")
    assert message[:4] == b"ITC1"
    assert (8 + size) % 8 == 0
    header, arrays = decode(message)
    assert header["title"] == "naïve"
    assert header["arrays"][2]["range"] == [1, 3]  # evenly spaced: no bytes
    assert arrays["a"].tolist() == [1, 2, 3]
    assert arrays["b"].tolist() == [[1.5, 2.5]]
    assert arrays["c"].tolist() == [1, 4, 7, 10, 13]
    assert json.loads(message[8 : 8 + size])["arrays"][1]["coarse"] == 3


def test_bytes_that_are_no_message_and_numbers_that_no_browser_has_are_refused():
    with pytest.raises(FormatError, match="no canvas message"):
        decode(b"PNG\x00\x00\x00\x00\x00")
    with pytest.raises(FormatError, match="float16"):
        encode({}, [Part("a", np.zeros(2, np.float16))])


def test_a_history_may_grow_in_another_thread_while_messages_are_made():
    history, stop = History(), threading.Event()
    history.log(0, loss=0.0)

    def train():
        step = 1
        while not stop.is_set():
            history.log(step, loss=float(step))
            step += 1

    thread = threading.Thread(target=train)
    thread.start()
    feed, browser = Feed(), Browser()
    try:
        end = time.monotonic() + 0.5
        while time.monotonic() < end:
            message = feed.update([LinePanel((series_of(history["loss"]),))])
            if message is not None:
                browser.take(message)
    finally:
        stop.set()
        thread.join()
    seen = browser.columns["0.0.y"]
    np.testing.assert_array_equal(seen, np.arange(len(seen)))
