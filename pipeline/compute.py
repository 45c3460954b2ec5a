"""The device of a stage, set up so that the same machine gives the same bytes twice."""

import os
import resource
import sys

import torch
from threadpoolctl import threadpool_limits

from pipeline.errors import UserError
from pipeline.processes import Start


def fingerprint(device: torch.device) -> list[str | int]:
    """Return what fixes the bytes of a result beside code and seeds: torch's version, the kind of device, and the
    number of threads. With others, the same code may round in another way."""
    return [torch.__version__, device.type, torch.get_num_threads()]


def device(name: str, threads: int) -> torch.device:
    """Return the device named `auto`, `cpu` or `cuda`, and set up `threads` CPU threads and deterministic kernels only.
    `cuda` on a machine without it is a `UserError`.

    NumPy's and SciPy's linear algebra gets as many threads as torch: by itself it takes one per core in each of the
    processes that work side by side, and threads that wait for a core made the stage `evaluate` three times slower.
    """
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
    torch.set_deterministic_debug_mode("error")  # use_deterministic_algorithms(True) imports the whole compiler too
    torch.utils.deterministic.fill_uninitialized_memory = False  # type: ignore[attr-defined]  # a guard, and slow
    torch.set_num_threads(threads)
    threadpool_limits(threads)  # of libraries that are loaded
    for name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS"):  # and of those that are loaded later
        os.environ[name] = str(threads)
    torch.backends.cudnn.benchmark = False
    there = name != "cpu" and torch.cuda.is_available()
    if name == "cuda" and not there:
        raise UserError("params.yaml: compute.device is cuda, but this machine has none; auto and cpu run here.")
    return torch.device("cuda" if there else "cpu")


def start(name: str) -> Start:
    """Return how a process begins that computes on the device named `auto`, `cpu` or `cuda`. CUDA does not work in a
    process that was forked from one which has asked for it."""
    return "spawn" if name != "cpu" and torch.cuda.is_available() else "fork"


def peak_bytes(device: torch.device) -> int:
    """Return the most memory in bytes that this process has held: on a GPU what was allocated, on a CPU what was
    resident, with libraries."""
    if device.type == "cuda":
        return torch.cuda.max_memory_allocated(device)
    resident = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return resident if sys.platform == "darwin" else resident * 1024  # macOS counts bytes, Linux KiB
