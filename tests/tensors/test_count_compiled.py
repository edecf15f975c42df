"""The compiled counting against NumPy's: never needed, never different."""

import os
import shutil
import subprocess
import sys

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from introspect.errors import IntrospectWarning, MissingExtraError
from introspect.nouns.sketch import Sketch
from introspect.tensors import count_compiled as module
from introspect.tensors.count import count

needs_compiler = pytest.mark.skipif(
    not any(shutil.which(name) for name in ("cc", "gcc", "clang")), reason="no C compiler here"
)


@pytest.fixture(scope="module")
def kernel(tmp_path_factory):
    """Built into a folder of this test's own."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("INTROSPECT_CACHE", str(tmp_path_factory.mktemp("cache") / "new"))
        return module.load()


@pytest.fixture
def switched(monkeypatch):
    """The choice of this process, put back afterwards."""
    monkeypatch.setattr(module, "_chosen", {})
    yield monkeypatch
    module._asked_for.cache_clear()


def exactly(one, two):
    """Counts and ends bit for bit; the sums differ by the order of addition at most."""
    assert one == two
    assert (one.bins.dtype, one.counts.dtype) == (two.bins.dtype, two.counts.dtype)


@needs_compiler
@settings(max_examples=60, deadline=None)
@given(
    hnp.arrays(np.uint32, st.integers(0, 200), elements=st.integers(0, 2**32 - 1)),
    st.integers(2, 7),
)
def test_words_of_every_kind_are_counted_as_numpy_counts_them(kernel, words, bits):
    """Any 32 bits: denormals, both zeros, infinities and NaN of any payload."""
    single = words.view(np.float32)
    exactly(kernel.count(torch.from_numpy(single), bits=bits), Sketch.of(single, bits=bits))


@needs_compiler
@settings(max_examples=60, deadline=None)
@given(hnp.arrays(np.float64, st.integers(0, 100), elements=st.floats()), st.integers(2, 7))
def test_doubles_are_counted_as_numpy_counts_them(kernel, values, bits):
    """Also those that float32 cannot hold: too large, too small, and at its very edge."""
    values = np.concatenate([values, [2.0**128 - 2.0**103, -1e300, 1e-300]])
    exactly(kernel.count(torch.from_numpy(values), bits=bits), Sketch.of(values, bits=bits))


@needs_compiler
@pytest.mark.parametrize(
    "dtype", [torch.float32, torch.float64, torch.float16, torch.bfloat16], ids=str
)
@pytest.mark.parametrize("bits", [2, 3, 7])
@pytest.mark.parametrize("size", [1, 15, 4096, 70_001, 200_003])
def test_every_float_and_size_is_counted_as_numpy_counts_its_values(kernel, dtype, bits, size):
    """Sizes around lanes, blocks and chunks; one NaN and one infinity in the last block."""
    tensor = torch.randn(size, generator=torch.Generator().manual_seed(size)).to(dtype)
    expected = Sketch.of(tensor.double().numpy(), bits=bits)
    exactly(kernel.count(tensor, bits=bits), expected)
    if size > 15:
        tensor[-1], tensor[-7] = float("nan"), float("-inf")
        exactly(kernel.count(tensor, bits=bits), Sketch.of(tensor.double().numpy(), bits=bits))


@needs_compiler
def test_equal_values_and_many_zeros_are_counted(kernel):
    """One counter of the two tables takes all: they must add up."""
    for row in (torch.zeros(70_001), torch.full((9,), -0.0), torch.relu(torch.randn(50_000))):
        exactly(kernel.count(row, bits=3), Sketch.of(row.numpy()))


@needs_compiler
def test_threads_do_not_share_tables(kernel):
    from concurrent.futures import ThreadPoolExecutor

    rows = [torch.randn(100_000, generator=torch.Generator().manual_seed(i)) for i in range(4)]
    expected = [Sketch.of(row.numpy()) for row in rows]
    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(lambda row: kernel.count(row, bits=3), rows * 8)) == expected * 8


@needs_compiler
def test_it_is_off_until_somebody_asks(switched, tmp_path):
    switched.setenv("INTROSPECT_CACHE", str(tmp_path / "cache"))
    switched.delenv("INTROSPECT_COMPILE", raising=False)
    module._asked_for.cache_clear()
    assert module.kernel() is None
    assert not (tmp_path / "cache").exists(), "something was built that nobody asked for"
    module.use_compiled()
    assert module.kernel() is not None
    tensor = torch.randn(40, 30).t()
    exactly(count(tensor), Sketch.of(tensor.numpy()))
    module.use_compiled(False)
    assert module.kernel() is None


@needs_compiler
def test_the_environment_asks_too_and_the_second_process_does_not_build(tmp_path):
    code = """
import torch
from introspect.tensors import count_compiled
from introspect.tensors.count import count
print(count(torch.ones(3)).n, count_compiled.kernel() is not None)
"""
    cache = tmp_path / "cache"
    asked = os.environ | {"INTROSPECT_COMPILE": "1", "INTROSPECT_CACHE": str(cache)}
    said = [
        subprocess.run(
            [sys.executable, "-c", code], env=asked, capture_output=True, text=True, check=True
        ).stdout
        for _ in range(2)
    ]
    assert said == ["3 True\n"] * 2
    (built,) = cache.iterdir()
    assert built.suffix == ".so"
    assert not cache.stat().st_mode & 0o077


@needs_compiler
def test_a_library_that_others_may_write_is_built_again(tmp_path, monkeypatch):
    monkeypatch.setenv("INTROSPECT_CACHE", str(tmp_path / "cache"))
    module.load()
    (built,) = (tmp_path / "cache").iterdir()
    assert module._is_ours(built)
    built.chmod(0o666)
    assert not module._is_ours(built)
    module.load()
    assert module._is_ours(built)


@needs_compiler
def test_a_damaged_library_is_built_again(tmp_path, monkeypatch):
    monkeypatch.setenv("INTROSPECT_CACHE", str(tmp_path))
    tmp_path.chmod(0o700)
    place = module._place(module._compiler())
    place.write_bytes(b"no library")
    place.chmod(0o600)
    assert module.load().count(torch.ones(3), bits=3).n == 3
    assert place.read_bytes() != b"no library"


@needs_compiler
def test_a_library_that_counts_wrong_is_not_used(kernel):
    class Wrong(module.Kernel):
        def __init__(self):
            pass

        def count(self, flat, *, bits):
            return kernel.count(flat[1:], bits=bits)

    assert module._counts_right(kernel)
    assert not module._counts_right(Wrong())


def test_without_a_compiler_it_says_so_and_counts_all_the_same(switched, tmp_path):
    switched.setenv("PATH", str(tmp_path))
    switched.setenv("INTROSPECT_CACHE", str(tmp_path / "cache"))
    switched.delenv("CC", raising=False)
    with pytest.raises(MissingExtraError, match="no C compiler was found") as caught:
        module.use_compiled()
    assert "the counts are the same" in str(caught.value)
    switched.setenv("INTROSPECT_COMPILE", "1")
    module._asked_for.cache_clear()
    with pytest.warns(IntrospectWarning, match="INTROSPECT_COMPILE=1 has no effect"):
        assert count(torch.ones(5)) == Sketch.of([1.0] * 5)


@needs_compiler
def test_a_source_that_does_not_compile_is_an_error_with_the_compilers_words(monkeypatch, tmp_path):
    source = tmp_path / "broken.c"
    source.write_text("int introspect_add_floats(")
    monkeypatch.setattr(module, "_SOURCE", source)
    monkeypatch.setenv("INTROSPECT_CACHE", str(tmp_path / "cache"))
    with pytest.raises(MissingExtraError, match="error"):
        module.load()
    assert not list((tmp_path / "cache").iterdir()), "half a build was left"
