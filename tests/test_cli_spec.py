"""SPEC -> Graph: what a model can be named by, and what is never done on the way."""

import json
import os
import socket
import sys
import textwrap

import pytest
import torch
from torch import nn

import introspect
from introspect.errors import FormatError, TraceError
from introspect.graph.spec import graph_of_spec
from introspect.graph.spec.inputs import parse_inputs, tensors


@pytest.fixture(autouse=True)
def no_network(monkeypatch):
    """Whoever opens a connection fails the test."""

    def refuse(*_args, **_kwargs):
        raise AssertionError("a connection was opened")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)


@pytest.fixture
def here(tmp_path, monkeypatch):
    """An empty folder to stand in, and the import paths as they were afterwards."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    before = set(sys.modules)
    yield tmp_path
    for name in set(sys.modules) - before:
        if name.startswith(("my_", "introspect_spec_")):
            del sys.modules[name]


def written(folder, name, text):
    (folder / name).write_text(textwrap.dedent(text))
    return folder / name


# ------------------------------------------------------------------------------- inputs


def test_inputs_are_sizes_with_a_dtype_and_a_name():
    first, second, third = parse_inputs(["1,3,8,8", "1,16:int", "mask=1,16:bool"])
    assert (first.shape, first.dtype, first.name) == ((1, 3, 8, 8), "float32", "")
    assert (second.shape, second.dtype) == ((1, 16), "int64")
    assert (third.shape, third.dtype, third.name) == ((1, 16), "bool", "mask")
    assert parse_inputs([":int64"])[0].shape == ()
    args, kwargs = tensors((first, second, third))
    assert [t.dtype for t in args] == [torch.float32, torch.int64]
    assert 0 <= args[0].min() < args[0].max() <= 1
    assert kwargs["mask"].dtype == torch.bool
    assert not args[1].any()
    again, _ = tensors((first,))
    assert torch.equal(again[0], args[0])


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "sizes"),
        ("a,b", "sizes"),
        ("1,-3", "sizes"),
        ("1,3:flaot32", "float32"),
        ("1;rm -rf", "sizes"),
        ("99999,99999,99999", "memory"),
        ("=1,2", "sizes"),
    ],
)
def test_a_wrong_input_says_how_it_is_written(text, said):
    with pytest.raises(FormatError, match=said):
        parse_inputs([text])


def test_one_argument_takes_one_input():
    with pytest.raises(FormatError, match="two inputs"):
        parse_inputs(["x=1", "x=2"])


# ------------------------------------------------------------------------------ factories


def test_a_file_with_a_function_a_class_or_a_module_is_traced(here):
    written(
        here,
        "my_net.py",
        """
        import torch
        from torch import nn

        class Net(nn.Module):
            def __init__(self, width=4):
                super().__init__()
                self.layer = nn.Linear(width, 2)
            def forward(self, x, bias=None):
                return self.layer(x) if bias is None else self.layer(x) + bias

        def pair():
            return Net(), (torch.zeros(3, 4), torch.ones(2))
        def named():
            return Net(), {"x": torch.zeros(3, 4), "bias": torch.ones(2)}
        def one():
            return Net(), torch.zeros(5, 4)
        ready = Net(8)
        """,
    )
    assert len(graph_of_spec("my_net.py:pair").inputs) == 2
    assert [value.name for value in graph_of_spec("my_net.py:named").inputs] == ["x", "bias"]
    assert graph_of_spec("my_net.py:one").inputs[0].shape == (5, 4)
    assert graph_of_spec("my_net.py:Net", ["7,4"]).inputs[0].shape == (7, 4)
    assert graph_of_spec("my_net.py:ready", ["x=1,8"]).inputs[0].shape == (1, 8)
    assert graph_of_spec("my_net:ready", ["1,8", "bias=2"]).inputs[1].name == "bias"
    assert graph_of_spec("my_net.py:Net", level="module").level == "module"


def test_a_factory_may_return_a_graph(here):
    written(
        here,
        "my_graph.py",
        """
        import introspect, torch
        def graph():
            return introspect.trace(torch.nn.Linear(2, 1), torch.zeros(1, 2))
        """,
    )
    assert graph_of_spec("my_graph.py:graph").module == "Linear"


def test_an_image_is_guessed_and_the_guess_is_named_when_it_fails(here):
    written(
        here,
        "my_guess.py",
        """
        from torch import nn
        def fits(): return nn.Conv2d(3, 4, 3)
        def fails(): return nn.Linear(4, 2)
        class Example(nn.Linear):
            def __init__(self):
                import torch
                super().__init__(4, 2)
                self.example_input_array = torch.zeros(9, 4)
        """,
    )
    assert graph_of_spec("my_guess.py:fits").inputs[0].shape == (1, 3, 224, 224)
    assert graph_of_spec("my_guess.py:Example").inputs[0].shape == (9, 4)
    with pytest.raises(TraceError, match=r"guessed, 1,3,224,224[\s\S]*--input"):
        graph_of_spec("my_guess.py:fails")


@pytest.mark.parametrize(
    ("spec", "error", "said"),
    [
        ("torch.nn:Linea", FormatError, "Linear"),
        ("torch.nn:Linear", FormatError, "in_features"),
        ("torch:float32", FormatError, r"module and its inputs[\s\S]*torch\.dtype"),
        ("nowhere.at.all:x", FormatError, "no such module"),
        (":x", FormatError, "module:name"),
        ("my_other.py:x", FormatError, r"no such file[\s\S]*my_odd\.py"),
        ("my_odd.py:model", TraceError, r"factory failed[\s\S]*ZeroDivisionError"),
        ("my_odd.py:text", FormatError, "builtins.str"),
        ("my_odd.py", FormatError, "my_odd.py:factory"),
        (
            "my_broken.py:x",
            TraceError,
            r"could not be imported[\s\S]*my_broken\.py:3[\s\S]*KeyError",
        ),
        ("my_broken:x", TraceError, "KeyError"),
        ("my_syntax.py:x", TraceError, "SyntaxError"),
        ("my_needs.py:x", TraceError, "not_installed_at_all"),
    ],
)
def test_a_wrong_factory_says_what_was_found(here, spec, error, said):
    written(here, "my_odd.py", "def model(): return 1 / 0\ndef text(): return 'model'\n")
    written(here, "my_broken.py", "\n\n{}['x']\n")
    written(here, "my_syntax.py", "def (:\n")
    written(here, "my_needs.py", "import not_installed_at_all\n")
    with pytest.raises(error, match=said):
        graph_of_spec(spec)


# ------------------------------------------------------------------------- saved and exported


def test_a_saved_graph_and_an_exported_one_need_no_code(here, residual):
    graph = introspect.trace(residual, torch.zeros(2, 8))
    graph.save(here / "m.json")
    assert graph_of_spec("m.json").fingerprint == graph.fingerprint
    torch.export.save(torch.export.export(residual, (torch.zeros(2, 8),)), here / "m.pt2")
    assert graph_of_spec(str(here / "m.pt2")).parameters == graph.parameters
    for spec in ("m.json", "m.pt2"):
        with pytest.raises(FormatError, match="traced already"):
            graph_of_spec(spec, ["1,2"])


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("a.json", "{", "no JSON"),
        ("a.json", "[1, 2]", "neither"),
        ("a.json", '{"format": "other"}', "other"),
        ("a.pth", "x", "pickled objects"),
        ("a.safetensors", "x", "weights alone"),
        ("a.onnx", "x", "PyTorch"),
        ("a.foo", "x", "a saved graph"),
    ],
)
def test_other_files_say_why_not(here, name, content, said):
    (here / name).write_text(content)
    with pytest.raises(FormatError, match=said):
        graph_of_spec(name)


def test_an_empty_folder_says_what_it_lacks(here):
    (here / "empty").mkdir()
    with pytest.raises(FormatError, match=r"no config\.json"):
        graph_of_spec("empty")


# ------------------------------------------------------------------------------- libraries


@pytest.mark.torchvision
def test_a_torchvision_name_is_built_without_weights():
    pytest.importorskip("torchvision", reason="it names models")
    graph = graph_of_spec("resnet18")
    assert graph.name == "resnet18"
    assert graph.parameters == 11_689_512
    assert graph.inputs[0].shape == (1, 3, 224, 224)
    small = graph_of_spec("torchvision/squeezenet1_1", ["2,3,64,64"], mode="fake")
    assert (small.mode, small.inputs[0].shape) == ("fake", (2, 3, 64, 64))


@pytest.mark.torchvision
def test_detectors_take_lists_and_their_backbones_no_weights():
    pytest.importorskip("torchvision", reason="it names models")
    graph = graph_of_spec("ssdlite320_mobilenet_v3_large")
    assert graph.inputs[0].shape == (3, 224, 224)


@pytest.mark.slow
def test_a_timm_name_has_the_size_that_it_was_made_for():
    pytest.importorskip("timm", reason="it names models")
    assert graph_of_spec("timm/resnet10t").name == "resnet10t"
    graph = graph_of_spec("vit_tiny_patch16_384.augreg_in21k_ft_in1k", mode="fake")
    assert graph.inputs[0].shape == (1, 3, 384, 384)


@pytest.mark.torchvision
def test_a_misspelt_name_names_those_that_are_near(here):
    pytest.importorskip("torchvision", reason="it names models")
    with pytest.raises(FormatError, match=r"resnet50[\s\S]*file\.py:factory"):
        graph_of_spec("resnet5O")
    (here / "my_model.json").write_text("{}")
    with pytest.raises(FormatError, match=r"my_model\.json"):
        graph_of_spec("my_modle.json")


# ------------------------------------------------------------------------- transformers


TINY = {
    "model_type": "gpt2",
    "architectures": ["GPT2LMHeadModel"],
    "n_layer": 2,
    "n_embd": 32,
    "n_head": 2,
    "vocab_size": 50,
}


@pytest.fixture
def config(tmp_path):
    pytest.importorskip("transformers", reason="it builds the models")

    def write(**changes):
        folder = tmp_path / "model"
        folder.mkdir(exist_ok=True)
        (folder / "config.json").write_text(json.dumps({**TINY, **changes}))
        return folder

    return write


def test_a_configuration_is_built_on_meta(config):
    folder = config()
    for spec in (folder, folder / "config.json"):
        graph = graph_of_spec(str(spec))
        assert graph.module == "GPT2LMHeadModel"
        assert graph.mode == "fake"
        assert {value.device for value in graph.values} <= {"meta", "cpu"}
        assert graph.inputs[0].name == "input_ids"
    longer = graph_of_spec(str(folder), ["input_ids=2,40:int64"])
    assert longer.inputs[0].shape == (2, 40)


def test_weights_beside_a_configuration_are_not_opened(config):
    folder = config()
    for name in ("model.safetensors", "pytorch_model.bin"):
        os.mkfifo(folder / name)  # whoever opens one waits forever
    assert graph_of_spec(str(folder)).module == "GPT2LMHeadModel"


def test_code_that_comes_with_a_configuration_never_runs(config):
    folder = config(
        auto_map={"AutoConfig": "evil.Config", "AutoModelForCausalLM": "evil.Model"},
        trust_remote_code=True,
        _attn_implementation="someone/some-kernel",
        attn_implementation="someone/some-kernel",
        quantization_config={"quant_method": "evil", "modules": "evil.Model"},
    )
    (folder / "evil.py").write_text(f"open({str(folder / 'ran')!r}, 'w')\n")
    assert graph_of_spec(str(folder)).module == "GPT2LMHeadModel"
    config(model_type="evil", auto_map={"AutoConfig": "evil.Config"})
    with pytest.raises(FormatError, match=r"'evil'[\s\S]*is not run"):
        graph_of_spec(str(folder))
    assert not (folder / "ran").exists()


def test_a_class_that_is_none_of_transformers_falls_back_to_the_bare_model(config):
    assert graph_of_spec(str(config(architectures=["system", "../x", 7]))).module == "GPT2Model"


def test_a_wrong_configuration_says_so(config):
    with pytest.raises(FormatError, match=r"'gpt_2'[\s\S]*gpt2"):
        graph_of_spec(str(config(model_type="gpt_2")))
    with pytest.raises(TraceError, match=r"could not be built|not accepted"):
        graph_of_spec(str(config(n_embd="wide")))


@pytest.mark.parametrize(
    ("kind", "inputs"),
    [
        ({"model_type": "bert", "num_hidden_layers": 1}, {"input_ids"}),
        ({"model_type": "vit", "num_hidden_layers": 1}, {"pixel_values"}),
        ({"model_type": "t5", "num_layers": 1}, {"input_ids", "decoder_input_ids"}),
    ],
)
def test_each_kind_of_model_gets_inputs_that_it_takes(tmp_path, kind, inputs):
    pytest.importorskip("transformers", reason="it builds the models")
    (tmp_path / "config.json").write_text(json.dumps(kind))
    assert {value.name for value in graph_of_spec(str(tmp_path)).inputs} == inputs


def test_progress_names_each_step(here):
    written(here, "my_steps.py", "from torch import nn\ndef net(): return nn.Conv2d(3, 4, 3)\n")
    steps = []
    graph_of_spec("my_steps.py:net", ["1,3,8,8"], progress=steps.append)
    assert steps == ["building my_steps.py:net", "tracing my_steps.py:net"]


def test_a_model_in_training_mode_is_drawn_as_in_use(here):
    written(here, "my_drop.py", "from torch import nn\ndef net(): return nn.Dropout()\n")
    graph = graph_of_spec("my_drop.py:net", ["2,2"])
    assert not graph.calls[0].training
    assert isinstance(nn.Dropout(), nn.Module)
