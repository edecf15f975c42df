"""The least, the greatest and the newest value of each metric, as text.

In a notebook, beside a picture, the text is one output that is rewritten, as livelossplot's is by
clearing the cell; everywhere else it is printed.

Cost: O(n) of all values. Not here: which values (``main_logger``).
"""

from typing import Any

from introspect.compat.livelossplot.main_logger import MainLogger
from introspect.compat.livelossplot.mirror import Items, is_number
from introspect.compat.livelossplot.outputs.base_output import BaseOutput, OutputMode
from introspect.compat.livelossplot.outputs.cell import CellOutput
from introspect.errors import FormatError


class ExtremaPrinter(BaseOutput):
    """Prints a line for each metric, under the name of its group.

    Args:
        message_template: With ``{metric_name} {min} {max} {current}``.

    Raises:
        FormatError: If the template asks for anything else. It is a ValueError.

    Attributes:
        last_message: What was printed last.
        is_beside_picture: Whether there is a picture in the same cell.
    """

    def __init__(
        self,
        message_template: str = "\t{metric_name:16} \t (min: {min:8.3f},"
        " max: {max:8.3f}, cur: {current:8.3f})",
    ) -> None:
        try:
            message_template.format(metric_name="loss", min=0.0, max=0.0, current=0.0)
        except (KeyError, IndexError, ValueError, AttributeError) as error:
            raise FormatError(
                "this template cannot be filled in.",
                given=f"message_template={message_template!r:.200}",
                cause=error,
                hint='"{metric_name}: {min:.3f} to {max:.3f}, now {current:.3f}"',
            ) from error
        self.message_template = message_template
        self.last_message = ""
        self.is_beside_picture = False
        self._mode: OutputMode = "script"
        self._output = CellOutput()

    def set_output_mode(self, mode: OutputMode) -> None:
        """In a notebook the text may be rewritten in its place."""
        self._mode = mode

    def send(self, logger: MainLogger) -> None:
        """Print the values as they are now."""
        lines = []
        for group, metrics in logger.grouped_log_history().items():
            lines.append(group)
            lines += [self._line(name, items) for name, items in metrics.items()]
        self.last_message = "\n".join(lines)
        stays = self.is_beside_picture and self._mode == "notebook"
        if not stays or not self._output.show({"text/plain": self.last_message}):
            print(self.last_message)  # noqa: T201  what it is for

    def _line(self, name: str, items: Items) -> str:
        values: list[Any] = [item.value for item in items]
        told = [value for value in values if is_number(value)]
        if not told:
            return f"\t{name:16} \t (no values!)"
        numbers = [value for value in told if value == value] or told  # noqa: PLR0124  NaN is not
        current = values[-1] if is_number(values[-1]) else float("nan")
        return self.message_template.format(
            metric_name=name, min=min(numbers), max=max(numbers), current=current
        )
