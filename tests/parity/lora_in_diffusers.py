"""Loads LoRA files as diffusers does and says how far its networks are from recorded outputs; see lora-in-diffusers.ts.

usage: python lora_in_diffusers.py BASE RECORDED FILE...
Needs torch, diffusers, transformers and peft. Prints a JSON object a line.
"""
import json
import sys

import torch
from diffusers import StableDiffusionPipeline
from safetensors.torch import load_file

base, recorded, *files = sys.argv[1:]
want = load_file(recorded)
missing = {name: None for name in ("vae", "safety_checker", "feature_extractor")}
pipe = StableDiffusionPipeline.from_pretrained(base, torch_dtype=torch.float32, requires_safety_checker=False, **missing)


@torch.no_grad()
def outputs():
    text = pipe.text_encoder(want["ids"]).last_hidden_state
    return {"unet": pipe.unet(want["sample"], want["timestep"], want["context"]).sample, "text": text}


plain = outputs()
for i, file in enumerate(["", *files]):
    if file:
        pipe.load_lora_weights(file, adapter_name=f"a{i}")
    own = outputs()
    for name, value in own.items():
        expected = want[f"{i}.{name}"]
        print(json.dumps({
            "file": file or "none",
            "network": name,
            "error": (value - expected).abs().max().item(),
            "largest": expected.abs().max().item(),
            "effect": (value - plain[name]).abs().max().item(),
        }))
    if file:
        pipe.unload_lora_weights()
