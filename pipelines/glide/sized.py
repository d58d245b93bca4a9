"""A network that stands alone: its weights in a .safetensors file, its sizes in a .json of the same name beside."""

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any, TypeVar

from torch import Tensor, nn

from pipelines.errors import InvalidInput, one_line
from pipelines.glide.weights import load_network, save_unet
from pipelines.whole_file import write_whole

Config = TypeVar("Config")
Network = TypeVar("Network", bound=nn.Module)

# what making a network of impossible sizes raises
IMPOSSIBLE = (TypeError, ValueError, ArithmeticError, LookupError, RuntimeError, AttributeError)


def save_sized(config: Any, state: Mapping[str, Tensor], file: Path) -> None:
    """Writes a network's weights in bfloat16, and its sizes, a dataclass, beside them."""
    save_unet(dict(state), file)
    write_whole(sizes_file(file), json.dumps(asdict(config), indent=1) + "\n")


def load_sized(make: Callable[[Config], Network], kind: type[Config], file: Path) -> Network:
    """Loads a network that `save_sized` wrote, float32, ready to run.

    Args:
        make: makes the network from its sizes.
        kind: the dataclass of the sizes.
        file: its weights.

    Raises:
        InvalidInput: the weights or the sizes are missing or damaged, or do not belong together.
    """
    config = read_sizes(sizes_file(file), kind)

    def made() -> Network:
        try:
            return make(config)
        except IMPOSSIBLE as error:
            raise InvalidInput(
                f"No network can have the sizes in {sizes_file(file)} ({one_line(error)}): get that file again."
            ) from error

    return load_network(made, file)


def read_sizes(file: Path, kind: type[Config]) -> Config:
    """Reads a network's sizes.

    Raises:
        InvalidInput: they are not there, or damaged.
    """
    try:
        return kind(**{key: frozen(value) for key, value in json.loads(file.read_text(encoding="utf-8")).items()})
    except FileNotFoundError:
        raise InvalidInput(f"The sizes {file} are not there: get them again, they lie beside the weights.") from None
    except (OSError, ValueError, TypeError, AttributeError) as error:
        raise InvalidInput(f"The sizes in {file} cannot be read ({one_line(error)}): get that file again.") from error


def sizes_file(file: Path) -> Path:
    """Returns where the sizes of a file's network are."""
    return file.with_suffix(".json")


def frozen(value: Any) -> Any:
    """Returns a list of JSON as a tuple, anything else as it is."""
    return tuple(value) if isinstance(value, list) else value
