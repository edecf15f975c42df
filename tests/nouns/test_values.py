"""Image.of against NumPy arithmetic and torch layouts."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from introspect.errors import HistoryError
from introspect.nouns.values import Image, to_numpy
from introspect.values import Image as PublicImage


def test_the_public_room_offers_the_same_image():
    assert PublicImage is Image


def test_bytes_are_taken_as_they_are_and_copied():
    pixels = np.arange(12, dtype=np.uint8).reshape(3, 4)
    image = Image.of(pixels)
    assert np.array_equal(image.pixels, pixels)
    assert not np.shares_memory(image.pixels, pixels)


@pytest.mark.parametrize(
    ("shape", "expected"),
    [
        ((5, 7), (5, 7)),
        ((1, 5, 7), (5, 7)),
        ((3, 5, 7), (5, 7, 3)),
        ((4, 5, 7), (5, 7, 4)),
        ((5, 7, 1), (5, 7)),
        ((5, 7, 3), (5, 7, 3)),
        ((5, 7, 4), (5, 7, 4)),
    ],
)
def test_channels_first_and_channels_last_become_channels_last(shape, expected):
    assert Image.of(np.zeros(shape)).pixels.shape == expected


def test_the_channels_of_a_tensor_keep_their_places():
    tensor = torch.randint(0, 256, (3, 5, 7), dtype=torch.uint8)
    assert np.array_equal(Image.of(tensor).pixels, tensor.permute(1, 2, 0).numpy())


@pytest.mark.parametrize("shape", [(5,), (2, 5, 7), (1, 1, 5, 7), (5, 7, 2), (0, 5), ()])
def test_a_shape_that_is_no_picture_names_itself(shape):
    with pytest.raises(HistoryError) as caught:
        Image.of(np.zeros(shape))
    assert str(shape) in str(caught.value)
    assert "(H, W)" in str(caught.value)


@pytest.mark.parametrize("data", [np.zeros((2, 2), complex), np.array([["a", "b"]])])
def test_numbers_that_are_not_real_are_refused(data):
    with pytest.raises(HistoryError, match="real numbers"):
        Image.of(data)


def test_numbers_in_0_to_1_are_scaled_and_others_are_stretched():
    assert Image.of([[0.0, 0.25, 1.0]]).pixels.tolist() == [[0, 64, 255]]
    assert Image.of([[-2.0, 0.0, 2.0]]).pixels.tolist() == [[0, 128, 255]]
    assert Image.of(np.array([[10, 20]])).pixels.tolist() == [[0, 255]]
    assert Image.of([[True, False]]).pixels.tolist() == [[255, 0]]
    assert Image.of([[7.0, 7.0]]).pixels.tolist() == [[0, 0]]


def test_nan_is_black_and_infinities_are_the_ends():
    image = Image.of([[np.nan, -np.inf, np.inf, 0.5]])
    assert image.pixels.tolist() == [[0, 0, 255, 128]]
    assert Image.of([[np.nan, np.nan]]).pixels.tolist() == [[0, 0]]


@given(
    hnp.arrays(
        np.float64, hnp.array_shapes(min_dims=2, max_dims=2, max_side=6), elements=st.floats()
    )
)
def test_any_floats_become_a_picture_that_keeps_their_order(numbers):
    pixels = Image.of(numbers).pixels
    assert pixels.dtype == np.uint8
    order = np.argsort(numbers[np.isfinite(numbers)], kind="stable")
    assert np.all(np.diff(pixels[np.isfinite(numbers)][order].astype(int)) >= 0)


def test_numpy_sees_the_pixels():
    image = Image.of(np.zeros((2, 3, 3), np.uint8))
    assert np.asarray(image).shape == (2, 3, 3)
    assert np.shares_memory(np.asarray(image), image.pixels)
    assert not np.shares_memory(np.array(image, copy=True), image.pixels)


def test_the_repr_says_size_and_caption_but_not_the_pixels():
    assert repr(Image.of(np.zeros((2, 3, 4)), caption="conv1")) == "<Image 3×2 RGBA: conv1>"
    assert repr(Image.of(np.zeros((2, 3)))) == "<Image 3×2 grey>"


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16, torch.float8_e4m3fn])
def test_small_floats_of_torch_become_float32_unchanged(dtype):
    tensor = torch.tensor([[0.5, -1.0]]).to(dtype).requires_grad_(dtype == torch.bfloat16)
    assert to_numpy(tensor).dtype == np.float32
    assert to_numpy(tensor).tolist() == [[0.5, -1.0]]
