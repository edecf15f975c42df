"""The ATen operators below each torch function: ``level="aten"``.

A `TorchDispatchMode` sees the operators that a torch function is made of, with the very
tensor objects that the function returns, so that values are joined by identity. What runs
below no torch function (inside a scripted module) belongs to no op and is left out here; the
module's own op stands for it.

Cost: 6.6 us an operator, beyond the recording.
"""

from collections.abc import Callable
from typing import Any, Self

from torch.utils._python_dispatch import TorchDispatchMode

from introspect.graph.capture.leaves import scan
from introspect.graph.capture.recorder import Recorder
from introspect.graph.capture.rows import IN_PLACE, OpRow


class AtenRecorder(TorchDispatchMode):
    """Records ATen operators into the op that a `Recorder` is running.

    Attributes:
        children: Row of an op -> rows of its operators, in the order of execution.
    """

    def __init__(self, recorder: Recorder) -> None:
        super().__init__()
        self.recorder = recorder
        self.children: dict[int, list[OpRow]] = {}

    def __enter__(self) -> Self:
        super().__enter__()
        return self

    def __torch_dispatch__(
        self,
        func: Callable[..., Any],
        types: Any,
        args: tuple[Any, ...] = (),
        kwargs: dict[str, Any] | None = None,
    ) -> Any:
        """Run one operator and write it down."""
        del types
        options = kwargs or {}
        parent = self.recorder.current_op
        if parent is None:
            return func(*args, **options)
        given: list[Any] = []
        arguments = scan(args, given)
        kept = dict(zip(options, scan(options.values(), given), strict=True)) if options else {}
        inputs = [self.recorder.value_of(tensor) for tensor in given]
        result = func(*args, **options)
        made: list[Any] = []
        scan((result,), made)
        outputs = [self.recorder.result_of(tensor, parent) for tensor in made]
        bits = IN_PLACE if _writes(func) else 0
        self.children.setdefault(parent, []).append(
            (_name(func), None, inputs, outputs, arguments, kept, "", None, bits, None)
        )
        return result


def _name(func: Any) -> str:
    """``aten.convolution.default`` for the overload that ran."""
    return str(func)


def _writes(func: Any) -> bool:
    schema = getattr(func, "_schema", None)
    return bool(schema is not None and schema.is_mutable)
