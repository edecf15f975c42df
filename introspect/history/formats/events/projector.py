"""Embeddings -> the files of TensorBoard's projector.

Each embedding gets a folder of its own with ``tensors.tsv``, ``metadata.tsv`` and
``sprite.png``; ``projector_config.pbtxt`` beside the event files lists all of them, of all keys and
steps. A list that somebody else wrote there is kept, and added to.

Format: https://github.com/tensorflow/tensorboard/blob/master/tensorboard/plugins/projector/projector_config.proto.

Cost: 0.3 us a number, as text.

Not here: the values of an event file (``showing``).
"""

import io
import json
import math
import re
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from introspect.nouns.metric import Step, format_step

CONFIG = "projector_config.pbtxt"
_MOST_SPRITE_PX = 8192  # of a side; browsers refuse larger pictures
_UNFIT = re.compile(r"[^A-Za-z0-9_.\-]+")


def write_embedding(folder: Path, key: str, step: Step, embedding: Any) -> None:
    """Write an embedding, and list it.

    Args:
        folder: Where the event files are.
        key: Its key; a part of the folder's name, in harmless letters.
        step: Its step, likewise.
        embedding: An ``introspect.values.Embedding``.

    Raises:
        OSError: If the disk does not take it.
    """
    name = f"{key}:{format_step(step)}"
    place = _new_folder(folder / "projector", f"{key}-{format_step(step)}")
    _write_table(place / "tensors.tsv", _numbers(embedding.vectors))
    lines = [f"  tensor_name: {_quoted(name)}", _path("tensor_path", place / "tensors.tsv", folder)]
    if embedding.labels:
        _write_table(place / "metadata.tsv", _labels(embedding))
        lines.append(_path("metadata_path", place / "metadata.tsv", folder))
    if embedding.thumbnails is not None and embedding.thumbnails.size:
        height, width = _write_sprite(place / "sprite.png", embedding.thumbnails)
        lines += [
            "  sprite {",
            "  " + _path("image_path", place / "sprite.png", folder),
            f"    single_image_dim: {width}",
            f"    single_image_dim: {height}",
            "  }",
        ]
    _list(folder / CONFIG, name, "\n".join(["embeddings {", *lines, "}", ""]))


def _new_folder(parent: Path, name: str) -> Path:
    """A folder that nobody has yet."""
    clean = _UNFIT.sub("_", name).strip(".")[:100] or "embedding"
    parent.mkdir(parents=True, exist_ok=True)
    for count in range(1, 1_000_000):
        place = parent / (clean if count == 1 else f"{clean}.{count}")
        try:
            place.mkdir()
        except FileExistsError:
            continue
        return place
    raise FileExistsError(str(parent / clean))


def _numbers(vectors: npt.NDArray[np.float32]) -> str:
    # Nine digits tell every float32 from every other.
    return "".join("\t".join(f"{x:.9g}" for x in row) + "\n" for row in vectors.tolist())


def _labels(embedding: Any) -> str:
    """One column has no line of names, which is how the projector tells one from several."""
    rows = [list(row) for row in embedding.labels]
    if embedding.columns and (len(embedding.columns) > 1 or (rows and len(rows[0]) > 1)):
        rows.insert(0, list(embedding.columns))
    return "".join("\t".join(map(_plain, row)) + "\n" for row in rows)


def _plain(text: Any) -> str:
    """A cell on one line; an empty one would let the projector skip the whole line."""
    return " ".join(str(text).split()) or "-"


def _write_table(path: Path, text: str) -> None:
    path.write_bytes(text.encode("utf-8", "backslashreplace"))


def _write_sprite(path: Path, thumbnails: npt.NDArray[np.uint8]) -> tuple[int, int]:
    """A square of all thumbnails; made smaller if it would be too large. Their height and width."""
    from PIL import Image as Pillow  # noqa: PLC0415  flush thread only

    count, height, width, channels = thumbnails.shape
    side = math.ceil(math.sqrt(count))
    factor = max(1, math.ceil(side * max(height, width) / _MOST_SPRITE_PX))
    small = thumbnails[:, ::factor, ::factor]
    height, width = small.shape[1:3]
    room = np.zeros((side * side, height, width, channels), np.uint8)
    room[:count] = small
    page = room.reshape(side, side, height, width, channels).swapaxes(1, 2)
    page = page.reshape(side * height, side * width, channels)
    file = io.BytesIO()
    Pillow.fromarray(page[:, :, 0] if channels == 1 else page).save(file, "png", compress_level=3)
    path.write_bytes(file.getvalue())
    return height, width


def _quoted(text: str) -> str:
    """As text of a proto; letters beyond ASCII stand for themselves."""
    clean = text.encode("utf-8", "backslashreplace").decode("utf-8")
    return json.dumps(clean, ensure_ascii=False)


def _path(name: str, path: Path, folder: Path) -> str:
    return f"  {name}: {_quoted(path.relative_to(folder).as_posix())}"


def _list(config: Path, name: str, entry: str) -> None:
    """Add an entry; the file is replaced as a whole, since TensorBoard may read it any time."""
    known = config.read_text("utf-8") if config.exists() else ""
    mark = f"tensor_name: {_quoted(name)}\n"
    parts = re.split(r"(?m)^(?=embeddings \{$)", known)
    kept = [part for part in parts if mark not in part]  # logged again: the later one counts
    partial = config.with_name(f".{config.name}.part")
    partial.write_text("".join(kept) + entry, "utf-8")
    partial.replace(config)
