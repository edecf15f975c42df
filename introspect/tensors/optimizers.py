"""Optimizers to what is asked about them: which parameters they change, and how fast.

Cost: 0.1 us a parameter.

Not here: counting their steps (``introspect.tensors.clock``).
"""

from collections.abc import Mapping
from collections.abc import Set as AbstractSet

from torch import Tensor, nn
from torch.optim import Optimizer


def learning_rates(optimizer: Optimizer, place: int = 0) -> dict[str, float]:
    """What an optimizer is about to multiply its step by, by key.

    ``optimizer/lr``, or ``optimizer/group_0/lr`` and so on where it has several groups; the
    second optimizer of a training is ``optimizer_1``.

    Example:
        >>> import torch
        >>> weights = [torch.nn.Parameter(torch.ones(1)) for _ in range(2)]
        >>> groups = [{"params": [one], "lr": 0.5 ** place} for place, one in enumerate(weights)]
        >>> learning_rates(torch.optim.SGD(groups))
        {'optimizer/group_0/lr': 1.0, 'optimizer/group_1/lr': 0.5}
    """
    name = f"optimizer_{place}" if place else "optimizer"
    groups = optimizer.param_groups
    found = {}
    for index, group in enumerate(groups):
        rate = group.get("lr")
        is_far = isinstance(rate, Tensor) and rate.device.type != "cpu"  # reading it would wait
        if rate is not None and not is_far:
            found[f"{name}/group_{index}/lr" if len(groups) > 1 else f"{name}/lr"] = float(rate)
    return found


def held_by(
    optimizer: Optimizer, parameters: Mapping[str, nn.Parameter]
) -> dict[str, nn.Parameter]:
    """Those of the parameters that an optimizer changes."""
    mine = {id(tensor) for group in optimizer.param_groups for tensor in group["params"]}
    return {name: tensor for name, tensor in parameters.items() if id(tensor) in mine}


def left_over(parameters: Mapping[str, nn.Parameter], covered: AbstractSet[str]) -> set[str]:
    """Names of parameters that could be trained and are not among those that were changed."""
    return {name for name, p in parameters.items() if p.requires_grad and name not in covered}
