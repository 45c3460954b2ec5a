"""train: train every replica of a variant, from fresh weights to averaged ones, each going on from its last checkpoint.

A replica that has been trained to its end stays in the checkpoints, so one replica more trains none of them again.
"""

import argparse
from functools import partial
from pathlib import Path

import numpy as np

from pipeline import arguments, compute, errors, params
from pipeline.data import prepared
from pipeline.data.tensors import resident
from pipeline.diffusion import checkpoint, costs, training, unet
from pipeline.diffusion.resumed import Kept
from pipeline.diffusion.schedule import alpha_bar
from pipeline.diffusion.trained import Trained
from pipeline.diffusion.validation import validation_set
from pipeline.files import part, replacing
from pipeline.orchestration import tracking
from pipeline.processes import side_by_side
from pipeline.progress import bar


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--params", type=Path, required=True)
    parser.add_argument("--variant", required=True, help="a name under variants")
    parser.add_argument("--data", type=Path, required=True, help="folder that prepare wrote")
    parser.add_argument(
        "--checkpoints", type=Path, required=True, help="folder of checkpoints to go on from, and to write"
    )
    parser.add_argument(
        "--out", type=arguments.out, required=True, help="folder for model, snapshots and log of each replica"
    )
    args = parser.parse_args()
    values = params.load(args.params)
    values.architecture(args.variant)  # an unknown name is refused here
    import torch._dynamo  # noqa: F401  # what an optimizer imports: here, and not in every replica's process

    start = compute.start(values.compute.device)
    side_by_side(partial(train, args, values), values.replicas, values.compute.side_by_side, start)


def train(args: argparse.Namespace, values: params.Params, replica: int) -> None:
    """Train one replica; replica: the training seed, of weights, batches, timesteps and noise."""
    name = f"{args.variant}-{replica}"
    architecture, chosen = values.architecture(args.variant), values.train
    device = compute.device(values.compute.device, values.compute.replica_threads)
    dataset = prepared.dataset(args.data)
    real, held_out = dataset.split("train"), dataset.split("validation")

    shape = (dataset.image_size, dataset.image_channels, len(dataset.classes))
    build = partial(unet.build, architecture, *shape, replica, chosen.label_dropout > 0)
    cost = costs.measure(build())
    model = build().to(device)
    levels = alpha_bar(values.diffusion.schedule, values.diffusion.timesteps)
    validation = validation_set(*resident(held_out, device), chosen.validation_draws, len(levels))
    prediction = values.diffusion.prediction
    run = training.Training(
        model, *resident(real, device), validation, levels, prediction, chosen, replica, args.variant
    )

    determined_by = [
        architecture.model_dump(),
        chosen.model_dump() | {"seed": replica},
        values.diffusion.model_dump(),
        [dataset.sha256["train"], dataset.sha256["validation"]],
        compute.fingerprint(device),
    ]
    key = checkpoint.key(determined_by, "data", "diffusion")
    kept = Kept(args.checkpoints, name, key)
    if kept.restore(run):
        print(f"train: {name} goes on from image {run.rows[-1].images_seen}", flush=True)

    shown = values.model_dump(exclude={"variants"}) | {"unet": architecture.model_dump()}
    seen = run.rows[-1].images_seen if run.rows else 0
    with (
        tracking.live(args.variant, replica, key, shown, cost.as_dict()) as live,
        bar(f"train: {name}", run.updates_total * chosen.batch_size, "img", seen) as progress,
    ):
        run.updated = progress.update
        for row in run.rows:
            live.log(row)
        for row in kept.rows(run, chosen.checkpoint_every):
            live.log(row)
            if row.images_seen:
                shown_loss = f"loss {row.train_loss:.4f}, validation {row.validation_loss:.4f}"
                progress.set_postfix_str(shown_loss, refresh=False)
        write(run, held_out.ids, {"architecture": architecture.model_dump(), **cost.as_dict()}, args.out)
        live.finish(part(args.out, "model", replica))


def write(run: training.Training, held_out: np.ndarray, cost: dict[str, object], out: Path) -> None:
    """Write what a training left: its weights at the end and at the snapshots, curves, costs and times."""
    timing = {"train_seconds": run.seconds, "peak_bytes": run.peak_bytes, "device": run.images.device.type}
    found = Trained(out, run.seed, run.curve(), run.updates_table(), run.validation_table(held_out), cost, timing)
    found.save()
    averaged = run.finished().cpu()
    with replacing(found.model) as folder:
        averaged.save_pretrained(folder, safe_serialization=True)
    with replacing(found.snapshots) as folder:
        folder.mkdir()
        for images_seen, weights in run.snapshots.items():
            averaged.load_state_dict(weights)
            averaged.save_pretrained(folder / str(images_seen), safe_serialization=True)


if __name__ == "__main__":
    errors.run(main)
