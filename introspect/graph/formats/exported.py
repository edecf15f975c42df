"""An exported ``.pt2`` file -> Graph, from its model JSON alone.

A ``.pt2`` is a zip archive. Its weights, its sample inputs (a pickle) and whatever else lies in
it stay unread: one member is opened, ``models/<name>.json`` (torch 2.8 and later) or
``serialized_exported_program.json`` (before), and nothing in it is ever executed. No torch.

Format: ``torch/_export/serde/schema.py``, schema versions 5 to 8 (torch 2.4 to 2.15).

Cost: 20 us an op, and the parsing of the JSON.

Not here: what its nodes mean (``exported_nodes``).
"""

import json
import os
import re
import zipfile
from pathlib import Path

from introspect.errors import FormatError
from introspect.graph.formats.exported_nodes import graph_of
from introspect.nouns.graph import Graph

NEWEST_SCHEMA = 8
MOST_BYTES = 512 * 2**20
MOST_TIMES_SMALLER = 300
"""What a text of JSON may shrink to when compressed; more is a trap for readers."""

_MODEL = re.compile(r"(?:[^/]+/)?models/([^/]+)\.json|(?:[^/]+/)?serialized_exported_program\.json")


def load_exported(path: str | os.PathLike[str]) -> Graph:
    """The graph of a file that ``torch.export.save`` wrote.

    Args:
        path: Ends in ``.pt2`` as a rule.

    Returns:
        A graph of ATen operators named as torch's functions are, with the modules that they ran
        in. Sizes that the export left open have the value that it was made with.

    Raises:
        FormatError: If the file is no such archive, or damaged, too large or too new; says which.
        FileNotFoundError: If there is no such file.
    """
    target = Path(path)
    name, content = _model_json(target)
    try:
        document = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise _damaged(target, name, error) from error
    if not isinstance(document, dict):
        raise _damaged(target, name, f"{type(document).__name__} instead of an object")
    schema = document.get("schema_version")
    major = schema.get("major") if isinstance(schema, dict) else None
    if isinstance(major, int) and major > NEWEST_SCHEMA:
        raise FormatError(
            "this model was exported by a later torch than introspect knows.",
            where=str(target),
            given=f"schema {major}, torch {str(document.get('torch_version'))[:40]}",
            hint="a newer introspect, or export it again with torch 2.15",
        )
    try:
        return graph_of(document, fallback=target.stem)
    except (KeyError, TypeError, ValueError, IndexError, AttributeError, RecursionError) as error:
        raise _damaged(target, name, error) from error


def _model_json(path: Path) -> tuple[str, bytes]:
    """Name and content of the one member that is read."""
    try:
        with zipfile.ZipFile(path) as archive:
            members = [m for m in archive.infolist() if _MODEL.fullmatch(m.filename)]
            if not members:
                raise _no_model(path, archive.namelist())
            # of several models the one that torch calls so by default
            first = min(members, key=lambda m: not m.filename.endswith("models/model.json"))
            return first.filename, _content(path, archive, first)
    except (zipfile.BadZipFile, zipfile.LargeZipFile, NotImplementedError, EOFError) as error:
        raise FormatError(
            "this file is no exported model, or damaged: it cannot be read as a zip archive.",
            where=str(path),
            cause=error,
            hint="a file written by torch.export.save(torch.export.export(model, args), 'm.pt2')",
        ) from error


def _content(path: Path, archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> bytes:
    import zlib  # noqa: PLC0415  its error alone

    shrunk = member.compress_size * MOST_TIMES_SMALLER + 4096
    if member.file_size > min(MOST_BYTES, shrunk):
        raise _too_large(path, member)
    try:
        with archive.open(member) as stream:
            content = stream.read(member.file_size + 1)
    except (zlib.error, RuntimeError) as error:  # RuntimeError: encrypted
        raise _damaged(path, member.filename, error) from error
    if len(content) > member.file_size:
        raise _too_large(path, member)
    return content


def _too_large(path: Path, member: zipfile.ZipInfo) -> FormatError:
    return FormatError(
        "the model in this file is too large to be read.",
        where=f"{path}: {member.filename}",
        given=f"{member.file_size:,} bytes, {member.compress_size:,} of them compressed",
        hint=f"at most {MOST_BYTES:,} bytes, and at most {MOST_TIMES_SMALLER} times the compressed",
    )


def _no_model(path: Path, names: list[str]) -> FormatError:
    if any(name.endswith(("data.pkl", "constants.pkl")) for name in names):
        cause = "it holds pickled objects: torch.save or TorchScript wrote it"
    elif any("aotinductor" in name for name in names):
        cause = "it holds compiled code alone (an AOTInductor package)"
    else:
        cause = f"no models/*.json among its {len(names)} members"
    return FormatError(
        "there is no exported model in this file.",
        where=str(path),
        cause=cause,
        hint="torch.export.save(torch.export.export(model, args), 'm.pt2'), or file.py:factory",
    )


def _damaged(path: Path, name: str, cause: Exception | str) -> FormatError:
    return FormatError(
        "the exported model in this file is damaged.",
        where=f"{path}: {name}",
        cause=cause,
        hint="export it again: torch.export.save(torch.export.export(model, args), 'm.pt2')",
    )
