"""Neptune's output of livelossplot 0.6.0: there is no account and no server here."""

from typing import Any

from introspect.compat.ignored import tell_ignored
from introspect.compat.livelossplot.main_logger import MainLogger
from introspect.compat.livelossplot.outputs.base_output import BaseOutput


class NeptuneLogger(BaseOutput):
    """Warns once; sends nothing.

    Args:
        api_token: Not heeded.
        project_qualified_name: Not heeded.
        **kwargs: Not heeded.
    """

    def __init__(
        self,
        api_token: str | None = None,
        project_qualified_name: str | None = None,
        **kwargs: Any,
    ) -> None:
        del api_token, project_qualified_name
        why = (
            "nothing is sent to Neptune; PlotLosses(history=History('runs/name')) keeps the values"
        )
        tell_ignored("NeptuneLogger", "api_token", "project_qualified_name", *kwargs, reason=why)

    def send(self, logger: MainLogger) -> None:
        """Send nothing."""
