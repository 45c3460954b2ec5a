"""The chapters of the report, in the order that a reader meets them. A new one is a line here."""

from pathlib import Path
from typing import Any, Protocol

from pipeline.reporting.chapters import classes, cost, methods, quality, training
from pipeline.reporting.chapters.ablation import chapter as ablation
from pipeline.reporting.chapters.embedding import chapter as embedding
from pipeline.reporting.chapters.feature_maps import chapter as feature_maps
from pipeline.reporting.chapters.growth import chapter as growth
from pipeline.reporting.chapters.guidance import chapter as guidance
from pipeline.reporting.chapters.intervene import chapter as intervene
from pipeline.reporting.chapters.layers import chapter as layers
from pipeline.reporting.chapters.loss import chapter as loss
from pipeline.reporting.chapters.saliency import chapter as saliency
from pipeline.reporting.chapters.scores import chapter as scores
from pipeline.reporting.chapters.selection import chapter as selection
from pipeline.reporting.chapters.shortcut import chapter as shortcut
from pipeline.reporting.chapters.text import chapter as text
from pipeline.reporting.chapters.timesteps import chapter as timesteps
from pipeline.reporting.chapters.trajectory import chapter as trajectory
from pipeline.reporting.claims import Claim
from pipeline.reporting.page import Finding, Pictures
from pipeline.reporting.study import Study
from pipeline.reporting.summary import Summary


class Chapter(Protocol):
    """What the report asks of a chapter, which is a module with these names in it."""

    NAME: str  # of its page, of its folder of figures, and of its stage where it has one of its own
    TITLE: str
    CLAIMS: list[Claim]  # the sources' statements that its numbers decide

    def read(self, study: Study) -> Any | None:
        """What the other functions need of the stages' outputs; None where there is nothing, and then the report says
        in a line that the chapter is absent."""

    def numbers(self, found: Any) -> Summary:
        """The chapter's entries of summary.json, by dotted name."""

    def draw(self, found: Any, summary: Summary, folder: Path) -> Pictures:
        """Write the chapter's figures into a folder; summary: the numbers of all chapters."""

    def finding(self, found: Any, summary: Summary) -> Finding | None:
        """What belongs on the first page, if anything."""

    def page(self, found: Any, summary: Summary, pictures: Pictures) -> str:
        """The chapter as Markdown, without its title."""


CHAPTERS: tuple[Chapter, ...] = (
    ablation,
    training,
    loss,
    quality,
    classes,
    scores,
    selection,
    cost,
    trajectory,
    growth,
    guidance,
    text,
    feature_maps,
    intervene,
    shortcut,
    saliency,
    timesteps,
    layers,
    embedding,
    methods,
)
