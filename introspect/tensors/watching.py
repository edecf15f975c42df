"""Watch: weights, gradients, updates and activations in training to Sketches in a History.

::

    watch = introspect.watch(model, optimizer, history=history, every=100)
    ...                                    # train as always
    watch.close()                          # or: with introspect.watch(...) as watch:

Weights and gradients are read in torch's global pre-step hook of optimizers: before the
update, so the first record is the model as it was initialised; and after everything else that
changes gradients (their reduction over ranks, accumulation, unscaling, clipping). Updates are
what the step has changed; activations come from forward hooks.

Which step a record gets: the one given to `Watch.step`; else the last step that was logged to
the history by someone else, read at the first optimizer step after that log, so the weights
are those of the moment of the log; else the number of optimizer steps. At one step, one record.

Cost: 1.5 to 2 ns a value of each kind in each record, 2 us in the steps between and 0.4 us for
each call of a module. The model is held by a weak reference.

Not here: what is read and how it is written (``introspect.tensors.recording``), which step it
is (``introspect.tensors.clock``), how often (``introspect.tensors.pace``).
"""

import weakref
from collections.abc import Callable, Mapping, Sequence
from time import perf_counter
from types import TracebackType
from typing import Any, Literal, Self

from torch import nn
from torch.optim import Optimizer
from torch.optim.optimizer import (
    register_optimizer_step_post_hook,
    register_optimizer_step_pre_hook,
)

from introspect.nouns.metric import Step
from introspect.nouns.sketch import Sketch
from introspect.tensors.clock import Clock, Labels
from introspect.tensors.findings import Finding, Findings, health
from introspect.tensors.leaving import let_go, once, weak_hook
from introspect.tensors.optimizers import held_by, left_over
from introspect.tensors.pace import Pace, check_every
from introspect.tensors.recording import Options, Recording
from introspect.tensors.records import sketches_at
from introspect.tensors.selection import (
    KINDS,
    check_history,
    check_log,
    check_model,
    check_numbers,
    check_optimizer,
    selected,
    selected_modules,
)
from introspect.tensors.sharding import world
from introspect.tensors.taps import Taps, check_compiled


def watch(  # noqa: PLR0913  all but three by name
    model: nn.Module,
    optimizer: Optimizer | None = None,
    history: Any = None,
    *,
    log: Sequence[str] = KINDS,
    every: int | Literal["auto"] = 100,
    modules: str | Sequence[str] | None = None,
    sample: int | None = None,
    spectra: int = 0,
    reduce: bool = False,
    on_finding: Callable[[Finding], Any] | None = None,
) -> "Watch":
    """Record how the tensors of a model move while it trains.

    Keep the result: watching ends when it is closed, when a ``with`` block around it ends, or
    when it is thrown away.

    Args:
        model: Any module with parameters, also compiled or wrapped. Held weakly; forward hooks
            are on it until the end if activations are recorded.
        optimizer: The one whose steps count; None for every optimizer that holds parameters
            of the model (those that take turns count as one step together).
        history: An ``introspect.History``; None for one of its own in memory, at
            `Watch.history`. Sketches go under ``weights/NAME``, ``gradients/NAME``,
            ``updates/NAME`` and ``activations/MODULE``, a shared parameter once, under its
            first name; beside each, numbers: ``weights/NAME/norm`` and so on
            (``introspect.tensors.readings.numbers``); and under ``optimizer/lr`` the learning
            rate of each step that is recorded.
        log: What to record.
        every: Record the first call, then every that many calls, of `Watch.step` if it is
            called, of the optimizer's ``step`` otherwise. ``"auto"`` spends at most 1 % of
            the time that the training takes.
        modules: Glob patterns of module paths, ``"layer4.*"``; a path stands for all below
            it. None for all.
        sample: Count at most about that many values of each tensor. Minima, maxima and
            counts then are those of the sample. None for all.
        spectra: At the first record of each epoch (of every 100 records where steps have no
            epoch), that many of the largest singular values of each weight matrix, and its
            stable rank, under ``weights/NAME/spectrum`` and ``weights/NAME/stable_rank``.
        reduce: With ``torch.distributed``: False lets each rank log what it counts, to be
            added up when it is read; True adds up at each record, by one collective, and rank
            0 logs.
        on_finding: Called in the loop with each new finding of ``introspect.health``; looking
            takes at most 1 % of the time, and half a second.

    Raises:
        WatchError: If the model is no module or has no parameters, the patterns match none,
            the optimizer holds none of them, its hooks would never be called, or an option is
            unknown.

    Example:
        >>> import torch
        >>> model = torch.nn.Linear(4, 2)
        >>> optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
        >>> with watch(model, optimizer, log=("weights", "gradients"), every=1) as watching:
        ...     model(torch.ones(1, 4)).sum().backward()
        ...     optimizer.step()
        >>> sketches = watching.at(0)
        >>> sorted(sketches)
        ['gradients/bias', 'gradients/weight', 'weights/bias', 'weights/weight']
        >>> sketches["gradients/bias"].max, watching.history["gradients/bias/norm"].last
        (1.0, 1.4142135623730951)
    """
    check_numbers(every, sample, spectra)
    kinds, given, model = check_log(log), model, check_model(model)
    patterns = (modules,) if isinstance(modules, str) else modules
    patterns = None if patterns is None else tuple(patterns)
    selected(model, patterns)
    check_optimizer(optimizer, model)
    if "activations" in kinds:
        check_compiled(given, model)
    check_every(every, ranks=world()[1])
    history = check_history(history)
    options = Options(kinds, patterns, sample, spectra, reduce, on_finding)
    return Watch(model, optimizer, history, every=every, options=options)


class Watch:
    """A handle on the recording of one model's tensors. Made by `watch`.

    It is a context manager; leaving the block closes it. Nothing in it raises in a training
    loop: what goes wrong is said in one `IntrospectWarning`.

    Attributes:
        history: Where the sketches go.
    """

    def __init__(
        self,
        model: nn.Module,
        optimizer: Optimizer | None,
        history: Any,
        *,
        every: int | Literal["auto"],
        options: Options,
    ) -> None:
        self.history = history
        self._model = weakref.ref(model)
        self._options = options
        self._clock, self._labels, self._pace = Clock(optimizer), Labels(history), Pace()
        self._every = every
        self._due = 0  # the next call that records; a repeated step leaves it where it is
        self._calls = 0  # of step()
        self._last = 0  # optimizer steps at the last record, or call of step()
        self._gap = 0  # the fewest optimizer steps seen between two of them
        self._label: Step | None = None  # of the record that is being made
        self._is_collecting = True  # for a call of step() that is expected
        self._was_told = False  # by after_backward, of a step whose optimizer has not stepped
        self._was_ready = False  # the taps were armed before the forward pass began
        self._chosen: Mapping[str, nn.Parameter] | None = None  # the watched ones, at this step
        self._covered: set[str] = set()  # parameters that optimizers have changed at this step
        self._orphans: set[str] = set()  # trained ones that none changed at the last record
        self._stage = {"records": 0, "open": True, "paused": False, "warned": False}
        self._warn = once(self._stage)
        taps = None
        if "activations" in options.log:
            found = selected_modules(model, options.patterns)
            taps = Taps(model, found, sample=options.sample, warn=self._warn)
        self._recording = Recording(history, options, taps, self._warn)
        me: weakref.ref[Watch] = weakref.ref(self)
        handles = [
            register_optimizer_step_pre_hook(weak_hook(me, "_before_step")),
            register_optimizer_step_post_hook(weak_hook(me, "_after_step")),
        ]
        self._let_go = weakref.finalize(self, let_go, handles, self._model, self._stage)
        self._let_go.atexit = False
        self._prepare()

    def step(self, step: Step | None = None) -> None:
        """Say that a step is over; records if this is the first call or the `every`-th since.

        From the first call on, optimizer steps no longer record by themselves. Weights are
        those of this moment; gradients, updates and activations those of the last step of an
        optimizer.

        Args:
            step: An int or (epoch, step). None for the last one logged to the history by
                someone else, or the number of optimizer steps.
        """
        if not self._stage["open"]:
            return
        start = perf_counter()
        try:
            if not self._calls:
                self._due = 0
            call, self._calls = self._calls, self._calls + 1
            if not self._stage["paused"] and self._is_due(call):
                label = self._labels.now(self._clock.steps or call) if step is None else step
                if self._record_now(label):
                    self._due = call + (1 if self._every == "auto" else self._every)
            self._saw_gap()
            self._prepare()
        except Exception as error:  # noqa: BLE001  training goes on
            self._warn(error, "")
        self._pay(start)

    def after_backward(self, *, scale: float = 1.0) -> None:
        """Say that gradients are there, where no optimizer may step after it.

        For steps that a ``GradScaler`` leaves out, for gradients that are looked at without
        training, and for optimizers that are none of torch's. It counts as a step of the
        optimizer; if one comes after all, it is the same step, and its gradients count.

        Args:
            scale: What the loss was multiplied by, ``scaler.get_scale()``.
        """
        model = self._model()
        if not self._stage["open"] or model is None:
            return
        start = perf_counter()
        try:
            self._begin(model)
            if self._is_recording:
                self._recording.gradients(self._parameters(model), scale=scale)
                self._write()
            self._was_told = True
            self._prepare()
        except Exception as error:  # noqa: BLE001  training goes on
            self._warn(error, "")
        self._pay(start)

    def pause(self) -> None:
        """Record nothing until `resume`. Calls are still counted."""
        self._stage["paused"] = True
        self._prepare()

    def resume(self) -> None:
        """Record again."""
        self._stage["paused"] = False
        self._prepare()

    def close(self) -> None:
        """Take the hooks off. Without calls of `step`, records the weights as they are left.

        They go under the last step that was logged, unless it has been recorded. Safe to
        call twice.
        """
        try:
            if self._stage["open"]:
                self._write(is_last=True)
                is_behind = self._stage["records"] and self._clock.steps > self._last
                if not self._calls and is_behind and not self._stage["paused"]:
                    label = self._labels.anew(self._clock.steps)
                    if label is not None and not self._labels.is_recorded(label):
                        self._recording.forget()
                        self._open(label, weights_only=True)
                        self._write(is_last=True)
                self._poll(wait=True)
                self._recording.look_at_the_end()
        except Exception as error:  # noqa: BLE001  a training that ends well ends well
            self._warn(error, "")
        self._end()

    def at(self, step: Step) -> dict[str, Sketch]:
        """The sketches recorded at one step, by key; those of several ranks added up.

        Raises:
            WatchError: If nothing was recorded there.
        """
        self._poll(wait=True)
        return sketches_at(self.history, step)

    def diagnose(self) -> Findings:
        """What is wrong with this training, in plain words: ``introspect.health(history)``."""
        self._poll(wait=True)
        return health(self.history)

    @property
    def overhead(self) -> float:
        """What watching has cost until now, as a share of the time that the steps took."""
        return self._pace.overhead

    def _before_step(self, optimizer: Optimizer) -> None:
        """Before an optimizer changes anything."""
        start = perf_counter()
        try:
            model = self._model()
            if model is None:
                self._end()
            elif self._clock.counts(optimizer, model):
                begins = self._clock.begins(optimizer)
                if begins and not self._was_told:
                    self._begin(model)
                elif self._was_told:
                    self._recording.read_gradients_again()
                self._was_told = False
                if self._is_recording:
                    chosen = self._parameters(model)
                    if begins and self._orphans:  # a gradient that nobody will use tells a fault
                        known = {name: p for name, p in chosen.items() if name in self._orphans}
                        self._recording.gradients(known)
                    self._recording.before(optimizer, held_by(optimizer, chosen))
                    self._write()
        except Exception as error:  # noqa: BLE001  training goes on
            self._warn(error, "")
        self._pay(start)

    def _after_step(self, optimizer: Optimizer) -> None:
        """After an optimizer has changed what it holds."""
        start = perf_counter()
        try:
            model = self._model()
            if model is not None and self._clock.counts(optimizer, model):
                if self._is_recording:
                    mine = held_by(optimizer, self._parameters(model))
                    self._recording.after(optimizer, mine)
                    self._covered |= set(mine)
                    self._write(is_last=self._covers(model))
                self._prepare()
        except Exception as error:  # noqa: BLE001  training goes on
            self._warn(error, "")
        self._pay(start)

    @property
    def _is_recording(self) -> bool:
        return self._label is not None or (bool(self._calls) and self._is_collecting)

    def _begin(self, model: nn.Module) -> None:
        """A new step of the model: decide whether it is recorded, and under which label."""
        self._pace.tick()
        steps = self._clock.steps
        if self._covered:
            self._orphans = left_over(self._parameters(model), self._covered)
        # One step early as well: a label is new if it was another a step ago.
        is_near = self._every == "auto" or steps >= self._due - 1
        label = self._labels.anew(steps) if is_near and not self._calls else None
        self._write(is_last=True)
        self._poll()
        self._recording.forget()
        self._label, self._covered, self._chosen = None, set(), None
        is_due = self._is_due(steps) and not self._stage["paused"] and label is not None
        if self._calls:
            if self._is_collecting:
                self._recording.activations()
        elif is_due and not self._labels.is_recorded(label):
            self._open(label)
            self._check_silence(model)
            self._saw_gap()
            self._due = steps + (1 if self._every == "auto" else self._every)
        self._clock.steps = steps + 1

    def _open(self, label: Step, *, weights_only: bool = False) -> None:
        """Begin a record: weights as they are, and what the taps have read."""
        model = self._model()
        if model is None:
            return
        self._label, before = label, self._labels.said()
        extra = self._recording.spectra(self._parameters(model), label)
        if extra and (not world()[0] or not self._options.reduce):
            self.history.log(label, **extra)
            self._labels.written_late(label, before)
        self._recording.weights(self._parameters(model))
        if not weights_only:
            self._recording.activations()
        self._labels.recorded(label)
        self._stage["records"] += 1

    def _record_now(self, label: Step) -> bool:
        """A record at a call of step(); False if this step has been recorded."""
        model = self._model()
        if model is None or self._labels.is_recorded(label):
            return False
        if not self._is_collecting or not self._clock.steps:
            self._recording.forget()
        self._chosen = None
        self._open(label)
        self._recording.gradients(self._parameters(model))
        self._write(is_last=True)
        return True

    def _write(self, *, is_last: bool = False) -> None:
        """Log what was read, if its label is known and nothing more is to be waited for."""
        if self._label is None or (self._options.reduce and not is_last):
            return
        label, before = self._label, self._labels.said()
        if is_last and self._options.reduce:
            self._label = None
        if self._recording.write(label):
            self._labels.written_late(label, before)

    def _poll(self, *, wait: bool = False) -> None:
        """Log records that have arrived from an accelerator."""
        if self._recording.is_waiting:
            before = self._labels.said()
            label = self._recording.poll(wait=wait)
            if label is not None:
                self._labels.written_late(label, before)

    def _prepare(self) -> None:
        """Arm the taps if the next step is likely to be recorded, or else disarm them."""
        self._chosen = None
        count = self._calls or self._clock.steps
        is_on = bool(self._stage["open"]) and not self._stage["paused"]
        wanted = is_on and self._is_due(count)
        waited = self._clock.steps - self._last + bool(self._calls)
        if self._calls:
            wanted = wanted and waited >= self._gap
            if wanted and self._is_collecting and self._recording.holds:
                return  # what was read is waiting for the call
        else:
            wanted = wanted and (self._labels.is_fresh() or waited >= self._gap)
        self._is_collecting = wanted
        taps = self._recording.taps
        if taps is not None:
            self._was_ready = wanted and self._clock.steps > 0
            taps.arm(on=wanted)

    def _is_due(self, count: int) -> bool:
        return self._pace.is_due if self._every == "auto" else bool(count >= self._due)

    def _saw_gap(self) -> None:
        """Remember how many optimizer steps lie between records, or calls of step()."""
        gap = self._clock.steps - self._last
        self._last = self._clock.steps
        if self._stage["records"] > 1 or self._calls > 1:
            self._gap = min(self._gap, gap) if self._gap else gap

    def _pay(self, start: float) -> None:
        taps = self._recording.taps
        self._pace.spend(perf_counter() - start + (0.0 if taps is None else taps.paid()))

    def _parameters(self, model: nn.Module) -> Mapping[str, nn.Parameter]:
        """Those that are watched; looked up once a step."""
        if self._chosen is None:
            self._chosen = selected(model, self._options.patterns)
        return self._chosen

    def _covers(self, model: nn.Module) -> bool:
        """Whether every parameter that is trained has been changed at this step."""
        return not left_over(self._parameters(model), self._covered)

    def _check_silence(self, model: nn.Module) -> None:
        """Warn once if no forward hook was called although there are gradients."""
        taps = self._recording.taps
        if taps is None or not self._was_ready or self._recording.has_activations:
            return
        if any(parameter.grad is not None for parameter in self._parameters(model).values()):
            error = RuntimeError(
                "none of their forward hooks was called. If the model was compiled before"
                " watch(), call torch.compiler.reset() right after it; if only parts of the"
                " model run, name them with modules=."
            )
            self._warn(error, "activations")

    def _end(self) -> None:
        self._stage["open"] = False
        self._recording.forget()
        if self._recording.taps is not None:
            self._recording.taps.close()
        self._let_go()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if kind is None:
            self.close()
        else:
            self._end()

    def __repr__(self) -> str:
        model = self._model()
        name = type(model).__name__ if model is not None else "a model that is gone"
        state = "closed" if not self._stage["open"] else f"every {self._every}"
        state = "paused" if self._stage["open"] and self._stage["paused"] else state
        return f"<Watch of {name}: {self._stage['records']} records, {state}>"
