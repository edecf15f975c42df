"""Image, Images and Figure to and from bytes: PNG files with JSON before them.

Cost, in the flush thread: 4 ms for a photograph of 224 x 224; a figure was drawn at the call.

Not here: films (``codec_media``).
"""

import io
import struct
from typing import Any

import numpy as np
import numpy.typing as npt

from introspect.errors import HistoryError
from introspect.history.codec_records import (
    damaged,
    json_bytes,
    pack,
    parse_object,
    str_of,
    unpack,
)
from introspect.nouns.values import Figure, Image, Images
from introspect.nouns.values.arrays import MOST_BYTES
from introspect.nouns.values.figure import png_size
from introspect.nouns.values.pixels import MOST_PIXELS

_MOST_ABOUT_BYTES = 16 << 20


def keep_image(image: Image) -> Image:
    """With pixels of its own, which are those of a picture."""
    pixels = np.array(image.pixels, order="C", copy=True)
    _check(pixels)
    return Image(pixels=pixels, cmap=image.cmap, caption=image.caption)


def encode_image(image: Image) -> bytes:
    """Size of JSON, JSON, PNG."""
    return _head(_about(image)) + _png(image.pixels)


def decode_image(payload: bytes) -> Image:
    """The Image of such bytes."""
    about, rest = _parsed_head(payload)
    return _image(about, rest)


def keep_images(images: Images) -> Images:
    """With pixels of its own."""
    if sum(image.pixels.size for image in images.images) > MOST_BYTES:
        raise HistoryError("these pictures are too many to be logged together.", given=repr(images))
    mine = tuple(keep_image(image) for image in images.images)
    return Images(mine, images.columns, images.caption)


def encode_images(images: Images) -> bytes:
    """Size of JSON, JSON, one PNG behind the other."""
    files = [_png(image.pixels) for image in images.images]
    listed = [
        {**_about(image), "size": len(file)}
        for image, file in zip(images.images, files, strict=True)
    ]
    about = {"columns": images.columns, "caption": images.caption, "images": listed}
    return b"".join([_head(about), *files])


def decode_images(payload: bytes) -> Images:
    """The Images of such bytes."""
    about, rest = _parsed_head(payload)
    listed = about.get("images")
    if not isinstance(listed, list) or not all(isinstance(one, dict) for one in listed):
        raise damaged("no list of pictures")
    images, at, pixels = [], 0, 0
    for one in listed:
        size = one.get("size")
        if type(size) is not int or not 0 < size <= len(rest) - at:
            raise damaged(f"a picture of {size!r} bytes")
        images.append(_image(one, rest[at : at + size]))
        at += size
        pixels += images[-1].pixels.size
        if pixels > MOST_BYTES:
            raise damaged(f"pictures of more than {MOST_BYTES} bytes")
    if at != len(rest):
        raise damaged(f"{len(rest) - at} bytes behind the last picture")
    return Images(tuple(images), about.get("columns"), str_of(about, "caption"))


def keep_figure(value: Any) -> Figure:
    """Itself; of matplotlib's, what it looks like now."""
    return value if isinstance(value, Figure) else Figure.of(value)


def encode_figure(figure: Figure) -> bytes:
    """A record of a PNG file and, maybe, an SVG file."""
    files = {"png": figure.png, "svg": figure.svg}
    about = {"width": figure.width_px, "height": figure.height_px, "caption": figure.caption}
    return pack(
        about,
        {name: np.frombuffer(data, "u1") for name, data in files.items() if data is not None},
    )


def decode_figure(payload: bytes) -> Figure:
    """The Figure of such a record. Its files are not looked into, but for the size."""
    about, arrays = unpack(payload)
    svg = arrays.get("svg")
    return Figure(
        png=arrays["png"].tobytes(),
        width_px=about["width"],
        height_px=about["height"],
        svg=None if svg is None else svg.tobytes(),
        caption=str_of(about, "caption"),
    )


def _check(pixels: npt.NDArray[Any]) -> None:
    is_picture = pixels.ndim == 2 or (pixels.ndim == 3 and pixels.shape[2] in {3, 4})
    if (
        pixels.dtype != np.uint8
        or not is_picture
        or not 0 < pixels.shape[0] * pixels.shape[1] <= MOST_PIXELS
    ):
        raise HistoryError(
            "these pixels are no picture.",
            given=f"{pixels.dtype} {pixels.shape}",
            hint="Image.of(data), which takes (H, W), (C, H, W) and (H, W, C)",
        )


def _about(image: Image) -> dict[str, Any]:
    return {"cmap": image.cmap, "caption": image.caption}


def _head(about: dict[str, Any]) -> bytes:
    text = json_bytes(about)
    if len(text) > _MOST_ABOUT_BYTES:
        raise HistoryError(
            "the captions of pictures are too long to be stored.", given=f"{len(text)} bytes"
        )
    return struct.pack("<I", len(text)) + text


def _parsed_head(payload: bytes) -> tuple[dict[str, Any], bytes]:
    (size,) = struct.unpack_from("<I", payload)
    if size > min(len(payload) - 4, _MOST_ABOUT_BYTES):
        raise damaged(f"{size} bytes of JSON")
    return parse_object(payload[4 : 4 + size]), payload[4 + size :]


def _png(pixels: npt.NDArray[np.uint8]) -> bytes:
    from PIL import Image as Pillow  # noqa: PLC0415  flush thread only: 40 ms that the loop never pays

    file = io.BytesIO()
    # Level 1 of 9: 4 ms for a photograph of 224 x 224, not 15; the file is 18 % larger.
    Pillow.fromarray(pixels).save(file, "png", compress_level=1)
    return file.getvalue()


def _image(about: dict[str, Any], png: bytes) -> Image:
    from PIL import Image as Pillow  # noqa: PLC0415  reading a run of numbers needs no Pillow

    width, height = png_size(png)
    if not 0 < width * height <= MOST_PIXELS:  # before Pillow sees it, which only warns at first
        raise damaged(f"a picture of {width} x {height}")
    cmap = about.get("cmap")
    if cmap is not None and not isinstance(cmap, str):
        raise damaged(f"cmap: {type(cmap).__name__}")
    with Pillow.open(io.BytesIO(png), formats=["png"]) as picture:
        if picture.mode not in {"L", "RGB", "RGBA"}:
            raise damaged(f"a PNG file of mode {picture.mode}")
        pixels = np.array(picture)
    _check(pixels)
    return Image(pixels=pixels, cmap=cmap, caption=str_of(about, "caption"))
