"""Shown files: the pictures in responses of the API, the only files that Gradio may serve."""

from collections import OrderedDict
from pathlib import Path
from threading import Lock

from gradio.data_classes import FileData
from gradio.processing_utils import save_bytes_to_cache
from gradio.utils import get_upload_folder

from editor.web.users import User, current_user

FILES = 64  # how many to keep; older ones are removed


class Shown:
    """The paths of the files in the newest responses."""

    def __init__(self) -> None:
        self.files: OrderedDict[str, set[User | None]] = OrderedDict()  # with who was answered
        self.lock = Lock()  # responses are made in several threads

    def add(self, name: str, data: bytes) -> FileData:
        """Stores a file that Gradio may then serve, and removes the oldest when there are too many.

        Args:
            name: the file's name.
            data: its bytes.

        Returns:
            The file as a response holds it.
        """
        path = save_bytes_to_cache(data, name, get_upload_folder())
        with self.lock:
            self.files.setdefault(path, set()).add(current_user())
            self.files.move_to_end(path)
            while len(self.files) > FILES:
                Path(self.files.popitem(last=False)[0]).unlink(missing_ok=True)
        return FileData(path=path)

    def answered(self, path: str, user: User) -> bool:
        """Tells whether a user was answered with a file."""
        return user in self.files.get(path, ())

    def __contains__(self, path: object) -> bool:
        return path in self.files
