"""The CUDA kernel: its counts in Triton's interpreter, that it compiles, and on a GPU itself."""

import os
import subprocess
import sys

import pytest
import torch

pytest.importorskip("triton", reason="needs Triton")

SWEEPS = """
import numpy as np, torch
from introspect.nouns.sketch import Sketch
from introspect.tensors import count_triton
from introspect.tensors.sweep import read_tables
device, bits = {device!r}, {bits}
count_triton.PROGRAM_VALUES, count_triton.CHUNK_VALUES = {sizes}
words = np.random.default_rng(0).integers(0, 2**32, {large}, dtype=np.uint32)
noise = lambda *shape: torch.randn(shape, generator=torch.Generator().manual_seed(0))
tensors = [
    noise(700), noise(0), noise(13, 5).t(), noise(10, 8)[::2], noise(512).half(),
    noise({large}).bfloat16(), torch.from_numpy(words.view(np.float32)),
    torch.full((3,), float("nan")), torch.tensor([-0.0, 1e-45]), torch.tensor(5.0),
]
counts, moments = count_triton.tables([tensor.to(device) for tensor in tensors], bits=bits)
assert (counts.dtype, moments.dtype) == (torch.int32, torch.float64)
found = read_tables(counts.cpu(), moments.cpu(), bits=bits)
for sketch, tensor in zip(found, tensors, strict=True):
    assert sketch == Sketch.of(tensor, bits=bits), (sketch, tensor)
print(len(found), "equal")
"""
SMALL = {"sizes": (1024, 256), "large": 2500}


def said(code, **environment):
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", code],
        env=os.environ | environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout


def test_it_counts_as_numpy_counts_in_tritons_interpreter():
    """All types, layouts and kinds of words, tensors that need several programs, and none."""
    code = SWEEPS.format(device="cpu", bits=3, **SMALL)
    assert said(code, TRITON_INTERPRET="1") == "10 equal\n"


def test_it_compiles_for_a_gpu_without_spilling():
    """Also where no GPU is: Triton brings the assembler."""
    code = """
from triton.backends.compiler import GPUTarget
from triton.compiler import ASTSource
import triton
from introspect.tensors import count_triton
types = dict(blocks="*i64", pointers="*i64", lengths="*i64", counts="*i32", moments="*fp64")
constants = dict(
    KIND=0, BITS=3, CHUNK=count_triton.CHUNK_VALUES, PROGRAM=count_triton.PROGRAM_VALUES
)
source = ASTSource(
    fn=count_triton._sweep, signature=types | dict.fromkeys(constants, "constexpr"),
    constexprs=constants,
)
made = triton.compile(source, target=GPUTarget("cuda", 90, 32), options={"num_warps": 8})
print(made.metadata.shared <= 48 << 10, len(made.asm["cubin"]) > 0, ".local" in made.asm["ptx"])
"""
    assert said(code) == "True True False\n"


def test_tensors_of_the_cpu_are_not_for_it():
    from introspect.tensors.count_triton import takes

    assert not takes([torch.ones(3)])


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device here")
@pytest.mark.parametrize("bits", [2, 3, 4])
def test_it_counts_as_numpy_counts_on_a_gpu(bits):
    code = SWEEPS.format(device="cuda", bits=bits, sizes=(65536, 4096), large=200_000)
    assert said(code) == "10 equal\n"


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device here")
def test_a_sweep_is_one_kernel_and_does_not_wait():
    from introspect.tensors.count_triton import tables

    tensors = [torch.randn(1000 * size, device="cuda") for size in range(1, 30)]
    tables(tensors)
    torch.cuda.synchronize()
    torch.cuda.set_sync_debug_mode("error")
    try:
        with torch.profiler.profile() as profile:
            tables(tensors)
    finally:
        torch.cuda.set_sync_debug_mode("default")
    launched = [event for event in profile.events() if "_sweep" in event.name]
    assert len(launched) == 1
