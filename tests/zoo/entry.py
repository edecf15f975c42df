"""A model of the zoo: how it is made, how it is called, and what its graph must be.

``@entry(...)`` over a function that returns ``sample(model, *args, **kwargs)`` puts it into
`ENTRIES`, under the function's name.

Not here: the models (``hand``, ``kinds``, ``transforms``, ``tensors``, ``wrapped``, ``vision``,
``language``), the whole list (``catalog``).
"""

import importlib.util
import shutil
import warnings
import zlib
from collections.abc import Callable, Generator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

import torch
from torch import nn

Family = Literal["hand", "kinds", "transforms", "tensors", "wrapped", "torchvision", "transformers"]
Fake = Literal["same", "other", "refused", "fails"]


class Sample(NamedTuple):
    """A model and what it is called with."""

    model: nn.Module
    args: tuple[Any, ...]
    kwargs: dict[str, Any]


def sample(model: nn.Module, /, *args: Any, **kwargs: Any) -> Sample:
    """Written as the call itself would be."""
    return Sample(model, args, kwargs)


@dataclass(frozen=True, slots=True, eq=False)
class Entry:
    """One model.

    Attributes:
        name: Under which `catalog.make` finds it.
        family: The file it stands in.
        build: Makes the model and its inputs; seeded by `make`.
        note: What is special about it.
        needs: Packages, and ``"g++"``, without which it cannot be made.
        setting: What must be open around making and running it (a process group).
        fake: What ``mode="fake"`` gives: ``"same"``, the graph of a real run; ``"other"``, where
            the model or torch notices; ``"refused"``, as the model needs numbers; ``"fails"``,
            since torch has no fake of its tensors.
        cuts: How each note of its graph begins, in order; a model with none is not cut.
        training: Whether it stays in training mode.
        is_random: Whether its forward draws random numbers.
        is_opaque: Whether module hooks see other calls than a trace does (compiled, scripted).
    """

    name: str
    family: Family
    build: Callable[[], Sample]
    note: str
    needs: tuple[str, ...] = ()
    setting: Callable[[], AbstractContextManager[Any]] = nullcontext
    fake: Fake = "same"
    cuts: tuple[str, ...] = ()
    training: bool = False
    is_random: bool = False
    is_opaque: bool = False

    @property
    def third(self) -> int:
        """0, 1 or 2, fixed by the name, so that new models move no other."""
        return zlib.crc32(self.name.encode()) % 3

    @property
    def missing(self) -> tuple[str, ...]:
        """What it needs and this machine lacks."""
        return tuple(need for need in self.needs if not _is_there(need))

    def make(self) -> Sample:
        """A new model with the same weights and inputs every time, in evaluation mode."""
        with torch.random.fork_rng(devices=[]), warnings.catch_warnings():
            warnings.simplefilter("ignore")  # scripting and quantising announce their end
            torch.manual_seed(0)
            made = self.build()
            made.model.train(self.training)
            return made

    @contextmanager
    def opened(self) -> Generator[Sample]:
        """A new model inside of its setting, and none of its warnings."""
        with self.setting(), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield self.make()


ENTRIES: dict[str, Entry] = {}


def entry(family: Family, **facts: Any) -> Callable[[Callable[[], Sample]], Callable[[], Sample]]:
    """Put the decorated function into the zoo; its docstring is the note."""

    def put(build: Callable[[], Sample]) -> Callable[[], Sample]:
        name = build.__name__
        if name in ENTRIES:
            raise ValueError(f"two models are named {name}")
        ENTRIES[name] = Entry(name, family, build, build.__doc__ or "", **facts)
        return build

    return put


def _is_there(need: str) -> bool:
    if need == "g++":
        return shutil.which("g++") is not None
    if need == "fbgemm":
        return "fbgemm" in torch.backends.quantized.supported_engines
    if need == "torch.distributed":
        return torch.distributed.is_available()
    return importlib.util.find_spec(need) is not None
