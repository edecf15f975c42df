"""One small model for every kind of model that people write, each traced whole."""

import pytest
import torch
from torch import nn

import introspect
from tests.zoo.catalog import make
from tests.zoo.runs import Runs, feeding, names, paths


@pytest.fixture(autouse=True)
def _seed():
    torch.manual_seed(0)


# --------------------------------------------------------------------- inputs and outputs


def test_nested_tuples_of_inputs_keep_their_places(trace_entry):
    graph = trace_entry("nested_tuples")
    assert [value.name for value in graph.inputs] == ["0.0", "0.1.0", "0.1.1.0"]


def test_a_recursive_net_over_a_tree_of_inputs(trace_entry):
    graph = trace_entry("tree_net")
    assert [value.name for value in graph.inputs] == ["tree.0.0", "tree.0.1", "tree.1"]
    own = [call for call in graph.calls if call.path == ""]
    assert [call.repetition for call in own] == [0, 1, 2, 3, 4]
    assert own[2].parent is own[1]


def test_a_container_that_holds_itself_ends():
    batch = {"x": torch.randn(2, 4)}
    batch["self"] = batch
    graph = introspect.trace(Runs(lambda m, b: m.a(b["x"]), a=nn.Linear(4, 4)), batch)
    assert len(graph.inputs) == 1


def test_a_cache_object_in_the_output_is_followed(trace_entry):
    graph = trace_entry("cache_out")
    assert graph.output_names[0] == "logits"
    assert "cache.keys.0" in graph.output_names


def test_a_cache_object_in_the_input_is_an_input(trace_entry):
    graph = trace_entry("cache_in")
    cat = next(op for op in graph.ops if op.name == "cat")
    assert [value.kind for value in cat.inputs] == ["input", "result"]


def test_generators_in_forward_and_zip_are_plain_python(trace_entry):
    assert names(trace_entry("generators")) == ["mul", "linear", "add", "mul", "linear", "add"]


# -------------------------------------------------------------------- branches and loops


def test_the_taken_branch_is_the_graph_and_says_that_data_chose_it(trace_whole):
    model, (x,), _ = make("data_dependent_if")
    assert names(trace_whole(model, x)) == ["sum", "gt", "__bool__", "linear", "relu"]
    assert names(trace_whole(model, -x))[-1] == "tanh"


def test_a_loop_that_data_ends_is_unrolled(trace_entry):
    assert names(trace_entry("loop_until")).count("linear") >= 2


# -------------------------------------------------------------------------- architectures


def test_an_encoder_and_a_decoder_that_share_an_embedding(trace_entry):
    graph = trace_entry("seq2seq_shared_embedding")
    weights = [v for v in graph.values if v.kind == "parameter" and v.shape == (20, 8)]
    assert len(weights) == 1
    assert {weights[0].name, *weights[0].aliases} == {
        "shared.weight",
        "encoder.embed.weight",
        "decoder.embed.weight",
        "head.weight",
    }


def test_a_mixture_of_experts_joins_every_expert_that_ran(trace_entry):
    graph = trace_entry("mixture_of_experts")
    assert {path for path in paths(graph) if "experts" in path} == {
        "experts.0",
        "experts.1",
        "experts.2",
    }
    experts = {op for op in graph.ops if op.call.path.startswith("experts")}
    assert experts <= feeding(graph)


def test_a_two_tower_model_joins_both_towers(trace_entry):
    graph = trace_entry("two_tower")
    assert [value.name for value in graph.inputs] == ["user", "item"]


def test_video_through_three_dimensional_convolutions(trace_entry):
    assert trace_entry("video_conv3d").outputs[0].shape == (1, 4)


def test_audio_through_one_dimensional_convolutions_and_a_spectrogram(trace_entry):
    assert trace_entry("audio_spectrogram").outputs[0].shape[1] == 1


@pytest.mark.parametrize("cell", [nn.GRU, nn.LSTM, nn.RNN])
def test_recurrent_layers_and_their_states(trace_whole, cell):
    layer = cell(4, 6, num_layers=2, bidirectional=True, batch_first=True)
    graph = trace_whole(Runs(lambda m, x: m.rnn(x), rnn=layer), torch.randn(2, 5, 4))
    assert graph.outputs[0].shape == (2, 5, 12)
    assert len(graph.outputs) == (3 if cell is nn.LSTM else 2)


def test_a_packed_sequence_is_followed_through_the_recurrence(trace_entry):
    graph = trace_entry("packed_sequence")
    cell = next(op for op in graph.ops if op.call.path == "rnn" and "gru" in op.name.lower())
    assert any(value.kind == "result" for value in cell.inputs)


@pytest.mark.parametrize("cell", ["gru_cell_loop", "lstm_cell_loop", "rnn_cell_loop"])
def test_a_cell_in_a_loop_over_time(trace_entry, cell):
    graph = trace_entry(cell)
    assert [call.repetition for call in graph.calls if call.path == "cell"] == list(range(10))


@pytest.mark.parametrize("name", ["transformer_encoder", "transformer_encoder_training"])
def test_transformer_encoders_trace_with_and_without_their_fast_path(trace_entry, name):
    graph = trace_entry(name)
    assert {call.path for call in graph.calls} >= {"layers.0.self_attn", "layers.1.norm2"}
    assert graph.outputs[0].shape == (2, 3, 8)


@pytest.mark.parametrize("name", ["multihead_attention", "multihead_attention_fast"])
def test_multihead_attention_traces_with_and_without_its_fast_path(trace_entry, name):
    graph = trace_entry(name)
    assert graph.outputs[0].producer.inputs
