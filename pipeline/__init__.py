"""The project asks: what inside a diffusion model makes its images, and when?"""

import os

# How long a thread that waits for the others spins before it lets go of its core; read once, when torch is imported.
# OpenMP's own default is 30 times longer, and stalls a training when any other program takes one of its cores.
os.environ.setdefault("GOMP_SPINCOUNT", "10000")
