"""diffusers' U-Net, blocks and schedulers, imported without the models and the compiler that come with them unasked.

`from diffusers import UNet2DModel` runs the files of some seventy other models, imports transformers, and starts
torch's compiler, in twice the time that torch itself takes. Two things spare that here, and neither lasts:

- The packages around the files that are needed are there while these are imported, but their `__init__`, which imports
  or lists every model, is not run. It is run as usual by whoever imports such a package afterwards.
- torch's compiler counts as absent meanwhile, for which diffusers has a fallback of its own: it then leaves some
  classes unmarked that the U-Net does not use.
"""

import importlib.util
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType

COMPILER = "torch._dynamo"
PACKAGES = ("diffusers.models.transformers", "diffusers.models.unets", "transformers")  # whose `__init__` is long


@contextmanager
def _spared() -> Iterator[None]:
    """Within the block, what is named above is not run; what has been imported before is left as it is."""
    instead: dict[str, ModuleType | None] = {}
    try:
        for name in (COMPILER, *PACKAGES):
            if name not in sys.modules:
                found = None if name == COMPILER else importlib.util.find_spec(name)
                instead[name] = importlib.util.module_from_spec(found) if found else None
                sys.modules[name] = instead[name]  # type: ignore[assignment]  # None tells Python that it is absent
        yield
    finally:
        for name in instead:
            del sys.modules[name]


with _spared():
    from diffusers.models.resnet import Downsample2D as Downsample2D
    from diffusers.models.unets.unet_2d import UNet2DModel as UNet2DModel
    from diffusers.models.unets.unet_2d_blocks import UNetMidBlock2D as UNetMidBlock2D
    from diffusers.models.unets.unet_2d_blocks import get_up_block as get_up_block
    from diffusers.schedulers.scheduling_ddpm import DDPMScheduler as DDPMScheduler
