"""The models on this machine, and OpenAI's made ready."""

import json
from dataclasses import asdict

from editor.cli.context import CommandContext
from pipelines import models


def installed(context: CommandContext) -> None:
    found = models.installed(context.models_file)
    if context.options.json:
        print(json.dumps([asdict(model) for model in found], indent=2, default=str))
    else:
        print(models.listing(found))


def convert(context: CommandContext) -> None:
    from pipelines.glide import download, released  # these load PyTorch, which a list of models does without

    folder = context.options.folder
    if context.options.download:
        download.download(folder)
    for line in released.convert(folder):
        print(line, flush=True)
