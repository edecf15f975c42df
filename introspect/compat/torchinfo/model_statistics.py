"""Rows -> totals, and all of it as text."""

from typing import Any

from introspect.compat.torchinfo.enums import Units
from introspect.compat.torchinfo.formatting import CONVERSION_FACTORS, FormattingOptions
from introspect.compat.torchinfo.layer_info import LayerInfo
from introspect.nouns.graph import Graph


class ModelStatistics:
    """What ``summary`` returns; printed, it is the table.

    Args:
        summary_list: The rows.
        input_size: Sizes of the inputs; nothing if the model was not run.
        total_input_size: Of the inputs, in bytes.
        formatting: How the table is written.
        graph: Of the run.

    Attributes:
        total_params: Scalars in parameters.
        trainable_params: Of these those that require a gradient.
        total_mult_adds: As torchinfo estimates them.
        total_input: Of the inputs, in bytes.
        total_param_bytes: Of the parameters of layers that hold no others.
        total_output_bytes: Twice the outputs of such layers that have parameters.
        graph: Ours; not in torchinfo.
    """

    def __init__(
        self,
        summary_list: list[LayerInfo],
        input_size: Any,
        total_input_size: int,
        formatting: FormattingOptions,
        graph: Graph | None = None,
    ) -> None:
        self.summary_list = summary_list
        self.input_size = input_size
        self.total_input = total_input_size
        self.formatting = formatting
        self.graph = graph
        leaves = [row for row in summary_list if row.is_leaf_layer]
        fresh = [row for row in summary_list if not row.is_recursive]
        self.total_mult_adds = sum(row.macs for row in leaves)
        self.total_output_bytes = sum(2 * row.output_bytes for row in leaves if row.num_params)
        self.total_param_bytes = sum(row.param_bytes for row in fresh if row.is_leaf_layer)
        self.total_params = self.trainable_params = 0
        for row in fresh:
            if row.is_leaf_layer:
                count, trainable = row.num_params, row.trainable_params
            else:
                count, trainable = row.leftover_params(), row.leftover_trainable_params()
            self.total_params += max(count, 0)
            self.trainable_params += max(trainable, 0)
        formatting.set_layer_name_width(summary_list)

    def __repr__(self) -> str:
        look, number = self.formatting, self.format_output_num
        line = "=" * look.get_total_width()
        frozen = self.total_params - self.trainable_params
        parts = [
            f"{line}\n{look.header_row()}{line}",
            f"{look.layers_to_str(self.summary_list, self.total_params)}{line}",
            f"Total params{number(self.total_params, look.params_units)}",
            f"Trainable params{number(self.trainable_params, look.params_units)}",
            f"Non-trainable params{number(frozen, look.params_units)}",
        ]
        if self.input_size:
            sizes = [self.total_input, self.total_output_bytes, self.total_param_bytes]
            given, passes, parameters = map(self.to_megabytes, sizes)
            parts += [
                f"Total mult-adds{number(self.total_mult_adds, look.macs_units)}",
                line,
                f"Input size (MB): {given:0.2f}",
                f"Forward/backward pass size (MB): {passes:0.2f}",
                f"Params size (MB): {parameters:0.2f}",
                f"Estimated Total Size (MB): {self.to_megabytes(sum(sizes)):0.2f}",
            ]
        return "\n".join([*parts, line])

    @staticmethod
    def float_to_megabytes(num: int) -> float:
        """Numbers of 4 bytes in millions of bytes."""
        return num * 4 / 1e6

    @staticmethod
    def to_megabytes(num: int) -> float:
        """Bytes in millions of bytes."""
        return num / 1e6

    @staticmethod
    def to_readable(num: int, units: Units = Units.AUTO) -> tuple[Units, float]:
        """A number in these units, or in millions, billions or trillions as it needs.

        Example:
            >>> ModelStatistics.to_readable(2_500_000_000)
            (<Units.GIGABYTES: 'G'>, 2.5)
        """
        if units is Units.AUTO:
            large = [unit for unit in (Units.TERABYTES, Units.GIGABYTES) if num >= _factor(unit)]
            units = large[0] if large else Units.MEGABYTES
        return units, num / _factor(units)

    @staticmethod
    def format_output_num(num: int, units: Units) -> str:
        """The same as text, behind a title.

        Example:
            >>> ModelStatistics.format_output_num(1_234_567, Units.AUTO)
            ' (M): 1.23'
        """
        used, amount = ModelStatistics.to_readable(num, units)
        text = f"{int(amount):,d}" if float(amount).is_integer() else f"{amount:,.2f}"
        return f"{f' ({used})' if used else ''}: {text}"


def _factor(units: Units) -> float:
    return CONVERSION_FACTORS[units]
