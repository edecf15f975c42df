"""``torch.utils.tensorboard._embedding``, as its users import it.

Not here: the files themselves (``embeddings``).
"""

import os
from importlib import import_module
from pathlib import Path
from typing import Any

from introspect.compat.tensorboard.arguments import make_np
from introspect.compat.tensorboard.embeddings import CONFIG, make_mat, make_tsv
from introspect.compat.tensorboard.embeddings import make_sprite as _make_sprite
from introspect.errors import MissingExtraError

__all__ = ["get_embedding_info", "make_mat", "make_sprite", "make_tsv", "write_pbtxt"]


def make_sprite(label_img: Any, save_path: str) -> None:
    """Write ``sprite.png``: all pictures of shape (N, C, H, W) in a square."""
    _make_sprite(make_np(label_img), save_path)


def get_embedding_info(
    metadata: Any, label_img: Any, subdir: str, global_step: Any, tag: str
) -> Any:
    """The ``EmbeddingInfo`` of protobuf that lists an embedding.

    Raises:
        MissingExtraError: If tensorboard is not installed.
    """
    try:
        module = import_module("tensorboard.plugins.projector.projector_config_pb2")
    except ImportError as error:
        raise MissingExtraError(
            "an EmbeddingInfo of protobuf needs the package tensorboard.",
            cause=error,
            hint="pip install 'torch-introspect[tensorboard]'; add_embedding does not need it",
        ) from error
    info: Any = vars(module)["EmbeddingInfo"]()
    info.tensor_name = f"{tag}:{str(global_step).zfill(5)}"
    info.tensor_path = os.path.join(subdir, "tensors.tsv")  # noqa: PTH118  a text
    if metadata is not None:
        info.metadata_path = os.path.join(subdir, "metadata.tsv")  # noqa: PTH118  same
    if label_img is not None:
        info.sprite.image_path = os.path.join(subdir, "sprite.png")  # noqa: PTH118  same
        info.sprite.single_image_dim.extend([label_img.shape[3], label_img.shape[2]])
    return info


def write_pbtxt(save_path: str, contents: str) -> None:
    """Write the list of embeddings of a folder."""
    Path(save_path, CONFIG).write_text(contents, "utf-8")
