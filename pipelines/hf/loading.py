"""A pipeline of diffusers from its folder: checked, then read by diffusers, then put on the device."""

import inspect
from typing import TYPE_CHECKING

from pipelines.hf.families import family_by_signature, family_of
from pipelines.hf.folder import read_layout
from pipelines.hf.hub import folder_of, lacking_diffusers

if TYPE_CHECKING:
    from pipelines.hf.pipeline import Hf

MOST_AT_ONCE = 8  # images in one run, as many as an edit has variations


def load_hf(named: str, name: str, fetch: bool) -> "Hf":
    """The pipeline in a folder or on the hub. named: canonical. name: as it will be called. fetch: see `folder_of`.

    ValueError with a sentence when it is not there, not whole, no safetensors, or cannot repaint a masked area.
    """
    folder = folder_of(named, fetch)
    layout = read_layout(folder)
    try:
        import diffusers
        import torch

        from pipelines.hf.pipeline import Hf
    except ImportError as error:
        raise ValueError(lacking_diffusers(named, error)) from error

    family = family_of(layout.named)
    kind = getattr(diffusers, family.repaints if family else layout.named, None)
    if not (inspect.isclass(kind) and issubclass(kind, diffusers.DiffusionPipeline)):
        raise ValueError(f"{folder} is a {layout.named}, which diffusers {diffusers.__version__} does not know")
    family = family or family_by_signature(layout.named, inspect.signature(kind.__call__).parameters)
    cuda = torch.cuda.is_available()
    numbers = (torch.bfloat16 if torch.cuda.is_bf16_supported() else torch.float16) if cuda else torch.float32
    try:
        pipe = kind.from_pretrained(
            folder, dtype=numbers, use_safetensors=True, local_files_only=True, variant=layout.variant
        )
    except (OSError, ValueError, TypeError, KeyError, RuntimeError) as error:
        why = " ".join(str(error).split())[:300]
        raise ValueError(f"diffusers cannot read {folder} as a {kind.__name__} ({why}); get it again") from error
    if numbers != torch.float16 and hasattr(pipe, "vae"):
        pipe.vae.register_to_config(force_upcast=False)  # half precision's range is what some decoders overflow
    # on a processor one image at a time, so that it is the same to the bit in any batch
    return Hf(name, pipe.to("cuda" if cuda else "cpu"), family, MOST_AT_ONCE if cuda else 1)
