"""Checkpoints of a run: one safetensors file, which is whole or not there, and which only the same run of the same code
takes up."""

import errno
import hashlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file

from pipeline.errors import UserError
from pipeline.files import replacing

PIPELINE = Path(__file__).parents[1]


def key(determined_by: Sequence[object], *rooms: str) -> str:
    """Return the hash of everything that determines a run: these values, which JSON can hold, and the code in these
    folders of the package. Another run has another key."""
    digest = hashlib.sha256(json.dumps(determined_by).encode())
    for room in rooms:
        for file in sorted((PIPELINE / room).rglob("*.py")):
            digest.update(file.read_bytes())
    return digest.hexdigest()


def save(path: Path, key: str, tensors: dict[str, torch.Tensor], state: dict[str, Any]) -> None:
    """Write tensors, and a state that JSON can hold, under the run's key. A full disk is a `UserError`, and the file
    that was there before stays."""
    try:
        with replacing(path) as unfinished:
            save_file(
                {name: tensor.detach().contiguous() for name, tensor in tensors.items()},
                unfinished,
                metadata={"key": key, "state": json.dumps(state)},
            )
    except (OSError, SafetensorError) as error:
        if getattr(error, "errno", None) != errno.ENOSPC and "No space left" not in str(error):
            raise
        size = sum(tensor.numel() * tensor.element_size() for tensor in tensors.values()) / 2**20
        raise UserError(
            f"no space left on the disk for the checkpoint {path} ({size:.1f} MiB); the last whole one is kept, "
            "and the same command goes on from it once there is space."
        ) from None


def load(path: Path, key: str, device: torch.device) -> tuple[dict[str, torch.Tensor], dict[str, Any]] | None:
    """Return the tensors and the state of the checkpoint at `path`, or None where there is none, where it is of another
    run, or where it is not whole."""
    try:
        with safe_open(path, framework="pt", device=str(device)) as file:
            metadata = file.metadata() or {}
            if metadata.get("key") != key:
                return None
            return {name: file.get_tensor(name) for name in file.keys()}, json.loads(metadata["state"])  # noqa: SIM118
    except (OSError, SafetensorError, KeyError, ValueError):
        return None
