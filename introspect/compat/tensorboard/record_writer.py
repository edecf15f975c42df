"""Records -> a file of framed records (TFRecord), as TensorBoard's ``RecordWriter`` writes them.

Not here: what is in a record (``encoding``), many records at once (``stream``).
"""

from typing import BinaryIO

from introspect.history.formats.events.proto import framed


class RecordWriter:
    """Writes records to an open file.

    Args:
        writer: Anything with ``write``, ``flush`` and ``close``.

    Example:
        >>> import io
        >>> file = io.BytesIO()
        >>> RecordWriter(file).write(b"abc")
        >>> len(file.getvalue())
        19
    """

    def __init__(self, writer: BinaryIO) -> None:
        self._writer = writer

    def write(self, data: bytes) -> None:
        """One record, with its length and checksums."""
        self._writer.write(framed(bytes(data)))

    def flush(self) -> None:
        """What the file does."""
        self._writer.flush()

    def close(self) -> None:
        """Likewise."""
        self._writer.close()

    @property
    def closed(self) -> bool:
        """Whether the file is."""
        return self._writer.closed
