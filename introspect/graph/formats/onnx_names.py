"""Op -> its name and attributes as ONNX spells them, for tools that people wrote for ONNX.

``Conv``, ``BatchNorm``, ``Relu``, ``Linear``: the spelling after hiddenlayer's own framework
transforms (``BatchNormalization`` is ``BatchNorm``, ``Gemm`` is ``Linear``), so that patterns such
as ``"Conv > BatchNorm > Relu"`` fit.

Format: https://onnx.ai/onnx/operators/ for names and attributes.
"""

import re
from collections.abc import Mapping
from typing import Any

from introspect.graph.outline.labels import op_word
from introspect.nouns.graph import Op

_NAMES: Mapping[str, str] = {
    **dict.fromkeys(("conv1d", "conv2d", "conv3d", "convolution"), "Conv"),
    **dict.fromkeys(("conv_transpose1d", "conv_transpose2d", "conv_transpose3d"), "ConvTranspose"),
    "batch_norm": "BatchNorm",
    "instance_norm": "InstanceNormalization",
    "layer_norm": "LayerNormalization",
    "group_norm": "GroupNormalization",
    "rms_norm": "RMSNormalization",
    "local_response_norm": "LRN",
    **dict.fromkeys(("linear", "addmm"), "Linear"),
    **dict.fromkeys(("max_pool1d", "max_pool2d", "max_pool3d"), "MaxPool"),
    **dict.fromkeys(("avg_pool1d", "avg_pool2d", "avg_pool3d"), "AveragePool"),
    **dict.fromkeys(("matmul", "__matmul__", "bmm", "mm"), "MatMul"),
    **dict.fromkeys(("add", "__add__", "__radd__", "__iadd__"), "Add"),
    **dict.fromkeys(("sub", "__sub__", "__rsub__", "__isub__"), "Sub"),
    **dict.fromkeys(("mul", "__mul__", "__rmul__", "__imul__", "multiply"), "Mul"),
    **dict.fromkeys(("div", "__truediv__", "__rtruediv__", "true_divide"), "Div"),
    **dict.fromkeys(("pow", "__pow__"), "Pow"),
    **dict.fromkeys(("cat", "concat", "concatenate"), "Concat"),
    "flatten": "Flatten",
    **dict.fromkeys(("view", "reshape", "unflatten"), "Reshape"),
    **dict.fromkeys(("permute", "transpose", "swapaxes", "movedim", "t", "T", "mT"), "Transpose"),
    **dict.fromkeys(("dropout", "dropout1d", "dropout2d", "dropout3d"), "Dropout"),
    "embedding": "Gather",
    "__getitem__": "Slice",
    **dict.fromkeys(("split", "chunk", "unbind"), "Split"),
    "stack": "ConcatFromSequence",
    "interpolate": "Resize",
    "pad": "Pad",
    "mean": "ReduceMean",
    "sum": "ReduceSum",
    "relu6": "Clip",
    "hardtanh": "Clip",
    "clamp": "Clip",
    "prelu": "PRelu",
    "leaky_relu": "LeakyRelu",
    "silu": "Swish",
    "hardswish": "HardSwish",
    "hardsigmoid": "HardSigmoid",
    "log_softmax": "LogSoftmax",
    "lstm": "LSTM",
    "gru": "GRU",
    "rnn_tanh": "RNN",
    "rnn_relu": "RNN",
    "to": "Cast",
    "expand": "Expand",
    "scaled_dot_product_attention": "Attention",
    "multi_head_attention_forward": "Attention",
}
_ADAPTIVE = re.compile(r"adaptive_(avg|max)_pool[123]d")


def onnx_name(op: Op) -> str:
    """The operator of an op; one without counterpart keeps its words, joined.

    Example:
        >>> onnx_name(Op(0, "relu_", None, ())), onnx_name(Op(0, "my_fused_scan", None, ()))
        ('Relu', 'MyFusedScan')
    """
    word = op_word(op.name)
    known = _NAMES.get(word) or _NAMES.get(op.name)
    if known:
        return known
    adaptive = _ADAPTIVE.fullmatch(word)
    if adaptive:
        sizes = op.outputs[0].shape if op.outputs else None
        kind = "Average" if adaptive[1] == "avg" else "Max"
        if kind == "Max":
            kind = "Max" if sizes and all(size == 1 for size in sizes[2:]) else "MaxPool"
        is_global = bool(sizes) and all(size == 1 for size in (sizes or ())[2:])
        return f"Global{kind}Pool" if is_global else f"{kind.removesuffix('Pool')}Pool"
    parts = re.split(r"[^A-Za-z0-9]+", word)
    return "".join(part[:1].upper() + part[1:] for part in parts) or "Op"


def onnx_attributes(op: Op) -> dict[str, Any]:
    """What ONNX would say about an op: ``kernel_shape``, ``strides`` and so on, as lists.

    A convolution's come from the shape of its weight and its module's settings, a pool's from
    its module's settings or its own arguments.
    """
    name = onnx_name(op)
    settings = op.call.settings if op.call is not None and op.call.builtin else {}
    if name in {"Conv", "ConvTranspose"}:
        weight = op.inputs[1].shape if len(op.inputs) > 1 else None
        if not weight or len(weight) < 3:
            return {}
        rank = len(weight) - 2
        stride = settings.get("stride", _argument(op, 3, "stride", 1))
        return {
            "kernel_shape": list(weight[2:]),
            "strides": _each(stride, rank),
            "stride": _each(stride, rank),  # what hiddenlayer's titles read
            "pads": _pads(settings.get("padding", _argument(op, 4, "padding", 0)), rank),
            "dilations": _each(settings.get("dilation", 1), rank),
            "group": settings.get("groups", 1),
        }
    if name in {"MaxPool", "AveragePool"} and not op.name.startswith("adaptive"):
        rank = int(op_word(op.name)[-2]) if op_word(op.name)[-2:-1].isdigit() else 2
        kernel = settings.get("kernel_size", _argument(op, 1, "kernel_size", 1))
        stride = settings.get("stride", _argument(op, 2, "stride", None)) or kernel
        return {
            "kernel_shape": _each(kernel, rank),
            "strides": _each(stride, rank),
            "stride": _each(stride, rank),
            "pads": _pads(settings.get("padding", _argument(op, 3, "padding", 0)), rank),
        }
    if name in {"Concat", "Flatten", "Softmax", "LogSoftmax"}:
        axis = _argument(op, 1, "dim", None)
        return {"axis": axis} if isinstance(axis, int) else {}
    return {}


def _argument(op: Op, place: int, name: str, default: Any) -> Any:
    if name in op.options:
        return op.options[name]
    return op.arguments[place] if place < len(op.arguments) else default


def _each(sizes: Any, rank: int) -> list[Any]:
    found = list(sizes) if isinstance(sizes, tuple | list) else [sizes]
    return found * rank if len(found) == 1 else found


def _pads(padding: Any, rank: int) -> list[Any]:
    """ONNX writes the padding before all dimensions, then that behind them."""
    return _each(padding, rank) * 2 if not isinstance(padding, str) else [padding]
