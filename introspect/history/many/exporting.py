"""A run to Parquet, CSV, JSON or TensorBoard's event files; event files to a run.

Not here: the formats (``introspect.history.formats``), Parquet instead of segments
(``compacting``).
"""

import os
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO, Any

import numpy as np

from introspect.errors import DataError, FormatError, IntrospectWarning
from introspect.history.facts import About
from introspect.history.folder import COMPACTED, existing_folder, segments
from introspect.history.formats.csv import write_long, write_wide
from introspect.history.formats.json import write_json
from introspect.history.history import History
from introspect.history.many.compacting import compact
from introspect.history.many.indexed import IndexedRun
from introspect.history.many.places import is_url, written
from introspect.history.merge import Merged
from introspect.nouns.metric import Metric

FORMATS: Mapping[str, str] = {
    "parquet": "",
    "csv": ".csv",
    "csv-wide": ".csv",
    "json": ".json",
    "tensorboard": "",
}
"""Format to the suffix of its file; those without write a folder."""


@dataclass(frozen=True, slots=True)
class Exported:
    """What was written.

    Attributes:
        files: Files, or the folder of event files.
        value_count: Values in them, or rows of a wide CSV file.
        left_out: Key to how many values the format has no place for.
    """

    files: tuple[str, ...]
    value_count: int
    left_out: Mapping[str, int]


def export(
    run: str | os.PathLike[str],
    target: str | os.PathLike[str] | None = None,
    *,
    to: str = "parquet",
    attempt: int | None = None,
    name: str | None = None,
) -> Exported:
    """Write a run in another format. The run is not changed.

    Args:
        run: Its folder.
        target: A file for CSV and JSON, a folder for the others; may be a URL of fsspec. None
            for the run folder (Parquet), or a file or folder of the run's name where you are.
        to: ``parquet``, ``csv`` (one row a value), ``csv-wide`` (one row a step), ``json`` or
            ``tensorboard``.
        attempt: Which one; the newest if None. Parquet holds them all.
        name: What Parquet and JSON call the run; None for the name of the folder.

    Raises:
        FormatError: If there is no such format.
        SegmentError: If there is no such run.
        DataError: If it cannot be written.
        MissingExtraError: If a format or URL needs a package that is not installed.

    Example:
        >>> import tempfile
        >>> from introspect import History
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     with History(folder) as history:
        ...         history.log(0, loss=0.5, acc=0.8)
        ...     done = export(folder, f"{folder}/run.csv", to="csv-wide")
        ...     Path(done.files[0]).read_text().splitlines()
        ['epoch,step,loss,acc', ',0,0.5,0.8']
    """
    if to not in FORMATS:
        raise FormatError(
            "a run cannot be written in this format.",
            given=repr(to),
            hint=", ".join(FORMATS),
        )
    folder = existing_folder(run)
    name = name or folder.name
    if to == "parquet":
        done = compact(folder, target, name=name)
        left_out = {"damaged values": done.damaged_count} if done.damaged_count else {}
        return Exported(done.files, done.number_count + done.value_count, left_out)
    place = target if target is not None else (folder.name or "run") + (FORMATS[to] or "-events")
    if to == "tensorboard":
        return _to_events(folder, place, attempt)
    source = _source(folder, attempt)
    metrics, left_out = _numbers_of(source)
    writers: Mapping[str, Callable[[IO[str]], int]] = {
        "csv": lambda file: write_long(file, metrics),
        "csv-wide": lambda file: write_wide(file, metrics),
        "json": lambda file: write_json(
            file, metrics, about=_about(source.about, name), left_out=left_out
        ),
    }
    with written(place) as path, path.open(
        "w", encoding="utf-8", errors="backslashreplace", newline=""
    ) as file:  # fmt: skip
        count = writers[to](file)
    return Exported((str(place),), count, left_out)


def _source(folder: Path, attempt: int | None) -> Merged:
    """One attempt, of which only the numbers are decoded; warns of damage."""
    names = segments(folder)
    if not names and (folder / COMPACTED).is_file():
        from introspect.history.formats.parquet_reader import CompactedRun  # noqa: PLC0415  an extra

        return CompactedRun(folder, attempt=attempt)
    known = sorted({name.attempt for name in names})
    if not known or attempt not in {None, *known}:
        raise DataError(
            "there is no such run.", where=str(folder),
            given="a folder without segments" if not known else f"{attempt=}",
            hint="attempt=" + " or ".join(map(str, known)) if known
            else "introspect runs FOLDER lists the runs below a folder",
        )  # fmt: skip
    run = IndexedRun(folder, attempt=attempt)
    run.poll()
    damage = run.new_damage()
    if damage is not None:
        warnings.warn(damage, IntrospectWarning, stacklevel=3)
    return run


def _numbers_of(source: Merged) -> tuple[list[Metric], dict[str, int]]:
    """The metrics of numbers, and how many values each other key has."""
    metrics, left_out = [], {}
    for key in source.keys():  # noqa: SIM118  no mapping
        metric = source.metric(key)
        if metric is None or not len(metric):
            continue
        parts = [_numbers_alone(part) for part in metric.parts]
        whole = _numbers_alone(metric)
        if len(whole):
            metrics.append(replace(whole, parts=tuple(part for part in parts if len(part))))
        if len(whole) < len(metric):
            left_out[key] = len(metric) - len(whole)
    return metrics, left_out


def _numbers_alone(metric: Metric) -> Metric:
    if metric.is_scalar:
        return metric
    rows = np.array([isinstance(value, float) for value in metric.data], bool)
    data = metric.data[rows].astype(float)
    return Metric(metric.name, metric.steps[rows], data, metric.times[rows], rank=metric.rank)


def _to_events(folder: Path, place: str | os.PathLike[str], attempt: int | None) -> Exported:
    from introspect.history.formats.events import export_events  # noqa: PLC0415  only this needs it

    if is_url(place):
        raise FormatError(
            "event files are written to a folder of this machine.", given=repr(place),
            hint="-o FOLDER, then copy it",
        )  # fmt: skip
    with History.open(folder, attempt=attempt) as history:
        export_events(history, place)
        count = sum(rows for _, rows, _ in history.summary().rows)
    return Exported((str(place),), count, {})


def _about(about: About, name: str) -> dict[str, Any]:
    notes = [
        {"text": note.text, "step": note.step, "time": note.time_ns / 1e9} for note in about.notes
    ]
    return {
        "run": name, "config": about.config, "tags": about.tags, "notes": notes,
        "facts": about.facts,
    }  # fmt: skip
