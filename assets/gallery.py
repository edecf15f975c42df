"""The pictures of the gallery (docs/gallery.md), each drawn anew.

    .venv/bin/python assets/gallery.py            # all of them, about a minute
    .venv/bin/python assets/gallery.py resnet50   # some of them

Writes SVGs into ``assets/gallery``; those of models in light and dark. Nothing is downloaded:
weights are random, and those of the 70-billion-parameter Llama do not exist (``meta``).
"""

import sys
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import torch
from torch import nn
from torchvision import models
from transformers import GPT2Config, GPT2LMHeadModel, LlamaConfig, LlamaForCausalLM

import introspect

FOLDER = Path(__file__).with_name("gallery")


class LeNet(nn.Module):
    """LeCun and others 1998, with today's activations and pooling."""

    def __init__(self) -> None:
        super().__init__()
        self.features = nn.Sequential(
            nn.Conv2d(1, 6, 5, padding=2), nn.ReLU(), nn.MaxPool2d(2),
            nn.Conv2d(6, 16, 5), nn.ReLU(), nn.MaxPool2d(2),
        )  # fmt: skip
        self.classifier = nn.Sequential(
            nn.Linear(400, 120), nn.ReLU(), nn.Linear(120, 84), nn.ReLU(), nn.Linear(84, 10)
        )

    def forward(self, image: torch.Tensor) -> torch.Tensor:
        return self.classifier(self.features(image).flatten(1))


def two_convolutions(inputs: int, outputs: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, 3, padding=1), nn.BatchNorm2d(outputs), nn.ReLU(),
        nn.Conv2d(outputs, outputs, 3, padding=1), nn.BatchNorm2d(outputs), nn.ReLU(),
    )  # fmt: skip


class UNet(nn.Module):
    """Ronneberger and others 2015, with padding."""

    def __init__(self, widths: tuple[int, ...] = (64, 128, 256, 512)) -> None:
        super().__init__()
        pairs = list(pairwise(widths))
        self.down = nn.ModuleList([two_convolutions(3, widths[0])])
        self.down.extend(two_convolutions(a, b) for a, b in pairs)
        self.up = nn.ModuleList(nn.ConvTranspose2d(b, a, 2, stride=2) for a, b in pairs[::-1])
        self.merge = nn.ModuleList(two_convolutions(2 * a, a) for a, _ in pairs[::-1])
        self.head = nn.Conv2d(widths[0], 2, 1)

    def forward(self, image: torch.Tensor) -> torch.Tensor:
        kept, x = [], self.down[0](image)
        for block in self.down[1:]:
            kept.append(x)
            x = block(nn.functional.max_pool2d(x, 2))
        for up, merge in zip(self.up, self.merge, strict=True):
            x = merge(torch.cat([kept.pop(), up(x)], 1))
        return self.head(x)


def torchvision_model(name: str) -> introspect.Graph:
    return introspect.trace(getattr(models, name)().eval(), torch.rand(1, 3, 224, 224))


def gpt2() -> introspect.Graph:
    model = GPT2LMHeadModel(GPT2Config()).eval()
    ids = torch.randint(0, 50257, (1, 64))
    return introspect.trace(model, ids, use_cache=False)


def llama_70b() -> introspect.Graph:
    config = LlamaConfig(
        hidden_size=8192,
        intermediate_size=28672,
        num_hidden_layers=80,
        num_attention_heads=64,
        num_key_value_heads=8,
        vocab_size=128256,
    )
    with torch.device("meta"):
        model = LlamaForCausalLM(config).eval()
        ids = torch.zeros(1, 2048, dtype=torch.int64)
    return introspect.Tracer(name="Llama 70B").trace(model, ids, use_cache=False)


MODELS: dict[str, Callable[[], introspect.Graph]] = {
    "lenet": lambda: introspect.trace(LeNet().eval(), torch.rand(1, 1, 28, 28)),
    "vgg16": lambda: torchvision_model("vgg16"),
    "resnet50": lambda: torchvision_model("resnet50"),
    "unet": lambda: introspect.trace(UNet().eval(), torch.rand(1, 3, 256, 256)),
    "vit": lambda: torchvision_model("vit_b_16"),
    "gpt2": gpt2,
    "llama_70b": llama_70b,
}
OPTIONS = {"resnet50": {"insets": True}}


def draw_models(wanted: set[str]) -> None:
    for name, make in MODELS.items():
        if name in wanted:
            graph = make()
            for theme in ("light", "dark"):
                graph.save(FOLDER / f"{name}-{theme}.svg", theme=theme, **OPTIONS.get(name, {}))


def draw_diff() -> None:
    """ResNet-18 before and after somebody replaced a stage's norms and dropped a block."""
    x = torch.rand(1, 3, 224, 224)
    before, after = models.resnet18().eval(), models.resnet18().eval()
    after.layer3[0].bn1 = nn.GroupNorm(32, 256)
    after.layer2 = after.layer2[:1]
    after.fc = nn.Linear(512, 10)
    diff = introspect.diff(introspect.trace(before, x), introspect.trace(after, x))
    for theme in ("light", "dark"):
        diff.save(FOLDER / f"diff-{theme}.svg", theme=theme)


def draw_backward() -> None:
    model = LeNet()
    x = torch.rand(1, 1, 28, 28)
    loss = nn.functional.cross_entropy(model(x), torch.tensor([3]))
    graph = introspect.trace_backward(loss, model)
    for theme in ("light", "dark"):
        graph.save(FOLDER / f"backward-{theme}.svg", theme=theme)


def draw_costs() -> None:
    """Where ResNet-50 spends its arithmetic."""
    torchvision_model("resnet50").save(FOLDER / "resnet50-flops.svg", color_by="flops")


OTHERS = {"diff": draw_diff, "backward": draw_backward, "costs": draw_costs}


def main(wanted: set[str]) -> None:
    torch.manual_seed(0)
    FOLDER.mkdir(exist_ok=True)
    draw_models(wanted)
    for name, draw in OTHERS.items():
        if name in wanted:
            draw()


if __name__ == "__main__":
    main(set(sys.argv[1:]) or {*MODELS, *OTHERS})
