"""The ATen operators below each torch function: ``level="aten"``.

A `TorchDispatchMode` sees the operators that a torch function is made of, with the very
tensor objects that the function returns, so that values are joined by identity. What runs
below no torch function (inside a scripted module) belongs to no op and is left out here; the
module's own op stands for it.

Cost: 6.5 us an operator for torch to call us, about 10 us to write it down.
"""

from collections.abc import Callable
from typing import Any, Self

from torch.utils._python_dispatch import TorchDispatchMode

from introspect.graph.capture.leaves import PLAIN, scan, scan_other
from introspect.graph.capture.recorder import Recorder
from introspect.graph.capture.rows import IN_PLACE
from introspect.nouns.graph import TENSOR


class AtenRecorder(TorchDispatchMode):
    """Records ATen operators into the op that a `Recorder` is running.

    Attributes:
        children: Row of an op -> rows of its operators, in the order of execution.
    """

    def __init__(self, recorder: Recorder) -> None:
        super().__init__()
        self.recorder = recorder
        self.children = recorder.children
        self._known = recorder.tensors.known
        self._kinds = recorder.kinds
        self._value_of = recorder.value_of
        self._add = recorder.tensors.add

    @classmethod
    def _should_skip_dynamo(cls) -> bool:
        """Torch would wrap the method below for the compiler: 1.6 us an operator.

        Compiled parts run eagerly meanwhile (``trace.eager``), so it never sees us.
        """
        return False

    def __enter__(self) -> Self:
        super().__enter__()
        return self

    def __torch_dispatch__(  # noqa: PLR0912  the hot path: calls cost 0.1 us each
        self,
        func: Callable[..., Any],
        types: Any,
        args: tuple[Any, ...] = (),
        kwargs: dict[str, Any] | None = None,
    ) -> Any:
        """Run one operator and write it down."""
        del types
        parent = self.recorder.current_op
        if parent is None:
            return func(*args, **kwargs) if kwargs else func(*args)
        known, kinds = self._known, self._kinds
        given: list[Any] = []
        inputs: list[int] = []
        arguments: list[Any] = []
        for argument in args:
            kind = type(argument)
            if kind in kinds:
                entry = known.get(id(argument))
                if (
                    entry is not None
                    and entry[0]() is argument
                    and entry[2] is not None
                    and argument._version == entry[2]
                ):
                    inputs.append(entry[1])
                else:
                    inputs.append(self._value_of(argument))
                arguments.append(TENSOR)
            elif kind in PLAIN:
                arguments.append(argument)
            else:
                del given[:]
                arguments.append(scan_other(argument, given))
                inputs += [self._value_of(tensor) for tensor in given]
        kept: dict[str, Any] = {}
        if kwargs:
            del given[:]
            kept = dict(zip(kwargs, scan(kwargs.values(), given), strict=True))
            inputs += [self._value_of(tensor) for tensor in given]
            result = func(*args, **kwargs)
        else:
            result = func(*args)
        if type(result) in kinds:
            entry = known.get(id(result))
            is_known = entry is not None and entry[0]() is result
            outputs = [entry[1] if is_known else self._add(result, "result", parent)]
        else:
            made: list[Any] = []
            scan((result,), made)
            outputs = [self.recorder.result_of(tensor, parent) for tensor in made]
        name, bits = _facts.get(func) or _learn(func)
        row = (name, None, inputs, outputs, tuple(arguments), kept, "", None, bits, None)
        below = self.children.get(parent)
        if below is None:
            self.children[parent] = [row]
        else:
            below.append(row)
        return result


_facts: dict[Any, tuple[str, int]] = {}


def _learn(func: Any) -> tuple[str, int]:
    """``aten.convolution.default`` for the overload that ran, and its flags."""
    schema = getattr(func, "_schema", None)
    is_mutable = bool(schema is not None and schema.is_mutable)
    facts = _facts[func] = (str(func), IN_PLACE if is_mutable else 0)
    return facts
