"""train: one variant of the denoiser, from fresh weights to averaged ones, resumable at its last checkpoint."""

import argparse
import hashlib
import json
from pathlib import Path

import numpy as np
import pandas as pd

from pipeline import compute, errors, params
from pipeline.data.images import load
from pipeline.data.tensors import resident
from pipeline.diffusion import checkpoint, costs, training, unet
from pipeline.diffusion.schedule import alpha_bar, snr_db
from pipeline.files import read_json, remove, replacing, write_json
from pipeline.orchestration import tracking
from pipeline.progress import bar


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--params", type=Path, required=True)
    parser.add_argument("--variant", required=True, help="a name under variants")
    parser.add_argument("--replica", type=int, required=True, help="seed of weights, batches, timesteps and noise")
    parser.add_argument("--data", type=Path, required=True, help="folder that prepare wrote")
    parser.add_argument("--checkpoints", type=Path, required=True, help="folder to go on from, and to save to")
    parser.add_argument("--out", type=Path, required=True, help="folder of model, snapshots, curves, costs and timing")
    args = parser.parse_args()
    values = params.load(args.params)
    name = f"{args.variant}-{args.replica}"
    architecture, train = values.architecture(args.variant), values.train
    device = compute.device(values.compute.device, values.compute.threads)
    dataset = read_json(args.data / "dataset.json")
    real, held_out = load(args.data / "train"), load(args.data / "validation")

    shape = (dataset["image_size"], dataset["image_channels"], len(dataset["classes"]))
    cost = costs.measure(unet.build(architecture, *shape, args.replica))
    model = unet.build(architecture, *shape, args.replica).to(device)
    levels = alpha_bar(values.diffusion.schedule, values.diffusion.timesteps)
    validation = training.validation_set(*resident(held_out, device), train.validation_draws, len(levels))
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
        [dataset["sha256"]["train"], dataset["sha256"]["validation"]],
        compute.fingerprint(device),
    ]
    key = hashlib.sha256(json.dumps(determined_by).encode()).hexdigest()
    unfinished = args.checkpoints / f"{name}-{key[:12]}.safetensors"  # other parameters' are left alone
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
        run.told = progress.update
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
        final = run.validation_losses()

        with replacing(args.out / "loss.csv") as file:
            pd.DataFrame(run.rows).to_csv(file, index=False)
        with replacing(args.out / "updates.csv") as file:
            seen_after = train.batch_size * np.arange(1, len(run.losses) + 1)
            pd.DataFrame({"images_seen": seen_after, "loss": run.losses}).to_csv(file, index=False, float_format="%.6g")
        with replacing(args.out / "validation.csv") as file:
            draw, image = np.indices(final.shape).reshape(2, -1)
            columns = {"draw": draw, "id": held_out.ids[image], "label": held_out.labels[image]}
            t = validation.t.cpu().reshape(-1)
            columns |= {"t": t.numpy(), "snr_db": snr_db(levels)[t].numpy(), "loss": final.reshape(-1)}
            pd.DataFrame(columns).to_csv(file, index=False)
        write_json(args.out / "costs.json", {"architecture": architecture.model_dump(), **cost.as_dict()})
        peak = compute.peak_bytes(device)
        timing = {"train_seconds": run.seconds, "peak_bytes": peak, "device": device.type}
        write_json(args.out / "timing.json", timing)
        with replacing(args.out / "model") as folder:
            finished.cpu().save_pretrained(folder, safe_serialization=True)
        with replacing(args.out / "snapshots") as folder:
            folder.mkdir()
            for images_seen, weights in run.snapshots.items():
                finished.load_state_dict(weights)
                finished.save_pretrained(folder / str(images_seen), safe_serialization=True)
        live.finish(args.out / "model")
    remove(unfinished)


if __name__ == "__main__":
    errors.run(main)
