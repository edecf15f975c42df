"""Conditions of a pattern -> whether they hold for an op: ``conv2d[3x3, out=128]``.

What is asked for is looked up in this order: the op's keyword arguments, its positional ones,
the shape of its weight, the settings of the layer that it is. A key that means nothing anywhere
is an error when the pattern is written, not a pattern that never matches.

Not here: the rest of the pattern language (``introspect.graph.rewrite.pattern``).
"""

from collections.abc import Sequence
from fnmatch import fnmatchcase
from typing import Any

from introspect.errors import FormatError
from introspect.graph.outline.labels import op_word
from introspect.graph.rewrite.pattern import Condition, Pattern, steps
from introspect.nouns.graph import TENSOR, Call, Op

_CONV = "input weight bias stride padding dilation groups"
_POOL = "input kernel_size stride padding"
_DROPOUT = "input p training inplace"
_POSITIONS: dict[str, Sequence[str]] = {
    name: names.split()
    for group, names in {
        "conv1d conv2d conv3d": _CONV,
        "conv_transpose1d conv_transpose2d conv_transpose3d": (
            "input weight bias stride padding output_padding groups dilation"
        ),
        "max_pool1d max_pool2d max_pool3d": f"{_POOL} dilation ceil_mode",
        "avg_pool1d avg_pool2d avg_pool3d": f"{_POOL} ceil_mode count_include_pad",
        "adaptive_avg_pool1d adaptive_avg_pool2d adaptive_avg_pool3d": "input output_size",
        "adaptive_max_pool1d adaptive_max_pool2d adaptive_max_pool3d": "input output_size",
        "linear": "input weight bias",
        "embedding": "input weight padding_idx",
        "dropout dropout1d dropout2d dropout3d alpha_dropout": _DROPOUT,
        "softmax log_softmax sum mean cumsum unbind squeeze unsqueeze": "input dim",
        "cat concat stack": "tensors dim",
        "layer_norm": "input normalized_shape weight bias eps",
        "group_norm": "input num_groups weight bias eps",
        "leaky_relu": "input negative_slope inplace",
        "transpose swapaxes": "input dim0 dim1",
        "flatten": "input start_dim end_dim",
        "chunk": "input chunks dim",
        "split": "input split_size dim",
    }.items()
    for name in group.split()
}
"""What positional arguments are called, where a condition may ask for one."""

_SPECIAL = frozenset("in out kernel module class shape dtype".split())
_SETTINGS = frozenset(
    "in_channels out_channels in_features out_features num_features num_embeddings embedding_dim "
    "embed_dim num_heads hidden_size num_layers bidirectional normalized_shape affine momentum "
    "scale_factor mode head_dim transposed is_causal enable_gqa dropout_p approximate".split()
)
_KEYS = _SPECIAL | _SETTINGS | {name for names in _POSITIONS.values() for name in names[1:]}
_IN = ("in_channels", "in_features", "num_embeddings", "num_features")
_OUT = ("out_channels", "out_features", "embedding_dim", "num_features")


def check_keys(pattern: Pattern, text: str) -> None:
    """Refuse a pattern with a condition that no op can ever be asked.

    Raises:
        FormatError: Naming the key and those that exist.
    """
    for step in steps(pattern):
        for condition in step.conditions:
            if condition.key not in _KEYS:
                raise FormatError(
                    "a pattern has a condition that nothing can be asked.",
                    where=f"{step.name} in {text!r}",
                    given=repr(condition.key),
                    hint="one of " + ", ".join(sorted(_KEYS)) + "; or where=, a Python function",
                )


def holds(condition: Condition, op: Op, call: Call | None) -> bool:
    """Whether a condition holds.

    Args:
        condition: Of a step.
        op: The op that the step names, or the main one of its module call.
        call: The module call that the step names, or the one around the op.
    """
    key, wanted = condition.key, condition.value
    if key == "module":
        return _is_inside(wanted, call)
    if key == "class":
        return call is not None and fnmatchcase(call.module, wanted)
    if key == "shape":
        return any(_equals(value.shape, wanted) for value in op.outputs[:1])
    if key == "dtype":
        return any(fnmatchcase(value.dtype, wanted) for value in op.outputs[:1])
    return _equals(_fact(key, op, call), wanted)


def _is_inside(wanted: str, call: Call | None) -> bool:
    while call is not None:
        if fnmatchcase(call.path, wanted):
            return True
        call = call.parent
    return False


def _fact(key: str, op: Op, call: Call | None) -> Any:
    """What is known under `key`, or None."""
    name = "kernel_size" if key == "kernel" else key
    found = _argument(name, op)
    if found is None:
        found = _of_weight(key, op)
    if found is None and call is not None:
        names = _IN if key == "in" else _OUT if key == "out" else (name,)
        found = next((call.settings[n] for n in names if n in call.settings), None)
    return found


def _argument(name: str, op: Op) -> Any:
    if name in op.options:
        found = op.options[name]
    else:
        names = _POSITIONS.get(op_word(op.name), ())
        place = names.index(name) if name in names else len(op.arguments)
        found = op.arguments[place] if place < len(op.arguments) else None
    return None if found is TENSOR else found


def _of_weight(key: str, op: Op) -> Any:
    """Sizes that the weight's shape tells: of convolutions, linear layers and embeddings."""
    name = op_word(op.name)
    shape = op.inputs[1].shape if len(op.inputs) > 1 else None
    if key not in {"in", "out", "kernel"} or not shape:
        return None
    if name in {"linear", "embedding"} and len(shape) == 2:
        wide, narrow = (shape[1], shape[0]) if name == "linear" else (shape[0], shape[1])
        return {"in": wide, "out": narrow}.get(key)
    if not name.startswith("conv") or len(shape) < 3:
        return None
    groups = _argument("groups", op)
    groups = groups if isinstance(groups, int) else 1
    if "transpose" in name:
        return {"in": shape[0], "out": shape[1] * groups, "kernel": shape[2:]}[key]
    return {"in": shape[1] * groups, "out": shape[0], "kernel": shape[2:]}[key]


def _equals(found: Any, wanted: str) -> bool:
    """Whether a fact is what was written: ``3`` is any ``(3, 3)``, ``3x1`` is ``(3, 1)``."""
    if found is None:
        return wanted == "None"
    if isinstance(found, bool | str):
        return fnmatchcase(str(found).lower(), wanted.lower())
    sizes = [_number(part) for part in wanted.replace("×", "x").split("x")]
    if None in sizes:
        return False
    if isinstance(found, tuple | list):
        return list(found) == (sizes * len(found) if len(sizes) == 1 else sizes)
    return all(found == size for size in sizes)


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None
