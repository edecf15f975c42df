"""``tensorboardX.crc32c``, as its users import it.

Not here: how it is computed (``introspect.history.formats.events.checksum``).
"""

from introspect.history.formats.events.checksum import crc32c

__all__ = ["crc32c"]
