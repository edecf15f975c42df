"""A run that was compacted to Parquet, read as if its segments were there.

Cost: opening reads the footer of one file; a key is read when it is asked for, from the row groups
that hold it.

Not here: the files (``parquet``).
"""

import json
import zlib
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from introspect.errors import DataError, HistoryError
from introspect.history.blocks import LOST
from introspect.history.codec import KINDS
from introspect.history.facts import About
from introspect.history.formats.parquet_columns import (
    ABOUT,
    BROKEN,
    CHECKSUM_KEY,
    METADATA_KEY,
    SCALARS,
    VALUES,
    parquet,
)
from introspect.history.formats.parquet_rows import Place, RowFile, damaged
from introspect.history.many.glance import Glance, from_plain
from introspect.history.merge import Merged
from introspect.nouns.metric import Metric, Step


def glance_of(path: Path) -> Glance:
    """What a table of runs shows of a compacted run: its footer says it all."""
    glances = glances_of(path)
    return glances[max(glances)]


def glances_of(path: Path) -> dict[int, Glance]:
    """Attempt to what a table would show of it.

    Raises:
        DataError: If the files are damaged or of another kind.
    """
    try:
        attempts = _metadata(path)["attempts"]
        return {found["number"]: from_plain(found["glance"]) for found in attempts}
    except BROKEN as error:
        raise damaged(path / SCALARS, error) from error


class CompactedRun(Merged):
    """One attempt of a compacted run; takes the place of ``attempts.Run``.

    Attributes:
        folder: Where it lies.
        attempt: Its number.
        own: None: nobody goes on with it.
        files: None of it is a segment.
        row_files: Its rows.
        shown: What stands in the column ``key`` for keys that are no proper text.
    """

    def __init__(self, folder: Path, *, attempt: int | None = None) -> None:
        super().__init__()
        metadata = _metadata(folder)
        known = {found["number"]: found for found in metadata["attempts"]}
        chosen = known.get(max(known) if attempt is None else attempt)
        if chosen is None:
            raise HistoryError(
                "there is no such attempt.", where=str(folder), given=repr(attempt),
                hint="one of " + ", ".join(map(str, known)),
            )  # fmt: skip
        self.folder = folder
        self.attempt = chosen["number"]
        self.own = None
        self.files: tuple[()] = ()
        self._glance = from_plain(chosen["glance"])
        self._about = About()
        self._about.add(chosen["record"])
        self.shown = {key: text for text, key in metadata["names"]}
        self.row_files = _Files(folder)
        # As the sources of a run: the lowest rank last, for it wins.
        sources: list[Any] = [
            _Source(self.row_files, (int(rank), self.attempt), rows, self.shown)
            for rank, rows in sorted(chosen["ranks"].items(), key=lambda pair: -int(pair[0]))
        ]
        self.sources = sources

    def poll(self) -> None:
        """Nothing is ever added."""

    def new_damage(self) -> None:
        """Parquet has checksums of its own: reading raises."""

    @property
    def about(self) -> About:
        """What was said of the run as a whole."""
        return self._about

    @property
    def step(self) -> Step | None:
        """The step that was logged last."""
        return self._glance.step

    @property
    def total_ns(self) -> int:
        """From the first log to the last, less gaps."""
        return round(self._glance.duration_s * 1e9)


class _Source:
    """One rank; takes the place of a segment."""

    def __init__(
        self,
        files: "_Files",
        place: tuple[int, int],
        rows: list[list[Any]],
        shown: dict[str, str],
    ) -> None:
        self.rank = place[0]
        self.columns = _Columns({
            key: _Column(key, (shown.get(key, key), *place), files, (numbers, others))
            for key, numbers, others in rows
        })  # fmt: skip
        self.about = About()


class _Files:
    """The two files with rows, shared by all columns."""

    def __init__(self, folder: Path) -> None:
        self.scalars = RowFile(folder / SCALARS)
        self.values = RowFile(folder / VALUES)


class _Columns:
    def __init__(self, by_key: dict[str, "_Column"]) -> None:
        self.by_key = by_key
        self.value_count = sum(column.count for column in by_key.values())


class _Column:
    """One key of one rank; takes the place of ``columns.Column``."""

    version = 0

    def __init__(self, key: str, place: Place, files: _Files, counts: tuple[int, int]) -> None:
        self.name = key
        self.count = sum(counts)
        self._place, self._files, self._counts = place, files, counts

    def metric(self, rank: int = 0) -> Metric:
        """The column, read when it is first asked for."""
        del rank
        return self._metric

    def last(self) -> Any:
        """The value at the last step."""
        return self._metric.data[-1] if len(self._metric) else LOST

    @cached_property
    def _metric(self) -> Metric:
        numbers, others = self._counts
        parts = [self._files.scalars.rows(self._place)] if numbers or not others else []
        parts += [self._files.values.rows(self._place)] if others else []
        steps = np.concatenate([part.steps for part in parts])
        times = np.concatenate([part.times for part in parts])
        data: Any = parts[0].numbers
        if others:
            decoded = [_decoded(code, payload) for code, payload in parts[-1].cells or ()]
            values = [*(data.tolist() if numbers else ()), *decoded]
            data = np.empty(len(times), object)
            for row, value in enumerate(values):  # a list of equal arrays would become one array
                data[row] = value
            good = np.array([value is not LOST for value in values], bool)
            steps, times, data = steps[good], times[good], data[good]
        if numbers and others:
            order = np.lexsort(steps.T[::-1]) if steps.ndim == 2 else np.argsort(steps)
            steps, times, data = steps[order], times[order], data[order]
        for column in (steps, times, data):
            column.flags.writeable = False
        return Metric(self.name, steps, data, times, rank=self._place[1])


def problem_of(folder: Path) -> str | None:
    """What is wrong with a compacted run; None if every page is as it was written.

    Cost: reading all of it, and decoding every value.
    """
    try:
        _metadata(folder)
        for name in (SCALARS, VALUES, ABOUT):
            with parquet().ParquetFile(folder / name, page_checksum_verification=True) as file:
                for batch in file.iter_batches(batch_size=1024 if name == VALUES else 1 << 16):
                    bad = name == VALUES and any(
                        _decoded(code, payload) is LOST
                        for code, payload in zip(
                            batch["code"].to_pylist(), batch["payload"].to_pylist(), strict=True
                        )
                    )
                    if bad:
                        return f"{name}: a value cannot be decoded"
    except BROKEN as error:
        return f"{type(error).__name__}: {error}"
    return None


def _decoded(code: int, payload: bytes) -> Any:
    try:
        return KINDS[code].decode(payload)
    except Exception:  # noqa: BLE001  a decoder of hostile bytes may raise anything
        return LOST


def _metadata(folder: Path) -> dict[str, Any]:
    """What the footer says of the run."""
    path = folder / SCALARS
    try:
        schema = parquet().read_schema(path)
        text = (schema.metadata or {})[METADATA_KEY]
        # A footer has no checksum of its own.
        if (schema.metadata or {})[CHECKSUM_KEY] != b"%08x" % zlib.crc32(text):
            raise damaged(path, "its footer has a wrong checksum")
        metadata = json.loads(text)
        if metadata["format"] == 1 and metadata["attempts"]:
            return metadata
    except DataError:
        raise
    except BROKEN as error:
        raise damaged(path, error) from error
    raise damaged(path, "it was written by another version")
