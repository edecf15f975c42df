"""``introspect runs DIR``: a table of the runs in a folder, once or live.

A terminal gets a picture; a pipe gets a line a run, with tabs between the columns, all digits
and times in ISO 8601, or JSON.

Not here: the table (``introspect.history.many``).
"""

import fnmatch
import json
import sys
import time
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from introspect.history.many import RunRow, Runs

_WHERE = (
    "lr=0.1, loss<0.5, state!=running: a hyper-parameter or column. May be given several times."
)
_SORT = "name, started, duration, state, step, config.lr, a metric, or loss.min, loss.max."
_METRICS = "Keys with commas between them; may have * and ?."


def runs(  # noqa: PLR0913, PLR0917  a command's options are its arguments
    folder: Annotated[
        str, typer.Argument(metavar="DIR", help="A folder of runs, or its URL.")
    ] = "runs",
    follow: Annotated[  # noqa: FBT002  a flag
        bool, typer.Option("--follow", "-f", help="Go on showing what changes, until Ctrl-C.")
    ] = False,
    sort: Annotated[str, typer.Option(help=_SORT)] = "name",
    descending: Annotated[  # noqa: FBT002  a flag
        bool, typer.Option("--descending", "-d", help="Largest first.")
    ] = False,
    where: Annotated[list[str] | None, typer.Option("--where", "-w", help=_WHERE)] = None,
    pattern: Annotated[list[str] | None, typer.Option("--name", help="Names with * and ?.")] = None,
    metrics: Annotated[str | None, typer.Option(help=_METRICS)] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Everything, as JSON.")] = False,  # noqa: FBT002  a flag
    every: Annotated[float, typer.Option(min=0.05, help="Seconds between looks.")] = 1.0,
) -> None:
    """List the runs in a folder: state, hyper-parameters that differ, last and best values."""
    from introspect.history.many.collecting import Collector  # noqa: PLC0415  --help need not load it

    collector = Collector(folder, pattern=pattern)

    def table() -> "Runs":
        found = collector.table()
        for condition in where or ():
            found = found.where(condition)
        return found.sorted(sort, descending=descending)

    wanted = None if metrics is None else metrics.split(",")
    if not follow:
        _show(table(), wanted, as_json=as_json)
    elif sys.stdout.isatty() and not as_json:
        _follow_in_terminal(table, wanted, every)
    else:
        _follow_in_pipe(table, wanted, every, as_json=as_json)


def _show(found: "Runs", wanted: list[str] | None, *, as_json: bool) -> None:
    keys = _chosen(found, wanted)
    if as_json:
        _write(
            json.dumps([_plain(run, None if wanted is None else keys) for run in found], indent=1)
        )
    elif sys.stdout.isatty():
        from rich.console import Console  # noqa: PLC0415  30 ms that a pipe need not pay

        from introspect.history.many.picture import as_rich  # noqa: PLC0415  same

        console = Console()
        console.print(as_rich(found, metrics=keys, width=console.width))
    else:
        columns = _columns(found, keys)
        _write("\t".join(columns))
        for run in found:
            _write(_line(run, columns))


def _follow_in_terminal(table: Any, wanted: list[str] | None, every_s: float) -> None:
    from rich.live import Live  # noqa: PLC0415  same

    from introspect.history.many.picture import as_rich  # noqa: PLC0415  same

    with Live(refresh_per_second=4, vertical_overflow="ellipsis") as live:
        while True:
            found = table()
            keys, width = _chosen(found, wanted), live.console.width
            live.update(as_rich(found, metrics=keys, width=width), refresh=True)
            time.sleep(every_s)


def _follow_in_pipe(table: Any, wanted: list[str] | None, every_s: float, *, as_json: bool) -> None:
    """A line for each run that changed; the columns are those of the first look."""
    columns: dict[str, str] = {}
    said: dict[str, str] = {}
    while True:
        found = table()
        keys = _chosen(found, wanted)
        if not columns and len(found) and not as_json:
            columns = _columns(found, keys)
            _write("\t".join(columns))
        for run in found:
            line = json.dumps(_plain(run, keys)) if as_json else _line(run, columns)
            if said.get(run.name) != line:
                said[run.name] = line
                _write(line)
        sys.stdout.flush()
        time.sleep(every_s)


def _chosen(found: "Runs", wanted: list[str] | None) -> list[str]:
    """The keys to show; a name that no run has stays, for a live run may get it."""
    from introspect.history.many.words import chosen_metrics  # noqa: PLC0415  --help need not load it

    if wanted is None:
        return chosen_metrics(found)
    known = found.metric_keys
    keys: list[str] = []
    for each in wanted:
        keys += fnmatch.filter(known, each) or ([] if "*" in each or "?" in each else [each])
    return list(dict.fromkeys(keys))


def _columns(found: "Runs", keys: list[str]) -> dict[str, str]:
    """Head to column of each cell."""
    from introspect.history.many.row import goal_of  # noqa: PLC0415  --help need not load it

    plain = ["name", "state", "started", "duration", "step"]
    plain += [f"config.{name}" for name in found.config_keys()]
    columns = {name: name for name in plain}
    for key in keys:
        head = key if key not in columns else f"{key}.last"
        columns[head] = f"{key}.last"
        if goal_of(key):
            columns[f"{key}.{goal_of(key)}"] = f"{key}.best"
    return columns | {"problem": "problem"}


def _line(run: "RunRow", columns: dict[str, str]) -> str:
    from introspect.history.many.words import row_value_text  # noqa: PLC0415  --help need not load it

    return "\t".join(row_value_text(run, column) for column in columns.values())


def _plain(run: "RunRow", keys: list[str] | None) -> dict[str, Any]:
    """A run as JSON; NaN and infinities as texts."""
    from introspect.history.formats.json import plain  # noqa: PLC0415  --help need not load it
    from introspect.history.many.glance import KeySummary  # noqa: PLC0415  same

    started, changed = run.started, run.changed
    metrics = {
        key: {name: getattr(summary, name) for name in KeySummary.__slots__}
        for key, summary in run.metrics.items()
        if keys is None or key in keys
    }
    return plain({
        "name": run.name,
        "path": str(run.path),
        "state": run.state,
        "started": started and started.isoformat(),
        "changed": changed and changed.isoformat(),
        "duration_s": run.duration_s,
        "step": run.step,
        "attempts": run.glance.attempt_count,
        "size_bytes": run.glance.size_bytes,
        "config": dict(run.config),
        "tags": run.tags,
        "metrics": metrics,
        "problem": run.problem,
    })  # fmt: skip


def _write(line: str) -> None:
    typer.echo(line.encode("utf-8", "backslashreplace").decode())
