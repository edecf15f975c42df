"""Hyper-parameters that were given -> plain ones, or the error that says why not, in torch's words.

Not here: how they are written (``encoding``).
"""

from typing import Any

import numpy as np

from introspect.compat.tensorboard.arguments import make_np


def check_hparams(hparam_dict: Any, metric_dict: Any, domains: Any) -> None:
    """Refuse what is no dict of plain values.

    Raises:
        TypeError: If one is no dict, or a domain is no list of values of its type.
        ValueError: If a value is none of bool, number, text and tensor.
    """
    named = (("hparam_dict", hparam_dict), ("metric_dict", metric_dict))
    for name, given in (*named, ("hparam_domain_discrete", domains or {})):
        if not isinstance(given, dict):
            raise TypeError(f"parameter: {name} should be a dictionary, nothing logged.")
    for name, values in (domains or {}).items():
        if (
            name not in hparam_dict
            or not isinstance(values, list)
            or not all(isinstance(value, type(hparam_dict[name])) for value in values)
        ):
            raise TypeError(
                f"parameter: hparam_domain_discrete[{name}] should be a list of same type as "
                f"hparam_dict[{name}]."
            )
    for value in hparam_dict.values():
        if value is not None and not _is_plain(value) and not hasattr(value, "detach"):
            raise ValueError("value should be one of int, float, str, bool, or torch.Tensor")


def plain_hparams(hparam_dict: dict[str, Any]) -> dict[str, Any]:
    """Tensors as their first number; everything else as it is."""
    return {
        name: float(make_np(value).reshape(-1)[0]) if hasattr(value, "detach") else value
        for name, value in hparam_dict.items()
    }


def _is_plain(value: Any) -> bool:
    return isinstance(value, (bool, int, float, str, np.bool_, np.integer, np.floating))
