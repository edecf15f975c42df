"""``"package.module:factory"`` or ``"file.py:factory"`` -> a model and its inputs.

The factory is a function without arguments that returns a module or ``(model, inputs)``, a
module's class, or a module. This is the one kind of SPEC that runs code of the user's choice.
"""

import importlib
import importlib.util
import inspect
import sys
from collections.abc import Mapping
from difflib import get_close_matches
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

from introspect.errors import FormatError, TraceError
from introspect.nouns.graph import Graph

if TYPE_CHECKING:
    from introspect.graph.spec import Built, Options

_GUESS = (1, 3, 224, 224)


def from_factory(spec: str, options: "Options") -> "Built | Graph":
    """The model that a factory makes, or the graph if it returns one.

    Raises:
        FormatError: If there is no such module, file or name in it, or if it makes something
            else; says what was found.
        TraceError: If the user's code fails.
    """
    place, _, name = spec.rpartition(":")
    if not place or not name:
        raise FormatError(
            "a factory is written as module:name.",
            given=repr(spec),
            hint="package.module:factory or file.py:factory",
        )
    module = _from_file(place) if place.endswith(".py") else _from_package(place, spec)
    return _made(_found(module, name, spec), spec, options)


def _from_package(place: str, spec: str) -> ModuleType:
    here = str(Path.cwd())
    if here not in sys.path:  # an installed command lacks the folder that `python -m` has
        sys.path.insert(0, here)
    try:
        return importlib.import_module(place)
    except ModuleNotFoundError as error:
        missing = error.name or ""
        if missing != place and not place.startswith(f"{missing}."):
            raise _broken(place, error) from error
        near = get_close_matches(place, [*sys.stdlib_module_names, *sys.modules], n=3)
        raise FormatError(
            "there is no such module.",
            where=spec,
            given=repr(place),
            cause=error,
            hint=" or ".join(near) if near else "run it where the package is, or file.py:factory",
        ) from error
    except Exception as error:
        raise _broken(place, error) from error


def _from_file(place: str) -> ModuleType:
    path = Path(place)
    if not path.is_file():
        folder = path.parent
        files = [file.name for file in folder.glob("*.py")] if folder.is_dir() else []
        near = get_close_matches(path.name, files, n=3) or sorted(files)[:5]
        raise FormatError(
            "there is no such file.", given=place, hint=" or ".join(near) if near else None
        )
    name = f"introspect_spec_{path.stem}"
    found = importlib.util.spec_from_file_location(name, path)
    if found is None or found.loader is None:
        raise FormatError("this file cannot be imported.", given=place)
    module = importlib.util.module_from_spec(found)
    sys.modules[name] = module  # dataclasses and pickles of that file look themselves up
    folder = str(path.resolve().parent)
    if folder not in sys.path:  # as `python file.py` has it
        sys.path.insert(0, folder)
    try:
        found.loader.exec_module(module)
    except Exception as error:
        del sys.modules[name]
        raise _broken(place, error) from error
    return module


def _broken(place: str, error: Exception) -> TraceError:
    where = ""
    trace = error.__traceback__
    while trace is not None:
        where = f"{trace.tb_frame.f_code.co_filename}:{trace.tb_lineno}"
        trace = trace.tb_next
    return TraceError(f"{place} could not be imported.", where=where, cause=error)


def _found(module: ModuleType, name: str, spec: str) -> Any:
    found: Any = module
    for part in name.split("."):
        try:
            found = getattr(found, part)
        except AttributeError:
            names = [key for key, thing in vars(found).items() if _could_be(key, thing)]
            near = get_close_matches(part, names, n=3) or names[:6]
            raise FormatError(
                "there is no such name in this module.",
                where=spec,
                given=repr(part),
                hint=" or ".join(near) if near else "a function, an nn.Module or its class",
            ) from None
    return found


def _could_be(name: str, thing: Any) -> bool:
    import torch  # noqa: PLC0415  when a factory is looked for

    return not name.startswith("_") and (callable(thing) or isinstance(thing, torch.nn.Module))


def _made(found: Any, spec: str, options: "Options") -> "Built | Graph":
    import torch  # noqa: PLC0415  when a factory is called

    from introspect.graph.spec import Built  # noqa: PLC0415  it imports this module's users

    if callable(found) and not isinstance(found, torch.nn.Module):
        found = _called(found, spec)
    if isinstance(found, Graph):
        return found
    if isinstance(found, torch.nn.Module):
        return _with_guess(found.eval(), options)
    if isinstance(found, tuple | list) and len(found) == 2:
        model, inputs = found
        if isinstance(model, torch.nn.Module):
            if isinstance(inputs, Mapping):
                return Built(model, kwargs=dict(inputs))
            return Built(model, tuple(inputs) if isinstance(inputs, tuple | list) else (inputs,))
    raise FormatError(
        "a factory returns a module, or a module and its inputs.",
        where=spec,
        given=f"{type(found).__module__}.{type(found).__qualname__}",
        hint="return model, (x, mask) or return model, {'input_ids': ids}",
    )


def _called(factory: Any, spec: str) -> Any:
    try:
        inspect.signature(factory).bind()
    except TypeError as error:
        raise FormatError(
            "a factory is called without arguments.",
            where=spec,
            cause=error,
            hint="a function of your own that calls it: def small(): return Net(width=64)",
        ) from error
    except ValueError:  # built in, without a signature
        pass
    try:
        return factory()
    except Exception as error:
        raise TraceError("the factory failed.", where=spec, cause=error) from error


def _with_guess(model: Any, options: "Options") -> "Built":
    """Inputs for a model that came without: its own example, or an image."""
    import torch  # noqa: PLC0415  when a model is there

    from introspect.graph.spec import Built  # noqa: PLC0415  it imports this module's users

    if options.inputs or options.level == "module":
        return Built(model)
    example = getattr(model, "example_input_array", None)  # Lightning
    if isinstance(example, torch.Tensor):
        return Built(model, (example,))
    if isinstance(example, tuple):
        return Built(model, example)
    if isinstance(example, Mapping):
        return Built(model, kwargs=dict(example))
    required = [
        name
        for name, argument in inspect.signature(model.forward).parameters.items()
        if argument.default is argument.empty
        and argument.kind not in {argument.VAR_POSITIONAL, argument.VAR_KEYWORD}
    ]
    if not required and not hasattr(model, "__getitem__"):
        return Built(model)
    first = next(iter(model.parameters()), None)
    image = torch.rand(_GUESS, generator=torch.Generator().manual_seed(0))
    return Built(
        model,
        (image if first is None else image.to(first.device),),
        guessed=",".join(map(str, _GUESS)),
    )
