"""Records -> a TensorBoard event file: framed, each with two checksums.

Format: TFRecord. For each record its length (uint64, little-endian), the masked CRC-32C of
those eight bytes (uint32), the record, and the masked CRC-32C of the record. A CRC is masked by
rotating it right by 15 bits and adding 0xA282EAD8, so that the CRC of a text that contains CRCs
stays useful. https://www.tensorflow.org/tutorials/load_data/tfrecord#tfrecords_format_details.
CRC-32C: RFC 3720, appendix B.4.

Cost: 70 ms a megabyte.

Not here: what a record says (``introspect.graph.formats.graphdef``).
"""

import struct
from functools import cache

_POLYNOMIAL = 0x82F63B78  # Castagnoli's, bits reversed


@cache
def _table() -> tuple[int, ...]:
    rows = []
    for byte in range(256):
        rest = byte
        for _ in range(8):
            rest = rest >> 1 ^ (_POLYNOMIAL if rest & 1 else 0)
        rows.append(rest)
    return tuple(rows)


def crc32c(content: bytes) -> int:
    """CRC-32C of some bytes.

    Example:
        >>> hex(crc32c(b"123456789"))
        '0xe3069283'
    """
    table, rest = _table(), 0xFFFFFFFF
    for byte in content:
        rest = table[(rest ^ byte) & 0xFF] ^ rest >> 8
    return rest ^ 0xFFFFFFFF


def framed(record: bytes) -> bytes:
    """One record as it stands in the file.

    Example:
        >>> framed(b"")[:8] == bytes(8), len(framed(b"abc"))
        (True, 19)
    """
    length = struct.pack("<Q", len(record))
    return b"".join((length, _masked(length), record, _masked(record)))


def _masked(content: bytes) -> bytes:
    rest = crc32c(content)
    return struct.pack("<I", ((rest >> 15 | rest << 17) + 0xA282EAD8) & 0xFFFFFFFF)
