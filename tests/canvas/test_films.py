"""Films and files: the right frames, whole files, clear errors."""

import builtins
import io
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image as Picture

from introspect.canvas.files import put
from introspect.canvas.movie_mp4 import mp4_bytes
from introspect.errors import CanvasError, MissingExtraError, SaveError


@pytest.fixture
def run(canvas, metric):
    rng = np.random.default_rng(0)
    steps = [(epoch, step) for epoch in range(4) for step in range(0, 100, 10)]
    loss = metric("loss", np.linspace(2, 0.5, 40).tolist(), steps)
    right = metric("right", [rng.random(3) * 90 for _ in range(4)], [(e, 99) for e in range(4)])
    weight = metric("w", [rng.normal(size=(4, 4)) for _ in range(4)], [(e, 99) for e in range(4)])
    with canvas:
        canvas.draw_plot(loss, title="Loss")
        canvas.draw_bar(right, ["a", "b", "c"], totals=100, title="Right")
        canvas.draw_heatmap(weight, title="w")
        canvas.draw_ridge(weight, title="w")
        canvas.draw_embedding(weight, title="w")
        canvas.draw_stem(right, title="s")
    return canvas


@pytest.mark.parametrize("suffix", [".gif", ".webp"])
def test_a_film_has_the_frames_that_were_asked_for_and_holds_the_last(run, tmp_path, suffix):
    path = tmp_path / f"run{suffix}"
    run.save(path, frames=7, fps=10)
    with Picture.open(path) as film:
        assert film.n_frames == 7
        film.seek(6)
        film.load()
        assert film.info["duration"] in {2000, 100}  # Pillow tells a webp's before the seek
        size = film.size
    assert size[0] == 840


def test_every_counts_logged_steps_from_the_last(run, tmp_path):
    run.save(tmp_path / "x.gif", every=10)
    with Picture.open(tmp_path / "x.gif") as film:
        assert film.n_frames == 5  # 40 steps of the loss, 4 of the others 9 later


def test_an_mp4_is_h264_of_the_right_length_and_its_last_frame_is_the_picture(run, tmp_path):
    av = pytest.importorskip("av", reason="PyAV is the extra 'movie'")
    run.save(tmp_path / "x.mp4", frames=5, fps=5)
    with av.open(str(tmp_path / "x.mp4")) as film:
        (stream,) = film.streams.video
        assert stream.codec_context.name == "h264"
        assert stream.codec_context.pix_fmt == "yuv420p"
        frames = [frame.to_ndarray(format="rgb24") for frame in film.decode(stream)]
    assert len(frames) == 5 + 10  # two seconds of the last
    run.save(tmp_path / "x.gif", frames=5)
    with Picture.open(tmp_path / "x.gif") as gif:
        gif.seek(4)
        last = np.asarray(gif.convert("RGB"), np.float64)
    high, wide = frames[-1].shape[:2]
    assert np.abs(frames[-1].astype(np.float64) - last[:high, :wide]).mean() < 3


def test_odd_sizes_become_even_for_a_film():
    av = pytest.importorskip("av", reason="PyAV is the extra 'movie'")
    content = mp4_bytes([np.zeros((33, 51, 3), np.uint8)] * 3, fps=2.5)
    with av.open(io.BytesIO(content)) as film:
        context = film.streams.video[0].codec_context
        assert (context.height, context.width) == (32, 50)


def test_without_pyav_an_mp4_says_what_to_install(run, tmp_path, monkeypatch):
    real = builtins.__import__

    def without(name, *rest):
        if name == "av":
            raise ModuleNotFoundError("No module named 'av'")
        return real(name, *rest)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(MissingExtraError, match=r"pip install 'torch-introspect\[movie\]'"):
        run.save(tmp_path / "x.mp4")
    assert not list(tmp_path.iterdir())


def test_axes_stand_still_in_a_film(run, monkeypatch):
    from introspect.canvas import movie

    seen = []
    real = movie.FigureCanvasAgg.draw

    def spy(screen):
        real(screen)
        seen.append([(ax.get_xlim(), ax.get_ylim()) for ax in screen.figure.axes])

    monkeypatch.setattr(movie.FigureCanvasAgg, "draw", spy)
    movie.film_bytes(run.panels, ".gif", run._easel("light"), frames=4)
    assert len(seen) == 4
    # a heat map counts in points, and ridges in their number; the other axes do not move
    still = [0, 1, 2, 4, 5]
    assert all([frame[at] for at in still] == [seen[0][at] for at in still] for frame in seen)


def test_each_frame_of_a_film_is_the_picture_of_that_moment(run):
    from introspect.canvas import movie
    from introspect.canvas.figure import common_timeline

    frames = list(movie._pictures(run.panels, run._easel("light"), frames=6, every=None))
    line = common_timeline(run.panels)
    assert len(frames) == len(movie.moments(run.panels, line, 6))
    alone = list(movie._pictures(run.panels, run._easel("light"), frames=1, every=None))
    assert np.abs(frames[-1].astype(int) - alone[0]).max() == 0


@pytest.mark.parametrize("options", [{"every": 0}, {"fps": 0}, {"fps": float("nan")}])
def test_films_that_cannot_be_are_refused_before_any_work(run, tmp_path, options):
    with pytest.raises(CanvasError):
        run.save(tmp_path / "x.gif", **options)
    assert not list(tmp_path.iterdir())


def test_a_file_that_cannot_be_written_leaves_the_old_one_untouched(run, tmp_path, monkeypatch):
    path = tmp_path / "x.png"
    path.write_bytes(b"old")

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(SaveError, match="No space left"):
        run.save(path)
    assert path.read_bytes() == b"old"
    assert [file.name for file in tmp_path.iterdir()] == ["x.png"]


def test_a_folder_in_the_way_is_a_save_error_with_its_path(tmp_path):
    (tmp_path / "x.png").mkdir()
    with pytest.raises(SaveError, match=r"x\.png"):
        put(tmp_path / "x.png", b"new")


def test_a_new_file_has_the_rights_of_any_other(tmp_path):
    put(tmp_path / "x.png", b"new")
    (tmp_path / "plain").write_bytes(b"")
    assert (tmp_path / "x.png").stat().st_mode == (tmp_path / "plain").stat().st_mode


def test_an_html_file_is_whole_and_asks_for_nothing_outside(run, tmp_path):
    run.save(tmp_path / "x.html")
    text = (tmp_path / "x.html").read_text(encoding="utf-8")
    assert text.startswith("<!doctype html>")
    assert 'src="http' not in text
    assert "Loss" in text


def test_a_killed_save_leaves_the_old_file(tmp_path):
    path = tmp_path / "x.png"
    path.write_bytes(b"old")
    script = """
import os, sys
from introspect.canvas import Canvas
from introspect.canvas import files
canvas = Canvas(backend="none")
canvas.draw_plot([1, 2])
os.fsync = lambda _: os._exit(9)
canvas.save(sys.argv[1])
"""
    done = subprocess.run([sys.executable, "-c", script, str(path)], check=False)
    assert done.returncode == 9
    assert path.read_bytes() == b"old"
