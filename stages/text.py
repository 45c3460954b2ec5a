"""text: train denoisers that are told captions, with several training seeds, and say how their images obey them."""

import argparse
from functools import partial
from pathlib import Path

from pipeline import arguments, errors, params
from pipeline.files import empty_folder


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--params", type=Path, required=True)
    parser.add_argument("--data", type=Path, required=True, help="folder that prepare wrote")
    parser.add_argument("--judges", type=Path, required=True, help="folder that judges wrote")
    parser.add_argument("--clip", type=Path, required=True, help="folder that clip wrote")
    parser.add_argument(
        "--checkpoints", type=Path, required=True, help="folder of checkpoints to go on from, and to write"
    )
    parser.add_argument("--out", type=arguments.out, required=True, help="folder for pipelines, numbers and pictures")
    args = parser.parse_args()
    values = params.load(args.params)
    empty_folder(args.out)
    if not values.text.run:
        return
    # Torch takes seconds to import, and a stage that has nothing to do does not need it.
    from pipeline import compute
    from pipeline.processes import side_by_side
    from pipeline.text import network, obeyed  # noqa: F401  # here, and not in every network's process
    from pipeline.text.prompted import CLIP_LOSS, TEXT

    start = compute.start(values.compute.device)
    networks = [TEXT, CLIP_LOSS] if values.text.clip_weight else [TEXT]
    jobs = [(name, replica) for replica in values.replicas[: values.text.replicas] for name in networks]
    side_by_side(partial(work, args, values), jobs, values.compute.side_by_side, start)


def work(args: argparse.Namespace, values: params.Params, job: tuple[str, int]) -> None:
    """Train one network of one training seed, save it as a pipeline, draw with it, and judge what it drew."""
    import numpy as np
    import pandas as pd

    from pipeline import compute
    from pipeline.data import prepared
    from pipeline.diffusion import checkpoint
    from pipeline.diffusion.resumed import Kept
    from pipeline.judges import classifier, clip, reference, second, seeing
    from pipeline.judges.evaluation import Judges
    from pipeline.judges.features import choose
    from pipeline.progress import bar
    from pipeline.text import attended, judging, network, prompted, taste, training
    from pipeline.text import combinations as combining
    from pipeline.text.combinations import HELD_OUT, combinations
    from pipeline.text.prompted import KINDS, TEXT, Prompted

    name, replica = job
    chosen, label = values.text, "-".join(map(str, ("text", *job)))
    device = compute.device(values.compute.device, values.compute.replica_threads)
    dataset = prepared.load(args.data)
    captions = dataset.captions("train")["caption"].tolist()
    table = combinations(values.data.caption, dataset.classes, captions, chosen.held_out)
    sees = clip.load(seeing.model(args.clip), device)
    for said in table[[kind for kind in KINDS if kind in table]].astype(str).to_dict("records"):
        of = {str(kind): word for kind, word in said.items()}
        attended.places(sees.processor.tokenizer, values.data.caption, of)  # or it would fail at the end

    run, costs = training.fresh(values, dataset, table, sees, name, replica)
    determined_by = [
        values.unet.model_dump(),
        run.params.model_dump() | {"seed": replica, "network": name, "held_out": table[HELD_OUT].tolist()},
        values.diffusion.model_dump(),
        [chosen.clip_weight, chosen.clip_from, sees.identity],
        [dataset.sha256["train"], dataset.sha256["validation"], captions],
        [Path(str(each.__file__)).read_text(encoding="utf-8") for each in (network, taste, training, combining)],
        compute.fingerprint(device),
    ]
    kept = Kept(args.checkpoints, label, checkpoint.key(determined_by, "data", "diffusion"))
    kept.restore(run)
    seen = run.rows[-1].images_seen if run.rows else 0
    with bar(label, run.updates_total * run.params.batch_size, "img", seen) as progress:
        run.updated = progress.update
        for row in kept.rows(run, run.params.checkpoint_every):
            if row.images_seen:
                losses = f"loss {row.train_loss:.4f}, validation {row.validation_loss:.4f}"
                progress.set_postfix_str(losses, refresh=False)
    folder = prompted.model(args.out, name, replica)
    network.save(run.finished().unet.cpu(), sees, values.diffusion, folder)

    subject = judging.load(folder, table, values).to(device)
    count = len(judging.asked_for(table, dataset, values)[0])
    with bar(f"{label}: images", count * chosen.steps, "call") as progress:
        drawn = judging.draw(subject, table, dataset, values, replica, progress.update)
    trained, real = classifier.load(args.judges / "classifier").to(device), dataset.split("train")
    eye = choose(values.judges, trained)
    known = reference.load(args.judges / "reference", dataset.sha256["train"], eye)
    judges = Judges(trained, second.learn(real, values.judges.reference), eye, known, device)
    found, summed = judging.judge(drawn, table, dataset, values, judges, sees)
    attention = pd.DataFrame()
    pictures: dict[str, np.ndarray] = {}
    words: list[list[str]] = []
    if (name, replica) == (TEXT, values.replicas[0]):
        attention, pictures, words = judging.attention(drawn, table, values, sees.processor.tokenizer)
    pictures["grid"] = drawn.images[: len(table)]
    costs["seconds"] = run.seconds
    Prompted(found.numbers, found.replicates, summed, run.curve(), costs, attention, pictures, words).save(
        prompted.found(args.out, name, replica)
    )


if __name__ == "__main__":
    errors.run(main)
