"""OpenAI's released files, from where OpenAI published them; only `python app.py convert FOLDER --download` asks."""

from collections.abc import Mapping
from pathlib import Path

from tqdm import tqdm

from pipelines.download import fetch, shown_in
from pipelines.glide.digests import record

HOW = "`python app.py convert {} --download` fetches what is missing"

_CHECKPOINTS = "https://openaipublic.blob.core.windows.net/diffusion/dec-2021"
_BYTE_PAIRS = "https://raw.githubusercontent.com/openai/glide-text2im/main/glide_text2im/tokenizer"

FILES = {
    "base.pt": f"{_CHECKPOINTS}/base.pt",
    "base_inpaint.pt": f"{_CHECKPOINTS}/base_inpaint.pt",
    "upsample.pt": f"{_CHECKPOINTS}/upsample.pt",
    "upsample_inpaint.pt": f"{_CHECKPOINTS}/upsample_inpaint.pt",
    "clip_image_enc.pt": f"{_CHECKPOINTS}/clip_image_enc.pt",
    "clip_text_enc.pt": f"{_CHECKPOINTS}/clip_text_enc.pt",
    "encoder.json.gz": f"{_BYTE_PAIRS}/encoder.json.gz",
    "vocab.bpe.gz": f"{_BYTE_PAIRS}/vocab.bpe.gz",
    "bpe_simple_vocab_16e6.txt.gz": f"{_BYTE_PAIRS}/bpe_simple_vocab_16e6.txt.gz",
}


def download(folder: Path, files: Mapping[str, str] = FILES, pause: float = 2.0) -> None:
    """Downloads what a folder lacks, with a progress bar, and notes the digests.

    Args:
        folder: where the files go; it is made where it is not there.
        files: their names and URLs.
        pause: seconds between an interruption and the next try.

    Raises:
        InvalidInput: as in `fetch`.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for name, url in files.items():
        file = folder / name
        if file.exists() or file.with_suffix(".safetensors").exists():
            continue
        with tqdm(desc=name, unit="B", unit_scale=True) as bar:
            fetch(url, file, progress=shown_in(bar), pause=pause)
        record(file)
