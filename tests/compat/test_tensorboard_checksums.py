"""Checksums of event files: with google-crc32c and without it, the same."""

import sys
import types
import warnings
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from introspect.compat.tensorboardx.crc32c import crc32c
from introspect.history.formats.events import checksum
from introspect.history.formats.events.checksum import crc32c_rows


def by_definition(content):
    state = 0xFFFFFFFF
    for byte in content:
        state ^= byte
        for _ in range(8):
            state = state >> 1 ^ (0x82F63B78 if state & 1 else 0)
    return state ^ 0xFFFFFFFF


@pytest.fixture
def replaced(monkeypatch):
    """Puts a package in the place of google-crc32c, for one test."""

    def put(module):
        monkeypatch.setitem(sys.modules, "google_crc32c", module)
        checksum._native.cache_clear()

    yield put
    checksum._native.cache_clear()


def package(calls, implementation):
    def value(content):
        calls.append(len(content))
        return by_definition(content)

    found: Any = types.ModuleType("google_crc32c")
    found.value, found.implementation = value, implementation
    return found


def test_single_records_and_long_rows_go_to_the_package_and_short_rows_do_not(replaced):
    calls: list[int] = []
    replaced(package(calls, "c"))
    short = np.arange(5 * 24, dtype=np.uint8).reshape(5, 24)
    long = np.arange(3 * 80, dtype=np.uint8).reshape(3, 80)
    assert crc32c(b"abc") == by_definition(b"abc")
    assert crc32c_rows(short).tolist() == [by_definition(row.tobytes()) for row in short]
    assert calls == [3]
    assert crc32c_rows(long).tolist() == [by_definition(row.tobytes()) for row in long]
    assert crc32c_rows(long[:0]).tolist() == []
    assert calls == [3, 80, 80, 80]


@pytest.mark.parametrize("implementation", ["python", None])
def test_a_package_without_its_c_part_or_none_leaves_it_to_numpy(replaced, implementation):
    calls: list[int] = []
    replaced(package(calls, implementation) if implementation else None)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert crc32c(b"123456789") == 0xE3069283
    assert not calls


@given(st.binary(max_size=3000))
def test_the_package_and_numpy_agree(content):
    package = pytest.importorskip("google_crc32c", reason="google-crc32c is not installed")
    rows = np.frombuffer(content * 3, np.uint8).reshape(3, -1)
    expected = package.value(content)
    assert checksum._crc32c_of_one(content) == crc32c(content) == expected
    assert checksum._crc32c_of_rows(rows).tolist() == crc32c_rows(rows).tolist() == [expected] * 3
