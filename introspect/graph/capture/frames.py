"""The Python stack at an op -> the user's line, and the function that its author named.

Cost: 0.6 us for an op in the forward of a module, about 1 us elsewhere. What can be known of a
code object is worked out when it is first met.
"""

import sys
from pathlib import Path
from types import CodeType, FrameType

import torch

# Folders whose frames are not the user's.
_LIBRARY_ROOTS = (str(Path(torch.__file__).parent), str(Path(__file__).parents[1]), "<")
_is_user_file: dict[str, bool] = {}
_FORWARDS = frozenset({"forward", "__call__", "_call_impl", "_wrapped_call_impl"})
_WRAPPERS = frozenset({"wrapper", "inner", "wrapped", "decorate_context"})
# What torch makes when it is first asked for in a process, and keeps: no part of any model.
_MADE_ONCE = frozenset({"_nt_view_dummy"})

Source = tuple[str, int]
Place = tuple[str, Source | None, object]
CodeFacts = tuple[CodeType, bool, bool, str, dict[int, Source]]
"""The code itself, whether it is the user's, whether it is a forward, the name that its author
gave it if a picture may show it, and the lines that were looked up, by instruction."""


Forward = tuple[CodeType | None, dict[int, Source] | None, bool]
"""The code of a class's forward, its lines by instruction, and whether it is the user's."""


class Locator:
    """Where ops were called from, for the time of one run.

    Attributes:
        codes: id of a code object -> what is known of it. Hashing the object itself costs
            1.2 us; its entry keeps it alive, so that its id stays its own.
        has_made_once: Whether a function was met that fills a cache of torch's own.
    """

    __slots__ = ("codes", "has_made_once")

    def __init__(self) -> None:
        self.codes: dict[int, CodeFacts] = {}
        self.has_made_once = False

    def locate(self, start: FrameType, expected: CodeType | None = None) -> Place:
        """The outermost plain function below ``forward``, the user's innermost line, and whose.

        Plain means neither a method (``_forward_impl`` is the model's own) nor a lambda or
        decorator: ``apply_rotary_pos_emb`` is a thing that its author gave a name.

        Args:
            start: The frame that called the torch function.
            expected: Code of the running module's forward.

        Returns:
            The function's name or ``""``; ``(file, line)`` or None; and where another forward
            than the expected one is running (``sub.forward(x)``), its ``self``, else None.
        """
        # inspect.stack() costs a hundred times as much
        codes = self.codes
        frame: FrameType | None = start
        function = ""
        source = owner = None
        while frame is not None:
            code = frame.f_code
            facts = codes.get(id(code))
            _, is_user, is_forward, name, lines = facts or self.learn(code)
            if is_user and source is None:
                at = frame.f_lasti
                source = lines.get(at)
                if source is None:
                    source = lines[at] = (code.co_filename, frame.f_lineno)
            if is_forward:
                if code is not expected and expected is not None and code.co_name == "forward":
                    owner = frame.f_locals.get("self")
                break
            if name:
                function = name
            frame = frame.f_back
        if source is None and frame is not None:  # a layer of torch: the line that called it
            source = self.user_line(frame.f_back)
        return function, source, owner

    def user_line(self, frame: FrameType | None) -> Source | None:
        """The innermost line of the user's at a frame or outside of it."""
        codes = self.codes
        while frame is not None:
            code = frame.f_code
            facts = codes.get(id(code)) or self.learn(code)
            if facts[1]:
                at = frame.f_lasti
                source = facts[4].get(at)
                if source is None:
                    source = facts[4][at] = (code.co_filename, frame.f_lineno)
                return source
            frame = frame.f_back
        return None

    def is_made_once(self, frame: FrameType | None) -> bool:
        """Whether a cache of torch's own is being filled; the next run will not do so."""
        while frame is not None:
            if frame.f_code.co_name in _MADE_ONCE:
                return not _is_users(frame.f_code.co_filename)
            frame = frame.f_back
        return False

    def forward_of(self, kind: type) -> Forward:
        """The forward of a module class, below its decorators.

        No code where it is no plain function; no lines where its code has another name, since
        the stack is followed up to a forward.
        """
        function = getattr(kind, "forward", None)
        while (below := getattr(function, "__wrapped__", None)) is not None:
            function = below
        code = getattr(function, "__code__", None)
        if code is None:
            return None, None, False
        _, is_user, is_forward, _, lines = self.codes.get(id(code)) or self.learn(code)
        if not is_forward:
            return code, None, is_user
        return code, lines, is_user

    def learn(self, code: CodeType) -> CodeFacts:
        """What there is to know of a code object that was never met."""
        name, is_user = code.co_name, _is_users(code.co_filename)
        is_forward = name in _FORWARDS
        self.has_made_once |= name in _MADE_ONCE
        is_plain = is_user and not is_forward and not _is_method(code)
        shown = name if is_plain and name not in _WRAPPERS and name[0] != "<" else ""
        facts = self.codes[id(code)] = (code, is_user, is_forward, shown, {})
        return facts


def _is_users(file: str) -> bool:
    is_user = _is_user_file.get(file)
    if is_user is None:
        is_user = _is_user_file[file] = not file.startswith(_LIBRARY_ROOTS)
    return is_user


def _is_method(code: CodeType) -> bool:
    return code.co_argcount > 0 and code.co_varnames[0] in {"self", "cls"}


def call_site(depth: int = 2) -> Source | None:
    """The user's innermost line.

    Args:
        depth: Frames to leave out.
    """
    frame: FrameType | None = sys._getframe(depth)
    while frame is not None:
        if _is_users(frame.f_code.co_filename):
            return frame.f_code.co_filename, frame.f_lineno
        frame = frame.f_back
    return None
