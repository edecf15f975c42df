"""What a caller of `watch` gave to what can be watched: models, patterns, optimizers.

Not here: the watching (``introspect.tensors.watching``).
"""

from collections.abc import Mapping, Sequence
from fnmatch import fnmatchcase
from typing import Any

from torch import nn
from torch.nn.parameter import is_lazy
from torch.optim import Optimizer

from introspect.errors import WatchError
from introspect.nouns.watched import KINDS

SILENT = (nn.Identity, nn.Flatten, nn.Unflatten, nn.modules.dropout._DropoutNd)  # noqa: SLF001  the base of all
"""Modules whose outputs are their inputs."""


def check_log(log: Sequence[str]) -> tuple[str, ...]:
    """The kinds to record, in the order of `KINDS`.

    Raises:
        WatchError: If there are others, or none.
    """
    kinds = (log,) if isinstance(log, str) else tuple(log)
    unknown = [kind for kind in kinds if kind not in KINDS]
    if unknown or not kinds:
        raise WatchError(
            f"watch records {', '.join(KINDS)}.", given=f"log={log!r}", hint=f"log={KINDS!r}"
        )
    return tuple(kind for kind in KINDS if kind in kinds)


def check_model(model: Any) -> nn.Module:
    """The model itself, also if it was compiled or wrapped for several devices.

    Names of parameters and modules then are the plain ones.

    Raises:
        WatchError: If it is no module or has no parameters.
    """
    if not isinstance(model, nn.Module):
        raise WatchError(
            "only a torch.nn.Module can be watched.",
            given=type(model).__name__,
            hint="watch(model, optimizer, history=history)",
        )
    inner: Any = model
    while (inner := _unwrapped(inner)) is not model:
        model = inner
    for module in model.modules():
        if type(module).__name__ == "FullyShardedDataParallel":
            raise WatchError(
                "FullyShardedDataParallel hides which values of a parameter a rank has.",
                hint="torch.distributed.fsdp.fully_shard(model)",
            )
    if next(model.parameters(), None) is None:
        raise WatchError("this model has no parameters to watch.", given=type(model).__name__)
    return model


def _unwrapped(model: nn.Module) -> nn.Module:
    wrappers = (nn.parallel.DistributedDataParallel, nn.DataParallel)
    inner = model.module if isinstance(model, wrappers) else getattr(model, "_orig_mod", model)
    return inner if isinstance(inner, nn.Module) else model


def selected_modules(model: nn.Module, patterns: tuple[str, ...] | None) -> dict[str, nn.Module]:
    """Modules by path whose outputs are read; a shared one under its first path.

    Those without modules inside, those that hold parameters themselves, and those that a
    pattern names in full; not those that only hand on their input.

    Args:
        model: Where to look.
        patterns: Globs of module paths; None for all.
    """
    found: dict[str, nn.Module] = {}
    for path, module in model.named_modules():
        is_named = patterns is not None and path in patterns
        is_leaf = next(module.children(), None) is None
        holds = next(module.parameters(recurse=False), None) is not None
        is_worth = (is_leaf or holds) and not isinstance(module, (*SILENT, nn.ParameterList))
        if is_named or (is_worth and _is_covered(path, patterns)):
            found[path] = module
    return {path: module for path, module in found.items() if path or len(found) == 1}


def selected(model: nn.Module, patterns: tuple[str, ...] | None) -> Mapping[str, nn.Parameter]:
    """Parameters by name, in the order of the model; a shared one under its first name.

    Those that have no values yet (lazy modules before their first input) are left out, but
    count as found.

    Args:
        model: Where to look.
        patterns: Globs of module paths; None for all.

    Raises:
        WatchError: If a pattern matches no module, or none has parameters.
    """
    found: dict[str, nn.Parameter] = {}
    seen: set[int] = set()
    for name, parameter in model.named_parameters(remove_duplicate=False):
        if id(parameter) not in seen and _is_covered(name.rpartition(".")[0], patterns):
            seen.add(id(parameter))
            found[name] = parameter
    if patterns is not None:
        _check_patterns(model, patterns, found=bool(found))
    return {name: parameter for name, parameter in found.items() if not is_lazy(parameter)}


def _is_covered(path: str, patterns: tuple[str, ...] | None) -> bool:
    """Whether a module path, or one of those above it, matches."""
    if patterns is None:
        return True
    parts = path.split(".")
    above = [".".join(parts[: end + 1]) for end in range(len(parts))]
    return any(fnmatchcase(place, pattern) for place in above for pattern in patterns)


def _check_patterns(model: nn.Module, patterns: tuple[str, ...], *, found: bool) -> None:
    paths = [path for path, _ in model.named_modules()]
    silent = [
        pattern for pattern in patterns if not any(fnmatchcase(path, pattern) for path in paths)
    ]
    if silent or not found:
        owners = dict.fromkeys(name.rpartition(".")[0] for name, _ in model.named_parameters())
        shown = [path for path in owners if path][:8]
        more = f" and {len(owners) - 8} more" if len(owners) > 8 else ""
        raise WatchError(
            "no module matches." if silent else "the modules that match have no parameters.",
            given=f"modules={list(silent or patterns)!r}",
            hint=f"one of {', '.join(shown)}{more}" if shown else "modules=None",
        )


def check_optimizer(optimizer: Any, model: nn.Module) -> None:
    """Raise a WatchError unless it is None or an optimizer of some of the model's parameters."""
    if optimizer is None:
        return
    if not isinstance(optimizer, Optimizer):
        raise WatchError(
            "the second argument is the optimizer.",
            given=type(optimizer).__name__,
            hint="watch(model, history=history), or watch(model, optimizer, history)",
        )
    held = {id(tensor) for group in optimizer.param_groups for tensor in group["params"]}
    if not any(id(parameter) in held for parameter in model.parameters()):
        raise WatchError(
            "this optimizer holds no parameters of the model.",
            given=f"{type(optimizer).__name__} with {len(held)} parameters",
            hint="the optimizer made with model.parameters(), or none at all",
        )


def check_numbers(every: Any, sample: Any, spectra: Any) -> None:
    """Raise a WatchError unless these options of `watch` are counts, or "auto"."""
    if every != "auto" and (not _is_count(every) or every < 1):
        raise WatchError(
            "every counts calls.", given=f"every={every!r}", hint='every=100, or every="auto"'
        )
    if sample is not None and (not _is_count(sample) or sample < 1):
        raise WatchError("sample counts values.", given=f"sample={sample!r}", hint="sample=65536")
    if not _is_count(spectra) or spectra < 0:
        raise WatchError(
            "spectra counts singular values.", given=f"spectra={spectra!r}", hint="spectra=8"
        )


def _is_count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def check_history(history: Any) -> Any:
    """The history itself; one in memory for None. Raises a WatchError if it is none."""
    if history is None:
        from introspect.history import History  # noqa: PLC0415  only if none is given

        return History()
    if not (hasattr(history, "log") and hasattr(history, "step")):
        raise WatchError(
            "this is no history.", given=type(history).__name__, hint="introspect.History()"
        )
    return history
