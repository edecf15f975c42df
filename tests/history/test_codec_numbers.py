"""Numbers of every kind and device, images in great number, shapes that change."""

import math
import subprocess
import sys
import textwrap

import numpy as np
import pytest
import torch

from introspect import History
from introspect.values import Image

SMALL_FLOATS = [torch.bfloat16, torch.float16, torch.float8_e4m3fn, torch.float8_e5m2,
                torch.float8_e4m3fnuz, torch.float8_e5m2fnuz]  # fmt: skip
INTEGERS = [torch.int8, torch.uint8, torch.int16, torch.int32, torch.int64, torch.uint16,
            torch.uint32, torch.uint64, torch.bool]  # fmt: skip


@pytest.mark.parametrize("dtype", [*SMALL_FLOATS, *INTEGERS, torch.float32, torch.float64])
def test_a_tensor_without_dimensions_of_any_dtype_is_its_number(tmp_path, dtype):
    tensor = torch.tensor(1.0).to(dtype)
    with History(tmp_path, facts=False) as history:
        history.log(0, x=tensor, y=torch.nn.Parameter(tensor, requires_grad=False))
        history.log(1, x=tensor.clone(), y=tensor)
    assert History.open(tmp_path)["x"].data.tolist() == [1.0, 1.0]
    assert History.open(tmp_path)["y"].is_scalar


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16, torch.float8_e5m2])
@pytest.mark.parametrize("number", [math.nan, math.inf, -math.inf, -0.0])
def test_nan_and_infinity_stay_what_they_are(tmp_path, dtype, number):
    with History(tmp_path, facts=False) as history:
        for step, value in enumerate([number, np.float32(number), torch.tensor(number).to(dtype)]):
            history.log(step, x=value)
    found = History.open(tmp_path)["x"].data
    np.testing.assert_array_equal(found, [number] * 3)
    if number == 0.0:
        assert np.signbit(found).all()


@pytest.mark.parametrize("number", [2**63 - 1, -(2**63), 2**53, 2**53 + 1, 2**64, True, False])
def test_integers_are_the_nearest_float64(tmp_path, number):
    with History(tmp_path, facts=False) as history:
        history.log(0, x=number)
        if -(2**63) <= number < 2**63:
            history.log(1, x=torch.tensor(number))
            history.log(2, x=np.int64(number))
    assert set(History.open(tmp_path)["x"].data.tolist()) == {float(number)}


@pytest.mark.slow
def test_a_distributed_tensor_is_its_number(tmp_path):
    program = """
        import sys, tempfile, torch, torch.distributed as dist
        from torch.distributed.tensor import Replicate, Shard, distribute_tensor, init_device_mesh
        from introspect import History
        store = tempfile.NamedTemporaryFile()
        dist.init_process_group("gloo", init_method="file://" + store.name, rank=0, world_size=1)
        mesh = init_device_mesh("cpu", (1,))
        history = History(sys.argv[1], facts=False)
        whole = distribute_tensor(torch.tensor(2.5), mesh, [Replicate()])
        sharded = distribute_tensor(torch.arange(4.0), mesh, [Shard(0)])
        for step in range(2):
            history.log(step, whole=whole, sum=sharded.sum(), half=whole.to(torch.bfloat16))
        history.close()
        dist.destroy_process_group()
    """
    command = [sys.executable, "-W", "ignore", "-c", textwrap.dedent(program), str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    opened = History.open(tmp_path)
    assert [opened[key].data.tolist() for key in ("whole", "sum", "half")] == [
        [2.5, 2.5], [6.0, 6.0], [2.5, 2.5],
    ]  # fmt: skip
    assert opened["sum"].is_scalar


@pytest.mark.slow
def test_ten_thousand_images_are_logged_and_read_in_bounded_memory(tmp_path):
    program = """
        import resource, sys
        import numpy as np
        from introspect import History
        from introspect.values import Image
        def peak_mib():
            return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        random = np.random.default_rng(0)
        pixels = random.integers(0, 256, (48, 48, 3), np.uint8)
        history = History(sys.argv[1], facts=False)
        history.log(0, image=Image.of(pixels))
        history.flush()
        start = peak_mib()
        for step in range(1, 10_000):
            pixels[0, 0, 0] = step % 256
            history.log(step, image=Image.of(pixels))
            if step % 500 == 0:
                history.flush()
        history.close()
        logged = peak_mib()
        opened = History.open(sys.argv[1])
        metric = opened["image"]
        assert len(metric) == 10_000
        assert [image.pixels[0, 0, 0] for _, image in metric][-3:] == [13, 14, 15]
        print(logged - start, peak_mib() - start)
    """
    command = [sys.executable, "-c", textwrap.dedent(program), str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    logged_mib, read_mib = map(float, done.stdout.split())
    decoded_mib = 10_000 * 48 * 48 * 3 / 2**20  # 66
    assert logged_mib < 60
    assert read_mib < 60 + 1.5 * decoded_mib


def test_images_and_arrays_of_changing_shape_share_a_key(tmp_path):
    shapes = [(4, 5), (3, 4, 5), (7, 2, 4), (1, 1), (9, 9, 3)]
    random = np.random.default_rng(0)
    arrays = [random.integers(0, 256, shape, np.uint8) for shape in shapes]
    with History(tmp_path, facts=False) as history:
        for step, array in enumerate(arrays):
            history.log(step, image=Image.of(array), array=array)
    opened = History.open(tmp_path)
    for array, (_, image), (_, found) in zip(arrays, opened["image"], opened["array"], strict=True):
        np.testing.assert_array_equal(image.pixels, Image.of(array).pixels, strict=True)
        np.testing.assert_array_equal(found, array, strict=True)
