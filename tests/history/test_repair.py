"""Checking a run and writing a clean copy of it, against bytes that are damaged on purpose."""

import warnings

import numpy as np
import pytest

from introspect.errors import SegmentError
from introspect.history import History
from introspect.history.folder import segments
from introspect.history.repair import check, repair
from introspect.nouns.values import Image


def write_run(folder):
    """Two starts of one attempt, a rewind in between, images and facts."""
    with History(folder, config={"lr": 0.1}) as history:
        for step in range(10):
            history.log(step, loss=float(step))
            history.flush()
        history.log(9, picture=Image.of(np.eye(4)))
    with History(folder, resume=True) as history:
        history.rewind(5)
        for step in range(5, 8):
            history.log(step, loss=-float(step), other=1.0)
    return [name.path for name in segments(folder)]


def found(folder):
    history = History(folder)
    return {key: [(step, float(np.mean(value))) for step, value in history[key]] for key in history}


def flip(path, place):
    data = bytearray(path.read_bytes())
    data[place] ^= 0x20
    path.write_bytes(data)


def test_a_good_run_is_clean_and_its_copy_is_the_same_byte_for_byte(tmp_path):
    paths = write_run(tmp_path / "run")
    report = check(tmp_path / "run")
    assert report.is_clean
    assert report.value_count == 10 + 1 + 6
    assert [file.path for file in report.files] == paths
    assert all(file.is_closed and not file.cut_bytes for file in report.files)
    assert str(report).splitlines()[0] == f"{tmp_path / 'run'}: 2 files"
    assert repair(tmp_path / "run", tmp_path / "copy") == report
    for path in paths:
        assert (tmp_path / "copy" / path.name).read_bytes() == path.read_bytes()


def test_every_flipped_byte_is_found_and_the_copy_is_clean_and_reads_the_same(tmp_path):
    for index, path in enumerate(write_run(tmp_path / "run")):
        data = path.read_bytes()
        for place in range(0, len(data), 11):
            flip(path, place)
            report = check(tmp_path / "run")
            assert not report.files[index].is_clean, place
            assert report.files[1 - index].is_clean
            assert "damaged" in str(report)
            target = tmp_path / f"copy-{index}-{place}"
            assert repair(tmp_path / "run", target) == report
            assert check(target).is_clean
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # the picture was rewound: nobody reads it
                before = found(tmp_path / "run")
            assert found(target) == before  # and no warning
            path.write_bytes(data)


def test_a_value_that_only_its_own_checksum_knows_to_be_damaged_is_found(tmp_path):
    path, _ = write_run(tmp_path / "run")
    place = path.read_bytes().index(b"IDAT") + 6
    flip(path, place)
    (damaged,) = check(tmp_path / "run").files[0].damaged
    assert damaged[0] < place < sum(damaged)


def test_a_cut_end_is_no_damage_and_is_not_copied(tmp_path):
    path, _ = write_run(tmp_path / "run")
    data = path.read_bytes()
    path.write_bytes(data[:-30])
    report = check(tmp_path / "run")
    assert report.is_clean
    assert report.files[0].cut_bytes > 0
    assert not report.files[0].is_closed
    assert "cut short" in str(report)
    repair(tmp_path / "run", tmp_path / "copy")
    copy = check(tmp_path / "copy").files[0]
    assert copy.cut_bytes == 0
    assert copy.size_bytes == len(data) - 30 - report.files[0].cut_bytes


def test_values_whose_name_is_lost_are_counted(tmp_path):
    with History(tmp_path, facts=False) as history:
        history.log(0, x=1.0)
        history.flush()
        (path,) = [name.path for name in segments(tmp_path)]
        size = path.stat().st_size
    data = path.read_bytes()[:size]  # killed before the names were repeated
    place = data.index(b"\x93SEG\x02") + 25
    path.write_bytes(data[:place] + bytes([data[place] ^ 1]) + data[place + 1 :])
    report = check(tmp_path)
    assert report.files[0].unnamed_count == 1
    assert not report.is_clean
    assert "names of 1 values" in str(report)


def test_a_target_that_is_not_empty_or_no_folder_is_refused(tmp_path):
    write_run(tmp_path / "run")
    (tmp_path / "file").touch()
    with pytest.raises(SegmentError, match="empty folder"):
        repair(tmp_path / "run", tmp_path / "run")
    with pytest.raises(SegmentError, match="cannot be written"):
        repair(tmp_path / "run", tmp_path / "file")
    with pytest.raises(SegmentError, match="no run folder"):
        repair(tmp_path / "nothing", tmp_path / "copy")
    with pytest.raises(SegmentError, match="no run folder"):
        check(tmp_path / "nothing")
