"""sample: draw images of a trained variant and of its snapshots, or of a pipeline; seeds take the classes in turn."""

import argparse
import time
from pathlib import Path

from pipeline import arguments, compute, errors, params
from pipeline.anatomy import drawing, policy
from pipeline.data.images import ImageSet
from pipeline.diffusion import subject as subjects
from pipeline.diffusion.noise import seeds_from
from pipeline.diffusion.sampled import Sampled
from pipeline.diffusion.schedule import descend
from pipeline.diffusion.trained import by_images_seen
from pipeline.progress import bar


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--params", type=Path, required=True)
    parser.add_argument("--model", type=Path, required=True, help="folder of the trained weights, or of a pipeline")
    parser.add_argument(
        "--prompt", action="append", default=[], help="a text for a pipeline; images take several in turn"
    )
    parser.add_argument(
        "--guidance", type=arguments.scale, default=1.0, help="scale of classifier-free guidance; not given: 1 (none)"
    )
    parser.add_argument("--snapshots", type=Path, help="folder of weights, by images seen; not given: none")
    parser.add_argument("--count", type=arguments.count, help="how many images to draw; not given: sample.count")
    parser.add_argument("--policy", type=Path, help="policy that shortcut wrote; not given: nothing is left out")
    parser.add_argument("--out", type=arguments.out, required=True, help="folder for images, snapshots and timing.json")
    args = parser.parse_args()
    values = params.load(args.params)
    chosen, sampler = values.sample, values.sampler
    device = compute.device(values.compute.device, values.compute.threads)
    whole = descend(sampler.timesteps, values.diffusion.timesteps)
    followed = policy.load(args.policy) if args.policy else policy.plain(whole, sampler.name, sampler.clip)
    marks = by_images_seen(args.snapshots)
    count = args.count or chosen.count
    images = count + len(marks) * chosen.snapshot_count

    with bar(f"sample: {'-'.join(args.out.parts[-2:])}", images * followed.calls, "call") as progress:

        def draw(weights: Path, count: int) -> ImageSet:
            asked = params.Subject(model=str(weights), prompts=args.prompt, guidance=args.guidance)
            subject = subjects.load(asked, values.diffusion).to(device)
            seeds = seeds_from(sampler.first_seed, count)
            labels = subject.labels(seeds)
            drawn = drawing.draw(subject, followed, seeds, labels, chosen.batch_size, progress.update)
            return ImageSet(drawn, labels, seeds)

        start = time.perf_counter()
        finished = draw(args.model, count)
        seconds = time.perf_counter() - start
        snapshots = {images_seen: draw(weights, chosen.snapshot_count) for images_seen, weights in marks.items()}

    timing = {"seconds": seconds, "images": count, "batch_size": chosen.batch_size}
    Sampled(finished, snapshots, timing | {"peak_bytes": compute.peak_bytes(device)}).save(args.out)


if __name__ == "__main__":
    errors.run(main)
