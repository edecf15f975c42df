"""Records -> a TensorBoard event file: framed, each with two checksums.

The mechanism is that of a history's event files; a graph is one record among others there.

Not here: what a record says (``introspect.graph.formats.graphdef``), frames and checksums
(``introspect.history.formats.events.proto``).
"""

from introspect.history.formats.events.checksum import crc32c
from introspect.history.formats.events.proto import framed

__all__ = ["crc32c", "framed"]
