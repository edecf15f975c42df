"""``"input_ids=1,16:int64"`` -> a tensor of that shape, for the argument of that name."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

from introspect.errors import FormatError

_INPUT = re.compile(r"(?:([A-Za-z_]\w*)=)?([\d,x×\s]*)(?::(\w+))?")
_SHORT = {
    "float": "float32",
    "double": "float64",
    "half": "float16",
    "int": "int64",
    "long": "int64",
    "fp16": "float16",
    "fp32": "float32",
    "bf16": "bfloat16",
}
_DTYPES = (
    *"float32 float64 float16 bfloat16 int64 int32 int16 int8 uint8 bool".split(),
    *"complex64 complex128".split(),
)
_MOST_BYTES = 2**34


@dataclass(frozen=True, slots=True)
class InputSpec:
    """One input of a model.

    Attributes:
        written: As the user wrote it.
        shape: Sizes; empty for a scalar.
        dtype: As torch spells it after ``torch.``.
        name: Of the argument, or ``""`` for the next one.
    """

    written: str
    shape: tuple[int, ...]
    dtype: str = "float32"
    name: str = ""


def parse_inputs(texts: Sequence[str]) -> tuple[InputSpec, ...]:
    """What the user wrote -> what is meant.

    Raises:
        FormatError: If it is no list of sizes, or the dtype is unknown; says which are known.

    Example:
        >>> parse_inputs(["1,3,224,224"])[0].shape, parse_inputs(["ids=1,16:int"])[0].dtype
        ((1, 3, 224, 224), 'int64')
    """
    found = tuple(_parse(text) for text in texts)
    names = [spec.name for spec in found if spec.name]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice:
        raise FormatError("one argument has two inputs.", given=twice, hint="one --input for each")
    return found


def _parse(text: str) -> InputSpec:
    match = _INPUT.fullmatch(text.strip())
    sizes = [size for size in re.split(r"[,x×\s]+", match[2]) if size] if match else []
    if match is None or (not sizes and match[3] is None):
        raise FormatError(
            "an input is written as its sizes.",
            given=repr(text),
            hint="1,3,224,224 or 1,16:int64 or input_ids=1,16:int64",
        )
    dtype = _SHORT.get(match[3] or "float32", match[3] or "float32")
    if dtype not in _DTYPES:
        near = get_close_matches(dtype, _DTYPES, n=2)
        raise FormatError(
            "there is no such dtype for an input.",
            given=repr(text),
            hint=" or ".join(near) if near else ", ".join(_DTYPES),
        )
    shape = tuple(map(int, sizes))
    total = 16
    for size in shape:
        total *= max(size, 1)
        if total > _MOST_BYTES:
            raise FormatError(
                "an input of this size would fill the memory.", given=repr(text), hint="fewer"
            )
    return InputSpec(text, shape, dtype, match[1] or "")


def tensors(
    specs: Sequence[InputSpec], model: Any = None
) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """The tensors of these inputs, positional and named.

    Args:
        specs: As parsed.
        model: Where all its parameters are on ``meta``, so are the inputs.

    Returns:
        Positional and keyword arguments. Numbers are random between 0 and 1, the same each
        time; whole numbers and booleans are zeros, valid as indices wherever there is an entry.
    """
    device = "cpu"
    if model is not None:
        first = next(iter(model.parameters()), None)
        device = "cpu" if first is None else str(first.device)
    made = [(spec.name, tensor(spec, device=device)) for spec in specs]
    args = tuple(one for name, one in made if not name)
    return args, {name: one for name, one in made if name}


def tensor(spec: InputSpec, *, device: str = "cpu") -> Any:
    """One tensor."""
    import torch  # noqa: PLC0415  when a model is run

    dtype = getattr(torch, spec.dtype)
    if device == "meta" or not (dtype.is_floating_point or dtype.is_complex):
        return torch.zeros(spec.shape, dtype=dtype, device=device)
    generator = torch.Generator().manual_seed(0)
    return torch.rand(spec.shape, generator=generator).to(device=device, dtype=dtype)
