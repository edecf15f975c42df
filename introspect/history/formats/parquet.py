"""A run to three Parquet files, which query engines read as one data set over all runs.

``scalars.parquet`` holds every number, ``values.parquet`` every other value as the segment held it,
``about.parquet`` hyper-parameters, tags, notes and facts as rows. Rows are sorted by key, rank,
attempt, step. What was rewound, or logged again at the same step, is not in them. The files are
written down in docs/formats/parquet.md; change both or neither.

Cost: 0.3 us a number; other values are copied byte for byte, 32 MiB of them in memory.

Not here: reading them back (``parquet_reader``), doing it to a run (``compacting``).
"""

import contextlib
import json
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import chain
from typing import Any

import numpy as np
import numpy.typing as npt

from introspect.history.facts import About
from introspect.history.formats.parquet_columns import (
    ABOUT,
    CHECKSUM_KEY,
    FORMAT,
    METADATA_KEY,
    SCALARS,
    VALUES,
    nanoseconds,
    open_writer,
    parquet,
    schemas,
    shown_keys,
)
from introspect.history.many.glance import Glance, flat, to_plain
from introspect.history.many.indexed import IndexedRun, Stored
from introspect.history.many.places import joined, written
from introspect.nouns.metric import Metric

_MOST_ROWS = 1 << 20
_MOST_BYTES = 32 << 20


@dataclass(frozen=True, slots=True)
class Written:
    """What was written.

    Attributes:
        files: Where.
        number_count: Numbers.
        value_count: Other values.
        damaged_count: Other values whose bytes are damaged: left out.
    """

    files: tuple[str, ...]
    number_count: int
    value_count: int
    damaged_count: int


def write_parquet(
    attempts: Mapping[int, tuple[IndexedRun, Glance]], folder: str, *, name: str
) -> Written:
    """Write the attempts of a run as Parquet.

    Args:
        attempts: Number to what was read.
        folder: Where to; may be a URL of fsspec.
        name: Of the run, for the column ``run``.

    Raises:
        MissingExtraError: If pyarrow is not installed.
        DataError: If the files cannot be written.
    """
    pq = parquet()
    runs = {number: run for number, (run, _) in attempts.items()}
    keys = list(dict.fromkeys(chain.from_iterable(run.keys() for run in runs.values())))
    shown = shown_keys(keys)
    columns = schemas()
    text = json.dumps(_metadata(attempts, shown, name)).encode()
    metadata = {METADATA_KEY: text, CHECKSUM_KEY: b"%08x" % zlib.crc32(text)}
    damaged = 0
    with contextlib.ExitStack() as stack:
        writers = {}
        # Put in place in the reverse order, the scalars last: they stand for the run.
        for file in (SCALARS, VALUES, ABOUT):
            path = stack.enter_context(written(joined(folder, file)))
            schema = columns[file].with_metadata(metadata if file == SCALARS else None)
            writers[file] = stack.enter_context(open_writer(pq, path, schema))
        numbers = _Rows(writers[SCALARS], name)
        values = _Rows(writers[VALUES], name)
        for key in sorted(keys, key=shown.__getitem__):
            for number, part in _parts(runs, key):
                is_number = _is_number(part)
                numbers.add(shown[key], number, part, is_number)
                damaged += values.add_payloads(shown[key], number, part, ~is_number)
        numbers.flush()
        values.flush()
        writers[ABOUT].write_table(_about_table(attempts, name, columns[ABOUT]))
    files = tuple(joined(folder, file) for file in (SCALARS, VALUES, ABOUT))
    return Written(files, numbers.count, values.count, damaged)


def metadata_parts(run: IndexedRun) -> dict[str, list[list[Any]]]:
    """Rank to [key, numbers, other values] of each key, in the order of their first log."""
    parts: dict[str, list[list[Any]]] = {}
    for key in run.keys():  # noqa: SIM118  no mapping
        for part in parts_of(run, key):
            is_number = _is_number(part)
            count = int(is_number.sum())
            parts.setdefault(str(part.rank), []).append([key, count, len(part) - count])
    return parts


def parts_of(run: IndexedRun, key: str) -> tuple[Metric, ...]:
    """One key as each rank logged it."""
    metric = run.metric(key)
    if metric is None or not len(metric):
        return ()
    return metric.parts or (metric,)


@dataclass(slots=True)
class _Rows:
    """Rows on their way into a file."""

    writer: Any
    run: str
    count: int = 0
    waiting: int = 0
    waiting_bytes: int = 0
    columns: dict[str, list[Any]] = field(default_factory=dict)

    def add(self, key: str, attempt: int, part: Metric, rows: npt.NDArray[np.bool_]) -> None:
        """Numbers of one key, rank and attempt."""
        if not rows.any():
            return
        data = part.data if part.is_scalar else part.data[rows].astype(np.float64)
        self._append(key, attempt, part, np.flatnonzero(rows), {"value": data})

    def add_payloads(
        self, key: str, attempt: int, part: Metric, rows: npt.NDArray[np.bool_]
    ) -> int:
        """Other values; returns how many are damaged."""
        damaged = 0
        for row in np.flatnonzero(rows):
            stored: Stored = part.data[row]
            payload = stored.payload()
            if payload is None:
                damaged += 1
                continue
            one = np.array([row])
            kinds = {"kind": [stored.kind_name], "code": np.array([stored.kind], np.int32)}
            self._append(key, attempt, part, one, {**kinds, "payload": [payload]}, len(payload))
        return damaged

    def _append(
        self, key: str, attempt: int, part: Metric, rows: npt.NDArray[np.int64],
        more: Mapping[str, Any], size_bytes: int = 0,
    ) -> None:  # fmt: skip
        size = len(rows)
        steps, times_ns = part.steps[rows], nanoseconds(part.times[rows])
        is_pair = steps.ndim == 2
        given = {
            "key": [(key, size)],
            "rank": np.full(size, part.rank, np.int32),
            "attempt": np.full(size, attempt, np.int32),
            "epoch": steps[:, 0] if is_pair else np.zeros(size, np.int64),
            "has_epoch": np.full(size, is_pair),
            "step": steps[:, 1] if is_pair else steps,
            "time": times_ns // 1000,
            "nanosecond": (times_ns % 1000).astype(np.int16),
            **more,
        }
        for name, column in given.items():
            self.columns.setdefault(name, []).append(column)
        self.count += size
        self.waiting += size
        self.waiting_bytes += size_bytes
        if self.waiting >= _MOST_ROWS or self.waiting_bytes >= _MOST_BYTES:
            self.flush()

    def flush(self) -> None:
        """Write what waits as one row group."""
        import pyarrow as pa  # noqa: PLC0415  an extra, which is here by now

        if not self.waiting:
            return
        given, self.columns = self.columns, {}
        names, counts = zip(*(pair for pairs in given.pop("key") for pair in pairs), strict=True)
        has_epoch = np.concatenate(given.pop("has_epoch"))
        arrays: dict[str, Any] = {
            "run": pa.repeat(self.run, self.waiting),
            "key": pa.array(names).take(pa.array(np.repeat(np.arange(len(names)), counts))),
            "epoch": pa.array(np.concatenate(given.pop("epoch")), mask=~has_epoch),
        }
        for name, parts in given.items():
            is_array = isinstance(parts[0], np.ndarray)
            whole = np.concatenate(parts) if is_array else [cell for part in parts for cell in part]
            arrays[name] = pa.array(whole)
        schema = self.writer.schema
        columns = [arrays[name].cast(schema.field(name).type) for name in schema.names]
        table = pa.Table.from_arrays(columns, schema=schema)
        self.writer.write_table(table, row_group_size=_MOST_ROWS)
        self.waiting = self.waiting_bytes = 0


def _parts(runs: Mapping[int, IndexedRun], key: str) -> Iterator[tuple[int, Metric]]:
    """(attempt, what one rank logged), by rank and attempt."""
    found = [(number, part) for number, run in runs.items() for part in parts_of(run, key)]
    return iter(sorted(found, key=lambda pair: (pair[1].rank, pair[0])))


def _is_number(part: Metric) -> npt.NDArray[np.bool_]:
    if part.is_scalar:
        return np.ones(len(part), bool)
    return np.array([not isinstance(value, Stored) for value in part.data], bool)


def _metadata(
    attempts: Mapping[int, tuple[IndexedRun, Glance]], shown: Mapping[str, str], name: str
) -> dict[str, Any]:
    return {
        "format": FORMAT,
        "run": name,
        "names": [[text, key] for key, text in shown.items() if text != key],
        "attempts": [
            {
                "number": number,
                "glance": to_plain(glance),
                "record": run.about.record(),
                "ranks": metadata_parts(run),
            }
            for number, (run, glance) in attempts.items()
        ],
    }


def _about_table(
    attempts: Mapping[int, tuple[IndexedRun, Glance]], run_name: str, schema: Any
) -> Any:
    import pyarrow as pa  # noqa: PLC0415  an extra, which is here by now

    rows = [
        {"run": run_name, "attempt": number, "what": what, "name": _text(name), "text": _text(text),
         "number": value}
        for number, (run, _) in attempts.items()
        for what, name, text, value in _about_rows(run.about)
    ]  # fmt: skip
    return pa.Table.from_pylist(rows, schema=schema)


def _about_rows(about: About) -> Iterator[tuple[str, str, str, float | None]]:
    for what, values in (("config", about.config), ("fact", about.facts)):
        for name, value in flat(values).items():
            text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
            yield what, name, text, _float(value)
    for tag in about.tags:
        yield "tag", tag, tag, None
    for note in about.notes:
        yield "note", "" if note.step is None else str(note.step), note.text, note.time_ns / 1e9


def _float(value: Any) -> float | None:
    try:
        return float(value) if isinstance(value, (bool, int, float)) else None
    except OverflowError:
        return None


def _text(text: str) -> str:
    return text.encode("utf-8", "backslashreplace").decode()
