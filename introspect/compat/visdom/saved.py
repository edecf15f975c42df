"""An environment to files: Visdom's JSON, and a page that stands by itself.

Not here: a run of what the windows were told (``introspect.compat.visdom.kept``).
"""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from introspect.canvas.files import put
from introspect.canvas.html import page
from introspect.compat.visdom.board import Board
from introspect.compat.visdom.message import finite
from introspect.nouns.panels import Panel


def save_env(board: Board, env: str, folder: Path, panels: Sequence[Panel]) -> None:
    """Write ``<env>.json`` and, if there is a window, ``<env>.html``.

    Raises:
        SaveError: If a file cannot be written.
    """
    with board.lock:
        known = board.envs[env]
        panes: dict[str, Any] = {name: w.pane for name, w in known.windows.items()}
        state: dict[str, Any] = {"jsons": panes, "reload": {}}
        if known.experiment is not None:
            state["experiment"] = known.experiment
        text = json.dumps(finite(state))
    put(folder / f"{env}.json", text.encode())
    if panels:
        put(folder / f"{env}.html", page(panels, title=env).encode())
