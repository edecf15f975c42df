"""Forwards that each do one thing a graph must get right: writes, views, numbers, randomness.

Each is a function of a model with one linear layer ``m.layer``, one buffer ``m.count``, and an
input of 3 x 4 numbers: ``with_layer(in_place)(x_of())``.
"""

import torch
import torch.nn.attention
from torch import nn
from torch.utils.checkpoint import checkpoint

from tests.zoo.runs import Runs


def with_layer(forward):
    """A model of that forward, the same weights every time."""
    torch.manual_seed(0)
    return Runs(forward, layer=nn.Linear(4, 4), count=torch.zeros(4))


def x_of(*shape):
    """An input, the same numbers every time."""
    return torch.randn(*shape or (3, 4), generator=torch.Generator().manual_seed(1))


def in_place(m, x):
    y = m.layer(x)
    y += 1
    y.mul_(2).relu_()
    return nn.functional.relu(y, inplace=True) * 2


def through_views(m, x):
    y = m.layer(x)
    y[0].add_(1)
    y.view(-1)[3:7].zero_()
    y.t()[1] = 5.0
    return y + 1


def through_views_of_views(m, x):
    base = x.clone()
    left, right = base.view(2, 6).chunk(2, 1)
    left[0].copy_(right[1])
    base.add_(1)
    return left * right, m.layer(base)


def items(m, x):
    y = x.clone()
    y[1, 2] = 7
    y[y > 0.5] = -1.0
    y[[0, 1], [2, 3]] = torch.tensor([8.0, 9.0])
    return m.layer(y)[..., None, ::2], y[0], y[[0, 2]]


def out_argument(m, x):
    out = torch.zeros(3, 4)
    torch.exp(x, out=out)
    torch.add(out, 1, out=out)
    values, places = torch.empty(3), torch.empty(3, dtype=torch.long)
    torch.max(x, 1, out=(values, places))
    return m.layer(out), values


def buffers(m, x):
    m.count += 1
    m.count.mul_(2)
    return m.layer(x) + m.count


def branches(m, x):
    y = m.layer(x)
    while y.norm() < 20:
        y = y * 2
    return y.relu() if (y > 0).any() else y.tanh()


def many_results(m, x):
    values, places = m.layer(x).max(1)
    first, *rest = x.split(1)
    top = x.topk(2)
    u, s, v = torch.linalg.svd(x, full_matrices=False)
    return {
        "values": values,
        "pair": (places, first),
        "rest": rest,
        "top": top.values,
        "u": u * s @ v,
    }


def same_object(m, x):
    y = x.contiguous().to(torch.float32)
    z = nn.functional.dropout(m.layer(y), 0.5, training=False)
    return z.contiguous().view(3, 4), y


def numbers(m, x):
    scale = x.sum().item() + float(x[0, 0]) + len(x.tolist()) + x.argmax()
    return m.layer(x) * scale + x.numpy().shape[0]


def random_numbers(m, x):
    y = (
        nn.functional.dropout(m.layer(x), 0.5, training=True)
        + torch.randn(3, 4)
        + torch.rand_like(x)
    )
    y += torch.randn(4, generator=torch.Generator().manual_seed(7))
    y.bernoulli_(0.5)
    return y + torch.multinomial(torch.ones(3, 4), 2)[:, :1] + torch.randperm(4)


def noise_from_a_generator_that_goes_on(m, x):
    generator = torch.Generator().manual_seed(3)
    return m.layer(x) + torch.randn(4, generator=generator) + torch.randn(4, generator=generator)


def autocast(m, x):
    with torch.autocast("cpu", torch.bfloat16):
        y = m.layer(x) @ x.t()
    return y.float(), torch.linspace(0, 1, 3) + y


def another_default_dtype(m, x):
    torch.set_default_dtype(torch.float64)
    try:
        return m.layer(x) + torch.ones(4)
    finally:
        torch.set_default_dtype(torch.float32)


def gradients_inside(m, x):
    with torch.enable_grad():
        y = x.detach().requires_grad_(requires_grad=True)
        (force,) = torch.autograd.grad(m.layer(y).pow(3).sum(), y)
    return x - force


def attention_by_another_kernel(m, x):
    query = m.layer(x).repeat(40, 8).view(1, 2, 60, 32)
    with torch.nn.attention.sdpa_kernel(torch.nn.attention.SDPBackend.MATH):
        slow = nn.functional.scaled_dot_product_attention(query, query, query)
    return slow, nn.functional.scaled_dot_product_attention(query, query, query)


def checkpointed(m, x):
    return checkpoint(lambda t: m.layer(t).sin(), x, use_reentrant=False) * 2


def complex_and_fourier(m, x):
    spectrum = torch.fft.rfft(m.layer(x))
    spectrum.imag.zero_()
    return torch.fft.irfft(spectrum.conj()), spectrum.real


def expanded_and_strided(m, x):
    y = x[:1].expand(3, 4).contiguous() + x.as_strided((3, 4), (1, 0))
    return m.layer(y.t().reshape(3, 4))


def uninitialised(m, x):
    y = torch.empty(3, 4)
    y[:2] = m.layer(x)[:2]
    y[2].fill_(0)
    z = torch.empty_like(x)
    z.copy_(y)
    return z


def not_a_number(m, x):
    y = m.layer(x) / 0.0
    return (y - y).log(), y.nan_to_num()


def integers_and_bits(m, x):
    k = (m.layer(x) * 10).long()
    k <<= 1
    k.bitwise_and_(6)
    return k.scatter_add(1, k % 4, k), (k == 2).logical_not()


def the_input_itself(m, x):
    return m.layer(x), x, m.layer.weight, x


FORWARDS = [
    in_place,
    through_views,
    through_views_of_views,
    items,
    out_argument,
    buffers,
    branches,
    many_results,
    same_object,
    numbers,
    random_numbers,
    noise_from_a_generator_that_goes_on,
    autocast,
    another_default_dtype,
    gradients_inside,
    attention_by_another_kernel,
    checkpointed,
    complex_and_fourier,
    expanded_and_strided,
    uninitialised,
    not_a_number,
    integers_and_bits,
    the_input_itself,
]
