"""Images, Audio, Video and Figure against Pillow, wave and matplotlib."""

import io
import sys
import wave

import matplotlib.pyplot as plt
import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from matplotlib.figure import Figure as MatplotlibFigure
from PIL import Image as Pillow

from introspect.errors import HistoryError, MissingExtraError
from introspect.nouns.values import Audio, Figure, Image, Images, Video

RANDOM = np.random.default_rng(0)


def pixels(*shape):
    return RANDOM.integers(0, 256, shape, np.uint8)


# ---------------------------------------------------------------------------- Image, Images


@pytest.mark.parametrize("mode", ["1", "L", "P", "RGB", "RGBA", "CMYK", "LA", "YCbCr", "HSV"])
def test_a_picture_of_pillow_keeps_its_colours_whatever_its_mode(mode):
    picture = Pillow.fromarray(pixels(8, 8, 3)).convert(mode)
    shown = Pillow.fromarray(Image.of(picture).pixels)
    assert np.array_equal(np.asarray(shown.convert("RGBA")), np.asarray(picture.convert("RGBA")))


@pytest.mark.parametrize("shape", [(6, 3, 5, 7), (6, 5, 7, 3), (6, 1, 5, 7), (6, 5, 7)])
def test_a_batch_becomes_its_pictures(shape):
    batch = torch.from_numpy(pixels(*shape))
    images = Images.of(batch, captions=list("abcdef"), columns=2)
    assert len(images) == 6
    assert [image.caption for image in images.images] == list("abcdef")
    for image, one in zip(images.images, batch, strict=True):
        alone = Image.of(one) if one.ndim == 3 else Image.of(one[None])
        assert np.array_equal(image.pixels, alone.pixels)


def test_what_is_brighter_in_one_picture_of_a_batch_is_brighter_in_all():
    batch = RANDOM.normal(size=(4, 5, 6)) * np.array([1, 5, 0.1, 2])[:, None, None]
    found = np.stack([image.pixels for image in Images.of(batch).images]).ravel()
    assert np.all(np.diff(found[np.argsort(batch.ravel())].astype(int)) >= 0)
    assert (found.min(), found.max()) == (0, 255)
    assert Images.of([np.full((2, 2), 0.5), np.eye(2)]).images[0].pixels.tolist() == [[128] * 2] * 2


def test_bytes_beside_floats_stay_as_they_are_and_images_too():
    given = Image.of(pixels(4, 4), cmap="viridis", caption="mine")
    images = Images.of([pixels(2, 2) * 0 + 7, np.full((3, 3), 9.0), np.zeros((1, 1)), given])
    assert images.images[0].pixels.tolist() == [[7, 7], [7, 7]]
    assert images.images[1].pixels.max() == 255
    assert np.array_equal(images.images[3].pixels, given.pixels)
    assert not np.shares_memory(images.images[3].pixels, given.pixels)
    assert (images.images[3].cmap, images.images[3].caption) == ("viridis", "mine")


def test_a_batch_of_nothing_is_no_error_in_a_training():
    assert len(Images.of(torch.zeros(0, 3, 8, 8))) == 0
    assert len(Images.of([])) == 0
    with pytest.raises(HistoryError, match="no picture to be shown"):
        Images.of([]).to_image()


def test_a_single_picture_and_a_wrong_number_of_captions_say_what_to_do():
    with pytest.raises(HistoryError, match=r"several pictures[\s\S]*\(3, 3\)[\s\S]*\(N, C, H, W\)"):
        Images.of(np.eye(3))
    with pytest.raises(HistoryError, match="2 captions of 3 pictures"):
        Images.of(np.zeros((3, 2, 2)), captions=["a", "b"])
    with pytest.raises(HistoryError, match="at least one column"):
        Images.of(np.zeros((3, 2, 2)), columns=0)
    with pytest.raises(HistoryError, match="is an Image"):
        Images((np.eye(3),))


def test_one_picture_of_all_has_each_at_its_place_and_white_between_them():
    batch = pixels(5, 4, 6, 3) // 2
    page = Images.of(batch, columns=3).to_image(gap_px=1).pixels
    assert page.shape == (2 * 5 - 1, 3 * 7 - 1, 3)
    for index, one in enumerate(batch):
        down, right = divmod(index, 3)
        assert np.array_equal(page[5 * down :, 7 * right :][:4, :6], one)
    assert (page[4] == 255).all()
    assert (page[5:, 14:] == 255).all()


def test_one_picture_of_mixed_kinds_is_as_rich_as_the_richest():
    grey, colour, glass = pixels(2, 2), pixels(2, 2, 3), pixels(2, 2, 4)
    page = Images.of([grey, colour, glass], columns=3).to_image(gap_px=0).pixels
    assert np.array_equal(page[:, :2], np.dstack([grey, grey, grey, np.full((2, 2), 255, "u1")]))
    assert np.array_equal(page[:, 2:4, :3], colour)
    assert np.array_equal(page[:, 4:], glass)
    mapped = Images.of([grey, grey], cmap="magma")
    assert mapped.to_image().cmap == "magma"
    assert repr(mapped) == "<Images: 2 of 2×2>"
    assert repr(Images.of([grey, colour[:1]])) == "<Images: 2 of different sizes>"


# ---------------------------------------------------------------------------- Audio


@pytest.mark.parametrize("shape", [(50,), (1, 50), (2, 50), (50, 1), (50, 2)])
@pytest.mark.parametrize("make", [np.asarray, torch.from_numpy])
def test_samples_of_any_layout_are_channels_first(shape, make):
    data = RANDOM.integers(-32768, 32768, shape).astype(np.int16)
    expected = data[None] if data.ndim == 1 else data if shape[0] < 3 else data.T
    audio = Audio.of(make(data), rate_hz=8000)
    np.testing.assert_array_equal(audio.samples, expected, strict=True)
    assert not np.shares_memory(audio.samples, data)


@given(hnp.arrays(np.float64, st.integers(1, 20), elements=st.floats()))
def test_floats_become_the_nearest_of_65535_steps_and_never_wrap_around(data):
    samples = Audio.of(data).samples[0] / 32767.0
    exact = np.clip(np.where(np.isnan(data), 0.0, data), -1.0, 1.0)
    assert np.abs(samples - exact).max() <= 0.5 / 32767 + 1e-12


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.float16])
def test_a_tensor_in_a_graph_may_be_heard(dtype):
    tensor = torch.tensor([0.5, -0.5], dtype=dtype, requires_grad=True)
    assert Audio.of(tensor).samples.tolist() == [[16384, -16384]]


@pytest.mark.parametrize("channels", [1, 2])
def test_the_wav_file_is_what_the_wave_module_reads(channels):
    data = RANDOM.integers(-32768, 32768, (channels, 77)).astype(np.int16)
    audio = Audio.of(data, rate_hz=22_050)
    with wave.open(io.BytesIO(audio.to_wav())) as sound:
        assert sound.getparams()[:4] == (channels, 2, 22_050, 77)
        frames = np.frombuffer(sound.readframes(77), "<i2").reshape(77, channels)
    assert np.array_equal(frames.T, data)


def test_the_repr_of_a_sound_says_how_long_it_is():
    assert repr(Audio.of(np.zeros((2, 33_075)), rate_hz=22_050)) == (
        "<Audio 1.5 s, 2 channels, 22050 Hz>"
    )
    assert repr(Audio.of(np.zeros(800), rate_hz=8e3, caption="a dog")) == (
        "<Audio 0.1 s, 1 channel, 8000 Hz: a dog>"
    )
    assert Audio.of(np.zeros(0)).duration_s == 0


@pytest.mark.parametrize(
    ("data", "rate_hz", "words"),
    [
        (np.zeros((3, 9)), 8000, r"no sound[\s\S]*\(3, 9\)[\s\S]*\(n, 2\)"),
        (np.zeros((1, 2, 9)), 8000, "no sound"),
        (np.zeros(9, np.int32), 8000, r"floats or int16[\s\S]*int32"),
        (np.zeros(9, complex), 8000, "real numbers"),
        (["a"], 8000, "real numbers"),
        (np.zeros(9), 0, "rate_hz=0"),
        (np.zeros(9), float("nan"), "rate_hz=nan"),
        (np.zeros(9), 1e12, "this rate"),
    ],
)
def test_what_is_no_sound_is_told(data, rate_hz, words):
    with pytest.raises(HistoryError, match=words):
        Audio.of(data, rate_hz=rate_hz)


# ---------------------------------------------------------------------------- Video


@pytest.mark.parametrize(
    ("shape", "axes"),
    [((5, 3, 4, 6), (0, 2, 3, 1)), ((5, 4, 6, 3), None), ((5, 1, 4, 6), (0, 2, 3, 1)),
     ((5, 4, 6, 4), None)],
)  # fmt: skip
def test_frames_become_channels_last(shape, axes):
    data = pixels(*shape)
    expected = data if axes is None else data.transpose(axes)
    for film in (data, torch.from_numpy(data), list(data)):
        video = Video.of(film, fps=7)
        np.testing.assert_array_equal(video.frames, expected, strict=True)
        assert (video.fps, len(video)) == (7.0, 5)
    assert not np.shares_memory(Video.of(data).frames, data)


def test_grey_frames_and_floats_share_one_range():
    data = np.stack([np.full((2, 2), -1.0), np.full((2, 2), 3.0)])
    assert Video.of(data).frames[:, 0, 0, 0].tolist() == [0, 255]


@pytest.mark.parametrize("count", [1, 2, 3, 4, 5])
def test_several_films_become_a_grid(count):
    films = pixels(count, 6, 3, 4, 5)
    frames = Video.of(films).frames
    columns = int(np.ceil(np.sqrt(count)))
    assert frames.shape == (6, 4 * -(-count // columns), 5 * columns, 3)
    for index in range(count):
        down, right = divmod(index, columns)
        place = frames[:, 4 * down : 4 * down + 4, 5 * right : 5 * right + 5]
        assert np.array_equal(place, films[index].transpose(0, 2, 3, 1))


@pytest.mark.parametrize("fps", [0.5, 4, 7, 24, 30, 50])
def test_pillow_reads_the_grey_frames_of_a_gif_exactly_and_in_time(fps):
    video = Video.of(pixels(9, 6, 8), fps=fps)
    with Pillow.open(io.BytesIO(video.to_gif())) as film:
        assert film.n_frames == 9
        assert film.info["loop"] == 0
        total_ms = 0
        for index in range(9):
            film.seek(index)
            total_ms += film.info["duration"]
            shown = np.asarray(film.convert("L"))
            assert np.array_equal(shown, video.frames[index, :, :, 0])
    assert abs(total_ms - 1000 * video.duration_s) <= 10


def test_the_colours_of_a_gif_are_close_and_glass_is_white():
    ramp = np.linspace(0, 255, 64, dtype=np.uint8)
    colours = np.stack([np.stack([ramp, ramp[::-1], ramp // 2], -1)[None]] * 2)
    colours[1] = colours[1][:, ::-1]
    with Pillow.open(io.BytesIO(Video.of(colours).to_gif())) as film:
        for index in range(2):
            film.seek(index)
            shown = np.asarray(film.convert("RGB")).astype(int)
            assert np.abs(shown - colours[index]).max() <= 8
    glass = np.zeros((2, 4, 4, 4), np.uint8)
    with Pillow.open(io.BytesIO(Video.of(glass).to_gif())) as film:
        assert np.asarray(film.convert("RGB")).tolist() == [[[255] * 3] * 4] * 4


@pytest.mark.parametrize("shape", [(8, 32, 48, 3), (8, 31, 47, 1), (1, 2, 2, 4)])
def test_pyav_reads_the_frames_of_an_mp4(shape):
    av = pytest.importorskip("av", reason="MP4 files are written by PyAV")
    rows = np.linspace(0, 255, shape[1]).astype(np.uint8)[None, :, None, None]
    frames = np.broadcast_to(rows, shape).copy()
    if shape[3] == 4:
        frames[..., 3] = 255
    with av.open(io.BytesIO(Video.of(frames, fps=8).to_mp4())) as film:
        assert float(film.streams.video[0].average_rate) == 8
        shown = [frame.to_ndarray(format="rgb24") for frame in film.decode(video=0)]
    assert len(shown) == shape[0]
    for frame in shown:
        cut = frame[: shape[1], : shape[2]].astype(int)
        assert np.abs(cut - frames[0][..., :1]).mean() < 6


def test_without_pyav_an_mp4_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "av", None)
    with pytest.raises(MissingExtraError, match=r"PyAV[\s\S]*torch-introspect\[movie\]"):
        Video.of(np.zeros((2, 4, 4))).to_mp4()


@pytest.mark.parametrize(
    ("data", "fps", "words"),
    [
        (np.zeros((4, 4)), 4, "several pictures"),
        (np.zeros((0, 3, 4, 4)), 4, "at least one"),
        (np.zeros((0, 2, 3, 4, 4)), 4, "at least one"),
        (np.zeros((2, 2, 4, 5)), 4, "no picture"),
        ([np.zeros((2, 2)), np.zeros((3, 3))], 4, r"one shape[\s\S]*\(2, 2\), \(3, 3\)"),
        (np.zeros((2, 4, 4)), 0, "this rate"),
        (np.zeros((2, 4, 4)), float("inf"), "this rate"),
        (np.zeros((2, 4, 4)), "fast", "this rate"),
        (np.zeros((2, 4, 4), complex), 4, "real numbers"),
    ],
)
def test_what_is_no_film_is_told(data, fps, words):
    with pytest.raises(HistoryError, match=words):
        Video.of(data, fps=fps)


# ---------------------------------------------------------------------------- Figure


def drawing():
    figure = MatplotlibFigure(figsize=(3, 2))
    axes = figure.add_subplot()
    (line,) = axes.plot([0, 1], [0, 1])
    return figure, line


def test_a_figure_is_what_matplotlib_saves_and_is_left_as_it_was():
    figure, line = drawing()
    canvas, dpi = figure.canvas, figure.dpi
    made = Figure.of(figure, dpi=80, svg=True)
    file = io.BytesIO()
    figure.savefig(file, format="png", dpi=80)
    with Pillow.open(io.BytesIO(made.png)) as ours, Pillow.open(file) as theirs:
        assert ours.size == (240, 160) == (made.width_px, made.height_px)
        assert np.array_equal(np.asarray(ours), np.asarray(theirs))
    assert made.svg is not None
    assert b"<svg" in made.svg
    assert figure.canvas is canvas
    assert figure.dpi == dpi
    line.set_ydata([1, 0])
    assert Figure.of(figure, dpi=80).png != made.png
    assert repr(made) == "<Figure 240×160 and SVG>"


def test_a_figure_of_pyplot_stays_open_and_current():
    figure = plt.figure(figsize=(2, 1))
    other = plt.figure()
    try:
        with plt.rc_context({"savefig.bbox": "tight", "savefig.dpi": 300}):
            made = Figure.of(figure, dpi=50)
        assert (made.width_px, made.height_px) == (100, 50)
        assert plt.gcf() is other
        assert plt.fignum_exists(figure.number)
    finally:
        plt.close("all")


def test_the_same_figure_gives_the_same_bytes():
    figure, _ = drawing()
    one, two = Figure.of(figure, svg=True), Figure.of(figure, svg=True)
    assert (one.png, one.svg) == (two.png, two.svg)


def test_what_is_no_figure_is_told():
    figure, line = drawing()
    for thing in (line.axes, "figure", np.zeros(3)):
        with pytest.raises(HistoryError, match="no figure of matplotlib"):
            Figure.of(thing)
    good = Figure.of(figure)
    with pytest.raises(HistoryError, match="PNG file of its width and height"):
        Figure(good.png, 1, 1)
    with pytest.raises(HistoryError, match="PNG file of its width and height"):
        Figure(b"GIF89a", 1, 1)
