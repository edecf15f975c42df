"""ATen operators of an exported program -> names, arguments and settings as a trace has them.

Not here: the nodes and values around them (``exported_nodes``).
"""

from typing import Any

from introspect.nouns.graph import Op, Value

_FUNCTIONS = {
    "_softmax": "softmax",
    "_log_softmax": "log_softmax",
    "native_layer_norm": "layer_norm",
    "native_group_norm": "group_norm",
    "native_batch_norm": "batch_norm",
    "_native_batch_norm_legit": "batch_norm",
    "_native_batch_norm_legit_no_training": "batch_norm",
    "max_pool2d_with_indices": "max_pool2d",
    "max_pool3d_with_indices": "max_pool3d",
    "_adaptive_avg_pool2d": "adaptive_avg_pool2d",
    "_adaptive_avg_pool3d": "adaptive_avg_pool3d",
    "_scaled_dot_product_flash_attention": "scaled_dot_product_attention",
    "_scaled_dot_product_flash_attention_for_cpu": "scaled_dot_product_attention",
    "_scaled_dot_product_efficient_attention": "scaled_dot_product_attention",
    "_to_copy": "to",
    "_unsafe_view": "view",
    "slice": "__getitem__",
    "split_with_sizes": "split",
    "native_dropout": "dropout",
    "upsample_nearest2d": "interpolate",
    "upsample_bilinear2d": "interpolate",
    "upsample_bicubic2d": "interpolate",
}


def function_name(target: str) -> str:
    """``torch.ops.aten.add_.Tensor`` -> ``add_``.

    Example:
        >>> function_name("torch.ops.aten._softmax.default"), function_name("_operator.mul")
        ('softmax', 'mul')
    """
    parts = target.split(".")
    name = parts[3] if parts[:2] == ["torch", "ops"] and len(parts) > 3 else parts[-1]
    return _FUNCTIONS.get(name, name)


def convolution_call(arguments: list[Any], reads: list[Value]) -> tuple[str, list[Any]]:
    """The decomposed ``convolution`` as the function that a user would have called."""
    image, weight, bias, stride, padding, dilation, is_transposed, extra, groups = arguments
    rank = len(reads[1].shape or (0, 0)) - 2
    if is_transposed:
        call = [image, weight, bias, stride, padding, extra, groups, dilation]
        return f"conv_transpose{rank}d", call
    return f"conv{rank}d", [image, weight, bias, stride, padding, dilation, groups]


def settings_of(own: Op) -> dict[str, Any]:
    """What the first op of a layer tells of the layer's hyper-parameters."""
    weight = own.inputs[1].shape if len(own.inputs) > 1 else None
    if own.name.startswith("conv") and weight and len(weight) > 2:
        return _convolution(own, weight)
    if own.name == "linear" and weight and len(weight) == 2:
        return {"in_features": weight[1], "out_features": weight[0]}
    table = own.inputs[0].shape if own.inputs else None
    if own.name == "embedding" and table and len(table) == 2:
        return {"num_embeddings": table[0], "embedding_dim": table[1]}
    if own.name == "layer_norm" and len(own.arguments) > 1:
        return {"normalized_shape": own.arguments[1]}
    if own.name == "batch_norm" and weight:
        return {"num_features": weight[0]}
    if "pool" in own.name:
        return _pooling(own)
    return {}


def _convolution(op: Op, weight: tuple[int, ...]) -> dict[str, Any]:
    is_transposed = "transpose" in op.name
    groups = _nth(op, 6, 1)
    if not isinstance(groups, int):
        raise TypeError(f"{groups!r:.40} groups")
    if is_transposed:
        wide, narrow = weight[0], weight[1] * groups
    else:
        wide, narrow = weight[1] * groups, weight[0]
    rank = len(weight) - 2
    return {
        "in_channels": wide,
        "out_channels": narrow,
        "kernel_size": weight[2:],
        "stride": _each(_nth(op, 3, 1), rank),
        "padding": _each(_nth(op, 4, 0), rank),
        "dilation": _each(_nth(op, 7 if is_transposed else 5, 1), rank),
        "groups": groups,
        "transposed": is_transposed,
    }


def _pooling(op: Op) -> dict[str, Any]:
    if op.name.startswith("adaptive"):
        return {"output_size": _nth(op, 1, 1)}
    kernel = _nth(op, 1, 1)
    return {"kernel_size": kernel, "stride": _nth(op, 2, kernel) or kernel}


def _nth(op: Op, place: int, default: Any) -> Any:
    return op.arguments[place] if place < len(op.arguments) else default


def _each(sizes: Any, rank: int) -> tuple[Any, ...]:
    found = tuple(sizes) if isinstance(sizes, tuple | list) else (sizes,)
    return found * rank if len(found) == 1 else found
