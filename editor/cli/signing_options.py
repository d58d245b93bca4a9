"""The options about content credentials: who signs, and whom to trust."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from editor.cli.path_options import a_path
from editor.formats.credentials import missing_package
from editor.formats.signing import load_signer, read_certificates
from editor.recipes.provenance import Signing
from pipelines.errors import InvalidInput

if TYPE_CHECKING:
    Commands = argparse._SubParsersAction[argparse.ArgumentParser]


def add_signing(parser: argparse.ArgumentParser, inherited: bool = False) -> None:
    """Adds the options to a parser; inherited: they default to the values given before the command."""

    def add(name: str, default: object, **options: Any) -> None:
        parser.add_argument(name, default=argparse.SUPPRESS if inherited else default, **options)

    add(
        "--sign-cert", None, type=a_path, metavar="FILE",
        help="sign saved pictures with content credentials, by this certificate: a PEM file with its issuers' after it;"
        " see docs/credentials.md. Without it nothing is signed",
    )  # fmt: skip
    add("--sign-key", None, type=a_path, metavar="FILE", help="its private key, a PEM file without a password")
    add("--sign-prompts", False, action="store_true", help="say the prompts in the credentials too")
    add_trust(parser, inherited)


def add_trust(parser: argparse.ArgumentParser, inherited: bool = True) -> None:
    """Adds the option about trusted issuers to a parser; inherited: as above."""
    parser.add_argument(
        "--trust-certs", default=argparse.SUPPRESS if inherited else None, type=a_path, metavar="FILE",
        help="PEM file with certificates of issuers to trust when content credentials are checked (default: none, so"
        " that every signer's name is unproven)",
    )  # fmt: skip


def add_credentials(commands: "Commands") -> None:
    """Adds the command `credentials`."""
    command = commands.add_parser(
        "credentials",
        help="show what the content credentials of files say, and whether they are valid",
        description="Show who signed a picture, whether it was changed since, and what was done to it. No address that"
        " a file names is asked. A .palimpsest file has those of the picture that its document began with; `history`"
        " shows them for one in the store.",
    )
    command.set_defaults(run="credentials.show")
    command.add_argument("files", type=a_path, nargs="+", metavar="FILE", help="a picture, a .palimpsest file")
    add_trust(command)


def read_signing(options: argparse.Namespace, version: str) -> Signing | None:
    """Returns how pictures are signed by the options, None without a certificate.

    Args:
        options: the parsed options.
        version: of Palimpsest.

    Raises:
        InvalidInput: they do not go together, or `load_signer` refuses the files.
    """
    certificate, key = options.sign_cert, options.sign_key
    if certificate is None and key is None:
        if options.sign_prompts:
            raise InvalidInput("--sign-prompts needs a certificate: --sign-cert and --sign-key.")
        return None
    if certificate is None or key is None:
        given, other = ("--sign-key", "--sign-cert") if certificate is None else ("--sign-cert", "--sign-key")
        raise InvalidInput(f"{given} needs {other}: a certificate and its private key sign together.")
    return Signing(load_signer(certificate, key, version), options.sign_prompts)


def read_anchors(options: argparse.Namespace) -> str:
    """Returns the trusted issuers' certificates by the options, PEM, "" for none; raises InvalidInput for others."""
    file: Path | None = options.trust_certs
    if file is None:
        return ""
    if missing := missing_package():
        raise InvalidInput(missing)
    from cryptography.hazmat.primitives.serialization import Encoding

    return "".join(each.public_bytes(Encoding.PEM).decode() for each in read_certificates(file))
