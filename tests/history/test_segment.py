"""The file format, read by code that knows only its document, and damaged in every way."""

import re
import struct
import warnings
import zlib
from pathlib import Path

import numpy as np
import pytest

from introspect.errors import IntrospectWarning
from introspect.history import History
from introspect.history.segment import frame, name_frames, parse_header, parse_names
from introspect.nouns.values import Image

CALLS = 20


def write_small_run(folder):
    """Several flushes: each step has its own frame of rows, every tenth a cell."""
    history = History(folder)
    for step in range(CALLS):
        history.log((step // 10, step), loss=step / 3, acc=-float(step))
        if step % 10 == 0:
            history.log((step // 10, step), weight=np.full((2, 2), step, np.float32))
        history.flush()
    history.close()
    (path,) = folder.glob("*.segment")
    return path


def truth():
    rows = {"loss": {}, "acc": {}, "weight": {}}
    for step in range(CALLS):
        rows["loss"][step // 10, step] = step / 3
        rows["acc"][step // 10, step] = -float(step)
        if step % 10 == 0:
            rows["weight"][step // 10, step] = step
    return rows


def read(folder):
    """Key -> {step: value}, with weights as the number they are full of."""
    history = History(folder)
    found = {}
    for key in history:
        rows = dict(history[key])
        found[key] = {s: float(np.mean(v)) for s, v in rows.items()}
    return found


def assert_nothing_wrong(found):
    """Everything that was read is what was logged."""
    right = truth()
    for key, rows in found.items():
        for step, value in rows.items():
            assert right[key][step] == value


def frames_by_the_book(data):
    """(first byte, kind, payload) as the document has it."""
    at = 0
    while at < len(data):
        magic, kind, version, zero, size, crc = struct.unpack_from("<4sBBHII", data, at)
        assert (magic, version, zero) == (b"\x93SEG", 1, 0)
        assert struct.unpack_from("<I", data, at + 16) == (zlib.crc32(data[at : at + 16]),)
        payload = data[at + 20 : at + 20 + size]
        assert crc == zlib.crc32(payload)
        yield at, kind, payload
        at += 20 + size
    assert at == len(data)


def rows_by_the_book(payload):
    """(key ids, steps, ticks, values by key) of every block of a frame of rows."""
    raw = zlib.decompress(payload)
    at = 0
    while at < len(raw):
        keys, rows, width, _, unit, tick, _ = struct.unpack_from("<IIHHIqq", raw, at)
        at += 32
        ids = struct.unpack_from(f"<{keys}I", raw, at)
        at += 4 * keys
        count = (width + 1 + keys) * rows
        planes = raw[at : at + 8 * count]
        at += 8 * count
        words = [bytes(planes[p * count + i] for p in range(8)) for i in range(count)]
        columns = [words[c * rows : (c + 1) * rows] for c in range(width + 1 + keys)]
        integers = [[struct.unpack("<q", w)[0] for w in column] for column in columns[: width + 1]]
        steps = [np.cumsum(column).tolist() for column in integers[:width]]
        ticks = [tick + unit * passed for passed in np.cumsum(integers[width]).tolist()]
        values = [[struct.unpack("<d", w)[0] for w in column] for column in columns[width + 1 :]]
        yield ids, list(zip(*steps, strict=True)), ticks, values


def test_a_file_reads_as_the_document_says(tmp_path):
    data = write_small_run(tmp_path).read_bytes()
    frames = list(frames_by_the_book(data))
    assert frames[0][1] == 1
    assert frames[-1][1] == 5
    names = {}
    for _, kind, payload in frames:
        if kind == 2:
            names |= parse_names(payload)
    assert sorted(names.values()) == ["acc", "loss", "weight"]
    found = {name: {} for name in names.values()}
    ticks = []
    for _, kind, payload in frames:
        if kind == 3:
            for ids, steps, block_ticks, values in rows_by_the_book(payload):
                ticks += block_ticks
                for key_id, column in zip(ids, values, strict=True):
                    found[names[key_id]] |= dict(zip(steps, column, strict=True))
        if kind == 4:
            key_id, code, width, epoch, step, _, _ = struct.unpack_from("<IHHqqqq", payload)
            assert struct.unpack_from("<I", payload, 40) == (zlib.crc32(payload[:40]),)
            assert (code, width) == (1, 2)
            assert payload[44:50] == b"\x93NUMPY"
            found[names[key_id]][epoch, step] = step
    assert found == truth()
    assert ticks == sorted(ticks)


def test_an_image_is_a_png_in_the_file(tmp_path):
    with History(tmp_path) as history:
        history.log(0, picture=Image.of(np.zeros((4, 4))))
    (path,) = tmp_path.glob("*.segment")
    payload = next(p for _, kind, p in frames_by_the_book(path.read_bytes()) if kind == 4)
    (about_bytes,) = struct.unpack_from("<I", payload, 44)
    assert payload[48 + about_bytes :].startswith(b"\x89PNG\r\n\x1a\n")


def test_every_single_flipped_byte_costs_at_most_one_frame_and_warns(tmp_path):
    path = write_small_run(tmp_path)
    data = path.read_bytes()
    sizes = {}
    for at, kind, payload in frames_by_the_book(data):
        # A frame of rows holds 2 values here, a cell 1; names are repeated, so cost nothing.
        sizes |= dict.fromkeys(range(at, at + 20 + len(payload)), {3: 2, 4: 1}.get(kind, 0))
    total = sum(len(rows) for rows in truth().values())
    for place in range(len(data)):
        path.write_bytes(data[:place] + bytes([data[place] ^ 0x10]) + data[place + 1 :])
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            found = read(tmp_path)
        assert_nothing_wrong(found)
        assert sum(len(rows) for rows in found.values()) == total - sizes[place], place
        assert [w.category for w in caught] == [IntrospectWarning], place
    assert "damaged" in str(caught[0].message)
    assert path.name in str(caught[0].message)


def test_every_truncation_keeps_all_complete_frames(tmp_path):
    path = write_small_run(tmp_path)
    data = path.read_bytes()
    ends = {}
    total = 0
    for at, kind, payload in frames_by_the_book(data):
        total += {3: 2, 4: 1}.get(kind, 0)
        ends[at + 20 + len(payload)] = total
    for size in range(len(data)):
        path.write_bytes(data[:size])
        found = read(tmp_path)  # a cut end is what a killed process leaves: no warning
        assert_nothing_wrong(found)
        complete = max((count for end, count in ends.items() if end <= size), default=0)
        assert sum(len(rows) for rows in found.values()) == complete


@pytest.mark.parametrize(
    "junk", [b"\x00" * 5000, b"\x93SEG" * 100, b"\x93SEG\x03\x01" + b"\xff" * 40]
)
@pytest.mark.parametrize("place", ["start", "middle", "end"])
def test_junk_between_frames_is_skipped(tmp_path, junk, place):
    path = write_small_run(tmp_path)
    data = path.read_bytes()
    starts = [at for at, _, _ in frames_by_the_book(data)]
    at = {"start": 0, "middle": starts[len(starts) // 2], "end": len(data)}[place]
    path.write_bytes(data[:at] + junk + data[at:])
    with pytest.warns(IntrospectWarning, match="damaged"):
        assert read(tmp_path) == truth()


def test_a_frame_cut_in_the_middle_of_the_file_hides_none_of_those_behind_it(tmp_path):
    path = write_small_run(tmp_path)
    data = path.read_bytes()
    cells = [(at, len(p)) for at, kind, p in frames_by_the_book(data) if kind == 4]
    at, size = cells[1]
    path.write_bytes(data[: at + 60] + data[at + 20 + size :])  # the disk was full here, once
    with pytest.warns(IntrospectWarning, match="damaged"):
        found = read(tmp_path)
    lost = truth()
    del lost["weight"][1, 10]
    assert found == lost


def test_an_empty_file_and_other_files_in_the_folder_do_no_harm(tmp_path):
    write_small_run(tmp_path)
    (tmp_path / "attempt-0001-rank-0-pid-1.segment").touch()
    (tmp_path / "notes.txt").write_text("hello")
    (tmp_path / "attempt-9999.segment").write_text("not one of ours")
    (tmp_path / "attempt-0009-rank-0-pid-1.segment.bak").write_text("nor this")
    assert read(tmp_path) == truth()


def test_frames_of_a_newer_format_are_passed_over(tmp_path):
    path = write_small_run(tmp_path)
    data = path.read_bytes()
    path.write_bytes(frame(77, b"the future") + data + frame(77, b""))
    assert read(tmp_path) == truth()


def test_a_header_with_any_wrong_bit_is_no_header():
    whole = frame(3, b"payload")
    assert parse_header(whole) is not None
    for bit in range(8 * 20):
        wrong = bytearray(whole)
        wrong[bit // 8] ^= 1 << (bit % 8)
        assert parse_header(bytes(wrong)) is None


def test_rows_are_in_frames_of_at_most_64_kib(tmp_path):
    values = np.random.default_rng(0).normal(size=30_000).tolist()
    with History(tmp_path) as history:
        for step, value in enumerate(values):
            history.log(step, a=value, b=-value)
    (path,) = tmp_path.glob("*.segment")
    rows = [p for _, kind, p in frames_by_the_book(path.read_bytes()) if kind == 3]
    assert len(rows) > 8
    assert max(map(len, rows)) <= 64 * 1024
    assert max(len(zlib.decompress(p)) for p in rows) <= 64 * 1024 + 100


def test_a_scalar_takes_at_most_8_bytes_even_if_it_is_random_to_the_last_bit(tmp_path):
    values = np.random.default_rng(0).random(size=(5_000, 10)).tolist()
    keys = [f"layer/{index}" for index in range(10)]
    with History(tmp_path) as history:
        for step, row in enumerate(values):
            history.log(step, **dict(zip(keys, row, strict=True)))
    (path,) = tmp_path.glob("*.segment")
    assert path.stat().st_size / 50_000 <= 8


def test_calls_with_different_keys_keep_their_order_through_the_file(tmp_path):
    with History(tmp_path) as history:
        for _ in range(3):  # the last of one step wins, whichever set of keys it came with
            for index in range(100):
                history.log(7, a=float(index))
                history.log(7, a=float(index) + 0.5, b=1.0)
                history.log(7, c=1.0, a=np.array([index]))
        history.log(7, a=1000.0, d=0.0)
        history.log(7, a=2000.0)
    for opened in (history, History(tmp_path)):
        assert list(opened["a"]) == [(7, 2000.0)]


def test_names_of_any_length_and_alphabet_come_back():
    names = [(0, "a"), (7, "\ud800"), (2**32 - 1, "ключ🔥"), (9, "k" * 200_000), (10, "\x00\n")]
    found = {}
    for data in name_frames(names):
        header = parse_header(data)
        assert header is not None
        found |= parse_names(data[20:])
    assert found == dict(names)


def test_the_document_gives_the_sizes_that_the_code_uses():
    root = Path(__file__).parents[2]
    text = (root / "docs/formats/segment.md").read_text(encoding="utf-8")
    for layout in ("<4sBBHII", "<IIHHIqq", "<IHHqqqq"):
        assert re.search(re.escape(layout), text)
