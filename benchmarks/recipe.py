"""The training recipe: what each change of it is worth, one at a time and together, over training seeds.

A change is trained as the stage `train` does it, drawn as `sample` does, by DDPM and by DDIM, and judged by the
classifier that `judges` trained. Every number is the mean over training seeds with Student's 95 % interval, and every
difference to the reference, noise prediction with twice the images, is paired by training seed. Trainings run side by
side in processes of one thread each. Finished trainings and finished numbers are kept in files, so a killed run goes on
where it was, and more seeds, images or steps can be asked for later.

    uv run dvc repro judges
    uv run python benchmarks/recipe.py --out reports/benchmarks/recipe-cpu.json

`--only NAME NAME` measures these changes alone, and without the reference among them there are no differences;
`--list` prints all changes.
"""

import argparse
import multiprocessing
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch  # after the pipeline has set it up

from pipeline import compute, errors, params
from pipeline.anatomy import drawing, policy
from pipeline.data import prepared
from pipeline.data.tensors import resident
from pipeline.diffusion import checkpoint, training, unet
from pipeline.diffusion.brightness import slopes
from pipeline.diffusion.schedule import alpha_bar, descend
from pipeline.diffusion.seeds import seeds_from
from pipeline.diffusion.subject import Subject
from pipeline.diffusion.validation import ValidationSet, predict, validation_set
from pipeline.files import read_json, replacing, write_json
from pipeline.judges import classifier, frechet, reference
from pipeline.judges.features import choose, extract
from pipeline.judges.number import Number, student
from pipeline.params import Params, Train, UNet
from pipeline.progress import bar

SLOPES_AT = (980, 800)  # timesteps at which the slope of the noise's mean is measured
SLOPE_DRAWS = 4  # noisy versions of each held-out image there
SAMPLERS = ("ddpm", "ddim")
REFERENCE = "noise, twice the images"


@dataclass(frozen=True)
class Change:
    """A recipe, as differences from params.yaml: of `diffusion.prediction`, of `train`, of `unet`, and of the training
    itself, where params.yaml has no key for it (a class)."""

    prediction: str = "v"
    train: dict[str, Any] = field(default_factory=dict)
    unet: dict[str, Any] = field(default_factory=dict)
    kind: type[training.Training] = training.Training


@dataclass(frozen=True)
class Job:
    """One training of a change, and what it is to be measured by. count: images drawn by each sampler; steps: of the
    sampler."""

    path: Path
    change: str
    seed: int
    count: int
    steps: int
    data: Path
    judges: Path
    parts: Path


class MinSNR(training.Training):
    """A training whose squared error of v is weighted by min(SNR, 5) / (SNR + 1), scaled to a mean weight of 1 over the
    timesteps (Hang et al. 2023, eq. 9 and their appendix on v)."""

    def squared_error(self, predicted: torch.Tensor, target: torch.Tensor, t: torch.Tensor) -> torch.Tensor:
        snr = self.alpha_bar / (1 - self.alpha_bar)
        weights = snr.clamp(max=5) / (snr + 1)
        return ((predicted - target).square().mean((1, 2, 3)) * (weights / weights.mean())[t]).mean()


OLD = {"optimizer": "adamw", "lr": 0.003, "beta2": 0.999, "timesteps": "alone"}
HALF = {"images": 12_000, "warmup": 600, "batch_size": 32}
ADAMW = HALF | {"optimizer": "adamw", "lr": 0.003, "beta2": 0.99, "timesteps": "even", "batch_size": 16}
MUON = HALF | {"optimizer": "muon", "lr": 0.006, "beta2": 0.99, "timesteps": "even"}
CHANGES = {
    REFERENCE: Change("epsilon", OLD | {"images": 24_000, "warmup": 1200, "batch_size": 32}),
    "noise": Change("epsilon", OLD | HALF),
    "v": Change("v", OLD | HALF),
    "v, batch 16, even timesteps, beta2": Change("v", ADAMW),
    "the same, min-SNR": Change("v", ADAMW, {}, MinSNR),
    "the same, middle": Change("v", ADAMW | {"timesteps": "middle"}),
    "Muon": Change("v", MUON),
    "Muon, batch 16": Change("v", MUON | {"batch_size": 16}),
    "Muon, middle": Change("v", MUON | {"timesteps": "middle"}),
    "Muon, middle, batch 48": Change("v", MUON | {"timesteps": "middle", "batch_size": 48, "lr": 0.008}),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--params", type=Path, default=Path("params.yaml"))
    parser.add_argument("--data", type=Path, default=Path("outputs/prepare"), help="folder that prepare wrote")
    parser.add_argument("--judges", type=Path, default=Path("outputs/judges"), help="folder that judges wrote")
    parser.add_argument("--only", nargs="+", choices=tuple(CHANGES), metavar="NAME", help="the changes to measure")
    parser.add_argument("--list", action="store_true", help="print the changes and end")
    parser.add_argument("--seeds", type=int, default=3, help="training seeds of every change")
    parser.add_argument("--count", type=int, default=450, help="images drawn by each sampler")
    parser.add_argument("--steps", type=int, default=50, help="steps of each sampler")
    parser.add_argument("--side-by-side", type=int, default=2, help="how many trainings run at once, a thread each")
    parser.add_argument("--parts", type=Path, default=Path("cache/recipe"), help="folder of finished trainings")
    parser.add_argument("--out", type=Path, help="JSON file for the result")
    args = parser.parse_args()
    if args.list:
        print("\n".join(f"{name}: {_words(change)}" for name, change in CHANGES.items()))
        return
    names = args.only or list(CHANGES)
    jobs = [
        Job(args.params, name, seed, args.count, args.steps, args.data, args.judges, args.parts)
        for seed in range(args.seeds)
        for name in names
    ]
    found: dict[str, list[dict[str, float]]] = {name: [] for name in names}
    for job, numbers in zip(jobs, _side_by_side(jobs, args.side_by_side), strict=True):
        found[job.change].append(numbers)
    result = summarise(found)
    print(table(result))
    if args.out:
        machine = {"cpu": torch.backends.cpu.get_cpu_capability(), "torch": torch.__version__}
        settings = {"images_drawn": args.count, "steps": args.steps, "reference": REFERENCE, "machine": machine}
        write_json(args.out, settings | {"changes": {n: {"is": _words(CHANGES[n])} | result[n] for n in names}})


def _side_by_side(jobs: list[Job], processes: int) -> list[dict[str, float]]:
    """Do the jobs in processes of one thread each, and return their numbers, in order."""
    context = multiprocessing.get_context("spawn")
    done = context.Value("q", 0)
    with (
        context.Pool(processes, _share, (done,)) as pool,
        bar("recipe", sum(work(job) for job in jobs), "pass") as progress,
    ):
        waiting = [pool.apply_async(measure, (job,)) for job in jobs]
        while not all(each.ready() for each in waiting):
            time.sleep(0.5)
            progress.update(done.value - progress.n)
        progress.update(done.value - progress.n)
        return [each.get() for each in waiting]


_done: Any = None  # in a process of the pool: how many passes all of them have done


def _share(done: Any) -> None:
    global _done
    _done = done


def _count(passes: int) -> None:
    if _done is not None:
        with _done.get_lock():
            _done.value += passes


def work(job: Job) -> int:
    """Return how many forward passes of an image a job takes, about; a training pass counts as three."""
    images = CHANGES[job.change].train["images"]
    return 3 * images + len(SAMPLERS) * job.count * job.steps


def measure(job: Job) -> dict[str, float]:
    """Train one change with one seed, draw and judge; what is kept from an earlier run is read from its files."""
    change = CHANGES[job.change]
    device = compute.device("cpu", 1)
    values = params.load(job.path)
    dataset = prepared.dataset(job.data)
    train = Train.model_validate(
        {**values.train.model_dump(), "snapshots": [], "log_every": change.train["images"], **change.train}
    )
    architecture = UNet.model_validate({**values.unet.model_dump(), **change.unet})
    trained_on = [change.prediction, change.kind.__name__, train.model_dump(), architecture.model_dump(), job.seed]
    process = [values.diffusion.schedule, values.diffusion.timesteps, values.sampler.clip]
    key = checkpoint.key([trained_on, process, dataset.sha256, torch.__version__])[:16]
    numbers_at, trained_at = job.parts / f"{key}-{job.count}-{job.steps}.json", job.parts / key
    if numbers_at.is_file():
        _count(work(job))
        return dict(read_json(numbers_at))

    real, held_out = dataset.split("train"), dataset.split("validation")
    levels = alpha_bar(values.diffusion.schedule, values.diffusion.timesteps)
    validation = validation_set(*resident(held_out, device), train.validation_draws, len(levels))
    shape = (dataset.image_size, dataset.image_channels, len(dataset.classes))
    if trained_at.is_dir():
        _count(3 * train.images)
    else:
        model = unet.build(architecture, *shape, job.seed, train.label_dropout > 0)
        run = change.kind(
            model, *resident(real, device), validation, levels, change.prediction, train, job.seed, job.change
        )
        run.updated = lambda images: _count(3 * images)
        rows = list(run)
        with replacing(trained_at) as folder:
            run.finished().save_pretrained(folder, safe_serialization=True)
            numbers = {"validation_loss": rows[-1].validation_loss, "train_seconds": run.seconds}
            write_json(folder / "trained.json", numbers)
    subject = Subject(unet.load(trained_at), change.prediction, levels, len(dataset.classes))
    numbers = read_json(trained_at / "trained.json") | _slopes(subject, validation)
    numbers |= _quality(subject, values, job, dataset.sha256["train"])
    write_json(numbers_at, numbers)
    return dict(numbers)


def _slopes(subject: Subject, validation: ValidationSet) -> dict[str, float]:
    """Return the slope of the predicted on the true mean of the noise at each of SLOPES_AT."""
    x0, labels = validation.x0, validation.labels
    eps = torch.randn((SLOPE_DRAWS, *x0.shape), generator=torch.Generator().manual_seed(0))
    out = {}
    for t in SLOPES_AT:
        noisy = ValidationSet(x0, labels, torch.full((SLOPE_DRAWS, len(x0)), t), eps)
        found = predict(unet.denoiser(subject.model, subject.prediction, subject.alpha_bar), noisy, subject.alpha_bar)
        means = found.noise_means.reshape(-1), found.predicted_means.reshape(-1)
        out[f"slope_at_{t}"] = float(slopes(*means, np.ones((1, len(means[0]))))[0])
    return out


def _quality(subject: Subject, values: Params, job: Job, sha256: str) -> dict[str, float]:
    """Return the distance and the accuracy of the images that each sampler draws."""
    device = subject.device
    trained = classifier.load(job.judges / "classifier")
    judge = choose(values.judges, trained)
    real = reference.load(job.judges / "reference", sha256, judge)
    seeds = seeds_from(values.sampler.first_seed, job.count)
    labels, out = subject.labels(seeds), {}
    for sampler in SAMPLERS:
        plain = policy.plain(descend(job.steps, len(subject.alpha_bar)), sampler, values.sampler.clip)
        images = drawing.draw(subject, plain, seeds, labels, values.sample.batch_size, _count)
        out[f"{sampler}_{judge.frechet}"] = frechet.distance(extract(judge, images, device), real.statistics)
        out[f"{sampler}_accuracy"] = float((classifier.predict(trained, images) == labels).mean())
    return out


def summarise(found: dict[str, list[dict[str, float]]]) -> dict[str, dict[str, dict[str, Number]]]:
    """Return for every change its numbers over training seeds, and, where the reference is there, their differences to
    it, paired by seed."""
    result = {}
    for name, runs in found.items():
        pairs = list(zip(runs, found.get(REFERENCE, []), strict=False))
        numbers = {key: over_seeds([run[key] for run in runs]) for key in runs[0]}
        differences = {key: over_seeds([run[key] - base[key] for run, base in pairs]) for key in runs[0] if pairs}
        result[name] = {"numbers": numbers, "differences": differences}
    return result


def over_seeds(values: list[float]) -> Number:
    """Return the mean over training seeds, with Student's 95 % interval where there are several."""
    number: Number = {"value": float(np.mean(values)), "n": len(values), "replicas": values}
    if len(values) > 1:
        number["ci95"] = student(np.array(values))[1]
    return number


def table(result: dict[str, dict[str, dict[str, Number]]]) -> str:
    """Return the numbers as a table of Markdown, a row for each change."""
    keys = [key for key in next(iter(result.values()))["numbers"] if key != "train_seconds"]
    lines = ["| change | " + " | ".join(keys) + " |", "|:--|" + "--:|" * len(keys)]
    for name, of in result.items():
        lines.append(f"| {name} | " + " | ".join(_shown(of["numbers"][key]) for key in keys) + " |")
    return "\n".join(lines)


def _shown(number: Number) -> str:
    ends = f" [{number['ci95'][0]:.3g}, {number['ci95'][1]:.3g}]" if "ci95" in number else ""
    return f"{number['value']:.3g}{ends}"


def _words(change: Change) -> dict[str, Any]:
    """Return what a change differs in, as values that JSON can hold."""
    own = {"training": str(change.kind.__doc__)} if change.kind is not training.Training else {}
    return {"prediction": change.prediction, **change.train, **change.unet, **own}


if __name__ == "__main__":
    errors.run(main)
