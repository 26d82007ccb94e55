"""Where images and labels come from: folders on disk, scenes that the package renders, or elsewhere."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Discriminator, Field, PositiveFloat, PositiveInt, Tag, model_validator

from trainables.contract.classes import CITYSCAPES_CLASSES, SCENE_CLASSES
from trainables.contract.section import Section

Layout = Literal["mmsegmentation", "cityscapes", "bdd100k"]


class FolderSource(Section):
    """Image and label folders. Labels are 8-bit PNGs of class ids, named like their images up to the end."""

    split: str | None = None
    """Sub-folder of the layout, such as `train`; gives `images` and `labels` by the layout's convention."""
    images: str | None = None
    """Image folder, relative to `data.root`. Searched recursively."""
    labels: str | None = None
    """Label folder, relative to `data.root`. A generated source without it uses the labels of `data.real`."""
    image_suffix: str | None = None
    """End of an image's file name, such as `.jpg` or `_leftImg8bit.png`. Default: by layout."""
    label_suffix: str | None = None
    """End of a label's file name, such as `.png`. Default: by layout."""


class SceneSource(Section):
    """Street scenes that the package renders itself, the same ones for the same seed."""

    scenes: Literal["real", "aligned", "misaligned"]
    """`real` style; a generated style whose labels fit; a generated style whose labels are off."""
    count: PositiveInt
    """Number of scenes."""
    seed: int = Field(default=0, ge=0)
    """Scenes of two seeds share nothing."""
    size: tuple[PositiveInt, PositiveInt] = (64, 96)
    """Height and width in pixels."""


class ElsewhereSource(Section):
    """Images that a trainer which is not ours finds by itself."""

    elsewhere: str = Field(min_length=1)
    """What they are, in words: two sources are taken for the same where these are."""
    image_count: PositiveInt | None = None
    """How many there are, if that is known: `sweep plan` then says how often each is seen."""


def _kind_of_source(value: Any) -> str:
    if isinstance(value, dict):
        return next((kind for kind in ("scenes", "elsewhere") if kind in value), "folder")
    if isinstance(value, SceneSource):
        return "scenes"
    return "elsewhere" if isinstance(value, ElsewhereSource) else "folder"


Source = Annotated[
    Annotated[FolderSource, Tag("folder")]
    | Annotated[SceneSource, Tag("scenes")]
    | Annotated[ElsewhereSource, Tag("elsewhere")],
    Discriminator(_kind_of_source),
]


def _usual_classes(data: dict[str, Any]) -> tuple[str, ...]:
    if isinstance(data.get("real"), SceneSource):
        return SCENE_CLASSES
    return CITYSCAPES_CLASSES if data.get("layout") in ("cityscapes", "bdd100k") else ()


class DataConfig(Section):
    """The section `data` of a spec."""

    root: Path = Path()
    """Folder that relative folders of sources start from; itself relative to the working directory."""
    layout: Layout = "mmsegmentation"
    """Where a `split` lies and what its files are called."""
    real: Source
    """The real training images."""
    generated: dict[str, Source] = Field(default_factory=dict)
    """Generated training images by the name of their source."""
    strategy: str = "all"
    """Which generated source is used: its name, or `all` to share the generated part by `weights`."""
    weights: dict[str, PositiveFloat] = Field(default_factory=dict)
    """Share of each source in the generated part, before normalising. Default: 1 each."""
    validation: Source
    """The real images that every trial is validated on."""
    classes: tuple[str, ...] = Field(default_factory=_usual_classes)
    """Names of the classes in the order of their ids. Default: by layout, or those of the scenes; may be
    empty where the images to validate on lie elsewhere."""
    ignore_index: int = Field(default=255, ge=0, le=255)
    """Label id of pixels that neither train nor count."""
    reduce_zero_label: bool = False
    """Label 0 means nothing (ADE20K): 0 becomes `ignore_index`, all other ids go down by one."""
    label_map: dict[int, int] = Field(default_factory=dict)
    """New id of a label id, applied after `reduce_zero_label`; ids that are not named stay."""

    @model_validator(mode="after")
    def _consistent(self) -> DataConfig:
        if not self.classes and not isinstance(self.validation, ElsewhereSource):
            raise ValueError("classes are missing; list the names of the classes in the order of their ids")
        if self.strategy != "all" and self.strategy not in self.generated:
            known = ", ".join(("all", *self.generated))
            raise ValueError(f"strategy is {self.strategy!r}; it must be one of: {known}")
        if unknown := sorted(set(self.weights) - set(self.generated)):
            raise ValueError(f"weights names {unknown}, which is not among the generated sources")
        return self

    def generated_in_use(self) -> dict[str, float]:
        """Normalised weight of every generated source that `strategy` selects; empty if there is none."""
        names = list(self.generated) if self.strategy == "all" else [self.strategy]
        weights = {name: self.weights.get(name, 1.0) for name in names}
        total = sum(weights.values())
        return {name: weight / total for name, weight in weights.items()}
