"""A training of seconds: its parameters, and the bits that it ends in."""

import torch

from pipeline.diffusion import training
from pipeline.diffusion.schedule import alpha_bar

CPU, LAST = torch.device("cpu"), torch.channels_last

LEVELS = alpha_bar("cosine", 1000)

PARAMS = {
    "images": 160,
    "batch_size": 8,
    "optimizer": "adamw",
    "lr": 0.003,
    "beta2": 0.999,
    "weight_decay": 0.01,
    "warmup": 24,
    "clip_norm": 1.0,
    "ema": 0.9,
    "timesteps": "alone",
    "label_dropout": 0.0,
    "vlb_weight": 0.001,
    "snapshots": [],
    "log_every": 32,
    "validation_draws": 2,
    "checkpoint_every": 32,
    "max_loss": 10.0,
    "precision": "float32",
    "channels_last": False,
    "compile": "none",
}

FIVE_UPDATES = {
    "images": 40,
    "beta2": 0.8,
    "weight_decay": 2.0,
    "warmup": 16,
    "clip_norm": 0.01,
    "ema": 0.8,
    "log_every": 16,
    "seed": 3,
}


def bits(run: training.Training) -> bytes:
    return b"".join(tensor.numpy().tobytes() for tensor in run.finished().state_dict().values())
