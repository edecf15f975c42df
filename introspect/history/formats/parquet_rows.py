"""The rows of one key in a Parquet file of a run, without reading the others again and again.

Rows are sorted, so those of one key, rank and attempt lie together: the places of all are found
once, then a key is a slice of a row group. Every page is checked against its checksum.

Cost: 30 ns a row of the file for the places, once; a row group (a million numbers) is decoded
when the first of its keys is read, and kept until a key of another one is.

Not here: what the rows are made into (``parquet_reader``).
"""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from introspect.errors import DataError
from introspect.history.formats.parquet_columns import BROKEN, SCALARS, parquet, seconds

Place = tuple[str, int, int]
"""Text of a key, rank, attempt."""


@dataclass(frozen=True, slots=True, eq=False)
class Rows:
    """Rows of one key of one rank and attempt, in the order of their steps.

    Attributes:
        steps: int64 of shape ``(n,)`` or ``(n, 2)``.
        times: float64 of shape ``(n,)``, seconds since 1970.
        numbers: float64 of shape ``(n,)``; None in a file of other values.
        cells: (code, payload) of each; None in a file of numbers.
    """

    steps: npt.NDArray[np.int64]
    times: npt.NDArray[np.float64]
    numbers: npt.NDArray[np.float64] | None
    cells: list[tuple[int, bytes]] | None


class RowFile:
    """``scalars.parquet`` or ``values.parquet``.

    Args:
        path: The file.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._is_scalar = path.name == SCALARS
        self._kept: tuple[int, dict[str, Any]] | None = None  # a row group

    def rows(self, place: Place) -> Rows:
        """The rows of a key, rank and attempt; none if it has none here.

        Raises:
            DataError: If the file is damaged.
        """
        first, end = self._places.get(place, (0, 0))
        parts, start = [], 0
        for index, size in enumerate(self._group_sizes):
            low, high = max(first, start), min(end, start + size)
            if low < high or (first == end and not index):
                group = self._group(index)
                part = slice(low - start, max(low, high) - start)
                parts.append({name: column[part] for name, column in group.items()})
            start += size
        if not parts:
            empty = np.empty(0)
            return Rows(empty.astype(np.int64), empty, empty if self._is_scalar else None,
                        None if self._is_scalar else [])  # fmt: skip
        whole = {
            name: np.concatenate([part[name] for part in parts])
            for name in parts[0] if name != "payload"
        }  # fmt: skip
        steps = whole["step"]
        if whole["has_epoch"].any():
            steps = np.stack([whole["epoch"], steps], axis=1)
        if self._is_scalar:
            return Rows(steps, whole["time"], whole["value"], None)
        payloads = [payload for part in parts for payload in part["payload"]]
        cells = list(zip(whole["code"].tolist(), payloads, strict=True))
        return Rows(steps, whole["time"], None, cells)

    @cached_property
    def _group_sizes(self) -> list[int]:
        with self._open() as file:
            metadata = file.metadata
            return [metadata.row_group(i).num_rows for i in range(metadata.num_row_groups)]

    @cached_property
    def _places(self) -> dict[Place, tuple[int, int]]:
        """(first row, row behind the last) of each."""
        try:
            with self._open() as file:
                table = file.read(columns=["key", "rank", "attempt"]).unify_dictionaries()
        except BROKEN as error:
            raise damaged(self.path, error) from error
        if not len(table):
            return {}
        keys = table["key"].combine_chunks()
        columns = [keys.indices.to_numpy(), table["rank"].to_numpy(), table["attempt"].to_numpy()]
        differs = np.logical_or.reduce([column[1:] != column[:-1] for column in columns])
        starts = np.concatenate([[0], np.flatnonzero(differs) + 1])
        ends = np.append(starts[1:], len(table))
        names = keys.dictionary.to_pylist()
        codes, ranks, attempts = (column[starts].tolist() for column in columns)
        places = zip((names[code] for code in codes), ranks, attempts, strict=True)
        return dict(zip(places, zip(starts.tolist(), ends.tolist(), strict=True), strict=True))

    def _group(self, index: int) -> dict[str, Any]:
        """The columns of a row group."""
        if self._kept is not None and self._kept[0] == index:
            return self._kept[1]
        names = ["epoch", "step", "time", "nanosecond"]
        names += ["value"] if self._is_scalar else ["code", "payload"]
        try:
            with self._open() as file:
                table = file.read_row_group(index, columns=names)
        except BROKEN as error:
            raise damaged(self.path, error) from error
        epoch = table["epoch"]
        micros = table["time"].cast("int64").to_numpy()
        columns = {
            "step": table["step"].to_numpy(),
            "epoch": epoch.fill_null(0).to_numpy(),
            "has_epoch": epoch.is_valid().to_numpy(),
            "time": seconds(micros * 1000 + table["nanosecond"].to_numpy()),
        }
        if self._is_scalar:
            columns["value"] = table["value"].to_numpy()
        else:
            columns["code"] = table["code"].to_numpy()
            columns["payload"] = table["payload"].to_pylist()
        self._kept = (index, columns)
        return columns

    def _open(self) -> Any:
        try:
            return parquet().ParquetFile(
                self.path, page_checksum_verification=True, read_dictionary=["key"]
            )
        except BROKEN as error:
            raise damaged(self.path, error) from error


def damaged(path: Path, cause: BaseException | str) -> DataError:
    """The error for a file that introspect did not write, or not like this."""
    return DataError(
        "this is no run that introspect compacted, or it is damaged.",
        where=str(path),
        cause=cause,
        hint="a copy of the run, or its segments",
    )
