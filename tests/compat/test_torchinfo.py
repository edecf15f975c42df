"""The drop-in for torchinfo, against the real one: the same text, to the letter."""

import inspect

import pytest
import torch
from torch import nn
from torch.nn.utils import prune

import introspect
from introspect.compat import torchinfo as ours
from introspect.compat.torchinfo.torchinfo import clear_cached_forward_pass
from introspect.errors import FormatError, TraceError
from tests.zoo.catalog import ENTRIES, NAMES
from tests.zoo.runs import Runs

COLUMNS = [str(column) for column in ours.ColumnSettings]
LARGE = {"inception_v3", "deeplabv3_resnet50", "raft_small", "whisper", "videomae", "clip", "vgg16"}
LARGE |= {"bert_base", "vit_b_16"}
THEY_FAIL = {"nested_tuples", "cache_out", "cache_in", "transformer_encoder", "vmap", "meta"}
THEY_FAIL |= {"transformer_encoder_training", "nested_tensors"}
ASKED = [n for n in NAMES if n not in LARGE | THEY_FAIL and "compiled" not in n]
ASKED = [n for n in ASKED if not n.startswith("inductor")]


@pytest.fixture
def real():
    return pytest.importorskip("torchinfo", reason="torchinfo is not installed")


def text_of(results, verbose=1):
    results.formatting.verbose = verbose
    text = str(results)
    for unit in ours.Units:  # as Python 3.12 made theirs
        text = text.replace(f"(Units.{unit.name})", f"({unit})")
    return text


def summed_up(summary, name, **options):
    with ENTRIES[name].opened() as (model, args, kwargs):
        torch.manual_seed(0)
        given = {"input_data": list(args), "verbose": 0, **kwargs, **options}
        return summary(model, **given)


def there(name):
    if ENTRIES[name].missing:
        pytest.skip(f"needs {', '.join(ENTRIES[name].missing)}")


@pytest.mark.parametrize("name", ASKED)
def test_the_table_is_torchinfos_on_the_zoo(real, name):
    there(name)
    options = {"col_names": COLUMNS, "depth": 9, "row_settings": ["depth", "var_names"]}
    theirs = summed_up(real.summary, name, **options)
    mine = summed_up(ours.summary, name, **options)
    assert text_of(mine, 2) == text_of(theirs, 2)
    for total in ("total_params", "trainable_params", "total_mult_adds", "total_input"):
        assert getattr(mine, total) == getattr(theirs, total)
    assert mine.total_param_bytes == theirs.total_param_bytes
    assert mine.total_output_bytes == theirs.total_output_bytes


@pytest.mark.parametrize("name", sorted(THEY_FAIL))
def test_where_torchinfo_fails_there_is_a_table(name):
    there(name)
    results = summed_up(ours.summary, name, depth=9)
    with ENTRIES[name].opened() as (model, _, _):
        assert results.total_params >= sum(p.numel() for p in model.parameters())
    assert f"Total params: {results.total_params:,}" in str(results)


@pytest.mark.parametrize(
    "options",
    [
        {"depth": 1},
        {"depth": 0, "col_names": COLUMNS},
        {"col_width": 12, "row_settings": ["ascii_only", "var_names"]},
        {"row_settings": ["hide_recursive_layers"], "verbose": 2},
        {"mode": "train", "col_names": ["mult_adds", "trainable"]},
        {"batch_dim": 0, "input_size": (3, 32, 32), "input_data": None},
        {"input_size": [1, 3, 32, 32], "input_data": None, "dtypes": [torch.float32]},
        {"input_data": None},
    ],
)
def test_options_do_what_they_do_in_torchinfo(real, options, capsys):
    options = {"verbose": 1, **options}
    theirs = summed_up(real.summary, "unet", **options)
    printed = capsys.readouterr().out
    mine = summed_up(ours.summary, "unet", **options)
    assert text_of(mine, options["verbose"]) == text_of(theirs, options["verbose"])
    assert capsys.readouterr().out.split("Total")[0] == printed.split("Total")[0]


def test_signature_and_names_are_torchinfos(real):
    theirs = inspect.signature(real.summary).parameters
    mine = inspect.signature(ours.summary).parameters
    assert [(p.name, p.default, p.kind) for p in mine.values()] == [
        (p.name, p.default, p.kind) for p in theirs.values()
    ]
    assert set(real.__all__) == set(ours.__all__)
    theirs = summed_up(real.summary, "unet").summary_list[-1]
    mine = summed_up(ours.summary, "unet").summary_list[-1]
    for name in vars(theirs):
        if name not in {"module", "layer_id", "children", "parent_info"}:
            assert getattr(mine, name) == getattr(theirs, name), name


def test_pruned_and_frozen_parameters_count_as_in_torchinfo(real):
    model = nn.Sequential(nn.Conv2d(3, 8, 3), nn.Flatten(), nn.LazyLinear(4))
    model(torch.zeros(1, 3, 8, 8))
    prune.l1_unstructured(model[0], "weight", amount=0.5)
    model[2].weight.requires_grad_(False)
    options = {"input_size": (2, 3, 8, 8), "col_names": COLUMNS, "verbose": 0}
    mine = ours.summary(model, **options)
    assert mine.total_params == 108 + 8 + 288 * 4 + 4
    assert text_of(mine, 2) == text_of(real.summary(model, **options), 2)


def test_each_module_gets_its_own_flag_back_and_buffers_stay():
    model = nn.Sequential(nn.BatchNorm1d(3), nn.Dropout(), nn.LazyLinear(2))
    model[0].eval()
    torch.manual_seed(3)
    ours.summary(model, input_size=(4, 3), mode="train", verbose=0)
    drawn = torch.rand(1)
    torch.manual_seed(3)
    assert torch.equal(drawn, torch.rand(1))
    assert [module.training for module in model] == [False, True, True]
    assert model[0].num_batches_tracked == 0
    assert nn.parameter.is_lazy(model[2].weight)
    assert not any(module._forward_hooks or module._forward_pre_hooks for module in model[:2])


def test_the_cache_is_of_a_model_and_not_of_a_class(monkeypatch):
    runs = []
    monkeypatch.setattr(
        nn.Linear, "forward", lambda layer, x: runs.append(layer) or x @ layer.weight.T
    )
    small, large = (nn.Sequential(nn.Linear(4, wide, bias=False)) for wide in (2, 6))
    options = {"input_size": (1, 4), "verbose": 0, "cache_forward_pass": True}
    assert ours.summary(small, **options).total_params == 8
    assert ours.summary(small, depth=1, **options).total_params == 8
    assert runs == [small[0]]
    assert ours.summary(large, **options).total_params == 24
    clear_cached_forward_pass()
    ours.summary(large, **options)
    assert runs == [small[0], large[0], large[0]]


def test_a_model_on_meta_is_summed_up_where_it_is():
    with torch.device("meta"):
        model = nn.Sequential(nn.Linear(1000, 50_000), nn.ReLU())
    results = ours.summary(model, input_size=(8, 1000), verbose=0)
    assert results.total_mult_adds == 8 * (1000 * 50_000 + 50_000)
    assert results.graph.mode == "fake"
    assert model[0].weight.is_meta


def test_odd_results_of_layers_are_no_error():
    class Weighted(nn.Module):
        def __init__(self):
            super().__init__()
            self.weight = nn.Parameter(torch.ones(3))

        def forward(self, x):
            return (x * self.weight).sum()

    model = Runs(lambda m, x: {"a": m.loss(x), "b": None}, loss=Weighted())
    row = ours.summary(model, input_data=torch.ones(3), verbose=0).summary_list[1]
    assert (row.output_size, row.macs) == ([], 3)
    for result in ({}, "text", None, object()):
        silent = Runs(lambda m, x, r=result: m.a(x) * 0 if r is x else r, a=nn.Linear(2, 2))
        assert ours.summary(silent, input_data=torch.ones(2), verbose=0).summary_list[0].executed


def test_a_model_that_holds_itself_ends():
    model = nn.Sequential(nn.Linear(2, 2))
    model[0]._modules["around"] = model
    assert len(ours.summary(model, verbose=0).summary_list) == 2


def test_the_graph_of_the_run_is_ours():
    model = nn.Sequential(nn.Linear(3, 5), nn.ReLU())
    results = ours.summary(model, input_size=(2, 3), verbose=0)
    assert isinstance(results.graph, introspect.Graph)
    assert [op.name for op in results.graph.ops] == ["linear", "relu"]
    assert ours.summary(model, verbose=0).graph is None


@pytest.mark.parametrize(
    ("options", "kind", "words"),
    [
        ({"col_names": ["size"]}, ValueError, "one of kernel_size input_size"),
        ({"col_names": ["mult_adds"]}, FormatError, "col_names: mult_adds"),
        ({"row_settings": ["x"]}, ValueError, "'x'"),
        ({"mode": "test"}, ValueError, "one of train eval"),
        ({"verbose": 3}, ValueError, "verbose=3"),
        ({"col_width": 0}, ValueError, "col_width=0"),
        ({"input_size": (1, 3), "input_data": torch.zeros(1, 3)}, RuntimeError, "only one of"),
        ({"input_size": 3}, TypeError, "tuple of sizes"),
        ({"input_size": (0, 3)}, ValueError, r"\(0, 3\)"),
        (
            {"input_size": [(1, 3), (1, 3)], "dtypes": [torch.float]},
            FormatError,
            "2 sizes, 1 dtypes",
        ),
        ({"input_size": (1, 4)}, TraceError, "0 \\(Linear\\)"),
    ],
)
def test_errors_name_what_was_given(options, kind, words):
    with pytest.raises(kind, match=words):
        ours.summary(nn.Sequential(nn.Linear(3, 2)), **{"verbose": 0, **options})


def test_a_failing_model_keeps_no_hooks():
    model = nn.Sequential(nn.Linear(3, 2))
    with pytest.raises(RuntimeError):
        ours.summary(model, input_size=(1, 4), verbose=0)
    assert not model[0]._forward_hooks
    assert not model[0]._forward_pre_hooks
    assert model.training


def test_random_halves_are_warned_of():
    with pytest.warns(UserWarning, match="input_data="):
        ours.summary(nn.ReLU(), input_size=(2,), dtypes=[torch.bfloat16], verbose=0)
