"""Models inside something: compiled, scripted, quantised, sharded."""

import tempfile
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import torch
from torch import nn

from tests.zoo.entry import Sample, entry, sample
from tests.zoo.hand import MnistSeq, images


def small() -> nn.Sequential:
    """Two layers, of which every wrapping leaves something to be seen."""
    return nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 2)).eval()


class Part(nn.Module):
    """A plain head around a body that is wrapped."""

    def __init__(self, body: nn.Module):
        super().__init__()
        self.body = body
        self.head = nn.Linear(2, 3)

    def forward(self, x):
        return self.head(self.body(x)) + x.sum()


def rows() -> torch.Tensor:
    """What `small` takes."""
    return torch.randn(2, 4)


# ------------------------------------------------------------------------------- compiled


@contextmanager
def fresh_compiler() -> Generator[None]:
    """What other tests compiled is forgotten before and after."""
    torch._dynamo.reset()
    torch._dynamo.utils.counters.clear()
    try:
        yield
    finally:
        torch._dynamo.reset()


def compiled_entry(**facts):
    """In the zoo, as a model that hooks see otherwise."""
    return entry("wrapped", is_opaque=True, setting=fresh_compiler, **facts)


@compiled_entry()
def compiled() -> Sample:
    """torch.compile(backend="eager")."""
    return sample(torch.compile(MnistSeq().eval(), backend="eager"), images())


@compiled_entry()
def compiled_part() -> Sample:
    """A compiled body and a plain head."""
    return sample(Part(torch.compile(small(), backend="aot_eager")), rows())


@compiled_entry()
def compiled_in_place() -> Sample:
    """module.compile(), which wraps nothing."""
    model = Part(small())
    model.body.compile(backend="eager")
    return sample(model, rows())


class CompiledGelu(nn.Module):
    """A compiled function between layers."""

    def __init__(self):
        super().__init__()
        self.a = nn.Linear(4, 4)
        self.gelu = torch.compile(lambda x: x * torch.sigmoid(1.7 * x), backend="eager")

    def forward(self, x):
        return self.gelu(self.a(x))


@compiled_entry()
def compiled_function() -> Sample:
    """A compiled function inside of a plain model."""
    return sample(CompiledGelu().requires_grad_(False), rows())


@compiled_entry(needs=("g++",))
def inductor() -> Sample:
    """torch.compile as it comes."""
    return sample(torch.compile(small()), rows())


@compiled_entry(needs=("g++",))
def inductor_part() -> Sample:
    """A body compiled by inductor and a plain head."""
    return sample(Part(torch.compile(small())), rows())


# ------------------------------------------------------------------------------- scripted


@entry("wrapped", is_opaque=True, fake="other")
def scripted() -> Sample:
    """torch.jit.script over all of it."""
    return sample(torch.jit.script(small()), rows())


@entry("wrapped", is_opaque=True, fake="other")
def scripted_part() -> Sample:
    """A scripted body and a plain head."""
    return sample(Part(torch.jit.script(small())), rows())


@entry("wrapped", is_opaque=True, fake="other")
def jit_traced() -> Sample:
    """torch.jit.trace over all of it."""
    return sample(torch.jit.trace(small(), rows()), rows())


@entry("wrapped", is_opaque=True, fake="other")
def jit_traced_part() -> Sample:
    """A body from torch.jit.trace and a plain head."""
    return sample(Part(torch.jit.trace(small(), rows())), rows())


class ScriptedFunction(nn.Module):
    """A scripted function between plain ones."""

    def __init__(self):
        super().__init__()
        self.a = nn.Linear(4, 4)
        self.double = torch.jit.script(double)

    def forward(self, x):
        return self.double(self.a(x)).relu()


def double(x):
    """Run in C++."""
    return x * 2 + 1


@entry("wrapped")
def scripted_function() -> Sample:
    """torch.jit.script over a function."""
    return sample(ScriptedFunction(), rows())


# ------------------------------------------------------------------------------ quantised


@entry("wrapped", needs=("fbgemm",))
def quantised_dynamic() -> Sample:
    """torch.ao.quantization.quantize_dynamic."""
    model = torch.ao.quantization.quantize_dynamic(small(), {nn.Linear}, dtype=torch.qint8)
    return sample(model, rows())


@contextmanager
def fbgemm() -> Generator[None]:
    """The kernels of this processor."""
    before = torch.backends.quantized.engine
    torch.backends.quantized.engine = "fbgemm"
    try:
        yield
    finally:
        torch.backends.quantized.engine = before


@entry("wrapped", needs=("fbgemm",), setting=fbgemm, fake="refused")
def quantised_static() -> Sample:
    """torch.ao.quantization.prepare and convert."""
    quantization = torch.ao.quantization
    model = nn.Sequential(quantization.QuantStub(), *small(), quantization.DeQuantStub()).eval()
    model.qconfig = quantization.get_default_qconfig("fbgemm")
    prepared = quantization.prepare(model)
    prepared(torch.randn(8, 4))
    return sample(quantization.convert(prepared), rows())


def torchao(config: str) -> Sample:
    """Weights that torchao has made small."""
    from torchao import quantization

    model = nn.Sequential(nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 32)).eval()
    quantization.quantize_(model, getattr(quantization, config)())
    return sample(model, torch.randn(2, 64))


@entry("wrapped", needs=("torchao",))
def torchao_weights() -> Sample:
    """int8 weights of torchao."""
    return torchao("Int8WeightOnlyConfig")


@entry("wrapped", needs=("torchao",))
def torchao_dynamic() -> Sample:
    """int8 weights and activations of torchao."""
    return torchao("Int8DynamicActivationInt8WeightConfig")


# -------------------------------------------------------------------------------- sharded


@contextmanager
def one_rank() -> Generator[None]:
    """A process group of this process alone."""
    with tempfile.TemporaryDirectory() as folder:
        place = f"file://{Path(folder) / 'rendezvous'}"
        torch.distributed.init_process_group("gloo", init_method=place, rank=0, world_size=1)
        try:
            yield
        finally:
            torch.distributed.destroy_process_group()


def mesh():
    """Its one device."""
    return torch.distributed.init_device_mesh("cpu", (1,))


def sharded_entry(**facts):
    """In the zoo, with a process group around it."""
    return entry("wrapped", needs=("torch.distributed",), setting=one_rank, **facts)


@entry("wrapped")
def data_parallel() -> Sample:
    """nn.DataParallel without devices."""
    return sample(nn.DataParallel(MnistSeq()), images())


@sharded_entry()
def fully_sharded() -> Sample:
    """FSDP2: fully_shard over each layer and the whole."""
    from torch.distributed.fsdp import fully_shard

    model, devices = small(), mesh()
    for layer in (model[0], model[2], model):
        fully_shard(layer, mesh=devices)
    model(rows())  # the first forward registers hooks of its own
    return sample(model, rows())


@sharded_entry(fake="fails")
def tensor_parallel() -> Sample:
    """Column and row parallel layers."""
    from torch.distributed.tensor.parallel import (
        ColwiseParallel,
        RowwiseParallel,
        parallelize_module,
    )

    plan = {"0": ColwiseParallel(), "2": RowwiseParallel()}
    return sample(parallelize_module(small(), mesh(), plan), rows())


@sharded_entry()
def distributed_tensors() -> Sample:
    """Parameters and input are DTensors."""
    from torch.distributed.tensor import Replicate, distribute_module, distribute_tensor

    devices = mesh()
    x = distribute_tensor(rows(), devices, [Replicate()])
    return sample(distribute_module(small(), devices), x)
