"""torch's counting against NumPy's, on every dtype, layout and state that torch knows."""

import os
import subprocess
import sys

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from introspect.errors import SketchError
from introspect.nouns.sketch import Sketch
from introspect.tensors import count as module
from introspect.tensors.count import CHUNK_VALUES, SMALL_VALUES, count

LARGE = SMALL_VALUES + 77


def noise(size, dtype=torch.float32, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(size, generator=generator).to(dtype)


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(2, 7), st.floats(-30, 30))
def test_large_tensors_are_counted_as_numpy_counts_them(seed, bits, exponent):
    values = np.random.default_rng(seed).standard_normal(LARGE) * 10.0**exponent
    values[::7] = 0
    tensor = torch.from_numpy(values.astype(np.float32))
    assert count(tensor, bits=bits) == Sketch.of(tensor.numpy(), bits=bits)


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_random_words_of_all_kinds_are_counted_as_numpy_counts_them(seed):
    """Every pattern of 32 bits: denormals, infinities and NaN with any payload."""
    words = np.random.default_rng(seed).integers(0, 2**32, LARGE, dtype=np.uint32)
    assert count(torch.from_numpy(words.view(np.float32))) == Sketch.of(words.view(np.float32))


@pytest.mark.parametrize("dtype", [torch.float64, torch.float16, torch.bfloat16])
def test_other_floats_are_counted_as_numpy_counts_their_values(dtype):
    tensor = noise(LARGE, dtype)
    assert count(tensor) == Sketch.of(tensor.double().numpy())
    assert count(tensor[:100]) == Sketch.of(tensor[:100].double().numpy())


@pytest.mark.parametrize(
    "dtype",
    [
        torch.bool,
        torch.uint8,
        torch.int8,
        torch.int16,
        torch.int32,
        torch.int64,
        torch.float8_e4m3fn,
    ],
)
@pytest.mark.parametrize("size", [10, LARGE])
def test_all_other_numbers_are_counted_as_numpy_counts_their_values(dtype, size):
    tensor = (noise(size) * 20).clamp(0, 100).to(dtype)
    assert count(tensor) == Sketch.of(tensor.double().numpy())


@pytest.mark.parametrize("dtype", [torch.complex64, torch.complex128])
def test_complex_tensors_are_counted_by_magnitude(dtype):
    tensor = torch.complex(noise(LARGE), noise(LARGE, seed=1)).to(dtype)
    assert count(tensor) == Sketch.of(np.abs(tensor.to(torch.complex128).numpy()))
    assert count(tensor.conj()) == count(tensor)
    assert count(tensor.conj().imag) == Sketch.of(-tensor.imag.numpy())


def test_more_than_one_chunk_is_counted_whole():
    tensor = noise(2 * CHUNK_VALUES + 3)
    assert count(tensor) == Sketch.of(tensor.numpy())
    assert count(tensor).std == pytest.approx(tensor.double().std(correction=0).item(), rel=1e-12)


def test_any_layout_is_counted():
    dense = noise(64 * 32 * 5 * 8).reshape(64, 32, 5, 8)
    whole = Sketch.of(dense.numpy())
    assert count(dense.to(memory_format=torch.channels_last)) == whole
    assert count(dense.permute(3, 1, 0, 2)) == whole
    assert count(dense[:, ::2]) == Sketch.of(dense[:, ::2].numpy())
    assert count(torch.tensor(0.5).expand(300, 300)) == Sketch.of(np.full(90_000, 0.5, np.float32))
    assert count(torch.tensor(2.0)) == Sketch.of([2.0])
    assert count(torch.empty(0, 3)) == Sketch.of([])


@pytest.mark.filterwarnings("ignore:Sparse CSR tensor support")
def test_sparse_tensors_count_their_zeros():
    dense = torch.eye(300)
    assert count(dense.to_sparse()) == Sketch.of(dense.numpy())
    assert count(dense.to_sparse_csr()).zeros == 300 * 299
    assert Sketch.of(dense.to_sparse()) == Sketch.of(dense.numpy())


def test_not_finite_values_are_told_apart():
    tensor = noise(LARGE)
    tensor[[0, 1, 2, 3]] = torch.tensor([float("nan"), float("inf"), -float("inf"), float("nan")])
    sketch = count(tensor)
    assert (sketch.nans, sketch.infinities) == (2, (1, 1))
    assert sketch.mean == pytest.approx(tensor[4:].double().mean().item(), rel=1e-9)
    huge = noise(LARGE, torch.float64)
    huge[5] = -1e300
    assert (count(huge).overflows, count(huge).min) == ((1, 0), -1e300)


@pytest.mark.parametrize("place", [0, CHUNK_VALUES - 1, CHUNK_VALUES, 2 * CHUNK_VALUES + 2])
@pytest.mark.parametrize("odd", [float("nan"), float("inf"), -float("inf")])
def test_one_odd_value_in_any_chunk_is_noticed(place, odd):
    tensor = noise(2 * CHUNK_VALUES + 3)
    tensor[place] = odd
    assert count(tensor) == Sketch.of(tensor.numpy())
    assert count(tensor).finite == len(tensor) - 1


@pytest.mark.filterwarnings("ignore:The PyTorch API of nested tensors")
def test_rows_of_different_lengths_are_counted():
    rows = [noise(5), noise(LARGE, seed=1)]
    expected = Sketch.of(torch.cat(rows).numpy())
    assert count(torch.nested.as_nested_tensor(rows)) == expected


def test_a_large_sparse_tensor_is_never_made_dense():
    """As the gradient of an embedding: 4 TB if it were."""
    places = torch.tensor([[3, 3, 999_999_999]])
    tensor = torch.sparse_coo_tensor(
        places, noise(3 * 1000).reshape(3, 1000), (10**9, 1000), check_invariants=True
    )
    sketch = count(tensor)
    stored = tensor.coalesce().values()
    assert (sketch.n, sketch.finite - sketch.zeros) == (10**12, stored.numel())
    assert (sketch.min, sketch.max) == (stored.min().item(), stored.max().item())
    assert sketch.sum_squares == pytest.approx(stored.double().square().sum().item(), rel=1e-12)


def test_a_subclass_without_plain_numbers_is_refused():
    class Odd(torch.Tensor):
        def numpy(self, **_):
            raise RuntimeError("not this one")

    with pytest.raises(SketchError, match="not this one"):
        count(torch.ones(3).as_subclass(Odd))


def test_a_parameter_keeps_its_graph_its_values_and_its_version():
    parameter = torch.nn.Parameter(noise(LARGE))
    before, version = parameter.detach().clone(), parameter._version
    sketch = count(parameter)
    assert torch.equal(parameter, before)
    assert parameter._version == version
    assert parameter.grad_fn is None
    assert not any(torch.is_tensor(value) for value in (sketch.bins, sketch.counts))


def test_counting_works_in_every_mode_of_torch():
    tensor = noise(LARGE)
    expected = Sketch.of(tensor.numpy())
    module._buffers.__dict__.clear()
    module._buffers.__init__()
    with torch.inference_mode():
        assert count(tensor * 1) == expected
    assert count(tensor) == expected, "buffers made in inference mode could not be written here"
    with torch.device("meta"):
        assert count(tensor) == expected
    with torch.autocast("cpu", dtype=torch.bfloat16):
        assert count(tensor) == expected


def test_two_threads_do_not_share_buffers():
    from concurrent.futures import ThreadPoolExecutor

    tensors = [noise(CHUNK_VALUES + 5, seed=seed) for seed in range(4)]
    expected = [Sketch.of(tensor.numpy()) for tensor in tensors]
    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(count, tensors * 4)) == expected * 4


def test_random_numbers_are_the_same_afterwards():
    state = torch.get_rng_state()
    count(noise(LARGE))
    assert torch.equal(torch.get_rng_state(), state)


def test_a_tensor_without_values_is_refused():
    for size in (3, LARGE):
        with pytest.raises(SketchError, match="no numbers that can be counted"):
            count(torch.empty(size, device="meta"))
    with pytest.raises(SketchError, match="2 to 7"):
        count(torch.ones(3), bits=9)


@pytest.mark.skipif(not torch.distributed.is_available(), reason="torch without distributed")
def test_of_a_dtensor_the_local_shard_is_counted(tmp_path):
    code = f"""
import torch, torch.distributed as dist
from torch.distributed.tensor import Shard, distribute_tensor, init_device_mesh
from introspect.tensors.count import count
dist.init_process_group("gloo", init_method="file://{tmp_path}/store", rank=0, world_size=1)
whole = torch.randn(513, 200)
shard = distribute_tensor(whole, init_device_mesh("cpu", (1,)), [Shard(0)])
assert type(shard) is not torch.Tensor
assert count(shard) == count(whole)
assert count(torch.nn.Parameter(shard)) == count(whole)
dist.destroy_process_group()
"""
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=False,
        env=os.environ | {"GLOO_SOCKET_IFNAME": "lo"},
    )
    assert done.returncode == 0, done.stderr[-2000:]


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device here")
def test_a_tensor_on_another_device_is_counted_like_its_copy():
    tensor = noise(LARGE)
    assert count(tensor.cuda()) == count(tensor)
