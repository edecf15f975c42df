"""The Python stack at an op -> the user's line, and the function that its author named.

Cost: 2 us an op: a walk over a few frames, each file name looked up once.
"""

import sys
from pathlib import Path
from types import CodeType, FrameType

import torch

# Folders whose frames are not the user's. Keyed by file name below: hashing a code object
# costs 1.2 us, hashing its file name 0.2 us.
_LIBRARY_ROOTS = (str(Path(torch.__file__).parent), str(Path(__file__).parents[1]), "<")
_is_user_file: dict[str, bool] = {}
_FORWARDS = frozenset({"forward", "__call__", "_call_impl", "_wrapped_call_impl"})
_WRAPPERS = frozenset({"wrapper", "inner", "wrapped", "decorate_context"})


Place = tuple[str, tuple[str, int] | None, object]


def locate(expected: CodeType | None = None, depth: int = 3) -> Place:
    """The outermost plain function below ``forward``, the user's innermost line, and whose.

    Plain means neither a method (``_forward_impl`` is the model's own) nor a lambda or
    decorator: ``apply_rotary_pos_emb`` is a thing that its author gave a name.

    Args:
        expected: Code of the running module's forward.
        depth: Frames between this function and the torch function that was called.

    Returns:
        The function's name or ``""``; ``(file, line)`` or None; and where another forward than
        the expected one is running (``sub.forward(x)``), its ``self``, else None.
    """
    # inspect.stack() costs a hundred times as much
    frame: FrameType | None = sys._getframe(depth)
    function = ""
    source = owner = None
    while frame is not None:
        code = frame.f_code
        file = code.co_filename
        is_user = _is_user_file.get(file)
        if is_user is None:
            is_user = _is_user_file[file] = not file.startswith(_LIBRARY_ROOTS)
        if is_user and source is None:
            source = (file, frame.f_lineno)
        name = code.co_name
        if name in _FORWARDS:
            if name == "forward" and code is not expected and expected is not None:
                owner = frame.f_locals.get("self")
            break
        if is_user and not _is_method(code) and name not in _WRAPPERS and name[0] != "<":
            function = name
        frame = frame.f_back
    if source is None and frame is not None:  # a layer of torch: the line that called it
        source = _user_line(frame.f_back)
    return function, source, owner


def _is_method(code: CodeType) -> bool:
    return code.co_argcount > 0 and code.co_varnames[0] in {"self", "cls"}


def call_site(depth: int = 2) -> tuple[str, int] | None:
    """The user's innermost line.

    Args:
        depth: Frames to leave out.
    """
    return _user_line(sys._getframe(depth))


def _user_line(frame: FrameType | None) -> tuple[str, int] | None:
    while frame is not None:
        file = frame.f_code.co_filename
        is_user = _is_user_file.get(file)
        if is_user is None:
            is_user = _is_user_file[file] = not file.startswith(_LIBRARY_ROOTS)
        if is_user:
            return file, frame.f_lineno
        frame = frame.f_back
    return None
