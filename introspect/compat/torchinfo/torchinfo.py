"""Model and inputs -> ModelStatistics: the function ``summary`` and its cache.

Not here: the run (``forward``), the numbers (``layer_info``), the text (``formatting``).
"""

import sys
import warnings
from collections.abc import Iterable
from enum import StrEnum
from typing import Any, TypeVar

import torch
from torch import nn
from torch.nn.parameter import is_lazy

from introspect.compat.torchinfo.enums import ColumnSettings, Mode, RowSettings, Verbosity
from introspect.compat.torchinfo.formatting import FormattingOptions
from introspect.compat.torchinfo.forward import forward_pass
from introspect.compat.torchinfo.inputs import (
    bytes_of,
    checked_sizes,
    made_inputs,
    mapped,
    own_device,
    sizes,
    to_device,
)
from introspect.compat.torchinfo.layer_info import LayerInfo
from introspect.compat.torchinfo.model_statistics import ModelStatistics
from introspect.errors import FormatError, TraceError
from introspect.nouns.graph import Graph

_REQUIRES_INPUT = {
    ColumnSettings.INPUT_SIZE,
    ColumnSettings.OUTPUT_SIZE,
    ColumnSettings.MULT_ADDS,
}
_Word = TypeVar("_Word", bound=StrEnum)
_kept: dict[str, tuple[str, list[LayerInfo], Graph | None]] = {}


def summary(  # noqa: PLR0913, PLR0917  the order of torchinfo
    model: nn.Module,
    input_size: Any = None,
    input_data: Any = None,
    batch_dim: int | None = None,
    cache_forward_pass: bool | None = None,  # noqa: FBT001  theirs
    col_names: Iterable[str] | None = None,
    col_width: int = 25,
    depth: int = 3,
    device: torch.device | str | None = None,
    dtypes: list[torch.dtype] | None = None,
    mode: str | None = None,
    row_settings: Iterable[str] | None = None,
    verbose: int | None = None,
    **kwargs: Any,
) -> ModelStatistics:
    """The table of a model: modules, sizes, parameters, multiply-adds.

    Args:
        model: Any module.
        input_size: Sizes of an input, batch included, or a list of such.
        input_data: An input; a list or tuple of several; a dict of inputs by name.
        batch_dim: Where the sizes lack a dimension for the batch: which one; 1 is put there.
        cache_forward_pass: Whether to keep the run for the next call with the same model,
            sizes and mode.
        col_names: Of ``input_size output_size num_params params_percent kernel_size mult_adds
            trainable``.
        col_width: Characters in a column.
        depth: Of the modules that are shown.
        device: Where the model is moved and run; None for where it is.
        dtypes: One for each of `input_size`; float32 if None.
        mode: ``"train"`` or ``"eval"``; ``"eval"`` if None.
        row_settings: Of ``depth var_names ascii_only hide_recursive_layers``.
        verbose: 0 prints nothing, 1 the table, 2 also a row for each parameter; if None 1, but
            0 in a prompt or notebook.
        **kwargs: Further arguments of the model.

    Raises:
        FormatError: If an argument is none of these. It is a ValueError.
        TraceError: If the model raised, or both inputs are given. It is a RuntimeError.
        TypeError: If `input_size` is no list and no tuple.

    Example:
        >>> model = nn.Sequential(nn.Linear(3, 5), nn.ReLU())
        >>> found = summary(model, (2, 3), verbose=0)
        >>> found.total_params, found.total_mult_adds, found.summary_list[1].output_size
        (20, 40, [2, 5])
    """
    is_run = input_data is not None or input_size is not None
    columns = _columns(col_names, is_run=is_run)
    rows = {RowSettings.DEPTH} if row_settings is None else set(_words(RowSettings, row_settings))
    run_mode = Mode.EVAL if mode is None else _words(Mode, [mode])[0]
    loud = (0 if getattr(sys, "ps1", None) else 1) if verbose is None else verbose
    place = torch.device(device) if device is not None else None
    if col_width <= 0 or loud not in tuple(Verbosity):
        raise FormatError(
            "a column has a width, and verbose is 0, 1 or 2.", given=f"{col_width=}, {verbose=}"
        )
    if input_data is not None and input_size is not None:
        raise TraceError("only one of input_data and input_size can be the input.")
    _warn_of_halves(dtypes, is_made=input_size is not None)
    if is_run and place is not None:
        model.to(place)
    given, given_sizes = _inputs(model, input_data, input_size, batch_dim, place, dtypes)
    named = to_device(kwargs, place)
    is_kept = bool(cache_forward_pass) and is_run
    key = _key(model, given, named, batch_dim, run_mode) if is_kept else ""
    kept = _kept.get(type(model).__name__) if is_kept else None
    if kept is not None and kept[0] == key:
        _, layers, graph = kept
    else:
        layers, graph = forward_pass(model, given, batch_dim, run_mode, **named)
        if is_kept:
            _kept[type(model).__name__] = (key, layers, graph)
    look = FormattingOptions(depth, loud, columns, col_width, rows)
    results = ModelStatistics(layers, given_sizes, bytes_of(given), look, graph)
    if loud > Verbosity.QUIET:
        print(results)  # noqa: T201  what it is for
    return results


def clear_cached_forward_pass() -> None:
    """Forget the runs that ``cache_forward_pass=True`` kept."""
    _kept.clear()


def _words(kind: type[_Word], given: Iterable[str]) -> list[_Word]:
    known = [str(word) for word in kind]
    for word in given:
        if word not in known:
            raise FormatError(
                "this word is not known here.", given=repr(word), hint=f"one of {' '.join(known)}"
            )
    return [kind(word) for word in given]


def _columns(given: Iterable[str] | None, *, is_run: bool) -> tuple[ColumnSettings, ...]:
    if given is None:
        shown = (ColumnSettings.OUTPUT_SIZE,) if is_run else ()
        return (*shown, ColumnSettings.NUM_PARAMS)
    columns = tuple(_words(ColumnSettings, tuple(given)))
    refused = [str(name) for name in columns if name in _REQUIRES_INPUT]
    if refused and not is_run:
        raise FormatError(
            "these columns need a run, and a run needs input.",
            given=f"col_names: {', '.join(refused)}",
            hint="input_size=(1, 3, 224, 224), or input_data=x",
        )
    return columns


def _warn_of_halves(dtypes: list[torch.dtype] | None, *, is_made: bool) -> None:
    """As torchinfo does, but not of the CPU, which has long computed with both."""
    if is_made and {torch.float16, torch.bfloat16} & set(dtypes or ()):
        warnings.warn(
            "input_size makes random inputs of half precision, which may overflow: input_data= "
            "takes real ones",
            stacklevel=3,
        )


def _inputs(
    model: nn.Module,
    input_data: Any,
    input_size: Any,
    batch_dim: int | None,
    device: torch.device | None,
    dtypes: list[torch.dtype] | None,
) -> tuple[Any, Any]:
    """Arguments of the model, None for no run, and their sizes."""
    if input_size is not None:
        wanted = checked_sizes(input_size)
        place = device or own_device(model)
        return made_inputs(wanted, dtypes, batch_dim=batch_dim, device=place), wanted
    if input_data is None:
        return None, []
    given = to_device(input_data, device)
    return (given if isinstance(given, list | tuple | dict) else [given]), sizes(input_data)


def _key(model: nn.Module, given: Any, named: Any, batch_dim: int | None, mode: Mode) -> str:
    """Equal if a second run would give the same rows."""
    seen = mapped((given, named), lambda part: (tuple(part.shape), str(part.dtype)))
    modules = [(path, id(module)) for path, module in model.named_modules(remove_duplicate=False)]
    parameters = [
        (name, None if is_lazy(one) else tuple(one.shape), one.requires_grad)
        for name, one in model.named_parameters()
    ]
    return repr((seen, modules, parameters, batch_dim, mode))
