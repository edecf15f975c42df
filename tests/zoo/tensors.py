"""Tensors of every kind: sparse, complex, constant, ragged, on meta, out of torch and back."""

import numpy as np
import torch
from torch import nn

from tests.zoo.entry import Sample, entry, sample
from tests.zoo.runs import Runs, linear


@entry("tensors")
def sparse_made_inside() -> Sample:
    """An adjacency of edges, in two sparse layouts."""

    def run(m, x, edges):
        values = torch.ones(edges.size(1))
        adjacency = torch.sparse_coo_tensor(edges, values, (3, 3)).coalesce()
        return m.a(torch.sparse.mm(adjacency, x)) + (adjacency.to_sparse_csr() @ x).sum()

    edges = torch.tensor([[0, 1, 2], [1, 2, 0]])
    return sample(Runs(run, a=linear(4, 2)), torch.randn(3, 4), edges)


@entry("tensors")
def sparse_buffer() -> Sample:
    """A sparse tensor among the buffers."""
    model = Runs(lambda m, x: torch.sparse.mm(m.adjacency, x), adjacency=torch.eye(3).to_sparse())
    return sample(model, torch.randn(3, 4))


@entry("tensors")
def complex_fourier() -> Sample:
    """Complex parameters, and Fourier transforms there and back."""

    def run(m, x):
        spectrum = torch.fft.rfft(m.a(x)) * m.filter
        back = torch.fft.irfft(spectrum, n=8).real
        return back + spectrum.conj().abs().sum() + spectrum.imag.sum()

    weights = nn.Parameter(torch.randn(5, dtype=torch.cfloat))
    return sample(Runs(run, a=linear(4, 8), filter=weights), torch.randn(2, 4))


@entry("tensors", needs=("einops",))
def einops_functions() -> Sample:
    """einops.rearrange and reduce, and torch.einsum."""
    import einops

    def run(m, x):
        heads = einops.rearrange(m.a(x), "b t (h d) -> b h t d", h=2)
        scores = torch.einsum("bhid,bhjd->bhij", heads, heads)
        return einops.reduce(scores, "b h i j -> b i j", "mean")

    return sample(Runs(run, a=linear(4, 8)), torch.randn(2, 3, 4))


@entry("tensors", needs=("einops",))
def einops_layers() -> Sample:
    """einops as layers: patches of an image to tokens."""
    from einops.layers.torch import Rearrange, Reduce

    patches = Rearrange("b c (h p) (w q) -> b (h w) (c p q)", p=4, q=4)
    layers = [patches, linear(48, 8), Reduce("b t d -> b d", "mean")]
    return sample(nn.Sequential(*layers), torch.randn(2, 3, 8, 8))


class Constants(nn.Module):
    """Tensors that are neither parameter nor buffer, and some made on the way."""

    def __init__(self):
        super().__init__()
        self.table = torch.arange(4.0)

    def forward(self, x):
        return x * self.table + torch.tensor([1.0]) + torch.linspace(0, 1, 4), torch.ones(2)


@entry("tensors", cuts=("output 1 depends on no input",))
def constants() -> Sample:
    """Constants held and made; one is an output."""
    return sample(Constants(), torch.randn(2, 4))


@entry("tensors", fake="refused", cuts=("output depends on no input; the link ends at numpy",))
def numpy_round_trip() -> Sample:
    """Out to NumPy and back, which no recorder follows."""

    def run(m, x):
        return m.b(torch.from_numpy(np.tanh(m.a(x).detach().numpy())))

    return sample(Runs(run, a=linear(), b=linear(4, 2)), torch.randn(1, 4))


@entry("tensors", fake="refused", cuts=("output depends on no input; the link ends at tolist",))
def python_round_trip() -> Sample:
    """Out to Python numbers and back."""
    return sample(Runs(lambda m, x: torch.tensor(m.a(x).tolist()), a=linear()), torch.randn(1, 4))


@entry("tensors")
def meta() -> Sample:
    """A model without numbers."""
    with torch.device("meta"):
        model = nn.Sequential(nn.Linear(8, 8), nn.LayerNorm(8), nn.GELU())
    return sample(model, torch.randn(2, 8))


@entry("tensors")
def inference_mode_inside() -> Sample:
    """Writes where torch counts no versions."""

    def run(m, x):
        with torch.inference_mode():
            y = m.a(x)
            y[0].mul_(2)
            return y + 1

    return sample(Runs(run, a=linear()), torch.randn(2, 4))


@entry("tensors", fake="fails")
def nested_tensors() -> Sample:
    """Rows of several lengths as one tensor."""

    def run(m, a, b):
        nested = torch.nested.nested_tensor([a, b], layout=torch.jagged)
        return m.a(nested).to_padded_tensor(0.0)

    return sample(Runs(run, a=linear(4, 2)), torch.randn(2, 4), torch.randn(3, 4))


class Tagged(torch.Tensor):
    """A subclass as a user makes one."""


@entry("tensors", fake="fails")
def tensor_subclass() -> Sample:
    """A subclass of Tensor, made in the forward."""
    model = Runs(lambda m, x: m.b(m.a(x).as_subclass(Tagged)), a=linear(), b=linear(4, 2))
    return sample(model, torch.randn(1, 4))
