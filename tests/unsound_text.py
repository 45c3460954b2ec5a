"""Changes of the section `text`, and of subjects that its stage trains, that make params.yaml unsound."""


def _told(**difference: object) -> dict:
    """A subject that the stage `text` trains."""
    whole = {"model": "outputs/text/text/model/0", "prompts": ["the digit 3"], "guidance": 1.0}
    whole |= {"replicas": 1, "stages": []}
    return {**whole, **difference}


BAD = {
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
        [
            "subjects.told.model is outputs/text/clip_loss/model/0",
            "trains is outputs/text/text/model, outputs/text/text/model/0.",
        ],
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
    "fewer natural captions than neighbours need": (
        lambda v: [v["text"].update(run=True, natural=20), v["evaluate"].update(neighbours=19)],
        ["text.natural is 20", "19 neighbours", "at least 21"],
    ),
}
