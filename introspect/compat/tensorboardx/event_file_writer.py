"""``tensorboardX.event_file_writer``, as its users import it.

Not here: the queue and the thread (``compat.tensorboard.stream``).
"""

import socket
import time
from typing import Any

from introspect.compat.tensorboard.stream import EventFileWriter
from introspect.compat.tensorboardx.record_writer import RecordWriter
from introspect.history.formats.events.messages import first_event

__all__ = ["EventFileWriter", "EventsWriter"]


class EventsWriter:
    """Writes events to a file at once.

    Args:
        file_prefix: Begins the path.
        filename_suffix: Ends it.
    """

    def __init__(self, file_prefix: str, filename_suffix: str = "") -> None:
        stamp = f"{int(time.time()):010d}.{socket.gethostname()}"
        self._file_name = f"{file_prefix}.out.tfevents.{stamp}{filename_suffix}"
        self._writer = RecordWriter(self._file_name)
        self._writer.write(first_event(time.time()))

    def write_event(self, event: Any) -> None:
        """One ``Event`` of protobuf.

        Raises:
            TypeError: If it is none.
        """
        if not hasattr(event, "SerializeToString"):
            raise TypeError(f"Expected an event_pb2.Event proto,  but got {type(event)}")
        self._writer.write(event.SerializeToString())

    def flush(self) -> bool:
        """Have everything on the disk."""
        self._writer.flush()
        return True

    def close(self) -> bool:
        """Flush, and close the file."""
        self.flush()
        self._writer.close()
        return True
