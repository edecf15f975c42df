"""The Python objects that a run can reach -> whether they still hold what they held.

A block may be copied only if running it again would do the same. What it can see of Python is
followed from where its code can begin to look: the global names in the code that ran, the
closures and defaults of its functions, the classes, the arguments. Each object is noted with
what it held when it was first reached, which is before the block could change it.

What cannot be looked into (iterators, locks, clocks, random numbers, context variables, most
objects made in C) raises a doubt, and a block in doubt is run.

Cost: 1 us an object; asking again costs 20 ns for each thing held.

Not here: which code ran (``memo_watch``), the attributes of modules (``memo_parts``).
"""

import builtins
import functools
import types
from collections import OrderedDict, deque
from collections.abc import Iterable, Mapping
from itertools import chain
from operator import is_, itemgetter
from types import BuiltinFunctionType, CellType, CodeType, FunctionType, MethodType, ModuleType
from typing import Any

import torch
from torch import nn

from introspect.graph.capture.memo_code import global_names, imported, resolve
from introspect.graph.capture.memo_kinds import (
    ATOMS,
    CLASSES_IN_C,
    LEAVES,
    is_made_in_python,
    is_trusted,
    is_typing,
    slots_of,
    solid_base,
)

_MOST_OBJECTS = 5000
_MOST_ITEMS = 10_000

_HIDDEN = frozenset(
    "open input exec eval compile id hash globals locals vars dir __import__ breakpoint "
    "memoryview".split()
)
"""Builtins that look past what is followed here."""

_NAMES_OF_EVERYTHING = frozenset(
    "__dict__ __getattribute__ __getstate__ __reduce__ __reduce_ex__ _getframe currentframe "
    "default_generator initial_seed get_rng_state manual_seed gc settrace setprofile".split()
)
"""Attributes that do."""

_INERT = frozenset(
    "__annotations__ __dataclass_fields__ __dataclass_params__ __match_args__ __orig_bases__ "
    "__parameters__ __doc__ __module__ __qualname__ __slots__ __signature__ __weakref__ __dict__ "
    "__abstractmethods__ _abc_impl __hash__ __type_params__ __static_attributes__ "
    "__firstlineno__ __annotations_cache__ __annotate_func__ __classcell__".split()
)
"""What Python itself keeps in a class."""

_PLAIN_CONTAINERS = frozenset({list, tuple, dict, set, frozenset, OrderedDict, deque})
_TABLES = ("tensors", "_reached", "_held", "_names", "_cells", "_codes", "_nested")
_Held = tuple[Any, tuple[Any, ...] | None, tuple[Any, ...]]


class Sight:
    """What a run has been able to see.

    Attributes:
        doubt: Why nothing can be said of it; empty if there is no doubt.
        tensors: id -> tensor reached, and its version.
    """

    def __init__(self) -> None:
        self.doubt = ""
        self.tensors: dict[int, tuple[torch.Tensor, int]] = {}
        self._reached: dict[int, Any] = {}
        self._held: dict[int, _Held] = {}
        self._names: dict[tuple[int, str], tuple[Mapping[str, Any], str, Any]] = {}
        self._cells: dict[int, tuple[CellType, Any]] = {}
        self._functions: dict[int, list[FunctionType]] = {}
        self._codes: dict[int, CodeType] = {}
        self._nested: dict[int, CodeType] = {}
        self._check: _Check | None = None

    def is_unchanged(self) -> bool:
        """Whether everything that was reached holds what it held then. Identity counts."""
        if self._check is None:
            self._check = _Check(self._held.values(), self._names.values())
        return (
            self._check.is_unchanged()
            and all(_content(cell) is value for cell, value in self._cells.values())
            and all(_version(tensor) == version for tensor, version in self.tensors.values())
        )

    def merge(self, other: "Sight") -> None:
        """Add what another run has seen inside of this one; what was seen first stays."""
        self.doubt = self.doubt or other.doubt
        self._check = None
        for name in _TABLES:
            mine, its = getattr(self, name), getattr(other, name)
            for key, value in its.items():
                mine.setdefault(key, value)
        for key, functions in other._functions.items():
            self._functions.setdefault(key, []).extend(functions)

    def holds(self, thing: object) -> bool:
        """Whether this very object was reached."""
        return id(thing) in self._reached

    # ----------------------------------------------------------------------- objects

    def look(self, things: Iterable[Any]) -> None:
        """Follow objects to everything that they hold."""
        todo = list(things)
        reached = self._reached
        self._check = None
        while todo and not self.doubt:
            thing = todo.pop()
            if type(thing) in ATOMS or id(thing) in reached:
                continue
            reached[id(thing)] = thing
            if len(reached) > _MOST_OBJECTS:
                self.doubt = "it reaches too many objects"
            todo.extend(self._open(thing))

    def _open(self, thing: Any) -> Iterable[Any]:  # noqa: PLR0911  one return for each kind
        """Note what a thing holds now; returns what to follow."""
        kind = type(thing)
        if isinstance(thing, torch.Tensor):
            self.tensors[id(thing)] = (thing, _version(thing))
            return ()
        if isinstance(thing, nn.Module):
            return self._doubt(f"it reaches a module by another way: {kind.__name__}")
        if isinstance(thing, FunctionType):
            self._index(thing)
            return self._hold(thing, vars(thing)) if thing.__dict__ else ()
        if isinstance(thing, MethodType):
            return thing.__func__, thing.__self__
        if isinstance(thing, functools.partial):
            return thing.func, thing.args, thing.keywords
        if isinstance(thing, BuiltinFunctionType):
            return self._open_builtin(thing)
        if isinstance(thing, ModuleType):
            return () if is_trusted(thing.__name__) else self._doubt(f"it holds {thing!r}")
        if isinstance(thing, type):
            return self._open_class(thing)
        if isinstance(thing, types.MappingProxyType):
            return self._hold(thing, thing)
        if isinstance(thing, LEAVES) or is_typing(kind):
            return ()
        return self._open_object(thing, kind)

    def _open_builtin(self, thing: Any) -> Iterable[Any]:
        owner = thing.__self__
        if owner is not None and not isinstance(owner, ModuleType):
            return (owner,)
        home = thing.__module__ or ""
        if thing.__name__ in _HIDDEN or not (is_trusted(home) or home.startswith("numpy")):
            return self._doubt(f"it may call {home}.{thing.__name__}")
        return ()

    def _open_class(self, cls: type) -> Iterable[Any]:
        home = cls.__module__
        if is_trusted(home):
            return ()
        if not is_made_in_python(cls):
            fine = home.partition(".")[0] in CLASSES_IN_C
            return () if fine else self._doubt(f"it may use {home}.{cls.__name__}")
        members = vars(cls)
        for member in members.values():
            self._index(member)
        self._hold(cls, members)
        state = [
            member
            for name, member in members.items()
            if name not in _INERT and not isinstance(member, FunctionType)
        ]
        return [*state, *cls.__mro__[1:]]

    def _open_object(self, thing: Any, kind: type) -> Iterable[Any]:
        base = solid_base(kind)
        if base is None:
            return self._doubt(f"it reaches a {kind.__module__}.{kind.__qualname__}")
        todo: list[Any] = [] if kind in _PLAIN_CONTAINERS or kind is object else [kind]
        if base in {list, deque, set, frozenset, dict, tuple} and len(thing) > _MOST_ITEMS:
            return self._doubt(f"it reaches a long {base.__name__}")
        if base is dict:
            todo += self._hold(thing, thing)
        elif base in {list, deque, set, frozenset}:
            items = tuple(thing)
            self._held[id(thing)] = (thing, None, items)
            todo += items
        elif base is tuple:
            todo += thing
        own = getattr(thing, "__dict__", None)
        if isinstance(own, dict):
            todo += self._hold(own, own)
        for name, member in slots_of(kind):
            value = _slot(member, thing)
            todo.append(value)
            self._cells[id(thing), name] = (_Slot(member, thing), value)  # ty: ignore[invalid-assignment]
        return todo

    def note(self, container: Any) -> None:
        """Note what a plain container holds, without following it."""
        self._reached[id(container)] = container
        if isinstance(container, dict):
            self._hold(container, container)
        elif not isinstance(container, tuple | frozenset):
            self._held[id(container)] = (container, None, tuple(container))

    def _hold(self, thing: Any, view: Mapping[Any, Any]) -> list[Any]:
        keys, values = tuple(view), tuple(view.values())
        self._held[id(thing)] = (view, keys, values)
        if thing is not view:
            self._reached[id(view)] = view
        return [*values, *(key for key in keys if type(key) not in ATOMS)]

    def _doubt(self, reason: str) -> Iterable[Any]:
        self.doubt = self.doubt or reason
        return ()

    # -------------------------------------------------------------------------- code

    def knows(self, code: CodeType) -> bool:
        """Whether this code was entered before."""
        return id(code) in self._codes

    def enter(self, code: CodeType, names: dict[str, Any]) -> None:
        """Code is about to run: follow what it can name.

        Args:
            code: Of a function of the user's.
            names: Its global names.
        """
        self._codes[id(code)] = code
        for constant in code.co_consts:
            if isinstance(constant, CodeType):
                self._nested[id(constant)] = constant
        strange = _NAMES_OF_EVERYTHING.intersection(code.co_names) - {code.co_name}
        if strange:
            self._doubt(f"{code.co_name} uses {min(strange)}")
        if id(code) not in self._functions and id(code) not in self._nested:
            self._index(resolve(code, names))
        functions = self._functions.get(id(code), [])
        if not functions and id(code) not in self._nested:
            self._doubt(f"where {code.co_qualname} comes from is not known")
        for function in functions:
            self._open_function(function)
        self._look_up(code, names)
        for module in imported(code, names):
            self._look_into(module, code.co_names)

    def _look_up(self, code: CodeType, names: dict[str, Any]) -> None:
        wanted, set_here = global_names(code)
        for name in wanted:
            if name in names:
                self._bind(names, name, code.co_names)
            elif name in set_here or (name in _HIDDEN and hasattr(builtins, name)):
                self._doubt(f"it may call or set {name}")

    def _bind(self, names: Mapping[str, Any], name: str, wanted: Iterable[str]) -> None:
        if (id(names), name) in self._names:
            return
        value = names[name]
        self._names[id(names), name] = (names, name, value)
        if isinstance(value, ModuleType):
            self._look_into(value, wanted)
        else:
            self.look((value,))

    def _look_into(self, module: ModuleType, wanted: Iterable[str]) -> None:
        """The members of a Python module that the code can name."""
        if is_trusted(module.__name__):
            return
        members = vars(module)
        for name in wanted:
            if name in members:
                self._bind(members, name, wanted)

    def _index(self, thing: Any) -> None:
        """Remember a function by its code, and those inside it: it may come to run."""
        todo, seen = [thing], set()
        while todo:
            thing = todo.pop()
            if id(thing) in seen:
                continue
            seen.add(id(thing))
            if isinstance(thing, FunctionType):
                known = self._functions.setdefault(id(thing.__code__), [])
                if not any(function is thing for function in known):
                    known.append(thing)
                    if id(thing.__code__) in self._codes:
                        self._open_function(thing)
                todo += [_content(cell) for cell in thing.__closure__ or ()]
            todo += _inner(thing)

    def _open_function(self, function: FunctionType) -> None:
        cells = function.__closure__ or ()
        for cell in cells:
            self._cells.setdefault(id(cell), (cell, _content(cell)))
        options = (function.__kwdefaults__ or {}).values()
        self.look([function, *map(_content, cells), *(function.__defaults__ or ()), *options])


class _Check:
    """Compares what was held with what is held now, without a Python loop over the objects."""

    def __init__(
        self, held: Iterable[_Held], names: Iterable[tuple[Mapping[str, Any], str, Any]]
    ) -> None:
        self._views: list[Any] = []
        self._sizes: list[int] = []
        self._items: list[Any] = []
        for view, keys, values in held:
            for part, items in ((view, keys),) if keys is not None else ():
                self._add(part, items)
            self._add(view if keys is None else view.values(), values)
        groups: dict[int, tuple[Mapping[str, Any], list[str], list[Any]]] = {}
        for space, name, value in names:
            group = groups.setdefault(id(space), (space, [], []))
            group[1].append(name)
            group[2].append(value)
        self._names = [(space, itemgetter(*k, k[0]), (*v, v[0])) for space, k, v in groups.values()]

    def _add(self, view: Any, items: tuple[Any, ...]) -> None:
        self._views.append(view)
        self._sizes.append(len(items))
        self._items += items

    def is_unchanged(self) -> bool:
        """Whether every view has the same items, and every name the same value."""
        views = self._views
        if list(map(len, views)) != self._sizes:
            return False
        if not all(map(is_, chain.from_iterable(views), self._items)):
            return False
        try:
            return all(all(map(is_, get(space), values)) for space, get, values in self._names)
        except KeyError:
            return False


class _Slot:
    """A slot of an object, read as the content of a cell is."""

    __slots__ = ("_member", "_thing")

    def __init__(self, member: Any, thing: Any) -> None:
        self._member, self._thing = member, thing

    @property
    def cell_contents(self) -> Any:
        """What it holds; None if nothing."""
        return _slot(self._member, self._thing)


def _slot(member: Any, thing: Any) -> Any:
    try:
        return member.__get__(thing)
    except AttributeError:
        return None


def _content(cell: Any) -> Any:
    try:
        return cell.cell_contents
    except ValueError:  # not filled yet
        return None


def _inner(thing: Any) -> list[Any]:
    """The functions that a wrapper calls."""
    if isinstance(thing, property):
        return [thing.fget, thing.fset, thing.fdel]
    if isinstance(thing, functools.partial | functools.cached_property):
        return [thing.func]
    if isinstance(thing, MethodType):
        return [thing.__func__]
    inner = getattr(thing, "__wrapped__", None) if callable(thing) else None
    return [] if inner is None or isinstance(thing, nn.Module | torch.Tensor) else [inner]


def _version(tensor: torch.Tensor) -> int:
    return -1 if tensor.is_inference() else tensor._version
