"""A finished training -> the pictures in the demo's folder, and a list of them."""

from dataclasses import dataclass
from pathlib import Path

import torch

import introspect
from introspect.demo.training import Training


@dataclass(frozen=True, slots=True)
class Result:
    """What the demo wrote and reached.

    Attributes:
        folder: Where everything lies.
        files: Path to one line that says what it shows, in the order of writing.
        loss: Mean cross-entropy of the last logged training steps, or None if none was.
        accuracy: Share of the test images whose class is right, at the last log.
        images: Name of the data.
        was_interrupted: Whether Ctrl-C ended the training.
    """

    folder: Path
    files: dict[Path, str]
    loss: float | None
    accuracy: float
    images: str
    was_interrupted: bool


def write(training: Training, folder: Path) -> Result:
    """Draw the model, the training and its weights into `folder`."""
    history = training.history
    files: dict[Path, str] = {}
    example = torch.zeros(1, 1, 28, 28, device=training.device)
    graph = introspect.trace(training.model, example)
    for suffix in ("svg", "pdf", "png"):
        path = folder / f"architecture.{suffix}"
        graph.save(path)
        files[path] = "the model"
    files[folder / "run"] = "every value, for introspect.History"
    if training.canvas.panels:
        for suffix, what in (("png", "the training"), ("gif", "the training, as a film")):
            path = folder / f"canvas.{suffix}"
            training.canvas.save(path)
            files[path] = what
    path = folder / "weights.png"
    introspect.compare_histograms(history, "weights/*.weight").save(path)
    files[path] = "weights, epoch by epoch"
    logged = "train_loss" in history
    return Result(
        folder=folder,
        files=files,
        loss=float(history["train_loss"].last) if logged else None,
        accuracy=float(history["test_accuracy"].last),
        images=training.dataset.name,
        was_interrupted=training.was_interrupted,
    )
