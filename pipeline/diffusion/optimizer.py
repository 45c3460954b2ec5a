"""The optimizers of the training: AdamW, or Muon for the matrices inside the network with AdamW for the rest."""

from collections.abc import Iterator

import torch
from torch import nn

from pipeline.diffusion.lean import UNet2DModel
from pipeline.params import Train


class Optimizer:
    """What changes the weights after each batch: AdamW, for all of them or for those that `Muon` leaves."""

    def __init__(self, model: UNet2DModel, params: Train):
        inner = list(_inner(model)) if params.optimizer == "muon" else []
        matrices = {id(weight) for weight in inner}
        self._rest = [weight for weight in model.parameters() if id(weight) not in matrices]
        self._adamw = torch.optim.AdamW(
            self._rest, lr=params.lr, betas=(0.9, params.beta2), weight_decay=params.weight_decay, fused=True
        )
        self._muon = Muon(inner, params.weight_decay)

    def step(self, lr: float) -> None:
        """Change the weights by their gradients, and forget these; lr: the learning rate."""
        self._adamw.param_groups[0]["lr"] = lr
        self._adamw.step()
        self._adamw.zero_grad(set_to_none=True)
        self._muon.step(lr)

    def state(self) -> dict[str, torch.Tensor]:
        """Return the running means as named tensors, for a checkpoint."""
        slots = self._adamw.state_dict()["state"].items()
        adamw = {f"adamw.{index}.{slot}": tensor for index, of in slots for slot, tensor in of.items()}
        return adamw | {f"muon.{index}": momentum for index, momentum in enumerate(self._muon.momenta)}

    def restore(self, tensors: dict[str, torch.Tensor]) -> None:
        """Go on from what `state` returned."""
        slots = dict[int, dict[str, torch.Tensor]]()
        for name, tensor in tensors.items():
            kind, index, *slot = name.split(".")
            if kind == "muon":
                self._muon.momenta[int(index)].copy_(tensor)
            else:
                like = self._rest[int(index)]
                same = torch.empty_like(like).copy_(tensor) if tensor.shape == like.shape else tensor  # or a count
                slots.setdefault(int(index), {})[slot[0]] = same
        self._adamw.load_state_dict({**self._adamw.state_dict(), "state": slots})


class Muon:
    """Muon (Jordan et al. 2024) for weights of at least two dimensions, each a matrix with a row per output channel.

    A step is the momentum of the gradient, made semi-orthogonal by Newton-Schulz steps, and scaled to the size that a
    step of AdamW has, so that both share one learning rate (Liu et al. 2025, eq. 4). It is `torch.optim.Muon`, against
    which it is tested, for all matrices of one shape at once: one by one, an update of the small networks here would
    take half as long again.
    """

    MOMENTUM = 0.95
    COEFFICIENTS = 3.4445, -4.7750, 2.0315
    STEPS = 5

    def __init__(self, weights: list[nn.Parameter], weight_decay: float):
        self.weight_decay = weight_decay
        groups = dict[tuple[int, ...], list[nn.Parameter]]()
        for weight in weights:
            groups.setdefault(tuple(weight.flatten(1).shape), []).append(weight)
        self.groups = list(groups.values())
        self.momenta = [torch.zeros(len(group), *shape, device=group[0].device) for shape, group in groups.items()]

    @torch.no_grad()
    def step(self, lr: float) -> None:
        """Change the weights by their gradients, and forget these; lr: the learning rate."""
        for weights, momentum in zip(self.groups, self.momenta, strict=True):
            matrices = [_matrix(weight, weight) for weight in weights]  # they share the memory of the weights
            gradients = torch.stack([_matrix(weight, weight.grad) for weight in weights])
            momentum.lerp_(gradients, 1 - self.MOMENTUM)
            steps = self.orthogonal(gradients.lerp(momentum, self.MOMENTUM))
            torch._foreach_mul_(matrices, 1 - lr * self.weight_decay)
            torch._foreach_add_(matrices, steps.unbind(), alpha=-lr * 0.2 * max(momentum.shape[1:]) ** 0.5)
            for weight in weights:
                weight.grad = None

    @classmethod
    def orthogonal(cls, matrices: torch.Tensor) -> torch.Tensor:
        """Return semi-orthogonal matrices near the given ones, float [N, rows, columns]: their singular values become
        0.7 to 1.2, about."""
        a, b, c = cls.COEFFICIENTS
        tall = matrices.shape[1] > matrices.shape[2]
        x = matrices.mT if tall else matrices
        x = x / x.norm(dim=(1, 2), keepdim=True).clamp(min=1e-7)
        for _ in range(cls.STEPS):
            square = x @ x.mT
            x = a * x + (b * square + c * square @ square) @ x
        return x.mT if tall else x


def _inner(model: UNet2DModel) -> Iterator[nn.Parameter]:
    """Return the weights of the convolutions and projections that neither read the image or the class nor give the
    result."""
    ends = {id(weight) for end in (model.conv_in, model.conv_out) for weight in end.parameters()}
    embeddings = {id(each.weight) for each in model.modules() if isinstance(each, nn.Embedding)}
    return (each for each in model.parameters() if each.dim() > 1 and id(each) not in ends | embeddings)


def _matrix(weight: nn.Parameter, values: torch.Tensor | None) -> torch.Tensor:
    """Return a weight's values as a matrix, a row per output channel. It shares the memory of values that lie as the
    weight does; the order of the columns is that of the memory, which Muon does not depend on."""
    assert values is not None
    if weight.dim() == 4 and not weight.is_contiguous():
        values = values.permute(0, 2, 3, 1)
    return values.reshape(len(values), -1)
