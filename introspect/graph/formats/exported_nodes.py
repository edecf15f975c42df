"""The JSON of an exported program -> Graph: its nodes as ops, its module stacks as calls.

ATen operators are named as the torch functions are that pictures and costs know
(``aten._softmax`` is ``softmax``), since both read names and shapes. What a module was made with
is not in the file: a convolution's kernel and a norm's width are read from the shapes.

Not here: the archive around it (``exported``).
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from math import prod
from typing import Any

from introspect.graph.formats.exported_ops import convolution_call, function_name, settings_of
from introspect.graph.outline.labels import VIEWS
from introspect.nouns.graph import TENSOR, Call, Flag, Graph, Op, Value

_DTYPES = dict(
    enumerate(
        "unknown uint8 int8 int16 int32 int64 float16 float32 float64 complex32 complex64 "
        "complex128 bool bfloat16".split()
    )
) | {
    28: "uint16",
    29: "float8_e4m3fn",
    30: "float8_e5m2",
    31: "float8_e4m3fnuz",
    32: "float8_e5m2fnuz",
    33: "float8_e8m0fnu",
    34: "uint32",
    35: "uint64",
}
_TORCH = re.compile(r"[/\\\\]torch[/\\\\](nn|_|utils|autograd)")
_FRAME = re.compile(r'File "([^"\n]*)", line (\d+), in (\S+)')


def graph_of(document: Mapping[str, Any], *, fallback: str) -> Graph:
    """The graph of an exported program.

    Args:
        document: The parsed JSON.
        fallback: Name of the model where no module stack tells its class.

    Raises:
        KeyError, TypeError, ValueError, IndexError, AttributeError: If it is damaged.
    """
    return _Reader(document["graph_module"], fallback).graph()


@dataclass(frozen=True, slots=True)
class _Frame:
    """One entry of a node's module stack."""

    path: str
    repetition: int
    kind: str


class _Reader:
    """One exported program on its way into nouns."""

    def __init__(self, module: Mapping[str, Any], fallback: str) -> None:
        self._module = module
        self._body = module["graph"]
        self._fallback = fallback
        self._values: list[Value] = []
        self._by_name: dict[str, Value] = {}
        self._calls: list[Call] = []
        self._open: list[tuple[_Frame, Call]] = []
        self._times_run: dict[str, int] = {}
        self._scalars: dict[str, int] = {}
        self._hidden_graphs = 0
        self._kinds: dict[str, tuple[str, str]] = {}
        self._sources: dict[str, str] = {}

    def graph(self) -> Graph:
        inputs = self._read_inputs()
        root = _Frame("", 0, self._root_kind())
        self._call((root,))
        ops: list[Op] = []
        for node in self._body["nodes"]:
            op = self._op(node, len(ops), root)
            if op is not None:
                ops.append(op)
        outputs = self._read_outputs()
        calls = tuple(self._calls)
        _set(calls[0], inputs=tuple(inputs), outputs=tuple(value for _, value in outputs))
        main: dict[Call | None, Op] = {}
        for op in ops:
            main.setdefault(op.call, op)
        for call in calls:
            if call.builtin and call in main:
                _set(call, settings=settings_of(main[call]))
        notes = ["exported program"]
        if self._hidden_graphs:
            notes.append(f"{self._hidden_graphs} inner graphs of control flow are not shown")
        name = calls[0].module
        return Graph(
            name=name,
            module=name,
            ops=tuple(ops),
            values=tuple(self._values),
            calls=calls,
            inputs=tuple(inputs),
            outputs=tuple(value for _, value in outputs),
            output_names=tuple(name for name, _ in outputs),
            parameters=self._scalars.get("", 0),
            mode="fake",
            notes=tuple(notes),
        )

    # ------------------------------------------------------------------- inputs, outputs

    def _read_inputs(self) -> list[Value]:
        """User inputs now; parameters and buffers get their values when they are first read."""
        inputs = []
        for spec in self._module["signature"]["input_specs"]:
            kind, about = next(iter(spec.items()))
            if kind == "user_input":
                name = about["arg"].get("as_tensor", {}).get("name")
                if name is not None:
                    inputs.append(self._add(name, "input", name))
                continue
            names = {
                "parameter": "parameter_name",
                "buffer": "buffer_name",
                "tensor_constant": "tensor_constant_name",
            }
            if kind not in names:
                continue
            path = about[names[kind]]
            self._kinds[about["arg"]["name"]] = (
                kind if kind != "tensor_constant" else "constant",
                path,
            )
            if kind == "parameter":
                self._count(path, about["arg"]["name"])
        return inputs

    def _count(self, path: str, name: str) -> None:
        """Add a parameter's scalars to every module around it."""
        shape, _, _, _ = self._facts(name)
        while True:
            path = path.rpartition(".")[0]
            self._scalars[path] = self._scalars.get(path, 0) + prod(shape or ())
            if not path:
                return

    def _read_outputs(self) -> list[tuple[str, Value]]:
        specs = self._module["signature"]["output_specs"]
        kept = [spec["user_output"]["arg"] for spec in specs if "user_output" in spec]
        names = self._output_names(len(kept))
        return [
            (name, self._value(arg["as_tensor"]["name"]))
            for name, arg in zip(names, kept, strict=True)
            if "as_tensor" in arg
        ]

    def _output_names(self, count: int) -> list[str]:
        """Where each output stood in the result, from the tree that export wrote down."""
        try:
            signature = self._module["module_call_graph"][0]["signature"]
            names = list(_leaf_names(json.loads(signature["out_spec"])[1], ""))
        except (KeyError, TypeError, ValueError, IndexError):
            names = []
        return names if len(names) == count else [str(k) if count > 1 else "" for k in range(count)]

    # ---------------------------------------------------------------------------- values

    def _facts(self, name: str) -> tuple[tuple[int, ...] | None, str, str, bool]:
        about = self._body["tensor_values"][name]
        sizes = [_size(size) for size in about["sizes"]]
        shape = None if None in sizes else tuple(size for size in sizes if size is not None)
        device = about.get("device") or {}
        index = device.get("index")
        place = str(device.get("type", "cpu")) + ("" if index is None else f":{index}")
        dtype = _DTYPES.get(about.get("dtype"), "unknown")
        return shape, dtype, place, bool(about.get("requires_grad"))

    def _add(self, name: str, kind: Any, written: str = "", producer: Op | None = None) -> Value:
        shape, dtype, device, needs_grad = self._facts(name)
        value = Value(
            index=len(self._values),
            shape=shape,
            dtype=dtype,
            device=device,
            kind=kind,
            name=written,
            producer=producer,
            requires_grad=needs_grad and kind == "parameter",
        )
        self._values.append(value)
        self._by_name[name] = value
        return value

    def _value(self, name: str) -> Value:
        known = self._by_name.get(name)
        if known is None:
            kind, path = self._kinds[name]
            known = self._add(name, kind, path)
        return known

    # ------------------------------------------------------------------------------- ops

    def _op(self, node: Mapping[str, Any], index: int, root: _Frame) -> Op | None:
        """One node; None if it makes no tensor (sizes, assertions)."""
        made = [name for output in node["outputs"] for name in _tensor_names(output)]
        if not made:
            return None
        reads: list[Value] = []
        arguments: list[Any] = []
        options: dict[str, Any] = {}
        for entry in node["inputs"]:
            plain = self._plain(entry["arg"], reads)
            if entry.get("kind") == 2 and entry["name"]:
                options[entry["name"]] = plain
            else:
                arguments.append(plain)
        name = function_name(node["target"])
        if name == "convolution":
            name, arguments = convolution_call(arguments, reads)
        source, function = _place(node.get("metadata", {}).get("stack_trace") or "")
        op = Op(
            index=index,
            name=name,
            call=self._call(self._frames(node, root)),
            inputs=tuple(reads),
            arguments=tuple(arguments),
            options=options,
            function=function,
            source=source,
            flags=_flags(name),
        )
        _set(op, outputs=tuple(self._add(output, "result", "", op) for output in made))
        return op

    def _plain(self, argument: Any, reads: list[Value]) -> Any:  # noqa: PLR0911  one return a kind
        """An argument as `Op.arguments` has it; its tensors are added to `reads`."""
        kind, found = next(iter(argument.items()))
        if kind == "as_tensor":
            reads.append(self._value(found["name"]))
            return TENSOR
        if kind in {"as_tensors", "as_optional_tensors"}:
            return [self._plain_or_none(item, reads) for item in found]
        if kind == "as_optional_tensor":
            return self._plain(found, reads)
        if kind == "as_nested_tensors":
            return [[self._plain({"as_tensor": item}, reads) for item in row] for row in found]
        if kind == "as_none":
            return None
        if kind in {"as_ints", "as_floats", "as_bools", "as_strings"}:
            return tuple(found)
        if kind in {"as_sym_ints", "as_sym_bools", "as_sym_floats"}:
            return tuple(next(iter(item.values())) for item in found)
        if kind.startswith("as_sym_"):
            return next(iter(found.values()))
        if kind == "as_scalar_type":
            return f"torch.{_DTYPES.get(found, 'unknown')}"
        if kind == "as_graph":
            self._hidden_graphs += 1
            return f"graph {found.get('name', '')}"
        if kind == "as_device":
            return found.get("type")
        return found if isinstance(found, int | float | str | bool) else repr(found)

    def _plain_or_none(self, item: Mapping[str, Any], reads: list[Value]) -> Any:
        if "as_none" in item:
            return None
        return self._plain({"as_tensor": item.get("as_tensor", item)}, reads)

    # ----------------------------------------------------------------------------- calls

    def _root_kind(self) -> str:
        for node in self._body["nodes"]:
            frames = _stack(node.get("metadata", {}).get("nn_module_stack") or "")
            if frames and not frames[0].path:
                return frames[0].kind
        return self._fallback

    def _frames(self, node: Mapping[str, Any], root: _Frame) -> tuple[_Frame, ...]:
        frames = _stack(node.get("metadata", {}).get("nn_module_stack") or "")
        return (root, *[frame for frame in frames if frame.path])

    def _call(self, frames: tuple[_Frame, ...]) -> Call:
        """The call of a module stack; calls around it are made first.

        Args:
            frames: Outermost first, the model itself in front.
        """
        for depth, frame in enumerate(frames):
            # what runs in one go is one call; a module that is met again later runs again
            if depth < len(self._open) and self._open[depth][0] == frame:
                continue
            del self._open[depth:]
            repetition = self._times_run.get(frame.path, 0)
            self._times_run[frame.path] = repetition + 1
            call = Call(
                index=len(self._calls),
                path=frame.path,
                module=frame.kind.rpartition(".")[2] or frame.kind,
                builtin=frame.kind.startswith("torch.nn."),
                parent=self._open[-1][1] if self._open else None,
                repetition=repetition,
                settings={},
                parameters=self._scalars.get(frame.path, 0),
                training=False,
            )
            self._calls.append(call)
            self._open.append((frame, call))
        del self._open[len(frames) :]
        return self._open[-1][1]


def _set(noun: Any, **attributes: Any) -> None:
    """Nouns are circular (op, output, producer), so one end is set when the other is there."""
    for name, value in attributes.items():
        object.__setattr__(noun, name, value)


def _size(size: Mapping[str, Any]) -> int | None:
    found = (
        size["as_int"] if "as_int" in size else (size["as_expr"].get("hint") or {}).get("as_int")
    )
    if found is not None and type(found) is not int:
        raise TypeError(f"{found!r:.40} instead of a size")
    return found


def _tensor_names(output: Mapping[str, Any]) -> Iterator[str]:
    kind, found = next(iter(output.items()))
    if kind == "as_tensor":
        yield found["name"]
    elif kind == "as_tensors":
        for item in found:
            yield item["name"]
    elif kind == "as_optional_tensors":
        for item in found:
            if "as_tensor" in item:
                yield item["as_tensor"]["name"]


def _flags(name: str) -> frozenset[Flag]:
    flags: set[Flag] = set()
    if name.endswith("_") and not name.startswith("__"):
        flags.add("in_place")
    if name in VIEWS and name not in {"to", "clone", "contiguous", "float", "half"}:
        flags.add("view")
    return frozenset(flags)


def _stack(text: str) -> list[_Frame]:
    """``key,path,type;key@1,path,type`` -> frames, outermost first; ``@1`` is a second call.

    Example:
        >>> _stack("L__self__,,m.Net;L__self__act@1,act,torch.nn.ReLU")[1]
        _Frame(path='act', repetition=1, kind='torch.nn.ReLU')
    """
    frames = []
    for entry in text.split(";") if text else ():
        # the key, which comes first, may have commas of its own
        head, _, kind = entry.rpartition(",")
        key, _, path = head.rpartition(",")
        path = path.partition("@")[0].removeprefix("L['self']").removeprefix("L__self__")
        count = key.rpartition("@")[2]
        frames.append(_Frame(path.lstrip("."), int(count) if count.isdecimal() else 0, kind))
    return frames


def _place(trace: str) -> tuple[tuple[str, int] | None, str]:
    """The innermost line of a stack, and the outermost function below the last ``forward``."""
    frames = _FRAME.findall(trace)
    if not frames:
        return None, ""
    users = [frame for frame in frames if not _TORCH.search(frame[0])]
    file, line, _ = (users or frames)[-1]
    names = [name for _, _, name in frames]
    below = next((k for k in range(len(names) - 1, -1, -1) if names[k] == "forward"), None)
    function = names[below + 1] if below is not None and below + 1 < len(names) else ""
    return (file, int(line)), function


def _leaf_names(spec: Mapping[str, Any], path: str) -> Iterator[str]:
    if spec["type"] is None:
        yield path
        return
    children = spec["children_spec"]
    context = spec.get("context")
    keys: Any = json.loads(context) if isinstance(context, str) else None
    if not isinstance(keys, list) or len(keys) != len(children):
        keys = range(len(children))
    for key, child in zip(keys, children, strict=True):
        yield from _leaf_names(child, f"{path}.{key}" if path else str(key))
