"""What `text` left of every network, and what its training seeds say together."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

from pipeline.judges.evaluated import SECOND
from pipeline.judges.number import Number, counted
from pipeline.judges.replicated import Measured, Replicated, ScaleName
from pipeline.params import Text
from pipeline.reporting.chapters.text import compared
from pipeline.reporting.chapters.text.compared import Measure
from pipeline.reporting.study import Study
from pipeline.reporting.table import trainings
from pipeline.text.prompted import ALL, CHANCE, CLIP_LOSS, HELD_OUT, KINDS, RANK, SEEN, SETS, TEXT, Prompted

CHANCES, RANKS = (tuple(f"{name}_{of}" for name in SETS) for of in (CHANCE, RANK))
SHARES = (*SETS, *CHANCES, "accuracy", SECOND, "confidence", "precision", "recall", "coverage")
COSTS: dict[str, Callable[[Prompted], float]] = {
    "images": lambda one: one.costs["images"],
    "parameters": lambda one: one.costs["parameters"],
    "text_parameters": lambda one: one.costs["text_parameters"],
    "multiply_adds": lambda one: _multiply_adds(one),
    "loss": lambda one: one.curve["validation_loss"].dropna().iloc[-1],
    "seconds": lambda one: one.costs["seconds"],
}


@dataclass(frozen=True)
class Found:
    """What the stages left, and what `text` left of each network and training seed."""

    study: Study
    networks: dict[str, list[Prompted]]

    @property
    def chosen(self) -> Text:
        """How the networks were trained and asked."""
        return self.study.params.text

    @property
    def first(self) -> Prompted:
        """What was found with the first training seed of the network that learns as the variants do."""
        return self.networks[TEXT][0]

    @property
    def kinds(self) -> list[str]:
        """The kinds of words that captions have, the class first."""
        return [kind for kind in KINDS if f"{SEEN}.{kind}" in self.first.numbers]

    @property
    def asked(self) -> list[str]:
        """What an image can be right about: each kind of word, and all of them where there are several."""
        return [*self.kinds, ALL] if len(self.kinds) > 1 else self.kinds

    @property
    def whole(self) -> str:
        """What stands for the whole caption."""
        return self.asked[-1]

    @property
    def composed(self) -> bool:
        """Whether training never showed some combinations of words."""
        return f"{HELD_OUT}.{ALL}" in self.first.numbers

    @property
    def measures(self) -> dict[str, Measure]:
        """What the two networks are compared by, by the number's name; none where there is one network."""
        if CLIP_LOSS not in self.networks:
            return {}
        return compared.measures(self.study, self.whole, self.first.numbers)

    @property
    def trainings(self) -> str:
        """How many training seeds there are, in words."""
        return trainings(len(self.networks[TEXT]))

    @cached_property
    def metrics(self) -> dict[ScaleName, Replicated]:
        """Scale -> the numbers that are compared on it, as NETWORK.NUMBER, each with an error of its own."""
        on: dict[ScaleName, list[tuple[str, str]]] = {"share": [], "log": [], "plain": []}
        for network, seeds in self.networks.items():
            for name in seeds[0].numbers:
                on[_scale(name)].append((network, name))
        return {scale: self._on_scale(scale, names) for scale, names in on.items() if names}

    def _on_scale(self, scale: ScaleName, names: list[tuple[str, str]]) -> Replicated:
        found = {
            f"{network}.{name}": [
                Measured(one.numbers[name], one.replicates[name].to_numpy()) for one in self.networks[network]
            ]
            for network, name in names
        }
        return Replicated(found, scale, apart=frozenset(found))

    def cost(self, name: str) -> Replicated:
        """What the trainings of every network took."""
        found = {
            network: [Measured({**counted(float(COSTS[name](one))), "kind": "size"}) for one in seeds]
            for network, seeds in self.networks.items()
        }
        return Replicated(found, "log")

    def level(self, network: str, name: str) -> Number:
        """A number of a network over its training seeds."""
        return self.metrics[_scale(name)].level(f"{network}.{name}")

    def change(self, one: tuple[str, str], other: tuple[str, str]) -> Number:
        """How far a number of a network is above another, paired by training seed; each as its network and name."""
        return self.metrics[_scale(one[1])].change(".".join(one), ".".join(other))


def _scale(name: str) -> ScaleName:
    """The scale that a number's errors are alike on."""
    begins = name.split(".")[0]
    return "share" if begins in SHARES else "plain" if begins in RANKS else "log"


def _multiply_adds(one: Prompted) -> float:
    """What a whole training took: every image, and what CLIP adds to those of which it has a say."""
    costs = one.costs
    by_clip = 0 if costs["clip_from"] is None else max(costs["images"] - costs["clip_from"], 0)
    return float(costs["images"] * costs["multiply_adds"] + by_clip * costs["clip_multiply_adds"])
