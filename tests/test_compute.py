"""A stage takes as many CPU threads as it was given, for all its libraries."""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
COUNT = """
import numpy, torch
from pipeline import compute
from threadpoolctl import threadpool_info
compute.device("cpu", 1)
import scipy.linalg, sklearn.svm  # after it, as a stage may do
print(torch.get_num_threads(), *{library["num_threads"] for library in threadpool_info()})
"""


def test_linear_algebra_has_as_many_threads_as_torch() -> None:
    own = {name: value for name, value in os.environ.items() if not name.endswith("_NUM_THREADS")}
    done = subprocess.run([sys.executable, "-c", COUNT], cwd=ROOT, env=own, capture_output=True, text=True, check=True)
    assert done.stdout == "1 1\n"
