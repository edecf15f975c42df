"""Hostile payloads: an error each time, never a hang, a pickle or memory without bound."""

import io
import json
import pickle
import struct
import time
import tracemalloc
import zlib

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image as Pillow

from introspect import History
from introspect.errors import IntrospectWarning
from introspect.history import codec, codec_records
from introspect.history.blocks import Cell
from introspect.history.codec_records import pack, unpack
from introspect.history.folder import segments
from introspect.history.segment import CELL, HEADER_BYTES, cell_frame, parse_header
from introspect.values import (
    Audio,
    ConfusionMatrix,
    Embedding,
    Histogram,
    Image,
    Images,
    Mesh,
    PRCurve,
    Table,
    Text,
    Video,
)

MIB = 1 << 20
NAMES = {kind.name: kind for kind in codec.KINDS.values()}
SMALL = {
    "array": np.arange(4.0),
    "image": Image.of(np.eye(3), caption="c"),
    "text": Text("words"),
    "audio": Audio.of(np.zeros(9), caption="c"),
    "video": Video.of(np.zeros((3, 2, 2)), caption="c"),
    "table": Table.of([[1, "a"]], columns=["x", "y"]),
    "embedding": Embedding.of(np.eye(2), labels=["a", "b"], thumbnails=np.zeros((2, 2, 2))),
    "pr_curve": PRCurve.of([0, 1], [0.5, 0.7], thresholds=3),
    "confusion_matrix": ConfusionMatrix.of([0, 1], [1, 1]),
    "mesh": Mesh.of(np.eye(3), faces=[[0, 1, 2]]),
    "histogram": Histogram.of([1.0, 2.0]),
    "images": Images.of(np.zeros((2, 2, 2)), caption="c"),
}


def npy(header):
    """An NPY file with any header and 16 bytes of data."""
    text = str(header).encode() + b"\n"
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(text)) + text + bytes(16)


def record(about, data=b""):
    """A record as somebody else might write it."""
    text = json.dumps(about).encode()
    return zlib.compress(struct.pack("<I", len(text)) + text + data)


def headed(about, data=b""):
    text = about if isinstance(about, bytes) else json.dumps(about).encode()
    return struct.pack("<I", len(text)) + text + data


def png(width, height, mode="L"):
    """The smallest PNG file that claims to be so large."""
    file = io.BytesIO()
    Pillow.new(mode, (1, 1)).save(file, "png")
    data = bytearray(file.getvalue())
    struct.pack_into(">II", data, 16, width, height)
    struct.pack_into(">I", data, 29, zlib.crc32(data[12:29]))
    return bytes(data)


def true_png(mode):
    file = io.BytesIO()
    Pillow.new(mode, (2, 2)).save(file, "png")
    return file.getvalue()


BOMB = zlib.compress(bytes(200 * MIB), 9)
DEEP = b"[" * 200_000
FEW = {"arrays": [["x", "<f8", [3]]]}
F8 = [["edges", "<f8", [3]], ["counts", "<f8", [2]]]
SUMS = {"n": 2, "minimum": 0.0, "maximum": 0.0, "total": 0.0, "total_of_squares": 0.0}

HOSTILE = [
    ("array", npy({"descr": "<f8", "fortran_order": False, "shape": (10**15,)})),
    ("array", npy({"descr": "<f8", "fortran_order": False, "shape": (1 << 40, 1 << 40)})),
    ("array", npy({"descr": "<f8", "fortran_order": False, "shape": (-2,)})),
    ("array", npy({"descr": "<f8", "fortran_order": False, "shape": (-1, -2)})),
    ("array", npy({"descr": "|V0", "fortran_order": False, "shape": (1 << 40,)})),
    ("array", npy({"descr": "|O", "fortran_order": False, "shape": (2,)})),
    ("array", npy("__import__('os').system('true')")),
    ("array", npy("(" * 5000)),
    ("array", pickle.dumps(np.zeros(3))),
    ("image", headed({"cmap": None, "caption": ""}, png(60_000, 60_000))),
    ("image", headed({"cmap": None, "caption": ""}, png(1 << 31, 1))),
    ("image", headed({"cmap": None, "caption": ""}, true_png("P"))),
    ("image", headed({"cmap": None, "caption": ""}, true_png("I;16"))),
    ("image", headed({"cmap": 3, "caption": ""}, true_png("L"))),
    ("image", headed({"cmap": None, "caption": []}, true_png("L"))),
    ("image", headed({"cmap": None, "caption": ""}, b"GIF89a" + bytes(50))),
    ("image", headed(DEEP)),
    ("image", struct.pack("<I", 0xFFFFFFFF)),
    ("images", headed({"images": [{"size": 1 << 60}]})),
    ("images", headed({"images": [{"size": -5}]})),
    ("images", headed({"images": 7})),
    ("images", headed({"images": [3]})),
    ("images", headed({"images": [], "columns": "x"})),
    ("images", headed({"images": []}, b"more")),
    ("sketch", b""),
    ("text", BOMB),
    ("text", zlib.compress(b"\xff\xfe")),
    ("text", zlib.compress(b"words")[:-1]),
    ("text", zlib.compress(b"words") + b"x"),
    ("table", BOMB),
    ("table", zlib.compress(DEEP)),
    ("table", zlib.compress(b'{"columns": ["a"], "rows": [[' + b"9" * 5000 + b"]]}")),
    ("table", zlib.compress(b'{"columns": ["a"], "rows": [[[]]]}')),
    ("table", zlib.compress(b'{"columns": ["a"], "rows": [[1, 2]]}')),
    ("table", zlib.compress(b'{"columns": [1], "rows": []}')),
    ("table", zlib.compress(b"[]")),
    ("graph", BOMB),
    ("graph", zlib.compress(b'{"format": "introspect.graph", "version": 1}')),
    ("graph", zlib.compress(DEEP)),
    ("audio", BOMB),
    ("audio", record({"arrays": [["wav", "|u1", [4]]]}, b"RIFF")),
    ("audio", record({"arrays": []})),
    ("audio", pack({"caption": 3}, {"wav": np.frombuffer(SMALL["audio"].to_wav(), "u1")})),
    ("video", record({"arrays": [["changes", "|u1", [1 << 29, 2, 2, 3]]]})),
    ("video", record({"arrays": [["changes", "|u1", [1 << 20, 8, 8, 3]]], "fps": 4.0})),
    ("video", record({"arrays": [["changes", "|u1", [0, 10**8, 10**8, 3]]], "fps": 4.0})),
    ("video", record({"arrays": [["changes", "<f8", [1]]], "fps": 4.0}, bytes(8))),
    ("video", record({"arrays": [["changes", "|u1", [1, 1, 1, 1]]], "fps": "4"}, b"x")),
    ("video", record({"arrays": [["changes", "|u1", [1, 1, 1, 2]]], "fps": 4.0}, b"xx")),
    ("histogram", record({"arrays": F8, **SUMS}, bytes(39))),
    ("histogram", record({"arrays": F8, **SUMS}, bytes(41))),
    ("histogram", record({"arrays": F8, **SUMS, "n": True}, bytes(40))),
    ("histogram", record({"arrays": F8, **SUMS, "total": None}, bytes(40))),
    ("histogram", record({"arrays": F8}, bytes(40))),
    ("histogram", record({"arrays": [["edges", "O", [3]]], **SUMS}, bytes(24))),
    ("histogram", record({"arrays": [["edges", "<f8", [True]]], **SUMS}, bytes(24))),
    ("histogram", record({"arrays": [["edges", "<f8", [1.5]]], **SUMS}, bytes(24))),
    ("histogram", record({"arrays": [["edges", "<f8", [1] * 9]], **SUMS}, bytes(8))),
    ("histogram", zlib.compress(struct.pack("<I", 0xFFFFFFFF) + b"{" * 100)),
    ("pr_curve", record(FEW, bytes(24))),
    ("confusion_matrix", record({"arrays": [["counts", "<i8", [1, 1]]], "labels": 3}, bytes(8))),
    ("confusion_matrix", record({"arrays": [["counts", "<i8", [1, 1]]], "labels": []}, bytes(8))),
    ("embedding", record({"arrays": [["vectors", "<f4", [1 << 30, 1 << 30]]]})),
    ("embedding", record({"arrays": [["vectors", "<f4", [1, 1]]], "columns": ["a"],
                          "labels": [3]}, bytes(4))),
    ("mesh", record({"arrays": [["vertices", "<f4", [1, 3]], ["faces", "<i4", [1, 3]]]},
                    bytes(12) + b"\x00" * 9 + b"\x7f" * 3)),
    ("mesh", record({"arrays": [["vertices", "<f4", [1, 2]]]}, bytes(8))),
    ("figure", record({"arrays": [["png", "|u1", [3]]], "width": 1, "height": 1}, b"png")),
    ("figure", pack({"width": 9, "height": 9},
                    {"png": np.frombuffer(png(2, 2), "u1")})),
]  # fmt: skip


@pytest.mark.parametrize("index", range(len(HOSTILE)), ids=[name for name, _ in HOSTILE])
def test_a_hostile_payload_is_an_error_within_bounded_time_and_memory(index):
    name, payload = HOSTILE[index]
    NAMES[name].decode(NAMES[name].encode(SMALL[name])) if name in SMALL else None  # imports
    tracemalloc.start()
    start = time.process_time()
    with pytest.raises(Exception) as caught:  # noqa: PT011  the reader takes any for damage
        NAMES[name].decode(payload)
    peak_bytes = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert not isinstance(caught.value, MemoryError)
    assert peak_bytes < 300 * MIB
    assert time.process_time() - start < 10


def test_a_bomb_is_given_up_where_it_exceeds_what_it_announced():
    bomb = zlib.compress(struct.pack("<I", 2) + b"{}" + bytes(500 * MIB), 1)
    tracemalloc.start()
    with pytest.raises(Exception, match="announced"):
        unpack(bomb)
    peak_bytes = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak_bytes < 20 * MIB


@pytest.mark.parametrize("name", SMALL)
@given(data=st.data())
def test_no_flipped_byte_and_no_cut_does_worse_than_an_error(name, data):
    kind = NAMES[name]
    payload = bytearray(kind.encode(SMALL[name]))
    for _ in range(data.draw(st.integers(1, 3))):
        payload[data.draw(st.integers(0, len(payload) - 1))] ^= data.draw(st.integers(1, 255))
    cut = data.draw(st.integers(0, len(payload)))
    for damaged in (bytes(payload), bytes(payload[:cut])):
        try:
            value = kind.decode(damaged)
        except (MemoryError, SystemError):
            raise
        except Exception:  # noqa: BLE001, S112  the reader takes any for damage
            continue
        assert type(value) is type(SMALL[name])


@pytest.mark.parametrize(
    "name", [name for name in SMALL if name not in {"array", "image", "images"}]
)
@given(data=st.data())
def test_no_change_below_the_compression_does_worse_than_an_error(name, data):
    kind = NAMES[name]
    inner = bytearray(zlib.decompress(kind.encode(SMALL[name])))
    for _ in range(data.draw(st.integers(1, 4))):
        place = data.draw(st.integers(0, len(inner) - 1))
        inner[place] = data.draw(st.sampled_from(list(b'0129-[]{}",:\xff\x00e.')))
    try:
        value = kind.decode(zlib.compress(bytes(inner)))
    except (MemoryError, SystemError):
        raise
    except Exception:  # noqa: BLE001  the reader takes any for damage
        return
    assert type(value) is type(SMALL[name])
    kind.encode(value)  # what was believed is sound enough to be written again


def test_a_hostile_cell_is_lost_on_reading_and_the_others_are_not(tmp_path):
    with History(tmp_path, facts=False) as history:
        history.log(0, x=Text("first"), loss=1.0)
        history.log(1, x=Text("second"), loss=2.0)
    (path,) = [name.path for name in segments(tmp_path)]
    good = path.read_bytes()
    at = good.index(b"\x93SEG" + bytes([CELL]))
    header = parse_header(good[at : at + HEADER_BYTES])
    cell = Cell("x", 0, 0, 0, 4, None)
    key_id = struct.unpack_from("<I", good, at + HEADER_BYTES)[0]
    hostile = cell_frame(cell, key_id, BOMB)
    path.write_bytes(good[:at] + hostile + good[at + HEADER_BYTES + header.size_bytes :])
    opened = History.open(tmp_path)
    with pytest.warns(IntrospectWarning, match="damaged"):
        metric = opened["x"]
    assert [value.text for _, value in metric] == ["second"]
    assert opened["loss"].data.tolist() == [1.0, 2.0]


def test_a_record_takes_what_it_gave_and_nothing_else():
    arrays = {
        "bytes": np.arange(7, dtype=np.uint8), "none": np.zeros((0, 3), np.float32),
        "scalar": np.array(2.5), "big": np.arange(3, dtype=">i4"), "cut": np.eye(4)[::2, 1:].T,
    }  # fmt: skip
    about, found = unpack(pack({"a": [1, None, "\ud800"]}, arrays))
    assert about == {"a": [1, None, "\ud800"]}
    for name, array in arrays.items():
        np.testing.assert_array_equal(found[name], array)
        assert found[name].shape == array.shape
        assert not found[name].flags.writeable


def test_texts_beyond_the_bound_are_refused_before_they_are_written(monkeypatch):
    monkeypatch.setattr(codec_records, "MOST_JSON_BYTES", 100)
    with pytest.raises(Exception, match="too long to be stored"):
        NAMES["table"].encode(Table.of([["x" * 200]]))
