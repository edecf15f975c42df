"""A pickle that hiddenlayer's ``History.save`` wrote -> a run; no other pickle is let in.

hiddenlayer pickles a dict of steps, each a dict of numbers and NumPy arrays. A pickle is a program,
so this one runs in an interpreter of few words: it can make plain data, and *stand-ins* for
arrays that know their dtype, shape and bytes and nothing else. Any other name that it asks for ends
the import before anything is called. Arrays are made of the stand-ins afterwards, if the bytes are
as many as the shape says.

Cost: 22 us a value.

Not here: hiddenlayer's names for this package's classes (``introspect.compat.hiddenlayer``).
"""

import io
import math
import os
import pickle
import re
import struct
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from introspect.errors import DataError
from introspect.history.blocks import Block, Cell, Fact, Part
from introspect.history.checks import checked_step
from introspect.history.codec import kind_of
from introspect.history.folder import open_folder
from introspect.history.formats.timed_store import TimedStore
from introspect.nouns.metric import Step

MOST_BYTES = 1 << 30
_TIME = "__timestamp__"
_Row = tuple[Step, float, dict[str, Any]]
_DTYPE = re.compile(r"[<>|=]?(?:\?|b1|[iufc]\d{1,2}|b|h|i|l|q|B|H|I|L|Q|e|f|d|F|D)")


@dataclass(frozen=True, slots=True)
class PickleReport:
    """What an import did.

    Attributes:
        folder: The run.
        value_count: Values that were written.
        left_out: Names of metrics with values that no history can hold.
    """

    folder: Path
    value_count: int
    left_out: tuple[str, ...]


def import_hiddenlayer(
    path: str | os.PathLike[str], run_folder: str | os.PathLike[str]
) -> PickleReport:
    """Make a run of what hiddenlayer's ``History.save`` wrote.

    Args:
        path: The pickle.
        run_folder: Made if it is missing. If it holds a run, this is its newest attempt.

    Raises:
        DataError: If there is no such file, it is no history of hiddenlayer, it asks for
            anything but plain data and arrays, or the disk takes no more.
        SegmentError: If `run_folder` is a file or cannot be made.

    Example:
        >>> import pickle, tempfile
        >>> from introspect import History
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     _ = Path(folder, "old.pkl").write_bytes(
        ...         pickle.dumps({(0, 100): {"loss": 0.5, "__timestamp__": 1.5e9}})
        ...     )
        ...     import_hiddenlayer(folder + "/old.pkl", folder + "/run").value_count
        ...     History.open(folder + "/run")["loss"].at((0, 100))
        1
        0.5
    """
    loaded = load_plain(path)
    rows = _checked(loaded, Path(path))
    folder = open_folder(run_folder)
    store = TimedStore(folder)
    left_out: dict[str, None] = {}
    count = 0
    try:
        for parts in _parts(rows, left_out):
            count += sum(p.values.size if isinstance(p, Block) else 1 for p in parts)
            if not store.add(parts):
                break
        store.encode(
            [Fact({"facts": {"imported": {"from": "hiddenlayer", "file": Path(path).name}}})]
        )
        store.finish()
    finally:
        store.release()
    return PickleReport(folder, count, tuple(left_out))


def load_plain(path: str | os.PathLike[str]) -> Any:
    """The plain data and NumPy arrays in a pickle; nothing in it is ever called.

    Raises:
        DataError: If it is no pickle, damaged, or asks for anything else.
    """
    problem: Exception | None = None
    data = b""
    try:
        with Path(path).open("rb") as file:
            data = file.read(MOST_BYTES + 1)
    except (OSError, ValueError, TypeError) as error:
        problem = error
    if problem is not None or len(data) > MOST_BYTES:
        raise DataError(
            "this pickle cannot be read.",
            where=str(path),
            given=f"more than {MOST_BYTES} bytes" if problem is None else None,
            cause=problem,
        ) from problem
    try:
        return _Words(io.BytesIO(data)).load()
    except DataError:
        raise
    except Exception as error:
        raise DataError(
            "this is no pickle of plain data and NumPy arrays, or it is damaged.",
            where=str(path),
            cause=error,
            hint="a file that hiddenlayer's History.save() wrote",
        ) from error


class _Dtype:
    """Stands for a ``numpy.dtype``."""

    __slots__ = ("name", "order")

    def __init__(self, name: Any, *_: Any) -> None:
        self.name = name if isinstance(name, str) else ""
        self.order = ""

    def __setstate__(self, state: Any) -> None:
        order = state[1] if isinstance(state, tuple) and len(state) > 1 else ""
        self.order = order if order in {"<", ">", "=", "|"} else ""

    def real(self) -> np.dtype[Any]:
        """The dtype, if it is one of numbers."""
        text = self.order + self.name.lstrip("<>|=") if self.order else self.name
        if not _DTYPE.fullmatch(text):
            raise ValueError(f"an array of {self.name[:20]!r}")
        return np.dtype(text)


class _Array:
    """Stands for a ``numpy.ndarray``."""

    __slots__ = ("content", "dtype", "is_fortran", "shape")

    def __init__(self, *_: Any) -> None:
        self.shape: Any = (0,)
        self.dtype: Any = None
        self.content: Any = b""
        self.is_fortran = False

    def __setstate__(self, state: Any) -> None:
        _, self.shape, self.dtype, is_fortran, self.content = state
        self.is_fortran = bool(is_fortran)

    def real(self) -> npt.NDArray[Any]:
        """The array.

        Raises:
            ValueError: If bytes, shape and dtype do not fit, or they are no numbers.
        """
        if not isinstance(self.dtype, _Dtype) or not isinstance(self.content, bytes | bytearray):
            raise ValueError("an array of Python objects")  # noqa: TRY004  for the caller, all that is wrong is one
        sizes = self.shape if isinstance(self.shape, tuple) else (self.shape,)
        dtype = self.dtype.real()
        if not all(type(size) is int and size >= 0 for size in sizes) or len(sizes) > 32:
            raise ValueError("no shape")
        if math.prod(sizes) * dtype.itemsize != len(self.content):
            raise ValueError("its bytes are not those of its shape")
        flat = np.frombuffer(self.content, dtype).astype(dtype.newbyteorder("="))
        return flat.reshape(sizes, order="F" if self.is_fortran else "C")


def _scalar(dtype: Any, content: Any) -> _Array:
    found = _Array()
    found.shape, found.dtype, found.content = (), dtype, _latin1(content)
    return found


def _from_buffer(content: Any, dtype: Any, shape: Any, order: Any = "C") -> _Array:
    found = _Array()
    found.shape, found.dtype, found.content = shape, dtype, content
    found.is_fortran = order == "F"
    return found


def _latin1(content: Any, *_: Any) -> Any:
    """Bytes that an old protocol wrote as text."""
    return content.encode("latin1") if isinstance(content, str) else content


def _no_bytes() -> bytes:
    """What protocol 2 calls ``bytes()`` for; with an argument it could be of any size."""
    return b""


_NAMES: dict[tuple[str, str], Callable[..., Any]] = {
    ("numpy", "dtype"): _Dtype,
    ("numpy", "ndarray"): _Array,
    ("_codecs", "encode"): _latin1,
    ("__builtin__", "bytes"): _no_bytes,
    ("builtins", "bytes"): _no_bytes,
}
for _core in ("numpy.core", "numpy._core"):
    _NAMES[f"{_core}.multiarray", "_reconstruct"] = _Array
    _NAMES[f"{_core}.multiarray", "scalar"] = _scalar
    _NAMES[f"{_core}.numeric", "_frombuffer"] = _from_buffer

_OPCODES = (
    "MARK STOP POP POP_MARK DUP FLOAT BINFLOAT INT BININT BININT1 BININT2 LONG LONG1 LONG4 NONE "
    "NEWTRUE NEWFALSE STRING BINSTRING SHORT_BINSTRING BINBYTES SHORT_BINBYTES BINBYTES8 UNICODE "
    "BINUNICODE SHORT_BINUNICODE BINUNICODE8 TUPLE EMPTY_TUPLE TUPLE1 TUPLE2 TUPLE3 EMPTY_LIST "
    "LIST APPEND APPENDS EMPTY_DICT DICT SETITEM SETITEMS GET BINGET LONG_BINGET PUT BINPUT "
    "LONG_BINPUT MEMOIZE PROTO FRAME GLOBAL STACK_GLOBAL REDUCE BUILD"
).split()
_Python: Any = pickle._Unpickler  # noqa: SLF001  the one in C allocates whatever a number in the file says


class _Words(_Python):
    """The interpreter, without the words that make objects or look outside."""

    dispatch = {  # noqa: RUF012  read by its base class
        getattr(pickle, name)[0]: _Python.dispatch[getattr(pickle, name)[0]] for name in _OPCODES
    }

    def __init__(self, file: io.BytesIO) -> None:
        super().__init__(file, encoding="latin1")

    def find_class(self, module: str, name: str) -> Callable[..., Any]:
        found = _NAMES.get((module, name))
        if found is None:
            raise DataError(
                "this pickle asks for more than plain data and NumPy arrays; it was not run.",
                given=f"{module}.{name}"[:100],
                hint="only load files that you trust, with the program that wrote them",
            )
        return found

    def load_build(self) -> None:
        state = self.stack.pop()
        if not isinstance(self.stack[-1], _Array | _Dtype):
            raise pickle.UnpicklingError("only arrays have a state")
        self.stack[-1].__setstate__(state)

    def load_reduce(self) -> None:
        arguments = self.stack.pop()
        function = self.stack[-1]
        if function not in _NAMES.values() or not isinstance(arguments, tuple):
            raise pickle.UnpicklingError("only arrays are made by a call")
        self.stack[-1] = function(*arguments)

    def load_bytearray8(self) -> None:
        (size,) = struct.unpack("<Q", self.read(8))
        self.append(bytearray(self.read(min(size, MOST_BYTES))))  # no more than the file has

    dispatch[pickle.BUILD[0]] = load_build
    dispatch[pickle.REDUCE[0]] = load_reduce
    dispatch[pickle.BYTEARRAY8[0]] = load_bytearray8


def _checked(loaded: Any, path: Path) -> list[_Row]:
    """Steps in order, each with its time and values."""
    try:
        if not isinstance(loaded, dict):
            raise TypeError("no dict of steps")  # noqa: TRY301  one message for all that is no history
        rows = [_row(step, values) for step, values in loaded.items()]
        return sorted(rows, key=lambda row: row[0] if isinstance(row[0], tuple) else (0, row[0]))
    except (TypeError, ValueError, OverflowError) as error:
        raise DataError(
            "this pickle holds no history of hiddenlayer.",
            where=str(path),
            given=type(loaded).__name__,
            cause=error if isinstance(loaded, dict) else None,
            hint="a dict of steps, each a dict of values: what History.save() writes",
        ) from error


def _row(step: Any, values: Any) -> _Row:
    """A step, its time and its values.

    Raises:
        TypeError: If they are something else.
        ValueError: If the step is none.
    """
    if not isinstance(values, dict) or not all(isinstance(name, str) for name in values):
        raise TypeError("a step without a dict of values")
    time_s = values.get(_TIME)
    kept = {name: value for name, value in values.items() if name and name != _TIME}
    number = checked_step(_number(step))
    return number, float(time_s) if isinstance(time_s, float | int) else 0.0, kept


def _number(step: Any) -> Any:
    """A step, of which NumPy's numbers are stand-ins as yet."""
    if isinstance(step, tuple):
        return tuple(map(_number, step))
    return step.real()[()] if isinstance(step, _Array) else step


def _parts(rows: list[_Row], left_out: dict[str, None]) -> Any:
    """What each step holds, as blocks and cells."""
    for step, time_s, values in rows:
        tick = round(time_s * 1e9) if abs(time_s) < 9e9 else 0
        numbers: dict[str, float] = {}
        parts: list[Part] = []
        for name, value in values.items():
            try:
                plain = value.real() if isinstance(value, _Array) else _plain(value)
                if isinstance(plain, float) or plain.ndim == 0:
                    numbers[name] = float(plain)
                    continue
                kind = kind_of(plain)
                assert kind is not None  # noqa: S101  arrays of numbers have one
                parts.append(Cell(name, step, tick, 0, kind.code, plain))
            except (ValueError, TypeError, OverflowError):  # told in the report
                left_out[name] = None
        if numbers:
            table = np.array([list(numbers.values())])
            ticks = np.array([tick], np.int64)
            steps = np.array([step], np.int64)
            parts.insert(0, Block(tuple(numbers), steps, ticks, table, 0))
        if parts:
            yield parts


def _plain(value: Any) -> Any:
    """A number as a float, a list of numbers as an array. Lists in lists may be endless.

    Raises:
        ValueError: If it is neither.
    """
    if isinstance(value, bool | int | float):
        return float(value)
    is_list = isinstance(value, list | tuple) and len(value) > 0
    if is_list and all(isinstance(entry, bool | int | float) for entry in value):
        return np.array([float(entry) for entry in value])
    raise ValueError(f"no number: {type(value).__name__}")
