"""Signs picture files with content credentials (C2PA), by a certificate and a key that the user gives."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PIL import Image

from editor.formats.credentials import INVALID, context, media_type, missing_package, read_credentials
from pipelines.errors import InvalidInput

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes
    from cryptography.x509 import Certificate

LARGEST_FILE = 2**20  # bytes of a certificate's or a key's file
CURVES = {"secp256r1": "es256", "secp384r1": "es384", "secp521r1": "es512"}  # algorithms of C2PA by the key's curve
SMALLEST_RSA = 2048  # bits
NEEDS = "an end-entity certificate with the key usage digitalSignature and the extended key usage emailProtection"


@dataclass(frozen=True)
class Signer:
    """Who signs: a certificate, its issuers' and its key."""

    name: str  # in the certificate
    expires: datetime  # the certificate's last moment
    certificates: bytes  # PEM, the signer's own first
    key: bytes  # PEM, PKCS #8
    algorithm: str  # C2PA's name
    version: str  # of Palimpsest

    def sign(
        self, data: bytes, actions: Sequence[Mapping[str, Any]], *, created: bool, opened: bytes | None = None
    ) -> bytes:
        """Signs a complete picture file, whose pixels and metadata stay as they are.

        Args:
            data: the file.
            actions: what was done, in the standard's terms, without the opening or creation of the picture.
            created: whether the picture began empty; False: it was opened.
            opened: the credentials that the opened picture had, an archive of `ingredient_of`.

        Raises:
            InvalidInput: the certificate has expired, or the file cannot be signed.
        """
        if datetime.now(UTC) > self.expires:
            raise InvalidInput(f"The certificate of {self.name} expired on {self.expires:%Y-%m-%d}. Give a new one.")
        from c2pa import Builder, C2paBuilderIntent, C2paDigitalSourceType, C2paError, C2paSignerInfo
        from c2pa import Signer as Native

        claim: dict[str, Any] = {"claim_generator_info": [{"name": "Palimpsest", "version": self.version}]}
        if not created and opened is None:
            claim["ingredients"] = [{"title": "the opened picture", "relationship": "parentOf"}]
        signed = BytesIO()
        try:
            info = C2paSignerInfo(self.algorithm, self.certificates, self.key, None)  # no time stamp: asks no server
            with context("") as settings, Native.from_info(info) as native, Builder(claim, settings) as builder:
                if created:
                    builder.set_intent(C2paBuilderIntent.CREATE, C2paDigitalSourceType.EMPTY)
                else:
                    builder.set_intent(C2paBuilderIntent.EDIT)
                    if opened is not None:
                        builder.add_ingredient_from_archive(BytesIO(opened))
                for action in actions:
                    builder.add_action(dict(action))
                builder.sign(native, media_type(data), BytesIO(data), signed)
        except C2paError as error:
            raise InvalidInput(f"The file cannot be signed with the certificate of {self.name} ({error}).") from None
        return signed.getvalue()


def load_signer(certificates: Path, key: Path, version: str) -> Signer:
    """Reads a certificate and its key, and signs a picture of one pixel with them to see that they will do.

    Args:
        certificates: a PEM file with the signer's certificate first, then its issuers'.
        key: a PEM file with the private key, without a password.
        version: of Palimpsest.

    Raises:
        InvalidInput: a file cannot be read, they do not belong together, or nothing can be signed with them.
    """
    if missing := missing_package():
        raise InvalidInput(missing)
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

    own, *_ = read_certificates(certificates)
    _check_certificate(own, certificates)
    private = _read_key(key)
    public = (Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    if private.public_key().public_bytes(*public) != own.public_key().public_bytes(*public):
        raise InvalidInput(f"The key {key} does not belong to the certificate {certificates}.")
    signer = Signer(
        _name(own), own.not_valid_after_utc, certificates.read_bytes(),
        private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()), _algorithm(private, key), version,
    )  # fmt: skip
    pixel = BytesIO()
    Image.new("RGB", (1, 1)).save(pixel, "PNG")
    credentials = read_credentials(signer.sign(pixel.getvalue(), [], created=True))
    if credentials is None or credentials.state == INVALID:
        raise InvalidInput(f"What the certificate {certificates} signs is not valid. Signing needs {NEEDS}.")
    return signer


def read_certificates(file: Path) -> "list[Certificate]":
    """Reads the certificates of a PEM file, at least one; raises InvalidInput when it has none."""
    from cryptography.x509 import load_pem_x509_certificates

    data = _read(file, "certificate")
    try:
        return load_pem_x509_certificates(data)
    except ValueError:
        raise InvalidInput(
            f"{file} holds no certificate in PEM, the text that begins with -----BEGIN CERTIFICATE-----."
        ) from None


def _check_certificate(own: "Certificate", file: Path) -> None:
    """Raises InvalidInput for a certificate that is of the wrong kind or time."""
    from cryptography.x509 import BasicConstraints, ExtensionNotFound

    now = datetime.now(UTC)
    if now > own.not_valid_after_utc:
        raise InvalidInput(f"The certificate {file} expired on {own.not_valid_after_utc:%Y-%m-%d}. Give a new one.")
    if now < own.not_valid_before_utc:
        raise InvalidInput(f"The certificate {file} is not valid before {own.not_valid_before_utc:%Y-%m-%d}.")
    try:
        authority = own.extensions.get_extension_for_class(BasicConstraints).value.ca
    except (ExtensionNotFound, ValueError):
        authority = False
    if authority:
        raise InvalidInput(
            f"The first certificate in {file} is a certificate authority's, which signs certificates and no pictures. "
            f"Put the signer's own first: {NEEDS}."
        )


def _read_key(file: Path) -> "PrivateKeyTypes":
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    data = _read(file, "key")
    try:
        return load_pem_private_key(data, None)
    except TypeError:  # it is encrypted
        raise InvalidInput(
            f"The key {file} has a password. Write one without, which only you may read, by `openssl pkey -in {file} "
            "-out FILE`."
        ) from None
    except (ValueError, UnsupportedAlgorithm):
        raise InvalidInput(f"{file} holds no private key in PEM that can be read.") from None


def _algorithm(private: "PrivateKeyTypes", file: Path) -> str:
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

    if isinstance(private, EllipticCurvePrivateKey) and private.curve.name in CURVES:
        return CURVES[private.curve.name]
    if isinstance(private, RSAPrivateKey) and private.key_size >= SMALLEST_RSA:
        return "ps256"
    if isinstance(private, Ed25519PrivateKey):
        return "ed25519"
    raise InvalidInput(
        f"The key {file} is of a kind that content credentials do not allow. Use ECDSA on P-256, P-384 or P-521, RSA "
        f"of {SMALLEST_RSA} bits or more, or Ed25519."
    )


def _name(certificate: "Certificate") -> str:
    from cryptography.x509.oid import NameOID

    for kind in (NameOID.COMMON_NAME, NameOID.ORGANIZATION_NAME):
        for attribute in certificate.subject.get_attributes_for_oid(kind):
            return str(attribute.value)
    return "a signer without a name"


def _read(file: Path, what: str) -> bytes:
    try:
        with file.open("rb") as opened:
            data = opened.read(LARGEST_FILE + 1)
    except OSError as error:
        raise InvalidInput(f"The {what} {file} cannot be read ({error.strerror}).") from None
    if len(data) > LARGEST_FILE:
        raise InvalidInput(f"The {what} {file} has more than {LARGEST_FILE:,} bytes, so it is none.")
    return data
