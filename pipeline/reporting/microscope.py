"""What the report says of a subject: its parts, phases, limits and shortcuts, as entries and as a section."""

import re
from pathlib import Path

import pandas as pd

from pipeline.anatomy.rivals import SOURCE_BLOCKS
from pipeline.params import Params
from pipeline.reporting import markdown, sheets, sweeps, tradeoffs
from pipeline.reporting.paired import Entry
from pipeline.reporting.results import Swept

TEMPLATE = Path(__file__).with_name("microscope.md.j2")
SOURCE_STARTS = {2: 70, 4: 65, 6: 65, 8: 60}  # nb -> the step of 100 that the source's Figure 9 starts at


def entries(subject: str, found: Swept) -> dict[str, Entry]:
    """Dotted name -> entry: of every cell, of the phases, limits and effects, and of every way to save time."""
    out: dict[str, Entry] = {}
    for row in found.curves.to_dict("records"):
        for name in ("ssim", "psnr", "under", "kept"):
            if pd.notna(row.get(name)):
                ends = [row[f"{name}_low"], row[f"{name}_high"]]
                out[f"intervene.{subject}.{row['cell']}.{name}"] = {
                    "value": row[name],
                    "n": row["n_seeds"],
                    "ci95": ends,
                }
    out |= {f"intervene.{subject}.{name}": entry for name, entry in found.findings.items()}
    for row in found.methods.to_dict("records"):
        begins = f"shortcut.{subject}.{slug(row['method'])}"
        for name in ("ssim", "frechet"):
            if pd.notna(row.get(name)):
                ends = [row[f"{name}_low"], row[f"{name}_high"]]
                out[f"{begins}.{name}"] = {"value": row[name], "n": row["n"], "ci95": ends}
        out[f"{begins}.ssim_mad"] = {"value": row["ssim_mad"], "n": row["n"]}
        out[f"{begins}.under"] = {"value": row["under"], "n": row["n"]}
        quartiles = [row["time_low"], row["time_high"]]
        out[f"{begins}.time"] = {"value": row["time"], "n": row["n_times"], "quartiles": quartiles}
        out[f"{begins}.multiply_adds"] = {"value": row["cost"], "n": 1}
        out[f"{begins}.calls"] = {"value": row["calls"], "n": 1}
    return out | {f"shortcut.{subject}.effects.{name}": entry for name, entry in found.effects.items()}


def slug(method: str) -> str:
    """A method's name as part of a dotted name: found_ssim_0_795."""
    return re.sub(r"\W+", "_", method.lower()).strip("_")


def section(subject: str, found: Swept, summary: dict[str, Entry], params: Params, folder: Path, distance: str) -> str:
    """The subject's part of the report as Markdown, its pictures drawn into a folder of its own under `folder`.

    distance: what the Frechet distance is called.
    """
    steps = params.sampler.timesteps
    numbers = [int(name.split(".")[1]) for name in found.findings if name.startswith("limits.")]
    (folder / subject).mkdir()
    total, blocks = (steps if isinstance(steps, int) else len(steps)), int((found.parts["kind"] == "block").sum())
    at, asked = folder / subject, params.intervene
    drawn = sweeps.draw(at, found.curves, found.findings, params.likeness.threshold, asked.length, asked.fills)
    changed = found.cells.assign(changed=found.cells["ssim"] < params.likeness.threshold)
    drawn += sheets.draw(at, found.curves, changed, found.images, asked.length, asked.fills[0])
    saving = tradeoffs.draw(at, found, total, blocks, distance)
    return markdown.render(
        TEMPLATE,
        s=summary,
        subject=subject,
        parts=found.parts.to_dict("records"),
        blocks=blocks,
        steps=total,
        params=params,
        seeds=int(found.curves["n_seeds"].iloc[0]),
        numbers=sorted(set(numbers)),
        methods=[{**row, "key": slug(str(row["method"]))} for row in found.methods.to_dict("records")],
        distance=distance if "frechet" in found.methods else None,
        sweeps=[(f"{subject}/{file}", caption) for file, caption in drawn],
        shortcuts=[(f"{subject}/{file}", caption) for file, caption in saving],
        source_starts=source_starts,
        begins=f"intervene.{subject}.",
        saved=f"shortcut.{subject}.",
    )


def source_starts(nb: int, blocks: int) -> str:
    """Where the source begins to cut about this share of the blocks, in words."""
    scaled = nb * SOURCE_BLOCKS / blocks
    near = min(SOURCE_STARTS, key=lambda each: abs(each - scaled))
    return f"{SOURCE_STARTS[near]} (nb = {near} of {SOURCE_BLOCKS})" if abs(near - scaled) <= 1 else "-"
