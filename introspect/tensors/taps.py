"""Taps: the outputs of modules to Readings, by forward hooks.

A tap reads at once and keeps no tensor, so that a later in-place operation changes nothing.
Outputs that a checkpoint computes again in the backward pass, and those of an evaluation
(``model.eval()`` under ``no_grad``), are passed over.

Under ``torch.compile`` the hook is traced into the graph as one call of the operator
``introspect::tap``, which breaks no graph, also with ``fullgraph=True``. A graph that was
compiled before the hooks were there never calls them: `check_compiled` refuses it.

Copies and pickles of the model carry taps that do nothing.

Cost: 0.4 us a call while nothing is due; under ``torch.compile`` 10 us.

Not here: when readings are taken (``introspect.tensors.recording``).
"""

import sys
import types
import weakref
from collections.abc import Callable, Iterable, Mapping
from time import perf_counter
from typing import Any

import torch
from torch import Tensor, nn

from introspect.errors import WatchError
from introspect.tensors.count import count
from introspect.tensors.readings import LINEAR_BINS, Reading
from introspect.tensors.samples import sampled
from introspect.tensors.sharding import is_dtensor, own_part
from introspect.tensors.sweep import Coming, can_sweep, read_tables, tables

_BOUNDED = {
    nn.Tanh: (-1.0, 1.0),
    nn.Sigmoid: (0.0, 1.0),
    nn.Hardtanh: (-1.0, 1.0),
    nn.Hardsigmoid: (0.0, 1.0),
    nn.Softsign: (-1.0, 1.0),
}
_CHANNELS_LAST = 3
"""Outputs of so many dimensions are (batch, place, channel), but of these modules:"""
_CHANNELS_SECOND = (nn.Conv1d, nn.ConvTranspose1d, nn.BatchNorm1d, nn.InstanceNorm1d)

_armed: dict[int, tuple["weakref.ref[Taps]", str]] = {}
"""Taps that read now, by number. Those of a closed Watch are gone from here."""


def _current_backward() -> int:
    """-1 outside of a backward pass."""
    return -1


_backward_of: Callable[[], int] = getattr(torch._C, "_current_graph_task_id", _current_backward)  # noqa: SLF001  no public way


@torch.library.custom_op("introspect::tap", mutates_args=("mark",))
def _tap(values: Tensor, mark: Tensor, number: int) -> None:  # noqa: ARG001  see below
    """Read in a compiled graph. That it changes `mark` is why no pass may leave it out."""
    _take(values, number, None)


@_tap.register_fake
def _(values: Tensor, mark: Tensor, number: int) -> None:  # noqa: ARG001  shapes alone
    return None


_mark = torch.zeros(1, device="cpu")


class Tap:
    """The forward hook of one module."""

    def __init__(self, number: int) -> None:
        self.number = number

    def __call__(self, module: nn.Module, inputs: Any, output: Any) -> None:  # noqa: ARG002  as torch calls it
        """Read the first tensor of an output."""
        values = first_tensor(output)
        if values is None:
            return
        if torch.compiler.is_compiling():
            torch.ops.introspect.tap(values.detach(), _mark, self.number)
        elif self.number in _armed:
            _take(values, self.number, module)

    def __deepcopy__(self, memo: Any) -> "Tap":
        return Tap(-1)

    def __reduce__(self) -> tuple[Any, ...]:
        return Tap, (-1,)


def first_tensor(output: Any) -> Tensor | None:
    """The first floating tensor of an output: itself, or in a tuple, list or mapping."""
    if isinstance(output, Tensor):
        return output if output.is_floating_point() else None
    values = output.values() if isinstance(output, Mapping) else output
    if isinstance(output, (tuple, list, Mapping)):
        for value in values:
            if isinstance(value, Tensor) and value.is_floating_point():
                return value
    return None


def _take(values: Tensor, number: int, module: nn.Module | None) -> None:
    """Read, unless this is a repetition, an evaluation, or nobody's any more."""
    reference, name = _armed.get(number, (None, ""))
    taps = None if reference is None else reference()
    if taps is not None and _backward_of() == -1:
        taps.take(name, values, module)


class Taps:
    """The taps on one model.

    Attributes:
        spent_s: What reading has cost since it was last asked for by `paid`.
    """

    _numbers = 0

    def __init__(
        self,
        model: nn.Module,
        modules: Mapping[str, nn.Module],
        *,
        sample: int | None,
        warn: Callable[[Exception, str], None],
    ) -> None:
        self.spent_s = 0.0
        self._model = weakref.ref(model)
        self._sample = sample
        self._warn = warn
        self._kinds = {name: weakref.ref(module) for name, module in modules.items()}
        self._found: dict[str, list[Reading | Coming[Reading]]] = {}
        self._numbered: dict[int, str] = {}
        handles = []
        for name, module in modules.items():
            Taps._numbers += 1
            self._numbered[Taps._numbers] = name
            handles.append(module.register_forward_hook(Tap(Taps._numbers)))
        self.close = weakref.finalize(self, _closed, handles, tuple(self._numbered))
        self.close.atexit = False

    @property
    def is_armed(self) -> bool:
        """Whether outputs are read."""
        return any(number in _armed for number in self._numbered)

    def arm(self, *, on: bool) -> None:
        """Begin to read outputs, or stop; what has been read before is forgotten."""
        self._found = {}
        if not on:
            for number in self._numbered:
                _armed.pop(number, None)
        elif self.close.alive:
            for number, name in self._numbered.items():
                _armed[number] = (weakref.ref(self), name)

    def taken(self) -> dict[str, list[Reading | Coming[Reading]]]:
        """What was read since `arm`, by module, and no longer."""
        found, self._found = self._found, {}
        order = {name: place for place, name in enumerate(self._kinds)}
        return dict(sorted(found.items(), key=lambda pair: order[pair[0]]))

    def take(self, name: str, values: Tensor, module: nn.Module | None) -> None:
        """Read the output of one module; never raises."""
        start = perf_counter()
        try:
            model = self._model()
            is_training = (model is not None and model.training) or torch.is_grad_enabled()
            plain = type(values) in (Tensor, nn.Parameter) or is_dtensor(values)
            if is_training and plain and not torch._C._get_tracing_state():  # noqa: SLF001  no public way
                kind = module or self._kinds[name]()
                found = read_output(values, kind, sample=self._sample)
                if found is not None:
                    self._found.setdefault(name, []).append(found)
        except Exception as error:  # noqa: BLE001  training goes on
            self._warn(error, name)
        self.spent_s += perf_counter() - start

    def paid(self) -> float:
        """`spent_s`, which begins again at 0."""
        spent, self.spent_s = self.spent_s, 0.0
        return spent


def _closed(handles: Iterable[Any], numbers: Iterable[int]) -> None:
    for handle in handles:
        handle.remove()
    for number in numbers:
        _armed.pop(number, None)


def read_output(
    values: Tensor, module: nn.Module | None, *, sample: int | None
) -> Reading | Coming[Reading] | None:
    """One output to a Reading; None if another rank has the same.

    Channels are dimension 1 of outputs with 2 or at least 4 dimensions and of one-dimensional
    convolutions, the last of others with 3.
    """
    with torch.no_grad():
        part = own_part(values.detach(), is_copy=False)
        if part is None:
            return None
        size, counted = part.numel(), sampled(part, sample)
        alive, linear = _alive(part, module), _linear(counted, module)
        if can_sweep(counted):
            return _coming(counted, size, alive, linear)
        found = None if alive is None else alive.cpu().numpy()
        even = None if linear is None else linear.cpu().long().numpy()
        return Reading(count(counted), size, alive=found, linear=even)


def _coming(
    counted: Tensor, size: int, alive: Tensor | None, linear: Tensor | None
) -> Coming[Reading]:
    def read(arrived: list[Tensor]) -> Reading:
        sketch = read_tables(arrived[0], arrived[1])[0]
        rest = iter(arrived[2:])
        found = None if alive is None else next(rest).numpy()
        even = None if linear is None else next(rest).long().numpy()
        return Reading(sketch, size, alive=found, linear=even)

    extra = [tensor for tensor in (alive, linear) if tensor is not None]
    return Coming([*tables([counted]), *extra], read)


def _alive(values: Tensor, module: nn.Module | None) -> Tensor | None:
    """Which channels have a value that is not zero."""
    if values.dim() < 2 or not values.numel():
        return None
    is_last = values.dim() == _CHANNELS_LAST and not isinstance(module, _CHANNELS_SECOND)
    channel = values.dim() - 1 if is_last else 1
    others = [dim for dim in range(values.dim()) if dim != channel]
    return (values != 0).any(dim=others[0]) if len(others) == 1 else values.abs().amax(others) != 0


def _linear(values: Tensor, module: nn.Module | None) -> Tensor | None:
    """Counts over the range of a bounded activation, in bins of equal width."""
    span = next((span for kind, span in _BOUNDED.items() if isinstance(module, kind)), None)
    if span is None or not values.numel():
        return None
    if type(module) is nn.Hardtanh:
        span = (float(module.min_val), float(module.max_val))
    return torch.histc(values.float(), LINEAR_BINS, *span)


def check_compiled(given: Any, model: nn.Module) -> None:
    """Raise a WatchError where hooks would never be called.

    Args:
        given: What the caller gave, which may be what `torch.compile` returned.
        model: The plain module within.
    """
    for path, module in model.named_modules():
        if isinstance(module, torch.jit.ScriptModule):
            raise WatchError(
                "scripted modules call no hooks, so their activations cannot be read.",
                where=path or type(module).__name__,
                hint='log=("weights", "gradients", "updates")',
            )
    if any(_may_have_run(module) for module in [given, *model.modules()]):
        raise WatchError(
            "this model is compiled, and torch holds compiled code that may be its own: that"
            " would never call hooks which are put on the model now.",
            given=type(model).__name__,
            hint="watch(model, ...) before its first call, or torch.compiler.reset() right"
            ' before watch(model, ...), or log=("weights", "gradients", "updates")',
        )


def _may_have_run(module: Any) -> bool:
    """Whether this module is compiled, and torch holds code for its frame.

    All modules that were compiled by ``torch.compile(module)`` share one frame, so this may
    be the code of another one.
    """
    if "torch._dynamo" not in sys.modules:
        return False
    try:
        from torch._dynamo.eval_frame import _debug_get_cache_entry_list  # noqa: PLC0415  no public way
    except ImportError:
        return False
    for call in (getattr(module, "_compiled_call_impl", None), getattr(module, "forward", None)):
        inner = getattr(call, "_torchdynamo_orig_callable", None)
        inner = getattr(inner, "__func__", inner)
        code = getattr(inner, "__code__", None)
        if isinstance(code, types.CodeType) and _debug_get_cache_entry_list(code):
            return True
    return False
