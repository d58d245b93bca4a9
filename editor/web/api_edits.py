"""Edits of the API's tools: queued after all others, and waited for."""

import asyncio
import secrets
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing, suppress
from functools import partial

from editor.edits.intents import complete, prompt_hint
from editor.edits.removal import AUTO, Choice
from editor.imaging.limits import MAX_IMAGES
from editor.imaging.raster import Mask
from editor.store.revisions import Revision
from editor.web.api_results import Result, picture_url
from editor.web.context import AppContext
from editor.web.job_stream import POLL_INTERVAL, JobStream
from pipelines.base import PipelineInfo
from pipelines.errors import InvalidInput

Steps = AsyncGenerator[Result, None]


class ApiEdits:
    """Runs edits for the tools."""

    def __init__(self, context: AppContext) -> None:
        self.context, self.session = context, context.session
        self._job_stream = JobStream(context.session, context.models, context.ending)

    async def edit(
        self, intent: str, document: str, mask: Callable[[], Mask], model: str, seed: int | None, settings: Result,
        variations: int = 1, keep_specks: bool = False, grow: int | None = None, best_of: int = 1,
    ) -> Steps:  # fmt: skip
        """Queues an edit after all others and waits for it.

        Args:
            intent: as `complete` takes it, with `settings`, `keep_specks` and `grow`.
            document: the document's id.
            mask: returns where.
            model: its name; "" for the default of the intent.
            seed: of the first result; None for a random one.
            settings: None in them stands for the model's default.
            variations: how many results.
            keep_specks: see `complete`.
            grow: see `complete`.
            best_of: the same as variations, for who wants the best alone; not both.

        Yields:
            As the tool `edit` says.
        """
        if best_of != 1 and variations != 1:
            raise InvalidInput("The variations and best_of both say how many results are made. Use only one of them.")
        if not 1 <= best_of <= MAX_IMAGES:
            raise InvalidInput(f"The setting best_of must be from 1 to {MAX_IMAGES}, not {best_of}.")
        name = model or self.context.library.default(intent) or AUTO
        seed = secrets.randbelow(2**32) if seed is None else seed
        result: Result = {"seed": seed, "painted_as": ""}
        if name == AUTO and intent == "remove":
            name = (await asyncio.to_thread(self._choose, document, mask)).model
        self.context.check_model(name)
        if intent == "remove":
            result["model"] = name
        info = await self._info(name)
        request, prompt = {**settings, "seed": seed, "pipeline": name}, settings.get("prompt", "")

        def submit() -> Sequence[Revision]:
            picture = partial(self.session.picture, document)
            edit, result["specks"] = complete(intent, mask(), request, info, picture, keep_specks, grow)
            result["painted_as"] = edit.painted_as
            count = variations if best_of == 1 else best_of
            return self.session.variations(document, edit, count, self.session.store.jobs.tail(document))

        async with aclosing(self.stream(submit)) as steps:
            async for step in steps:
                if step["state"] == "done":
                    hint, exact = "", bool(settings.get("exact_words"))
                    with suppress(ValueError, TimeoutError):
                        hint = await self.context.hint(name, result["painted_as"] or prompt)
                    result["hint"] = prompt_hint(prompt, hint, info, exact)
                    step |= result | self._ranked(step["revisions"])
                yield step

    def _choose(self, document: str, mask: Callable[[], Mask]) -> Choice:
        return self.context.removers.choose(self.session.picture(document), mask())

    async def _info(self, name: str) -> PipelineInfo:
        """Returns a model's info once it is loaded, which may take as long as the edit."""
        while (info := self.context.models.info(name)) is None:
            await asyncio.sleep(POLL_INTERVAL)
        return info

    async def stream(self, submit: Callable[[], Sequence[Revision]]) -> Steps:
        """Waits for the jobs that a function queues, and says in the end where the first picture is."""
        async with aclosing(self._job_stream.results(submit)) as steps:
            async for step in steps:
                if step["state"] == "done":
                    step |= picture_url(self.context, step["revisions"][0])
                yield step

    def _ranked(self, revisions: Sequence[str]) -> Result:
        """Returns what an edit says of its results, which differ only in their seed: the best match first."""
        matches = self.session.store.revisions.matches(revisions[0])
        order = sorted(revisions, key=lambda id: -matches[id].probability if id in matches else 1)
        words = [matches[id].word if id in matches else "" for id in order]
        best = self.session.store.revisions.get(order[0]).edit
        seed = {} if best is None else {"seed": best.seed}
        return {"revisions": order, "matches": words, **seed, **picture_url(self.context, order[0])}
