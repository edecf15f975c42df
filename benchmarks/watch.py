"""What introspect.watch adds to a training step of a small transformer.

    python benchmarks/watch.py

One process, one thread, CPU time. Steps with and without a Watch take turns, so that what else
the machine does falls on both; figures are minima, since noise only adds. The goals: weights
and gradients every 10 steps at most 1 % of the step, every step at most 10 %.
"""

import time
import warnings
from collections.abc import Callable

import torch
from torch import nn

import introspect

ROUNDS = 20
TOKENS, BATCH, WIDTH, LAYERS, WORDS = 128, 8, 256, 4, 1024


class Language(nn.Module):
    """A causal transformer of 3.7 M parameters."""

    def __init__(self) -> None:
        super().__init__()
        self.embed = nn.Embedding(WORDS, WIDTH)
        layer = nn.TransformerEncoderLayer(
            WIDTH, 4, 4 * WIDTH, dropout=0.0, batch_first=True, norm_first=True
        )
        self.blocks = nn.TransformerEncoder(layer, LAYERS, enable_nested_tensor=False)
        self.head = nn.Linear(WIDTH, WORDS, bias=False)

    def forward(self, words: torch.Tensor) -> torch.Tensor:
        """Logits of shape (batch, tokens, words)."""
        return self.head(self.blocks(self.embed(words)))


def training() -> tuple[nn.Module, torch.optim.Optimizer, Callable[[], None]]:
    """A model, its optimizer and one step of it."""
    torch.manual_seed(0)
    model = Language()
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-4, foreach=True)
    words = torch.randint(0, WORDS, (BATCH, TOKENS + 1))

    def step() -> None:
        optimizer.zero_grad()
        logits = model(words[:, :-1])
        nn.functional.cross_entropy(logits.flatten(0, 1), words[:, 1:].flatten()).backward()
        optimizer.step()

    return model, optimizer, step


def cpu_s(step: Callable[[], None]) -> float:
    start = time.process_time()
    step()
    return time.process_time() - start


def recorded_and_not(log: tuple[str, ...]) -> tuple[float, float, float]:
    """CPU seconds of a step without a Watch, of one that is recorded, of one in between."""
    model, optimizer, step = training()
    step()
    plain, recorded, between = [], [], []
    for _ in range(ROUNDS):
        plain.append(cpu_s(step))
        with introspect.watch(model, optimizer, log=log, every=2) as watching:
            recorded.append(cpu_s(step))
            between.append(cpu_s(step))
            watching.pause()  # nothing is recorded on closing
    return min(plain), min(recorded), min(between)


def automatic() -> tuple[float, int]:
    """The share of the training's time that every="auto" took, and how many records."""
    model, optimizer, step = training()
    watching = introspect.watch(model, optimizer, every="auto")
    for _ in range(3 * ROUNDS):
        step()
    pace = watching._pace  # noqa: SLF001  its own account is the figure
    watching.close()
    return pace.spent_s / pace.trained_s, len(watching.history["weights/head.weight"]) - 1


def main() -> None:
    warnings.simplefilter("ignore")
    torch.set_num_threads(1)
    kinds = {
        "weights, gradients": ("weights", "gradients"),
        "all four": ("weights", "gradients", "updates", "activations"),
    }
    print("kinds                          step ms  recorded  every 1  every 10   in between")
    for name, log in kinds.items():
        plain, recorded, between = recorded_and_not(log)
        each = recorded / plain - 1
        rest = between / plain - 1
        tenth = each / 10
        print(
            f"{name:<30} {plain * 1e3:7.1f} {recorded * 1e3:9.1f}"
            f" {each:8.1%} {tenth:9.2%} {rest:12.2%}"
        )
    share, records = automatic()
    print(f'every="auto", all four: {share:.2%} of the time, {records} records')


if __name__ == "__main__":
    main()
