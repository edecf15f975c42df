"""What a history can be asked: keys, metrics, summary, progress, and the run as a whole.

Cost of asking: what is new since the last time; of a run that was opened, a look at its folder.

Not here: logging (``history``), where the answers come from (``columns``, ``attempts``).
"""

import datetime as dt
import difflib
import sys
import warnings
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from introspect.errors import IntrospectWarning, MetricNotFoundError
from introspect.history.attempts import Attempt, Run, attempts
from introspect.history.facts import About, Config, Note, merged_about
from introspect.history.folder import shown_path
from introspect.history.merge import Merged
from introspect.history.report import Summary, printable, progress_line, show_line, value_text
from introspect.history.writer import Writer
from introspect.nouns.metric import Metric, Step

_MOST_CANDIDATES = 5000


class Readable:
    """The side of a `History` that answers.

    Before the first log of a history in a folder, `_run` reads the folder; after it, `_run` is
    None, or goes on reading what was resumed, with the writer as one more source.
    """

    __slots__ = ("_folder", "_run", "_writer")

    _folder: Path | None
    _run: Run | None
    _writer: Writer

    def __getitem__(self, key: str) -> Metric:
        """The metric of a key, with everything logged so far. A view: costs what is new.

        Raises:
            MetricNotFoundError: If nothing was logged under `key`.
        """
        source = self._polled(stacklevel=4)
        with self._writer.memory_lock:
            metric = source.metric(key)
        if self._run is not None:
            self._warn(stacklevel=3)  # of values that were found to be damaged only now
        if metric is None:
            raise self._not_found(key)
        return metric

    def __contains__(self, key: object) -> bool:
        return key in self.keys()

    def __iter__(self) -> Iterator[str]:
        return iter(self.keys())

    def __len__(self) -> int:
        return len(self.keys())

    def keys(self) -> list[str]:
        """The keys, in the order in which they were first logged."""
        source = self._polled(stacklevel=4)
        with self._writer.memory_lock:
            return source.keys()

    def groups(self) -> dict[str, list[str]]:
        """Keys by what stands before the first "/" in them; those without one under "".

        Example:
            >>> from introspect import History
            >>> history = History()
            >>> history.log(0, **{"train/loss": 0.5, "train/acc": 0.8, "lr": 0.1})
            >>> history.groups()
            {'train': ['train/loss', 'train/acc'], '': ['lr']}
        """
        found: dict[str, list[str]] = {}
        for key in self.keys():
            group, slash, _ = key.partition("/")
            found.setdefault(group if slash else "", []).append(key)
        return found

    @property
    def path(self) -> Path | None:
        """The run folder, absolute; None for memory only."""
        return self._folder

    @property
    def attempts(self) -> tuple[Attempt, ...]:
        """The attempts in the run folder, oldest first; none in memory."""
        return () if self._folder is None else attempts(self._folder)

    @property
    def step(self) -> Step | None:
        """The step that was logged last; None before the first."""
        source = self._polled(stacklevel=4)
        with self._writer.memory_lock:
            return source.step

    @property
    def config(self) -> Config:
        """The hyper-parameters; ``history.config.update(lr=0.1)`` adds to them."""
        return Config(lambda: self._about().config, self._tell)

    @property
    def notes(self) -> tuple[Note, ...]:
        """What `note` was told, oldest first."""
        return tuple(self._about().notes)

    @property
    def tags(self) -> tuple[str, ...]:
        """Words by which runs are told apart."""
        return tuple(self._about().tags)

    @property
    def facts(self) -> Mapping[str, Any]:
        """What was recorded of program, system and git repository; empty with ``facts=False``."""
        if self._writer.is_started:
            self._writer.tell_surroundings()
        return self._about().facts

    def get_total_time(self) -> dt.timedelta:
        """The time from the first log to the last; gaps before a resume are left out."""
        source = self._polled(stacklevel=4)
        with self._writer.memory_lock:
            return dt.timedelta(microseconds=source.total_ns / 1000)

    def summary(self) -> Summary:
        """The keys with how many values each has and the last one; prints as a table."""
        rows = ((key, count, value_text(last)) for key, count, last in self._overview())
        return Summary(repr(self), tuple(rows))

    def progress(self) -> None:
        """Print step, time and last numbers: in a terminal over the line before."""
        values = [(key, last) for key, _, last in self._overview()]
        line = progress_line(self.step, values, self.get_total_time().total_seconds())
        show_line(line, sys.stdout)

    def __repr__(self) -> str:
        values = self._polled(stacklevel=4).value_count
        place = "in memory" if self._folder is None else shown_path(self._folder)
        if not values:
            return f"<History {place}: empty>"
        step = progress_line(self.step, (), 0).split("  ")[0]
        return f"<History {place}: {len(self)} keys, {values} values, last {step}>"

    def _repr_html_(self) -> str:
        return self.summary()._repr_html_()

    def _overview(self) -> list[tuple[str, int, Any]]:
        """Key, number of values and last value, of every key."""
        source = self._polled(stacklevel=5)
        with self._writer.memory_lock:
            keys = source.keys()
            return [(key, source.count(key), _plain(source.last(key))) for key in keys]

    def _about(self) -> About:
        if self._run is None:
            return self._writer.about
        parts = [self._polled(stacklevel=5).about]
        return merged_about(parts if self._run.own else [*parts, self._writer.about])

    def _tell(self, record: dict[str, Any]) -> None:
        raise NotImplementedError

    def _polled(self, *, stacklevel: int) -> Merged:
        """What answers, up to date: the run folder, or what was logged here, or both."""
        if self._run is None:
            self._writer.take()
            return self._writer.merged
        if self._run.own is not None:
            self._writer.take()
        self._run.poll()
        self._warn(stacklevel=stacklevel)
        return self._run

    def _warn(self, last: str | None = None, *, stacklevel: int) -> None:
        """Tell, in the thread of the user, what nobody was told of yet, and `last`."""
        damage = self._run.new_damage() if self._run is not None else None
        for text in [*self._writer.pop_problems(), damage, last]:
            if text is not None:
                warnings.warn(text, IntrospectWarning, stacklevel=stacklevel)

    def _not_found(self, key: Any) -> MetricNotFoundError:
        keys = self.keys()[:_MOST_CANDIDATES]
        near = difflib.get_close_matches(str(key), keys, n=3, cutoff=0.4) or keys[:3]
        names = ", ".join(repr(printable(name)) for name in near)
        return MetricNotFoundError(
            "nothing was logged under this key.",
            where=repr(self),
            given=repr(key),
            hint=names or "history.log(step, loss=loss) first",
        )


def _plain(value: Any) -> Any:
    return float(value) if isinstance(value, np.floating) else value
