"""torchvision's models with random weights, on pictures as small as each can take."""

from collections.abc import Callable
from typing import Any

import torch

from tests.zoo.entry import ENTRIES, Entry, Sample, sample

Shape = tuple[int, ...]


def _put(
    name: str, shape: Shape, note: str, *, place: str = "", fake: Any = "same", **options: Any
):
    """``torchvision.models.<place>.<name>``, called with one random picture."""

    def build() -> Sample:
        x = torch.rand(shape)
        arguments: dict[str, tuple[Any, ...]] = {"detection": ([x],), "optical_flow": (x, x)}
        model = _function(place, name)(weights=None, **options)
        if place == "detection":  # the first forward of all finds its scales, and keeps them
            model.eval()(*arguments[place])
        return sample(model, *arguments.get(place, (x,)))

    ENTRIES[name] = Entry(name, "torchvision", build, note, ("torchvision",), fake=fake)


def _function(place: str, name: str) -> Callable[..., Any]:
    import torchvision.models

    models = getattr(torchvision.models, place) if place else torchvision.models
    return getattr(models, name)


_put("vgg16", (1, 3, 32, 32), "a straight line", init_weights=False)
_put("resnet50", (1, 3, 64, 64), "bottlenecks with skips")
_put("densenet121", (1, 3, 64, 64), "every layer sees all before it")
_put("inception_v3", (1, 3, 80, 80), "branches", init_weights=False, aux_logits=False)
_put("mobilenet_v3_small", (1, 3, 64, 64), "depthwise, squeeze and excite")
_put("efficientnet_b0", (1, 3, 64, 64), "depthwise with stochastic depth")
_put("vit_b_16", (1, 3, 32, 32), "attention over patches", image_size=32)
_put("swin_t", (1, 3, 64, 64), "shifted windows")
_put(
    "deeplabv3_resnet50",
    (1, 3, 64, 64),
    "a dict out",
    place="segmentation",
    weights_backbone=None,
)
_put(
    "fasterrcnn_resnet50_fpn",
    (3, 64, 64),
    "a list in, a list of dicts out, shapes that the data make",
    place="detection",
    fake="refused",
    weights_backbone=None,
    min_size=64,
    max_size=64,
)
_put("raft_small", (1, 3, 128, 128), "twelve updates, two inputs", place="optical_flow")
_put("r3d_18", (1, 3, 4, 32, 32), "video", place="video")
