"""Layer -> the words in its box: family, class and the one line of detail.

The label grammar, by example: ``3×3, 64 → 128 /2`` (convolution), ``2×2, 128 → 64 ↑2``
(transposed), ``4096 → 14336`` (linear), ``global`` (pooling to one), ``12 heads × 64``.
"""

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

from introspect.graph.outline.box import Shape
from introspect.nouns.graph import TENSOR, Op

VIEWS = frozenset(
    "view reshape transpose permute contiguous expand unsqueeze squeeze to float half type_as "
    "__getitem__ split chunk unbind detach clone expand_as movedim swapaxes T mT as_strided type "
    "bfloat16 view_as narrow select squeeze_ unsqueeze_ flatten data double cpu cuda tensor_split "
    "repeat_interleave unflatten moveaxis swapdims alias".split()
)
"""Operations that move or retype numbers without computing. Hidden; edges bridge them."""

MERGES: Mapping[str, str] = {
    **dict.fromkeys(("add", "__add__", "__radd__", "__iadd__", "add_"), "+"),
    **dict.fromkeys(("mul", "__mul__", "__rmul__", "__imul__", "mul_", "multiply"), "×"),
    **dict.fromkeys(("sub", "__sub__", "__rsub__", "__isub__", "sub_"), "−"),
    **dict.fromkeys(("div", "__truediv__", "div_", "true_divide"), "÷"),
    **dict.fromkeys(("matmul", "__matmul__", "bmm", "mm", "einsum"), "matmul"),
    **dict.fromkeys(("cat", "concat", "concatenate"), "concat"),
    "stack": "stack",
}
ACTIVATIONS: Mapping[str, str] = {
    "relu": "ReLU",
    "gelu": "GELU",
    "silu": "SiLU",
    "sigmoid": "sigmoid",
    "tanh": "tanh",
    "softmax": "softmax",
    "log_softmax": "log softmax",
    "leaky_relu": "LeakyReLU",
    "elu": "ELU",
    "hardswish": "Hardswish",
    "hardsigmoid": "Hardsigmoid",
    "relu6": "ReLU6",
    "hardtanh": "Hardtanh",
    "mish": "Mish",
    "softplus": "Softplus",
    "selu": "SELU",
    "celu": "CELU",
    "prelu": "PReLU",
    "glu": "GLU",
}
POOLS: Mapping[str, str] = {
    "max_pool1d": "max pool",
    "max_pool2d": "max pool",
    "max_pool3d": "max pool",
    "avg_pool1d": "average pool",
    "avg_pool2d": "average pool",
    "avg_pool3d": "average pool",
    "adaptive_avg_pool1d": "average pool",
    "adaptive_avg_pool2d": "average pool",
    "adaptive_avg_pool3d": "average pool",
    "adaptive_max_pool2d": "max pool",
    "mean": "mean",
    "interpolate": "resize",
}
ATTENTION = frozenset({"scaled_dot_product_attention", "multi_head_attention_forward"})
DROPOUTS = frozenset("dropout dropout1d dropout2d dropout3d alpha_dropout feature_dropout".split())
RECURRENT = frozenset("LSTM GRU RNN LSTMCell GRUCell RNNCell".split())
PLAIN_CONTAINERS = frozenset({"Sequential", "ModuleList", "ModuleDict"})
"""Classes that say nothing; their names are never written."""
PASS_THROUGH = frozenset(
    "Dropout Dropout1d Dropout2d Dropout3d AlphaDropout Identity DropPath StochasticDepth".split()
)
_ACTIVATION_CLASSES = frozenset(word.replace(" ", "").lower() for word in ACTIVATIONS.values()) | {
    "softmax",
    "logsoftmax",
    "softmax2d",
    "softmin",
    "softsign",
    "threshold",
    "logsigmoid",
}


def op_word(name: str) -> str:
    """The name of an op without its in-place underscore."""
    return name.rstrip("_") if not name.startswith("__") else name


def module_family(module: str, op: str = "") -> str:
    """The colour family of a module class, helped by the op that it ran."""
    word = module.lower()
    tests = (
        ("norm", "norm" in word),
        ("attention", "attention" in word or op in ATTENTION),
        ("conv", "conv" in word and module != "Conv1D"),
        ("pool", "pool" in word or word.startswith("upsample") or op in POOLS),
        ("embedding", "embed" in word),
        ("recurrent", module in RECURRENT),
        ("linear", word.endswith("linear") or module == "Conv1D" or op == "linear"),
        ("activation", word in _ACTIVATION_CLASSES or "activation" in word),
        ("shape", word in {"flatten", "unflatten", "identity", "pixelshuffle"}),
    )
    return next((family for family, hit in tests if hit), "module")


def by_times(sizes: Any) -> str:
    """``(3, 3)`` to ``3×3``; a number stays one."""
    return "×".join(map(str, sizes)) if isinstance(sizes, list | tuple) else str(sizes)


@lru_cache(maxsize=4096)  # equal layers have equal counts
def short_count(count: float) -> str:
    """Three figures and a unit: ``9.54k``, ``25.6M``, ``8.03B``.

    Example:
        >>> [short_count(n) for n in (0, 999, 9536, 25_557_032, 999_999)]
        ['0', '999', '9.54k', '25.6M', '1.00M']
    """
    for limit, unit in ((1e12, "T"), (1e9, "B"), (1e6, "M"), (1e3, "k")):
        if count >= limit * 0.9995:
            scaled = count / limit
            return f"{scaled:.{0 if scaled >= 99.95 else 1 if scaled >= 9.995 else 2}f}{unit}"
    return f"{count:.0f}"


def layer_detail(
    module: str, settings: Mapping[str, Any], shape: Shape, *, arrow: bool = False
) -> str:
    """What one line says about a layer beyond its class.

    Args:
        module: Class name.
        settings: Hyper-parameters of the module.
        shape: Of its result.
        arrow: Whether to write ``64 → 64`` in full, so that ranges can be made of it.
    """
    if "kernel_size" in settings and "out_channels" in settings:
        return _convolution(settings, arrow=arrow)
    if "in_features" in settings and "out_features" in settings:
        return f"{settings['in_features']} → {settings['out_features']}"
    if module == "Conv1D" and "nf" in settings:
        return f"{settings.get('nx', '?')} → {settings['nf']}"
    if "num_embeddings" in settings:
        return f"{settings['num_embeddings']} × {settings['embedding_dim']}"
    if "norm" in module.lower():
        width = settings.get("normalized_shape", settings.get("num_features"))
        return by_times(width) if width is not None else str(shape[-1]) if shape else ""
    if "Pool" in module:
        return _pooling(settings)
    if "num_heads" in settings and "embed_dim" in settings:
        return f"{settings['num_heads']} heads × {settings['embed_dim'] // settings['num_heads']}"
    if module in RECURRENT:
        return _recurrent(settings)
    return ""


def _convolution(settings: Mapping[str, Any], *, arrow: bool) -> str:
    wide, narrow = settings["in_channels"], settings["out_channels"]
    groups, stride = settings.get("groups", 1), settings.get("stride", (1,))
    text = by_times(settings["kernel_size"])
    text += f", {wide} → {narrow}" if wide != narrow or arrow else f", {narrow}"
    if groups > 1:
        text += " depthwise" if groups == wide else f", {groups} groups"
    if any(step != 1 for step in stride):
        sign = " ↑" if settings.get("transposed") else " /"
        text += sign + (str(stride[0]) if len(set(stride)) == 1 else by_times(stride))
    dilation = settings.get("dilation", (1,))
    if isinstance(dilation, tuple) and any(step != 1 for step in dilation):
        text += f", dilation {dilation[0]}"
    return text


def _pooling(settings: Mapping[str, Any]) -> str:
    if "output_size" in settings:
        target = settings["output_size"]
        if target in (1, (1,), (1, 1), (1, 1, 1)):
            return "global"
        return "to " + by_times(target if isinstance(target, tuple) else (target, target))
    kernel, stride = settings.get("kernel_size"), settings.get("stride")
    if kernel is None:
        return ""
    text = by_times(kernel if isinstance(kernel, tuple) else (kernel, kernel))
    step = stride[0] if isinstance(stride, tuple) else stride
    return text + (f" /{step}" if step and step != 1 else "")


def _recurrent(settings: Mapping[str, Any]) -> str:
    text = f"{settings.get('hidden_size')} units"
    if settings.get("num_layers", 1) > 1:
        text += f", {settings['num_layers']} layers"
    return text + (", both ways" if settings.get("bidirectional") else "")


def function_word(function: str) -> str:
    """An author's function name as words: ``apply_rotary_pos_emb`` to ``rotary embedding``."""
    word = re.sub(r"_forward$|^apply_|_fn$", "", function.strip("_"))
    return word.replace("_pos_emb", " embedding").replace("sdpa_", "").replace("_", " ")


def op_label(op: Op) -> tuple[str, str, str]:
    """(word, family, detail) of an op that stands for itself."""
    name = op_word(op.name)
    before = op.inputs[0].shape if op.inputs else None
    after = op.outputs[0].shape if op.outputs else None
    if name in ACTIVATIONS:
        return ACTIVATIONS[name], "activation", ""
    if name in MERGES:
        return MERGES[name], "merge", ""
    if name in POOLS:
        return POOLS[name], "pool", _functional_pool(name, before, after)
    if name in ATTENTION:
        return "attention", "attention", heads(op)
    if name in {"linear", "addmm"}:
        return "linear", "linear", _last_sizes(op)
    family = module_family("", name)
    if family == "module":
        family = "conv" if name.startswith("conv") else "norm" if "norm" in name else "shape"
    if name == "embedding":
        family = "embedding"
    return name.strip("_").replace("_", " "), family, ""


def _functional_pool(name: str, before: Shape, after: Shape) -> str:
    if not before or not after or name == "mean":
        return ""
    if name.startswith("adaptive"):
        sizes = after[2:]
        return "global" if all(size == 1 for size in sizes) else "to " + by_times(sizes)
    if name == "interpolate":
        return "to " + by_times(after[2:])
    factor = before[-1] // max(1, after[-1])
    return f"/{factor}" if factor > 1 else ""


def _last_sizes(op: Op) -> str:
    weight = next((value.shape for value in op.inputs if value.kind == "parameter"), None)
    return f"{weight[-1]} → {weight[0]}" if weight and len(weight) == 2 else ""


def heads(op: Op, around: Sequence[Shape] = ()) -> str:
    """``32 heads × 128, 8 key/value`` of an attention op.

    Args:
        op: scaled_dot_product_attention, whose first inputs are query and key.
        around: Shapes that the function around it touches: there the key still has its
            own number of heads, before it is repeated to the query's.
    """
    if len(op.inputs) < 2 or not op.inputs[0].shape or len(op.inputs[0].shape) != 4:
        return ""
    query, key = op.inputs[0].shape, op.inputs[1].shape or ()
    grouped = [s[1] for s in around if s and len(s) == 4 and s[2:] == key[2:] and s[1] > 1]
    key_heads = min([*grouped, query[1]])
    text = f"{query[1]} heads × {query[3]}"
    return text + (f", {key_heads} key/value" if key_heads != query[1] else "")


_INDEXING = frozenset("__getitem__ __setitem__ select narrow select_scatter".split())


def scalars(op: Op, steps: list[int]) -> tuple[Any, ...]:
    """The arguments of an op that are no tensors, comparable: two ops fold only if equal.

    Args:
        op: Any.
        steps: Gets the positions that an indexing op names, as in ``x[:, 3]``. They may
            advance from one turn of a loop to the next, so they are no part of the result.
    """
    found = steps if op.name in _INDEXING else None
    named = tuple(sorted((key, _plain(value, found)) for key, value in op.options.items()))
    plain = tuple("·" if value is TENSOR else _plain(value, found) for value in op.arguments)
    return (op.name, plain, named)


def _plain(value: Any, steps: list[int] | None) -> Any:
    if steps is None:
        return repr(value)
    if isinstance(value, int) and not isinstance(value, bool):
        steps.append(value)
        return "#"
    if isinstance(value, list | tuple):
        return tuple(_plain(part, steps) for part in value)
    if isinstance(value, slice):
        return ("slice", *(_plain(part, steps) for part in (value.start, value.stop, value.step)))
    return repr(value)
