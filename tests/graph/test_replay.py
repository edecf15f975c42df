"""verify: the traced ops, run again one by one, give what the model gave."""

import dataclasses

import pytest
import torch
from torch import nn

from introspect.errors import TraceError
from introspect.graph.proof.replay import Proof, verify
from tests.zoo.forwards import FORWARDS, with_layer, x_of


def proven(forward, *inputs):
    """The proof of a forward, after checking that it is whole and that nothing was left."""
    proof = verify(with_layer(forward), *(inputs or (x_of(),)))
    assert proof.skipped == ()
    assert proof.tolerance == 0.0
    assert proof.ops == len(proof.graph.ops) > 0
    return proof


# ------------------------------------------------------------------------ what is replayed


@pytest.mark.parametrize("forward", FORWARDS, ids=lambda f: f.__name__)
def test_what_ran_can_be_run_again(forward, everything_left):
    model, x = with_layer(forward), x_of()
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
    model, x = with_layer(lambda m, x: (x.add_(1), m.layer(x), m.count.add_(2))), x_of()
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
    proof = verify(with_layer(lambda m, x: m.layer(x).relu()), x_of())
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

    model, x = with_layer(fails), x_of()
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
