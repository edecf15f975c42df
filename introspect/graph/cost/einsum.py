"""An einsum equation and the shapes of its operands -> floating point operations.

torch contracts two operands at a time, from the left, each pair as one batched product of
matrices: 2 * batch * left * summed * right operations. A pair that sums over nothing is
multiplied element by element, and counts nothing; so does an index that only one operand
has, which is summed beforehand. Where the package opt_einsum is installed, torch takes its
order for three operands and more, which may need fewer operations than are counted here.
"""

from collections import Counter
from math import prod

Sizes = dict[str, int]


def einsum_flops(equation: str, shapes: list[tuple[int, ...]]) -> int:
    """Floating point operations of one einsum, two for each multiply-add.

    Args:
        equation: As passed to ``torch.einsum``: ``"bij,bjk->bik"``; output and dots optional.
        shapes: Of the operands.

    Example:
        >>> einsum_flops("bij,bjk->bik", [(2, 3, 4), (2, 4, 5)])
        240
    """
    operands, output = _read(equation, shapes)
    # how many operands still hold an index, with a size that is not broadcast
    holders = Counter(index for sizes in operands for index, size in sizes.items() if size != 1)
    holders.update(output)
    total = 0
    left = operands[0]
    for right in operands[1:]:
        shared = [k for k in left if left[k] != 1 and right.get(k, 1) != 1]
        holders.subtract(shared)
        summed = {k for k in shared if holders[k] == 1}
        merged = {k: max(left.get(k, 1), right.get(k, 1)) for k in (*left, *right)}
        # what one operand alone still holds is summed before the product
        alone = {k for k in merged if holders[k] == 1 and k not in summed and k not in output}
        merged = {k: size for k, size in merged.items() if k not in alone}
        if summed:
            total += 2 * prod(merged.values())
        left = {k: n for k, n in merged.items() if k not in summed}
    return total


def _read(equation: str, shapes: list[tuple[int, ...]]) -> tuple[list[Sizes], list[str]]:
    """The sizes of each operand by index, and the indices of the output."""
    inputs, arrow, result = equation.replace(" ", "").partition("->")
    operands = []
    for term, shape in zip(inputs.split(","), shapes, strict=False):
        names = _names(term, len(shape))
        operands.append(dict(zip(names, shape, strict=False)))
    dots = sorted({k for sizes in operands for k in sizes if k.startswith(".")}, reverse=True)
    if arrow:
        letters = result.replace("...", "")
        return operands, [*(dots if "..." in result else []), *letters]
    times = Counter(inputs.replace("...", "").replace(",", ""))
    return operands, [*dots, *(k for k in sorted(times) if times[k] == 1)]


def _names(term: str, dimensions: int) -> list[str]:
    """One name a dimension; those under the dots are counted from the right: ``.2 .1``."""
    head, dots, tail = term.partition("...")
    if not dots:
        return list(term)
    hidden = dimensions - len(head) - len(tail)
    return [*head, *(f".{k}" for k in range(hidden, 0, -1)), *tail]
