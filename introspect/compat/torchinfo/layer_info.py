"""One run of one module -> the numbers of its row.

Not here: when they are read (``forward``), and how a row is written (``formatting``).
"""

from dataclasses import dataclass, field
from typing import Any

from torch import nn
from torch.jit import ScriptModule
from torch.nn.parameter import is_lazy

from introspect.compat.torchinfo.enums import ColumnSettings
from introspect.compat.torchinfo.sizes import kernel_size, parameter_count, product, size_of


@dataclass(slots=True, eq=False, repr=False)
class LayerInfo:
    """A row of the table.

    Attributes:
        var_name: Name of the module in the one around it.
        module: Itself.
        depth: 0 for the model.
        parent_info: Of the module around it.
        inner_layers: Name of a parameter -> column -> text.
        depth_index: Which one at its depth, from 1.
        children: All rows below.
        executed: Whether its forward returned.
        is_recursive: Whether it stands in the table already.
        contains_lazy_param: Whether a parameter had no size yet.
        input_size: Of its first input.
        output_size: Of its first output.
        output_bytes: Of that.
        num_params: Scalars in its parameters and those below.
        trainable_params: Of these those that require a gradient.
        param_bytes: Of all of them.
        macs: As torchinfo estimates multiply-adds: parameters times output sizes.
    """

    var_name: str
    module: nn.Module
    depth: int
    parent_info: "LayerInfo | None" = None
    inner_layers: dict[str, dict[ColumnSettings, Any]] = field(default_factory=dict)
    depth_index: int | None = None
    children: "list[LayerInfo]" = field(default_factory=list)
    executed: bool = False
    is_recursive: bool = False
    contains_lazy_param: bool = False
    input_size: list[Any] = field(default_factory=list)
    output_size: list[Any] = field(default_factory=list)
    output_bytes: int = 0
    num_params: int = 0
    trainable_params: int = 0
    param_bytes: int = 0
    macs: int = 0
    layer_id: int = field(init=False)
    class_name: str = field(init=False)
    is_leaf_layer: bool = field(init=False)
    kernel_size: int | list[int] | None = field(init=False)
    _leftover: tuple[int, int] | None = field(init=False, default=None)

    def __post_init__(self) -> None:
        self.layer_id = id(self.module)
        is_script = isinstance(self.module, ScriptModule)
        self.class_name = str(
            self.module.original_name if is_script else type(self.module).__name__
        )
        self.is_leaf_layer = next(self.module.children(), None) is None
        self.kernel_size = kernel_size(self.module)

    def __repr__(self) -> str:
        return f"{self.class_name}: {self.depth}"

    @property
    def trainable(self) -> str:
        """``"True"``, ``"False"``, ``"Partial"``, or ``"--"`` without parameters."""
        if not self.num_params:
            return "--"
        if not self.trainable_params:
            return "False"
        return "True" if self.trainable_params >= self.num_params else "Partial"

    def get_layer_name(self, show_var_name: bool, show_depth: bool) -> str:  # noqa: FBT001  theirs
        """Class, name in brackets and place, as they are asked for."""
        name = self.class_name
        if show_var_name and self.var_name:
            name += f" ({self.var_name})"
        if show_depth and self.depth:
            name += f": {self.depth}" + (f"-{self.depth_index}" if self.depth_index else "")
        return name

    def calculate_num_params(self) -> None:
        """Count the parameters, and describe each one."""
        self.num_params = self.trainable_params = self.param_bytes = 0
        self.inner_layers = {}
        for full_name, parameter in self.module.named_parameters():
            if is_lazy(parameter):
                self.contains_lazy_param = True
                continue
            count, name = parameter_count(self.module, full_name, parameter)
            self.num_params += count
            self.trainable_params += count * parameter.requires_grad
            self.param_bytes += count * parameter.element_size()
            if self.parent_info is None and "." in name:
                continue  # of the model itself only its own
            sizes = list(parameter.shape)
            if name == "weight" and len(sizes) > 1:  # inputs first, as users know their layers
                sizes[:2] = sizes[1::-1]
            self.inner_layers[name] = {
                ColumnSettings.KERNEL_SIZE: str(sizes),
                ColumnSettings.NUM_PARAMS: f"├─{count:,}",
            }
        if self.inner_layers:
            last = self.inner_layers[next(reversed(self.inner_layers))]
            last[ColumnSettings.NUM_PARAMS] = last[ColumnSettings.NUM_PARAMS].replace("├", "└")

    def finish(self, inputs: Any, outputs: Any, batch_dim: int | None) -> None:
        """Fill in what is known when the forward has returned."""
        if self.contains_lazy_param:
            self.calculate_num_params()
        self.input_size, _ = size_of(inputs, batch_dim)
        self.output_size, element_bytes = size_of(outputs, batch_dim)
        self.output_bytes = element_bytes * product(self.output_size)
        self.executed = True
        self.calculate_macs()

    def calculate_macs(self) -> None:
        """Parameters times the sizes of the output that torchinfo takes for each."""
        sizes = self.output_size
        spatial = (
            product(sizes[:1] + sizes[2:]) if "Conv" in self.class_name else product(sizes[:1])
        )
        for full_name, parameter in self.module.named_parameters():
            count, name = parameter_count(self.module, full_name, parameter)
            if name in {"weight", "bias"}:
                self.macs += count * spatial
            elif "weight" in name or "bias" in name:  # of a recurrent layer: weight_ih_l0
                self.macs += count * product(sizes[:2])

    def check_recursive(self, layer_ids: set[int]) -> None:
        """Mark it if it stands in the table already."""
        self.is_recursive = self.is_recursive or self.layer_id in layer_ids

    def macs_to_str(self, reached_max_depth: bool) -> str:  # noqa: FBT001  theirs
        """Its own, or at the greatest depth that is shown those of the leaves below."""
        if self.macs <= 0 or not (self.is_leaf_layer or reached_max_depth):
            return "--"
        leaves = [self] if self.is_leaf_layer else [c for c in self.children if c.is_leaf_layer]
        return f"{sum(leaf.macs for leaf in leaves):,}"

    def num_params_to_str(self, reached_max_depth: bool) -> str:  # noqa: FBT001  theirs
        """In brackets if they are frozen."""
        if not self.num_params:
            return "--"
        if self.is_recursive:
            return "(recursive)"
        if reached_max_depth or self.is_leaf_layer:
            count = f"{self.num_params:,}"
            return count if self.trainable_params else f"({count})"
        leftover = self.leftover_params()
        return f"{leftover:,}" if leftover > 0 else "--"

    def params_percent(
        self,
        total_params: int,
        reached_max_depth: bool,  # noqa: FBT001  theirs
        precision: int = 2,
    ) -> str:
        """Share of the model's parameters."""
        is_whole = reached_max_depth or self.is_leaf_layer
        count = self.num_params if is_whole else self.leftover_params()
        if total_params and self.is_recursive:
            return "(recursive)"
        if not (total_params and count):
            return "     --"
        return f"{count / total_params:>{precision + 5}.{precision}%}"

    def leftover_params(self) -> int:
        """Scalars in parameters that no row below counts."""
        return self._leftovers()[0]

    def leftover_trainable_params(self) -> int:
        """Of these those that require a gradient."""
        return self._leftovers()[1]

    def _leftovers(self) -> tuple[int, int]:
        if self._leftover is None:
            count, trainable = self.num_params, self.trainable_params
            for child in self.children:
                if child.is_recursive:
                    continue
                rest = (child.num_params, child.trainable_params)
                below = rest if child.is_leaf_layer else child._leftovers()  # noqa: SLF001  its own class
                count, trainable = count - below[0], trainable - below[1]
            self._leftover = (count, trainable)
        return self._leftover
