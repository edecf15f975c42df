"""Repeated module calls -> run once, then copied: ``Tracer(memoize=True)``.

On fake tensors a block cannot depend on numbers. What it does follows from its attributes, from
what its tensors are like and which of them are the same, and from the Python objects that its
code can see. A block whose first run has changed none of these, and written no tensor
from outside, would do the same again wherever all of these are equal; so its rows are copied
(``memo_rows``) and its result is made anew (``memo_tensors``).

Equality is decided by ``memo_parts`` (the modules), ``memo_tensors`` (the arguments) and
``memo_sight`` (everything else in Python). Nothing is guessed: a block in doubt is run. And the
second of its kind is run in any case, and must write what the copy would; else the class is
never copied.

Cost: 0.3 ms for a copied decoder layer, a third of it to make sure; 15 ms for the first.

Not here: when a trace may be memoised (``introspect.graph.trace``).
"""

import sys
from collections import Counter
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn

from introspect.graph.capture.frames import call_site
from introspect.graph.capture.memo_parts import Anatomy, Block
from introspect.graph.capture.memo_result import Result, are_like, make_leaves, plan_of, rebuild
from introspect.graph.capture.memo_rows import CannotCopyError, Marks, Span, cut, paste
from introspect.graph.capture.memo_sight import Sight
from introspect.graph.capture.memo_spies import differing, spying
from introspect.graph.capture.memo_tensors import Arguments, describe, take_arguments
from introspect.graph.capture.memo_watch import (
    Watch,
    Watcher,
    canonical,
    is_unwritten,
    row_before,
    version_of,
)
from introspect.graph.capture.module_calls import copying
from introspect.graph.capture.recorder import Recorder
from introspect.graph.capture.rows import OpRow
from introspect.graph.capture.storage import storage_of

_MOST_FAILURES = 3
_MOST_ENTRIES = 8
_GLOBAL_HOOKS = (
    "_global_forward_hooks",
    "_global_forward_pre_hooks",
    "_global_backward_hooks",
    "_global_backward_pre_hooks",
)


@dataclass(slots=True, eq=False)
class Entry:
    """A block that has run, and what another one must be equal in to be a copy of it.

    Attributes:
        watch: How it was before it ran, and what it could see.
        seen: Tensors that it could see other than those given or its own.
        pattern: Which of its tensors are the same, have the same value, share memory.
        reads: Position of a module and name of an attribute that was read.
        site: The line that called it, if one of its ops names that line as its own.
        span: What it wrote.
        result: What it returned.
        is_confirmed: Whether a second block has run and written the same.
    """

    watch: Watch
    seen: list[torch.Tensor]
    pattern: Any
    reads: set[tuple[int, str]]
    site: Any
    span: Span
    result: Result
    is_confirmed: bool = False


class Memo:
    """Runs or copies the module calls of one recorder.

    Args:
        recorder: Of the run.
        model: Its blocks are compared.
        children: The ATen operators of each op, if they are recorded.

    Attributes:
        copied: Number of blocks that were copied.
        doubts: Why blocks were not: class name and reason.
    """

    def __init__(
        self,
        recorder: Recorder,
        model: nn.Module,
        children: dict[int, list[OpRow]] | None = None,
    ) -> None:
        self.copied = 0
        self.doubts: list[tuple[str, str]] = []
        self._recorder = recorder
        self._children = children
        self._spied = differing(model)
        self._anatomy = Anatomy(describe, self._spied)
        self._entries: dict[type, list[Entry]] = {}
        self._failures: dict[type, int] = {}
        self._watcher = Watcher()
        self._is_testing = False
        self._counts = Counter(map(type, model.modules()))

    @contextmanager
    def listening(self) -> Generator[None]:
        """Take part in every module call that the recorder is told of meanwhile."""
        hooks = any(getattr(nn.modules.module, name) for name in _GLOBAL_HOOKS)
        if hooks or sys.getprofile() is not None:  # strangers, or nothing to watch with
            yield
            return
        with spying(self._spied, self._watcher.read), copying(self._recorder, self.call):
            yield

    def call(
        self,
        ticket: int,
        run: Callable[[], Any],
        module: nn.Module,
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
    ) -> Any:
        """Run a module, or copy what it would do. See ``module_calls.Copier``."""
        if self._is_testing or not self._is_candidate(ticket, module):
            return run()
        recorder = self._recorder
        marks = Marks(len(recorder.ops), len(recorder.values), ticket)
        with self._watcher.deaf(), torch._C.DisableTorchFunction():
            arguments = take_arguments(args, kwargs)
            entry, block = self._find(module, arguments)
            if entry is not None and entry.is_confirmed and block is not None:
                copy = self._copy(entry, marks, block, arguments)
                if copy is not None:
                    recorder.leave_call(ticket, copy[0])
                    return copy[0]
        if entry is not None and block is not None:
            return self._test(entry, marks, block, arguments, run)
        return self._watch(marks, module, arguments, run)

    def _is_candidate(self, ticket: int, module: nn.Module) -> bool:
        kind = type(module)
        row = self._recorder.calls[ticket]
        if row.parent is None or self._failures.get(kind, 0) >= _MOST_FAILURES:
            return False
        if self._counts[kind] < 2 and not row.repetition:
            return False
        if isinstance(module, torch.jit.ScriptModule) or module._compiled_call_impl is not None:
            return False
        return bool(module._modules) or not kind.__module__.startswith("torch.")

    # ------------------------------------------------------------------------------ copies

    def _find(self, module: nn.Module, arguments: Arguments) -> tuple[Entry | None, Block | None]:
        """An entry that this call is alike in all that counts."""
        entries = self._entries.get(type(module))
        if not entries:
            return None, None
        site, state = call_site(2), torch_state()
        for entry in entries:
            watch = entry.watch
            if (
                (entry.site is not None and entry.site != site)
                or arguments.form != watch.arguments.form
                or state != watch.state
            ):
                continue
            block = self._anatomy.twin(watch.parts, module, entry.reads)
            if block is None or self._continues_a_direct_call(block):
                continue
            outside = [*arguments.tensors, *block.tensors, *entry.seen]
            rows = [row_before(self._recorder, tensor) for tensor in outside]
            if any(is_stale for _, is_stale in rows):
                continue
            if pattern_of(outside, [row for row, _ in rows]) != entry.pattern:
                continue
            if watch.sight.is_unchanged():
                return entry, block
        return None, None

    def _continues_a_direct_call(self, block: Block) -> bool:
        """Whether the first op might count to a ``forward`` that was called directly before."""
        ops = self._recorder.ops
        last = ops[-1][1] if ops else None
        if last is None:
            return False
        row = self._recorder.calls[last]
        return row.is_direct and any(row.module is module for module in block.modules)

    def _copy(
        self, entry: Entry, marks: Marks, block: Block, arguments: Arguments
    ) -> tuple[Any] | None:
        """Copy a call; None where its result cannot be made."""
        outside = [*arguments.tensors, *block.tensors, *entry.seen]
        leaves = make_leaves(entry.result, outside)
        if not are_like(leaves, entry.result):
            return None
        recorder = self._recorder
        tensors = recorder.tensors
        first = paste(entry.span, recorder, marks.call, outside, block.modules, self._children)
        for leaf, (kind, made) in zip(leaves, entry.result.leaves, strict=True):
            if kind == "made":
                tensors.refresh(leaf, first + made.row)
        self._tell(entry, block)
        self.copied += 1
        return (rebuild(leaves, entry.result),)

    def _tell(self, entry: Entry, block: Block) -> None:
        """The watch around has seen what the copied block would have seen."""
        reads = {(id(block.modules[position]), name) for position, name in entry.reads}
        self._watcher.add(entry.watch.sight, reads)

    def _test(
        self,
        entry: Entry,
        marks: Marks,
        block: Block,
        arguments: Arguments,
        run: Callable[[], Any],
    ) -> Any:
        """Run the second of its kind, and compare it with what the copy would have been."""
        recorder = self._recorder
        outside = [*arguments.tensors, *block.tensors, *entry.seen]
        with torch._C.DisableTorchFunction():
            before = [(tensor, row_before(recorder, tensor)[0]) for tensor in outside]
        self._is_testing = True
        try:
            returned = run()
        finally:
            self._is_testing = False
        with torch._C.DisableTorchFunction():
            try:
                span = cut(recorder, marks, before, block.modules, self._children)
                plan = plan_of(returned, recorder, marks, before, arguments, entry.watch.sight)
                entry.is_confirmed = span == entry.span and plan.leaves == entry.result.leaves
            except (CannotCopyError, TypeError) as error:
                self.doubts.append((type(block.modules[0]).__name__, str(error)))
        if not entry.is_confirmed:
            kind = type(block.modules[0])
            self.doubts.append((kind.__name__, "the second of its kind did something else"))
            self._failures[kind] = _MOST_FAILURES
            self._entries.pop(kind, None)
        return returned

    # ---------------------------------------------------------------------------- first runs

    def _watch(
        self, marks: Marks, module: nn.Module, arguments: Arguments, run: Callable[[], Any]
    ) -> Any:
        """Run a block and keep what it did, if that could be repeated."""
        kind, recorder = type(module), self._recorder
        site = call_site(2)
        with self._watcher.deaf(), torch._C.DisableTorchFunction():
            sight = Sight()
            parts, block, doubt = self._anatomy.take(module, sight)
            sight.look(arguments.objects)
            for container in arguments.containers:
                sight.note(container)
            given = [*arguments.tensors, *block.tensors]
            befores = [(tensor, *row_before(recorder, tensor)) for tensor in given]
            watch = Watch(
                parts,
                block,
                arguments,
                marks,
                [(tensor, row) for tensor, row, _ in befores],
                [version_of(tensor) for tensor in given],
                torch_state(),
                sight,
            )
            doubt = doubt or ("a tensor is out of date" if any(b[2] for b in befores) else "")
        with self._watcher.watching(watch):
            returned = run()
        with self._watcher.deaf(), torch._C.DisableTorchFunction():
            doubt = doubt or self._keep(watch, site, returned)
        if doubt:
            self.doubts.append((kind.__name__, doubt))
            self._failures[kind] = self._failures.get(kind, 0) + 1
        return returned

    def _keep(self, watch: Watch, site: Any, returned: Any) -> str:
        """Make an entry of a block that has run; returns why not, if so."""
        recorder, marks, sight = self._recorder, watch.marks, watch.sight
        if sight.doubt:
            return sight.doubt
        if watch.has_changed_itself() or not sight.is_unchanged():
            return "it changes Python objects"
        if not is_unwritten(recorder, watch):
            return "it writes a tensor that it was given or owns"
        if torch_state() != watch.state:
            return "it changes a switch of torch"
        positions = {id(module): k for k, module in enumerate(watch.block.modules)}
        if any(module not in positions for module, _ in watch.reads):
            return "it reads an attribute of another module"
        known = {id(tensor) for tensor, _ in watch.outside}
        seen = [tensor for tensor, _ in sight.tensors.values() if id(tensor) not in known]
        for tensor in seen:
            row, is_stale = row_before(recorder, tensor)
            if is_stale:
                return "a tensor is out of date"
            watch.outside.append((tensor, row if row is None or row < marks.values else None))
        try:
            span = cut(recorder, marks, watch.outside, watch.block.modules, self._children)
            plan = plan_of(returned, recorder, marks, watch.outside, watch.arguments, sight)
        except (CannotCopyError, TypeError) as error:
            return str(error)
        pattern = pattern_of(
            [tensor for tensor, _ in watch.outside], [row for _, row in watch.outside]
        )
        reads = {(positions[module], name) for module, name in watch.reads}
        has_site = any(op[7] == site for op in span.ops)
        entry = Entry(watch, seen, pattern, reads, site if has_site else None, span, plan)
        entries = self._entries.setdefault(type(watch.block.modules[0]), [])
        entries.append(entry)
        del entries[:-_MOST_ENTRIES]
        return ""


def pattern_of(outside: Sequence[torch.Tensor], rows: Sequence[int | None]) -> Any:
    """Which tensors are the same object, are the same value, share memory, and are known."""
    return (
        canonical([id(tensor) for tensor in outside]),
        canonical(
            [id(t) if row is None else -1 - row for t, row in zip(outside, rows, strict=True)]
        ),
        canonical([storage_of(tensor) for tensor in outside]),
        [row is None for row in rows],
    )


def torch_state() -> tuple[Any, ...]:
    """The switches of torch that change what the same code does."""
    return (
        torch.is_grad_enabled(),
        torch.is_inference_mode_enabled(),
        torch.is_autocast_enabled("cpu"),
        torch.is_autocast_enabled("cuda"),
        torch.get_autocast_dtype("cpu"),
        torch.get_autocast_dtype("cuda"),
        torch.get_default_dtype(),
        torch.are_deterministic_algorithms_enabled(),
        torch.backends.mha.get_fastpath_enabled(),
        torch._C._len_torch_function_stack(),
        torch._C._len_torch_dispatch_stack(),
        torch._C._get_flash_sdp_enabled(),
        torch._C._get_mem_efficient_sdp_enabled(),
        torch._C._get_math_sdp_enabled(),
    )
