"""What is known of a run as a whole: hyper-parameters, notes, tags, and facts of the system.

Records are plain JSON: ``config`` (an object), ``notes``, ``tags`` and ``facts``. Adding the same
record twice changes nothing, so a file may repeat them.

Not here: where the facts come from (``surroundings``), the frames (``segment``).
"""

import dataclasses
import datetime as dt
import enum
import json
from collections.abc import Iterable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from pathlib import PurePath
from typing import Any

import numpy as np

from introspect.errors import HistoryError
from introspect.nouns.metric import Step, format_step

MOST_BYTES = 4 << 20
"""A record of more is refused: a config is no place for data."""

_DEEPEST = 20


@dataclass(frozen=True, slots=True)
class Note:
    """A remark of a person, at a moment of the training.

    Attributes:
        text: What was said; may be Markdown.
        step: The step that was logged last before it, or None.
        time_ns: Nanoseconds since 1970.
    """

    text: str
    step: Step | None
    time_ns: int

    @property
    def time(self) -> dt.datetime:
        """When it was said, in UTC."""
        return dt.datetime.fromtimestamp(self.time_ns / 1e9, dt.UTC)

    def __repr__(self) -> str:
        at = "" if self.step is None else f" at {format_step(self.step)}"
        return f"<Note{at}: {self.text}>"


class About:
    """The records of a run, put together.

    Attributes:
        config: Hyper-parameters, by name; the latest value of each.
        notes: In the order in which they were written.
        tags: Without repeats, in the order of their first use.
        facts: About the machine, the program and the repository.
    """

    __slots__ = ("config", "facts", "notes", "tags")

    def __init__(self) -> None:
        self.config: dict[str, Any] = {}
        self.notes: list[Note] = []
        self.tags: list[str] = []
        self.facts: dict[str, Any] = {}

    def add(self, record: Mapping[str, Any]) -> None:
        """Add a record; what has not the form of one is passed over.

        Example:
            >>> about = About()
            >>> about.add({"config": {"lr": 0.1}, "tags": ["baseline"], "notes": 7})
            >>> about.config, about.tags, about.notes
            ({'lr': 0.1}, ['baseline'], [])
        """
        for name, known in (("config", self.config), ("facts", self.facts)):
            given = record.get(name)
            if isinstance(given, dict):
                known.update(given)
        for note in map(_note, _listed(record.get("notes"))):
            if note is not None and note not in self.notes:
                self.notes.append(note)
        for tag in _listed(record.get("tags")):
            if isinstance(tag, str) and tag not in self.tags:
                self.tags.append(tag)

    def record(self) -> dict[str, Any]:
        """Everything as one record; empty if there is nothing."""
        notes = [
            {
                "text": note.text,
                "step": list(note.step) if isinstance(note.step, tuple) else note.step,
                "time_ns": note.time_ns,
            }
            for note in self.notes
        ]
        whole = {"config": self.config, "notes": notes, "tags": self.tags, "facts": self.facts}
        return {name: part for name, part in whole.items() if part}


def merged_about(parts: Iterable[About]) -> About:
    """Several of them as one; the later ones win. Notes are put in the order of their times."""
    whole = About()
    for part in parts:
        whole.add(part.record())
    whole.notes.sort(key=lambda note: note.time_ns)
    return whole


def plain_config(given: Any) -> dict[str, Any]:
    """Hyper-parameters as plain JSON.

    Args:
        given: A mapping, a dataclass, an ``argparse.Namespace``, or anything else with
            attributes. Numbers, texts, None, lists and mappings stay what they are; anything
            else becomes its ``repr``.

    Raises:
        HistoryError: If it is none of these, or larger than 4 MiB.

    Example:
        >>> plain_config({"lr": np.float32(0.5), "layers": (1, 2), 3: PurePath("a")})
        {'lr': 0.5, 'layers': [1, 2], '3': 'a'}
    """
    plain = _plain(given, _DEEPEST)
    if not isinstance(plain, dict):
        plain = _plain(getattr(given, "__dict__", None), _DEEPEST)
    problem = None
    if isinstance(plain, dict):
        size_bytes = len(json.dumps(plain))
        if size_bytes <= MOST_BYTES:
            return plain
        problem = f"{size_bytes} bytes, of at most {MOST_BYTES}"
    raise HistoryError(
        "a config is a mapping of names to values.",
        where="history.config",
        given=problem or type(given).__name__,
        hint="History(path, config={'lr': 0.1}), or history.config.update(lr=0.1)",
    )


def _plain(value: Any, depth: int) -> Any:
    if value is None or (
        isinstance(value, (bool, int, float, str)) and not isinstance(value, enum.Enum)
    ):
        return float(value) if isinstance(value, np.floating) else value
    if isinstance(value, (np.bool_, np.integer, np.floating)):
        return value.item()
    if isinstance(value, PurePath):
        return str(value)
    if isinstance(value, enum.Enum):
        return value.name
    if depth and isinstance(value, Mapping):
        return {str(key): _plain(part, depth - 1) for key, part in value.items()}
    if depth and isinstance(value, (list, tuple, AbstractSet)):
        return [_plain(part, depth - 1) for part in value]
    if depth and dataclasses.is_dataclass(value) and not isinstance(value, type):
        names = [field.name for field in dataclasses.fields(value)]
        return {name: _plain(getattr(value, name), depth - 1) for name in names}
    if depth and type(value).__name__ == "Namespace":
        return _plain(vars(value), depth - 1)
    return repr(value)


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _note(record: Any) -> Note | None:
    if not isinstance(record, dict):
        return None
    text, step, time_ns = (record.get(name) for name in ("text", "step", "time_ns"))
    if isinstance(step, list):
        step = tuple(step) if len(step) == 2 else None
    if not isinstance(text, str) or type(time_ns) is not int:
        return None
    return Note(text, step, time_ns)


class Config(Mapping[str, Any]):
    """The hyper-parameters of a history, by name.

    Example:
        >>> from introspect import History
        >>> history = History(config={"lr": 0.1})
        >>> history.config.update(batch_size=32)
        >>> history.config["scheduler"] = {"name": "cosine", "steps": 1000}
        >>> dict(history.config)
        {'lr': 0.1, 'batch_size': 32, 'scheduler': {'name': 'cosine', 'steps': 1000}}
    """

    __slots__ = ("_add", "_known")

    def __init__(self, known: Any, add: Any) -> None:
        self._known = known
        self._add = add

    def update(self, given: Any = None, /, **values: Any) -> None:
        """Add hyper-parameters, or change them. Begins the run, as `log` does.

        Args:
            given: A mapping, a dataclass or an ``argparse.Namespace``.
            **values: More of them.

        Raises:
            HistoryError: If `given` is none of these.
        """
        config = {} if given is None else plain_config(given)
        self._add({"config": config | plain_config(values)})

    def __setitem__(self, name: str, value: Any) -> None:
        self.update({name: value})

    def __getitem__(self, name: str) -> Any:
        return self._known()[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._known())

    def __len__(self) -> int:
        return len(self._known())

    def __repr__(self) -> str:
        return repr(dict(self))
