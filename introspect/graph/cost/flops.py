"""The recorded shapes of one op -> its floating point operations.

The convention is that of ``torch.utils.flop_counter.FlopCounterMode`` (torch 2.13 to 2.15):
a product of an (m, k) with a (k, n) matrix is ``2 * m * k * n`` operations, so two for each
multiply-add; biases, scalings, norms, activations and softmax count nothing; attention masks
spare nothing. FlopCounterMode reads the ATen operators below each torch function; here each
function has the formula that those add up to: equal on all of torch's own samples of its
operations that FlopCounterMode counts.

Four kinds that FlopCounterMode leaves at zero are counted by the same rule, since they do
the same work: products with a vector, products added in place (``addmm_``), fused kernels
(recurrent ones, a linear layer with its loss), and dynamically quantised linear layers.

Cost: 1 us an op.

Not here: sums over module calls (``introspect.graph.cost``), backward passes (twice the
forward, for a model whose weights and inputs all need gradients).
"""

from collections.abc import Callable, Iterator, Mapping
from math import isqrt, prod
from typing import Any

from introspect.graph.cost.einsum import einsum_flops
from introspect.nouns.graph import TENSOR, Op, Value

Sizes = tuple[int, ...]


def flops(op: Op) -> int | None:
    """Floating point operations of one op.

    Args:
        op: As traced, at any level.

    Returns:
        0 for functions that multiply no matrices; None where there is a formula, but not the
        shapes that it needs (nested tensors). A function without a formula of its own counts
        its ATen children, if it has any.

    Example:
        >>> def value(*shape):
        ...     return Value(0, shape, "float32", "cpu", "input")
        >>> flops(Op(0, "linear", None, (value(2, 3), value(5, 3)), (value(2, 5),), (TENSOR,) * 2))
        60
    """
    found = _FORMULAS.get(op.name)
    if found is not None:
        return _apply(op, *found)
    if op.children:
        return sum(_child_flops(child) for child in op.children)
    return 0


def _child_flops(child: Op) -> int:
    name = child.name.removeprefix("aten.").removeprefix("aten::").partition(".")[0]
    found = _FORMULAS.get(name)
    return (_apply(child, *found) or 0) if found is not None else 0


def _apply(op: Op, formula: "Formula", names: tuple[str, ...]) -> int | None:
    try:
        return formula(op, _arguments(op, names))
    except (TypeError, KeyError, IndexError, ValueError, StopIteration):
        # no shape to read (nested tensors), or another function of the same name: the caller
        # says that this op was not counted
        return None


def _arguments(op: Op, names: tuple[str, ...]) -> dict[str, Any]:
    """Parameter name -> shape of the tensor that was passed, or the argument itself."""
    tensors = iter(op.inputs)
    given = {}
    for k, argument in enumerate(op.arguments):
        filled = _fill(argument, tensors)
        if k < len(names):
            given[names[k]] = filled
    for name, argument in op.options.items():
        given[name] = _fill(argument, tensors)
    return given


def _fill(argument: Any, tensors: Iterator[Value]) -> Any:
    if argument is TENSOR:
        value = next(tensors, None)
        return None if value is None else value.shape
    if isinstance(argument, tuple):
        return tuple([_fill(item, tensors) for item in argument])
    if isinstance(argument, Mapping):
        return {key: _fill(item, tensors) for key, item in argument.items()}
    return argument


Formula = Callable[[Op, dict[str, Any]], int]


def _linear(op: Op, given: dict[str, Any]) -> int:
    return 2 * _made(op) * given["input"][-1]


def _made(op: Op) -> int:
    """Scalars in what the op returned."""
    return prod(op.outputs[-1].shape or ()) if op.outputs else 0


def _matmul(op: Op, given: dict[str, Any]) -> int:
    return 2 * _made(op) * given["input"][-1]


def _reflected_matmul(op: Op, given: dict[str, Any]) -> int:
    sizes = given["input"]
    return 2 * _made(op) * sizes[-2 if len(sizes) > 1 else -1]


def _matrices(op: Op, given: dict[str, Any]) -> int:
    """``mm``, ``bmm`` and their sums with a third tensor, batches summed over or not."""
    del op
    left, right = _named(given, _LEFT), _named(given, _RIGHT)
    return 2 * prod(left) * (right[-1] if len(right) > 1 else 1)


def _named(given: dict[str, Any], names: tuple[str, ...]) -> Any:
    return next(given[name] for name in names if name in given)


def _convolution(op: Op, given: dict[str, Any]) -> int:
    weight, x = given["weight"], given["input"]
    transposed = given.get("transposed", "transpose" in op.name)
    spatial = len(weight) - 2
    batch = x[0] if len(x) == len(weight) else 1
    places = x if transposed else op.outputs[0].shape or ()
    parts = 3 if op.inputs[0].dtype.startswith("complex") else 1  # as three real ones
    return 2 * parts * batch * prod(places[len(places) - spatial :]) * prod(weight)


def _attention(op: Op, given: dict[str, Any]) -> int:
    query, key, value = given["query"], given["key"], given["value"]
    # batches and heads are read off the result, where they have been broadcast
    made = op.outputs[0].shape or ()
    return _scores(prod(made[:-1]), key[-2], query[-1], value[-1])


def _scores(queries: int, keys: int, width: int, value_width: int) -> int:
    """Queries with keys, then the scores with values; `queries` over all batches and heads."""
    return 2 * queries * keys * (width + value_width)


def _multi_head_attention(op: Op, given: dict[str, Any]) -> int:
    """In-projections, attention, out-projection; (length, batch, width) or (length, width)."""
    del op
    query, key, value = given["query"], given["key"], given["value"]
    width = query[-1]
    projections = 2 * width * (prod(query) + prod(key) + prod(value) + prod(query))
    keys = (given.get("static_k") or key)[-2 if given.get("static_k") else 0]
    keys += given.get("bias_k") is not None
    keys += bool(given.get("add_zero_attn"))
    # heads * (width / heads) = width, so the number of heads cancels out
    return projections + _scores(prod(query[:-1]), keys, width, width)


def _recurrent(op: Op, given: dict[str, Any]) -> int:
    """Each weight matrix meets each token once; packed sequences are (tokens, features)."""
    del given
    tokens = prod((op.inputs[0].shape or ())[:-1])
    return 2 * tokens * _matrix_scalars(op.inputs[1:])


def _recurrent_cell(op: Op, given: dict[str, Any]) -> int:
    del op
    return 2 * prod(given["input"][:-1]) * (prod(given["w_ih"]) + prod(given["w_hh"]))


def _matrix_scalars(values: tuple[Value, ...]) -> int:
    return sum(prod(value.shape) for value in values if value.shape and len(value.shape) == 2)


def _tensordot(op: Op, given: dict[str, Any]) -> int:
    made = _made(op)
    # scalars of a times those of b is made * contracted squared
    return 2 * made * isqrt(prod(given["a"]) * prod(given["b"]) // made) if made else 0


def _einsum(op: Op, given: dict[str, Any]) -> int:
    equation = given.get("equation")
    if not isinstance(equation, str):
        return 0
    return einsum_flops(equation, [value.shape or () for value in op.inputs])


def _matrix_chain(op: Op, given: dict[str, Any]) -> int:
    """The cheapest order of multiplication, which ``multi_dot`` takes."""
    del given
    shapes = [value.shape or () for value in op.inputs]
    if len(shapes) < 2:
        return 0
    first = shapes[0] if len(shapes[0]) == 2 else (1, *shapes[0])
    last = shapes[-1] if len(shapes[-1]) == 2 else (*shapes[-1], 1)
    sizes = [first[0], *(shape[0] for shape in shapes[1:-1]), *last]
    count = len(sizes) - 1
    best = [[0] * count for _ in range(count)]
    for span in range(1, count):
        for i in range(count - span):
            j = i + span
            best[i][j] = min(
                best[i][k] + best[k + 1][j] + sizes[i] * sizes[k + 1] * sizes[j + 1]
                for k in range(i, j)
            )
    return 2 * best[0][-1]


def _covariance(op: Op, given: dict[str, Any]) -> int:
    """(variables, observations) times its transpose."""
    del op
    sizes = given["input"]
    return 2 * prod(sizes) * sizes[0] if len(sizes) == 2 else 2 * prod(sizes)


def _matrix_power(op: Op, given: dict[str, Any]) -> int:
    """Squarings, and one product more for each further bit of the exponent."""
    exponent = abs(given["n"])
    products = max(0, exponent.bit_length() + exponent.bit_count() - 2)
    return 2 * products * _made(op) * given["input"][-1]


def _linear_cross_entropy(op: Op, given: dict[str, Any]) -> int:
    del op
    return 2 * prod(given["input"][:-1]) * prod(given["linear_weight"])


# a product's two sides, as torch spells them; `input` is one only where there is no third tensor
_LEFT = ("mat1", "batch1", "mat", "mat_a", "input")
_RIGHT = ("mat2", "batch2", "vec", "vec2", "tensor", "other", "mat_b")
_CELL = ("input", "hx", "w_ih", "w_hh")
_QKV = ("query", "key", "value")
_MHA = (
    *_QKV,
    *"embed_dim num_heads in_proj_weight in_proj_bias bias_k bias_v add_zero_attn".split(),
)
_CONVOLUTION = ("input", "weight", "bias", "stride", "padding", "dilation", "transposed")


def _table() -> dict[str, tuple[Formula, tuple[str, ...]]]:
    """Function name -> formula, and the names of its positional parameters."""
    rows: list[tuple[str, Formula, tuple[str, ...]]] = [
        ("linear linear_dynamic linear_relu_dynamic", _linear, ("input",)),
        ("matmul __matmul__ linalg_matmul inner linalg_vecdot vecdot", _matmul, ("input",)),
        ("__rmatmul__", _reflected_matmul, ("input",)),
        ("mm bmm mv dot vdot", _matrices, ("input", "mat2")),
        ("_scaled_mm scaled_mm", _matrices, ("input", "mat2")),
        ("addmm baddbmm addbmm addmv", _matrices, ("input", "mat1", "mat2")),
        ("addmm_ baddbmm_ addbmm_ addmv_", _matrices, ("input", "mat1", "mat2")),
        ("conv1d conv2d conv3d", _convolution, ("input", "weight")),
        ("conv_transpose1d conv_transpose2d conv_transpose3d", _convolution, ("input", "weight")),
        ("convolution _convolution cudnn_convolution", _convolution, _CONVOLUTION),
        ("scaled_dot_product_attention flex_attention", _attention, _QKV),
        ("_scaled_dot_product_flash_attention_for_cpu", _attention, _QKV),
        ("_scaled_dot_product_flash_attention", _attention, _QKV),
        ("_scaled_dot_product_efficient_attention", _attention, _QKV),
        ("_scaled_dot_product_cudnn_attention", _attention, _QKV),
        ("multi_head_attention_forward", _multi_head_attention, _MHA),
        ("lstm gru rnn_tanh rnn_relu", _recurrent, ()),
        ("lstm_cell gru_cell rnn_tanh_cell rnn_relu_cell", _recurrent_cell, _CELL),
        ("einsum", _einsum, ("equation",)),
        ("tensordot", _tensordot, ("a", "b")),
        ("linalg_multi_dot chain_matmul multi_dot", _matrix_chain, ()),
        ("cov corrcoef", _covariance, ("input",)),
        ("matrix_power linalg_matrix_power", _matrix_power, ("input", "n")),
        ("linear_cross_entropy", _linear_cross_entropy, ("input", "linear_weight")),
    ]
    return {name: (formula, given) for words, formula, given in rows for name in words.split()}


_FORMULAS = _table()
