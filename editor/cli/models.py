"""The commands about models: list those on this machine, and convert OpenAI's."""

import json
from dataclasses import asdict

from editor.cli.context import CommandContext
from pipelines import models


def installed(context: CommandContext) -> None:
    """Runs the command `models`: lists the models on this machine."""
    entries = models.installed(context.models_file)
    if any(model.pipeline == "patchmatch" and not model.trouble for model in entries):
        entries = [model for model in entries if model.name != "classical"]  # it only stands in for PatchMatch
    if context.options.json:
        print(json.dumps([asdict(model) for model in entries], indent=2, default=str))
    else:
        print(models.listing(entries))


def convert(context: CommandContext) -> None:
    """Runs the command `convert`: converts OpenAI's GLIDE, and downloads it if asked."""
    from pipelines.glide import download, released  # these load PyTorch, which a list of models does not need

    folder = context.options.folder
    if context.options.download:
        download.download(folder)
    for line in released.convert(folder):
        print(line, flush=True)
