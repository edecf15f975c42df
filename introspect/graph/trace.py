"""Model and inputs -> Graph, by running the model once, eagerly, under no_grad.

The run is the user's own forward with the user's own tensors: whatever runs, traces. What
a forward changes in passing is put back: the random number generators and the buffers
(running statistics). Training flags, gradients and hooks are not touched.

Cost: 1.2 to 2.5 times one eager forward, and a copy of the model's buffers.

Not here: the recording itself (``recorder``), the nouns (``assemble``).
"""

import contextlib
import gc
import inspect
import sys
from collections.abc import Generator, Iterator
from typing import Any

import torch
from torch import nn

from introspect.errors import TraceError
from introspect.graph.assemble import assemble
from introspect.graph.leaves import named_tensors
from introspect.graph.recorder import Recorder
from introspect.nouns.graph import Graph


def trace(model: nn.Module, /, *args: Any, **kwargs: Any) -> Graph:
    """Run the model once and return what it did.

    Args:
        model: Any module; called as ``model(*args, **kwargs)``, in the mode it is in.
        *args: As for the model: tensors, dicts, lists, numbers.
        **kwargs: Likewise.

    Returns:
        The graph of that run. In a notebook it shows itself as a picture.

    Raises:
        TraceError: If the model raised, or returned no tensor. ``error.graph`` is what had
            run until then.

    Example:
        >>> graph = trace(nn.Sequential(nn.Linear(4, 2), nn.ReLU()), torch.zeros(1, 4))
        >>> [op.name for op in graph.ops], graph.outputs[0].shape
        (['linear', 'relu'], (1, 2))
    """
    return Tracer().trace(model, *args, **kwargs)


class Tracer:
    """Tracing with options, so that every argument of `trace` can go to the model.

    Args:
        name: Title of the graph; the class name of the model if empty.
        source: Whether each op knows the user's line and function (2 us an op).

    Example:
        >>> Tracer(name="LeNet").trace(nn.Linear(2, 2), torch.zeros(1, 2)).name
        'LeNet'
    """

    def __init__(self, *, name: str = "", source: bool = True) -> None:
        self.name = name
        self.source = source

    def trace(self, model: nn.Module, /, *args: Any, **kwargs: Any) -> Graph:
        """Run the model once and return what it did. See ``introspect.trace``."""
        with _no_collection():
            return self._trace(model, args, kwargs)

    def _trace(self, model: nn.Module, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Graph:
        if not isinstance(model, nn.Module):
            raise TraceError(
                "only a torch.nn.Module can be traced.",
                given=f"{type(model).__module__}.{type(model).__qualname__}",
                hint="trace(model, *inputs), with the model first",
            )
        recorder = Recorder(model, source=self.source)
        inputs = [recorder.add_input(*named) for named in _named_inputs(model, args, kwargs)]
        try:
            with _unchanged(model), torch.no_grad(), _eager(), recorder:
                result = model(*args, **kwargs)
                leaves = list(named_tensors(result))
                outputs = [recorder.value_of(tensor) for _, tensor in leaves]
        except Exception as error:
            partial = self._graph(recorder, model, inputs, [], [])
            raise _failed(error, recorder, partial, args, kwargs) from error
        graph = self._graph(recorder, model, inputs, outputs, [name for name, _ in leaves])
        if not outputs:
            raise _no_tensor(model, result, graph)
        return graph

    def _graph(
        self,
        recorder: Recorder,
        model: nn.Module,
        inputs: list[int],
        outputs: list[int],
        output_names: list[str],
    ) -> Graph:
        return assemble(
            recorder,
            model,
            name=self.name,
            inputs=list(dict.fromkeys(inputs)),
            outputs=outputs,
            output_names=output_names,
        )


def _named_inputs(
    model: nn.Module, args: tuple[Any, ...], kwargs: dict[str, Any]
) -> Iterator[tuple[str, torch.Tensor]]:
    """Every tensor passed to the model, named as its forward names the argument."""
    try:
        bound = inspect.signature(model.forward).bind(*args, **kwargs).arguments
    except (TypeError, ValueError):  # a wrong call fails below, in the model's own words
        bound = {**{f"input {k}": arg for k, arg in enumerate(args)}, **kwargs}
    for name, value in bound.items():
        # *args and **kwargs of the forward hold one argument an entry: their own names say
        # less than the entry's place.
        yield from named_tensors(value, "" if name in {"args", "kwargs"} else name)


@contextlib.contextmanager
def _no_collection() -> Generator[None]:
    """No garbage collection meanwhile.

    The thousands of small objects that a trace makes all stay, and set off full collections:
    150 ms each in a process that has imported torch, more than tracing a ResNet-50.
    """
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


@contextlib.contextmanager
def _unchanged(model: nn.Module) -> Generator[None]:
    """Put back the random number generators and the buffers, as if nothing had run."""
    buffers = [(b, b.detach().clone()) for b in model.buffers() if _is_plain(b)]
    devices = list(range(torch.cuda.device_count())) if torch.cuda.is_initialized() else []
    with torch.random.fork_rng(devices=devices):
        try:
            yield
        finally:
            with torch.no_grad():
                for buffer, before in buffers:
                    # Only what changed, for a copy invalidates what autograd has saved. Native
                    # batch_norm writes without counting versions, so the values are compared.
                    if not torch.equal(buffer, before):
                        buffer.copy_(before)


def _is_plain(buffer: torch.Tensor) -> bool:
    """Whether a buffer can be copied; lazy ones have no storage yet."""
    return not isinstance(buffer, nn.parameter.UninitializedBuffer)


def _eager() -> Any:
    """Compiled parts run as plain Python, or a mode around them would recompile them.

    Setting the stance imports dynamo (a second), and without dynamo nothing is compiled.
    """
    if "torch._dynamo" in sys.modules:
        return torch.compiler.set_stance("force_eager")
    return contextlib.nullcontext()


def _describe(tree: Any) -> str:
    rows = [
        f"{name}: {str(tensor.dtype)[6:]} {tuple(tensor.shape)} on {tensor.device}"
        for name, tensor in named_tensors(tree)
    ]
    return "\n         ".join(rows) if rows else "no tensor"


def _failed(
    error: Exception,
    recorder: Recorder,
    partial: Graph,
    args: tuple[Any, ...],
    kwargs: dict[str, Any],
) -> TraceError:
    """The model's own exception, with the module and op where it began."""
    failure = recorder.failure
    where = None
    if failure is not None and failure.error is error and failure.call is not None:
        call = recorder.calls[failure.call]
        where = f"{call.path or 'the model'} ({type(call.module).__name__})"
        where += f", in {failure.op}" if failure.op else ""
    report = TraceError(
        "the model failed while introspect was watching it run.",
        where=where,
        given=_describe({**{f"input {k}": arg for k, arg in enumerate(args)}, **kwargs}),
        cause=error,
        hint="call the model itself with these inputs; trace(model, ...) takes what it takes",
    )
    report.graph = partial
    return report


def _no_tensor(model: nn.Module, result: Any, graph: Graph) -> TraceError:
    report = TraceError(
        "the model returned no tensor, so there is nothing to follow.",
        where=f"the model ({type(model).__name__})",
        given=f"a {type(result).__name__}",
        hint="return a tensor, or a list, tuple, dict or dataclass with tensors in it",
    )
    report.graph = graph
    return report
