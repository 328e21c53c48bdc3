"""A training step in PyTorch, as step.ts has it: the same weights, inputs and loss.

usage: python step_torch.py UNET_FOLDER INPUTS.safetensors THREADS
INPUTS holds the inputs and what is trained by name; its metadata name the guide's kind, if any, and the layers it changes.
For each line of stdin, `forward` or `step`, prints {"seconds", "processor", "loss"}. Needs torch and diffusers.
"""
import json
import sys
import time

import torch
import torch.nn.functional as F
from diffusers import UNet2DConditionModel
from safetensors import safe_open

folder, path, threads = sys.argv[1:]
torch.set_num_threads(int(threads))
with safe_open(path, "pt") as file:
    said = file.metadata()
    given = {name: file.get_tensor(name) for name in file.keys()}
kind, modules = said.get("kind"), json.loads(said.get("modules", "[]"))
names = ("sample", "timestep", "context", "target", "guidance", "positive", "negative")
inputs = {name: given.pop(name) for name in names if name in given}
sample, timestep, target = inputs["sample"], inputs["timestep"], inputs["target"]
unet = UNet2DConditionModel.from_pretrained(folder, torch_dtype=torch.float32)
if kind:
    unet.requires_grad_(False)
    trained = {name: value.requires_grad_() for name, value in given.items()}
else:
    unet.load_state_dict(given)
    trained = dict(unet.named_parameters())


def fourier(x, features):
    angles = x[:, None] * torch.pi * 2.0 ** torch.arange(features // 2)
    return torch.cat([angles.sin(), angles.cos()], 1)


def told():
    w, positive = inputs["guidance"], inputs["positive"]
    parts = [fourier(timestep / 2000, 24), fourier((w - 1) / 16, 12), positive, positive - inputs["negative"]]
    x = F.silu(F.linear(torch.cat(parts, 1), trained["cond.mlp.0.weight"], trained["cond.mlp.0.bias"]))
    return F.silu(F.linear(x, trained["cond.mlp.2.weight"], trained["cond.mlp.2.bias"]))


c, k = None, None


def low_rank(number):
    a, b, g, bias = (trained[f"{name}"] for name in (f"A.{number}.weight", f"B.{number}.weight", f"G.{number}.weight", f"G.{number}.bias"))

    def hook(_, taken, out):
        scale = (1 + F.linear(c, g, bias)) * k[:, None]
        if a.ndim == 4:
            return out + F.conv2d(F.conv2d(taken[0], a) * scale[:, :, None, None], b)
        return out + F.linear(F.linear(taken[0], a) * scale[:, None, :], b)

    return hook


def tap(site, sites):
    def layer(name, x):
        weight = trained[f"{name}.weight"]
        return F.conv2d(x, weight, trained[f"{name}.bias"], padding=weight.shape[-1] // 2)

    def hook(_, __, out):
        x = layer(f"i.{site}", torch.cat([out, sample], 1) if site >= sites - 2 else out)
        x = F.group_norm(x, 4, trained[f"n.{site}.weight"], trained[f"n.{site}.bias"])
        film = F.linear(c, trained[f"f.{site}.weight"], trained[f"f.{site}.bias"])[:, :, None, None]
        scale, shift = film.chunk(2, 1)
        x = F.silu(x * (1 + scale) + shift)
        x = x + F.silu(layer(f"m.{site}.0", x))
        return out + k[:, None, None, None] * layer(f"o.{site}", x)

    return hook


if kind == "lora1":
    for number, module in enumerate(modules):
        unet.get_submodule(module).register_forward_hook(low_rank(number))
if kind == "tap1":
    sites = len(unet.up_blocks) + 1
    for site, block in enumerate([unet.mid_block, *unet.up_blocks]):
        block.register_forward_hook(tap(site, sites))


def predicted():
    global c, k
    if kind:
        c, k = told(), (inputs["guidance"] - 1) / 4
    return unet(sample, timestep, inputs["context"]).sample


def step():
    for value in trained.values():
        value.grad = None
    loss = (predicted() - target).square().mean()
    loss.backward()
    return loss.item()


def forward():
    with torch.no_grad():
        predicted()


print("ready", flush=True)
for line in sys.stdin:
    begin, busy = time.perf_counter(), time.process_time()
    loss = step() if line.strip() == "step" else forward()
    seconds, processor = time.perf_counter() - begin, time.process_time() - busy
    print(json.dumps({"seconds": seconds, "processor": processor, "loss": loss}), flush=True)
