"""The spacings of a sampling loop's steps: which timesteps are visited when there are fewer steps than noise levels.

Each gives `count` timesteps that fall, int, from the noisy end to 0, the clean end. The share of the process is 0 at
T - 1 and 1 at timestep 0. This file needs no torch.
"""

from collections.abc import Callable

import numpy as np

from pipeline.errors import UserError

RHO = 7  # of Karras et al. 2022
LEAST_LAMBDA = -5.1  # half the logarithm of signal over noise at which a loop that is spaced by noise level begins at
# the earliest; diffusers' own advice for the cosine schedule, whose noisiest levels lie far below it


def exponential(count: int, total: int, strength: float, position: float) -> list[int]:
    """Return timesteps that lie densest around a place in the process, from T - 1 to 0, with gaps that grow as an
    exponential function of the steps away from it: the exponential time-step sampling of Park et al. 2024, equations 12
    to 14, with two things settled plainly.

    count: how many, at least 2; total: T; strength: the logarithm of the largest gap over the smallest, on the side
    that reaches farther; 0 gives even spacing. With ln(T) (l - 1) / (l + gamma) it is as sharp as the source's curve
    for l steps shifted by gamma, 2.2 for its 30 steps and gamma = 60. position: the place, as a share of the process:
    0 is the source's early sampling, and 1 its latter one. The source's lists end short of the clean image, or leap
    over the noisiest part at once, which would mix what a stage is worth with leaving another out; here both ends are
    kept (`source` has the lists as they are). Two steps that fall on one timestep are a `UserError`.
    """
    x = np.linspace(0, 1, count)
    if strength > 0:
        growth, reach = np.expm1(strength), max(position, 1 - position)

        def steps(apart: np.ndarray | float) -> np.ndarray | float:
            """How many steps, up to a factor, lie within so much of the process on one side."""
            return reach / growth * np.log1p(growth * apart / reach)

        before, after = steps(position), steps(1 - position)
        away = x * (before + after) - before
        x = position + np.sign(away) * reach / growth * np.expm1(growth / reach * abs(away))
    found = ((total - 1) * (1 - x)).round().astype(int).tolist()
    if len(set(found)) < count:
        raise UserError(
            f"{count} steps with a strength of {strength:g} around {position:.0%} of the process fall together on "
            f"some of the {total} timesteps; fewer steps, or a smaller strength, stay apart."
        )
    return found


def source(count: int, total: int, shift: float, early: bool) -> list[int]:
    """Return the timesteps of Park et al. 2024, equations 12 to 14, as they are: with a = T^(1 / (l + gamma)), T - 1
    and then T - floor(a^(i + 1 + gamma)) for the early stage, or floor(a^(i + 1 + gamma)) from the largest on for the
    latter one, of which T itself becomes T - 1.

    count: l; total: T; shift: gamma. Two steps that fall on one timestep are a `UserError`.
    """
    grown = np.exp(np.log(total) / (count + shift) * (np.arange(1, count + 1) + shift))
    floors = np.floor(grown + 1e-6).astype(int)  # T is a root's power, which falls just short of it
    found = [total - 1, *(total - floors[:-1])] if early else [min(each, total - 1) for each in floors[::-1]]
    if len(set(found)) < count:
        raise UserError(
            f"{count} steps of the source's exponential function, shifted by {shift:g}, fall together on some of the "
            f"{total} timesteps; fewer steps, or a larger shift, stay apart."
        )
    return [int(each) for each in found]


def shift(count: int, total: int, strength: float) -> float:
    """Return the shift gamma at which `source` has the strength of `exponential`: its curve without the leap at one end
    is the same one. strength: above 0."""
    return float(np.log(total) * (count - 1) / strength - count)


def quadratic(count: int, total: int) -> list[int]:
    """Return timesteps that grow as squares of the steps from the clean end (Song et al. 2021, appendix D.2)."""
    return apart(np.linspace(1, 0, count) ** 2 * (total - 1), total)


def karras(count: int, alpha_bar: np.ndarray) -> list[int]:
    """Return the timesteps nearest to the noise levels of Karras et al. 2022, equation 5 with rho = 7: sigma =
    sqrt(1 / alpha-bar - 1), between the subject's own smallest and largest (`LEAST_LAMBDA`); alpha_bar: float [T]."""
    sigma = np.exp(-_lambda(alpha_bar))
    ends = sigma.max() ** (1 / RHO), sigma.min() ** (1 / RHO)
    return _nearest(-np.log(np.linspace(*ends, count) ** RHO), alpha_bar)


def log_snr(count: int, alpha_bar: np.ndarray) -> list[int]:
    """Return the timesteps nearest to equal gaps of the logarithm of signal over noise (Lu et al. 2022, section 3.4);
    alpha_bar: float [T]."""
    levels = _lambda(alpha_bar)
    return _nearest(np.linspace(levels.min(), levels.max(), count), alpha_bar)


def _lambda(alpha_bar: np.ndarray) -> np.ndarray:
    """Return half the logarithm of signal over noise of every level that a loop may begin at, [T]."""
    return np.maximum(np.log(alpha_bar / (1 - alpha_bar)) / 2, LEAST_LAMBDA)


def _nearest(wanted: np.ndarray, alpha_bar: np.ndarray) -> list[int]:
    """Return the timesteps at which half the logarithm of signal over noise is nearest to what is wanted, [count], the
    smallest first."""
    levels = _lambda(alpha_bar)[::-1]  # rises
    return apart(len(levels) - 1 - np.interp(wanted, levels, np.arange(len(levels))), len(levels))


def apart(places: np.ndarray, total: int) -> list[int]:
    """Return the timesteps nearest to places that fall, where those that would fall together move on to the next free
    one: noise levels lie closer at the clean end than timesteps do. places: float [count]; total: T, at least count."""
    found = np.round(places).astype(int)
    for i in range(1, len(found)):
        found[i] = min(found[i], found[i - 1] - 1)
    for i in range(len(found) - 1, -1, -1):
        found[i] = max(found[i], len(found) - 1 - i)
    return [int(each) for each in found]


RIVALS: dict[str, Callable[[int, np.ndarray], list[int]]] = {
    "quadratic": lambda count, alpha_bar: quadratic(count, len(alpha_bar)),
    "Karras": karras,
    "log-SNR": log_snr,
}
"""The spacings that people use beside the uniform one; each takes the count of steps and alpha-bar, float [T]."""
