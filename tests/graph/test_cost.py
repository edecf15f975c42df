"""Graph -> costs, against torch's FlopCounterMode, its parameters, and its storages."""

import pytest
import torch
from torch import nn
from torch.nn import functional
from torch.utils.flop_counter import FlopCounterMode

import introspect
from introspect.graph.cost import cost
from introspect.graph.cost.memory import scalar_bytes


class Attends(nn.Module):
    """Attention written as einsums, with relative positions and a mask."""

    def __init__(self):
        super().__init__()
        self.qkv = nn.Linear(16, 48, bias=False)
        self.positions = nn.Parameter(torch.randn(7, 7, 4))
        self.out = nn.Linear(16, 16)

    def forward(self, x):
        q, k, v = self.qkv(x).unflatten(-1, (3, 4, 4)).unbind(2)
        scores = torch.einsum("bqhd,bkhd->bhqk", q, k)
        scores = scores + torch.einsum("bqhd,qkd->bhqk", q, self.positions)
        y = torch.einsum("bhqk,bkhd->bqhd", scores.softmax(-1), v)
        return self.out(y.flatten(2))


class Products(nn.Module):
    """Every way to write a product of matrices."""

    def __init__(self):
        super().__init__()
        self.w = nn.Parameter(torch.randn(5, 6))
        self.b = nn.Parameter(torch.randn(3, 6, 5))

    def forward(self, x):  # (3, 4, 5)
        y = x @ self.w  # (3, 4, 6)
        y = torch.matmul(y, self.w.T)
        y = y + torch.bmm(x @ self.w, self.b)
        y = torch.baddbmm(y, y @ self.w, self.b)
        z = torch.addmm(input=y[0], mat2=self.w.T, mat1=torch.mm(y[0], self.w), beta=2)
        z = z + torch.tensordot(y, y, dims=([0, 2], [0, 2])) @ z
        z = z + torch.linalg.multi_dot([z, self.w, self.w.T, self.w, self.w.T])
        return torch.linalg.matrix_power(torch.cov(z), 5) + y[0] @ z.T


class Tied(nn.Module):
    """An embedding whose weight is the output layer's."""

    def __init__(self):
        super().__init__()
        self.embed = nn.Embedding(50, 8)
        self.norm = nn.LayerNorm(8)
        self.head = nn.Linear(8, 50, bias=False)
        self.head.weight = self.embed.weight

    def forward(self, ids):
        return self.head(self.norm(self.embed(ids)))


class Shared(nn.Module):
    """One block called three times, in a row and later."""

    def __init__(self):
        super().__init__()
        self.block = nn.Sequential(nn.Linear(8, 8), nn.ReLU())
        self.head = nn.Linear(8, 2)

    def forward(self, x):
        return self.head(self.block(self.block(self.block(x))))


class Crosses(nn.Module):
    """Cross attention with other widths for keys and values, biases and a zero key."""

    def __init__(self, *, weights):
        super().__init__()
        self.self_attention = nn.MultiheadAttention(16, 4, batch_first=True, add_bias_kv=True)
        self.cross = nn.MultiheadAttention(16, 2, kdim=6, vdim=10, add_zero_attn=True)
        self.weights = weights

    def forward(self, x, key, value):
        y, _ = self.self_attention(x, x, x, need_weights=self.weights)
        y, _ = self.cross(y.transpose(0, 1), key, value, need_weights=self.weights)
        return y


class Recurrent(nn.Module):
    """In float64, where torch has no fused LSTM kernel, so that FlopCounterMode sees inside."""

    def __init__(self):
        super().__init__()
        self.lstm = nn.LSTM(6, 5, 2, bidirectional=True, batch_first=True, proj_size=3)
        self.gru = nn.GRU(6, 4, bias=False)
        self.rnn = nn.RNN(4, 4, nonlinearity="relu")
        self.cells = nn.ModuleList([nn.LSTMCell(4, 4), nn.GRUCell(4, 4), nn.RNNCell(4, 4)])

    def forward(self, x):
        y, _ = self.lstm(x)
        y, _ = self.rnn(self.gru(y)[0])
        packed = nn.utils.rnn.pack_padded_sequence(y, [2, 2, 1])
        z = nn.utils.rnn.pad_packed_sequence(self.rnn(packed)[0])[0][0]
        z, _ = self.cells[0](z)
        return self.cells[2](z, self.cells[1](z))


class Grouped(nn.Module):
    """Scaled dot-product attention with fewer heads for keys than for queries."""

    def __init__(self):
        super().__init__()
        self.q, self.kv = nn.Linear(32, 32), nn.Linear(32, 2 * 2 * 8)

    def forward(self, x):
        q = self.q(x).unflatten(-1, (4, 8)).transpose(1, 2)
        k, v = self.kv(x).unflatten(-1, (2, 2, 8)).transpose(1, 3).unbind(2)
        y = functional.scaled_dot_product_attention(q, k, v, is_causal=True, enable_gqa=True)
        return y.transpose(1, 2).flatten(2)


def convolutions():
    return nn.Sequential(
        nn.Conv2d(4, 8, 3, stride=2, padding=1),
        nn.Conv2d(8, 8, 3, groups=8, padding="same", bias=False),
        nn.Conv2d(8, 12, (3, 5), groups=4, dilation=2),
        nn.BatchNorm2d(12),
        nn.ReLU(inplace=True),
        nn.ConvTranspose2d(12, 6, 4, stride=2, groups=3, output_padding=1),
        nn.ConvTranspose2d(6, 6, 3, dilation=2, bias=False),
        nn.Flatten(2),
        nn.Conv1d(6, 4, 5, padding=2),
        nn.ConvTranspose1d(4, 3, 3, stride=3),
    )


def volumes():
    return nn.Sequential(
        nn.Conv3d(2, 4, 3, padding=1), nn.MaxPool3d(2), nn.ConvTranspose3d(4, 2, 2, stride=2)
    )


def encoder():
    layer = nn.TransformerEncoderLayer(16, 4, 32, batch_first=True, norm_first=True)
    return nn.TransformerEncoder(layer, 3, enable_nested_tensor=False)


r = torch.randn
MODELS = {
    "convolutions": lambda: (convolutions(), (r(2, 4, 24, 20),)),
    "an image without a batch": lambda: (nn.Conv2d(3, 4, 3), (r(3, 9, 9),)),
    "volumes": lambda: (volumes(), (r(1, 2, 6, 6, 6),)),
    "complex": lambda: (nn.Conv1d(2, 3, 3, dtype=torch.complex64), (r(1, 2, 9) + 0j,)),
    "linear": lambda: (nn.Sequential(nn.Linear(5, 7), nn.Linear(7, 3, bias=False)), (r(4, 5),)),
    "linear on a sequence": lambda: (nn.Linear(5, 7), (r(2, 3, 4, 5),)),
    "products": lambda: (Products(), (r(3, 4, 5),)),
    "einsum attention": lambda: (Attends(), (r(2, 7, 16),)),
    "recurrent": lambda: (Recurrent().double(), (r(2, 3, 6).double(),)),
    "self and cross attention": lambda: (
        Crosses(weights=True),
        (r(2, 5, 16), r(9, 2, 6), r(9, 2, 10)),
    ),
    "attention without weights": lambda: (
        Crosses(weights=False),
        (r(2, 5, 16), r(9, 2, 6), r(9, 2, 10)),
    ),
    "grouped queries": lambda: (Grouped(), (r(2, 6, 32),)),
    "transformer encoder": lambda: (encoder(), (r(2, 7, 16),)),
    "tied": lambda: (Tied(), (torch.arange(12).view(2, 6),)),
    "shared": lambda: (Shared(), (r(3, 8),)),
    "embedding bag": lambda: (nn.EmbeddingBag(9, 3), (torch.arange(8).view(2, 4),)),
}


FUSED_ATTENTION = {"attention without weights", "grouped queries", "transformer encoder"}


def torch_counts_fused_attention():
    """torch 2.13 does not; 2.15 does."""
    q = torch.zeros(1, 2, 4, 8)
    with torch.no_grad(), FlopCounterMode(display=False) as counter:
        nn.functional.scaled_dot_product_attention(q, q, q)
    return counter.get_total_flops() > 0


def make(name):
    """The model of that name in eval mode, and its arguments."""
    torch.manual_seed(0)
    model, args = MODELS[name]()
    return model.eval(), args


def counted_by_torch(model, *args, **kwargs):
    """Module path -> FLOPs, ``None`` for the total, by torch's own counter."""
    fast = torch.backends.mha.get_fastpath_enabled()
    torch.backends.mha.set_fastpath_enabled(False)  # it has no formula for the fused kernels
    try:
        with torch.no_grad(), FlopCounterMode(display=False) as counter:
            model(*args, **kwargs)
    finally:
        torch.backends.mha.set_fastpath_enabled(fast)
    root = type(model).__name__
    found = {None: counter.get_total_flops()}
    for name, counts in counter.get_flop_counts().items():
        if name != "Global":
            found[name.removeprefix(root).removeprefix(".")] = sum(counts.values())
    return found


def counted_by_us(graph):
    found = cost(graph)
    by_path = {None: found.flops}
    for call in graph.calls:
        own = found.of(call).flops
        if own:
            by_path[call.path] = by_path.get(call.path, 0) + own
    return by_path


def assert_counts_equal(model, *args, **kwargs):
    graph = introspect.trace(model, *args, **kwargs)
    want = counted_by_torch(model, *args, **kwargs)
    have = counted_by_us(graph)
    assert want[None] > 0
    # torch names a module that is registered twice by its last path, we by its first
    paths = {module: path for path, module in reversed(list(model.named_modules()))}
    every = dict(model.named_modules(remove_duplicate=False))
    want = {k if k is None or k not in every else paths[every[k]]: n for k, n in want.items()}
    assert have == want
    assert cost(graph).uncounted == ()
    return graph


@pytest.mark.parametrize("name", [name for name in MODELS if name != "embedding bag"])
def test_flops_of_the_model_and_of_each_module_are_those_of_flop_counter_mode(name):
    if name in FUSED_ATTENTION and not torch_counts_fused_attention():
        pytest.skip("FlopCounterMode of this torch does not count fused attention on the CPU")
    model, args = make(name)
    assert_counts_equal(model, *args)


def test_functions_that_multiply_no_matrices_count_nothing():
    model, args = make("embedding bag")
    assert cost(introspect.trace(model, *args)).flops == 0
    assert counted_by_torch(model, *args)[None] == 0


@pytest.mark.torchvision
@pytest.mark.parametrize(
    ("name", "size"),
    [("resnet18", 64), ("vgg11", 64), ("vit_b_16", 224), ("swin_t", 64), ("densenet121", 64)],
)
def test_flops_of_torchvision_models_are_those_of_flop_counter_mode(name, size):
    models = pytest.importorskip("torchvision.models", reason="torchvision is not installed")
    model = getattr(models, name)(weights=None).eval()
    graph = assert_counts_equal(model, torch.zeros(1, 3, size, size))
    assert cost(graph).parameters == sum(p.numel() for p in model.parameters())


TINY = {
    "LlamaForCausalLM": "hidden_size=32 intermediate_size=48 num_hidden_layers=2 "
    "num_attention_heads=4 num_key_value_heads=2 vocab_size=40",
    "BertModel": "hidden_size=32 intermediate_size=48 num_hidden_layers=2 num_attention_heads=4 "
    "vocab_size=40",
    "GPT2LMHeadModel": "n_embd=32 n_layer=2 n_head=4 vocab_size=40",
    "T5ForConditionalGeneration": "d_model=32 d_kv=8 d_ff=48 num_layers=2 num_heads=4 "
    "vocab_size=40",
}


@pytest.mark.parametrize("name", TINY)
def test_flops_of_transformers_models_are_those_of_flop_counter_mode(name):
    transformers = pytest.importorskip("transformers", reason="transformers is not installed")
    cls = getattr(transformers, name)
    options = dict(pair.split("=") for pair in TINY[name].split())
    torch.manual_seed(0)
    model = cls(cls.config_class(**{key: int(size) for key, size in options.items()})).eval()
    ids = torch.arange(10).view(2, 5)
    inputs = {"input_ids": ids, "decoder_input_ids": ids} if "T5" in name else {"input_ids": ids}
    graph = assert_counts_equal(model, **inputs)
    assert cost(graph).parameters == sum(p.numel() for p in model.parameters())


def test_every_dtype_of_torch_has_its_size():
    names = [name for name in dir(torch) if isinstance(getattr(torch, name), torch.dtype)]
    for dtype in {getattr(torch, name) for name in names}:
        assert scalar_bytes(str(dtype).removeprefix("torch.")) == dtype.itemsize, dtype


@pytest.mark.parametrize("name", MODELS)
def test_parameters_and_buffers_are_the_models_own_with_tied_ones_once(name):
    model, args = make(name)
    found = cost(introspect.trace(model, *args)).whole
    assert found.parameters == found.trainable == sum(p.numel() for p in model.parameters())
    assert found.parameter_bytes == sum(p.nbytes for p in model.parameters())
