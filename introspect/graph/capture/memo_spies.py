"""Attributes in which modules differ that are otherwise alike -> who reads them.

A layer often knows its own number and reads it only to find its place in a cache. Such an
attribute is replaced, in its class and for the time of a trace, by a descriptor that tells of
every read; a number that nobody read does not matter. Its value is where it was, in the
attributes of each module.

Cost: 2 ms for a model of a thousand modules; 0.5 us a read.

Not here: what else is compared (``memo_parts``).
"""

import threading
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from typing import Any

from torch import nn

from introspect.graph.capture.memo_kinds import ATOMS
from introspect.graph.capture.memo_parts import CONTAINERS, MISSING, PLACES, freeze_atom

_OF_EVERY_MODULE = frozenset(vars(nn.Module()))


class _Spy:
    """In place of an attribute that differs among modules which are otherwise alike."""

    def __init__(self, name: str, former: Any) -> None:
        self._name = name
        self.former = former
        self.told: list[Callable[[Any, str], None]] = []

    def __get__(self, thing: Any, owner: type | None = None) -> Any:
        if thing is not None:
            own = vars(thing)
            if self._name in own:
                for tell in self.told:
                    tell(thing, self._name)
                return own[self._name]
        if self.former is MISSING:
            raise AttributeError(self._name)
        return self.former

    def __set__(self, thing: Any, value: Any) -> None:
        vars(thing)[self._name] = value

    def __delete__(self, thing: Any) -> None:
        del vars(thing)[self._name]


_lock = threading.Lock()  # two threads may trace models of one class


@contextmanager
def spying(
    spied: Mapping[type, frozenset[str]], told: Callable[[Any, str], None]
) -> Generator[None]:
    """Tell of every read of these attributes in this thread meanwhile."""
    thread = threading.get_ident()

    def tell(thing: Any, name: str) -> None:
        if threading.get_ident() == thread:
            told(thing, name)

    pairs = [(cls, name) for cls, names in spied.items() for name in names]
    try:
        with _lock:
            for cls, name in pairs:
                spy = vars(cls).get(name, MISSING)
                if not isinstance(spy, _Spy):
                    spy = _Spy(name, spy)
                    setattr(cls, name, spy)
                spy.told = [*spy.told, tell]
        yield
    finally:
        with _lock:
            for cls, name in pairs:
                spy = vars(cls).get(name)
                if isinstance(spy, _Spy):
                    spy.told = [other for other in spy.told if other is not tell]
                    if not spy.told:
                        _put_back(cls, name, spy.former)


def _put_back(cls: type, name: str, former: Any) -> None:
    if former is MISSING:
        delattr(cls, name)
    else:
        setattr(cls, name, former)


def differing(model: nn.Module) -> dict[type, frozenset[str]]:
    """Of each class of the user's, the attributes in which modules differ that are alike else.

    Example:
        >>> class Layer(nn.Linear):
        ...     def __init__(self, number):
        ...         super().__init__(2, 2)
        ...         self.number = number
        >>> differing(nn.Sequential(Layer(0), Layer(1)))[Layer]
        frozenset({'number'})
    """
    groups: dict[Any, list[dict[str, Any]]] = {}
    for module in model.modules():
        cls = type(module)
        if not cls.__module__.startswith("torch."):
            groups.setdefault((cls, *_outside(module)), []).append(vars(module))
    found: dict[type, set[str]] = {}
    for (cls, *_), twins in groups.items():
        others = twins[1:]
        names = [name for name in twins[0] if others and _can_be_spied(cls, name)]
        for name in names:
            value = twins[0][name]
            if any(_differs(twin.get(name, MISSING), value) for twin in others):
                found.setdefault(cls, set()).add(name)
    return {cls: frozenset(names) for cls, names in found.items()}


def _outside(module: nn.Module) -> tuple[Any, ...]:
    shapes = [tuple(p.shape) for p in module._parameters.values() if p is not None]
    return tuple(module._modules), tuple(map(type, module._modules.values())), tuple(shapes)


def _differs(its: Any, value: Any) -> bool:
    if its is value or its is MISSING:
        return False
    kind = type(value)
    if type(its) is not kind:
        return True
    if kind in ATOMS:
        return freeze_atom(its) != freeze_atom(value)
    return bool(its or value or kind not in CONTAINERS)


def _can_be_spied(cls: type, name: str) -> bool:
    """Whether a descriptor in its class would change nothing about an attribute."""
    if name in PLACES or name in _OF_EVERY_MODULE:
        return False
    for around in cls.__mro__:
        member = vars(around).get(name, MISSING)
        if member is not MISSING:
            is_spy = isinstance(member, _Spy)  # of another thread
            return around is cls and (is_spy or not hasattr(type(member), "__get__"))
    return not any(
        "__getattribute__" in vars(c) or "__slots__" in vars(c) for c in cls.__mro__[:-1]
    )
