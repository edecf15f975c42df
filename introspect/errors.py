"""Every error raised on purpose, and the one warning.

Each message has up to four lines, because a stack trace through someone else's library
rarely says what to do::

    TraceError: the model failed while introspect was watching it run.
      where  blocks.3.attn (MultiheadAttention)
      given  x: float32 (8, 3, 224, 224) on cpu
      cause  RuntimeError: mat1 and mat2 shapes cannot be multiplied
      try    trace(model, torch.zeros(8, 197, 512))

One class for each thing that a caller may want to catch. All derive from
`IntrospectError`, and from the builtin they resemble.

Not here: errors inside a training loop. There `History`, `Canvas` and `Watch` say what went
wrong in one `IntrospectWarning` and go on, since training must not die because of us.
"""


class IntrospectError(Exception):
    """The base of every error that introspect raises on purpose.

    Args:
        what: One sentence: what failed.
        where: The place in the user's model, call or file.
        given: What was received, with shapes.
        cause: The error underneath, if there is one.
        hint: What to try next (printed as ``try``).

    Example:
        >>> print(IntrospectError("no such metric.", given="'los'", hint="history['loss']"))
        no such metric.
          given  'los'
          try    history['loss']
    """

    def __init__(
        self,
        what: str,
        *,
        where: str | None = None,
        given: str | None = None,
        cause: BaseException | str | None = None,
        hint: str | None = None,
    ) -> None:
        if isinstance(cause, BaseException):
            cause = f"{type(cause).__name__}: {cause}".strip(": ")
        rows = {"where": where, "given": given, "cause": cause, "try": hint}
        lines = [f"  {word:<5}  {text}" for word, text in rows.items() if text]
        super().__init__("\n".join([what, *lines]))
        self.what = what


class TraceError(IntrospectError, RuntimeError):
    """A model could not be run or its run could not be followed.

    Attributes:
        graph: What had been recorded when it failed, or None.
    """

    graph: object = None


class FormatError(IntrospectError, ValueError):
    """A file suffix or format that introspect does not know, or cannot write."""


class HistoryError(IntrospectError, ValueError):
    """A key, step, value or run folder that a `History` cannot accept."""


class MetricNotFoundError(HistoryError, KeyError):
    """A key that was never logged."""

    __str__ = Exception.__str__  # KeyError would print the message in quotes on one line


class SaveError(FormatError, OSError):
    """A picture that is ready, and a path where no file can be written."""


class SegmentError(IntrospectError, OSError):
    """A run file that cannot be opened, read or written."""


class CanvasError(IntrospectError, ValueError):
    """A panel that cannot be drawn from what was given."""


class SketchError(IntrospectError, ValueError):
    """Values, or pairs of sketches, that cannot be counted together."""


class WatchError(IntrospectError, ValueError):
    """A model, history or option that `watch` cannot accept."""


class DataError(IntrospectError, OSError):
    """A data file that is missing or damaged."""


class DeviceError(IntrospectError, RuntimeError):
    """A device that is not there."""


class MissingExtraError(IntrospectError, ImportError):
    """An optional dependency that is not installed."""


class IntrospectWarning(UserWarning):
    """Something was lost or skipped, once, and the training went on."""
