"""What the libraries would tell a user who never asked for them."""

from warnings import filterwarnings


def hushed() -> None:
    """Diffusers and transformers tell of errors alone from here on: they raise those, and the sentences are ours.

    Before diffusers is imported, which tells of packages that it can do without. ImportError where they are not there.
    """
    from transformers.utils import logging

    filterwarnings("ignore", category=FutureWarning, module="diffusers|transformers")  # of their own use of themselves
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    import diffusers

    diffusers.utils.logging.set_verbosity_error()
    diffusers.utils.logging.disable_progress_bar()
