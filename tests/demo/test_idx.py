"""idx files: what is read is what was written, and every damage is named."""

import gzip
import struct

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from introspect.demo.idx import read_idx
from introspect.errors import DataError

arrays = hnp.arrays(np.uint8, hnp.array_shapes(min_dims=1, max_dims=4, min_side=0, max_side=6))
small = np.arange(60, dtype=np.uint8).reshape(5, 4, 3)


def idx_bytes(array):
    """The format as its description has it, written with struct alone."""
    header = struct.pack(">HBB", 0, 8, array.ndim)
    return header + struct.pack(f">{array.ndim}I", *array.shape) + array.tobytes()


@given(arrays, st.booleans())
def test_what_was_written_is_read_back_plain_or_gzipped(tmp_path_factory, array, is_gzip):
    path = tmp_path_factory.mktemp("idx") / "images"
    path.write_bytes(gzip.compress(idx_bytes(array)) if is_gzip else idx_bytes(array))
    read = read_idx(path)
    assert read.dtype == np.uint8
    assert read.shape == array.shape
    assert (read == array).all()


@pytest.mark.parametrize("name", ["images", "images.gz"])
@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_the_content_and_not_the_suffix_tells_whether_a_file_is_gzipped(tmp_path, name, pack):
    path = tmp_path / name
    path.write_bytes(pack(idx_bytes(small)))
    assert (read_idx(path) == small).all()


def test_the_array_is_writable_so_that_torch_can_share_it(tmp_path):
    path = tmp_path / "images"
    path.write_bytes(gzip.compress(idx_bytes(small)))
    assert read_idx(path).flags.writeable


@pytest.mark.parametrize(
    ("content", "given"),
    [
        (b"", "an empty file"),
        (b"\x00\x00\x08", "begins with 0x000008"),
        (b"<html>404 not found</html>", "begins with 0x3c68746d"),
        (b"\x00\x00\x0d\x01" + bytes(8), "begins with 0x00000d01"),
        (b"\x00\x00\x08\x00", "begins with 0x00000800"),
        (b"\x00\x00\x08\x03\x00\x00\x00\x05", "a header of 8 bytes where 16 belong"),
        (idx_bytes(small)[:-1], r"a header of shape \(5, 4, 3\) \(60 bytes\), and only 59 bytes"),
        (idx_bytes(small) + b"\x00", r"\(60 bytes\), and more than 60 bytes behind it"),
        (b"\x00\x00\x08\x03" + b"\xff" * 12, "more than a file of this size can hold"),
        (struct.pack("<HBBI", 0, 8, 1, 3) + b"abc", "more than a file of this size can hold"),
    ],
    ids=[
        "empty",
        "cut in the magic number",
        "a web page",
        "floats",
        "no axes",
        "cut in the header",
        "cut in the values",
        "one byte more",
        "a header of terabytes",
        "little endian",
    ],
)
@pytest.mark.parametrize("pack", [bytes, gzip.compress], ids=["plain", "gzip"])
def test_a_damaged_file_is_named_with_what_was_found(tmp_path, content, given, pack):
    path = tmp_path / "train-images-idx3-ubyte"
    path.write_bytes(pack(content))
    with pytest.raises(DataError, match=given) as caught:
        read_idx(path, hint="what to do")
    assert str(caught.value).startswith("train-images-idx3-ubyte is damaged.\n")
    assert str(path) in str(caught.value)
    assert str(caught.value).endswith("try    what to do")


@given(st.data())
def test_a_gzip_file_cut_anywhere_is_refused(tmp_path_factory, data):
    whole = gzip.compress(idx_bytes(small))
    path = tmp_path_factory.mktemp("idx") / "images.gz"
    path.write_bytes(whole[: data.draw(st.integers(2, len(whole) - 1))])
    with pytest.raises(DataError, match=r"images.gz is damaged"):
        read_idx(path)


@given(st.data())
def test_a_flipped_bit_in_a_gzip_file_is_never_read_as_other_values(tmp_path_factory, data):
    altered = bytearray(gzip.compress(idx_bytes(small)))
    bit = data.draw(st.integers(0, 8 * len(altered) - 1))
    altered[bit // 8] ^= 1 << bit % 8
    path = tmp_path_factory.mktemp("idx") / "images.gz"
    path.write_bytes(altered)
    try:
        read = read_idx(path)
    except DataError:
        return
    assert (read == small).all()  # the bit was in gzip's name, time or system


def test_bytes_after_the_gzip_stream_are_refused(tmp_path):
    path = tmp_path / "images.gz"
    path.write_bytes(gzip.compress(idx_bytes(small)) + b"more")
    with pytest.raises(DataError, match="breaks off or was altered"):
        read_idx(path)


@pytest.mark.parametrize("make", ["mkdir", "nothing"])
def test_a_file_that_cannot_be_opened_is_named_with_the_cause(tmp_path, make):
    path = tmp_path / "labels"
    if make == "mkdir":
        path.mkdir()
    with pytest.raises(DataError, match=r"labels cannot be read.(\n.*)*cause"):
        read_idx(path)
