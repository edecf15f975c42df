"""TensorBoard event files, both ways.

==============  ==================================================================
`sink`          EventSink: a history, live, into event files
`exporting`     export_events: a run that is finished
`reading`       read_events: every value in event files of any writer
`importing`     import_events: event files to runs
`rows`          rows of numbers to events, many at once;  `columns`: the way back
`showing`       values to what TensorBoard's tabs show;   `decoding`: the way back
`tensors`       tensors of all kinds to arrays
`projector`     embeddings to the projector's files
`numbering`     (epoch, step) to the numbers that TensorBoard shows
`file`          an event file that grows;                 `records`: the way back
`messages`      TensorBoard's protos, field by field
`proto`         protocol buffers and frames;              `checksum`: CRC-32C
==============  ==================================================================

No protobuf library is needed. docs/formats/events.md says what becomes what.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from introspect.history.formats.events.exporting import export_events as export_events
    from introspect.history.formats.events.importing import import_events as import_events
    from introspect.history.formats.events.reading import read_events as read_events
    from introspect.history.formats.events.sink import EventSink as EventSink

_HOMES = {
    "EventSink": "sink",
    "export_events": "exporting",
    "import_events": "importing",
    "read_events": "reading",
}

__all__ = list(_HOMES)


def __getattr__(name: str) -> Any:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{home}"), name)
