"""Autograd functions -> the words and colours of their boxes.

Not here: which boxes there are (``introspect.graph.autograd.outline``).
"""

from collections import Counter
from collections.abc import Mapping, Sequence

from introspect.graph.autograd.names import LAYOUT, function_name
from introspect.graph.outline.box import Box
from introspect.graph.outline.labels import by_times, module_family
from introspect.nouns.autograd import AutogradNode

_WORDS: Mapping[str, str] = {
    "convolution": "conv",
    "addmm": "linear",
    "mm": "linear",
    "bmm": "linear",
    "baddbmm": "linear",
    "linear": "linear",
    "scaleddotproduct": "attention",
    "softmax": "activation",
    "batchnorm": "norm",
    "layernorm": "norm",
    "groupnorm": "norm",
    "rmsnorm": "norm",
    "embedding": "embedding",
    "rnn": "recurrent",
    "pool": "pool",
    "upsample": "pool",
    "relu": "activation",
    "gelu": "activation",
    "silu": "activation",
    "sigmoid": "activation",
    "tanh": "activation",
    "elu": "activation",
    "hardswish": "activation",
    "hardtanh": "activation",
    "prelu": "activation",
    "add": "merge",
    "mul": "merge",
    "sub": "merge",
    "div": "merge",
    "cat": "merge",
    "stack": "merge",
}
_WHOLE = frozenset("add mul sub div cat stack mm bmm elu".split())
_LONGEST_DETAIL = 76
_ABOUT_LAYOUT = frozenset({"shape", "merge", "leaf", "saved", "io"})


def function_family(node: AutogradNode) -> str:
    """The colour family of a function, by what its class is called.

    Example:
        >>> function_family(AutogradNode(0, "function", "NativeBatchNormBackward0"))
        'norm'
    """
    name = function_name(node.name)
    if name in LAYOUT:
        return "shape"
    if name in _WORDS:
        return _WORDS[name]
    hits = (family for word, family in _WORDS.items() if word not in _WHOLE and word in name)
    found = next(hits, "") or module_family(name)
    return "function" if found == "module" else found


def arranges(node: AutogradNode) -> bool:
    """Whether a function only rearranges, as a transposed weight."""
    return function_name(node.name) in LAYOUT


def listed(words: Sequence[str]) -> str:
    """As many words as fit on a line, and how many there are more."""
    text, count = "", 0
    for word in words:
        longer = f"{text} · {word}" if text else word
        if text and len(longer) > _LONGEST_DETAIL - 12:
            break
        text, count = longer, count + 1
    more = len(words) - count
    return f"{text} · and {more} more" if more else text


def write_card(card: Box, leaves: Sequence[Box]) -> None:
    """What a closed module holds: its two most frequent functions, and its colour."""
    names: Counter[str] = Counter()
    weight: Counter[str] = Counter()
    for leaf in leaves:
        times, around = leaf.count, leaf.parent
        while around is not None and around is not card:  # folded blocks inside
            times, around = times * around.count, around.parent
        if leaf.family not in _ABOUT_LAYOUT:
            names[leaf.module.removesuffix("0").removesuffix("Backward")] += times
            weight[leaf.family] += times * max(leaf.parameters, 1)
    if names:
        card.detail = " · ".join(f"{n} {name}" for name, n in names.most_common(2))
        card.family = weight.most_common(1)[0][0]


def short(value: object, width: int) -> str:
    """The value of an attribute in at most `width` characters."""
    text = by_times(value) if isinstance(value, tuple) and value else str(value)
    return text if len(text) <= width else text[: max(width - 1, 1)] + "…"


def says(value: object) -> bool:
    """Whether an attribute is worth a word."""
    return value is not None and value not in ((), "[saved tensor]")
