"""Who is told when a module is called: one recorder a thread.

``nn.Module.__call__`` is replaced while any thread records, and put back when the last one
ends. Compared with torch's global forward hooks this costs 0.1 us a call in place of 2, sees
keyword arguments and exceptions, lies outside of the module's own hooks, and does not make
``torch.compile`` warn.
"""

import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager
from functools import partial
from typing import Any, Protocol

from torch import nn

from introspect.graph.capture.scripted import see_no_scripted, see_scripted


class CallListener(Protocol):
    """What a recorder must offer."""

    def enter_call(
        self, module: nn.Module, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> int | None:
        """A module is about to run; returns a ticket for `leave_call`, or None for nothing."""
        ...

    def leave_call(self, ticket: int, result: Any) -> None:
        """It returned `result`."""
        ...

    def fail_call(self, ticket: int, error: BaseException) -> None:
        """It raised."""
        ...


Copier = Callable[
    [int, Callable[[], Any], nn.Module, tuple[Any, ...], dict[str, Any]],
    Any,
]
"""Called in place of a module: ticket, the call itself, the module and its arguments. It runs
the call, or tells the listener of the result that the call would have had (``memo``)."""

_lock = threading.Lock()
_listeners: dict[int, CallListener] = {}
_copiers: dict[int, Copier] = {}
_original: Callable[..., Any] | None = None


@contextmanager
def copying(listener: CallListener, copier: Copier) -> Generator[None]:
    """Let `copier` decide which calls run, of those that `listener` is told of meanwhile."""
    _copiers[id(listener)] = copier
    try:
        yield
    finally:
        del _copiers[id(listener)]


@contextmanager
def listening(listener: CallListener) -> Generator[None]:
    """Tell `listener` of every module call of this thread meanwhile."""
    thread = threading.get_ident()
    outer = _listeners.get(thread)  # a model that traces another one inside its forward
    _install(thread, listener)
    try:
        yield
    finally:
        _remove(thread, outer)


def _install(thread: int, listener: CallListener) -> None:
    global _original  # noqa: PLW0603  there is one nn.Module in a process
    with _lock:
        _listeners[thread] = listener
        see_scripted(thread)
        if _original is None:
            _original = nn.Module.__call__
            nn.Module.__call__ = _told


def _remove(thread: int, outer: CallListener | None) -> None:
    global _original  # noqa: PLW0603  same
    with _lock:
        if outer is not None:
            _listeners[thread] = outer
        else:
            _listeners.pop(thread, None)
            see_no_scripted(thread)
        # if someone else wrapped it meanwhile, theirs stays, and ours below it does nothing
        if not _listeners and _original is not None and nn.Module.__call__ is _told:
            nn.Module.__call__ = _original  # ty: ignore[invalid-assignment]
            _original = None


def _told(self: nn.Module, *args: Any, **kwargs: Any) -> Any:
    call = _original or nn.Module._wrapped_call_impl
    listener = _listeners.get(threading.get_ident())
    ticket = None if listener is None else listener.enter_call(self, args, kwargs)
    if listener is None or ticket is None:
        return call(self, *args, **kwargs)
    if _copiers and id(listener) in _copiers:
        run = partial(_run, listener, ticket, partial(call, self, *args, **kwargs))
        return _copiers[id(listener)](ticket, run, self, args, kwargs)
    try:
        result = call(self, *args, **kwargs)
    except BaseException as error:
        listener.fail_call(ticket, error)
        raise
    listener.leave_call(ticket, result)
    return result


def _run(listener: CallListener, ticket: int, call: Callable[[], Any]) -> Any:
    try:
        result = call()
    except BaseException as error:
        listener.fail_call(ticket, error)
        raise
    listener.leave_call(ticket, result)
    return result
