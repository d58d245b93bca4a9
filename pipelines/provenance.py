"""What decides the pixels of an edit on this machine, beside the edit."""

from functools import cache
from hashlib import blake2b

from pipelines import WEIGHTS

VERSION = "0.11.0"  # of Palimpsest; pyproject.toml reads it here


@cache
def made_with() -> str:
    """Returns in words, for recipes, the versions, the device and the embedded weights."""
    import cv2
    import torch

    device = torch.cuda.get_device_name() if torch.cuda.is_available() else torch.backends.cpu.get_cpu_capability()
    weights = blake2b(digest_size=4)
    for file in sorted((WEIGHTS / "glide-mini").glob("*.safetensors")):
        weights.update(file.read_bytes())
    return (
        f"Palimpsest {VERSION}, torch {torch.__version__}, OpenCV {cv2.__version__} on {device}, "
        f"embedded weights {weights.hexdigest()}"
    )
