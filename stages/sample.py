"""sample: draw images of every replica of a trained variant and of its snapshots, or of one model or pipeline; seeds
take the classes in turn."""

import argparse
import time
from functools import partial
from pathlib import Path

from pipeline import arguments, compute, errors, params
from pipeline.anatomy import drawing, policy
from pipeline.data.images import ImageSet
from pipeline.diffusion import subject as subjects
from pipeline.diffusion.sampled import Sampled
from pipeline.diffusion.schedule import descend
from pipeline.diffusion.seeds import seeds_from
from pipeline.diffusion.trained import by_images_seen
from pipeline.files import part
from pipeline.processes import side_by_side
from pipeline.progress import bar


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--params", type=Path, required=True)
    source = parser.add_mutually_exclusive_group(required=True)
    source.add_argument("--trained", type=Path, help="folder that train wrote: every replica is drawn from")
    source.add_argument("--model", type=Path, help="folder of one set of trained weights, or of a pipeline")
    parser.add_argument(
        "--prompt", action="append", default=[], help="a text for a pipeline; images take several in turn"
    )
    parser.add_argument(
        "--guidance", type=arguments.scale, default=1.0, help="scale of classifier-free guidance; not given: 1 (none)"
    )
    parser.add_argument("--count", type=arguments.count, help="how many images to draw; not given: sample.count")
    parser.add_argument("--policy", type=Path, help="policy that shortcut wrote; not given: nothing is left out")
    parser.add_argument("--out", type=arguments.out, required=True, help="folder for images, snapshots and log")
    args = parser.parse_args()
    values = params.load(args.params)
    replicas = values.replicas if args.trained else [None]
    start = compute.start(values.compute.device)
    side_by_side(partial(sample, args, values), replicas, values.compute.side_by_side, start)


def sample(args: argparse.Namespace, values: params.Params, replica: int | None) -> None:
    """Draw the images of one replica, or of the only model there is (None)."""
    chosen, sampler = values.sample, values.sampler
    device = compute.device(values.compute.device, values.compute.replica_threads)
    model = part(args.trained, "model", replica) if args.trained else args.model
    marks = by_images_seen(part(args.trained, "snapshots", replica) if args.trained else None)
    whole = descend(sampler.timesteps, values.diffusion.timesteps)
    followed = policy.load(args.policy) if args.policy else policy.plain(whole, sampler.name, sampler.clip)
    count = args.count or chosen.count
    images = count + len(marks) * chosen.snapshot_count
    label = f"sample: {args.out.name}" + ("" if replica is None else f"-{replica}")

    with bar(label, images * followed.calls, "call") as progress:

        def draw(weights: Path, count: int) -> ImageSet:
            asked = params.Subject(model=str(weights), prompts=args.prompt, guidance=args.guidance)
            subject = subjects.load(asked, values.diffusion).to(device)
            seeds = seeds_from(sampler.first_seed, count, replica or 0)
            labels = subject.labels(seeds)
            drawn = drawing.draw(subject, followed, seeds, labels, chosen.batch_size, progress.update)
            return ImageSet(drawn, labels, seeds)

        start = time.perf_counter()
        finished = draw(model, count)
        seconds = time.perf_counter() - start
        snapshots = {images_seen: draw(weights, chosen.snapshot_count) for images_seen, weights in marks.items()}

    timing = {"seconds": seconds, "images": count, "batch_size": chosen.batch_size}
    Sampled(finished, snapshots, timing | {"peak_bytes": compute.peak_bytes(device)}).save(args.out, replica)


if __name__ == "__main__":
    errors.run(main)
