"""Embeddings -> the files of TensorBoard's projector, those of torch's writer byte for byte.

Better than torch's: each call is listed, also without a step, after a restart and from many
writers of a folder, since an entry is appended in one write.

Cost: in the thread, 0.4 us a number.

Not here: the queue (``stream``).
"""

import json
import math
import os
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from introspect.compat.tensorboard.arguments import Kept, array
from introspect.compat.tensorboard.pictures import make_grid

CONFIG = "projector_config.pbtxt"


def encode(tag: str) -> str:
    """A tag as the name of a folder.

    Example:
        >>> encode("a/b")
        'a%2fb'
    """
    for letter in "%/\\":
        tag = tag.replace(letter, f"%{ord(letter):02x}")
    return tag


def write_embedding(  # noqa: PLR0917  in a thread, by position
    logdir: str, subdir: str, name: str, vectors: Kept, metadata: Sequence[Any] | None,
    header: Sequence[str] | None, thumbnails: Kept | None,
) -> bytes:  # fmt: skip
    """Write the files, and list them. Returns nothing for the event file."""
    place = os.path.join(logdir, *subdir.split("/"))  # noqa: PTH118  as it was given
    Path(place).mkdir(parents=True, exist_ok=True)
    if metadata is not None:
        make_tsv(metadata, place, header)
    pictures = None if thumbnails is None else array(thumbnails)
    if pictures is not None:
        make_sprite(pictures, place)
    make_mat(array(vectors), place)
    size = None if pictures is None else (pictures.shape[3], pictures.shape[2])
    append_entry(logdir, entry(name, subdir, has_labels=metadata is not None, size=size), name)
    return b""


def make_tsv(metadata: Sequence[Any], save_path: str, metadata_header: Any = None) -> None:
    """Write ``metadata.tsv``: a label a line, or a row if there is a header.

    Raises:
        AssertionError: If the header has another number of columns.
    """
    _check_header(metadata, metadata_header)
    if not metadata_header:
        lines = [str(label) for label in metadata]
    else:
        lines = ["\t".join(map(str, row)) for row in [metadata_header, *metadata]]
    text = "\n".join(lines) + "\n"
    Path(save_path, "metadata.tsv").write_bytes(text.encode("utf-8", "backslashreplace"))


def _check_header(metadata: Sequence[Any], header: Sequence[str] | None) -> None:
    if header and len(metadata) and len(header) != len(metadata[0]):
        raise AssertionError("len of header must be equal to the number of columns in metadata")


def make_mat(matlist: Any, save_path: str) -> None:
    """Write ``tensors.tsv``: a vector a line."""
    rows = matlist.tolist() if hasattr(matlist, "tolist") else matlist
    text = "".join("\t".join(map(str, row)) + "\n" for row in rows)
    Path(save_path, "tensors.tsv").write_bytes(text.encode())


def make_sprite(label_img: Any, save_path: str) -> None:
    """Write ``sprite.png``: all pictures of shape (N, C, H, W) in a square."""
    from PIL import Image  # noqa: PLC0415  in the thread only

    pictures = np.asarray(label_img)
    grid = make_grid(pictures, ncols=math.ceil(len(pictures) ** 0.5)).transpose(1, 2, 0)
    page = np.zeros((max(grid.shape[:2]), grid.shape[1], 3), grid.dtype)
    page[: grid.shape[0]] = grid[:, :, :3]
    shown = page if page.dtype == np.uint8 else np.nan_to_num(page * 255).clip(0, 255)
    shown = shown.astype(np.uint8)
    Image.fromarray(shown).save(Path(save_path, "sprite.png"), format="PNG")


def entry(name: str, subdir: str, *, has_labels: bool, size: tuple[int, int] | None) -> str:
    """One embedding in the text of a ``ProjectorConfig``.

    Args:
        name: What the projector lists.
        subdir: Where its files are.
        has_labels: Whether there is ``metadata.tsv``.
        size: Width and height of its pictures, if it has some.
    """
    lines = [f"  tensor_name: {_quoted(name)}"]
    if has_labels:
        lines.append(f"  metadata_path: {_quoted(subdir + '/metadata.tsv')}")
    if size is not None:
        lines += [
            "  sprite {", f"    image_path: {_quoted(subdir + '/sprite.png')}",
            f"    single_image_dim: {size[0]}", f"    single_image_dim: {size[1]}", "  }",
        ]  # fmt: skip
    lines.append(f"  tensor_path: {_quoted(subdir + '/tensors.tsv')}")
    return "\n".join(["embeddings {", *lines, "}", ""])


def _quoted(text: str) -> str:
    return json.dumps(text.encode("utf-8", "backslashreplace").decode(), ensure_ascii=False)


def append_entry(logdir: str, text: str, name: str) -> None:
    """Add an entry to the list; one of the same name is replaced."""
    path = Path(logdir, CONFIG)
    mark = f"tensor_name: {_quoted(name)}\n"
    known = path.read_text("utf-8") if path.exists() else ""
    if mark in known:
        parts = re.split(r"(?m)^(?=embeddings \{)", known)
        partial = path.with_name(f".{path.name}.{os.getpid()}.part")
        partial.write_text("".join(part for part in parts if mark not in part) + text, "utf-8")
        partial.replace(path)
        return
    flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | getattr(os, "O_BINARY", 0)
    descriptor = os.open(path, flags, 0o666)
    try:
        os.write(descriptor, text.encode("utf-8"))
    finally:
        os.close(descriptor)


def check_embedding(
    vectors: tuple[int, ...], metadata: Sequence[Any] | None, header: Sequence[str] | None,
    thumbnails: tuple[int, ...] | None,
) -> None:  # fmt: skip
    """Refuse what does not fit together, in torch's words.

    Raises:
        AssertionError: If the numbers of rows, labels and pictures differ.
    """
    if len(vectors) != 2:
        raise AssertionError("mat should be 2D, where mat.size(0) is the number of data points")
    if metadata is not None and vectors[0] != len(metadata):
        raise AssertionError("#labels should equal with #data points")
    if metadata is not None:
        _check_header(metadata, header)
    if thumbnails is not None and vectors[0] != thumbnails[0]:
        raise AssertionError("#images should equal with #data points")
