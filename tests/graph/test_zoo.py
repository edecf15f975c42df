"""Models that people use, whole: they trace, nothing is cut, and nothing is left behind."""

import pytest
import torch

import introspect

TORCHVISION = {
    "resnet50": (1, 3, 64, 64),
    "densenet121": (1, 3, 64, 64),
    "inception_v3": (1, 3, 128, 128),
    "vit_b_16": (1, 3, 224, 224),
    "swin_t": (1, 3, 64, 64),
    "mobilenet_v3_small": (1, 3, 64, 64),
    "efficientnet_b0": (1, 3, 64, 64),
    "detection.fasterrcnn_resnet50_fpn": (3, 64, 64),
    "optical_flow.raft_small": (1, 3, 128, 128),
    "segmentation.deeplabv3_resnet50": (1, 3, 64, 64),
    "video.r3d_18": (1, 3, 4, 32, 32),
}
FAKE = ("resnet50", "inception_v3", "swin_t", "video.r3d_18")


def torchvision_model(name):
    models = pytest.importorskip("torchvision.models", reason="torchvision is not installed")
    torch.manual_seed(0)
    place, _, function = name.rpartition(".")
    for part in filter(None, place.split(".")):
        models = getattr(models, part)
    options = {"weights": None}
    if place in {"detection", "segmentation"}:
        options["weights_backbone"] = None
    if place == "detection":
        options |= {"min_size": 64, "max_size": 64}
    if name == "inception_v3":
        options |= {"init_weights": False, "aux_logits": False}
    x = torch.rand(TORCHVISION[name])
    args = {"detection": ([x],), "optical_flow": (x, x)}.get(place, (x,))
    return getattr(models, function)(**options).eval(), args


@pytest.mark.torchvision
@pytest.mark.parametrize("name", TORCHVISION)
def test_torchvision_models_trace_without_a_cut(name, everything_left):
    model, args = torchvision_model(name)
    before = everything_left(model, args)
    graph = introspect.trace(model, *args)
    assert graph.notes == ()
    assert graph.parameters == sum(p.numel() for p in model.parameters())
    assert graph.ops
    after = everything_left(model, args)
    assert {what: after[what] == was for what, was in before.items()} == dict.fromkeys(before, True)


@pytest.mark.torchvision
@pytest.mark.parametrize("name", FAKE)
def test_a_fake_run_of_a_torchvision_model_shows_the_same(name):
    model, args = torchvision_model(name)
    real, fake = introspect.trace(model, *args), introspect.Tracer(mode="fake").trace(model, *args)
    assert fake.fingerprint == real.fingerprint


def tiny(name):
    transformers = pytest.importorskip("transformers", reason="transformers is not installed")
    torch.manual_seed(0)
    ids = torch.randint(0, 90, (1, 8))
    small = {"vocab_size": 100, "hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 4}
    small |= {"intermediate_size": 64}
    encoder = {"vocab_size": 100, "d_model": 32, "d_kv": 8, "d_ff": 64, "num_layers": 2}
    make = {
        "bert": lambda: transformers.BertModel(transformers.BertConfig(**small)),
        "gpt2": lambda: transformers.GPT2LMHeadModel(
            transformers.GPT2Config(vocab_size=100, n_embd=32, n_layer=2, n_head=4)
        ),
        "llama": lambda: transformers.LlamaForCausalLM(
            transformers.LlamaConfig(**small, num_key_value_heads=2)
        ),
        "mixtral": lambda: transformers.MixtralForCausalLM(
            transformers.MixtralConfig(**small, num_key_value_heads=2, num_local_experts=4)
        ),
        "t5": lambda: transformers.T5ForConditionalGeneration(
            transformers.T5Config(**encoder, num_heads=4, decoder_start_token_id=0)
        ),
    }
    inputs = {"input_ids": ids}
    if name == "t5":
        inputs["decoder_input_ids"] = ids
    return make[name]().eval(), inputs


@pytest.mark.parametrize("name", ["bert", "gpt2", "llama", "mixtral", "t5"])
def test_transformers_trace_without_a_cut_and_prove_themselves(name, everything_left):
    model, inputs = tiny(name)
    before = everything_left(model, inputs)
    graph = introspect.trace(model, **inputs)
    assert graph.notes == ()
    assert {op.function for op in graph.ops} > {""}  # their authors named functions
    proof = introspect.verify(model, **inputs)
    assert proof.ops == len(proof.graph.ops)
    assert proof.tolerance == 0
    after = everything_left(model, inputs)
    assert {what: after[what] == was for what, was in before.items()} == dict.fromkeys(before, True)
