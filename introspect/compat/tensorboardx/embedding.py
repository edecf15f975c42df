"""``tensorboardX.embedding``, as its users import it.

Not here: the files themselves (``compat.tensorboard.embeddings``).
"""

from typing import Any

from introspect.compat.tensorboard._embedding import make_mat, make_sprite, make_tsv
from introspect.compat.tensorboard.embeddings import append_entry, entry

__all__ = ["append_pbtxt", "make_mat", "make_sprite", "make_tsv"]


def append_pbtxt(
    metadata: Any, label_img: Any, save_path: str, subdir: str, global_step: Any, tag: str
) -> None:
    """Add an embedding to the list of a folder."""
    name = f"{tag}:{str(global_step).zfill(5)}"
    size = None if label_img is None else (label_img.shape[3], label_img.shape[2])
    append_entry(save_path, entry(name, subdir, has_labels=metadata is not None, size=size), name)
