"""One call of a torch function -> all that it takes to make the same call again.

Its arguments with slots for the tensors, and its surroundings: random number generators,
autograd, autocast, the default dtype.

Cost: 20 us an op, for the states of the random number generators.

Not here: when accounts are taken (``witness``), and what is done with them (``replay``).
"""

from collections.abc import Callable, Generator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, is_dataclass
from typing import Any

import torch
from torch import nn

# They hold on the CPU too, whatever the name says, and give other last bits.
_ATTENTION: tuple[tuple[Callable[[], bool], Callable[[bool], None]], ...] = (
    (torch.backends.cuda.flash_sdp_enabled, torch.backends.cuda.enable_flash_sdp),
    (torch.backends.cuda.mem_efficient_sdp_enabled, torch.backends.cuda.enable_mem_efficient_sdp),
    (torch.backends.cuda.math_sdp_enabled, torch.backends.cuda.enable_math_sdp),
    (torch.backends.cuda.cudnn_sdp_enabled, torch.backends.cuda.enable_cudnn_sdp),
)


@dataclass(frozen=True, slots=True)
class Slot:
    """The place of a tensor in the arguments of an op; `index` counts them in order."""

    index: int


@dataclass(frozen=True, slots=True)
class GeneratorAt:
    """A random number generator of the user's, as it was."""

    device: torch.device
    state: torch.Tensor


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What an op's result depends on besides its arguments.

    Attributes:
        random: State of the default generators, CPU first; empty if the op drew nothing.
        grad: Whether autograd was recording.
        autocast: ``(device type, dtype)`` where autocast was on.
        dtype: The default dtype.
        attention: Which kernels of scaled dot product attention were allowed.
    """

    random: tuple[torch.Tensor, ...]
    grad: bool
    autocast: tuple[tuple[str, torch.dtype], ...]
    dtype: torch.dtype
    attention: tuple[bool, ...]


@dataclass(slots=True)
class Account:
    """One op as it ran.

    Attributes:
        func: What was called.
        args: Its arguments, with `Slot` for tensors and `GeneratorAt` for generators.
        options: Its keyword arguments, likewise.
        around: What else it depended on.
        leaves: Which of its tensors were leaves that autograd follows.
        written: Position among the tensors given -> the value that it became.
        made: For each tensor in the result: its value.
        plain: The result, where it holds no tensor.
        wrapped: Position among the tensors given -> a copy of it, where the model gave the op
            another class of tensor than the value had (a distributed tensor around it).
        unfit: Why this op cannot be run again, or "".
    """

    func: Callable[..., Any]
    args: Any
    options: Any
    around: Surroundings
    leaves: tuple[bool, ...]
    written: dict[int, int] = field(default_factory=dict)
    made: list[int] = field(default_factory=list)
    plain: Any = None
    wrapped: dict[int, torch.Tensor] = field(default_factory=dict)
    unfit: str = ""


def account_of(
    func: Callable[..., Any],
    args: tuple[Any, ...],
    options: dict[str, Any],
    given: list[torch.Tensor],
) -> Account:
    """How an op is about to be called; `given` are its tensors, in order."""
    form = _Form()
    return Account(
        func=func,
        args=form(args),
        options=form(options),
        around=_surroundings(),
        leaves=tuple(_is_trained_leaf(tensor) for tensor in given),
        unfit=form.unfit,
    )


class _Form:
    """Arguments -> the same containers with a `Slot` in the place of each tensor."""

    def __init__(self) -> None:
        self.unfit = ""
        self._count = 0

    def __call__(self, tree: Any) -> Any:
        if isinstance(tree, torch.Tensor):
            self._count += 1
            return Slot(self._count - 1)
        if isinstance(tree, tuple):
            items = [self(item) for item in tree]
            return type(tree)(*items) if hasattr(tree, "_fields") else tuple(items)
        if isinstance(tree, list):
            return [self(item) for item in tree]
        if isinstance(tree, dict):
            return {key: self(item) for key, item in tree.items()}
        if isinstance(tree, slice):
            return slice(self(tree.start), self(tree.stop), self(tree.step))
        if isinstance(tree, torch.Generator):
            return GeneratorAt(tree.device, tree.get_state())
        if is_dataclass(tree) and not isinstance(tree, type):
            self.unfit = f"it takes a {type(tree).__name__}"
        return tree


def _is_trained_leaf(tensor: torch.Tensor) -> bool:
    try:
        return tensor.requires_grad and tensor.is_leaf
    except RuntimeError:  # a view made under no_grad whose base was written since has no answer
        return False


def class_of(tensor: torch.Tensor) -> type:
    """The class of a tensor; a parameter is a plain tensor."""
    return torch.Tensor if type(tensor) is nn.Parameter else type(tensor)


def _surroundings() -> Surroundings:
    types = ("cpu", "cuda") if torch.cuda.is_initialized() else ("cpu",)
    return Surroundings(
        random=random_states(),
        grad=torch.is_grad_enabled(),
        autocast=tuple(
            (kind, torch.get_autocast_dtype(kind))
            for kind in types
            if torch.is_autocast_enabled(kind)
        ),
        dtype=torch.get_default_dtype(),
        attention=_allowed_attention(),
    )


def _allowed_attention() -> tuple[bool, ...]:
    return tuple(is_allowed() for is_allowed, _ in _ATTENTION)


def random_states() -> tuple[torch.Tensor, ...]:
    """States of the default generators: the CPU's, then those of the CUDA devices."""
    cuda = torch.cuda.get_rng_state_all() if torch.cuda.is_initialized() else []
    return (torch.get_rng_state(), *cuda)


def filled(form: Any, said: Any, given: list[torch.Tensor]) -> Any:
    """Arguments for a call: containers as they were, numbers as the graph says, our tensors."""
    if isinstance(form, Slot):
        return given[form.index]
    if isinstance(form, GeneratorAt):
        return torch.Generator(form.device).set_state(form.state)
    if isinstance(form, dict):
        return {key: filled(item, said[key], given) for key, item in form.items()}
    if isinstance(form, tuple | list):
        items = [filled(a, b, given) for a, b in zip(form, said, strict=True)]
        if hasattr(form, "_fields"):
            return type(form)(*items)
        return items if isinstance(form, list) else tuple(items)
    if isinstance(form, slice):
        parts = ((form.start, said.start), (form.stop, said.stop), (form.step, said.step))
        return slice(*(filled(a, b, given) for a, b in parts))
    # an object that the graph only names ("<type>") is taken from the model
    return form if isinstance(said, str) and not isinstance(form, str) else said


@contextmanager
def surrounded(around: Surroundings) -> Generator[None]:
    """Set what the op's result depended on besides its arguments."""
    default = torch.get_default_dtype()
    with ExitStack() as stack:
        if around.random:
            torch.set_rng_state(around.random[0])
            if len(around.random) > 1:
                torch.cuda.set_rng_state_all(list(around.random[1:]))
        stack.enter_context(torch.set_grad_enabled(around.grad))
        for kind, dtype in around.autocast:
            stack.enter_context(torch.autocast(kind, dtype=dtype))
        if around.dtype != default:
            torch.set_default_dtype(around.dtype)
            stack.callback(torch.set_default_dtype, default)
        for (is_allowed, allow), then in zip(_ATTENTION, around.attention, strict=True):
            if is_allowed() != then:
                stack.callback(allow, not then)
                allow(then)
        yield
