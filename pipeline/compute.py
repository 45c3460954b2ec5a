"""The device of a stage, set up so that the same machine gives the same bytes twice."""

import os
import resource
import sys

import torch

from pipeline.errors import UserError


def fingerprint(device: torch.device) -> list[str | int]:
    """What of the machine's set-up decides on the bytes: the same code and seeds under another one may round apart."""
    return [torch.__version__, device.type, torch.get_num_threads()]


def device(name: str, threads: int) -> torch.device:
    """The device named `auto`, `cpu` or `cuda`, with `threads` CPU threads and deterministic kernels only."""
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
    torch.set_deterministic_debug_mode("error")  # use_deterministic_algorithms(True) imports the whole compiler too
    torch.utils.deterministic.fill_uninitialized_memory = False  # type: ignore[attr-defined]  # a guard, and slow
    torch.set_num_threads(threads)
    torch.backends.cudnn.benchmark = False
    there = torch.cuda.is_available()
    if name == "cuda" and not there:
        raise UserError("params.yaml: compute.device is cuda, but this machine has none; auto or cpu would run here.")
    return torch.device("cuda" if there and name != "cpu" else "cpu")


def peak_bytes(device: torch.device) -> int:
    """The most memory that this process has held: allocated on the GPU, or resident on a CPU, libraries included."""
    if device.type == "cuda":
        return torch.cuda.max_memory_allocated(device)
    resident = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return resident if sys.platform == "darwin" else resident * 1024  # macOS counts bytes, Linux KiB
