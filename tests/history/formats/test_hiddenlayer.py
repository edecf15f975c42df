"""hiddenlayer's pickles to runs; hostile ones to an error, with nothing of them ever run."""

import io
import os
import pickle
import struct
import sys
import time
import types

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from introspect import History
from introspect.errors import DataError
from introspect.history.formats.hiddenlayer import import_hiddenlayer, load_plain

ROWS = {
    (0, 100): {
        "loss": 0.5, "acc": np.float32(0.25), "weight": np.eye(2, dtype=np.float32),
        "__timestamp__": 1.6e9,
    },
    (1, 100): {"loss": 1, "on": True, "list": [1, 2.5], "__timestamp__": 1.6e9 + 60},
}  # fmt: skip


def pickled(tmp_path, content, protocol=4):
    path = tmp_path / "old.pkl"
    path.write_bytes(content if isinstance(content, bytes) else pickle.dumps(content, protocol))
    return path


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_a_history_of_every_protocol_becomes_a_run(tmp_path, protocol):
    report = import_hiddenlayer(pickled(tmp_path, ROWS, protocol), tmp_path / "run")
    assert (report.value_count, report.left_out) == (6, ())
    history = History.open(tmp_path / "run")
    assert list(history["loss"]) == [((0, 100), 0.5), ((1, 100), 1.0)]
    assert history["loss"].times.tolist() == [1.6e9, 1.6e9 + 60]
    assert history["acc"].last == 0.25
    assert np.array_equal(history["weight"].last, np.eye(2))
    assert history["weight"].last.dtype == np.float32
    assert history["on"].last == 1.0
    assert history["list"].last.tolist() == [1, 2.5]
    assert history.get_total_time().total_seconds() == 60


def test_what_the_real_hiddenlayer_saves_is_read(tmp_path):
    pytest.importorskip("hiddenlayer", reason="hiddenlayer is the peer")
    torch = pytest.importorskip("torch", reason="hiddenlayer logs tensors")
    hl = pytest.importorskip("hiddenlayer.history", reason="hiddenlayer is the peer")

    theirs = hl.History()
    for step in range(3):
        theirs.log((0, step), loss=torch.tensor(step / 3), w=torch.ones(2, 2) * step, n=step)
    theirs.save(tmp_path / "h.pkl")
    import_hiddenlayer(tmp_path / "h.pkl", tmp_path / "run")
    ours = History.open(tmp_path / "run")
    for key in ("loss", "n"):
        assert ours[key].data.tolist() == [float(x) for x in theirs[key].data]
    for one, two in zip(ours["w"].data, theirs["w"].data, strict=True):
        assert np.array_equal(one, two)


@pytest.mark.parametrize(
    "array",
    [
        np.arange(6).reshape(2, 3), np.asfortranarray(np.arange(6.0).reshape(2, 3)),
        np.arange(4, dtype=">i4"), np.zeros((0, 3)), np.array([True, False]), np.array([1 + 2j]),
        np.float64(3), np.int64(-1), np.array(2.5),
    ],
)  # fmt: skip
@pytest.mark.parametrize("protocol", [2, 4, 5])
def test_arrays_come_back_as_they_were(tmp_path, array, protocol):
    found = load_plain(pickled(tmp_path, {"a": array}, protocol))["a"].real()
    assert np.array_equal(found, array)
    assert found.dtype == np.asarray(array).dtype.newbyteorder("=")


class Gadget:
    """Whatever an attacker may want to be called when a pickle is loaded."""

    def __init__(self, function, *arguments):
        self.call = (function, arguments)

    def __reduce__(self):
        return self.call


def touched(path):
    return f"touch {path}"


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
@pytest.mark.parametrize(
    "make",
    [
        lambda mark: Gadget(os.system, touched(mark)),
        lambda mark: Gadget(eval, f"open({str(mark)!r}, 'w')"),
        lambda mark: Gadget(exec, f"open({str(mark)!r}, 'w')"),
        lambda mark: Gadget(io.open, str(mark), "w"),
        lambda mark: {(0, 1): {"loss": Gadget(os.system, touched(mark))}},
        lambda _: Gadget(getattr, os, "system"),
        lambda mark: Gadget(np.load, str(mark)),
        lambda _: Gadget(__import__, "os"),
        lambda _: types.SimpleNamespace(a=1),
        lambda _: {1, 2},
    ],
)
def test_a_pickle_that_asks_for_anything_else_is_not_run(tmp_path, make, protocol):
    mark = tmp_path / "owned"
    if protocol < 2 and isinstance(make(mark), types.SimpleNamespace | set):
        protocol = 2
    try:
        path = pickled(tmp_path, make(mark), protocol)
    except (TypeError, pickle.PicklingError):
        path = pickled(tmp_path, pickle.dumps(Gadget(os.system, touched(mark)), protocol))
    with pytest.raises(DataError) as error:
        import_hiddenlayer(path, tmp_path / "run")
    assert "plain data and NumPy arrays" in str(error.value)
    assert not mark.exists()
    assert not (tmp_path / "run").exists()


def test_the_error_names_what_was_asked_for(tmp_path):
    path = pickled(tmp_path, Gadget(os.system, "true"))
    with pytest.raises(DataError, match="it was not run") as error:
        load_plain(path)
    assert f"given  {os.system.__module__}.system" in str(error.value)
    assert "try    " in str(error.value)


def test_names_with_dots_and_modules_in_modules_lead_nowhere(tmp_path):
    for module, name in [
        ("numpy", "dtype.__class__"), ("numpy.core.multiarray", "_reconstruct.__globals__"),
        ("numpy", "f2py.os.system"), ("builtins", "getattr"), ("numpy.lib.npyio", "load"), ("", ""),
    ]:  # fmt: skip
        text = b"".join(
            pickle.SHORT_BINUNICODE + bytes([len(part)]) + part.encode() for part in (module, name)
        )
        content = b"\x80\x04" + text + pickle.STACK_GLOBAL + b")R."
        with pytest.raises(DataError, match="it was not run"):
            load_plain(pickled(tmp_path, content))


@pytest.mark.parametrize(
    "content",
    [
        b"", b".", b"garbage", b"\x80\x04", b"\x80\x09K\x01.",
        b"\x80\x05\x96" + struct.pack("<Q", 1 << 40) + b"x.",  # a bytearray of a TiB
        b"\x80\x04\x8e" + struct.pack("<Q", 1 << 40) + b"x.",  # bytes
        b"\x80\x04\x8d" + struct.pack("<Q", 1 << 62) + b"x.",  # text
        b"\x80\x04\x95" + struct.pack("<Q", 1 << 40) + b"x.",  # a frame
        b"\x80\x04r\xff\xff\xff\x7f.",  # a memo of two thousand million entries
        b"\x80\x04K\x01r\xff\xff\xff\x7f0j\xff\xff\xff\x7f}Q.",
        b"\x80\x04cnumpy\ndtype\n)R}b.",
        b"\x80\x04\x82\x01.", b"\x80\x04(cos\nsystem\no.", b"P1\n.", b"]Q.", b"\x97.",
    ],
)  # fmt: skip
def test_bytes_that_are_no_such_pickle_are_an_error_in_no_time(tmp_path, content):
    began = time.process_time()
    with pytest.raises(DataError):
        import_hiddenlayer(pickled(tmp_path, content), tmp_path / "run")
    assert time.process_time() - began < 2


def test_arrays_whose_bytes_and_shape_do_not_fit_are_left_out_and_named(tmp_path):
    class Liar:
        def __reduce__(self):
            return (
                np.zeros(1).__reduce__()[0],
                (np.ndarray, (0,), b"b"),
                (1, (1 << 40,), np.dtype("f8"), False, b"12345678"),
            )

    rows = {0: {"liar": Liar(), "objects": np.array([None, {}], object), "good": 1.0, "text": "x"}}
    cycle = []
    cycle.append(cycle)
    rows[0]["cycle"] = cycle
    deep = []
    for _ in range(60):
        deep = [deep, deep]
    rows[0]["deep"] = deep
    report = import_hiddenlayer(pickled(tmp_path, rows), tmp_path / "run")
    assert report.left_out == ("liar", "objects", "text", "cycle", "deep")
    assert History.open(tmp_path / "run")["good"].last == 1.0


@settings(deadline=None, max_examples=300)
@given(st.data())
def test_any_damage_is_a_run_or_an_error(tmp_path_factory, data):
    content = bytearray(pickle.dumps(ROWS, data.draw(st.sampled_from([0, 2, 4, 5]))))
    for _ in range(data.draw(st.integers(1, 3))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    path = pickled(tmp_path_factory.mktemp("damaged"), bytes(content))
    try:
        report = import_hiddenlayer(path, path.parent / "run")
    except DataError as error:
        assert str(error)  # noqa: PT017  either is right
    else:
        assert report.value_count >= 0


@pytest.mark.parametrize(
    "content", [[1, 2], {"a": 1}, {0: {1: 2}}, {0: [1]}, None, {"step": {"a": 1.0}}]
)
def test_plain_data_that_is_no_history_says_so(tmp_path, content):
    with pytest.raises(DataError, match="no history of hiddenlayer") as error:
        import_hiddenlayer(pickled(tmp_path, content), tmp_path / "run")
    assert "History.save()" in str(error.value)


def test_a_file_that_is_not_there_is_an_error(tmp_path):
    with pytest.raises(DataError, match="cannot be read"):
        import_hiddenlayer(tmp_path / "missing.pkl", tmp_path / "run")
    assert "os.system" not in sys.modules
