"""A piece of Python code -> the names that it can look up, and the function that it belongs to.

A profile function is given code alone. Where it comes from, its globals and its imports are
found here, without ``dis`` wherever possible: that takes twenty times as long.

Cost: 50 us for code met for the first time in a process.

Not here: what these names hold (``memo_sight``).
"""

import dis
import functools
import sys
from collections.abc import Iterator
from types import CodeType, ModuleType
from typing import Any

_LOAD_GLOBAL, _EXTENDED_ARG = dis.opmap["LOAD_GLOBAL"], dis.opmap["EXTENDED_ARG"]
_LOAD_NAME = {
    dis.opmap[name] for name in ("LOAD_NAME", "LOAD_FROM_DICT_OR_GLOBALS") if name in dis.opmap
}
_SET_NAME = {dis.opmap[name] for name in ("STORE_GLOBAL", "DELETE_GLOBAL", "STORE_NAME")}


@functools.lru_cache(maxsize=4096)
def global_names(code: CodeType) -> tuple[frozenset[str], frozenset[str]]:
    """The global names that code can read or set, and those that it can set.

    ``co_names`` holds the names of attributes, too; ``dis`` takes twenty times as long.

    Example:
        >>> sorted(global_names((lambda: torch.nn.functional).__code__)[0])
        ['torch']
    """
    read, set_here, high = set(), set(), 0
    steps = code.co_code
    for at in range(0, len(steps), 2):
        operation, argument = steps[at], steps[at + 1] | high
        high = argument << 8 if operation == _EXTENDED_ARG else 0
        if operation == _LOAD_GLOBAL:
            read.add(code.co_names[argument >> 1])  # the low bit says something else
        elif operation in _LOAD_NAME:
            read.add(code.co_names[argument])
        elif operation in _SET_NAME:
            set_here.add(code.co_names[argument])
    return frozenset(read | set_here), frozenset(set_here)


def resolve(code: CodeType, names: dict[str, Any]) -> Any:
    """The function of a piece of code, by its qualified name; None where that leads nowhere."""
    thing: Any = None
    for k, part in enumerate(code.co_qualname.split(".")):
        members = names if k == 0 else getattr(thing, "__dict__", {})
        if part not in members:
            return None
        thing = members[part]
    return thing


def imported(code: CodeType, names: dict[str, Any]) -> Iterator[ModuleType]:
    """The modules that an ``import`` inside a function names, as far as they are loaded."""
    if dis.opmap["IMPORT_NAME"] not in code.co_code[::2]:
        return
    steps = list(dis.get_instructions(code))
    for k, step in enumerate(steps):
        if step.opname == "IMPORT_NAME":
            level = steps[k - 2].argval if k > 1 else 0
            name = str(step.argval)
            if isinstance(level, int) and level:
                package = str(names.get("__package__") or "").split(".")
                around = package[: len(package) - level + 1]
                name = ".".join([*around, *([name] if name else [])])
            module = sys.modules.get(name)
            if module is not None:
                yield module
