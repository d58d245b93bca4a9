"""What the libraries would tell a user who never asked for them."""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager

# what they raise for files that are another model's
UNFIT = (ValueError, RuntimeError, KeyError, TypeError, AttributeError, IndexError, OSError, NotImplementedError)


def silence_loggers() -> None:
    """Diffusers and transformers tell of errors alone from here on: they raise those, and the sentences are ours.

    Before diffusers is imported, which tells of packages that it can do without. ImportError where they are not there.
    """
    from transformers.utils import logging

    warnings.filterwarnings(
        "ignore", category=FutureWarning, module="diffusers|transformers"
    )  # of their own use of themselves
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    import diffusers

    diffusers.utils.logging.set_verbosity_error()
    diffusers.utils.logging.disable_progress_bar()


@contextmanager
def quietly() -> Iterator[None]:
    """Without diffusers' remarks on what is as it should be: a second LoRA, text encoders that one says nothing of."""
    import diffusers

    logging = diffusers.utils.logging
    before = logging.get_verbosity()
    logging.set_verbosity(logging.CRITICAL)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.set_verbosity(before)


def error_text(error: BaseException) -> str:
    """What an error says, as a part of a sentence."""
    return " ".join(str(error).split())[:200]
