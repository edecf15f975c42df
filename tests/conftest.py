"""Models that many tests trace, written out so that each test can be read alone."""

import pytest
import torch
from torch import nn


class ConvNet(nn.Module):
    """The small ConvNet of the classic PyTorch visualisation tutorial."""

    def __init__(self):
        super().__init__()
        self.conv1 = nn.Sequential(nn.Conv2d(1, 16, 3, 1, 1), nn.ReLU(), nn.AvgPool2d(2, 2))
        self.conv2 = nn.Sequential(nn.Conv2d(16, 32, 3, 1, 1), nn.ReLU(), nn.MaxPool2d(2, 2))
        self.fc = nn.Sequential(
            nn.Linear(32 * 7 * 7, 128), nn.ReLU(), nn.Linear(128, 64), nn.ReLU()
        )
        self.out = nn.Linear(64, 10)

    def forward(self, x):
        x = self.conv2(self.conv1(x))
        return self.out(self.fc(x.view(x.size(0), -1)))


class Residual(nn.Module):
    """Two equal residual blocks with dropout and a norm, for folds, fuses and skips."""

    class Block(nn.Module):
        def __init__(self, width):
            super().__init__()
            self.first = nn.Linear(width, width)
            self.norm = nn.BatchNorm1d(width)
            self.act = nn.ReLU()
            self.drop = nn.Dropout(0.5)
            self.second = nn.Linear(width, width)

        def forward(self, x):
            return x + self.second(self.drop(self.act(self.norm(self.first(x)))))

    def __init__(self, width=8, blocks=3):
        super().__init__()
        self.blocks = nn.ModuleList(self.Block(width) for _ in range(blocks))
        self.head = nn.Linear(width, 2)

    def forward(self, x):
        for block in self.blocks:
            x = block(x)
        return self.head(x)


@pytest.fixture
def convnet():
    torch.manual_seed(0)
    return ConvNet().eval()


@pytest.fixture
def residual():
    torch.manual_seed(0)
    return Residual().eval()


@pytest.fixture
def image():
    return torch.randn(2, 1, 28, 28, generator=torch.Generator().manual_seed(0))


@pytest.fixture(scope="session")
def zoo_graph():
    """The traced graph of a model of the zoo: ``zoo_graph("resnet50")``, traced once a process."""
    from tests.zoo.catalog import find, graph_of

    def graph(name):
        entry = find(name)
        if entry.missing:
            pytest.skip(f"{name} needs {', '.join(entry.missing)}")
        return graph_of(name)

    return graph
