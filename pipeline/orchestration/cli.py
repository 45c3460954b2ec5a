"""The command `anatomy` checks parameters, takes profiles, runs everything, records it, compares reports, lists parts
and applies interventions."""

import argparse
import importlib.metadata
import sys
import tempfile
from pathlib import Path

from pipeline import arguments, errors, params
from pipeline.errors import UserError
from pipeline.files import read_text, read_yaml, replacing, write_text
from pipeline.orchestration import dependencies, profiles
from pipeline.orchestration.graph import Graph

PARAMS = Path("params.yaml")


def check() -> None:
    """Say whether params.yaml is sound and what would run."""
    values = params.load(PARAMS)
    replicas = len(values.replicas)
    each = f", {replicas} replicas each" if replicas > 1 else ""
    print(f"params.yaml is sound: {len(values.variants)} variants ({', '.join(values.variants)}){each}.")
    size, drops_labels = values.data.image_size, values.train.label_dropout > 0
    sizes = {v: params.memory.weights(values.architecture(v), size, drops_labels) for v in values.variants}
    print(f"Weights, for grey images of ten classes: {', '.join(f'{v} {size:,}' for v, size in sizes.items())}.")
    gone = _left_behind(values)
    if gone:
        print(f"Results of what params.yaml no longer names, which no report shows: {', '.join(map(str, gone))}.")
    stale = Graph().stale
    print(f"{len(stale)} stages would run: {', '.join(stale)}." if stale else "Everything is up to date.")


def _left_behind(values: params.Params) -> list[Path]:
    """Return the folders of results whose variant or subject params.yaml does not name."""
    named = {stage: [*values.variants, params.FLOOR] for stage in ("train", "sample", "evaluate")}
    named |= {stage: list(values.subjects) for stage in params.SUBJECT_STAGES}
    named["embedding"] = values.embedding.variants
    folders = [path for stage in named for path in sorted(Path("outputs", stage).glob("*")) if path.is_dir()]
    return [path for path in folders if path.name not in named[path.parent.name]]


def run() -> None:
    """Bring everything up to date as a Prefect flow, then record it."""
    values = params.load(PARAMS)
    from pipeline.orchestration import flow  # takes a second and a half to import

    outcomes = flow.run(values.flow)
    for outcome in outcomes:
        print(f"{outcome.stage:<28} {outcome.seconds:7.1f} s  {'ran' if outcome.ran else 'unchanged or restored'}")
    print("Everything is up to date.")
    _record()


def record() -> None:
    """Record in MLflow every training, subject and report that no run holds yet."""
    if not _record():
        sys.exit(1)


def _record() -> bool:
    """Record what no run holds yet, and say whether MLflow could be used; a warning has said why where it could not."""
    values = params.load(PARAMS)
    from pipeline.orchestration import recording  # pandas takes seconds to import

    done = recording.record(Path("outputs"), Path(values.report.folder), values)
    if done is not None:
        print(f"Recorded in MLflow: {', '.join(done)}." if done else "Nothing new to record in MLflow.")
    return done is not None


def deps(check: bool) -> None:
    """Write into dvc.yaml the files that each stage imports; with --check only compare."""
    print(dependencies.write(check))


def profile(name: str, show: bool) -> None:
    """Write the values of a profile of profiles/ into params.yaml, and keep its comments; with --show only print."""
    before = read_text(PARAMS) if PARAMS.exists() else ""
    after = profiles.apply(before, name)
    print(profiles.difference(before, after) or f"params.yaml has profile {name} already.")
    if not show:
        write_text(PARAMS, after)


def agree(one: Path, other: Path, file: Path | None) -> None:
    """Compare two reports' folders; end with status 1 where their verdicts do not agree."""
    from pipeline.reporting import agree as reports  # pandas takes seconds to import

    found = reports.agree(reports.read(one), reports.read(other))
    if file:
        found.save(file)
    print(found)
    if not found.agrees:
        sys.exit(1)


def overview(folder: Path) -> None:
    """Write README.md beside several reports: a row per claim, and a column per report."""
    from pipeline.reporting import overview as page  # pandas takes seconds to import

    print(f"{page.write(folder)} sets the reports in {folder} side by side.")


def parts(where: str) -> None:
    """Print the parts of a denoiser: a name under subjects or variants, a folder, or OWNER/NAME@REVISION on the hub."""
    values = params.load(PARAMS)
    from pipeline.anatomy import networks  # torch and diffusers take seconds to import
    from pipeline.anatomy import parts as anatomy
    from pipeline.diffusion import hub, subject

    with tempfile.TemporaryDirectory() as folder:
        model = f"outputs/train/{where}/model/{values.replicas[0]}" if where in values.variants else where
        if hub.HUB.fullmatch(where):
            model = folder
            hub.fetch(where, Path(folder))
        if where in values.subjects:
            asked = networks.of(values.subjects[where])[0]
        else:
            first = params.networks_in(Path(model))[0]
            prompts = [""] if subject.is_told_text(first) else []
            asked = params.Subject(model=model and str(first), prompts=prompts, guidance=1.0)
        table = anatomy.table(subject.load(asked, values.diffusion))
    print(table.to_string(index=False, formatters={"multiply_adds": "{:,}".format}))


def apply(file: Path, name: str, count: int, out: Path) -> None:
    """Draw images of a subject, by its first network, under the interventions of a YAML file, or under a policy that
    `shortcut` found."""
    values = params.load(PARAMS)
    held = read_yaml(file)
    if out.exists() and any(out.iterdir()):
        raise UserError(f"{out} holds something already; --out names a new folder for the images.")
    from PIL import Image

    from pipeline import compute  # torch and diffusers take seconds to import
    from pipeline.anatomy import drawing, interventions, networks, policy
    from pipeline.anatomy import parts as anatomy
    from pipeline.data.images import ImageSet
    from pipeline.diffusion import subject as subjects
    from pipeline.diffusion.schedule import descend
    from pipeline.diffusion.seeds import seeds_from
    from pipeline.progress import bar

    sampler, asked = values.sampler, networks.of(params.subject(values.subjects, name))[0]
    wanted = policy.checked(held, str(file)) if isinstance(held, dict) else interventions.parse(held)
    device = compute.device(values.compute.device, values.compute.threads)
    subject = subjects.load(asked, values.diffusion).to(device)
    if isinstance(wanted, policy.Policy):
        followed = wanted
    else:
        timesteps = descend(sampler.timesteps, len(subject.alpha_bar))
        plain = policy.plain(timesteps, sampler.name, sampler.clip)
        followed = plain.model_copy(update={"blocks": len(anatomy.blocks(subject.model)), "intervention": wanted})
    seeds = seeds_from(sampler.first_seed, count)
    labels = subject.labels(seeds)
    with bar(f"apply: {name}", count * followed.calls, "call") as progress:
        images = drawing.draw(subject, followed, seeds, labels, values.sample.batch_size, progress.update)
    with replacing(out) as unfinished:
        ImageSet(images, labels, seeds).save(unfinished / "images")
        for seed, image in zip(seeds, images, strict=True):
            Image.fromarray(image.squeeze()).save(unfinished / f"{seed}.png")
    print(f"{out} holds {count} images of {name}, each a PNG named by its seed, and all as arrays in {out / 'images'}.")


def fetch(where: str, folder: Path) -> None:
    """Fetch the pipeline OWNER/NAME@REVISION from the hub into a folder: its configuration and safetensors alone."""
    from pipeline.diffusion import hub

    hub.fetch(where, folder)
    print(f"{folder} can be named under subjects in params.yaml.")


def main() -> None:
    parser = argparse.ArgumentParser(prog="anatomy", description=__doc__)
    version = importlib.metadata.version("diffusion-anatomy")
    parser.add_argument("--version", action="version", version=f"diffusion-anatomy {version}")
    commands = parser.add_subparsers(dest="command", required=True)
    for function in (check, run, record):
        commands.add_parser(function.__name__, help=function.__doc__).set_defaults(call=lambda _, f=function: f())
    listed = commands.add_parser("deps", help=deps.__doc__)
    listed.add_argument("--check", action="store_true", help="write nothing, and end with status 1 where files differ")
    listed.set_defaults(call=lambda args: deps(args.check))
    taken = commands.add_parser("profile", help=profile.__doc__)
    taken.add_argument("name", help=f"one of {', '.join(profiles.names())}")
    taken.add_argument("--show", action="store_true", help="print the difference and write nothing")
    taken.set_defaults(call=lambda args: profile(args.name, args.show))
    compared = commands.add_parser("agree", help=agree.__doc__)
    compared.add_argument("one", type=Path, help="the folder of a report, such as reports")
    compared.add_argument("other", type=Path, help="the folder of another")
    compared.add_argument("--json", type=Path, help="a file to write the comparison to")
    compared.set_defaults(call=lambda args: agree(args.one, args.other, args.json))
    beside = commands.add_parser("overview", help=overview.__doc__)
    beside.add_argument("folder", type=Path, nargs="?", default=Path("reports"), help="the folder of reports (reports)")
    beside.set_defaults(call=lambda args: overview(args.folder))
    shown = commands.add_parser("parts", help=parts.__doc__)
    shown.add_argument("subject", help="a name under subjects or variants, a folder, or OWNER/NAME@REVISION")
    shown.set_defaults(call=lambda args: parts(args.subject))
    applied = commands.add_parser("apply", help=apply.__doc__)
    applied.add_argument("file", type=Path, help="interventions in YAML, or a policy that shortcut wrote")
    applied.add_argument("--subject", required=True, help="a name under subjects")
    applied.add_argument("--count", type=arguments.count, required=True, help="images, from sampler.first_seed on")
    applied.add_argument("--out", type=arguments.out, required=True, help="new folder for the images")
    applied.set_defaults(call=lambda args: apply(args.file, args.subject, args.count, args.out))
    brought = commands.add_parser("fetch", help=fetch.__doc__)
    brought.add_argument("model", help="OWNER/NAME@REVISION; the revision is a commit's 40 hexadecimal digits")
    brought.add_argument("folder", type=Path, help="where to put it")
    brought.set_defaults(call=lambda args: fetch(args.model, args.folder))
    args = parser.parse_args()
    errors.run(lambda: args.call(args))


if __name__ == "__main__":
    main()
