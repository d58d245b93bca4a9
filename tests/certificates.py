"""Certificates and keys for signing, made up anew for each run."""

from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurve, generate_private_key
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
)
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from editor.formats.signing import load_signer
from editor.recipes.provenance import Signing

DAY = timedelta(days=1)
NOBODY = dict.fromkeys(
    (
        "digital_signature", "content_commitment", "key_encipherment", "data_encipherment", "key_agreement",
        "key_cert_sign", "crl_sign", "encipher_only", "decipher_only",
    ),
    False,
)  # fmt: skip


class Identity(NamedTuple):
    """A signer's files, and the certificate of who issued theirs, PEM."""

    certificates: bytes
    key: bytes
    root: bytes

    def written(self, folder: Path, name: str = "signer") -> tuple[Path, Path]:
        """The files of the certificates and the key, in a folder."""
        files = folder / f"{name}.pem", folder / f"{name}.key"
        files[0].write_bytes(self.certificates)
        files[1].write_bytes(self.key)
        return files


@cache
def authority() -> tuple[Any, Any]:
    """The key and the certificate of who issues all others here."""
    key = generate_private_key(SECP256R1())
    name = _name("A Root")
    usage = x509.KeyUsage(**NOBODY | {"key_cert_sign": True, "crl_sign": True})
    certificate = (
        _certificate(name, name, key.public_key(), -1, 30)
        .add_extension(x509.BasicConstraints(True, None), True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), False)
        .add_extension(usage, True)
        .sign(key, SHA256())
    )
    return key, certificate


@cache
def identity(
    name: str = "Jo Doe",
    *,
    days: tuple[float, float] = (-1, 30),
    password: str = "",
    purpose: str = "EMAIL_PROTECTION",
    curve: type[EllipticCurve] = SECP256R1,
) -> Identity:
    """A signer. days: from when to when the certificate is valid, in days from now. password: of the key's file."""
    root_key, root = authority()
    key = generate_private_key(curve())
    public = key.public_key()
    certificate = (
        _certificate(_name(name), root.subject, public, *days)
        .add_extension(x509.BasicConstraints(False, None), True)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(root_key.public_key()), False)
        .add_extension(x509.KeyUsage(**NOBODY | {"digital_signature": True}), True)
        .add_extension(x509.ExtendedKeyUsage([getattr(ExtendedKeyUsageOID, purpose)]), False)
        .sign(root_key, SHA256())
    )
    encryption = BestAvailableEncryption(password.encode()) if password else NoEncryption()
    own, issuer = (each.public_bytes(Encoding.PEM) for each in (certificate, root))
    return Identity(own + issuer, key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, encryption), issuer)


def signing(folder: Path, name: str = "Jo Doe", prompts: bool = False) -> Signing:
    """How this signer signs; the files go into the folder."""
    return Signing(load_signer(*identity(name).written(folder, name), "1.0"), prompts)


def _name(name: str) -> x509.Name:
    return x509.Name(
        [x509.NameAttribute(NameOID.COMMON_NAME, name), x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Studio Test")]
    )


def _certificate(subject: x509.Name, issuer: x509.Name, key: Any, since: float, until: float) -> Any:
    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now + since * DAY)
        .not_valid_after(now + until * DAY)
    )
