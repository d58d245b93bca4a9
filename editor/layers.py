"""Layers: the steps from the opened picture to the one on show, which can be hidden, faded and moved."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial, reduce
from itertools import combinations
from typing import NamedTuple

import numpy as np

from editor.edits.apply import laid_in
from editor.edits.edit import NO_MODEL, Edit
from editor.edits.plan import affected_region, frame_after, plan
from editor.imaging.adjusting import reach
from editor.imaging.geometry import Box
from editor.imaging.picture import Picture
from editor.imaging.raster import Mask, Patch
from editor.store.blobs import NotFound
from editor.store.queue import Moved, revision_id
from editor.store.revisions import Revision
from editor.store.store import Store
from pipelines.base import PipelineInfo
from pipelines.errors import InvalidInput


@dataclass(frozen=True, eq=False)
class Layer:
    """A step as a layer."""

    step: Revision  # finished, and no opened picture
    region: Mask  # where it may change the picture

    @property
    def edit(self) -> Edit:
        """Its edit."""
        assert self.step.edit is not None, "the opened picture is no layer"
        return self.step.edit

    @property
    def fixed(self) -> bool:
        """Whether it changes the picture's size: it cannot be hidden, and nothing can be moved past it."""
        return any(self.edit.margins)

    def overlaps(self, other: "Layer") -> bool:
        """Tells whether both may change the same pixel, so that their order matters."""
        shared = self.region.box.intersect(other.region.box)
        return not shared.empty and bool(((self.region.on(shared) > 0) & (other.region.on(shared) > 0)).any())


class LayerSettings(NamedTuple):
    """How a layer is to be."""

    revision: str  # the id of its step
    visible: bool
    opacity: float  # 0 to 1; without effect on a crop


class ModelRun(NamedTuple):
    """A step that a model must repeat."""

    pipeline: str  # the model's name
    steps: int  # how many steps it takes at most; 0 while that is unknown


@dataclass(frozen=True, eq=False)
class Forecast:
    """What comes of an arrangement, as far as that is known before any model runs."""

    picture: Picture  # the result, with the old look of what a model must repeat
    runs: tuple[ModelRun, ...]  # in order; none: the picture is exact


class Layers:
    """The layers of documents. Errors are those of `Session`."""

    def __init__(self, store: Store) -> None:
        self.store = store

    def of(self, document_id: str) -> list[Layer]:
        """Returns the layers of what a document shows, the lowest first."""
        opened, *steps = self.store.revisions.path_to(self.store.documents.get(document_id).head)
        assert opened.picture is not None, "an opened picture is finished"
        frame, layers = opened.picture.box, []
        for step in steps:
            assert step.edit is not None, "only the opened picture has no edit"
            layers.append(Layer(step, affected_region(step.edit, frame)))
            frame = frame_after(step.edit, frame)
        return layers

    def rearrange(self, document_id: str, arrangement: Sequence[LayerSettings]) -> list[Revision]:
        """Queues the steps in another order or with other blends, as a new branch, see `Jobs.rearrange`.

        A crop that was generated before for the same request is pasted without running the model.

        Args:
            document_id: the document's id.
            arrangement: all of its layers, the lowest first.

        Returns:
            The jobs from the first layer that changes on, in order; only the revision on show if none changes.

        Raises:
            InvalidInput: a layer cannot be hidden or moved in this way, or an opacity is out of range.
            Moved: these are not the document's layers any more, or another replay has not ended yet.
        """
        layers = self.of(document_id)
        changed, first = _changed(layers, arrangement)
        if first == len(changed):
            return [self.store.revisions.get(self.store.documents.get(document_id).head)]
        return self.store.jobs.rearrange(
            document_id,
            [layer.step.id for layer in layers[first:]],
            [(layer.step.id, edit) for layer, edit in changed[first:]],
        )

    def change(
        self, document_id: str, revision: str, visible: bool | None = None, opacity: float | None = None,
        place: int | None = None,
    ) -> list[Revision]:  # fmt: skip
        """Changes one layer, as `rearrange`; None leaves a value as it is.

        Args:
            document_id: the document's id.
            revision: the id of the layer's step.
            visible: whether it is to be seen.
            opacity: 0 to 1.
            place: which layer it is to be, counted from 1 for the lowest.
        """
        layers = self.of(document_id)
        ids = [layer.step.id for layer in layers]
        if revision not in ids:
            raise InvalidInput(
                f"The step {revision!r} is no layer of what is shown: the layers are the steps from the opened picture "
                "to it. Go to a state after this step first."
            )
        if place is not None and not 1 <= place <= len(layers):
            raise InvalidInput(f"The place of a layer must be from 1, the lowest, to {len(layers)}, not {place}.")
        arrangement = [
            LayerSettings(layer.step.id, layer.edit.blend.visible, layer.edit.blend.opacity) for layer in layers
        ]
        settings = arrangement.pop(ids.index(revision))
        if visible is not None:
            settings = settings._replace(visible=visible)
        if opacity is not None:
            settings = settings._replace(opacity=opacity)
        arrangement.insert(ids.index(revision) if place is None else place - 1, settings)
        return self.rearrange(document_id, arrangement)

    def forecast(
        self, document_id: str, arrangement: Sequence[LayerSettings], models: Callable[[str], PipelineInfo]
    ) -> Forecast:
        """Returns what `rearrange` would make, without running a model or storing anything.

        Args:
            document_id: the document's id.
            arrangement: as in `rearrange`.
            models: returns the info of a model; raises InvalidInput while it is unknown.

        Raises:
            InvalidInput, Moved: as in `rearrange`.
        """
        layers = self.of(document_id)
        changed, first = _changed(layers, arrangement)
        parent = self.store.documents.get(document_id).head if first == len(layers) else layers[first].step.parent
        assert parent is not None, "a layer has a parent"
        picture, runs = self.store.revisions.picture(parent), list[ModelRun]()
        shown = self.store.revisions.picture(self.store.documents.get(document_id).head)
        unknown = Mask(Box(0, 0, 0, 0), np.zeros((0, 0), np.uint8))  # what the models will have changed
        crops = partial(self.store.revisions.crop, document_id)
        end = max((n for n, layer in enumerate(layers, 1) if not _same(layer, changed[n - 1])), default=0)
        for n, (layer, edit) in enumerate(changed[first:], first):
            if n == end:  # all later ones are as they were: they need not be made again where none sees a change
                region = reduce(Mask.joined, (each.region for each in layers[first:end]))
                if _apart(region, layers[end:], models):
                    return Forecast(_copied(picture, shown, region), tuple(runs))
            parent = revision_id(document_id, parent, edit.to_json())
            if (made := self._finished(parent)) is not None:
                picture = made
                continue
            steps = 0
            try:
                if edit.blend.visible and edit.pipeline != NO_MODEL:
                    edit_plan = plan(edit, picture.box, models(edit.pipeline))
                    steps = edit_plan.steps
                    if any(unknown.on(part.window).any() for part in edit_plan.parts):
                        raise InvalidInput("It sees what is still to be generated.")
                picture = laid_in(edit, picture, models, crops)
            except InvalidInput:  # a crop is missing, or the model is still unknown
                runs.append(ModelRun(edit.pipeline, steps))
                region = affected_region(edit, picture.box)
                unknown = unknown.joined(region)
                picture = self._with_old_look(layer, picture.reframed(frame_after(edit, picture.box)), region)
        return Forecast(picture, tuple(runs))

    def _finished(self, revision_id: str) -> Picture | None:
        """Returns the picture of a revision if there is one."""
        try:
            return self.store.revisions.get(revision_id).picture
        except NotFound:
            return None

    def _with_old_look(self, layer: Layer, picture: Picture, region: Mask) -> Picture:
        """Returns a picture with the pixels that a layer's step had in a region when it was last visible."""
        edit, after = layer.edit, layer.step.picture
        if not edit.blend.visible:
            step = self.store.revisions.last_visible(layer.step.document, edit)
            after = None if step is None else step.picture
        if after is None:
            return picture
        return _copied(after, picture, region)


def _copied(source: Picture, target: Picture, region: Mask) -> Picture:
    """Returns the target with the source's pixels in a region."""
    box = region.bounds.intersect(source.box).intersect(target.box)
    inside = region.on(box)[..., None] > 0
    new, old = (np.dstack([each.read(box).pixels, each.opacity(box)]) for each in (source, target))
    return target.write(Patch(box, np.where(inside, new, old)))


def _apart(region: Mask, layers: Sequence[Layer], models: Callable[[str], PipelineInfo]) -> bool:
    """Tells whether no layer changes or sees a pixel of a region, and none changes the picture's size."""
    try:
        return not any(
            layer.fixed
            or Layer(layer.step, region).overlaps(layer)
            or any(region.on(window).any() for window in _windows(layer, models))
            for layer in layers
        )
    except InvalidInput:  # a model is still unknown
        return False


def _windows(layer: Layer, models: Callable[[str], PipelineInfo]) -> list[Box]:
    """Returns what a layer's step sees of the picture."""
    edit = layer.edit
    if edit.adjustment is not None:
        return [layer.region.bounds.padded(reach(edit.adjustment.blur, edit.adjustment.sharpness))]
    if edit.pipeline == NO_MODEL:
        return []
    assert layer.step.picture is not None, "a layer is finished"
    return [part.window for part in plan(edit, layer.step.picture.box, models(edit.pipeline)).parts]


def _same(layer: Layer, change: tuple[Layer, Edit]) -> bool:
    return layer is change[0] and layer.edit == change[1]


def _changed(layers: Sequence[Layer], arrangement: Sequence[LayerSettings]) -> tuple[list[tuple[Layer, Edit]], int]:
    """Returns the layers in their new order, each with its new edit, and the index of the first that changes.

    Raises:
        InvalidInput: a layer cannot be hidden or moved in this way, or an opacity is out of range.
        Moved: these are not the layers.
    """
    by_id = {layer.step.id: layer for layer in layers}
    if sorted(each.revision for each in arrangement) != sorted(by_id):
        raise Moved("The layers have changed meanwhile: list each of them once. Look at them again.")
    changed = []
    for each in arrangement:
        layer = by_id[each.revision]
        if layer.edit.pipeline == NO_MODEL and layer.fixed:  # a crop
            each = each._replace(opacity=layer.edit.blend.opacity)
        blend = replace(layer.edit.blend, visible=each.visible, opacity=each.opacity)
        changed.append((layer, replace(layer.edit, blend=blend)))
    _check_order(layers, [layer for layer, _ in changed])
    same = [_same(layer, change) for layer, change in zip(layers, changed, strict=True)]
    return changed, [*same, False].index(False)


def _check_order(layers: Sequence[Layer], order: Sequence[Layer]) -> None:
    """Raises InvalidInput when layers change places although their order matters."""
    place = {layer: n for n, layer in enumerate(order)}
    for lower, upper in combinations(layers, 2):
        if place[lower] < place[upper]:
            continue
        if lower.fixed or upper.fixed:
            fixed = lower if lower.fixed else upper
            raise InvalidInput(
                f"{title(layers, fixed)} changes the picture's size, so no layer can be moved past it. Leave the order "
                "of the layers around it as it is."
            )
        if lower.overlaps(upper):
            raise InvalidInput(
                f"{title(layers, lower)} and {title(layers, upper)} overlap, so they cannot change places. Move only "
                "layers that do not overlap."
            )


def title(layers: Sequence[Layer], layer: Layer) -> str:
    """Returns what to call one of the layers in a sentence: its name, its prompt or its number from below."""
    name = layer.step.name or layer.edit.prompt
    return f"“{name}”" if name else f"Layer {layers.index(layer) + 1}"
