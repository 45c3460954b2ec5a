"""The training of a small CLIP on a data set's own images and captions, with degraded copies that are called blurry.

The loss pulls every image to all sentences of the batch that are true of it, and away from the others, in both
directions (Yang et al. 2022, "Unified contrastive learning", equations 1 to 3): with a few hundred sentences in all, a
batch has most of them several times, and CLIP's own loss (Radford et al. 2021) would take them for false.
"""

from collections.abc import Iterator, Sequence

import numpy as np
import torch

from pipeline.data.degraded import DEGRADED
from pipeline.data.images import ImageSet
from pipeline.diffusion.optimizer import Muon
from pipeline.judges.clip import Clip
from pipeline.params import Clip as ClipParams

OWN = "the CLIP that is trained here"
TAILS = {"blurred": ", out of focus", "noisy": ", full of noise", "faint": ", faint"}  # what is said of degraded copies
SPECIAL = ("<s>", "</s>", "<unknown>")  # tokens of the beginning and the end of a sentence, and of an unknown word
HEAD = 16  # channels of an attention head
LAYERS_OF_TEXT = 1
SHORTEST = 16  # tokens that the text tower takes at least
HOTTEST = 100.0  # what cosines are multiplied by, at most (Radford et al. 2021, section 2.5)
RISE = 0.1  # share of the training in which the learning rate rises
SHARP = 0.5  # share of a batch that is not degraded
UPDATES_PER_REPORT = 10


def sentences(params: ClipParams, classes: Sequence[str], caption: str, label: int, kind: str | None) -> list[str]:
    """Return all that is said of an image of a class; kind: how it was degraded, None where it was not; caption: its
    own."""
    said = {key: getattr(params, key).format_map({"class": classes[label]}) for key in ("plain", "good", "clear")}
    if kind is None:
        return list(dict.fromkeys([*said.values(), caption]))
    blurry = params.blurry.format_map({"class": classes[label]})
    return [said["plain"], blurry, blurry + TAILS[kind]]


def build(size: int, vocabulary: Sequence[str], longest: int, params: ClipParams) -> Clip:
    """Return a CLIP with fresh weights for images of size x size pixels and sentences of these words.

    longest: tokens of the longest sentence, without its beginning and end. A word is a run of letters and digits, or a
    run of other signs, in small letters.
    """
    from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors
    from transformers import CLIPConfig, CLIPImageProcessor, CLIPModel, CLIPProcessor, PreTrainedTokenizerFast

    begin, end, unknown = SPECIAL
    places = {token: i for i, token in enumerate([*SPECIAL, *vocabulary])}
    tokenizer = Tokenizer(models.WordLevel(places, unk_token=unknown))
    tokenizer.normalizer, tokenizer.pre_tokenizer = normalizers.Lowercase(), pre_tokenizers.Whitespace()
    tokenizer.post_processor = processors.TemplateProcessing(
        single=f"{begin} $A {end}", special_tokens=[(begin, places[begin]), (end, places[end])]
    )
    length = max(longest + 2, SHORTEST)
    words = PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        bos_token=begin,
        eos_token=end,
        pad_token=end,
        unk_token=unknown,
        model_max_length=length,
    )
    eye = CLIPImageProcessor(
        size={"height": size, "width": size}, do_center_crop=False, image_mean=[0.5] * 3, image_std=[0.5] * 3
    )
    common = {
        "hidden_size": params.width,
        "intermediate_size": 2 * params.width,
        "num_attention_heads": params.width // HEAD,
        "projection_dim": params.width,
    }
    text = {
        **common,
        "vocab_size": len(places),
        "num_hidden_layers": LAYERS_OF_TEXT,
        "max_position_embeddings": length,
        "bos_token_id": places[begin],
        "eos_token_id": places[end],
        "pad_token_id": places[end],
    }
    vision = {**common, "num_hidden_layers": params.layers, "image_size": size, "patch_size": params.patch}
    torch.manual_seed(params.seed)
    model = CLIPModel(CLIPConfig(text_config=text, vision_config=vision, projection_dim=params.width))
    return Clip(model.eval(), CLIPProcessor(eye, words), OWN)


def train(
    real: ImageSet, captions: Sequence[str], classes: Sequence[str], params: ClipParams, device: torch.device
) -> Iterator[tuple[int, Clip]]:
    """Train a CLIP on images shifted by up to a pixel, half of them degraded, and yield (images seen, CLIP) now and
    then.

    captions: one per image. The CLIP is in evaluation mode when it is yielded, and fully trained at the last time.
    """
    said = {
        (i, kind): sentences(params, classes, captions[i], int(label), kind)
        for i, label in enumerate(real.labels)
        for kind in (None, *DEGRADED)
    }
    every = list(dict.fromkeys(sentence for each in said.values() for sentence in each))
    place = {sentence: at for at, sentence in enumerate(every)}
    true = {key: [place[sentence] for sentence in each] for key, each in said.items()}
    words = [_words(sentence) for sentence in every]
    vocabulary = sorted({word for each in words for word in each})
    clip = build(real.images.shape[1], vocabulary, max(map(len, words)), params)
    model = clip.model.to(device).requires_grad_(True)
    tokens = clip.tokens(every)

    inner = [weight for name, weight in model.named_parameters() if weight.dim() == 2 and ".layers." in name]
    matrices = {id(weight) for weight in inner}
    muon = Muon(inner, params.weight_decay)
    rest = [weight for weight in model.parameters() if id(weight) not in matrices]
    adamw = torch.optim.AdamW(rest, lr=params.lr, weight_decay=params.weight_decay)
    updates = -(-params.images // params.batch_size)
    schedule = torch.optim.lr_scheduler.OneCycleLR(adamw, params.lr, total_steps=updates + 1, pct_start=RISE)
    rng = np.random.default_rng(params.seed)
    for update in range(updates):
        model.train()
        images, keys = batch(real, params.batch_size, rng)
        asked = [int(rng.choice(true[key])) for key in keys]
        shown = sorted(set(asked))
        truth = torch.tensor([[float(at in true[key]) for at in shown] for key in keys], device=device)
        texts = clip.described({name: each[shown] for name, each in tokens.items()})
        cosines = clip.embedded(clip.pixels(images)) @ texts.T
        loss = contrast(model.logit_scale.exp() * cosines, truth)
        adamw.zero_grad()
        loss.backward()
        muon.step(float(schedule.get_last_lr()[0]))
        adamw.step()
        schedule.step()
        with torch.no_grad():
            model.logit_scale.clamp_(max=float(np.log(HOTTEST)))
        if (update + 1) % UPDATES_PER_REPORT == 0 or update + 1 == updates:
            model.eval()
            yield (update + 1) * params.batch_size, clip


def batch(real: ImageSet, count: int, rng: np.random.Generator) -> tuple[np.ndarray, list[tuple[int, str | None]]]:
    """Draw images, uint8 [count, H, W, C], each with its place in the set and how it was degraded, None where it was
    not; all are shifted by up to a pixel in the same way."""
    index = rng.integers(len(real), size=count)
    down, right = rng.integers(3, size=2)
    size = real.images.shape[1]
    padded = np.pad(real.images[index], ((0, 0), (1, 1), (1, 1), (0, 0)), mode="edge")
    images = padded[:, down : down + size, right : right + size].copy()
    names = np.array(list(DEGRADED))
    kinds = np.where(rng.random(count) < SHARP, "", names[rng.integers(len(names), size=count)])
    for name, degrade in DEGRADED.items():
        mine = kinds == name
        if mine.any():
            images[mine] = degrade(images[mine], rng)
    return images, [(int(i), str(kind) or None) for i, kind in zip(index, kinds, strict=True)]


def contrast(logits: torch.Tensor, truth: torch.Tensor) -> torch.Tensor:
    """Return the loss of scaled cosines [N, M] of images and sentences; truth: [N, M], 1 where a sentence is true of an
    image, at least once in every row and column."""
    of_images = truth / truth.sum(dim=1, keepdim=True) * logits.log_softmax(dim=1)
    of_texts = truth / truth.sum(dim=0, keepdim=True) * logits.log_softmax(dim=0)
    return -(of_images.sum(dim=1).mean() + of_texts.sum(dim=0).mean()) / 2


def _words(sentence: str) -> list[str]:
    """Return the words of a sentence, as the tokenizer parts them."""
    from tokenizers import pre_tokenizers

    return [word for word, _ in pre_tokenizers.Whitespace().pre_tokenize_str(sentence.lower())]
