"""verify on graphs that are wrong, and on ops that are no function of what they are given."""

import re

import pytest
import torch
from torch import nn

from introspect.errors import TraceError
from introspect.graph.proof.replay import replay_graph, verify
from introspect.graph.proof.witness import bear_witness
from tests.zoo.forwards import through_views, with_layer, x_of


def witnessed(forward, x=None):
    return bear_witness(with_layer(forward), (x_of() if x is None else x,), {})


def altered(op, **changes):
    for name, value in changes.items():
        object.__setattr__(op, name, value)


def refusal(graph, witness):
    with pytest.raises(TraceError) as caught:
        replay_graph(graph, witness)
    assert caught.value.graph is graph
    return str(caught.value)


def test_a_wrong_wire_is_found_and_the_op_is_named_with_all_that_helps():
    graph, witness = witnessed(lambda m, x: m.layer(x) - x)
    sub = graph.ops[-1]
    altered(sub, inputs=tuple(reversed(sub.inputs)))
    message = refusal(graph, witness)
    assert message.startswith("the traced graph is not what the model did: op 1, sub differs.")
    line = sub.source[1]
    assert f"where  the model (Runs), {__file__}:{line}" in message
    assert "given  float32 (3, 4), float32 (3, 4)" in message
    want = 2 * (with_layer(None).layer(x_of()) - x_of()).abs().max().item()
    found = re.search(r"cause  12 of 12 numbers differ, by (\S+) at most", message)
    assert float(found[1]) == pytest.approx(want, rel=1e-2)


def test_a_wrong_dimension_is_found():
    graph, witness = witnessed(lambda m, x: nn.functional.softmax(m.layer(x), 1))
    softmax = graph.ops[-1]
    altered(softmax, options={**softmax.options, "dim": 0})
    assert "op 1, softmax differs" in refusal(graph, witness)


def test_a_wrong_option_is_found():
    graph, witness = witnessed(lambda m, x: torch.add(m.layer(x), x, alpha=2))
    altered(graph.ops[-1], options={"alpha": 3})
    assert "op 1, add differs" in refusal(graph, witness)


def test_a_write_that_the_graph_lost_is_found():
    graph, witness = witnessed(through_views)
    last = graph.ops[-1]
    made = graph.ops[0].outputs[0]
    altered(last, inputs=(made, *last.inputs[1:]))
    message = refusal(graph, witness)
    assert "as it was before <Op" in message
    assert "__setitem__> wrote over it" in message


def test_an_alias_of_the_wrong_writer_is_found():
    graph, witness = witnessed(through_views)
    alias = graph.ops[-1].inputs[0]
    assert alias.kind == "alias"
    altered(alias, producer=graph.ops[0])
    message = refusal(graph, witness)
    assert "the graph says that <Op 0 linear in layer> wrote" in message


def test_an_output_that_the_graph_does_not_list_is_found():
    graph, witness = witnessed(lambda m, x: m.layer(x).max(1)[0])
    altered(graph.ops[1], outputs=graph.ops[1].outputs[:1])
    assert "and the graph does not say so" in refusal(graph, witness)


def test_a_wrong_shape_in_the_graph_is_found():
    graph, witness = witnessed(lambda m, x: m.layer(x).relu())
    altered(graph.ops[1].outputs[0], shape=(4, 3))
    assert "the graph says value" in refusal(graph, witness)


def test_a_wrong_output_of_the_model_is_found():
    graph, witness = witnessed(lambda m, x: (m.layer(x).relu() + 1, x)[0])
    object.__setattr__(graph, "outputs", (graph.ops[1].outputs[0],))
    assert "op 1, relu differs" in refusal(graph, witness)


def test_a_branch_that_would_go_the_other_way_is_found():
    graph, witness = witnessed(lambda m, x: m.layer(x) if x.sum() > -100 else x)
    greater = next(op for op in graph.ops if op.name == "gt")
    altered(greater, arguments=(greater.arguments[0], 100))
    assert "op 1, gt differs" in refusal(graph, witness)


# ------------------------------------------------------------ ops that are not a function


_calls = 0


@torch.library.custom_op("introspect_replay::counting", mutates_args=())
def counting(x: torch.Tensor) -> torch.Tensor:
    """Depends on something that no recorder can see."""
    global _calls  # noqa: PLW0603  that is the point
    _calls += 1
    return x + _calls


@torch.library.custom_op("introspect_replay::jittering", mutates_args=())
def jittering(x: torch.Tensor) -> torch.Tensor:
    """Nondeterministic, and says so as torch's own ops do."""
    global _calls  # noqa: PLW0603  same
    if torch.are_deterministic_algorithms_enabled():
        raise RuntimeError("jittering does not have a deterministic implementation")
    _calls += 1
    return x * (1 + 1e-6 * (_calls % 5))


@torch.library.custom_op("introspect_replay::secretive", mutates_args=())
def secretive(x: torch.Tensor) -> torch.Tensor:
    """Writes into its input and does not say so."""
    with torch.autograd._unsafe_preserve_version_counter(x):
        x.add_(1)
    return x * 2


def test_an_op_that_depends_on_something_hidden_is_named():
    with pytest.raises(
        TraceError, match=r"op 1, \S*counting[\s\S]*12 of 12 numbers differ, by 1 at"
    ):
        verify(with_layer(lambda m, x: counting(m.layer(x))), x_of())


def test_an_op_that_torch_calls_nondeterministic_is_given_a_stated_tolerance():
    was = torch.are_deterministic_algorithms_enabled()
    proof = verify(with_layer(lambda m, x: jittering(m.layer(x)).exp()), x_of())
    assert 0 < proof.tolerance < 1e-5
    assert re.search(r"equal the model's within \de-0\d\.", repr(proof))
    assert torch.are_deterministic_algorithms_enabled() == was


def test_an_op_that_writes_in_secret_is_named():
    with pytest.raises(TraceError, match="it writes into input 0, and the graph does not say so"):
        verify(with_layer(lambda m, x: secretive(m.layer(x))), x_of())


def test_what_cannot_be_run_again_is_said():
    model = with_layer(lambda m, x: m.layer(torch.vmap(lambda row: row * 2)(x)))
    proof = verify(model, x_of())
    assert proof.ops == len(proof.graph.ops) - len(proof.skipped)
    assert any("vmap" in reason for reason in proof.skipped)
    assert f"{proof.ops} of {len(proof.graph.ops)} ops replayed" in repr(proof)
    assert f"Not replayed: {proof.skipped[0]}" in repr(proof)
