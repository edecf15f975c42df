"""transformers' models with random weights: the layers of the real ones, narrow and short."""

from typing import Any

import torch
from torch import nn

from tests.zoo.entry import Sample, entry, sample
from tests.zoo.hand import tokens

NARROW = {"vocab_size": 100, "hidden_size": 32, "intermediate_size": 64, "num_attention_heads": 4}


def transformers_entry(**facts: Any):
    """In the zoo, if transformers is installed."""
    return entry("transformers", needs=("transformers",), **facts)


def built(model: str, config: str, **options: Any) -> nn.Module:
    """A model of that configuration, with random weights."""
    import transformers

    return getattr(transformers, model)(getattr(transformers, config)(**options))


@transformers_entry(fake="other")
def bert_base() -> Sample:
    """Keywords in, a ModelOutput out; twelve layers."""
    model = built("BertModel", "BertConfig", **NARROW, num_hidden_layers=12)
    mask = torch.ones(1, 16, dtype=torch.long)
    return sample(model, input_ids=tokens(16, 100), attention_mask=mask)


@transformers_entry()
def gpt2() -> Sample:
    """A cache object in the output; twelve layers."""
    model = built("GPT2LMHeadModel", "GPT2Config", vocab_size=100, n_embd=32, n_head=4)
    return sample(model, input_ids=tokens(16, 100))


@transformers_entry()
def llama_32l() -> Sample:
    """Thirty-two layers, rotary positions, grouped queries."""
    options = {**NARROW, "hidden_size": 64, "num_key_value_heads": 2}
    model = built("LlamaForCausalLM", "LlamaConfig", **options, num_hidden_layers=32)
    return sample(model, input_ids=tokens(16, 100))


@transformers_entry()
def mixtral() -> Sample:
    """A mixture of experts in every layer."""
    options = {**NARROW, "num_key_value_heads": 2, "num_local_experts": 4}
    model = built("MixtralForCausalLM", "MixtralConfig", **options, num_hidden_layers=2)
    return sample(model, input_ids=tokens(8, 100))


@transformers_entry()
def t5() -> Sample:
    """An encoder and a decoder that share an embedding."""
    widths = {"vocab_size": 100, "d_model": 32, "d_kv": 8, "d_ff": 64, "num_heads": 4}
    model = built(
        "T5ForConditionalGeneration",
        "T5Config",
        **widths,
        num_layers=2,
        decoder_start_token_id=0,
    )
    return sample(model, input_ids=tokens(8, 100), decoder_input_ids=tokens(6, 100))


@transformers_entry()
def clip() -> Sample:
    """Two towers: pictures and text."""
    vision = {k: v for k, v in NARROW.items() if k != "vocab_size"}
    model = built(
        "CLIPModel",
        "CLIPConfig",
        text_config={**NARROW, "num_hidden_layers": 2},
        vision_config={**vision, "num_hidden_layers": 2, "image_size": 32, "patch_size": 8},
        projection_dim=16,
    )
    return sample(model, input_ids=tokens(8, 90, 2), pixel_values=torch.rand(2, 3, 32, 32))


@transformers_entry()
def whisper() -> Sample:
    """Audio: convolutions over a spectrogram, then an encoder and a decoder."""
    widths = {"vocab_size": 100, "d_model": 32, "encoder_ffn_dim": 64, "decoder_ffn_dim": 64}
    heads = {"encoder_attention_heads": 4, "decoder_attention_heads": 4}
    marks = dict.fromkeys(["pad_token_id", "bos_token_id", "eos_token_id"], 0)
    model = built(
        "WhisperModel",
        "WhisperConfig",
        **widths,
        **heads,
        **marks,
        decoder_start_token_id=1,
        encoder_layers=2,
        decoder_layers=2,
        num_mel_bins=8,
        max_source_positions=16,
    )
    return sample(model, input_features=torch.randn(1, 8, 32), decoder_input_ids=tokens(4, 100))


@transformers_entry()
def videomae() -> Sample:
    """Video: attention over tubes of frames."""
    vision = {k: v for k, v in NARROW.items() if k != "vocab_size"}
    model = built(
        "VideoMAEModel",
        "VideoMAEConfig",
        **vision,
        num_hidden_layers=2,
        image_size=32,
        num_frames=4,
    )
    return sample(model, pixel_values=torch.rand(1, 4, 3, 32, 32))
