"""A Llama of 70 billion parameters, built on `meta`, traced and drawn: CPU time and memory.

    python benchmarks/llama_70b.py

Sequence of 2,048 tokens. A small model is traced before, so that torch's fake tensors are
loaded; no peer draws such a model. Needs transformers. The goals are 1.5 s and 50 MB.
"""

import tempfile
import time
import warnings
from pathlib import Path

import torch
from transformers import LlamaConfig, LlamaForCausalLM

import introspect

SMALL = {"vocab_size": 100, "hidden_size": 64, "intermediate_size": 64, "num_hidden_layers": 1}
SMALL |= {"num_attention_heads": 4, "num_key_value_heads": 2}
LARGE = {"vocab_size": 128_256, "hidden_size": 8192, "intermediate_size": 28_672}
LARGE |= {"num_hidden_layers": 80, "num_attention_heads": 64, "num_key_value_heads": 8}


def resident_mb() -> float:
    """Memory of this process; Linux only."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096 / 1e6


def trace(config: dict[str, int], length: int) -> introspect.Graph:
    with torch.device("meta"):
        model = LlamaForCausalLM(LlamaConfig(**config, dtype=torch.bfloat16))
    ids = torch.zeros(1, length, dtype=torch.long)
    return introspect.trace(model, input_ids=ids, use_cache=False)


def main() -> None:
    warnings.simplefilter("ignore")
    trace(SMALL, 16)
    memory_mb, start = resident_mb(), time.process_time()
    graph = trace(LARGE, 2048)
    traced_s, grown_mb = time.process_time() - start, resident_mb() - memory_mb
    start = time.process_time()
    with tempfile.TemporaryDirectory() as folder:
        graph.save(Path(folder) / "llama.svg")
    drawn_s = time.process_time() - start
    print(f"{graph.parameters / 1e9:.1f} B parameters, {len(graph.ops)} operations, {graph.mode}")
    print(
        f"built and traced in {traced_s:.2f} s of CPU, {grown_mb:.0f} MB; drawn in {drawn_s:.2f} s"
    )


if __name__ == "__main__":
    main()
