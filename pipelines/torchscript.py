"""A network from a TorchScript file. Such a file holds a program: it is looked at before any of it runs."""

import ast
import pickletools
import re
import sys
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from pipelines.errors import InvalidInput, one_line

ENTRIES = re.compile(
    r"(data|constants|traced_inputs)(\.pkl|/\d+)|code/__torch__(/\w+)*\.py(\.debug_pkl)?"
    r"|version|byteorder|\.format_version|\.storage_alignment|\.data/serialization_id"
)
GLOBALS = re.compile(
    r"__torch__(\.(?!torch\.classes\.)[\w.]+)? \w+"  # the file's own classes, none that are built into PyTorch
    r"|torch\._utils (_rebuild_tensor_v2|_rebuild_parameter)|torch \w+Storage|torch device|collections OrderedDict"
    r"|torch\.jit\._pickle (build_\w+list|restore_type_tag)"
)
# Reading a file runs these of its own program: how its classes read themselves, and the default of each argument.
SETSTATE = b"__setstate__"
PLAIN = (ast.Constant, ast.Name, ast.Attribute, ast.Subscript, ast.List, ast.Tuple, ast.UnaryOp, ast.USub, ast.Load)
# as PyTorch writes it: no comments, strings within their lines, so that Python sees what PyTorch sees
WRITTEN = re.compile(rb'(?:(?<!\w)"(?!"")(?:[^"\\\n]|\\[ -~])*"(?!")|[ !$-&(-:<-\[\]-~\n])*')

# prim:: the language's values and branches; aten:: mathematics that sees its arguments and nothing else
OPERATORS = frozenset(
    f"prim::{name}"
    for name in (
        "Constant GetAttr If Loop ListConstruct ListUnpack TupleConstruct TupleUnpack TupleIndex DictConstruct"
        " NumToTensor RaiseException Uninitialized unchecked_cast dtype device min max"
    ).split()
) | frozenset(
    f"aten::{name}"
    for name in (
        # numbers, lists and shapes
        "Int Float Bool ScalarImplicit IntImplicit FloatImplicit __is__ __isnot__ __not__ __and__ __or__ __getitem__"
        " __contains__ _set_item append extend len format eq ne lt le gt ge neg size dim numel is_complex"
        " is_floating_point floordiv remainder"
        # networks
        " conv1d conv2d conv_transpose2d _convolution convolution linear matmul bmm mm addmm batch_norm layer_norm"
        " group_norm instance_norm relu relu_ relu6 leaky_relu leaky_relu_ elu elu_ gelu silu silu_ sigmoid sigmoid_"
        " tanh tanh_ hardtanh softplus softmax log_softmax prelu avg_pool2d max_pool2d adaptive_avg_pool2d pad"
        " constant_pad_nd reflection_pad2d replication_pad2d upsample_nearest2d upsample_bilinear2d"
        " upsample_bicubic2d pixel_shuffle"
        # Fourier
        " fft_fftn fft_ifftn fft_rfftn fft_irfftn fft_fft2 fft_ifft2 fft_rfft2 fft_irfft2 real imag complex"
        " view_as_real view_as_complex"
        # sums and shapes of tensors
        " add add_ sub sub_ rsub mul mul_ div div_ floor_divide pow square sqrt rsqrt exp log abs round floor ceil sin"
        " cos clamp clamp_ minimum maximum where mean sum amax amin cat stack split chunk select slice narrow view"
        " reshape flatten squeeze unsqueeze permute transpose contiguous expand expand_as repeat flip roll clone detach"
        " alias to type_as zeros ones full zeros_like ones_like full_like arange linspace meshgrid"
    ).split()
)


MEMORY = 4 * 2**30  # bytes that a network's run may take on a processor; LaMa takes one


@contextmanager
def limited_memory(device: torch.device) -> Iterator[None]:
    """Gives what runs meanwhile at most MEMORY, since a file decides how much it takes.

    On a graphics card the card's own memory is the limit; where the system knows no limits there is none.

    Raises:
        RuntimeError, MemoryError: from what runs meanwhile, when it takes more.
    """
    if device.type != "cpu" or sys.platform != "linux":
        yield
        return
    import resource

    before = resource.getrlimit(resource.RLIMIT_AS)
    mapped = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    most = mapped + MEMORY if before[1] == resource.RLIM_INFINITY else min(mapped + MEMORY, before[1])
    resource.setrlimit(resource.RLIMIT_AS, (most, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, before)


def load_network(file: Path, device: torch.device) -> Callable[..., Tensor]:
    """Loads the `forward` of a TorchScript file, in evaluation mode.

    First looks in the file's archive for what would run while the file is read, by the same reader; then looks at the
    operators of `forward` and of all that it calls, each of which must be one of `OPERATORS`.

    Args:
        file: the TorchScript file.
        device: where the network is to be.

    Raises:
        InvalidInput: the file is missing, damaged, no TorchScript, or holds anything else.
    """
    if not file.is_file():
        raise InvalidInput(f"There is no file {file}; give a network saved by torch.jit.save.")
    try:
        archive = torch._C.PyTorchFileReader(str(file))
        records = archive.get_all_records()
    except RuntimeError as error:
        raise InvalidInput(
            f"{file} is no TorchScript, or there in part; give a network saved by torch.jit.save."
        ) from error
    try:
        _refuse(file, archive, records)
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", "`torch.jit.load` is deprecated", DeprecationWarning)
            network = torch.jit.load(file, map_location=device).eval()
        forward = network.forward
        if not isinstance(forward, torch.ScriptMethod):
            raise InvalidInput(f"{file} has no forward that could be looked at: it is never run.")
        called = set(_kinds(forward.inlined_graph))  # type: ignore[attr-defined]  # which PyTorch's stubs leave out
    except (RuntimeError, AttributeError, TypeError, LookupError) as error:
        why = one_line(error)[:200]
        raise InvalidInput(f"{file} cannot be read as TorchScript ({why}); get it again.") from error
    if more := ", ".join(sorted(called - OPERATORS)[:5]):
        raise InvalidInput(f"{file} calls {more}, which is more than mathematics: it is never run; get another file.")
    return forward  # and not the network, which may have hooks


def _refuse(file: Path, archive: Any, records: list[str]) -> None:
    """Refuses an archive that holds what no network of tensors needs, or what reading would run.

    Raises:
        InvalidInput: it does.
    """
    if not {"data.pkl", "constants.pkl"} <= set(records):
        raise InvalidInput(f"{file} holds no network, or only its weights; give a network saved by torch.jit.save.")
    if len({name.lower() for name in records}) < len(records):
        raise InvalidInput(f"{file} holds two things of one name: it is never read; get another file.")
    for name in records:
        if not ENTRIES.fullmatch(name):
            raise InvalidInput(
                f"{file} holds {name!r}, which belongs to no network: it is never read; get another file."
            )
        if name.endswith(".py") and _runs_when_read(archive.get_record(name)):
            raise InvalidInput(f"{file} would run a program of its own while it is read ({name}): it is never read.")
        if name.endswith(".pkl"):
            for found in _globals(file, name, archive.get_record(name)):
                if not GLOBALS.fullmatch(found):
                    raise InvalidInput(f"{file} asks for {found!r} ({name}), which is no tensor: it is never read.")


def _runs_when_read(code: bytes) -> bool:
    """Whether a module may do anything before one of its functions is called."""
    if SETSTATE in code or not WRITTEN.fullmatch(code):
        return True
    try:
        module = ast.parse(code)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return True
    values: list[ast.expr | None] = []
    for statement in module.body:
        inner = statement.body if isinstance(statement, ast.ClassDef) else [statement]
        if isinstance(statement, ast.ClassDef):
            values += [*statement.decorator_list, *statement.bases, *(each.value for each in statement.keywords)]
        for each in inner:
            if isinstance(each, ast.Assign | ast.AnnAssign | ast.Expr):
                values.append(each.value)
            elif not isinstance(each, ast.FunctionDef | ast.Pass):
                return True
    for function in ast.walk(module):
        if isinstance(function, ast.FunctionDef):
            values += [*function.decorator_list, *function.args.defaults, *function.args.kw_defaults]
    return any(not isinstance(part, PLAIN) for value in values if value is not None for part in ast.walk(value))


def _globals(file: Path, name: str, pickled: bytes) -> Iterator[str]:
    """Yields whatever a pickle names that it does not hold itself, as "module name"; runs nothing of it."""
    try:
        for opcode, argument, _ in pickletools.genops(pickled):
            if opcode.name == "GLOBAL":
                yield str(argument)
            elif opcode.name in ("STACK_GLOBAL", "INST", "EXT1", "EXT2", "EXT4"):
                yield opcode.name  # PyTorch writes none
    except (ValueError, LookupError) as error:
        raise InvalidInput(f"{file} is damaged ({name}); get it again.") from error


def _kinds(block: Any) -> Iterator[str]:
    """Yields the operators of a graph, those of its branches and loops too."""
    for node in block.nodes():
        yield node.kind()
        for inner in node.blocks():
            yield from _kinds(inner)
