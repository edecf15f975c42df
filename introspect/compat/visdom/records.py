"""The record of an experiment: names, parameters, tags, metrics and how it ended.

Not here: where it is kept (``introspect.compat.visdom.board``).
"""

import time
from collections.abc import Mapping
from typing import Any

from introspect.compat.visdom.arguments import VisdomError
from introspect.compat.visdom.message import finite


def no_experiment(env: str) -> dict[str, Any]:
    """The record of one that has just begun."""
    record: dict[str, Any] = dict.fromkeys(("description", "finished_at"))
    record |= {"env_id": env, "name": env, "description": "", "status": "running"}
    return record | {"created_at": time.time(), "params": [], "metrics": [], "tags": []}


def told(record: dict[str, Any], message: Mapping[str, Any]) -> dict[str, Any]:
    """The record of an experiment after one more message."""
    record = dict(record)
    if message["action"] == "finish":
        if message["status"] not in {"finished", "failed"}:
            raise VisdomError("an experiment ends finished or failed.", given=message["status"])
        return record | {"status": message["status"], "finished_at": time.time()}
    if message["action"] == "metrics":
        new = [
            {
                "key": key,
                "value": finite(value),
                "step": message.get("step"),
                "timestamp": time.time(),
            }
            for key, value in message["metrics"].items()
        ]
        return record | {"metrics": [*record["metrics"], *new]}
    for name in ("name", "description"):
        record[name] = record[name] if message.get(name) is None else message[name]
    for kind in ("params", "tags"):
        kept = {entry["key"]: entry for entry in record[kind]}
        for key, value in (message.get(kind) or {}).items():
            kept[key] = {"key": key, "value": finite(value)}
            if kind == "params":
                known = {bool: "bool", int: "int", float: "float"}
                kept[key]["dtype"] = known.get(type(value), "str")
        record[kind] = list(kept.values())
    return record
