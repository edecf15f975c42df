"""A run -> event files that TensorBoard shows, and that ``import_events`` reads back as they are.

Float64 that no float32 can hold stands beside it in a field of our own, and so do steps that are
(epoch, step). What was imported is written in the form that it had, with its metadata.

Cost: 0.2 us a number, 1.6 us if its step is a pair; of images, decoding and encoding.

Not here: the live mirror (``sink``), which values are shown where (``showing``).
"""

import base64
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from introspect.errors import DataError
from introspect.history.blocks import Block, Cell
from introspect.history.codec import kind_of
from introspect.history.formats.events.decoding import Meta, meta_of
from introspect.history.formats.events.importing import FACT
from introspect.history.formats.events.messages import nanoseconds, strings, tensor, value
from introspect.history.formats.events.proto import as_text, bytes_field, fields
from introspect.history.formats.events.sink import EventSink
from introspect.history.history import History
from introspect.nouns.metric import Metric, Step
from introspect.nouns.values import Audio, Histogram

_RAW_FIELDS = {"graph_def": 4, "log": 6, "run_metadata": 8, "meta_graph_def": 9}


def export_events(
    run: History | str | os.PathLike[str],
    folder: str | os.PathLike[str],
    *,
    attempt: int | None = None,
) -> Path:
    """Write a run as event files: ``tensorboard --logdir`` of the folder shows it.

    Args:
        run: A history, or the folder of one.
        folder: Made if it is missing; must hold no event files yet. What ranks other than the
            lowest logged goes to ``rank-1``, ``rank-2``, ... in it.
        attempt: Of the run in that folder; the newest by default.

    Returns:
        The folder.

    Raises:
        DataError: If the folder holds event files, or is a file, or the disk takes no more.
        SegmentError: If there is no run.

    Example:
        >>> import tempfile
        >>> from introspect.history.formats.events import read_events
        >>> history = History()
        >>> history.log((0, 100), loss=0.1)
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     list(read_events(export_events(history, folder)))[0][:2]
        ('loss', (0, 100))
    """
    history = run if isinstance(run, History) else History.open(run, attempt=attempt)
    target = _checked(folder)
    by_rank: dict[int, list[Metric]] = {}
    for key in history:
        metric = history[key]
        for part in metric.parts or (metric,):
            by_rank.setdefault(part.rank, []).append(part)
    forms = _Forms.of(history.facts.get(FACT, {}))
    lowest = min(by_rank, default=0)
    try:
        for rank, metrics in sorted(by_rank.items()) or [(0, [])]:
            place = target if rank == lowest else target / f"rank-{rank}"
            _export(metrics, place, dict(history.config), forms.fresh())
    except OSError as error:
        raise DataError(
            "the event files cannot be written.", where=str(target), cause=error
        ) from error
    return target


def _checked(folder: str | os.PathLike[str]) -> Path:
    target = Path(folder)
    is_used = target.is_file() or (target.is_dir() and any(target.glob("*tfevents*")))
    if is_used:
        raise DataError(
            "an export needs a folder without event files, or TensorBoard would mix both.",
            where="export_events(run, folder)",
            given=str(target),
            hint="a folder that does not exist yet",
        )
    return target


def _export(metrics: list[Metric], place: Path, config: dict[str, Any], forms: "_Forms") -> None:
    own_config = {} if forms.has_hparams else config
    sink = EventSink(place, config=lambda: own_config, exact=True, described=forms.described_tags())
    plain = [metric for metric in metrics if metric.is_scalar and not forms.knows(metric.name)]
    others = [
        metric for metric in metrics if not (metric.is_scalar and not forms.knows(metric.name))
    ]
    blocks = list(_blocks(plain))
    sink.number(blocks, list(_places(others)))  # in the order of logging over all of them
    sink.write(blocks, [])
    for tag, meta in forms.hparams():
        sink.put(0, 0.0, [value(tag, tensor(np.empty(0, np.float32)), meta)])
    for metric in others:
        for step, time_s, content in zip(
            metric.step_keys(), metric.times.tolist(), metric.data, strict=True
        ):
            _put(sink, forms, metric.name, step, time_s, content)
        sink.flush()
    sink.close()
    if not metrics:
        place.mkdir(parents=True, exist_ok=True)


def _blocks(metrics: list[Metric]) -> Iterator[Block]:
    """Keys that were logged together, in one block."""
    together: dict[tuple[bytes, bytes], list[Metric]] = {}
    for metric in metrics:
        mark = (metric.steps.tobytes(), metric.times.tobytes())
        together.setdefault(mark, []).append(metric)
    for same in together.values():
        values = np.stack([metric.data for metric in same], axis=1)
        keys = tuple(metric.name for metric in same)
        yield Block(keys, same[0].steps, _ticks(same[0].times), values, 0)


def _ticks(times: npt.NDArray[np.float64]) -> npt.NDArray[np.int64]:
    whole = np.floor(times)
    return whole.astype(np.int64) * 1_000_000_000 + np.rint((times - whole) * 1e9).astype(np.int64)


def _places(metrics: list[Metric]) -> Iterator[Cell]:
    for metric in metrics:
        for step, time_s in zip(metric.step_keys(), metric.times.tolist(), strict=True):
            yield Cell(metric.name, step, nanoseconds(time_s), 0, 0, None)


def _put(
    sink: EventSink, forms: "_Forms", key: str, step: Step, time_s: float, content: Any
) -> None:
    """One value, in the form that it had."""
    raw = forms.raw.get(key)
    if raw is not None and isinstance(content, np.ndarray) and content.dtype == np.uint8:
        if raw == "value":
            sink.put(step, time_s, [content.tobytes()])
        elif raw in _RAW_FIELDS:
            sink.put_content(step, time_s, bytes_field(_RAW_FIELDS[raw], content.tobytes()))
        return
    packed = forms.packed(key, content)
    if packed is not None:
        sink.put(step, time_s, [forms.with_meta(key, value(key, packed))])
        return
    kind = kind_of(content)
    if kind is not None:
        cell = Cell(key, step, nanoseconds(time_s), 0, kind.code, content)
        sink.write_value(cell, forms.with_metas)


@dataclass(slots=True)
class _Forms:
    """In which form imported values were written.

    Attributes:
        metas: Tag to metadata.
        forms: Key to the dtype of its tensors.
        raw: Key to the message whose bytes its values are.
        told: Tags whose metadata is written.
    """

    metas: dict[str, Meta] = field(default_factory=dict)
    forms: dict[str, str] = field(default_factory=dict)
    raw: dict[str, str] = field(default_factory=dict)
    told: set[str] = field(default_factory=set)

    @classmethod
    def of(cls, origin: Any) -> "_Forms":
        """Of the facts of a run, which somebody may have damaged."""
        if not isinstance(origin, Mapping):
            return cls()
        found = cls(forms=_texts(origin.get("forms")), raw=_texts(origin.get("raw")))
        for tag, text in _texts(origin.get("metas")).items():
            try:
                meta = meta_of(base64.b64decode(text))
            except ValueError:
                continue
            if meta is not None:
                found.metas[tag] = meta
        return found

    def fresh(self) -> "_Forms":
        """The same for another file."""
        return _Forms(self.metas, self.forms, self.raw)

    def knows(self, key: str) -> bool:
        """Whether a key was not written in the plain way."""
        return key in self.forms or key in self.metas or key in self.raw

    @property
    def has_hparams(self) -> bool:
        return any(meta.plugin == "hparams" for meta in self.metas.values())

    def described_tags(self) -> set[str]:
        """Tags that have metadata here; a mesh has it at its parts."""
        return {*self.metas, *(tag.removesuffix("_VERTEX") for tag in self.metas)}

    def hparams(self) -> Iterator[tuple[str, bytes]]:
        """Tags of the plugin of hyper-parameters: their metadata is all that they hold."""
        for tag, meta in self.metas.items():
            if meta.plugin == "hparams":
                yield tag, meta.message

    def packed(self, key: str, content: Any) -> bytes | None:
        """A value as the tensor that it was; None for the form of its noun."""
        form = self.forms.get(key)
        if form is None:
            return None
        if isinstance(content, (float, np.ndarray)) and form != "string":
            return tensor(np.asarray(content).astype(form))
        if isinstance(content, Histogram):
            columns = (content.edges[:-1], content.edges[1:], content.counts)
            return tensor(np.stack(columns, axis=1).astype(form))
        if isinstance(content, Audio):
            return strings([content.to_wav(), b""], (1, 2))
        return None

    def with_meta(self, tag: str, message: bytes) -> bytes:
        """A value with its metadata, if it is the first one of its tag."""
        meta = self.metas.get(tag)
        if meta is None or tag in self.told:
            return message
        self.told.add(tag)
        return message + bytes_field(9, meta.message)

    def with_metas(self, messages: list[bytes]) -> list[bytes]:
        """Values with the metadata that they had, in place of what a sink would write."""
        found = []
        for message in messages:
            tag = next(
                (as_text(wire, part) for number, wire, part in fields(message) if number == 1), ""
            )
            found.append(self.with_meta(tag, message))
        return found


def _texts(given: Any) -> dict[str, str]:
    if not isinstance(given, Mapping):
        return {}
    return {name: text for name, text in given.items() if isinstance(text, str)}
