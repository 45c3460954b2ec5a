"""train: train one replica of a variant, from fresh weights to averaged ones, or go on from its last checkpoint."""

import argparse
from pathlib import Path

from pipeline import compute, errors, params
from pipeline.data import prepared
from pipeline.data.tensors import resident
from pipeline.diffusion import checkpoint, costs, training, unet
from pipeline.diffusion.schedule import alpha_bar
from pipeline.diffusion.trained import Trained
from pipeline.diffusion.validation import validation_set
from pipeline.files import remove, replacing
from pipeline.orchestration import tracking
from pipeline.progress import bar


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--params", type=Path, required=True)
    parser.add_argument("--variant", required=True, help="a name under variants")
    parser.add_argument(
        "--replica", type=int, required=True, help="training seed: of weights, batches, timesteps and noise"
    )
    parser.add_argument("--data", type=Path, required=True, help="folder that prepare wrote")
    parser.add_argument(
        "--checkpoints", type=Path, required=True, help="folder of checkpoints to go on from, and to write"
    )
    parser.add_argument("--out", type=Path, required=True, help="folder for model, snapshots, curves, costs and timing")
    args = parser.parse_args()
    values = params.load(args.params)
    name = f"{args.variant}-{args.replica}"
    architecture, train = values.architecture(args.variant), values.train
    device = compute.device(values.compute.device, values.compute.threads)
    dataset = prepared.dataset(args.data)
    real, held_out = dataset.split("train"), dataset.split("validation")

    shape = (dataset.image_size, dataset.image_channels, len(dataset.classes))
    cost = costs.measure(unet.build(architecture, *shape, args.replica))
    model = unet.build(architecture, *shape, args.replica).to(device)
    levels = alpha_bar(values.diffusion.schedule, values.diffusion.timesteps)
    validation = validation_set(*resident(held_out, device), train.validation_draws, len(levels))
    run = training.Training(
        model,
        *resident(real, device),
        validation,
        levels,
        values.diffusion.prediction,
        train,
        args.replica,
        args.variant,
    )

    determined_by = [
        architecture.model_dump(),
        train.model_dump() | {"seed": args.replica},
        values.diffusion.model_dump(),
        [dataset.sha256["train"], dataset.sha256["validation"]],
        compute.fingerprint(device),
    ]
    key = checkpoint.key(determined_by)
    unfinished = args.checkpoints / f"{name}-{key[:12]}.safetensors"  # those of other parameters stay
    saved = checkpoint.load(unfinished, key, device)
    if saved:
        run.restore(*saved)
        print(f"train: {name} goes on from image {run.rows[-1].images_seen}", flush=True)

    shown = values.model_dump(exclude={"variants"}) | {"unet": architecture.model_dump()}
    seen = last_saved = run.rows[-1].images_seen if run.rows else 0
    with (
        tracking.live(args.variant, args.replica, key, shown, cost.as_dict()) as live,
        bar(f"train: {name}", run.updates_total * train.batch_size, "img", seen) as progress,
    ):
        run.updated = progress.update
        for row in run.rows:
            live.log(row)
        for row in run:
            live.log(row)
            if row.images_seen:
                shown_loss = f"loss {row.train_loss:.4f}, validation {row.validation_loss:.4f}"
                progress.set_postfix_str(shown_loss, refresh=False)
            if row.images_seen - last_saved >= train.checkpoint_every:
                checkpoint.save(unfinished, key, *run.state())
                last_saved = row.images_seen
        finished = run.finished()
        found = Trained(
            args.out,
            run.curve(),
            run.updates_table(),
            run.validation_table(held_out.ids),
            {"architecture": architecture.model_dump(), **cost.as_dict()},
            {"train_seconds": run.seconds, "peak_bytes": compute.peak_bytes(device), "device": device.type},
        )
        found.save()
        with replacing(found.model) as folder:
            finished.cpu().save_pretrained(folder, safe_serialization=True)
        with replacing(found.snapshots) as folder:
            folder.mkdir()
            for images_seen, weights in run.snapshots.items():
                finished.load_state_dict(weights)
                finished.save_pretrained(folder / str(images_seen), safe_serialization=True)
        live.finish(found.model)
    remove(unfinished)


if __name__ == "__main__":
    errors.run(main)
