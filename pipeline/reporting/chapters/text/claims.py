"""What the sources say of conditions in words and of CLIP in the loss, to be put to the test over training seeds."""

from pipeline.reporting.claims import Claim, Setting
from pipeline.reporting.effects import Effect, judged, measured
from pipeline.reporting.sources import COMPOSING, FASHION, MNIST

TOLD = "The sources add an embedding to the network's layers; here it attends to the words of a caption."
IN_LOSS = (
    "The source proposes the term and does not try it. Here a network with the term is compared with one that takes "
    "as many multiply-adds in training and sees more images."
)
ANY = "images of a network that is told captions (text)"
STYLES = "captions with words for slant and stroke (data.caption)"
KEPT_BACK = "combinations of words that training never shows (text.held_out)"
SECOND_NETWORK = "a network with CLIP in its loss (text.clip_weight)"


def _measured(name: str, needs: str) -> Effect:
    """What the training seeds say under the claim's name; needs: what is missing where other numbers are there."""
    effect, first = f"text.effects.{name}", "text.effects.text_names_class"
    return measured(effect, (first, ANY), (effect, needs))


def _claim(
    name: str,
    source: str,
    where: str,
    says: str,
    measured_by: str,
    figure: str,
    effect: Effect,
    differs: str,
    unit: str = "points",
    setting: Setting = "differs",
) -> Claim:
    """Return the claim that an effect of the chapter decides."""
    return Claim(
        name, source, where, says, None, measured_by, unit, effect, setting=setting, differs=differs, figure=figure
    )


CLAIMS = [
    _claim(
        "text_names_class",
        MNIST,
        "section 2.3",
        "A network that is told a class draws images of that class.",
        "the share of images that show the class of their caption, of combinations that training showed, minus the "
        "share of images of other classes that show it",
        "obedience",
        judged(_measured("text_names_class", ANY)),
        TOLD,
    ),
    _claim(
        "text_sets_slant",
        MNIST,
        "bonus experiment 3",
        "A network can be told to draw the same class slanted.",
        "the share of images that have the slant of their caption, of combinations that training showed, minus the "
        "share that have it of images of the same class that were drawn for another slant",
        "obedience",
        _measured("text_sets_slant", STYLES),
        f"{TOLD} The source shows pictures and no numbers.",
    ),
    _claim(
        "text_sets_stroke",
        FASHION,
        "bonus",
        "A network can be told to draw the same class thick or thin.",
        "the share of images that have the stroke of their caption, of combinations that training showed, minus "
        "the share that have it of images of the same class that were drawn for another stroke",
        "obedience",
        _measured("text_sets_stroke", STYLES),
        f"{TOLD} The source proposes this for clothes and does not try it.",
    ),
    _claim(
        "text_composes",
        COMPOSING,
        "abstract",
        "A diffusion model can compose concepts that it never saw together in training.",
        "the share of images of held-out combinations that show all words of their caption, minus the share that show "
        "them of images of the same class that were drawn for other words",
        "combinations",
        judged(_measured("text_composes", KEPT_BACK)),
        "The source draws shapes, colours and sizes; here they are classes, slants and strokes, told in words, and the "
        "frozen text tower has been trained on all captions, those of held-out combinations too.",
    ),
    _claim(
        "clip_loss_raises_fidelity",
        FASHION,
        "part 4",
        "A term of CLIP's score in the loss makes images more recognizable.",
        "the share of images whose class the classifier recognises, with the term minus without it",
        "clip_loss",
        judged(_measured("clip_loss_raises_fidelity", SECOND_NETWORK)),
        IN_LOSS,
        setting="scaled",
    ),
    _claim(
        "clip_loss_pleases_clip",
        FASHION,
        "part 4",
        "A term of CLIP's score in the loss makes images that score higher.",
        "by how many percent the CLIP score of images and their captions is larger with the term than without it",
        "clip_loss",
        _measured("clip_loss_pleases_clip", SECOND_NETWORK),
        IN_LOSS,
        "%",
        "scaled",
    ),
    _claim(
        "clip_loss_brings_nearer",
        FASHION,
        "part 4",
        "A term of CLIP's score in the loss makes images of a higher quality.",
        "by how many percent the distance to the real images is larger without the term than with it",
        "clip_loss",
        judged(_measured("clip_loss_brings_nearer", SECOND_NETWORK)),
        IN_LOSS,
        "%",
        "scaled",
    ),
]
