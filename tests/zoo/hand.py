"""Models as people write them by hand: small, and each with one habit of the field."""

from collections.abc import Mapping
from itertools import pairwise
from typing import Any

import torch
from torch import nn
from torch.nn import functional

from tests.zoo.entry import Sample, entry, sample


def images(*shape: int) -> torch.Tensor:
    """Digits, if nothing else is asked for."""
    return torch.rand(*shape or (2, 1, 28, 28))


def tokens(length: int, vocabulary: int, batch: int = 1) -> torch.Tensor:
    """Token ids."""
    return torch.randint(0, vocabulary, (batch, length))


class MnistConv(nn.Module):
    """The well-known network of two convolutions for digits."""

    def __init__(self):
        super().__init__()
        self.conv1, self.conv2 = nn.Conv2d(1, 32, 3), nn.Conv2d(32, 64, 3)
        self.dropout1, self.dropout2 = nn.Dropout(0.25), nn.Dropout(0.5)
        self.fc1, self.fc2 = nn.Linear(9216, 128), nn.Linear(128, 10)

    def forward(self, x):
        x = functional.relu(self.conv2(functional.relu(self.conv1(x))))
        x = torch.flatten(self.dropout1(functional.max_pool2d(x, 2)), 1)
        x = self.fc2(self.dropout2(functional.relu(self.fc1(x))))
        return functional.log_softmax(x, dim=1)


class MnistConvOld(nn.Module):
    """Its elder with wide kernels."""

    def __init__(self):
        super().__init__()
        self.conv1, self.conv2 = nn.Conv2d(1, 10, 5), nn.Conv2d(10, 20, 5)
        self.drop = nn.Dropout2d()
        self.fc1, self.fc2 = nn.Linear(320, 50), nn.Linear(50, 10)

    def forward(self, x):
        x = functional.relu(functional.max_pool2d(self.conv1(x), 2))
        x = functional.relu(functional.max_pool2d(self.drop(self.conv2(x)), 2))
        x = functional.relu(self.fc1(x.view(-1, 320)))
        x = functional.dropout(x, training=self.training)
        return functional.log_softmax(self.fc2(x), dim=1)


class MnistSeq(nn.Module):
    """Two blocks of convolution, norm, ReLU and pooling, then one linear layer."""

    def __init__(self):
        super().__init__()
        self.layer1, self.layer2 = self.block(1, 16), self.block(16, 32)
        self.fc = nn.Linear(7 * 7 * 32, 10)

    @staticmethod
    def block(takes, gives):
        conv = nn.Conv2d(takes, gives, 5, padding=2)
        return nn.Sequential(conv, nn.BatchNorm2d(gives), nn.ReLU(), nn.MaxPool2d(2))

    def forward(self, x):
        x = self.layer2(self.layer1(x))
        return self.fc(x.reshape(x.size(0), -1))


@entry("hand")
def mnist_conv() -> Sample:
    """ReLU and pooling as functions."""
    return sample(MnistConv(), images())


@entry("hand")
def mnist_conv_old() -> Sample:
    """view, Dropout2d, dropout as a function."""
    return sample(MnistConvOld(), images())


@entry("hand")
def mnist_seq() -> Sample:
    """Blocks in nn.Sequential."""
    return sample(MnistSeq(), images())


class Recurrent(nn.Module):
    """Token ids through an embedding and a recurrent layer to a class."""

    def __init__(self, layer):
        super().__init__()
        self.emb = nn.Embedding(100, 32)
        self.rnn = layer(32, 64, num_layers=2, batch_first=True, bidirectional=True)
        self.head = nn.Linear(128, 5)

    def forward(self, ids):
        out, _ = self.rnn(self.emb(ids))
        return self.head(out[:, -1])


@entry("hand")
def lstm() -> Sample:
    """nn.LSTM, whose state is a tuple."""
    return sample(Recurrent(nn.LSTM), tokens(12, 100, 2))


@entry("hand")
def gru() -> Sample:
    """nn.GRU."""
    return sample(Recurrent(nn.GRU), tokens(12, 100, 2))


@entry("hand")
def rnn() -> Sample:
    """nn.RNN."""
    return sample(Recurrent(nn.RNN), tokens(12, 100, 2))


class CellLoop(nn.Module):
    """A cell that a Python loop takes through time."""

    def __init__(self, cell):
        super().__init__()
        self.cell, self.head = cell(8, 16), nn.Linear(16, 3)

    def forward(self, x):
        state = x.new_zeros(x.size(0), 16)
        pair = isinstance(self.cell, nn.LSTMCell)
        state = (state, state) if pair else state
        for step in x.unbind(1):
            state = self.cell(step, state)
        return self.head(state[0] if pair else state)


@entry("hand")
def lstm_cell_loop() -> Sample:
    """One LSTMCell called ten times."""
    return sample(CellLoop(nn.LSTMCell), torch.randn(2, 10, 8))


@entry("hand")
def gru_cell_loop() -> Sample:
    """One GRUCell called ten times."""
    return sample(CellLoop(nn.GRUCell), torch.randn(2, 10, 8))


@entry("hand")
def rnn_cell_loop() -> Sample:
    """One RNNCell called ten times."""
    return sample(CellLoop(nn.RNNCell), torch.randn(2, 10, 8))


class Branches(nn.Module):
    """The data choose the layer."""

    def __init__(self):
        super().__init__()
        self.a, self.b = nn.Linear(8, 8), nn.Linear(8, 8)

    def forward(self, x):
        return self.a(x).relu() if x.sum() > 0 else self.b(x).tanh()


@entry("hand", fake="refused")
def data_dependent_if() -> Sample:
    """if x.sum() > 0."""
    return sample(Branches(), torch.ones(2, 8))


class Shared(nn.Module):
    """One block, three times over."""

    def __init__(self):
        super().__init__()
        self.block = nn.Sequential(nn.Linear(8, 8), nn.ReLU())
        self.out = nn.Linear(8, 2)

    def forward(self, x):
        for _ in range(3):
            x = self.block(x)
        return self.out(x)


@entry("hand")
def shared_module_x3() -> Sample:
    """One block called three times."""
    return sample(Shared(), torch.randn(2, 8))


class Tied(nn.Module):
    """The weight of the embedding is the weight of the output layer."""

    def __init__(self):
        super().__init__()
        self.emb, self.mix = nn.Embedding(50, 16), nn.Linear(16, 16)
        self.head = nn.Linear(16, 50, bias=False)
        self.head.weight = self.emb.weight

    def forward(self, ids):
        return self.head(torch.tanh(self.mix(self.emb(ids))))


@entry("hand")
def weight_tying() -> Sample:
    """An embedding whose weight is the output's."""
    return sample(Tied(), tokens(6, 50, 2))


class DictIO(nn.Module):
    """One nested dict in, one out."""

    def __init__(self):
        super().__init__()
        self.img, self.txt, self.head = nn.Linear(8, 4), nn.Linear(6, 4), nn.Linear(8, 3)

    def forward(self, batch: Mapping[str, Any]):
        z = torch.cat([self.img(batch["image"]), self.txt(batch["text"]["emb"])], 1)
        return {"logits": self.head(z), "parts": {"z": z, "meta": "ok"}}


@entry("hand")
def dict_io() -> Sample:
    """A nested dict in and out, with text beside the tensors."""
    return sample(DictIO(), {"image": torch.randn(2, 8), "text": {"emb": torch.randn(2, 6)}})


class InPlace(nn.Module):
    """Writes wherever it can."""

    def __init__(self):
        super().__init__()
        self.c1, self.c2 = nn.Conv2d(3, 4, 3, padding=1), nn.Conv2d(4, 4, 3, padding=1)
        self.act = nn.ReLU(inplace=True)

    def forward(self, x):
        y = self.act(self.c1(x))
        y += 1
        y[:, 0] = 0
        z = self.c2(y)
        z.mul_(2).add_(y)
        return z.sigmoid_()


@entry("hand")
def inplace_ops() -> Sample:
    """+=, item assignment, mul_, sigmoid_."""
    return sample(InPlace(), torch.randn(1, 3, 8, 8))


class Nested(nn.Module):
    """Containers in containers in containers."""

    def __init__(self):
        super().__init__()
        self.stages = nn.ModuleList(
            nn.ModuleList(self.unit(nn.ReLU() if k % 2 else nn.GELU()) for k in range(3))
            for _ in range(3)
        )
        self.heads = nn.ModuleDict({"a": nn.Linear(8, 2), "b": nn.Linear(8, 3)})

    @staticmethod
    def unit(act):
        return nn.ModuleDict({"lin": nn.Linear(8, 8), "act": act})

    def forward(self, x):
        for stage in self.stages:
            for unit in stage:
                x = x + unit["act"](unit["lin"](x))
        return tuple(head(x) for head in self.heads.values())


@entry("hand")
def nested_containers() -> Sample:
    """ModuleList of ModuleList of ModuleDict, a tuple out."""
    return sample(Nested(), torch.randn(2, 8))


class UNet(nn.Module):
    """Down, up, and a skip at every level."""

    def __init__(self, widths=(8, 16, 32, 64)):
        super().__init__()
        pairs = list(pairwise(widths))
        self.down = nn.ModuleList(self.double(i, o) for i, o in ((3, widths[0]), *pairs))
        self.up = nn.ModuleList(nn.ConvTranspose2d(o, i, 2, 2) for i, o in pairs)
        self.dec = nn.ModuleList(self.double(2 * i, i) for i, _ in pairs)
        self.out = nn.Conv2d(widths[0], 2, 1)

    @staticmethod
    def double(takes, gives):
        layers = []
        for width in (takes, gives):
            layers += [nn.Conv2d(width, gives, 3, padding=1), nn.BatchNorm2d(gives)]
            layers += [nn.ReLU(inplace=True)]
        return nn.Sequential(*layers)

    def forward(self, x):
        skips = []
        for k, down in enumerate(self.down):
            x = down(functional.max_pool2d(x, 2) if k else x)
            skips.append(x)
        for k in reversed(range(len(self.up))):
            x = self.dec[k](torch.cat([skips[k], self.up[k](x)], 1))
        return self.out(x)


@entry("hand")
def unet() -> Sample:
    """Skip connections over four levels."""
    return sample(UNet(), torch.randn(1, 3, 32, 32))


class VAE(nn.Module):
    """Encodes to a distribution, samples, decodes."""

    def __init__(self):
        super().__init__()
        self.enc = nn.Sequential(nn.Linear(784, 64), nn.ReLU())
        self.mu, self.logvar = nn.Linear(64, 8), nn.Linear(64, 8)
        self.dec = nn.Sequential(nn.Linear(8, 64), nn.ReLU(), nn.Linear(64, 784), nn.Sigmoid())

    def forward(self, x):
        hidden = self.enc(x.flatten(1))
        mu, logvar = self.mu(hidden), self.logvar(hidden)
        z = mu + torch.randn_like(mu) * torch.exp(0.5 * logvar)
        return self.dec(z), mu, logvar


@entry("hand", is_random=True)
def vae() -> Sample:
    """Random numbers inside, a tuple out."""
    return sample(VAE(), images())
