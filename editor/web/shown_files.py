"""Shown files: the pictures in answers of the API, which are all that Gradio may serve."""

from collections import OrderedDict
from pathlib import Path
from threading import Lock

from gradio.data_classes import FileData
from gradio.processing_utils import save_bytes_to_cache
from gradio.utils import get_upload_folder

FILES = 64  # that are kept; older ones are removed


class Shown:
    """Paths of the files that the newest answers named."""

    def __init__(self) -> None:
        self.files: OrderedDict[str, None] = OrderedDict()
        self.lock = Lock()  # each answer is made in a thread of its own

    def add(self, name: str, data: bytes) -> FileData:
        path = save_bytes_to_cache(data, name, get_upload_folder())
        with self.lock:
            self.files[path] = None
            self.files.move_to_end(path)
            while len(self.files) > FILES:
                Path(self.files.popitem(last=False)[0]).unlink(missing_ok=True)
        return FileData(path=path)

    def __contains__(self, path: object) -> bool:
        return path in self.files
