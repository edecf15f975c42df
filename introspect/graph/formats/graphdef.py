"""Graph -> TensorBoard's graph tab: GraphDef with scopes and shapes, RunMetadata with times.

TensorBoard folds by the slashes in names, so a node is called by the path of its module. Its
"Profile" tab opens where the trace has times (``Tracer(times=True)``): choose the tag ``trace``.

Format: ``tensorflow.GraphDef`` and ``RunMetadata`` in ``Event`` records, through the protos that
the package tensorboard ships; TensorFlow is not needed. Two things that TensorBoard's page takes
for granted: a device written in full, and a shape in every tensor description, without which
times read "NaN".

Cost: 60 us an op, and 70 ms a megabyte for the checksums.

Not here: names and scopes (``scopes``), the framing of the file (``event_file``).
"""

import os
import re
import socket
import time
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

from introspect.errors import FormatError, MissingExtraError
from introspect.graph.cost.memory import size_bytes
from introspect.graph.formats.event_file import framed
from introspect.graph.formats.scopes import ScopedGraph, ScopedNode, scoped
from introspect.nouns.graph import Graph

TAG = "trace"
"""The tag of the times in TensorBoard."""

_UNFIT = re.compile(r"[^A-Za-z0-9_.\-]")
_DEVICE = "/job:localhost/replica:0/task:0/device:"
_DTYPES = {
    "float32": 1,
    "float64": 2,
    "int32": 3,
    "uint8": 4,
    "int16": 5,
    "int8": 6,
    "complex64": 8,
    "int64": 9,
    "bool": 10,
    "bfloat16": 14,
    "uint16": 17,
    "complex128": 18,
    "float16": 19,
    "uint32": 22,
    "uint64": 23,
    "float8_e5m2": 24,
    "float8_e4m3fn": 25,
}
_OPS = {"input": "Placeholder", "parameter": "Parameter", "buffer": "Buffer", "constant": "Const"}


def to_tensorboard(graph: Graph, logdir: str | os.PathLike[str]) -> Path:
    """Write an event file that TensorBoard's graph tab shows.

    Args:
        graph: As traced.
        logdir: The folder to pass to ``tensorboard --logdir``; made if missing.

    Returns:
        The file that was written.

    Raises:
        MissingExtraError: If the package tensorboard is not installed.
        FormatError: If there is nothing to show, or the folder is a file.
    """
    events = list(event_records(graph))
    folder = Path(logdir)
    if folder.exists() and not folder.is_dir():
        raise FormatError(
            "TensorBoard reads folders.", given=f"the file {folder}", hint="a folder: 'runs/model'"
        )
    folder.mkdir(parents=True, exist_ok=True)
    place = f"{int(time.time()):010d}.{socket.gethostname()}.{os.getpid()}"
    path = folder / f"events.out.tfevents.{place}.{time.perf_counter_ns()}.graph"
    partial = path.with_name(f".{path.name}.part")
    try:
        partial.write_bytes(b"".join(map(framed, events)))
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)
    return path


def event_records(graph: Graph) -> Iterator[bytes]:
    """The records of the file: version, graph, and times where there are some."""
    event = _proto("event_pb2")
    now = time.time()
    yield event.Event(wall_time=now, file_version="brain.Event:2").SerializeToString()
    named = scoped(graph, clean=_clean)
    if not named.nodes:
        raise FormatError("this graph has neither operations nor modules to show.")
    yield event.Event(
        wall_time=now, graph_def=graph_def(named).SerializeToString()
    ).SerializeToString()
    if any(op.elapsed_s is not None for op in graph.ops):
        times = event.TaggedRunMetadata(
            tag=TAG, run_metadata=run_metadata(named).SerializeToString()
        )
        yield event.Event(wall_time=now, step=0, tagged_run_metadata=times).SerializeToString()


def graph_def(named: ScopedGraph) -> Any:
    """The ``GraphDef`` of named nodes; every input of a node names a node."""
    proto = _proto("graph_pb2").GraphDef()
    proto.versions.producer = 22
    for node in named.nodes:
        row = proto.node.add()
        row.name, row.device = node.name, _device(node)
        row.op = _OPS.get(node.kind) or _UNFIT.sub("_", node.word)
        row.input.extend(source if slot == 0 else f"{source}:{slot}" for source, slot in node.reads)
        shapes = row.attr["_output_shapes"].list
        for shape, _ in node.shapes:
            _fill(shapes.shape.add(), shape)
        if node.shapes:
            row.attr["dtype"].type = _DTYPES.get(node.shapes[0][1], 0)
        for name, text in (node.attributes or {}).items():
            row.attr[name].s = text.encode("utf-8", "replace")
    return proto


def run_metadata(named: ScopedGraph) -> Any:
    """The ``RunMetadata`` of the ops that were timed: one after the other, in microseconds."""
    proto = _proto("config_pb2").RunMetadata()
    devices: dict[str, Any] = {}
    now_us = 0
    for node in named.nodes:
        op = node.op
        if op is None or op.elapsed_s is None:
            continue
        device = _device(node)
        if device not in devices:
            devices[device] = proto.step_stats.dev_stats.add(device=device)
        took_us = max(1, round(op.elapsed_s * 1e6))
        row = devices[device].node_stats.add(
            node_name=node.name,
            all_start_micros=now_us,
            op_end_rel_micros=took_us,
            all_end_rel_micros=took_us,
        )
        now_us += took_us
        made_bytes = 0
        for slot, value in enumerate(value for value in op.outputs if value.producer is op):
            output = row.output.add(slot=slot)
            output.tensor_description.dtype = _DTYPES.get(value.dtype, 0)
            _fill(output.tensor_description.shape, value.shape)
            made_bytes += size_bytes(value)
        row.memory.add(allocator_name=device.rpartition(":")[2] or "cpu", total_bytes=made_bytes)
    return proto


def _fill(proto: Any, shape: tuple[int, ...] | None) -> None:
    if shape is None:
        proto.unknown_rank = True
        return
    for size in shape:
        proto.dim.add(size=size)


def _device(node: ScopedNode) -> str:
    """The device of the first result, written in full."""
    values = node.op.outputs if node.op else ()
    kind, _, index = (values[0].device if values else "cpu").partition(":")
    return f"{_DEVICE}{kind.upper()}:{index or 0}"


def _clean(part: str) -> str:
    """One part of a name, in the letters that TensorFlow allows."""
    part = _UNFIT.sub("_", part)
    return part if part[:1].isalnum() or not part else f"x{part}"


def _proto(module: str) -> Any:
    try:
        return import_module(f"tensorboard.compat.proto.{module}")
    except ImportError as error:
        raise MissingExtraError(
            "writing for TensorBoard needs the package tensorboard.",
            cause=error,
            hint="pip install 'torch-introspect[tensorboard]'",
        ) from error
