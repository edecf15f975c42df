"""A history -> TensorBoard's event files, while it is being logged.

`EventSink` is a second place where the flush thread writes what it took from the training: one
event for each step with all its numbers, one more for each value that is more than a number.

A step that is an int is TensorBoard's step. TensorBoard knows no (epoch, step), and wants steps
that grow, so such a step is shown as its number in the order of logging: 0, 1, 2, ... for each
step that is new. The event keeps the pair beside it, for ``read_events``.

Cost: nothing is encoded in the training loop. In the thread 0.2 us a scalar, 1.6 us if its step is
a pair, and what it takes to encode a picture.

Not here: which tab shows a value (``showing``), writing a run that is finished (``exporting``).
"""

import threading
import time
import warnings
from collections.abc import Callable, Iterable, Mapping
from collections.abc import Set as AbstractSet
from pathlib import Path
from typing import Any

import numpy as np

from introspect.errors import HistoryError, IntrospectError, IntrospectWarning
from introspect.history.blocks import Block, Cell, joined_blocks
from introspect.history.formats.events.file import SUFFIX, EventFile
from introspect.history.formats.events.messages import (
    event,
    first_event,
    flat_config,
    hparams_end_value,
    hparams_value,
    pair_of,
    purge_event,
    seconds,
    summary,
)
from introspect.history.formats.events.numbering import Numbering, known_pairs
from introspect.history.formats.events.projector import write_embedding
from introspect.history.formats.events.proto import framed
from introspect.history.formats.events.rows import Rows, encoded_rows, merged_rows
from introspect.history.formats.events.showing import shown
from introspect.nouns.metric import Step
from introspect.nouns.verbs import verb

_EMBEDDING, _GRAPH = 8, 13  # kinds of cells that are no summary
_LOWEST = -(1 << 63)

CONFIG_FILE = f"events.out.tfevents.0000000000.hparams{SUFFIX}"
"""Where the hyper-parameters are: before all other event files of the folder."""


class EventSink:
    """Event files in a folder, for ``Writer.sinks``. Any thread; one at a time gets in.

    Args:
        folder: The one to give to ``tensorboard --logdir``, or below it; made with the first event.
        config: Asked at every flush for the hyper-parameters so far.
        is_resumed: Whether this goes on with what event files in the folder hold. Otherwise they
            are hidden: TensorBoard shows the newest attempt, as a history does.
        report: Told of each problem, and what it is about; warns by default, once for each.
        exact: Write float64 beside the float32 that TensorBoard reads, for ``read_events``.
        described: Tags whose metadata somebody else writes.

    Example:
        >>> import tempfile
        >>> from introspect.history.formats.events import read_events
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     sink = EventSink(folder)
        ...     sink.write([Block(("loss",), np.arange(2), np.arange(2), np.ones((2, 1)), 0)], [])
        ...     sink.close()
        ...     [(key, step, value) for key, step, _, value in read_events(folder)]
        [('loss', 0, 1.0), ('loss', 1, 1.0)]
    """

    def __init__(
        self,
        folder: str | Path,
        *,
        config: Callable[[], Mapping[str, Any]] = dict,
        is_resumed: bool = False,
        report: Callable[[str, IntrospectError], None] | None = None,
        exact: bool = False,
        described: AbstractSet[str] = frozenset(),
    ) -> None:
        self.folder = Path(folder)
        self._config = config
        self._is_resumed = is_resumed
        self._report = report or _warn
        self._exact = exact
        self._described = described
        self._file = EventFile(self.folder)
        self._lock = threading.RLock()
        self._tags: dict[str, str] = {}  # tag to the plugin that has it
        self._told: set[str] = set()
        self._numbering: Numbering | None = None
        self._written_config: dict[str, Any] = {}
        self._began_s = time.time()
        self._has_begun = self._has_ended = False

    def write(self, blocks: list[Block], cells: list[Cell]) -> None:
        """Encode what was logged. The cells hold their values."""
        with self._lock:
            self._begin()
            joined = joined_blocks(blocks)
            self.number(joined, cells)
            if joined:
                rows = merged_rows([self._rows(block) for block in joined])
                self._file.add(encoded_rows(rows, exact=self._exact))
            for cell in cells:
                self.write_value(cell)

    def flush(self) -> None:
        """Write the events, and hyper-parameters that are new, to the file.

        Raises:
            OSError: If the disk does not take them; the next flush tries again.
        """
        with self._lock:
            self._write_config()
            self._file.flush()

    def close(self) -> None:
        """Flush, and let go of the file. Another `write` would go on with it.

        Raises:
            OSError: If the disk does not take it.
        """
        with self._lock:
            self._write_config()
            if self._written_config and not self._has_ended:
                self._has_ended = True
                self._add(time.time(), summary([hparams_end_value(time.time())]))
            self._file.close()

    def rewind(self, step: Step) -> None:
        """Hide what was written at `step` and later, as TensorBoard's own ``purge_step`` does."""
        with self._lock:
            self._begin()
            if isinstance(step, tuple):
                step = self._steps().rewound(step)
            self._file.add(framed(purge_event(time.time(), step)))

    def _begin(self) -> None:
        if self._has_begun:
            return
        self._has_begun = True
        earlier = any(self.folder.glob(f"events.out.tfevents.*{SUFFIX}"))
        if earlier and not self._is_resumed:
            self._file.add(framed(purge_event(time.time(), _LOWEST)))

    def _steps(self) -> Numbering:
        if self._numbering is None:
            self._numbering = Numbering(known_pairs(self.folder) if self._is_resumed else {})
        return self._numbering

    def number(self, blocks: Iterable[Block], cells: Iterable[Cell]) -> None:
        """Give every new (epoch, step) of these its number, in the order of their ticks."""
        found = [
            (tick, (pair[0], pair[1]))
            for block in blocks
            if block.steps.ndim == 2
            for tick, pair in zip(block.ticks.tolist(), block.steps.tolist(), strict=True)
        ]
        found += [(cell.tick, cell.step) for cell in cells if isinstance(cell.step, tuple)]
        if found:
            self._steps().add(pair for _, pair in sorted(found, key=lambda both: both[0]))

    def _rows(self, block: Block) -> Rows:
        pairs, steps = None, block.steps
        if steps.ndim == 2:
            pairs, steps = steps, self._steps().of(steps)
        tags = tuple(self._tag(key, "scalars")[0] for key in block.keys)
        # Not ``block.times``: nanoseconds since 1970 are more than a float64 can hold.
        times_ns = block.ticks + block.offset_ns
        times = times_ns // 1_000_000_000 + times_ns % 1_000_000_000 / 1e9
        return Rows(tags, times_ns, np.ascontiguousarray(steps), times, block.values, pairs)

    def _tag(self, key: str, plugin: str) -> tuple[str, bool]:
        """The tag of a key in a tab, and whether it is new: one tag cannot be in two tabs."""
        tag = key.encode("utf-8", "backslashreplace").decode("utf-8")
        owner = self._tags.setdefault(tag, plugin)
        if owner != plugin:
            tag = f"{tag} ({plugin.replace('_', ' ')})"
            owner = self._tags.setdefault(tag, plugin)
        is_new = f"{plugin}\0{tag}" not in self._told and tag not in self._described
        self._told.add(f"{plugin}\0{tag}")
        return tag, is_new

    def put(self, step: Step, time_s: float, values: list[bytes]) -> None:
        """Write values that are encoded already, as one event."""
        self.put_content(step, time_s, summary(values))

    def put_content(self, step: Step, time_s: float, content: bytes) -> None:
        """Write an event that holds anything."""
        with self._lock:
            self._begin()
            pair = pair_of(step)
            number = step if isinstance(step, int) else self._steps().one(step)
            self._file.add(framed(event(time_s, number, content, pair=pair)))

    def write_value(self, cell: Cell, changed: Callable[[list[bytes]], list[bytes]] = list) -> None:
        """Write one value; if no tab can show it, that is told once.

        Args:
            cell: It, with its value.
            changed: Whatever else the summaries need.
        """
        with self._lock:
            try:
                content = cell.resolve()
                if cell.kind == _EMBEDDING:
                    write_embedding(self.folder, cell.key, cell.step, content)
                elif cell.kind == _GRAPH:
                    self._write_graph(content)
                else:
                    values = shown(cell.kind, content, lambda plugin: self._tag(cell.key, plugin))
                    time_s = seconds(cell.tick + cell.offset_ns)
                    self.put(cell.step, time_s, changed(values))
            except Exception as error:  # noqa: BLE001  one value must not cost the others
                self._tell(cell, error)

    def _write_graph(self, graph: Any) -> None:
        records = verb("introspect.graph.formats.graphdef:event_records")(graph)
        for record in list(records)[1:]:  # the first one begins a file
            self._file.add(framed(record))

    def _write_config(self) -> None:
        """Hyper-parameters: TensorBoard believes the first that it finds in a folder.

        So they have a small file of their own, which sorts before all others and is replaced
        when they change. At first they go into the events, too, since a TensorBoard that is
        running has passed the other file by then.
        """
        config = dict(self._config())
        if not config or config == self._written_config:
            return
        self._begin()
        now_s, path = time.time(), self.folder / CONFIG_FILE
        whole = (_config_in(path) if self._is_resumed else {}) | flat_config(config)
        packed = summary([hparams_value(whole, self._began_s)])
        if not self._written_config:
            self._add(now_s, packed)
        self.folder.mkdir(parents=True, exist_ok=True)
        partial = path.with_name(f".{path.name}.part")
        partial.write_bytes(framed(first_event(now_s)) + framed(event(now_s, 0, packed)))
        partial.replace(path)
        self._written_config = config

    def _add(self, time_s: float, content: bytes) -> None:
        self._file.add(framed(event(time_s, 0, content)))

    def _tell(self, cell: Cell, error: Exception) -> None:
        """Once for each key."""
        about = f"sink value {cell.key}"
        if about in self._told:
            return
        self._told.add(about)
        problem = HistoryError(
            "a value is not in TensorBoard's files; the run itself has it.",
            where=f"history.log(..., {cell.key[:60]}=...)",
            given=type(cell.value).__name__,
            cause=error,
        )
        self._report(about, problem)


def _config_in(path: Path) -> dict[str, Any]:
    """The hyper-parameters that an earlier start of the run wrote."""
    from introspect.history.formats.events.reading import Tags, parts_of  # noqa: PLC0415  only who resumes needs to read
    from introspect.history.formats.events.records import Found  # noqa: PLC0415  same

    tags = Tags()
    if path.is_file():
        for _ in parts_of(path, tags, Found()):
            pass
    return tags.config


def _warn(about: str, problem: IntrospectError) -> None:
    del about  # a sink tells each problem once
    warnings.warn(str(problem), IntrospectWarning, stacklevel=4)
