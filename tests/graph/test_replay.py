"""verify: the traced ops, run again one by one, give what the model gave."""

import dataclasses

import pytest
import torch
import torch.nn.attention
from torch import nn
from torch.utils.checkpoint import checkpoint

from introspect.errors import TraceError
from introspect.graph.proof.replay import Proof, verify


class Runs(nn.Module):
    """A forward written as a function, with one linear layer to call and one buffer to fill."""

    def __init__(self, forward):
        super().__init__()
        torch.manual_seed(0)
        self._run = forward
        self.layer = nn.Linear(4, 4)
        self.register_buffer("count", torch.zeros(4))

    def forward(self, *args, **kwargs):
        return self._run(self, *args, **kwargs)


def x_of(*shape):
    return torch.randn(*shape or (3, 4), generator=torch.Generator().manual_seed(1))


def proven(forward, *inputs):
    """The proof of a forward, after checking that it is whole and that nothing was left."""
    model = Runs(forward)
    proof = verify(model, *(inputs or (x_of(),)))
    assert proof.skipped == ()
    assert proof.tolerance == 0.0
    assert proof.ops == len(proof.graph.ops) > 0
    return proof


# ------------------------------------------------------------------------ what is replayed


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


@pytest.mark.parametrize("forward", FORWARDS, ids=lambda f: f.__name__)
def test_what_ran_can_be_run_again(forward, everything_left):
    model, x = Runs(forward), x_of()
    before = everything_left(model, x)
    proof = verify(model, x)
    assert everything_left(model, x) == before
    assert proof.skipped == ()
    assert proof.tolerance == 0.0
    assert proof.ops == len(proof.graph.ops) > 0
    assert proof.values >= len(proof.graph.outputs)


@pytest.mark.parametrize(
    "model",
    [
        nn.Sequential(nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2), nn.ReLU(inplace=True)),
        nn.Sequential(nn.Conv2d(1, 2, 3), nn.InstanceNorm2d(2, track_running_stats=True)),
        nn.Sequential(nn.Conv2d(1, 2, 3), nn.Dropout2d(0.5), nn.Hardswish(inplace=True)),
        nn.Sequential(nn.Flatten(), nn.Unflatten(1, (5, 5)), nn.LSTM(5, 4, 2, dropout=0.5)),
        nn.Sequential(nn.Flatten(0, 2), nn.TransformerEncoderLayer(5, 1, 8, dropout=0.3)),
    ],
    ids=["batch norm", "instance norm", "dropout", "lstm", "transformer"],
)
@pytest.mark.parametrize("training", [True, False])
def test_layers_of_torch_can_be_run_again(model, training, everything_left):
    model.train(training)
    x = x_of(4, 1, 5, 5)
    before = everything_left(model, x)
    assert verify(model, x).skipped == ()
    assert everything_left(model, x) == before


def test_an_input_that_the_model_writes_is_replayed_from_what_it_was():
    proof = proven(lambda m, x: m.layer(x.clone().add_(1)) + x.mul_(2), x_of())
    assert proof.values >= 5


def test_an_input_that_is_written_and_returned_is_compared_as_it_was_returned(everything_left):
    model, x = Runs(lambda m, x: (x.add_(1), m.layer(x), m.count.add_(2))), x_of()
    before = everything_left(model, x)
    assert verify(model, x).skipped == ()
    assert everything_left(model, x) == before


def test_lazy_modules_are_replayed_and_lazy_again():
    model = nn.Sequential(nn.LazyLinear(3), nn.LazyBatchNorm1d())
    proof = verify(model, x_of())
    assert all("lazy" in reason for reason in proof.skipped)
    assert {"linear", "batch_norm"} <= {op.name for op in proof.graph.ops}
    assert type(model[0]) is nn.LazyLinear


def test_two_inputs_that_overlap_still_do():
    x = x_of(4, 4)
    proven(lambda m, a, b: (a.add_(1), m.layer(b))[1], x[:3].clone(), x_of())
    whole = x_of(4, 4)

    def overlap(m, a, b):
        a.add_(1)
        return m.layer(b)

    graph = proven(overlap, whole[:3], whole[1:]).graph
    assert graph.ops[-1].inputs[0].producer is graph.ops[0]


def test_tied_weights_and_modules_called_again():
    class Tied(nn.Module):
        def __init__(self):
            super().__init__()
            self.embed, self.norm = nn.Embedding(9, 4), nn.BatchNorm1d(4)
            self.head = nn.Linear(4, 9, bias=False)
            self.head.weight = self.embed.weight

        def forward(self, ids):
            x = self.embed(ids)
            for _ in range(3):
                x = self.norm(x)
            return self.head(x)

    assert verify(Tied().train(), torch.tensor([1, 2, 3])).skipped == ()


# ------------------------------------------------------------------------------ the edges


def test_the_proof_says_what_it_proved_in_a_sentence():
    proof = verify(Runs(lambda m, x: m.layer(x).relu()), x_of())
    assert repr(proof) == (
        "Runs: all 2 ops replayed, 3 values (0.000144 MB) equal the model's bit for bit."
    )
    assert proof.size_bytes == 3 * 12 * 4
    with pytest.raises(dataclasses.FrozenInstanceError):
        proof.ops = 3
    assert isinstance(proof, Proof)


def test_a_model_that_fails_gives_the_partial_graph_and_leaves_nothing(everything_left):
    def fails(m, x):
        m.count += 1
        y = m.layer(x).mul_(2)
        raise ValueError(f"no {y.shape}")

    model, x = Runs(fails), x_of()
    before = everything_left(model, x)
    with pytest.raises(TraceError, match="ValueError: no") as caught:
        verify(model, x)
    assert [op.name for op in caught.value.graph.ops][-2:] == ["linear", "mul_"]
    assert everything_left(model, x) == before


def test_a_model_on_meta_has_nothing_to_verify():
    with pytest.raises(TraceError, match="shapes and no numbers"):
        verify(nn.Linear(4, 4, device="meta"), x_of())


def test_a_thing_that_is_no_module_is_refused():
    with pytest.raises(TraceError, match=r"only a torch.nn.Module"):
        verify(torch.relu, x_of())
