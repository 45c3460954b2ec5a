"""The speed of training: this project's loop beside a plain one, with each switch, as a share of the machine's matrix
rate.

The plain loop is the one of diffusers' unconditional-training example (DataLoader, DDPMScheduler, mse_loss, EMAModel),
with the project's hyperparameters and class labels. All is measured in one run on one machine; times are medians over
rounds in which the loops take turns. `uv run python benchmarks/training.py --help` lists the options.
"""

import argparse
import itertools
import multiprocessing
import statistics
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from pipeline import compute, errors, params
from pipeline.data.images import ImageSet
from pipeline.data.sources import digits
from pipeline.data.tensors import resident, scaled
from pipeline.diffusion import costs, training, unet
from pipeline.diffusion.schedule import BETA_SCHEDULES, alpha_bar
from pipeline.diffusion.validation import predict, validation_set
from pipeline.files import write_json
from pipeline.params import Params, Train

# isort: split
import torch
from diffusers import DDPMScheduler
from diffusers.optimization import get_cosine_schedule_with_warmup
from diffusers.training_utils import EMAModel

BATCH_OF_FLOPS = 3 * 2  # a training pass is about three forward passes; a multiply-add is two operations
CLASSES = 10
MATRIX = {"cuda": 8192, "cpu": 1536}  # rows and columns of the matrices whose product gives the rate
PATIENCE = 600  # seconds that trainings side by side wait for one that has died
SWITCHES: dict[str, dict[str, Any]] = {
    "as params.yaml has it": {},
    "float32": {"precision": "float32", "channels_last": False, "compile": "none"},
    "float32, channels-last": {"precision": "float32", "channels_last": True, "compile": "none"},
    "bfloat16": {"precision": "bfloat16", "channels_last": False, "compile": "none"},
    "bfloat16, channels-last": {"precision": "bfloat16", "channels_last": True, "compile": "none"},
    "compiled": {"precision": "float32", "channels_last": False, "compile": "default"},
    "bfloat16, channels-last, compiled": {"precision": "bfloat16", "channels_last": True, "compile": "default"},
    "bfloat16, channels-last, CUDA graphs": {
        "precision": "bfloat16",
        "channels_last": True,
        "compile": "reduce-overhead",
    },
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--params", type=Path, default=Path("params.yaml"))
    parser.add_argument("--variant", default="baseline")
    parser.add_argument("--updates", type=int, default=20, help="updates timed in a round")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--images", type=int, default=6400, help="images after which the losses are compared")
    parser.add_argument(
        "--compile", action="store_true", help="measure the compiled switches too, which takes minutes on a CPU"
    )
    parser.add_argument("--side-by-side", type=int, default=2, help="how many trainings run at once in the last row")
    parser.add_argument("--out", type=Path, help="JSON file for the same numbers")
    args = parser.parse_args()
    values = params.load(args.params)
    device = compute.device(values.compute.device, values.compute.threads)
    held, real = images(values.data.image_size)
    macs = costs.measure(network(values, args.variant, held.images.shape[-1], torch.device("cpu"))).multiply_adds
    rate = {str(dtype).split(".")[1]: matrix_rate(device, dtype) for dtype in (torch.float32, torch.bfloat16)}
    print(f"{describe(device)}; matrix rate {', '.join(f'{k} {v / 1e9:.0f} GFLOP/s' for k, v in rate.items())}")
    print(f"{args.variant}: {macs / 1e6:.1f} M multiply-adds an image, batches of {values.train.batch_size}\n")
    out: dict[str, Any] = {
        "machine": describe(device),
        "matrix_flops": rate,
        "multiply_adds": macs,
        "batch_size": values.train.batch_size,
        "rounds": args.rounds,
        "updates": args.updates,
    }

    pair = {"ours": ours(values, args.variant, real, device, {}), "plain": plain(values, args.variant, real, device)}
    speeds = in_turn(pair, args.updates, args.rounds, values.train.batch_size, device)
    ratios = [a / b for a, b in zip(speeds["ours"], speeds["plain"], strict=True)]
    out["ours_over_plain"] = {"median": statistics.median(ratios), "min": min(ratios), "max": max(ratios)}
    losses = losses_after(values, args.variant, real, held, device, args.images)
    out["loss_after_images"] = {"images": args.images, **losses}
    print("| loop | images/s (median of rounds) | validation loss after the same images |\n|:--|--:|--:|")
    for name in pair:
        print(f"| {name} | {statistics.median(speeds[name]):.0f} | {losses[name]:.4f} after {args.images} |")
    print(f"\nours / plain, round by round: {statistics.median(ratios):.2f} ({min(ratios):.2f} to {max(ratios):.2f})\n")

    print("| switches | images/s | share of the matrix rate | first update |\n|:--|--:|--:|--:|")
    out["switches"] = {}
    for name, switches in SWITCHES.items():
        compiled, graphs = (switches.get("compile", "none") != "none", switches.get("compile") == "reduce-overhead")
        if (compiled and not args.compile) or (graphs and device.type != "cuda"):
            continue
        steps = ours(values, args.variant, real, device, switches)
        start = time.perf_counter()
        run_for(steps, 1, device)
        first = time.perf_counter() - start
        (timed,) = in_turn({name: steps}, args.updates, args.rounds, values.train.batch_size, device).values()
        speed = statistics.median(timed)
        share = speed * macs * BATCH_OF_FLOPS / rate[switches.get("precision", values.train.precision)]
        out["switches"][name] = {"images_per_second": speed, "share_of_matrix_rate": share, "first_update_s": first}
        print(f"| {name} | {speed:.0f} | {100 * share:.1f} % | {first:.1f} s |", flush=True)
    together = side_by_side(args.side_by_side, args.params, args.variant, args.updates * args.rounds)
    out["side_by_side"] = {"runs": args.side_by_side, "images_per_second": together}
    print(f"| as params.yaml has it, {args.side_by_side} trainings at once | {together:.0f} in all | | |")
    if args.out:
        write_json(args.out, out)


def images(size: int) -> tuple[ImageSet, ImageSet]:
    """Return a held-out and a training set of digits of any size; speed does not depend on what they show."""
    source = digits(size)
    whole = ImageSet(source.images, source.labels, source.ids)
    return whole[np.arange(0, 180)], whole[np.arange(180, len(whole))]


def network(values: Params, variant: str, channels: int, device: torch.device) -> Any:
    """Build the variant with fresh weights, which are the same every time."""
    return unet.build(values.architecture(variant), values.data.image_size, channels, CLASSES, 0).to(device)


def ours(
    values: Params, variant: str, real: ImageSet, device: torch.device, switches: dict[str, Any], images: int = 10**9
) -> Iterator[None]:
    """Train with this project's loop, an update at a time."""
    run = our_training(values, variant, real, real[np.arange(10)], device, switches, images)
    while True:
        run.update()
        yield


def our_training(
    values: Params,
    variant: str,
    real: ImageSet,
    held: ImageSet,
    device: torch.device,
    switches: dict[str, Any],
    images: int,
) -> training.Training:
    whole = {"images": images, "log_every": images, "snapshots": []}
    train = Train.model_validate({**values.train.model_dump(), **switches, **whole})
    levels = alpha_bar(values.diffusion.schedule, values.diffusion.timesteps)
    validation = validation_set(*resident(held, device), 4, len(levels))
    model = network(values, variant, real.images.shape[-1], device)
    return training.Training(model, *resident(real, device), validation, levels, "epsilon", train, 0, variant)


def plain(values: Params, variant: str, real: ImageSet, device: torch.device, images: int = 10**9) -> Iterator[Any]:
    """Train with the plain loop, an update at a time, and yield the network and its averaged weights."""
    train = values.train
    model = network(values, variant, real.images.shape[-1], device)
    average = EMAModel(model.parameters(), decay=train.ema, use_ema_warmup=False, foreach=True)
    scheduler = DDPMScheduler(values.diffusion.timesteps, beta_schedule=BETA_SCHEDULES[values.diffusion.schedule])
    optimizer = torch.optim.AdamW(
        model.parameters(), lr=train.lr, betas=(0.9, train.beta2), weight_decay=train.weight_decay
    )
    warmup, total = train.warmup // train.batch_size, -(-images // train.batch_size)
    rates = get_cosine_schedule_with_warmup(optimizer, warmup, total)
    pixels, labels = resident(real, torch.device("cpu"))
    data = torch.utils.data.TensorDataset(scaled(pixels), labels)
    torch.manual_seed(0)
    loader = torch.utils.data.DataLoader(data, batch_size=train.batch_size, shuffle=True, drop_last=True)
    for batch, classes in itertools.chain.from_iterable(itertools.repeat(loader)):
        clean, classes = batch.to(device), classes.to(device)
        noise = torch.randn_like(clean)
        t = torch.randint(0, values.diffusion.timesteps, (len(clean),), device=device).long()
        model.train()
        with torch.autocast(device.type, torch.bfloat16, enabled=train.precision == "bfloat16"):  # as accelerate does
            predicted = model(scheduler.add_noise(clean, noise, t), t, class_labels=classes).sample
        loss = torch.nn.functional.mse_loss(predicted.float(), noise)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), train.clip_norm)
        optimizer.step()
        rates.step()
        optimizer.zero_grad()
        average.step(model.parameters())
        yield model, average


def run_for(steps: Iterator[Any], updates: int, device: torch.device) -> float:
    """Return the seconds that so many updates take."""
    start = time.perf_counter()
    for _ in range(updates):
        next(steps)
    if device.type == "cuda":
        torch.cuda.synchronize()
    return time.perf_counter() - start


def in_turn(
    contestants: dict[str, Iterator[Any]], updates: int, rounds: int, batch_size: int, device: torch.device
) -> dict[str, list[float]]:
    """Return the images per second of every loop in every round, after a first round that does not count."""
    speeds: dict[str, list[float]] = {name: [] for name in contestants}
    for counted in range(-1, rounds):
        for name, steps in contestants.items():
            seconds = run_for(steps, updates, device)
            if counted >= 0:
                speeds[name].append(updates * batch_size / seconds)
    return speeds


def losses_after(
    values: Params, variant: str, real: ImageSet, held: ImageSet, device: torch.device, images: int
) -> dict[str, float]:
    """Return the validation loss of both loops' averaged weights after the same images, on the same draws."""
    run = our_training(values, variant, real, held, device, {}, images)
    rows = list(run)
    for model, average in itertools.islice(plain(values, variant, real, device, images), run.updates_total):
        pass
    average.copy_to(model.parameters())
    theirs = predict(unet.denoiser(model.eval(), "epsilon", run.alpha_bar), run.validation, run.alpha_bar)
    return {"ours": rows[-1].validation_loss, "plain": float(theirs.losses.mean())}


def matrix_rate(device: torch.device, dtype: torch.dtype) -> float:
    """Return the operations per second of a large matrix product, the best of five."""
    size = MATRIX[device.type]
    a, b = (torch.randn(size, size, device=device).to(dtype) for _ in range(2))
    product: Callable[[], Any] = lambda: a @ b  # noqa: E731
    product()
    times = []
    for _ in range(5):
        start = time.perf_counter()
        product()
        if device.type == "cuda":
            torch.cuda.synchronize()
        times.append(time.perf_counter() - start)
    return 2 * size**3 / min(times)


def side_by_side(runs: int, path: Path, variant: str, updates: int) -> float:
    """Return the images per second of several trainings at once, in sum; each has its share of the CPU threads."""
    context = multiprocessing.get_context("spawn")
    barrier, speeds = context.Barrier(runs, timeout=PATIENCE), context.Queue()
    some = [context.Process(target=_one, args=(path, variant, updates, runs, barrier, speeds)) for _ in range(runs)]
    for process in some:
        process.start()
    total = sum(speeds.get(timeout=2 * PATIENCE) for _ in some)
    for process in some:
        process.join()
    return float(total)


def _one(path: Path, variant: str, updates: int, runs: int, barrier: Any, speeds: Any) -> None:
    values = params.load(path)
    device = compute.device(values.compute.device, max(values.compute.threads // runs, 1))
    steps = ours(values, variant, images(values.data.image_size)[1], device, {})
    run_for(steps, 3, device)
    barrier.wait()
    speeds.put(updates * values.train.batch_size / run_for(steps, updates, device))


def describe(device: torch.device) -> str:
    """Return the machine in words."""
    name = torch.cuda.get_device_name(device) if device.type == "cuda" else torch.backends.cpu.get_cpu_capability()
    return f"{device.type} {name}, {torch.get_num_threads()} threads, torch {torch.__version__}"


if __name__ == "__main__":
    errors.run(main)
