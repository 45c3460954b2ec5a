"""Changes of params.yaml that make it unsound, each with words of the sentence that refuses it."""


def _told(**difference: object) -> dict:
    """A subject that the stage `text` trains."""
    whole = {"model": "outputs/text/text/model/0", "prompts": ["the digit 3"], "guidance": 1.0, "stages": []}
    return {**whole, **difference}


BAD = {
    "misspelt key": (lambda v: v["train"].update(bacth_size=3), ["train.bacth_size", "did you mean batch_size"]),
    "misspelt section": (lambda v: v.update(trian={}), ["trian", "did you mean train"]),
    "missing": (lambda v: v["train"].pop("lr"), ["train.lr is missing"]),
    "word for a number": (lambda v: v["train"].update(lr="1e-3"), ["train.lr", "'1e-3'", "valid number"]),
    "yes for a number": (lambda v: v["sample"].update(count=True), ["sample.count", "True"]),
    "fraction for a count": (lambda v: v["sample"].update(count=1.5), ["sample.count", "1.5"]),
    "negative": (lambda v: v["train"].update(images=0), ["train.images", "greater than or equal to 1"]),
    "no pinned model": (
        lambda v: v["clip"].update(model="openai/clip"),
        ["clip.model", "pinned", "own"],
    ),
    "a folder without a model": (lambda v: v["clip"].update(model="tests"), ["clip.model", "no config.json"]),
    "a sentence without the class": (lambda v: v["clip"].update(good="good"), ["clip.good", "{class}"]),
    "a sentence with another field": (lambda v: v["clip"].update(clear="{class}, {slant}"), ["clip.clear", "no other"]),
    "a sentence twice": (lambda v: v["clip"].update(good=v["clip"]["clear"]), ["clip.plain, good", "different"]),
    "odd patches": (lambda v: v["clip"].update(patch=5), ["clip.patch is 5", "16 pixels"]),
    "scores of nobody": (
        lambda v: v["scores"].update(variants=["nobody"]),
        ["scores.variants names nobody", "baseline"],
    ),
    "scores of one twice": (
        lambda v: v["scores"].update(variants=["baseline", "baseline"]),
        ["scores.variants has 'baseline' twice"],
    ),
    "fewer candidates than are kept": (
        lambda v: v["selection"].update(candidates=3, kept=3),
        ["selection.kept is 3", "below the 3 candidates"],
    ),
    "more candidates than images": (
        lambda v: v["selection"].update(candidates=21),
        ["selection.candidates is 21", "sample.count is 200", "20 of each"],
    ),
    "a selection of nobody": (lambda v: v["selection"].update(variant="nobody"), ["selection.variant names nobody"]),
    "a selection without classes": (
        lambda v: v["variants"]["wide"].update(class_embedding=False) or v["selection"].update(variant="wide"),
        ["selection.variant is wide", "not told the class"],
    ),
    "unknown data": (lambda v: v["data"].update(name="mnst"), ["data.name", "'mnst'", "digits"]),
    "no caption": (lambda v: v["data"].update(caption="a digit"), ["data.caption", "{class}"]),
    "unknown field": (lambda v: v["data"].update(caption="{class} {colour}"), ["data.caption", "{slant} and {stroke}"]),
    "half a field": (lambda v: v["data"].update(caption="{class"), ["data.caption", "'{class'"]),
    "indexed field": (lambda v: v["data"].update(caption="{class.__doc__}"), ["data.caption"]),
    "no own test split": (lambda v: v["data"].update(test="original"), ["data.test", "no test split of its own"]),
    "no replicas": (lambda v: v.update(replicas=[]), ["replicas", "at least 1"]),
    "same replica twice": (lambda v: v.update(replicas=[1, 1]), ["replicas", "twice"]),
    "snapshots out of order": (lambda v: v["train"].update(snapshots=[64, 32]), ["train.snapshots", "must rise"]),
    "a snapshot after the end": (lambda v: v["train"].update(snapshots=[10**9]), ["train.snapshots", "end at 11952"]),
    "a snapshot at the last update": (lambda v: v["train"].update(snapshots=[11953]), ["end at 11952 at the latest"]),
    "more of a snapshot than of the end": (
        lambda v: v["sample"].update(snapshot_count=201),
        ["sample.snapshot_count is 201", "sample.count (200)"],
    ),
    "a snapshot of one image": (lambda v: v["sample"].update(snapshot_count=1), ["sample.snapshot_count", "2"]),
    "too few for their neighbours": (
        lambda v: v["sample"].update(count=4, snapshot_count=4),
        ["sample.count is 4", "evaluate.neighbours", "at least 5"],
    ),
    "projections beside blocks": (
        lambda v: v["variants"].update(odd={"projections": True}),
        ["variant odd", "projections", "res_blocks: 0"],
    ),
    "share above one": (lambda v: v["data"].update(test=1.5), ["params.yaml: data.test is 1.5", "'original'"]),
    "no name": (lambda v: v["data"].update(name=""), ["data.name is ''"]),
    "report elsewhere": (lambda v: v["report"].update(folder="reports/../x"), ["report.folder"]),
    "report among outputs": (lambda v: v["report"].update(folder="outputs/report"), ["report.folder"]),
    "odd size": (lambda v: v["data"].update(image_size=15), ["data.image_size is 15", "multiple of 4", "12", "16"]),
    "one class": (lambda v: v["data"].update(classes=[3]), ["data.classes", "two classes"]),
    "attention elsewhere": (
        lambda v: v["variants"]["wide"].update(attention=[5]),
        ["wide", "5x5", "16, 8, 4"],
    ),
    "no variants": (lambda v: v.update(variants={}), ["variants", "baseline: {}"]),
    "a baseline that differs": (lambda v: v["variants"]["baseline"].update(res_blocks=1), ["baseline: {}"]),
    "misspelt key of a subject": (
        lambda v: v["subjects"]["baseline"].update(promts=[]),
        ["subjects.baseline.promts", "did you mean prompts", "model, prompts, guidance"],
    ),
    "variant key": (
        lambda v: v["variants"]["wide"].update(chanels=[1]),
        ["variants.wide.chanels", "did you mean channels"],
    ),
    "variant name": (lambda v: v["variants"].update({"Too Wide": {}}), ["variants", "Too Wide"]),
    "reserved name": (lambda v: v["variants"].update(floor={}), ["variants.floor", "real test images"]),
    "groups": (lambda v: v["variants"]["wide"].update(channels=[30, 60, 60]), ["wide", "norm_groups"]),
    "rising timesteps": (lambda v: v["sampler"].update(timesteps=[1, 5]), ["sampler.timesteps", "fall"]),
    "timesteps beyond T": (lambda v: v["sampler"].update(timesteps=[1000, 5]), ["sampler.timesteps", "999"]),
    "more steps than T": (lambda v: v["sampler"].update(timesteps=1001), ["sampler.timesteps", "1000"]),
    "as long as no loop": (
        lambda v: v["intervene"].update(length=51, jumps=[51]),
        ["is 51, but must be at most 50", "50 steps"],
    ),
    "longer jumps than the loop": (
        lambda v: v["intervene"].update(length=1, jumps=[1, 5, 51]),
        ["intervene.jumps is 51", "50"],
    ),
    "longer durations": (lambda v: v["intervene"].update(durations=[99]), ["intervene.durations is 99", "50 steps"]),
    "longer rests": (lambda v: v["intervene"].update(relaxations=[49]), ["intervene.relaxations is 49", "at most 48"]),
    "more starts than steps": (lambda v: v["intervene"].update(starts=51), ["intervene.starts is 51", "50 steps"]),
    "longer cuts": (lambda v: v["shortcut"].update(cuts=[99]), ["shortcut.cuts is 99", "at most 50"]),
    "rests beyond the loop": (lambda v: v["shortcut"].update(rests=[50]), ["shortcut.rests is 50", "at most 49"]),
    "wider intervals": (lambda v: v["shortcut"].update(intervals=[99]), ["shortcut.intervals is 99", "at most 50"]),
    "not fewer": (lambda v: v["shortcut"].update(fewer=[50]), ["shortcut.fewer is 50", "at most 49"]),
    "more spaced steps than the loop": (
        lambda v: v["timesteps"].update(steps=51),
        ["timesteps.steps is 51", "at most 50"],
    ),
    "spaced steps that fall together": (
        lambda v: v["timesteps"].update(strength=12.0),
        ["timesteps.strength is 12", "5 steps", "fall together", "a smaller strength"],
    ),
    "places that have one name": (
        lambda v: v["timesteps"].update(positions=[0.0, 0.001]),
        ["timesteps.positions", "different whole percents"],
    ),
    "a sampler twice": (lambda v: v["timesteps"].update(samplers=["ddim", "ddim"]), ["samplers has 'ddim' twice"]),
    "more shown than attended": (
        lambda v: v["timesteps"].update(attended=7),
        ["timesteps.shown is 8", "the 7 of timesteps.attended"],
    ),
    "a cut twice": (lambda v: v["shortcut"].update(cuts=[3, 3]), ["shortcut.cuts has 3 twice"]),
    "a duration twice": (lambda v: v["intervene"].update(durations=[5, 5]), ["intervene.durations has 5 twice"]),
    "beyond any number": (lambda v: v["train"].update(images=10**30), ["train.images", "less than or equal to"]),
    "an update's rows": (
        lambda v: v["train"].update(images=10**12, batch_size=1),
        ["train.images needs at least", "GiB", "updates.csv"],
    ),
    "weights beyond memory": (
        lambda v: v["variants"]["wide"].update(channels=[10**6, 10**6, 10**6]),
        ["variant wide needs at least", "GiB of memory", "weights"],
    ),
    "blocks beyond memory": (lambda v: v["unet"].update(res_blocks=10**9), ["unet.res_blocks", "1000"]),
    "a batch beyond memory": (
        lambda v: v["train"].update(images=10**9, batch_size=10**9, snapshots=[]),
        ["train.batch_size"],
    ),
    "images beyond memory": (lambda v: v["sample"].update(count=10**11), ["sample.count needs at least"]),
    "draws beyond memory": (lambda v: v["bootstrap"].update(resamples=10**9), ["bootstrap.resamples needs at least"]),
    "a classifier beyond memory": (lambda v: v["judges"]["classifier"].update(features=10**11), ["judges.classifier"]),
    "levels without end": (lambda v: v["unet"].update(channels=[16] * 20000), ["unet.channels", "at most 9 items"]),
    "a name of 5,000 letters": (lambda v: v["data"].update(name="a" * 5000), ["data.name is 'aaa", "..."]),
    "a variant of 5,000 letters": (lambda v: v["variants"].update({"a" * 5000: {}}), ["at most 60 characters"]),
    "the figures of another report": (lambda v: v["report"].update(folder="reports/figures"), ["report.folder"]),
    "a page of another report": (lambda v: v["report"].update(folder="reports/report.md"), ["report.folder"]),
    "guidance that is none": (lambda v: v["subjects"]["baseline"].update(guidance=float("nan")), ["guidance is nan"]),
    "20,000 bad items": (lambda v: v.update(replicas=["x"] * 20000), ["replicas.0 is 'x'", "and 19980 more"]),
    "splits": (lambda v: v["data"].update(test=0.85), ["data.test", "0.9"]),
    "no subjects": (lambda v: v.update(subjects={}), ["subjects is empty"]),
    "a subject that is nowhere": (
        lambda v: v["subjects"]["baseline"].update(model="models/none"),
        ["subjects.baseline.model is 'models/none'", "not a folder"],
    ),
    "a subject that is not trained": (
        lambda v: v["subjects"]["baseline"].update(model="outputs/train/baseline/model/9"),
        ["outputs/train/V/model/R", "R one of 0, 1, 2, 3"],
    ),
    "more continued images than followed ones": (
        lambda v: v["trajectory"].update(branch_seeds=101),
        ["trajectory.branch_seeds is 101", "the 100 seeds of trajectory.seeds"],
    ),
    "continuations from more steps than there are": (
        lambda v: v["trajectory"].update(branch_starts=51),
        ["trajectory.branch_starts is 51", "at most 50"],
    ),
    "the embedding of a variant that is not there": (
        lambda v: v["embedding"].update(variants=["baseline", "no_time_embedding"]),
        ["embedding.variants names no_time_embedding", "the variants are baseline, "],
    ),
    "the embedding of a variant twice": (
        lambda v: v["embedding"].update(variants=["wide", "wide"]),
        ["embedding.variants has 'wide' twice"],
    ),
    "guidance of a variant that is not there": (
        lambda v: v["guidance"].update(variant="narrow"),
        ["guidance.variant names narrow", "the variants are baseline, "],
    ),
    "guidance of a network always told the class": (
        lambda v: v["train"].update(label_dropout=0.0),
        ["guidance.variant is baseline, which cannot be guided", "train.label_dropout above 0", "guidance.run: false"],
    ),
    "guidance of a network never told the class": (
        lambda v: [v["variants"].update(untold={"class_embedding": False}), v["guidance"].update(variant="untold")],
        ["guidance.variant is untold, which cannot be guided", "class_embedding"],
    ),
    "guidance of a subject always told the class": (
        lambda v: [v["train"].update(label_dropout=0.0), v["subjects"]["baseline"].update(guidance=2.0)],
        ["subjects.baseline.guidance is 2, but baseline cannot be guided", "train.label_dropout above 0"],
    ),
    "no scale of 1": (lambda v: v["guidance"].update(scales=[0, 2, 3]), ["guidance.scales is", "must rise, with 0"]),
    "a scale twice": (lambda v: v["guidance"].update(scales=[0, 1, 3, 3]), ["guidance.scales has 3.0 twice"]),
    "a scale of a part that is none": (
        lambda v: v["guidance"].update(part_scale=1),
        ["guidance.part_scale is 1, which is no guidance"],
    ),
    "more parts than steps": (
        lambda v: v["guidance"].update(parts=5, steps=4),
        ["guidance.parts is 5, more than the 4 steps of guidance.steps"],
    ),
    "more guided steps than timesteps": (
        lambda v: v["guidance"].update(steps=1001),
        ["guidance.steps is 1001, more than the 1000 timesteps"],
    ),
    "too few guided seeds": (
        lambda v: v["guidance"].update(seeds=4, shown=1),
        ["guidance.seeds is 4, too few for 3 neighbours", "at least 5"],
    ),
    "more guided pictures than seeds": (
        lambda v: v["guidance"].update(seeds=7),
        ["guidance.shown is 8", "the 7 seeds of guidance.seeds"],
    ),
    "every class withheld": (lambda v: v["train"].update(label_dropout=1.0), ["train.label_dropout is 1"]),
    "no quarter of T": (lambda v: v["embedding"].update(levels=10), ["embedding.levels is 10", "multiple of 8"]),
    "more told images than there are": (
        lambda v: v["embedding"].update(told_images=81),
        ["embedding.told_images is 81", "the 80 images of embedding.images"],
    ),
    "more steps of variants than there are": (
        lambda v: v["growth"].update(columns=20, branch_starts=51),
        ["growth.branch_starts is 51", "at most 50"],
    ),
    "more shown seeds than followed ones": (
        lambda v: v["growth"].update(seeds=2),
        ["growth.shown is 3", "the 2 seeds of growth.seeds"],
    ),
    "a time beyond T": (lambda v: v["feature_maps"].update(times=[0.5, 1.5]), ["feature_maps.times.1 is 1.5", "to 1"]),
    "times with one name": (lambda v: v["feature_maps"].update(times=[0.5, 0.501]), ["feature_maps.times", "whole"]),
    "more times than steps": (
        lambda v: v["sampler"].update(timesteps=[999, 500, 0]),
        ["feature_maps.times has 4", "3 steps"],
    ),
    "a channel that no layer has": (
        lambda v: v["feature_maps"].update(channels=[0, 32]),
        ["feature_maps.channels goes up to 32", "subject baseline has 32 channels"],
    ),
    "a channel twice": (lambda v: v["feature_maps"].update(channels=[1, 1]), ["feature_maps.channels", "twice"]),
    "more shown than seen": (
        lambda v: v["feature_maps"].update(seeds=2, shown=3),
        ["feature_maps.shown is 3", "the 2 seeds of feature_maps.seeds"],
    ),
    "a stage that looks at no subject": (
        lambda v: v["subjects"]["baseline"].update(stages=["train"]),
        ["subjects.baseline.stages", "trajectory"],
    ),
    "a usual length that is not tried": (
        lambda v: v["intervene"].update(length=4),
        ["intervene.length is 4", "2, 3"],
    ),
    "blocks that are not there": (
        lambda v: v["intervene"].update(blocks=[2, 10]),
        ["intervene.blocks goes up to 10", "has 9"],
    ),
    "a search on more seeds than are learnt on": (
        lambda v: v["shortcut"].update(search=151),
        ["shortcut.search is 151", "150 seeds of shortcut.learn"],
    ),
    "weights": (lambda v: v["judges"].update(inception_weights="no/such.pth"), ["judges.inception_weights", "no/such"]),
    "a say of CLIP that never comes": (
        lambda v: v["text"].update(images=9000),
        ["text.clip_from is 9000", "below the 9000 images", "text.images"],
    ),
    "more attended than a batch": (
        lambda v: v["text"].update(attended=51),
        ["text.attended is 51", "at most the 50 of text.batch_size"],
    ),
    "more attention shown than followed": (
        lambda v: v["text"].update(shown=21),
        ["text.shown is 21", "at most the 20 of text.attended"],
    ),
    "more columns of attention than steps": (
        lambda v: v["text"].update(columns=21),
        ["text.columns is 21", "at most the 20 of text.steps"],
    ),
    "text without its captions": (lambda v: v["text"].update(guidance=0), ["text.guidance is 0", "greater than 0"]),
    "captions told by nobody": (
        lambda v: [v["text"].update(run=True), v["clip"].update(run=False)],
        ["text.run is true", "clip.run is false", "CLIP's text tower"],
    ),
    "captions told without attention": (
        lambda v: [v["text"].update(run=True), v["unet"].update(attention=[])],
        ["text.run is true", "attention at some resolution", "variants.baseline"],
    ),
    "captions told to a network without skips": (
        lambda v: [v["text"].update(run=True), v["unet"].update(skips=False)],
        ["text.run is true", "skips"],
    ),
    "captions told to a network without the timestep": (
        lambda v: [v["text"].update(run=True), v["unet"].update(time_embedding=False)],
        ["text.run is true", "the timestep"],
    ),
    "captions told to a network without residual blocks": (
        lambda v: [v["text"].update(run=True), v["unet"].update(res_blocks=0, attention=[])],
        ["text.run is true", "residual blocks"],
    ),
    "captions told to a network that learns the variance": (
        lambda v: [v["text"].update(run=True), v["unet"].update(learned_variance=True)],
        ["text.run is true", "without a learned variance"],
    ),
    "guidance by captions that are never withheld": (
        lambda v: [v["text"].update(run=True), v["guidance"].update(run=False), v["train"].update(label_dropout=0.0)],
        ["text.guidance is 1.5", "never withheld", "train.label_dropout is 0", "must be 1"],
    ),
    "more steps of text than timesteps": (
        lambda v: v["text"].update(run=True, steps=1001),
        ["text.steps is 1001", "the 1000 timesteps"],
    ),
    "a subject told captions where none are": (
        lambda v: v["subjects"].update(told=_told()),
        ["subjects.told.model is outputs/text/text/model/0", "nothing, for text.run is false"],
    ),
    "a subject told captions of another training seed": (
        lambda v: [v["text"].update(run=True), v["subjects"].update(told=_told(model="outputs/text/text/model/9"))],
        ["subjects.told.model is outputs/text/text/model/9", "outputs/text/clip_loss/model/0, ", "text/text/model/2"],
    ),
    "a subject with CLIP in a loss that has none": (
        lambda v: [
            v["text"].update(run=True, clip_weight=0, replicas=1),
            v["subjects"].update(told=_told(model="outputs/text/clip_loss/model/0")),
        ],
        ["subjects.told.model is outputs/text/clip_loss/model/0", "trains is outputs/text/text/model/0."],
    ),
    "a subject told captions without one": (
        lambda v: [v["text"].update(run=True), v["subjects"].update(told=_told(prompts=[]))],
        ["subjects.told takes a text", "prompts are []", "at least one caption"],
    ),
    "guidance of a subject always told its caption": (
        lambda v: [
            v["text"].update(run=True, guidance=1),
            v["guidance"].update(run=False),
            v["train"].update(label_dropout=0.0),
            v["subjects"].update(told=_told(guidance=2.0)),
        ],
        ["subjects.told.guidance is 2", "captions are never withheld", "must be 1"],
    ),
}
