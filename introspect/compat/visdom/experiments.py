"""Experiments of an environment, and events of a browser.

Not here: the record of an experiment (``introspect.compat.visdom.board``).
"""

# ruff: noqa: FBT001, FBT002  Visdom's signatures, kept by name and place

import json
import warnings
from collections.abc import Callable, Mapping
from typing import Any

from introspect.compat.ignored import tell_ignored
from introspect.compat.visdom.arguments import check
from introspect.compat.visdom.message import Sender, finite
from introspect.errors import IntrospectWarning


class Experiments(Sender):
    """Calls about parameters, metrics, events and the connection."""

    send: bool
    event_handlers: dict[tuple[str | None, str], list[Callable[..., Any]]]

    def experiment(
        self,
        name: str | None = None,
        params: Mapping[str, Any] | None = None,
        tags: Mapping[str, Any] | None = None,
        description: str | None = None,
        env: str | None = None,
    ) -> Any:
        """Tell what an environment is about; calls add up.

        Returns:
            The record: name, params, tags, metrics, status and times.

        Raises:
            VisdomError: If params or tags have no names, or the experiment has ended.
        """
        for key, value in (("params", params), ("tags", tags)):
            check(
                value is None or isinstance(value, dict),
                "experiment",
                f"{key} is a dict.",
                given=value,
            )
        about = {"name": name, "params": params, "tags": tags, "description": description}
        return self._experiment({"action": "log"} | about, env)

    def log_metrics(
        self, metrics: Mapping[str, Any], step: int | None = None, env: str | None = None
    ) -> Any:
        """Add numbers by name to the experiment of an environment.

        Raises:
            VisdomError: If they have no names, or the experiment has ended.
        """
        check(
            isinstance(metrics, dict) and metrics,
            "log_metrics",
            "metrics are numbers by name.",
            given=metrics,
            hint='{"loss": 0.5}',
        )
        plain = {key: finite(getattr(v, "tolist", lambda v=v: v)()) for key, v in metrics.items()}
        return self._experiment({"action": "metrics", "metrics": plain, "step": step}, env)

    def finish_experiment(self, status: str = "finished", env: str | None = None) -> Any:
        """Say that an experiment has ended: ``"finished"`` or ``"failed"``.

        Raises:
            VisdomError: If there is none, or it has ended before.
        """
        return self._experiment({"action": "finish", "status": status}, env)

    def _experiment(self, msg: dict[str, Any], env: str | None) -> Any:
        reply = self._send({"eid": env or self.env} | msg, "experiments/log", quiet=True)
        return json.loads(reply) if isinstance(reply, str) else reply

    # Connection and events --------------------------------------------------------------------

    def check_connection(self, timeout_seconds: float = 0) -> bool:
        """Whether windows can be shown: always, but for ``send=False``."""
        del timeout_seconds
        return self._has_connection()

    def _has_connection(self) -> bool:
        return self.send

    def setup_socket(self, polling: bool = False) -> None:
        """There is no socket."""
        del polling

    def setup_polling(self) -> None:
        """There is nothing to be polled."""

    def register_event_handler(
        self, handler: Callable[[dict[str, Any]], Any], target: str, env: str | None = None
    ) -> None:
        """Remember a handler; our page sends no events, which warns once.

        Raises:
            VisdomError: If it cannot be called.
        """
        check(
            callable(handler), "register_event_handler", "a handler is a function.", given=handler
        )
        tell_ignored("Visdom", "register_event_handler", reason="the page sends no events back")
        self.event_handlers.setdefault((env, target), []).append(handler)

    def clear_event_handlers(self, target: str, env: str | None = None) -> None:
        """Forget the handlers of a window."""
        self.event_handlers.pop((env, target), None)

    def _handle_incoming_message(self, raw_message: str | bytes) -> None:
        """Call the handlers of an event; one that fails warns and hides no other."""
        try:
            event = json.loads(raw_message)
        except (TypeError, ValueError):
            return
        target = event.get("target") if isinstance(event, dict) else None
        if target is None:
            return
        keys = dict.fromkeys([(event.get("eid"), target), (None, target)])
        for handler in [one for key in keys for one in self.event_handlers.get(key, ())]:
            try:
                handler(event)
            except Exception as fault:  # noqa: BLE001  a handler must not end a training
                warnings.warn(
                    f"a handler of {target} failed: {type(fault).__name__}: {fault}",
                    IntrospectWarning,
                    stacklevel=2,
                )
