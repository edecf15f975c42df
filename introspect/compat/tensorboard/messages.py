"""Serialised messages -> objects of protobuf, for those who call ``summary`` themselves.

Not here: how they are serialised (``encoding``).
"""

from importlib import import_module
from typing import Any

from introspect.errors import MissingExtraError


def message(module: str, name: str) -> Any:
    """A class of ``tensorboard.compat.proto``.

    Raises:
        MissingExtraError: If tensorboard is not installed.
    """
    try:
        return getattr(import_module(f"tensorboard.compat.proto.{module}"), name)
    except ImportError as error:
        raise MissingExtraError(
            "protocol buffers as objects need the package tensorboard.",
            cause=error,
            hint="pip install 'torch-introspect[tensorboard]'; SummaryWriter does not need it",
        ) from error


def parsed(packed: bytes) -> Any:
    """A ``Summary``."""
    return message("summary_pb2", "Summary").FromString(packed)
