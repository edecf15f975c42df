"""Special kinds of architecture: what they take and give, how they run, what they are made of."""

import dataclasses

import torch
from torch import nn
from torch.nn import functional

from tests.zoo.entry import Sample, entry, sample
from tests.zoo.runs import Runs

# --------------------------------------------------------------------- inputs and outputs


@entry("kinds")
def nested_tuples() -> Sample:
    """Tensors in tuples in tuples, with None among them."""

    def run(m, pair):
        return m.a(pair[0]) + m.a(pair[1][0]) * pair[1][1][0]

    leaves = [torch.randn(2, 4) for _ in range(3)]
    return sample(Runs(run, a=nn.Linear(4, 4)), (leaves[0], (leaves[1], (leaves[2], None))))


class TreeNet(nn.Module):
    """Calls itself on the branches of a tree."""

    def __init__(self):
        super().__init__()
        self.leaf, self.join = nn.Linear(3, 4), nn.Linear(8, 4)

    def forward(self, tree):
        if isinstance(tree, torch.Tensor):
            return self.leaf(tree)
        return torch.tanh(self.join(torch.cat([self(branch) for branch in tree], -1)))


@entry("kinds")
def tree_net() -> Sample:
    """A recursive net over a tree of inputs."""
    leaf = [torch.randn(1, 3) for _ in range(3)]
    return sample(TreeNet(), ((leaf[0], leaf[1]), leaf[2]))


class Cache:
    """What a decoder carries from step to step: no container that torch knows."""

    def __init__(self):
        self.keys = []

    def update(self, key):
        self.keys.append(key)
        return torch.cat(self.keys, 1)


@dataclasses.dataclass
class Output:
    """What a decoder gives, in the manner of the libraries."""

    logits: torch.Tensor
    cache: Cache
    loss: torch.Tensor | None = None


@entry("kinds")
def cache_out() -> Sample:
    """A cache object in a dataclass in the output."""

    def step(m, x):
        cache = Cache()
        keys = cache.update(m.key(x))
        return Output(functional.scaled_dot_product_attention(m.query(x), keys, keys), cache)

    model = Runs(step, key=nn.Linear(4, 4), query=nn.Linear(4, 4))
    return sample(model, torch.randn(1, 3, 4))


@entry("kinds")
def cache_in() -> Sample:
    """A cache object among the inputs."""

    def step(m, x, cache):
        keys = torch.cat([*cache.keys, m.key(x)], 1)
        return functional.scaled_dot_product_attention(m.query(x), keys, keys)

    cache = Cache()
    cache.update(torch.randn(1, 2, 4))
    model = Runs(step, key=nn.Linear(4, 4), query=nn.Linear(4, 4))
    return sample(model, torch.randn(1, 3, 4), cache)


@entry("kinds")
def generators() -> Sample:
    """sum and zip over a generator, any number of inputs."""

    def run(m, *xs):
        return sum(layer(x) for layer, x in zip(m.layers, (x * 2 for x in xs), strict=True))

    layers = nn.ModuleList(nn.Linear(4, 4) for _ in range(2))
    return sample(Runs(run, layers=layers), torch.randn(1, 4), torch.randn(1, 4))


# -------------------------------------------------------------------- branches and loops


@entry("kinds", fake="refused")
def loop_until() -> Sample:
    """A loop that the data end, then shapes that the data make."""

    def run(m, x):
        while x.norm() < 10:
            x = x + m.a(x) ** 2 + 1
        return x[x > 5].sum() + x.nonzero().size(0)

    return sample(Runs(run, a=nn.Linear(4, 4)), torch.ones(2, 4))


class Mixture(nn.Module):
    """Each row goes to the two experts that the gate picks."""

    def __init__(self):
        super().__init__()
        self.gate = nn.Linear(4, 3)
        self.experts = nn.ModuleList(nn.Linear(4, 4) for _ in range(3))

    def forward(self, x):
        weight, chosen = self.gate(x).softmax(-1).topk(2, -1)
        out = torch.zeros_like(x)
        for k, expert in enumerate(self.experts):
            rows, slots = (chosen == k).nonzero(as_tuple=True)
            if len(rows):
                out.index_add_(0, rows, expert(x[rows]) * weight[rows, slots, None])
        return out


@entry("kinds", fake="refused")
def mixture_of_experts() -> Sample:
    """Rows by index to the experts and back."""
    return sample(Mixture(), torch.randn(16, 4))


# -------------------------------------------------------------------------- architectures


class Seq2Seq(nn.Module):
    """Encoder and decoder read one embedding; the output layer is it, too."""

    def __init__(self):
        super().__init__()
        self.shared = nn.Embedding(20, 8)
        self.encoder = nn.ModuleDict({"embed": self.shared, "mix": nn.Linear(8, 8)})
        self.decoder = nn.ModuleDict({"embed": self.shared, "mix": nn.Linear(16, 8)})
        self.head = nn.Linear(8, 20, bias=False)
        self.head.weight = self.shared.weight

    def forward(self, source, target):
        memory = self.encoder["mix"](self.encoder["embed"](source)).mean(1, keepdim=True)
        hidden = self.decoder["embed"](target)
        pair = torch.cat([hidden, memory.expand_as(hidden)], -1)
        return self.head(self.decoder["mix"](pair))


@entry("kinds")
def seq2seq_shared_embedding() -> Sample:
    """An encoder and a decoder that share an embedding."""
    return sample(Seq2Seq(), torch.tensor([[1, 2, 3]]), torch.tensor([[4, 5]]))


@entry("kinds")
def two_tower() -> Sample:
    """Users and items, each through a tower, to one score."""

    def run(m, user, item):
        left, right = functional.normalize(m.user(user)), functional.normalize(m.item(item))
        return (left * right).sum(-1)

    model = Runs(run, user=nn.Linear(3, 4), item=nn.Sequential(nn.Linear(5, 4), nn.GELU()))
    return sample(model, user=torch.randn(2, 3), item=torch.randn(2, 5))


@entry("kinds")
def video_conv3d() -> Sample:
    """Frames through convolutions in three dimensions."""
    body = [nn.Conv3d(3, 4, (3, 3, 3), padding=1), nn.BatchNorm3d(4), nn.ReLU(inplace=True)]
    return sample(
        nn.Sequential(*body, nn.AdaptiveAvgPool3d(1), nn.Flatten()), torch.randn(1, 3, 4, 8, 8)
    )


@entry("kinds")
def audio_spectrogram() -> Sample:
    """A wave to its spectrogram and through convolutions in one dimension."""

    def run(m, wave):
        window = torch.hann_window(16)
        spectrum = torch.stft(wave, 16, 8, window=window, return_complex=True).abs().log1p()
        return m.tail(m.head(spectrum))

    model = Runs(run, head=nn.Conv1d(9, 4, 3), tail=nn.ConvTranspose1d(4, 1, 4, 2))
    return sample(model, torch.randn(1, 160))


@entry("kinds")
def recurrent_states() -> Sample:
    """nn.LSTM alone: the output and the tuple of its states."""
    layer = nn.LSTM(4, 6, num_layers=2, bidirectional=True, batch_first=True)
    return sample(Runs(lambda m, x: m.rnn(x), rnn=layer), torch.randn(2, 5, 4))


@entry("kinds", fake="refused")
def packed_sequence() -> Sample:
    """Sequences of several lengths, packed for a GRU."""

    def run(m, x, lengths):
        packed = nn.utils.rnn.pack_padded_sequence(x, lengths, batch_first=True)
        return nn.utils.rnn.pad_packed_sequence(m.rnn(packed)[0], batch_first=True)[0]

    model = Runs(run, rnn=nn.GRU(4, 6, batch_first=True))
    return sample(model, torch.randn(2, 5, 4), torch.tensor([5, 3]))


def encoder() -> Sample:
    """A TransformerEncoder, a batch, and the mask of its padding."""
    layer = nn.TransformerEncoderLayer(8, 2, 16, dropout=0.1, batch_first=True)
    mask = torch.tensor([[False, False, True]] * 2)
    return sample(nn.TransformerEncoder(layer, 2), torch.randn(2, 3, 8), src_key_padding_mask=mask)


@entry("kinds")
def transformer_encoder() -> Sample:
    """In evaluation, where it has a fast path."""
    return encoder()


@entry("kinds", training=True, is_random=True)
def transformer_encoder_training() -> Sample:
    """In training, with dropout."""
    return encoder()


@entry("kinds")
def transformer() -> Sample:
    """nn.Transformer, encoder and decoder."""
    model = nn.Transformer(8, 2, 2, 2, 16, batch_first=True)
    return sample(model, torch.randn(1, 4, 8), torch.randn(1, 3, 8))


@entry("kinds")
def multihead_attention() -> Sample:
    """Attention with its weights, which has a fast path without them."""
    return sample(attention(weights=True), torch.randn(2, 3, 8))


@entry("kinds")
def multihead_attention_fast() -> Sample:
    """Attention without its weights."""
    return sample(attention(weights=False), torch.randn(2, 3, 8))


def attention(*, weights: bool) -> nn.Module:
    """One self-attention over a batch."""
    return Runs(
        lambda m, x: m.attn(x, x, x, need_weights=weights)[0],
        attn=nn.MultiheadAttention(8, 2, batch_first=True),
    )


# ---------------------------------------------------------------- modules called otherwise


@entry("kinds")
def never_called() -> Sample:
    """A module that the forward leaves out."""
    model = Runs(lambda m, x: m.used(x), used=nn.Linear(4, 4), unused=nn.Linear(9, 9))
    return sample(model, torch.randn(1, 4))


@entry("kinds", is_opaque=True)
def forward_called_directly() -> Sample:
    """a.forward(x) in place of a(x)."""
    model = Runs(lambda m, x: m.b(m.a.forward(x)), a=nn.Linear(4, 4), b=nn.Linear(4, 2))
    return sample(model, torch.randn(1, 4))


@entry("kinds", is_opaque=True)
def parts_of_modules() -> Sample:
    """Weights, an index and a slice of a Sequential, used one by one."""

    def run(m, x):
        x = functional.linear(x, m.stack[0].weight[:, :4], m.stack[0].bias)
        return m.stack[1:](x) + m.scale

    stack = nn.Sequential(nn.Linear(4, 4), nn.ReLU(), nn.Linear(4, 4))
    return sample(Runs(run, stack=stack, scale=nn.Parameter(torch.ones(4))), torch.randn(1, 4))
