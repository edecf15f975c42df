"""The small ConvNet of the classic PyTorch visualisation tutorial: 0.2 M parameters."""

import torch
from torch import nn


class ConvNet(nn.Module):
    """Two convolutions and three linear layers for ten classes of 28x28 grey images.

    Example:
        >>> ConvNet()(torch.zeros(2, 1, 28, 28)).shape
        torch.Size([2, 10])
    """

    def __init__(self) -> None:
        super().__init__()
        self.conv1 = nn.Sequential(
            nn.Conv2d(1, 16, kernel_size=3, padding=1), nn.ReLU(), nn.AvgPool2d(2)
        )
        self.conv2 = nn.Sequential(
            nn.Conv2d(16, 32, kernel_size=3, padding=1), nn.ReLU(), nn.MaxPool2d(2)
        )
        self.fc = nn.Sequential(
            nn.Linear(32 * 7 * 7, 128), nn.ReLU(), nn.Linear(128, 64), nn.ReLU()
        )
        self.out = nn.Linear(64, 10)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Images ``(batch, 1, 28, 28)`` to class scores ``(batch, 10)``."""
        x = self.conv1(x)  # (batch, 16, 14, 14)
        x = self.conv2(x)  # (batch, 32, 7, 7)
        x = x.view(x.size(0), -1)  # (batch, 1568)
        return self.out(self.fc(x))
