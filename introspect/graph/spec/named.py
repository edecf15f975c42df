"""``"resnet50"`` -> a model of torchvision or timm, with random weights and a fitting input.

Never downloads: weights are named as none, those of a backbone, too.
"""

import contextlib
import inspect
from difflib import get_close_matches
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from introspect.errors import FormatError, MissingExtraError, TraceError

if TYPE_CHECKING:
    from introspect.graph.spec import Built, Options

_LIBRARIES = ("torchvision", "timm")


def from_name(spec: str, options: "Options") -> "Built":
    """The model of that name.

    Args:
        spec: ``"resnet50"``, ``"timm/resnet50"``.
        options: With ``mode="fake"`` it is built on ``meta``.

    Raises:
        FormatError: If neither library has it; names those that are near.
        MissingExtraError: If the library that is asked for is not installed.
        TraceError: If the library fails to build it.
    """
    library, _, rest = spec.partition("/")
    asked = (library,) if rest and library in _LIBRARIES else _LIBRARIES
    name = rest if len(asked) == 1 else spec
    there = [library for library in asked if find_spec(library) is not None]
    if len(asked) == 1 and not there:
        raise MissingExtraError(f"{library} is not installed.", hint=f"pip install {library}")
    for candidate in there:
        if name in _names(candidate):
            return (_torchvision if candidate == "torchvision" else _timm)(name, options)
        if candidate == "timm" and name.partition(".")[0] in _names(candidate):
            return _timm(name, options)
    raise _unknown(spec, name, there)


def _names(library: str) -> list[str]:
    if library == "torchvision":
        return import_module("torchvision.models").list_models()
    return import_module("timm").list_models()


def _unknown(spec: str, name: str, there: list[str]) -> FormatError:
    from introspect.graph.spec import KINDS  # noqa: PLC0415  it imports this module's users

    folder = Path(spec).parent
    known = [found for library in there for found in _names(library)]
    if folder.is_dir():
        known += [str(folder / file.name) for file in folder.iterdir()]
    near = list(dict.fromkeys(get_close_matches(name, known, n=5, cutoff=0.6)))
    missing = [library for library in _LIBRARIES if library not in there]
    return FormatError(
        "there is no such model, file or folder.",
        given=repr(spec),
        cause=f"{' and '.join(missing)} not installed" if missing else None,
        hint=f"{' or '.join(near)}? A SPEC is {KINDS}" if near else f"a SPEC is {KINDS}",
    )


def _torchvision(name: str, options: "Options") -> "Built":
    import torch  # noqa: PLC0415  when a model is built

    from introspect.graph.spec import Built  # noqa: PLC0415  it imports this module's users

    models = import_module("torchvision.models")
    builder = models.get_model_builder(name)
    known = inspect.signature(builder).parameters
    chosen: dict[str, Any] = {"weights": None}
    if "weights_backbone" in known:  # by default it would be fetched
        chosen["weights_backbone"] = None
    model = _build(name, lambda: models.get_model(name, **chosen), options)
    device = _device(model)
    home = builder.__module__
    image = torch.rand(1, 3, 224, 224, generator=torch.Generator().manual_seed(0))
    if ".detection" in home:
        return Built(model, ([image[0].to(device)],), guessed="a list of one 3,224,224", name=name)
    if ".optical_flow" in home:
        pair = image.to(device), image.to(device)
        return Built(model, pair, guessed="two of 1,3,224,224", name=name)
    if ".video" in home:
        film = torch.zeros(1, 3, 16, 224, 224, device=device)
        return Built(model, (film,), guessed="1,3,16,224,224", name=name)
    return Built(model, (image.to(device),), guessed="1,3,224,224", name=name)


def _timm(name: str, options: "Options") -> "Built":
    import torch  # noqa: PLC0415  when a model is built

    from introspect.graph.spec import Built  # noqa: PLC0415  it imports this module's users

    timm = import_module("timm")
    model = _build(name, lambda: timm.create_model(name, pretrained=False), options)
    # models such as ViTs are made for one size and refuse all others
    about = getattr(model, "pretrained_cfg", None) or {}
    channels = about.get("input_size", (3, 224, 224))[0]
    size = about.get("input_size") if about.get("fixed_input_size") else (channels, 224, 224)
    shape = (1, *(size or (3, 224, 224)))
    image = torch.rand(shape, generator=torch.Generator().manual_seed(0))
    guess = ",".join(map(str, shape))
    return Built(model, (image.to(_device(model)),), guessed=guess, name=name)


def _build(name: str, build: Any, options: "Options") -> Any:
    """The model in evaluation mode; on meta, where there are no weights to make, if fake."""
    import torch  # noqa: PLC0415  when a model is built

    place = torch.device("meta") if options.mode == "fake" else contextlib.nullcontext()
    try:
        with place:
            return build().eval()
    except Exception as error:
        raise TraceError("the model could not be built.", where=name, cause=error) from error


def _device(model: Any) -> Any:
    first = next(iter(model.parameters()), None)
    return "cpu" if first is None else first.device
