"""A transformers ``config.json`` -> its model on ``meta``, and inputs that it takes.

Weights are never read, and nothing is fetched: the model is built from the classes of the
installed package alone. What a configuration could name beyond them is dropped before it is
looked at: code of its own (``auto_map``), kernels and quantisers, backbones with weights.
"""

import json
import os
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from difflib import get_close_matches
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from introspect.errors import FormatError, MissingExtraError, TraceError

if TYPE_CHECKING:
    from introspect.graph.spec import Built, Options

_DROPPED = frozenset(
    "auto_map attn_implementation _attn_implementation _attn_implementation_internal "
    "_attn_implementation_autoset experts_implementation _experts_implementation "
    "quantization_config custom_pipelines _name_or_path trust_remote_code torchscript "
    "compression_config use_kernels code_revision _commit_hash".split()
)
_NEVER = {"use_pretrained_backbone": False, "use_cache": False}
_TOKENS = 16


def from_config(path: Path, options: "Options") -> "Built":
    """The model of a configuration, on ``meta``.

    Args:
        path: A ``config.json`` or a folder that holds one.
        options: Its `inputs` take the place of the guessed ones.

    Raises:
        FormatError: If there is no configuration, or it names no known model.
        MissingExtraError: If transformers is not installed.
        TraceError: If the model cannot be built.
    """
    from introspect.graph.spec import Built  # noqa: PLC0415  it imports this module's users

    document = _read(path)
    with _offline():
        transformers = _transformers()
        config = _configuration(transformers, document, path)
        model = _model(transformers, config, document, path)
    if options.inputs or options.level == "module":
        return Built(model)
    inputs = _inputs(model, config)
    said = ", ".join(f"{name}={','.join(map(str, t.shape))}" for name, t in inputs.items())
    return Built(model, kwargs=inputs, guessed=said)


def _read(path: Path) -> dict[str, Any]:
    file = path / "config.json" if path.is_dir() else path
    if not file.is_file():
        names = sorted(found.name for found in path.iterdir())[:6]
        raise FormatError(
            "there is no config.json in this folder.",
            given=str(path),
            cause=f"it holds {', '.join(names)}" if names else "it is empty",
            hint="the folder that save_pretrained wrote",
        )
    try:
        document = json.loads(file.read_bytes())
    except (ValueError, RecursionError) as error:
        raise FormatError("this config.json is no JSON.", given=str(file), cause=error) from error
    if not isinstance(document, dict) or not isinstance(document.get("model_type"), str):
        raise FormatError(
            "this config.json is none of transformers.",
            given=str(file),
            cause='it has no "model_type"',
            hint="the config.json of a transformers model, or file.py:factory",
        )
    return _plain(document)


def _plain(thing: Any) -> Any:
    """A configuration without anything that could load code or weights, however deep."""
    if isinstance(thing, dict):
        kept = {key: _plain(value) for key, value in thing.items() if key not in _DROPPED}
        return {key: _NEVER.get(key, value) for key, value in kept.items()}
    return [_plain(item) for item in thing] if isinstance(thing, list) else thing


@contextmanager
def _offline() -> Generator[None]:
    """Nothing is asked of the hub meanwhile, whatever a model's constructor may do."""
    before = os.environ.get("HF_HUB_OFFLINE")
    os.environ["HF_HUB_OFFLINE"] = "1"
    try:
        constants: Any = import_module("huggingface_hub.constants")
    except ImportError:
        constants = None
    was = getattr(constants, "HF_HUB_OFFLINE", None)
    if constants is not None:
        constants.HF_HUB_OFFLINE = True
    try:
        yield
    finally:
        if constants is not None:
            constants.HF_HUB_OFFLINE = was
        if before is None:
            del os.environ["HF_HUB_OFFLINE"]
        else:
            os.environ["HF_HUB_OFFLINE"] = before


def _transformers() -> Any:
    try:
        return import_module("transformers")
    except ImportError as error:
        raise MissingExtraError(
            "a config.json needs the package transformers.",
            cause=error,
            hint="pip install transformers",
        ) from error


def _configuration(transformers: Any, document: Mapping[str, Any], path: Path) -> Any:
    known = transformers.CONFIG_MAPPING
    kind = document["model_type"]
    if kind not in known:
        near = get_close_matches(kind, list(known), n=3)
        raise FormatError(
            "the installed transformers does not know this type of model.",
            where=str(path),
            given=repr(kind),
            cause="code that comes with a configuration is not run",
            hint=" or ".join(near) if near else "a newer transformers, or file.py:factory",
        )
    try:
        return known[kind].from_dict(dict(document))
    except Exception as error:
        raise TraceError(
            "this configuration is not accepted by transformers.", where=str(path), cause=error
        ) from error


def _model(transformers: Any, config: Any, document: Mapping[str, Any], path: Path) -> Any:
    """Of the class that the configuration names, if the package has it; else the bare model."""
    import torch  # noqa: PLC0415  when a model is built

    base = transformers.PreTrainedModel
    classes = [
        found
        for name in document.get("architectures") or []
        if isinstance(name, str) and name.isidentifier()
        for found in (getattr(transformers, name, None),)
        if isinstance(found, type) and issubclass(found, base)
    ]
    last: Exception | None = None
    for attention in ("sdpa", "eager"):
        try:
            with torch.device("meta"):
                if classes:
                    model = classes[0]._from_config(config, attn_implementation=attention)  # noqa: SLF001  what AutoModel calls
                else:
                    model = transformers.AutoModel.from_config(
                        config, trust_remote_code=False, attn_implementation=attention
                    )
            return model.eval()
        except (ValueError, ImportError, NotImplementedError) as error:  # no such attention
            last = error
        except Exception as error:  # noqa: BLE001  whatever the model's own code raises
            last = error
            break
    raise TraceError("the model could not be built.", where=str(path), cause=last) from last


def _inputs(model: Any, config: Any) -> dict[str, Any]:
    """What the model's forward wants, on ``meta``."""
    import torch  # noqa: PLC0415  when a model is there

    def ids(length: int = _TOKENS) -> Any:
        return torch.zeros(1, length, dtype=torch.int64, device="meta")

    def numbers(*shape: int) -> Any:
        return torch.zeros(shape, device="meta")

    main = getattr(model, "main_input_name", "input_ids")
    text = getattr(config, "text_config", None) or config
    limit = getattr(text, "max_position_embeddings", None)
    length = min(_TOKENS, limit) if isinstance(limit, int) and limit > 0 else _TOKENS
    vision = getattr(config, "vision_config", None) or config
    size = getattr(vision, "image_size", 224)
    height, width = size if isinstance(size, list | tuple) else (size, size)
    images = numbers(1, getattr(vision, "num_channels", 3), height, width)
    if main == "pixel_values":
        return {"pixel_values": images}
    if main == "input_features":
        bins = getattr(config, "num_mel_bins", 80)
        found = {
            "input_features": numbers(1, bins, 2 * getattr(config, "max_source_positions", 1500))
        }
    elif main == "input_values":
        return {"input_values": numbers(1, 16000)}
    else:
        found = {main: ids(length)}
    if getattr(config, "is_encoder_decoder", False):
        found["decoder_input_ids"] = ids(length)
    if hasattr(config, "vision_config") and hasattr(config, "text_config") and main == "input_ids":
        model_type = getattr(config, "model_type", "")
        if "clip" in model_type or "blip" in model_type:
            found["pixel_values"] = images
    return found
