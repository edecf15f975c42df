"""What the Parquet files of a run are made of: columns, order, keys and times.

Written down in docs/formats/parquet.md; change both or neither.

Not here: filling them (``parquet``), reading them (``parquet_reader``).
"""

from collections.abc import Iterable
from typing import Any

import numpy as np
import numpy.typing as npt

from introspect.errors import MissingExtraError

FORMAT = 1
SCALARS, VALUES, ABOUT = "scalars.parquet", "values.parquet", "about.parquet"
BROKEN = (
    OSError, ValueError, TypeError, LookupError, NotImplementedError, ArithmeticError, MemoryError,
    AttributeError,
)  # fmt: skip
"""What pyarrow raises for files that are damaged: its errors have no base that it shows."""

METADATA_KEY, CHECKSUM_KEY = b"introspect", b"introspect.crc32"


def parquet() -> Any:
    """``pyarrow.parquet``.

    Raises:
        MissingExtraError: If pyarrow is not installed.
    """
    try:
        import pyarrow.parquet as pq  # noqa: PLC0415  an extra
    except ImportError as error:
        raise MissingExtraError(
            "Parquet needs pyarrow.", cause=error, hint="pip install 'torch-introspect[data]'"
        ) from error
    return pq


def shown_keys(keys: Iterable[str]) -> dict[str, str]:
    """Key to what stands for it in a column of text: halves of surrogate pairs are escaped.

    Example:
        >>> shown_keys(["loss", "a" + chr(0xDC80)])["loss"]
        'loss'
    """
    shown: dict[str, str] = {}
    taken: set[str] = set()
    for key in sorted(keys, key=lambda key: not _is_text(key)):  # texts stay what they are
        text = key.encode("utf-8", "backslashreplace").decode()
        while text in taken:
            text += "~"
        shown[key] = text
        taken.add(text)
    return shown


def nanoseconds(times: npt.NDArray[np.float64]) -> npt.NDArray[np.int64]:
    """Seconds since 1970 as whole nanoseconds.

    `seconds` gives the same float64 back, but for times within 100 days of 1970, which a float64
    tells to less than a nanosecond.
    """
    whole = np.floor(times)
    within = np.rint((times - whole) * 1e9)
    return whole.astype(np.int64) * 10**9 + within.astype(np.int64)


def seconds(times_ns: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
    """Whole nanoseconds as seconds: float64, rounded once.

    Example:
        >>> times = np.array([1789012345.1234567, -1e9, 0.25])
        >>> bool((seconds(nanoseconds(times)) == times).all())
        True
    """
    whole, within = np.divmod(times_ns, 10**9)
    return whole + within / 1e9


def schemas() -> dict[str, Any]:
    """File to its columns."""
    import pyarrow as pa  # noqa: PLC0415  an extra, which is here by now

    place = [
        pa.field("run", pa.string(), nullable=False),
        pa.field("key", pa.string(), nullable=False),
        pa.field("rank", pa.int32(), nullable=False),
        pa.field("attempt", pa.int32(), nullable=False),
        pa.field("epoch", pa.int64()),
        pa.field("step", pa.int64(), nullable=False),
        # Spark reads no nanoseconds: they have a column of their own.
        pa.field("time", pa.timestamp("us", tz="UTC"), nullable=False),
        pa.field("nanosecond", pa.int16(), nullable=False),
    ]
    value = [
        pa.field("kind", pa.string(), nullable=False),
        pa.field("code", pa.int32(), nullable=False),
        pa.field("payload", pa.binary(), nullable=False),
    ]
    about = [
        pa.field("run", pa.string(), nullable=False),
        pa.field("attempt", pa.int32(), nullable=False),
        pa.field("what", pa.string(), nullable=False),
        pa.field("name", pa.string(), nullable=False),
        pa.field("text", pa.string(), nullable=False),
        pa.field("number", pa.float64()),
    ]
    scalar = pa.field("value", pa.float64(), nullable=False)
    return {
        SCALARS: pa.schema([*place, scalar]),
        VALUES: pa.schema([*place, *value]),
        ABOUT: pa.schema(about),
    }


def open_writer(pq: Any, path: Any, schema: Any) -> Any:
    """A ``pyarrow.parquet.ParquetWriter``: zstd, checksums of pages, the order told."""
    words = [
        name for name in schema.names if name in {"run", "key", "rank", "attempt", "kind", "what"}
    ]
    deltas = {name: "DELTA_BINARY_PACKED" for name in ("step", "time") if name in schema.names}
    order = [name for name in ("key", "rank", "attempt", "epoch", "step") if name in schema.names]
    sorting = [pq.SortingColumn(schema.names.index(name), nulls_first=True) for name in order]
    return pq.ParquetWriter(
        path, schema, compression="zstd", write_page_checksum=True, use_dictionary=words,
        column_encoding=deltas,        sorting_columns=sorting if "key" in order else None,
    )  # fmt: skip


def _is_text(key: str) -> bool:
    return not any(0xD800 <= ord(char) < 0xE000 for char in key)
