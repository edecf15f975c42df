"""hiddenlayer's Node: one layer, or several folded into one."""

from collections.abc import Mapping
from typing import Any

from introspect.errors import FormatError


class Node:
    """A layer.

    Args:
        uid: Unlike that of every other node of its graph.
        name: What is written, or None for the op.
        op: What patterns compare: ``"Conv"``.
        output_shape: Sizes, a tuple or list.
        params: Attributes: ``kernel_shape`` and ``stride`` are part of the title.

    Raises:
        FormatError: If the shape is neither.

    Example:
        >>> Node(1, None, "Conv", params={"kernel_shape": [3, 3], "stride": [2, 2]}).title
        'Conv3x3/s2'
    """

    def __init__(
        self,
        uid: Any,
        name: str | None,
        op: str,
        output_shape: tuple[int, ...] | list[int] | None = None,
        params: Mapping[str, Any] | None = None,
    ) -> None:
        if output_shape and not isinstance(output_shape, tuple | list):
            raise FormatError(
                "a node's output_shape is a tuple or list.",
                given=f"{type(output_shape).__name__}: {output_shape!r:.60}",
                hint="tuple(tensor.shape)",
            )
        self.id = uid
        self.name = name
        self.op = op
        self.repeat = 1
        self.output_shape = output_shape
        self.params = params or {}
        self._caption = ""

    @property
    def title(self) -> str:
        """The name or op, with the size of its kernel and its stride."""
        title = str(self.name or self.op)
        if "kernel_shape" in self.params:
            title += "x".join(map(str, self.params["kernel_shape"]))
        stride = self.params.get("stride")
        if stride is not None:
            every = list(stride) if isinstance(stride, tuple | list) else [stride]
            shown = every[0] if len(set(every)) == 1 else stride
            title += f"/s{shown}" if shown != 1 else ""
        return title

    @property
    def caption(self) -> str:
        """A second line under the title, mostly empty."""
        return self._caption

    def __repr__(self) -> str:
        text = f"<Node: op: {self.op}, name: {self.name}, id: {self.id}, title: {self.title}"
        text += f", repeat: {self.repeat}"
        text += f", shape: {self.output_shape}" if self.output_shape else ""
        return text + (f", params: {self.params}>" if self.params else ">")
