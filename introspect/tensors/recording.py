"""Recording: what is read of a model at one step, until it is written under the step's label.

Readings of one step come at different moments: activations in the forward pass; weights and
gradients before the optimizer changes anything; updates after it, from copies that live no
longer than its step. They are written as they come, or together where they have to wait: for a
label, for the other ranks, or for an accelerator.

Cost: 1.5 to 2 ns a value, 40 us a tensor.

Not here: when and under which label (``introspect.tensors.watching``).
"""

import weakref
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn
from torch.optim import Optimizer

from introspect.nouns.metric import Step
from introspect.nouns.sketch import Sketch
from introspect.tensors.count import count
from introspect.tensors.findings import Alerts, Finding
from introspect.tensors.optimizers import learning_rates
from introspect.tensors.readings import Reading, numbers, shares
from introspect.tensors.reducing import Reducing
from introspect.tensors.samples import sampled
from introspect.tensors.sharding import is_dtensor, own_part, world
from introspect.tensors.spectra import spectrum
from introspect.tensors.sweep import Coming, can_sweep, read_tables, tables
from introspect.tensors.taps import Taps

Pieces = list[Reading | Coming[Reading]]


@dataclass(frozen=True, slots=True)
class Options:
    """What to record, and how.

    Attributes:
        log: Kinds of `introspect.tensors.selection.KINDS`.
        patterns: Globs of module paths; None for all.
        sample: How many values of a tensor at most are counted; None for all.
        spectra: How many singular values of each weight matrix once an epoch; 0 for none.
        reduce: Whether the ranks add up before rank 0 writes.
        on_finding: Told what goes wrong, while it does; None for nobody.
    """

    log: tuple[str, ...]
    patterns: tuple[str, ...] | None = None
    sample: int | None = None
    spectra: int = 0
    reduce: bool = False
    on_finding: Callable[[Finding], Any] | None = None


@dataclass(slots=True)
class _Written:
    """One label's readings that wait for an accelerator."""

    label: Step
    pieces: dict[str, Pieces]
    partial: set[str] = field(default_factory=set)
    rates: dict[str, float] = field(default_factory=dict)


class Recording:
    """Readings of one step at a time, and how they get into the history."""

    def __init__(
        self,
        history: Any,
        options: Options,
        taps: Taps | None,
        warn: Callable[[Exception, str], None],
    ) -> None:
        self.taps = taps
        self._history = history
        self._options = options
        self._warn = warn
        self._held: dict[str, Pieces] = {}
        self._partial: set[str] = set()  # keys of which this rank has a part only
        self._rates: dict[str, float] = {}  # learning rates of the step, by key
        self._optimizers: weakref.WeakKeyDictionary[Optimizer, int] = weakref.WeakKeyDictionary()
        self._copies: dict[int, tuple[Optimizer, dict[str, tuple[Tensor, Tensor]]]] = {}
        self._have_gradient: set[str] = set()
        self._waiting: list[_Written] = []
        self._reducing = Reducing() if options.reduce else None
        self._epoch: int | None = None
        self._records = 0
        told = options.on_finding
        self._alerts = None if told is None else Alerts(history, told)

    def forget(self) -> None:
        """Drop what is held of a step that is not written."""
        self._held, self._partial, self._rates = {}, set(), {}
        self._copies, self._have_gradient = {}, set()

    @property
    def is_waiting(self) -> bool:
        """Whether records wait for an accelerator."""
        return bool(self._waiting)

    @property
    def holds(self) -> bool:
        """Whether something was read that is not written yet."""
        return bool(self._held)

    @property
    def has_activations(self) -> bool:
        """Whether outputs of modules are held."""
        return any(key.startswith("activations/") for key in self._held)

    def weights(self, parameters: Mapping[str, nn.Parameter]) -> None:
        """Read the parameters as they are."""
        if "weights" in self._options.log:
            self._read("weights", parameters)

    def activations(self) -> None:
        """Take what the taps have read since they were armed."""
        if self.taps is not None:
            for name, pieces in self.taps.taken().items():
                self._held.setdefault(f"activations/{name}", []).extend(pieces)
                if world()[1] > 1:
                    self._partial.add(f"activations/{name}")

    def gradients(self, parameters: Mapping[str, nn.Parameter], *, scale: float = 1.0) -> None:
        """Read gradients that are there and were not read at this step."""
        if "gradients" not in self._options.log:
            return
        found: dict[str, Tensor] = {}
        for name, parameter in parameters.items():
            if parameter.grad is not None and name not in self._have_gradient:
                found[name] = parameter.grad if scale == 1.0 else parameter.grad / scale
        self._have_gradient |= set(found)
        self._read("gradients", found)

    def read_gradients_again(self) -> None:
        """Those read so far were not the final ones."""
        for name in self._have_gradient:
            self._held.pop(f"gradients/{name}", None)
        self._have_gradient = set()

    def before(self, optimizer: Optimizer, parameters: Mapping[str, nn.Parameter]) -> None:
        """Read what an optimizer is about to use, and copy what it is about to change."""
        self.gradients(parameters)
        if not world()[0]:
            place = self._optimizers.setdefault(optimizer, len(self._optimizers))
            self._rates |= learning_rates(optimizer, place)
        if "updates" in self._options.log:
            copies: dict[str, tuple[Tensor, Tensor]] = {}
            for name, parameter in parameters.items():
                part = self._part(f"updates/{name}", parameter) if parameter.requires_grad else None
                if part is not None:
                    values = sampled(part, self._options.sample)
                    copies[name] = (
                        parameter,
                        values.detach().clone() if values is part else values,
                    )
            self._copies[id(optimizer)] = (optimizer, copies)

    def after(self, optimizer: Optimizer, parameters: Mapping[str, nn.Parameter]) -> None:
        """Read what an optimizer has changed, and gradients that its closure made."""
        self.gradients(parameters)
        _, copies = self._copies.pop(id(optimizer), (None, {}))
        changes: dict[str, Tensor] = {}
        bases: dict[str, Tensor] = {}
        sizes: dict[str, int] = {}
        with torch.no_grad():
            for name, (parameter, old) in copies.items():
                part = self._part(f"updates/{name}", parameter)
                if part is None:
                    continue
                bases[name] = _norm(old)
                changes[name] = torch.sub(sampled(part, self._options.sample), old, out=old)
                sizes[name] = part.numel()
        self._count("updates", changes, sizes=sizes, bases=bases)

    def spectra(self, parameters: Mapping[str, nn.Parameter], label: Step) -> dict[str, Any]:
        """Singular values of the weight matrices, at the first record of an epoch."""
        epoch = label[0] if isinstance(label, tuple) else self._records // 100
        if not self._options.spectra or epoch == self._epoch:
            return {}
        self._epoch = epoch
        found: dict[str, Any] = {}
        for name, parameter in parameters.items():
            if is_dtensor(parameter) or (world()[0] and not self._options.reduce):
                continue  # a shard's spectrum is not that of the whole
            result = spectrum(parameter, self._options.spectra)
            if result is not None:
                found[f"weights/{name}/spectrum"] = result[0].numpy()
                found[f"weights/{name}/stable_rank"] = result[1]
        return found

    def write(self, label: Step) -> bool:
        """Put what is held under a label; True if something was logged just now.

        What an accelerator has still to send is logged by `poll`.
        """
        pieces, partial, rates = self._held, self._partial, self._rates
        self._held, self._partial, self._rates = {}, set(), {}
        self._records += bool(pieces)
        if self._reducing is not None:
            found = self._reducing.summed(_added(pieces, self._warn))
            if found and not world()[0]:
                self._log(label, found, set(), rates)
            return bool(found)
        if any(isinstance(piece, Coming) for found in pieces.values() for piece in found):
            self._waiting.append(_Written(label, pieces, partial, rates))
            return False
        self._log(label, _added(pieces, self._warn), partial, rates)
        return bool(pieces)

    def poll(self, *, wait: bool = False) -> Step | None:
        """Log records that have arrived, oldest first; the step of the last, if there is one."""
        label = None
        while self._waiting and (wait or _is_ready(self._waiting[0].pieces)):
            record = self._waiting.pop(0)
            found = _added(record.pieces, self._warn)
            self._log(record.label, found, record.partial, record.rates)
            label = record.label
        return label

    def _log(
        self,
        label: Step,
        found: Mapping[str, Reading],
        partial: set[str],
        rates: Mapping[str, float],
    ) -> None:
        values: dict[str, Any] = dict(rates) if found else {}
        for key, reading in found.items():
            values[key] = reading.sketch
            beside = shares(reading) if key in partial else numbers(reading)
            values |= {f"{key}/{name}": value for name, value in beside.items()}
            if reading.linear is not None and key not in partial:
                values[f"{key}/linear"] = reading.linear
        if values:
            self._history.log(label, **values)
            if self._alerts is not None:
                self._alerts.check_seldom()

    def look_at_the_end(self) -> None:
        """Tell what has gone wrong since the last look."""
        if self._alerts is not None:
            self._alerts.check()

    def _part(self, key: str, tensor: Tensor) -> Tensor | None:
        """The values that this rank counts, noted if they are not all."""
        part = own_part(tensor.detach(), is_copy=True)
        if part is not None and is_dtensor(tensor) and part.numel() != tensor.numel():
            self._partial.add(key)
        return part

    def _read(self, kind: str, tensors: Mapping[str, Tensor]) -> None:
        parts, sizes = {}, {}
        for name, tensor in tensors.items():
            try:
                part = self._part(f"{kind}/{name}", tensor)
                if part is not None:
                    sizes[name] = part.numel()
                    parts[name] = sampled(part, self._options.sample)
            except Exception as error:  # noqa: BLE001  the others are still fine
                self._warn(error, name)
        self._count(kind, parts, sizes=sizes)

    def _count(
        self,
        kind: str,
        tensors: Mapping[str, Tensor],
        *,
        sizes: Mapping[str, int],
        bases: Mapping[str, Tensor] | None = None,
    ) -> None:
        """Count tensors: those of an accelerator in one sweep, others one by one."""
        swept = [name for name, tensor in tensors.items() if can_sweep(tensor)]
        found = self._swept(tensors, swept, sizes, bases or {}) if swept else {}
        for name, tensor in tensors.items():
            try:
                piece = found.get(name)
                if piece is None:
                    base = None if not bases else float(bases[name]) ** 2
                    piece = Reading(count(tensor), sizes[name], base_squares=base)
                self._held[f"{kind}/{name}"] = [piece]
            except Exception as error:  # noqa: BLE001  the others are still fine
                self._warn(error, name)

    def _swept(
        self,
        tensors: Mapping[str, Tensor],
        names: Sequence[str],
        sizes: Mapping[str, int],
        bases: Mapping[str, Tensor],
    ) -> dict[str, Reading | Coming[Reading]]:
        found: dict[str, Reading | Coming[Reading]] = {}
        for device in dict.fromkeys(tensors[name].device for name in names):
            here = [name for name in names if tensors[name].device == device]
            extra = [torch.stack([bases[name] for name in here])] if bases else []
            batch = Coming([*tables([tensors[name] for name in here]), *extra], _read_batch)
            for row, name in enumerate(here):
                found[name] = _Row(batch, row, sizes[name])
        return found


def _read_batch(arrived: list[Tensor]) -> list[tuple[Sketch, float | None]]:
    sketches = read_tables(arrived[0], arrived[1])
    bases: list[Any] = arrived[2].square().tolist() if len(arrived) > 2 else [None] * len(sketches)
    return list(zip(sketches, bases, strict=True))


class _Row(Coming[Reading]):
    """One tensor of a sweep."""

    def __init__(self, batch: Coming[Any], row: int, size: int) -> None:
        self._batch, self._row, self._size = batch, row, size

    @property
    def is_ready(self) -> bool:
        return self._batch.is_ready

    def result(self) -> Reading:
        sketch, base = self._batch.result()[self._row]
        return Reading(sketch, self._size, base_squares=base)


def _norm(tensor: Tensor) -> Tensor:
    """The root of the sum of squares, in float64 where the device has it."""
    is_plain = not tensor.is_complex() and tensor.device.type != "mps"
    return torch.linalg.vector_norm(tensor, dtype=torch.float64 if is_plain else None)


def _is_ready(pieces: Mapping[str, Pieces]) -> bool:
    return all(
        piece.is_ready for found in pieces.values() for piece in found if isinstance(piece, Coming)
    )


def _added(
    pieces: Mapping[str, Pieces], warn: Callable[[Exception, str], None]
) -> dict[str, Reading]:
    """Pieces of one key as one reading: micro-batches, calls of a module that is used twice."""
    found: dict[str, Reading] = {}
    for key, parts in pieces.items():
        try:
            readings = [part.result() if isinstance(part, Coming) else part for part in parts]
            total = readings[0]
            for reading in readings[1:]:
                total = total + reading
            found[key] = total
        except Exception as error:  # noqa: BLE001  the others are still fine
            warn(error, key)
    return found
