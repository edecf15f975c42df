"""What a trace says when it fails: where, what was given, and what to try.

The hints are for the mistakes that people make on their first call; each has a test.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import nn

from introspect.errors import TraceError
from introspect.graph.capture.leaves import named_tensors
from introspect.graph.capture.metadata import READS_NUMBERS
from introspect.graph.capture.recorder import Recorder
from introspect.nouns.graph import Graph

_FAKE_NEEDS_VALUES = ("DataDependentOutputException", "DynamicOutputShapeException")


def check_model(model: Any) -> None:
    """Refuse what is no module.

    Raises:
        TraceError: With the type that was given.
    """
    if not isinstance(model, nn.Module):
        hint = "trace(model, *inputs), with the model first"
        if isinstance(model, type) and issubclass(model, nn.Module):
            hint = f"trace({model.__name__}(...), *inputs): an instance, not the class"
        raise TraceError(
            "only a torch.nn.Module can be traced.",
            given=f"{type(model).__module__}.{type(model).__qualname__}",
            hint=hint,
        )


def check_option(name: str, value: Any, known: Sequence[str]) -> None:
    """Refuse an unknown option.

    Raises:
        TraceError: With the known ones.
    """
    if value not in known:
        raise TraceError(
            f"there is no such {name}.", given=repr(value), hint=" or ".join(map(repr, known))
        )


def failed(
    error: Exception,
    recorder: Recorder,
    partial: Graph,
    args: tuple[Any, ...],
    kwargs: Mapping[str, Any],
) -> TraceError:
    """The model's own exception, with the module and op where it began."""
    failure = recorder.failure
    where, op = None, ""
    if failure is not None and failure.error is error and failure.call is not None:
        call = recorder.calls[failure.call]
        where = f"{call.path or 'the model'} ({type(call.module).__name__})"
        op = failure.op
        where += f", in {op}" if op else ""
    given = {**{f"input {k}": arg for k, arg in enumerate(args)}, **kwargs}
    report = TraceError(
        "the model failed while introspect was watching it run.",
        where=where,
        given=_describe(given),
        cause=error,
        hint=_hint(error, op, given, partial),
    )
    report.graph = partial
    return report


def no_tensor(model: nn.Module, result: Any, graph: Graph) -> TraceError:
    """The error of a model without tensors in its result."""
    report = TraceError(
        "the model returned no tensor, so there is nothing to follow.",
        where=f"the model ({type(model).__name__})",
        given=f"a {type(result).__name__}",
        hint="return a tensor, or a list, tuple, dict or dataclass with tensors in it",
    )
    report.graph = graph
    return report


def _describe(given: Mapping[str, Any]) -> str:
    """Each argument in a line: tensors with dtype, shape and device, others by their type."""
    rows = []
    for name, value in given.items():
        tensors = list(named_tensors(value, name))
        rows += [
            f"{path}: {str(tensor.dtype)[6:]} {tuple(tensor.shape)} on {tensor.device}"
            for path, tensor in tensors
        ]
        if not tensors:
            text = repr(value)
            rows.append(f"{name}: {type(value).__name__} {text if len(text) < 60 else ''}".strip())
    return "\n         ".join(rows) if rows else "no inputs"


def _hint(error: Exception, op: str, given: Mapping[str, Any], partial: Graph) -> str:
    """What to try, from the inputs if they cannot work, else from what torch says."""
    reads_numbers = partial.mode == "fake" and op in READS_NUMBERS
    if reads_numbers or type(error).__name__ in _FAKE_NEEDS_VALUES:
        return 'the model reads numbers from a tensor: Tracer(mode="real").trace(...)'
    for name, value in given.items():
        hint = _hint_for_input(name, value)
        if hint:
            return hint
    message = str(error)
    if not given:
        return 'trace(model, x); without inputs: Tracer(level="module").trace(model)'
    if "more than 1 value per channel" in message:
        return "model.eval(), or a batch of two: a batch norm in training needs a spread"
    if _is_about_devices(message):
        return "move the inputs to the model's device: x.to(next(model.parameters()).device)"
    if "dtype" in message or "expected scalar type" in message or "should be the same" in message:
        return "cast the inputs to the model's dtype: x.to(next(model.parameters()).dtype)"
    if not partial.ops and isinstance(error, TypeError):
        return "trace(model, ...) takes exactly what model(...) takes"
    return "call the model itself with these inputs; trace(model, ...) takes what it takes"


def _is_about_devices(message: str) -> bool:
    """Whether torch complains of two devices; convolutions do it in words of their own."""
    if "same device" in message:
        return True
    names_both = "cuda" in message and ("cpu" in message or "torch.FloatTensor" in message)
    return names_both and ("but got" in message or "should be the same" in message)


def _hint_for_input(name: str, value: Any) -> str | None:
    if isinstance(value, torch.Size) or (
        isinstance(value, tuple | list)
        and len(value) > 1
        and all(isinstance(size, int) and not isinstance(size, bool) for size in value)
    ):
        sizes = ", ".join(map(str, value))
        return f"{name} is a shape, not a tensor: trace(model, torch.zeros({sizes}))"
    if type(value).__module__ == "numpy":
        return f"{name} is a NumPy array: torch.from_numpy(...)"
    if isinstance(value, str):
        return f"{name} is text: tokenise it first, and trace the model on the token ids"
    return None
