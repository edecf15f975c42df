"""health: a History to Findings, in plain words.

Read are the keys that ``introspect.watch`` writes: sketches under ``weights/NAME``,
``gradients/NAME``, ``updates/NAME`` and ``activations/MODULE``, and the numbers beside them;
where a number is missing it is computed from the sketches, if they know it. What was never
recorded is not judged, and `Findings.checks` says what was.

Cost: 0.1 ms a sketch that is read; of each key at most 48 records, evenly.

Not here: when something is a finding (``introspect.tensors.rules``,
``introspect.tensors.rules_of_depth``), how findings look (``introspect.tensors.finding_pages``).
"""

import time
import warnings
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal, overload

from introspect.errors import HistoryError, IntrospectWarning
from introspect.nouns.metric import Step, format_step

Severity = Literal["fault", "notice"]
Cause = Literal[
    "not finite",
    "dead",
    "exploding",
    "vanishing",
    "saturated",
    "frozen",
    "update ratio",
    "rank collapse",
    "outliers",
    "drift",
]
CAUSES: tuple[Cause, ...] = (
    "not finite",
    "dead",
    "exploding",
    "vanishing",
    "saturated",
    "frozen",
    "update ratio",
    "rank collapse",
    "outliers",
    "drift",
)
"""What comes first explains what comes after it."""


SHARE, ALLOWANCE_S = 0.01, 0.5
"""Of the training's time, what `Alerts` may take; half a second more, for short trainings."""


@dataclass(frozen=True, slots=True, repr=False)
class Finding:
    """One thing that is wrong, or may be.

    Attributes:
        cause: What kind of thing.
        severity: ``"fault"`` or ``"notice"``.
        layers: The parameters or modules that have it, from the input to the output.
        step: Since when.
        what: The fact, in one sentence.
        evidence: What it is read from, with numbers.
        hint: What to try.
        change: The number at the start and now, in words: ``"49% → 100% zero"``.
        values: That number over time.
    """

    cause: Cause
    severity: Severity
    layers: tuple[str, ...]
    step: Step
    what: str
    evidence: str
    hint: str
    change: str = ""
    values: tuple[float, ...] = ()

    @property
    def layer(self) -> str:
        """The first of the layers; empty if it is the whole training."""
        return self.layers[0] if self.layers else ""

    @property
    def since(self) -> str:
        """``"from epoch 1, step 200"`` or ``"from step 200"``."""
        if isinstance(self.step, tuple):
            return f"from epoch {self.step[0]}, step {self.step[1]}"
        return f"from step {format_step(self.step)}"

    def __str__(self) -> str:
        mark = "▲" if self.severity == "fault" else "□"
        return f"{mark} {self.what}\n  {self.since}. {self.evidence} {self.hint}"

    def __repr__(self) -> str:
        return str(self)


@dataclass(frozen=True, slots=True, repr=False)
class Findings(Sequence[Finding]):
    """What is wrong with a training: as text, as HTML in a notebook, and for rich.

    Sorted by what causes what, then by step. False if there is nothing.

    Attributes:
        found: The findings.
        checks: What was looked at, in words; all of it is well if nothing was found.
    """

    found: tuple[Finding, ...]
    checks: tuple[str, ...]

    @property
    def faults(self) -> tuple[Finding, ...]:
        """Those that are no mere notices."""
        return tuple(one for one in self.found if one.severity == "fault")

    @property
    def title(self) -> str:
        """``"1 fault, 2 notices"``."""
        faults = len(self.faults)
        counts = {"fault": faults, "notice": len(self.found) - faults}
        words = [f"{n} {word}{'s' * (n != 1)}" for word, n in counts.items() if n]
        return ", ".join(words) or ("nothing found" if self.checks else "nothing to judge")

    @overload
    def __getitem__(self, place: int) -> Finding: ...
    @overload
    def __getitem__(self, place: slice) -> tuple[Finding, ...]: ...
    def __getitem__(self, place: Any) -> Any:
        return self.found[place]

    def __len__(self) -> int:
        return len(self.found)

    def __iter__(self) -> Iterator[Finding]:
        return iter(self.found)

    def of(self, cause: Cause) -> tuple[Finding, ...]:
        """Those of one cause."""
        return tuple(one for one in self.found if one.cause == cause)

    def __repr__(self) -> str:
        checked = f"✓ looked at {', '.join(self.checks)}" if self.checks else ""
        empty = "no weights, gradients, updates or activations were recorded: introspect.watch"
        lines = [f"Health: {self.title}", *map(str, self.found), checked or empty]
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        from introspect.tensors.finding_pages import html_of  # noqa: PLC0415  a notebook alone

        return html_of(self)

    def __rich__(self) -> Any:
        from introspect.tensors.finding_pages import rich_of  # noqa: PLC0415  same, for rich

        return rich_of(self)


def health(history: Any) -> Findings:
    """What is wrong with a training, and what to try.

    Dead units, gradients that vanish, explode or do not arrive, NaN and Inf, saturated units,
    parameters that do not move, updates too small or too large, weights that drift or lose
    their rank, channels that stick out. A schedule is no fault: updates are not judged where
    the learning rate (logged under ``lr`` or ``learning_rate``) is below a tenth of its peak.

    Args:
        history: A History that ``introspect.watch`` wrote to, or the Watch itself.

    Raises:
        HistoryError: If it is no history.

    Example:
        >>> from introspect import History, Sketch
        >>> history = History()
        >>> for step in range(3):
        ...     history.log(step, **{"weights/fc.weight": Sketch.of([float("nan")] * step + [1.0])})
        >>> health(history)[0].what
        'weights of fc.weight are NaN or infinite'
    """
    from introspect.tensors.evidence import Evidence  # noqa: PLC0415  it imports NumPy
    from introspect.tensors.rules import RULES  # noqa: PLC0415  rules make findings

    if hasattr(history, "history") and not hasattr(history, "keys"):
        history = history.history  # a Watch
    if not (hasattr(history, "keys") and hasattr(history, "__getitem__")):
        raise HistoryError(
            "health is read off a history.", given=type(history).__name__, hint="History(folder)"
        )
    evidence = Evidence.of(history)
    found: list[Finding] = []
    for rule in RULES:
        found += rule(evidence, tuple(found))
    order = {cause: place for place, cause in enumerate(CAUSES)}
    found.sort(key=lambda one: (order[one.cause], _pair(one.step)))
    return Findings(tuple(found), evidence.checks())


def _pair(step: Step) -> tuple[int, int]:
    return step if isinstance(step, tuple) else (0, step)


class Alerts:
    """Findings as they come up in a training loop, each told once.

    Nothing in it raises: what goes wrong is said in one `IntrospectWarning`.

    Args:
        history: As in `health`.
        on_finding: Called with each Finding that was not there before.

    Example:
        >>> from introspect import History, Sketch
        >>> history, told = History(), []
        >>> alerts = Alerts(history, told.append)
        >>> history.log(0, **{"gradients/fc.weight": Sketch.of([float("inf")])})
        >>> alerts.check(); alerts.check(); len(told)
        1
    """

    def __init__(self, history: Any, on_finding: Callable[[Finding], Any]) -> None:
        self._history = history
        self._on_finding = on_finding
        self._told: set[tuple[str, str, str]] = set()
        self._warned = False
        self._began_s: float | None = None
        self._due_s = 0.0
        self._spent_s = 0.0

    def check_seldom(self) -> None:
        """`check`, unless that would take more than 1 % of the time and `ALLOWANCE_S`."""
        now_s = time.perf_counter()
        if self._began_s is None:
            self._began_s = now_s
        allowed_s = ALLOWANCE_S + SHARE * (now_s - self._began_s)
        if now_s >= self._due_s and self._spent_s <= allowed_s:
            self.check()
            took_s = time.perf_counter() - now_s
            self._spent_s += took_s
            self._due_s = now_s + 10 * took_s  # not all of the allowance at once

    def check(self) -> None:
        """Look, and tell what is new: a cause, a severity or a layer that was not told."""
        try:
            for one in health(self._history):
                layers = one.layers or ("",)
                new = {(one.cause, one.severity, layer) for layer in layers} - self._told
                if new:
                    self._told |= new
                    self._on_finding(one)
        except Exception as error:  # noqa: BLE001  training goes on
            if not self._warned:
                self._warned = True
                message = f"findings could not be told, and training goes on: {error}"
                warnings.warn(message, IntrospectWarning, stacklevel=2)
