"""One small model for every kind of model that people write, each traced whole."""

import dataclasses

import pytest
import torch
from torch import nn

import introspect


class Runs(nn.Module):
    """A forward written as a function of the module and its inputs, with layers by name."""

    def __init__(self, forward, **children):
        super().__init__()
        self._run = forward
        for name, child in children.items():
            if isinstance(child, torch.Tensor) and not isinstance(child, nn.Parameter):
                self.register_buffer(name, child)
            else:
                setattr(self, name, child)

    def forward(self, *args, **kwargs):
        return self._run(self, *args, **kwargs)


def feeding(graph):
    """The ops that the outputs are made of, however far back."""
    used, front = set(), list(graph.outputs)
    while front:
        producer = front.pop().producer
        if producer is not None and producer not in used:
            used.add(producer)
            front.extend(producer.inputs)
    return used


def names(graph):
    return [op.name for op in graph.ops]


def paths(graph):
    return [op.call.path for op in graph.ops]


@pytest.fixture(autouse=True)
def _seed():
    torch.manual_seed(0)


# --------------------------------------------------------------------- inputs and outputs


def test_nested_tuples_of_inputs_keep_their_places(trace_whole):
    model = Runs(lambda m, pair: m.a(pair[0]) + m.a(pair[1][0]) * pair[1][1][0], a=nn.Linear(4, 4))
    pair = (torch.randn(2, 4), (torch.randn(2, 4), (torch.randn(2, 4), None)))
    graph = trace_whole(model, pair)
    assert [value.name for value in graph.inputs] == ["0.0", "0.1.0", "0.1.1.0"]


def test_a_recursive_net_over_a_tree_of_inputs(trace_whole):
    class TreeNet(nn.Module):
        def __init__(self):
            super().__init__()
            self.leaf, self.join = nn.Linear(3, 4), nn.Linear(8, 4)

        def forward(self, tree):
            if isinstance(tree, torch.Tensor):
                return self.leaf(tree)
            return torch.tanh(self.join(torch.cat([self(branch) for branch in tree], -1)))

    leaf = [torch.randn(1, 3) for _ in range(3)]
    graph = trace_whole(TreeNet(), ((leaf[0], leaf[1]), leaf[2]))
    assert [value.name for value in graph.inputs] == ["tree.0.0", "tree.0.1", "tree.1"]
    own = [call for call in graph.calls if call.path == ""]
    assert [call.repetition for call in own] == [0, 1, 2, 3, 4]
    assert own[2].parent is own[1]


def test_a_container_that_holds_itself_ends(trace_whole):
    batch = {"x": torch.randn(2, 4)}
    batch["self"] = batch
    graph = introspect.trace(Runs(lambda m, b: m.a(b["x"]), a=nn.Linear(4, 4)), batch)
    assert len(graph.inputs) == 1
    del trace_whole


class Cache:
    """What a decoder carries from step to step: no container that torch knows."""

    def __init__(self):
        self.keys = []

    def update(self, key):
        self.keys.append(key)
        return torch.cat(self.keys, 1)


@dataclasses.dataclass
class Output:
    logits: torch.Tensor
    cache: Cache
    loss: torch.Tensor | None = None


def test_a_cache_object_in_the_output_is_followed(trace_whole):
    def step(m, x, cache=None):
        cache = cache or Cache()
        keys = cache.update(m.key(x))
        return Output(nn.functional.scaled_dot_product_attention(m.query(x), keys, keys), cache)

    model = Runs(step, key=nn.Linear(4, 4), query=nn.Linear(4, 4))
    graph = trace_whole(model, torch.randn(1, 3, 4))
    assert graph.output_names[0] == "logits"
    assert "cache.keys.0" in graph.output_names


def test_a_cache_object_in_the_input_is_an_input(trace_whole):
    def step(m, x, cache):
        keys = torch.cat([*cache.keys, m.key(x)], 1)
        return nn.functional.scaled_dot_product_attention(m.query(x), keys, keys)

    cache = Cache()
    cache.update(torch.randn(1, 2, 4))
    model = Runs(step, key=nn.Linear(4, 4), query=nn.Linear(4, 4))
    graph = trace_whole(model, torch.randn(1, 3, 4), cache)
    cat = next(op for op in graph.ops if op.name == "cat")
    assert [value.kind for value in cat.inputs] == ["input", "result"]


def test_generators_in_forward_and_zip_are_plain_python(trace_whole):
    def run(m, *xs):
        return sum(layer(x) for layer, x in zip(m.layers, (x * 2 for x in xs), strict=True))

    model = Runs(run, layers=nn.ModuleList(nn.Linear(4, 4) for _ in range(2)))
    graph = trace_whole(model, torch.randn(1, 4), torch.randn(1, 4))
    assert names(graph) == ["mul", "linear", "add", "mul", "linear", "add"]


# -------------------------------------------------------------------- branches and loops


def test_the_taken_branch_is_the_graph_and_says_that_data_chose_it(trace_whole):
    def run(m, x):
        return m.a(x).relu() if x.sum() > 0 else m.b(x).tanh()

    model = Runs(run, a=nn.Linear(4, 4), b=nn.Linear(4, 4))
    graph = trace_whole(model, torch.ones(1, 4))
    assert names(graph) == ["sum", "gt", "__bool__", "linear", "relu"]
    assert names(trace_whole(model, -torch.ones(1, 4)))[-1] == "tanh"


def test_a_loop_that_data_ends_is_unrolled(trace_whole):
    def run(m, x):
        while x.norm() < 10:
            x = x + m.a(x) ** 2 + 1
        return x[x > 5].sum() + x.nonzero().size(0)

    graph = trace_whole(Runs(run, a=nn.Linear(4, 4)), torch.ones(2, 4))
    assert names(graph).count("linear") >= 2


# -------------------------------------------------------------------------- architectures


def test_an_encoder_and_a_decoder_that_share_an_embedding(trace_whole):
    class Seq2Seq(nn.Module):
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

    graph = trace_whole(Seq2Seq(), torch.tensor([[1, 2, 3]]), torch.tensor([[4, 5]]))
    weights = [v for v in graph.values if v.kind == "parameter" and v.shape == (20, 8)]
    assert len(weights) == 1
    assert {weights[0].name, *weights[0].aliases} == {
        "shared.weight",
        "encoder.embed.weight",
        "decoder.embed.weight",
        "head.weight",
    }


def test_a_mixture_of_experts_joins_every_expert_that_ran(trace_whole):
    class Mixture(nn.Module):
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

    graph = trace_whole(Mixture(), torch.randn(16, 4))
    assert {path for path in paths(graph) if "experts" in path} == {
        "experts.0",
        "experts.1",
        "experts.2",
    }
    experts = {op for op in graph.ops if op.call.path.startswith("experts")}
    assert experts <= feeding(graph)


def test_a_two_tower_model_joins_both_towers(trace_whole):
    def run(m, user, item):
        return (nn.functional.normalize(m.user(user)) * nn.functional.normalize(m.item(item))).sum(
            -1
        )

    model = Runs(run, user=nn.Linear(3, 4), item=nn.Sequential(nn.Linear(5, 4), nn.GELU()))
    graph = trace_whole(model, user=torch.randn(2, 3), item=torch.randn(2, 5))
    assert [value.name for value in graph.inputs] == ["user", "item"]


def test_video_through_three_dimensional_convolutions(trace_whole):
    model = nn.Sequential(
        nn.Conv3d(3, 4, (3, 3, 3), padding=1),
        nn.BatchNorm3d(4),
        nn.ReLU(inplace=True),
        nn.AdaptiveAvgPool3d(1),
        nn.Flatten(),
    )
    graph = trace_whole(model, torch.randn(1, 3, 4, 8, 8))
    assert graph.outputs[0].shape == (1, 4)


def test_audio_through_one_dimensional_convolutions_and_a_spectrogram(trace_whole):
    def run(m, wave):
        window = torch.hann_window(16)
        spectrum = torch.stft(wave, 16, 8, window=window, return_complex=True).abs().log1p()
        return m.tail(m.head(spectrum))

    model = Runs(run, head=nn.Conv1d(9, 4, 3), tail=nn.ConvTranspose1d(4, 1, 4, 2))
    assert trace_whole(model, torch.randn(1, 160)).outputs[0].shape[1] == 1


@pytest.mark.parametrize("cell", [nn.GRU, nn.LSTM, nn.RNN])
def test_recurrent_layers_and_their_states(trace_whole, cell):
    layer = cell(4, 6, num_layers=2, bidirectional=True, batch_first=True)
    graph = trace_whole(Runs(lambda m, x: m.rnn(x), rnn=layer), torch.randn(2, 5, 4))
    assert graph.outputs[0].shape == (2, 5, 12)
    assert len(graph.outputs) == (3 if cell is nn.LSTM else 2)


def test_a_packed_sequence_is_followed_through_the_recurrence(trace_whole):
    def run(m, x, lengths):
        packed = nn.utils.rnn.pack_padded_sequence(x, lengths, batch_first=True)
        return nn.utils.rnn.pad_packed_sequence(m.rnn(packed)[0], batch_first=True)[0]

    model = Runs(run, rnn=nn.GRU(4, 6, batch_first=True))
    graph = trace_whole(model, torch.randn(2, 5, 4), torch.tensor([5, 3]))
    cell = next(op for op in graph.ops if op.call.path == "rnn" and "gru" in op.name.lower())
    assert any(value.kind == "result" for value in cell.inputs)


@pytest.mark.parametrize(("cell", "states"), [(nn.GRUCell, 1), (nn.LSTMCell, 2), (nn.RNNCell, 1)])
def test_a_cell_in_a_loop_over_time(trace_whole, cell, states):
    def run(m, x):
        state = x.new_zeros(x.size(0), 6)
        state = (state, state) if states == 2 else state
        for step in x.unbind(1):
            state = m.cell(step, state)
        return state

    graph = trace_whole(Runs(run, cell=cell(4, 6)), torch.randn(2, 5, 4))
    assert [call.repetition for call in graph.calls[1:]] == [0, 1, 2, 3, 4]
    assert len(graph.outputs) == states


@pytest.mark.parametrize("training", [True, False])
def test_transformer_encoders_trace_with_and_without_their_fast_path(trace_whole, training):
    layer = nn.TransformerEncoderLayer(8, 2, 16, dropout=0.1, batch_first=True)
    model = nn.TransformerEncoder(layer, 2).train(training)
    mask = torch.tensor([[False, False, True]] * 2)
    x = torch.randn(2, 3, 8)
    graph = trace_whole(model, x, src_key_padding_mask=mask)
    assert {call.path for call in graph.calls} >= {"layers.0.self_attn", "layers.1.norm2"}
    assert graph.outputs[0].shape == (2, 3, 8)


@pytest.mark.parametrize("weights", [True, False])
def test_multihead_attention_traces_with_and_without_its_fast_path(trace_whole, weights):
    model = Runs(
        lambda m, x: m.attn(x, x, x, need_weights=weights)[0],
        attn=nn.MultiheadAttention(8, 2, batch_first=True),
    ).eval()
    graph = trace_whole(model, torch.randn(2, 3, 8))
    assert graph.outputs[0].producer.inputs
