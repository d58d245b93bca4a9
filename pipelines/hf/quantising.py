"""Weights rounded to fewer bits as they are read: smaller, a little worse, on some cards faster."""

from typing import Any

from pipelines.errors import InvalidInput

INSTALL = "`pip install torchao==0.18.0`"
NAMES = ("fp8", "int8", "int4")


def quantising(numbers: str, network: str) -> Any:
    """What `from_pretrained` takes as its `quantization_config` to round the large network alone, only its weights.

    numbers: one of NAMES. network: the name of its part. InvalidInput when there are no such numbers, or torchao, which
    rounds, is not there or lacks what these need.
    """
    if numbers not in NAMES:
        raise InvalidInput(f"Weights can be rounded to {', '.join(NAMES)}, not to {numbers!r}.")
    from diffusers import PipelineQuantizationConfig, TorchAoConfig

    try:
        from torchao.quantization import Float8WeightOnlyConfig, Int4WeightOnlyConfig, Int8WeightOnlyConfig
    except ImportError as error:
        raise InvalidInput(f"Rounding weights to {numbers} needs torchao ({error}): {INSTALL}.") from error
    how = {"fp8": Float8WeightOnlyConfig, "int8": Int8WeightOnlyConfig, "int4": Int4WeightOnlyConfig}[numbers]()
    return PipelineQuantizationConfig(quant_mapping={network: TorchAoConfig(how)})
