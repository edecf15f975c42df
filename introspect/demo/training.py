"""Images and options -> a trained ConvNet, its History and the canvas that showed it.

The loop is the one a user would write; everything of introspect in it is four calls:
``history.log``, ``watch.step``, and two uses of the canvas.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import nn
from torch.nn import functional

import introspect
from introspect.canvas import Canvas
from introspect.demo.convnet import ConvNet
from introspect.demo.data import Dataset, load
from introspect.errors import DeviceError
from introspect.history import History

BATCH = 128
LEARNING_RATE = 3e-4
_TEST_BATCH = 1000
_DRAW_EVERY = 10


@dataclass(frozen=True, slots=True, eq=False)
class Training:
    """A finished training, or one that Ctrl-C ended.

    Attributes:
        model: In evaluation mode.
        history: Closed; what it holds can still be read.
        canvas: With the last picture in it.
        dataset: What it was trained on.
        device: Where.
        was_interrupted: Whether Ctrl-C ended it.
    """

    model: ConvNet
    history: History
    canvas: Canvas
    dataset: Dataset
    device: torch.device
    was_interrupted: bool


def train(run: Path, *, epochs: int, data: Path | None, device: str, seed: int) -> Training:
    """Train, log, watch and draw.

    Args:
        run: Folder of the history.
        epochs: Times through the training images.
        data: Folder with the images, or None to look for them.
        device: ``"auto"``, ``"cpu"``, ``"cuda"`` or ``"mps"``.
        seed: Of weights and the order of the images.
    """
    place = choose_device(device)
    dataset = load(data)
    print(f"{dataset.name} from {dataset.source}")  # noqa: T201  the one line about the data
    history = History(run)
    torch.manual_seed(seed)
    model = ConvNet().to(place)
    loop = _Loop(model, dataset, history, place, epochs)
    try:
        loop.run(torch.Generator().manual_seed(seed))
    except KeyboardInterrupt:
        loop.was_interrupted = True
    finally:
        loop.canvas.close()
        history.close()
    return Training(
        model=model.eval(),
        history=history,
        canvas=loop.canvas,
        dataset=dataset,
        device=place,
        was_interrupted=loop.was_interrupted,
    )


def choose_device(name: str) -> torch.device:
    """The device of that name; ``"auto"`` takes the first of cuda, mps and cpu that is there.

    Raises:
        DeviceError: If it is not there.
    """
    there = {
        "cuda": torch.cuda.is_available(),
        "mps": torch.backends.mps.is_available(),
        "cpu": True,
    }
    if name == "auto":
        return torch.device(next(kind for kind, is_there in there.items() if is_there))
    if not there.get(name):
        raise DeviceError(
            "this device is not available.",
            given=f"--device {name}",
            hint="auto, " + ", ".join(kind for kind, is_there in there.items() if is_there),
        )
    return torch.device(name)


class _Loop:
    """The training loop, and the canvas that shows it."""

    def __init__(
        self,
        model: ConvNet,
        dataset: Dataset,
        history: History,
        device: torch.device,
        epochs: int,
    ) -> None:
        self.model = model
        self.dataset = dataset
        self.history = history
        self.device = device
        self.epochs = epochs
        self.was_interrupted = False
        self.canvas = Canvas()
        self.optimizer = torch.optim.Adam(model.parameters(), lr=LEARNING_RATE)
        self.test_images = _to_device(dataset.test_images, device)
        self.test_labels = _to_device(dataset.test_labels, device)

    def run(self, order: torch.Generator) -> None:
        """All epochs; step 0 of epoch 0 is the model as it was initialised."""
        images = _to_device(self.dataset.train_images, self.device)
        labels = _to_device(self.dataset.train_labels, self.device)
        steps = -(-len(labels) // BATCH)
        done, since_log = 0, []
        with introspect.watch(
            self.model, history=self.history, log="weights", every=self.dataset.log_every
        ) as watch:
            watch.step((0, 0))
            self._log((0, 0), {})
            for epoch in range(self.epochs):
                for step, batch in enumerate(_batches(len(labels), order), start=1):
                    since_log.append(self._train(images[batch], labels[batch]))
                    done += 1
                    is_last = done == steps * self.epochs
                    if done % self.dataset.log_every == 0 or is_last:
                        # one transfer for all the losses since the last log
                        loss = torch.stack(since_log).mean()
                        since_log.clear()
                        self._log((epoch, step), {"train_loss": loss})
                    watch.step((epoch, step))
                    if done % _DRAW_EVERY == 0 or is_last:
                        self._draw(done, steps * self.epochs)

    def _train(self, images: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
        loss = functional.cross_entropy(self.model(_scaled(images)), labels)
        self.optimizer.zero_grad()
        loss.backward()
        self.optimizer.step()
        return loss.detach()

    def _log(self, step: tuple[int, int], values: dict[str, torch.Tensor]) -> None:
        second: nn.Linear = self.model.fc[2]  # ty: ignore[invalid-assignment]
        self.history.log(step, **values, test_accuracy=self.accuracy(), hidden_weight=second.weight)

    @torch.no_grad()
    def accuracy(self) -> float:
        """Share of the test images whose class is right."""
        self.model.eval()
        right = torch.zeros((), dtype=torch.int64, device=self.device)
        for start in range(0, len(self.test_labels), _TEST_BATCH):
            images = self.test_images[start : start + _TEST_BATCH]
            scores = self.model(_scaled(images))  # (batch, 10)
            right += (scores.argmax(1) == self.test_labels[start : start + _TEST_BATCH]).sum()
        self.model.train()
        return right.item() / len(self.test_labels)

    def _draw(self, done: int, total: int) -> None:
        history = self.history
        if "train_loss" not in history:
            return
        with self.canvas:
            self.canvas.draw_progress(done, total, epochs=self.epochs)
            self.canvas.draw_plot(history["train_loss"], title="Train loss")
            self.canvas.draw_plot(history["test_accuracy"], title="Test accuracy")
            self.canvas.draw_image(history["hidden_weight"], title="fc.2.weight")


def _to_device(array: object, device: torch.device) -> torch.Tensor:
    """Bytes stay bytes: 60,000 images are 47 MB, and one batch is scaled at a time."""
    return torch.as_tensor(array).to(device)


def _scaled(images: torch.Tensor) -> torch.Tensor:
    """uint8 ``(batch, 28, 28)`` to float32 ``(batch, 1, 28, 28)`` in 0..1."""
    return images.unsqueeze(1).float() / 255


def _batches(count: int, order: torch.Generator) -> Iterator[torch.Tensor]:
    """Shuffled indices, `BATCH` at a time; the last batch may be smaller."""
    yield from torch.randperm(count, generator=order).split(BATCH)
