"""A running forward -> what every op was given and made: the evidence that a replay needs.

A `Recorder` that also copies. Before an op: tensors that no recorded op made (inputs,
parameters, constants), the random number generator, what autograd and autocast were set to.
After it: its outputs. Copies of tensors that overlap overlap too, so that a replay that writes
through one is read through the other.

Cost: the parameters and buffers that were used, and every intermediate result, once more in
memory.

Not here: running the ops again (``replay``).
"""

import copy
from collections.abc import Callable
from dataclasses import replace
from typing import Any
from weakref import ref

import torch
from torch import nn
from torch.nn.parameter import is_lazy

from introspect.errors import TraceError
from introspect.graph.capture import trouble
from introspect.graph.capture.assemble import assemble
from introspect.graph.capture.fake import lives_on_meta
from introspect.graph.capture.lazy import lazy_again
from introspect.graph.capture.leaves import named_tensors, scan
from introspect.graph.capture.metadata import METADATA
from introspect.graph.capture.recorder import Recorder
from introspect.graph.proof.account import Account, account_of, class_of, random_states
from introspect.graph.proof.bits import copied, is_empty_shell, is_transformed, is_transforming
from introspect.graph.trace import eager, named_inputs, no_collection, unchanged
from introspect.nouns.graph import Graph

# Our own look at a tensor must not be recorded.
_unheard: Any = torch._C.DisableTorchFunction  # noqa: SLF001  there is no public way


class Witness(Recorder):
    """Records as a `Recorder` does, and keeps what a replay is to be compared with.

    Attributes:
        accounts: Row of an op -> how it ran. Ops without one ran where nobody can see.
        sources: Row of a value that no op with a account made -> a copy of the tensor.
        contents: Row of every other value -> a copy of what the model had there.
        lineage: Row of an ``"alias"`` value -> the row that the same tensor had before.
        results: What the model returned: a copy of each tensor.
    """

    def __init__(self, model: nn.Module) -> None:
        super().__init__(model, observe=self._after)
        self.accounts: dict[int, Account] = {}
        self.sources: dict[int, torch.Tensor] = {}
        self.contents: dict[int, torch.Tensor] = {}
        self.lineage: dict[int, int] = {}
        self.results: list[torch.Tensor] = []
        self._storages: dict[int, tuple[Any, Any]] = {}
        self._rows: dict[int, tuple[ref[torch.Tensor], int]] = {}
        self._classes: dict[int, type] = {}
        self._open: list[tuple[Account, list[torch.Tensor]]] = []

    def __torch_function__(
        self,
        func: Callable[..., Any],
        types: Any,
        args: tuple[Any, ...] = (),
        kwargs: dict[str, Any] | None = None,
    ) -> Any:
        """Copy what the op is about to read, then let the recorder run it."""
        if func in METADATA:
            return super().__torch_function__(func, types, args, kwargs)
        options = kwargs or {}
        given: list[torch.Tensor] = []
        scan(args, given)
        scan(options.values(), given)
        rows = [self.behold(tensor) for tensor in given]
        account = account_of(func, args, options, given)
        for position, (tensor, row) in enumerate(zip(given, rows, strict=True)):
            if is_lazy(tensor):
                account.unfit = "it gives a lazy parameter its shape"
            elif row in self._classes and self._classes[row] is not class_of(tensor):
                account.wrapped[position] = copied(tensor)
        self._open.append((account, given))
        try:
            result = super().__torch_function__(func, types, args, kwargs)
        finally:
            self._open.pop()
        if not account.made:
            account.plain = copy.copy(result) if result is not None else None
        return result

    def behold(self, tensor: torch.Tensor) -> int:
        """The row of a tensor's value; its numbers are copied if nobody has seen them yet."""
        with _unheard():
            row = self.value_of(tensor)
            if row not in self.sources and row not in self.contents and not is_empty_shell(tensor):
                self._classes[row] = class_of(tensor)
                kind = self.values[row][3]
                before = self._rows.get(id(tensor))
                if kind == "alias" and before is not None and before[0]() is tensor:
                    self.lineage[row] = before[1]
                    self.contents[row] = copied(tensor)
                elif kind in {"input", "parameter", "buffer"}:
                    self.sources[row] = copied(tensor, self._storages)
                else:
                    self.sources[row] = copied(tensor)
            self._rows[id(tensor)] = (ref(tensor), row)
        return row

    def _after(
        self,
        index: int,
        func: Callable[..., Any],
        args: tuple[Any, ...],
        options: dict[str, Any],
        written: list[torch.Tensor],
        made: list[torch.Tensor],
    ) -> None:
        del func, args, options
        account, given = self._open[-1]
        drew = any(
            not torch.equal(a, b)
            for a, b in zip(account.around.random, random_states(), strict=True)
        )
        if not drew:
            account.around = replace(account.around, random=())
        if is_transforming() or any(is_transformed(tensor) for tensor in (*given, *made)):
            account.unfit = "it ran inside vmap or torch.func"
        for tensor in written:
            position = next(k for k, t in enumerate(given) if t is tensor)
            account.written[position] = self._keep(tensor)
        account.made = [self._keep(tensor) for tensor in made]
        self.accounts[index] = account

    def _keep(self, tensor: torch.Tensor) -> int:
        """Copy what an op has just made or written."""
        row = self.value_of(tensor)
        is_known = row in self.sources or row in self.contents  # an input that was passed through
        if not is_known and not is_empty_shell(tensor):
            self._classes[row] = class_of(tensor)
            self.contents[row] = copied(tensor)
        self._rows[id(tensor)] = (ref(tensor), row)
        return row


def bear_witness(
    model: nn.Module, args: tuple[Any, ...], kwargs: dict[str, Any]
) -> tuple[Graph, Witness]:
    """Trace a model with a witness. Nothing is left behind, as of ``introspect.trace``.

    Raises:
        TraceError: As ``introspect.trace``; and if there are no numbers to compare.
    """
    trouble.check_model(model)
    if lives_on_meta(model, (args, kwargs)):
        raise TraceError(
            "there is nothing to verify: tensors on meta have shapes and no numbers.",
            hint="introspect.trace(model, ...), which needs no numbers",
        )
    with no_collection(), lazy_again(model):
        return _run(Witness(model), model, args, kwargs)


def _run(
    witness: Witness, model: nn.Module, args: tuple[Any, ...], kwargs: dict[str, Any]
) -> tuple[Graph, Witness]:
    given = list(named_inputs(model, args, kwargs))
    inputs = [witness.add_input(*named) for named in given]
    for _, tensor in given:
        witness.behold(tensor)
    facts: dict[str, Any] = {"name": "", "inputs": list(dict.fromkeys(inputs))}
    kept = unchanged(model, [tensor for _, tensor in named_tensors((args, kwargs))])
    try:
        with kept, torch.no_grad(), eager(), witness:
            result = model(*args, **kwargs)
            leaves = list(named_tensors(result))
            outputs = [witness.behold(tensor) for _, tensor in leaves]
            with _unheard():  # before `unchanged` puts back what it returned
                witness.results = [copied(tensor) for _, tensor in leaves]
    except Exception as error:
        partial = assemble(witness, model, outputs=[], output_names=[], **facts)
        raise trouble.failed(error, witness, partial, args, kwargs) from error
    names = [name for name, _ in leaves]
    graph = assemble(witness, model, outputs=outputs, output_names=names, **facts)
    if not outputs:
        raise trouble.no_tensor(model, result, graph)
    return graph, witness
