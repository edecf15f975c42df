"""Watch: the weights of a model in training to Sketches in a History.

::

    watch = introspect.watch(model, optimizer, history=history, every=100)
    ...                                    # train as always
    watch.close()                          # or: with introspect.watch(...) as watch:

Nothing is put on the model. Weights are read in torch's global pre-step hook of optimizers,
that is before the update, so the first record is the model as it was initialised. Calls of
`Watch.step` take over from the hook as soon as there is one.

Which step a record gets: the one given to `Watch.step`; else the last step that was logged to
the history by someone else, read at the first optimizer step after that log, so the weights
are those of the moment of the log; else the number of optimizer steps. At one step, one record.

Cost: 1.5 to 2 ns a parameter in each record (50 ms for resnet50), 1 us in the steps between. The
model is held by a weak reference.

Not here: which step it is (``introspect.tensors.clock``), the counting
(``introspect.tensors.count``), how values are stored (``introspect.history``).
"""

import warnings
import weakref
from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import Any, Self

from torch import nn
from torch.optim import Optimizer
from torch.optim.optimizer import register_optimizer_step_pre_hook

from introspect.errors import IntrospectWarning, WatchError
from introspect.nouns.metric import Step
from introspect.nouns.sketch import Sketch
from introspect.tensors.clock import Clock, Labels
from introspect.tensors.count import count
from introspect.tensors.selection import check_log, check_model, check_optimizer, selected

PREFIX = "weights/"


def watch(
    model: nn.Module,
    optimizer: Optimizer | None = None,
    history: Any = None,
    *,
    log: Sequence[str] = ("weights",),
    every: int = 100,
    modules: str | Sequence[str] | None = None,
) -> "Watch":
    """Record how the weights of a model move while it trains.

    Keep the result: watching ends when it is closed, when a ``with`` block around it ends, or
    when it is thrown away.

    Args:
        model: Any module with parameters. Held weakly, never changed.
        optimizer: The one whose steps count; None for every optimizer that holds parameters
            of the model (those that take turns count as one step together).
        history: An ``introspect.History``; None for one of its own in memory, at
            `Watch.history`. Each parameter is logged as a Sketch under ``weights/NAME``;
            one that is shared, once, under its first name.
        log: What to record: ``("weights",)``.
        every: Record the first call, then every that many calls, of `Watch.step` if it is
            called, of the optimizer's ``step`` otherwise.
        modules: Glob patterns of module paths, ``"layer4.*"``; a path stands for all below
            it. None for all.

    Raises:
        WatchError: If the model is no module or has no parameters, the patterns match none,
            the optimizer holds none of them, or an option is unknown.

    Example:
        >>> import torch
        >>> model = torch.nn.Linear(4, 2)
        >>> optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
        >>> with watch(model, optimizer, every=1) as weights:
        ...     model(torch.ones(1, 4)).sum().backward()
        ...     optimizer.step()
        >>> sorted(weights.history.keys()), len(weights.history["weights/bias"])
        (['weights/bias', 'weights/weight'], 2)
    """
    check_log(log)
    if not isinstance(every, int) or isinstance(every, bool) or every < 1:
        raise WatchError("every counts calls.", given=f"every={every!r}", hint="every=100")
    model = check_model(model)
    patterns = (modules,) if isinstance(modules, str) else modules
    patterns = None if patterns is None else tuple(patterns)
    selected(model, patterns)
    check_optimizer(optimizer, model)
    if history is None:
        from introspect.history import History  # noqa: PLC0415  only if none is given

        history = History()
    elif not (hasattr(history, "log") and hasattr(history, "step")):
        raise WatchError(
            "this is no history.", given=type(history).__name__, hint="introspect.History()"
        )
    return Watch(model, optimizer, history, every=every, patterns=patterns)


class Watch:
    """A handle on the recording of one model's weights. Made by `watch`.

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
        every: int,
        patterns: tuple[str, ...] | None,
    ) -> None:
        self.history = history
        self._model = weakref.ref(model)
        self._patterns = patterns
        self._clock = Clock(optimizer)
        self._labels = Labels(history)
        self._every = every
        self._due = 0  # the next call that records; a repeated step leaves it where it is
        self._calls = 0  # of step()
        self._stage = {"records": 0, "open": True, "paused": False, "warned": False}
        handle = register_optimizer_step_pre_hook(_weak_hook(weakref.ref(self)))
        self._let_go = weakref.finalize(self, _let_go, handle, self._model, self._stage)
        self._let_go.atexit = False

    def step(self, step: Step | None = None) -> None:
        """Say that a step is over; records if this is the first call or the `every`-th since.

        From the first call on, optimizer steps no longer record by themselves.

        Args:
            step: An int or (epoch, step). None for the last one logged to the history by
                someone else, or the number of optimizer steps.
        """
        if not self._stage["open"]:
            return
        try:
            if not self._calls:
                self._due = 0
            call, self._calls = self._calls, self._calls + 1
            if self._stage["paused"] or call < self._due:
                return
            label = self._labels.now(self._clock.steps or call) if step is None else step
            if self._record(label):
                self._due = call + self._every
        except Exception as error:  # noqa: BLE001  training goes on
            self._warn(error)

    def pause(self) -> None:
        """Record nothing until `resume`. Calls are still counted."""
        self._stage["paused"] = True

    def resume(self) -> None:
        """Record again."""
        self._stage["paused"] = False

    def close(self) -> None:
        """Take the hook off. Without calls of `step`, records the weights as they are left.

        They go under the last step that was logged, unless it has been recorded. Safe to
        call twice.
        """
        try:
            is_behind = self._stage["records"] and self._clock.steps > self._due - self._every
            if self._stage["open"] and not self._calls and is_behind and not self._stage["paused"]:
                label = self._labels.anew(self._clock.steps)
                if label is not None:
                    self._record(label)
        except Exception as error:  # noqa: BLE001  a training that ends well ends well
            self._warn(error)
        self._end()

    def at(self, step: Step) -> dict[str, Sketch]:
        """The sketches recorded at one step, by key.

        Raises:
            WatchError: If nothing was recorded there.
        """
        found, known = {}, {}
        for key in self.history.keys():  # noqa: SIM118  a history is no dict
            if key.startswith(PREFIX):
                metric = self.history[key]
                known |= dict.fromkeys(metric.formatted_steps)
                try:
                    found[key] = metric.at(step)
                except KeyError:
                    continue
        if not found:
            raise WatchError(
                "no weights were recorded at this step.",
                given=repr(step),
                hint="one of " + ", ".join(known) if known else "train first",
            )
        return found

    def _on_optimizer_step(self, optimizer: Optimizer) -> None:
        """Before an optimizer changes anything."""
        try:
            model = self._model()
            if model is None:
                self._end()
            elif self._clock.ticks(optimizer, model):
                steps = self._clock.steps
                # One step early as well: a label is new if it was another a step ago.
                if not self._calls and steps >= self._due - 1:
                    label = self._labels.anew(steps)
                    is_due = steps >= self._due and not self._stage["paused"]
                    if is_due and label is not None and self._record(label):
                        self._due = steps + self._every
                self._clock.steps = steps + 1
        except Exception as error:  # noqa: BLE001  training goes on
            self._warn(error)

    def _record(self, label: Step) -> bool:
        """Log every selected parameter; False if this step has been recorded."""
        model = self._model()
        if model is None or self._labels.is_recorded(label):
            return False
        sketches: dict[str, Sketch] = {}
        for name, parameter in selected(model, self._patterns).items():
            try:
                sketches[PREFIX + name] = count(parameter)
            except Exception as error:  # noqa: BLE001  the other parameters are still fine
                self._warn(error, name)
        if sketches:
            self.history.log(label, **sketches)
            self._labels.recorded(label)
            self._stage["records"] += 1
        return True

    def _warn(self, error: Exception, name: str = "") -> None:
        if not self._stage["warned"]:
            self._stage["warned"] = True
            place = f" ({name})" if name else ""
            message = f"watch could not record weights{place}, and goes on: {error}"
            warnings.warn(message, IntrospectWarning, stacklevel=4)

    def _end(self) -> None:
        self._stage["open"] = False
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


def _weak_hook(reference: "weakref.ref[Watch]") -> Any:
    """What torch calls; it must not keep the Watch alive."""

    def before_step(optimizer: Optimizer, args: Any, kwargs: Mapping[str, Any]) -> None:
        del args, kwargs
        watching = reference()
        if watching is not None:
            watching._on_optimizer_step(optimizer)  # noqa: SLF001  its own hook

    return before_step


def _let_go(handle: Any, model: "weakref.ref[nn.Module]", stage: Mapping[str, int]) -> None:
    """Take the hook off; say so if a Watch was lost before it did anything."""
    handle.remove()
    if stage["open"] and not stage["records"] and model() is not None:
        message = (
            "a Watch was thrown away before its first record, so nothing is watched."
            " Keep it: watch = introspect.watch(model, ...)"
        )
        warnings.warn(message, IntrospectWarning, stacklevel=2)
