"""Rows -> lines of text, in torchinfo's layout."""

import math
from collections.abc import Mapping
from typing import Any

from introspect.compat.torchinfo.enums import ColumnSettings, RowSettings, Units, Verbosity
from introspect.compat.torchinfo.layer_info import LayerInfo

HEADER_TITLES = {
    ColumnSettings.KERNEL_SIZE: "Kernel Shape",
    ColumnSettings.INPUT_SIZE: "Input Shape",
    ColumnSettings.OUTPUT_SIZE: "Output Shape",
    ColumnSettings.NUM_PARAMS: "Param #",
    ColumnSettings.PARAMS_PERCENT: "Param %",
    ColumnSettings.MULT_ADDS: "Mult-Adds",
    ColumnSettings.TRAINABLE: "Trainable",
}
CONVERSION_FACTORS = {
    Units.TERABYTES: 1e12,
    Units.GIGABYTES: 1e9,
    Units.MEGABYTES: 1e6,
    Units.NONE: 1,
}
_INDENT = 5


class FormattingOptions:
    """How the table is written.

    Args:
        max_depth: Of the rows that are shown.
        verbose: 2 for a row for each parameter.
        col_names: Columns, from left to right.
        col_width: Characters in each.
        row_settings: Of rows.
    """

    def __init__(
        self,
        max_depth: int,
        verbose: int,
        col_names: tuple[ColumnSettings, ...],
        col_width: int,
        row_settings: set[RowSettings],
    ) -> None:
        self.max_depth = max_depth
        self.verbose = verbose
        self.col_names = col_names
        self.col_width = col_width
        self.row_settings = row_settings
        self.params_units = Units.NONE
        self.macs_units = Units.AUTO
        self.layer_name_width = 40
        self.ascii_only = RowSettings.ASCII_ONLY in row_settings
        self.show_var_name = RowSettings.VAR_NAMES in row_settings
        self.show_depth = RowSettings.DEPTH in row_settings
        self.hide_recursive_layers = RowSettings.HIDE_RECURSIVE_LAYERS in row_settings

    @staticmethod
    def str_(val: Any) -> str:
        """A value as text; ``--`` for nothing."""
        return str(val) if val else "--"

    def get_start_str(self, depth: int) -> str:
        """The lines that draw the tree."""
        rail, first, later = ("|    ", "+ ", "+ ") if self.ascii_only else ("│    ", "├─", "└─")
        if depth <= 1:
            return first * depth
        return rail * (depth - 1) + later

    def set_layer_name_width(self, summary_list: list[LayerInfo], align_val: int = _INDENT) -> None:
        """Make room for the longest name, in steps of `align_val`, 40 at least."""
        longest = max(
            (
                len(row.get_layer_name(self.show_var_name, self.show_depth))
                + row.depth * align_val
                + 1
                for row in summary_list
            ),
            default=0,
        )
        if longest >= self.layer_name_width:
            self.layer_name_width = math.ceil(longest / align_val) * align_val

    def get_total_width(self) -> int:
        """Characters in a line."""
        return len(self.col_names) * self.col_width + self.layer_name_width

    def format_row(self, layer_name: str, row_values: Mapping[ColumnSettings, str]) -> str:
        """One line, its cells in their columns."""
        cells = [f"{row_values.get(name, ''):<{self.col_width}}" for name in self.col_names]
        return " ".join([f"{layer_name:<{self.layer_name_width}}", *cells]).rstrip() + "\n"

    def header_row(self) -> str:
        """The titles."""
        more = " (var_name)" * self.show_var_name + ":depth-idx" * self.show_depth
        return self.format_row(f"Layer (type{more})", HEADER_TITLES)

    def layer_info_to_row(
        self,
        layer_info: LayerInfo,
        reached_max_depth: bool,  # noqa: FBT001  theirs
        total_params: int,
    ) -> str:
        """The line of a module, and those of its parameters if they are asked for."""
        row, is_last = layer_info, reached_max_depth
        name = row.get_layer_name(self.show_var_name, self.show_depth)
        text = self.format_row(
            f"{self.get_start_str(row.depth)}{name}",
            {
                ColumnSettings.KERNEL_SIZE: self.str_(row.kernel_size),
                ColumnSettings.INPUT_SIZE: self.str_(row.input_size),
                ColumnSettings.OUTPUT_SIZE: self.str_(row.output_size),
                ColumnSettings.NUM_PARAMS: row.num_params_to_str(is_last),
                ColumnSettings.PARAMS_PERCENT: row.params_percent(total_params, is_last),
                ColumnSettings.MULT_ADDS: row.macs_to_str(is_last),
                ColumnSettings.TRAINABLE: row.trainable,
            },
        )
        if self.verbose == Verbosity.VERBOSE:
            prefix = self.get_start_str(row.depth + 1)
            text += "".join(
                self.format_row(f"{prefix}{inner}", cells)
                for inner, cells in row.inner_layers.items()
            )
        return text

    def layers_to_str(self, summary_list: list[LayerInfo], total_params: int) -> str:
        """The lines of all modules that are shown."""
        return "".join(
            self.layer_info_to_row(row, row.depth == self.max_depth, total_params)
            for row in summary_list
            if row.depth <= self.max_depth and not (self.hide_recursive_layers and row.is_recursive)
        )
