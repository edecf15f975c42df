"""The words that torchinfo's arguments know: modes, columns, settings of rows, units."""

from enum import IntEnum, StrEnum, unique


@unique
class Mode(StrEnum):
    """What the model is set to for its run."""

    TRAIN = "train"
    EVAL = "eval"


@unique
class RowSettings(StrEnum):
    """What a row may show, besides its columns."""

    DEPTH = "depth"
    VAR_NAMES = "var_names"
    ASCII_ONLY = "ascii_only"
    HIDE_RECURSIVE_LAYERS = "hide_recursive_layers"


@unique
class ColumnSettings(StrEnum):
    """The columns."""

    KERNEL_SIZE = "kernel_size"
    INPUT_SIZE = "input_size"
    OUTPUT_SIZE = "output_size"
    NUM_PARAMS = "num_params"
    PARAMS_PERCENT = "params_percent"
    MULT_ADDS = "mult_adds"
    TRAINABLE = "trainable"


@unique
class Units(StrEnum):
    """What large numbers are divided by; written behind them in brackets."""

    AUTO = "auto"
    MEGABYTES = "M"
    GIGABYTES = "G"
    TERABYTES = "T"
    NONE = ""


@unique
class Verbosity(IntEnum):
    """0: return; 1: and print; 2: and a row for each parameter."""

    QUIET = 0
    DEFAULT = 1
    VERBOSE = 2
