"""Model and inputs -> Graph, by running the model once, eagerly, under no_grad.

The run is the user's own forward with the user's own tensors: whatever runs, traces. What
a forward changes in passing is put back (``restore``): random number generators, buffers
(running statistics), inputs and parameters. Training flags, gradients and hooks are not touched.
Where a parameter
or an input is on ``meta``, and on request, the run is on fake tensors (``fake``).

Cost: 1.2 to 2.5 times one eager forward, and a copy of the model's buffers.

Not here: the recording itself (``recorder``), the nouns (``assemble``), what an error says
(``trouble``).
"""

import contextlib
import gc
import inspect
import sys
import threading
from collections.abc import Generator, Iterator
from typing import Any, Literal

import torch
from torch import nn

from introspect.errors import TraceError
from introspect.graph.capture import trouble
from introspect.graph.capture.alone import alone_with
from introspect.graph.capture.assemble import assemble
from introspect.graph.capture.aten import AtenRecorder
from introspect.graph.capture.fake import faked, lives_on_meta
from introspect.graph.capture.inventory import Inventory, take_inventory
from introspect.graph.capture.lazy import lazy_again
from introspect.graph.capture.leaves import named_tensors
from introspect.graph.capture.memo import Memo
from introspect.graph.capture.recorder import Recorder
from introspect.graph.capture.restore import unchanged
from introspect.graph.capture.rows import CallRow
from introspect.nouns.graph import Graph
from introspect.nouns.verbs import verb

Mode = Literal["auto", "real", "fake"]
Level = Literal["function", "aten", "module"]


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
        mode: ``"real"`` runs the user's tensors; ``"fake"`` runs tensors that have shapes and
            no numbers: no memory, no side effects, but some models need the numbers;
            ``"auto"`` is real unless a parameter or an input is on ``meta``.
        level: ``"function"``: torch functions; ``"aten"``: and the ATen operators below each;
            ``"module"``: the tree of modules, which needs no inputs and no run.
        name: Title of the graph; the class name of the model if empty.
        source: Whether each op knows the user's line and function (1 us an op).
        times: Whether to time every op; needs a real run.
        gradients: Whether the run is one with gradients, and when autograd made each of its
            functions is noted: ``trace_backward`` then joins them to their ops exactly.
        memoize: Whether a block that repeats is run twice and then copied, wherever it can be
            shown that running it would do the same: a Llama of 80 layers in a tenth of the time.
            The graph is the same. Always on fake tensors.
        verify: Whether to replay the graph and compare it with the model before it is returned
            (``introspect.verify``: several forwards); needs a real run.

    Raises:
        TraceError: If an option is unknown, or goes with real runs alone.

    Example:
        >>> tree = Tracer(level="module").trace(nn.Sequential(nn.Linear(2, 2), nn.ReLU()))
        >>> [(call.path, call.module) for call in tree.calls]
        [('', 'Sequential'), ('0', 'Linear'), ('1', 'ReLU')]
    """

    def __init__(
        self,
        *,
        mode: Mode = "auto",
        level: Level = "function",
        name: str = "",
        source: bool = True,
        times: bool = False,
        gradients: bool = False,
        memoize: bool = False,
        verify: bool = False,
    ) -> None:
        trouble.check_option("mode", mode, ("auto", "real", "fake"))
        trouble.check_option("level", level, ("function", "aten", "module"))
        if (times or verify) and (mode == "fake" or level == "module"):
            raise TraceError("without a real run there is nothing to time and nothing to compare.")
        if memoize and (mode == "real" or level == "module" or times or verify or gradients):
            raise TraceError(
                "only a run on fake tensors can be memoised: with numbers no two blocks are alike.",
                given=f"mode={mode!r}, level={level!r}, {times=}, {verify=}, {gradients=}",
                hint='Tracer(memoize=True), or mode="real" without it',
            )
        self.mode: Mode = mode
        self.level: Level = level
        self.name = name
        self.source = source
        self.times = times
        self.gradients = gradients
        self.memoize = memoize
        self.verify = verify

    def trace(self, model: nn.Module, /, *args: Any, **kwargs: Any) -> Graph:
        """Run the model once and return what it did. See ``introspect.trace``."""
        trouble.check_model(model)
        with alone_with(model), no_collection():
            inventory = take_inventory(model)
            with lazy_again(model, inventory):
                return self._trace(model, inventory, args, kwargs)

    def _trace(
        self,
        model: nn.Module,
        inventory: Inventory,
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
    ) -> Graph:
        """Choose how to run it."""
        if self.level == "module":
            return self._module_tree(model)
        is_fake = self.mode == "fake" or (self.mode == "auto" and self.memoize)
        if self.mode == "auto" and not is_fake:
            is_fake = lives_on_meta(model, (args, kwargs), inventory)
        if is_fake:
            with faked(model, (args, kwargs), is_watched=self.memoize) as (fakes, fake_kwargs):
                return self._run(model, take_inventory(model), fakes, fake_kwargs, "fake")
        if self.verify:
            # the room above this one; it raises if a replay differs from the model
            verb("introspect.graph.proof.replay:verify")(model, *args, **kwargs)
        return self._run(model, inventory, args, kwargs, "real")

    def _run(
        self,
        model: nn.Module,
        inventory: Inventory,
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
        mode: Literal["real", "fake"],
    ) -> Graph:
        options: dict[str, Any] = {"source": self.source, "times": self.times}
        options["gradients"] = self.gradients
        recorder = Recorder(model, inventory=inventory, **options)
        inputs = [recorder.add_input(*named) for named in named_inputs(model, args, kwargs)]
        aten = AtenRecorder(recorder) if self.level == "aten" else None
        facts: dict[str, Any] = {
            "name": self.name,
            "inputs": list(dict.fromkeys(inputs)),
            "mode": mode,
            "level": self.level,
            "children": aten.children if aten else None,
        }
        given = [tensor for _, tensor in named_tensors((args, kwargs))]
        is_real = mode == "real"
        kept = unchanged(model, given, inventory) if is_real else contextlib.nullcontext()
        memo = Memo(recorder, model, facts["children"]) if self.memoize else None
        copies = memo.listening() if memo else contextlib.nullcontext()
        modes = aten or contextlib.nullcontext()
        try:
            with kept, torch.set_grad_enabled(self.gradients), eager(), modes, copies, recorder:
                result = model(*args, **kwargs)
                leaves = named_tensors(result)
                outputs = [recorder.value_of(tensor) for _, tensor in leaves]
                facts["autograd"] = recorder.moments([tensor for _, tensor in leaves])
        except Exception as error:
            partial = assemble(recorder, model, outputs=[], output_names=[], **facts)
            raise trouble.failed(error, recorder, partial, args, kwargs) from error
        names = [name for name, _ in leaves]
        graph = assemble(recorder, model, outputs=outputs, output_names=names, **facts)
        if not outputs:
            raise trouble.no_tensor(model, result, graph)
        return graph

    def _module_tree(self, model: nn.Module) -> Graph:
        """The modules as if each had been called once, in the order of their definition."""
        recorder = Recorder(model, source=False)
        rows: dict[str, int] = {}
        for path, module in model.named_modules():
            parent = rows.get(path.rpartition(".")[0]) if path else None
            rows[path] = len(recorder.calls)
            recorder.calls.append(CallRow(module, path, parent, 0, []))
        facts: dict[str, Any] = {"inputs": [], "outputs": [], "output_names": []}
        return assemble(recorder, model, name=self.name, level="module", **facts)


def named_inputs(
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
def no_collection() -> Generator[None]:
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


_stances: list[Any] = []
_lock = threading.Lock()


@contextlib.contextmanager
def eager() -> Generator[None]:
    """Compiled parts run as plain Python, or a mode around them would recompile them.

    Setting the stance imports dynamo (a second), and without dynamo nothing is compiled. The
    stance is of the process: of several threads the first sets it, the last takes it back.
    """
    if "torch._dynamo" not in sys.modules:
        yield
        return
    with _lock:
        if not _stances:
            stance = torch.compiler.set_stance("force_eager")
            stance.__enter__()
            _stances.append(stance)
        else:
            _stances.append(None)
    try:
        yield
    finally:
        with _lock:
            if len(_stances) > 1:
                _stances.pop()
            else:
                _stances.pop().__exit__(None, None, None)
