"""Content credentials (C2PA, technical specification 2.4): reads what a picture file says of its origin, signed.

The package c2pa checks signatures and hashes. It is optional, and is only asked about files that have credentials. It
never asks an address that a file names.
"""

import json
import re
from collections.abc import Iterator, Mapping
from importlib.util import find_spec
from io import BytesIO
from typing import TYPE_CHECKING, Any, NamedTuple

from editor.imaging.limits import MAX_CREDENTIAL_ACTIONS, MAX_CREDENTIALS
from pipelines.errors import InvalidInput

if TYPE_CHECKING:
    from c2pa import Context

PACKAGE = "c2pa"
EXTRA = "pip install 'palimpsest-editor[studio]'"
EMBEDDED = b"jumdc2pa"  # the beginning of a manifest store in any format, ISO/IEC 19566-5
REMOTE = re.compile(rb"dcterms:provenance(=[\"']|>)\s*https?://")  # XMP with the address of one
STORE = "application/c2pa"  # the media type of a manifest store by itself
LABEL = "opened"  # of the only ingredient in an archive
LONGEST = 200  # characters of a text that is shown
DEEPEST = 32  # signed pictures that one was made from, one from the other

# the states of credentials
TRUSTED = "trusted"  # intact, and a trusted issuer vouches for the signer
UNTRUSTED = "untrusted"  # intact, but who the signer is is not known here
INVALID = "invalid"

# why credentials are invalid: a part of a failure's code, a key, and the end of a sentence; the first that fits
REASONS: tuple[tuple[str, str, str], ...] = (
    ("Hash.mismatch", "changed", "the file was changed after it was signed"),
    ("hashedURI", "statements", "its statements were changed after they were signed"),
    ("signingCredential.expired", "expired", "the certificate had expired"),
    ("outsideValidity", "expired", "the certificate had expired"),
    ("revoked", "revoked", "the certificate was revoked"),
    ("claimSignature", "signature", "the signature does not match"),
    ("", "other", "they break the rules of the standard"),
)

# failures of an archive that mean nothing: it is signed by a key that the package makes up, and has no actions
ARCHIVE = re.compile(r"assertion\.action\.malformed|signingCredential\..*")


class Action(NamedTuple):
    """What was done to a picture."""

    action: str  # a name of the standard's, such as c2pa.edited
    agent: str  # the software or the model; "" when unknown
    source: str  # the last word of a digital source type of IPTC's or C2PA's; "" when unknown
    signer: str  # who signed that


class Credentials(NamedTuple):
    """What a picture's credentials say, for people to read. Every text may come from a stranger."""

    state: str  # TRUSTED, UNTRUSTED or INVALID
    signer: str  # the name in the certificate; "" where it has none
    date: str  # when it was signed by a time stamp, ISO 8601; "" without one
    reason: str  # why they are invalid: the second of an entry of REASONS; "" when they are not
    actions: tuple[Action, ...]  # the oldest first, those of the pictures that it was made from too

    @property
    def sentence(self) -> str:
        """What they come to, in plain words."""
        date = f" on {self.date[:10]}" if self.date else ""
        verdict = {
            TRUSTED: "valid, and the signer's issuer is trusted here",
            UNTRUSTED: "intact, but the signer's issuer is not on a list of trusted ones here, so the name is unproven",
            INVALID: f"INVALID, since {next((why for _, key, why in REASONS if key == self.reason), '')}",
        }[self.state]
        return f"It has content credentials, signed by {self.signer or 'nobody with a name'}{date}: {verdict}."


class Ingredient(NamedTuple):
    """The credentials of a file, to be kept with its picture."""

    archive: bytes | None  # an archive of the package's, without the picture; None where there is nothing to keep
    notes: tuple[str, ...]  # sentences about credentials that are not kept, or not valid


def missing_package() -> str:
    """Returns a sentence about the package when it is not installed, else an empty text."""
    return "" if find_spec(PACKAGE) is not None else f"Content credentials need another package: {EXTRA}."


def context(anchors: str) -> "Context":
    """Returns the settings for all calls of the package: it opens no address, and makes no thumbnails.

    Args:
        anchors: the certificates of trusted issuers, PEM; "" for none.
    """
    from c2pa import Context

    settings: dict[str, Any] = {
        "builder": {"thumbnail": {"enabled": False}},
        "verify": {"remote_manifest_fetch": False, "ocsp_fetch": False},
    }
    if anchors:
        settings["trust"] = {"trust_anchors": anchors}
    return Context.from_dict(settings)


def has_credentials(data: bytes) -> bool:
    """Tells whether a file has credentials, or names an address for them, without the package."""
    return EMBEDDED in data or REMOTE.search(data) is not None


def ingredient_of(data: bytes, anchors: str = "") -> Ingredient:
    """Checks the credentials of a picture file that is opened; what is wrong with them becomes a note.

    Args:
        data: the file.
        anchors: as in `context`.
    """
    if not has_credentials(data):
        return Ingredient(None, ())
    if missing := missing_package():
        return Ingredient(None, (f"The file has content credentials, which were not kept. {missing}",))
    from c2pa import Builder, C2paError

    archive = BytesIO()
    try:
        with context(anchors) as settings, Builder({}, settings) as builder:
            builder.add_ingredient(
                {"title": "the opened picture", "relationship": "parentOf", "label": LABEL},
                media_type(data),
                BytesIO(data),
            )
            builder.write_ingredient_archive(LABEL, archive)
        credentials = read_ingredient(archive.getvalue())
    except (C2paError, InvalidInput):
        return Ingredient(None, ("The file's content credentials are damaged and cannot be read; they were not kept.",))
    if credentials is None:
        note = "The file names an address for its content credentials. No address is asked, so they were not kept."
        return Ingredient(None, (note,))
    if len(archive.getvalue()) > MAX_CREDENTIALS:
        note = f"The file's content credentials were not kept: they have more than {MAX_CREDENTIALS // 2**20} MB."
        return Ingredient(None, (note,))
    return Ingredient(archive.getvalue(), (credentials.sentence,) if credentials.state == INVALID else ())


def read_ingredient(archive: bytes) -> Credentials | None:
    """Reads an archive of `ingredient_of`, as checked when the picture was opened.

    Returns:
        What the credentials say; None when it has none.

    Raises:
        InvalidInput: it is damaged, or forged.
    """
    record = _record(archive, STORE, "")
    own = record["manifests"][record["active_manifest"]]
    results = record["validation_results"]
    failures = [code for code in _failures(results.get("activeManifest")) if not ARCHIVE.fullmatch(code)]
    for each in results.get("ingredientDeltas") or ():
        later = _failures(each.get("validationDeltas"))  # what was not found when it was opened
        failures += [code for code in later if not code.startswith("signingCredential.")]
    ingredients = list(own.get("ingredients") or [])
    if failures or len(ingredients) != 1:
        raise InvalidInput("The stored content credentials are damaged.")
    label = ingredients[0].get("active_manifest")
    if label not in record["manifests"]:
        return None
    results = (ingredients[0].get("validation_results") or {}).get("activeManifest") or {}
    failures = [code for code in _failures(results) if code != "signingCredential.untrusted"]
    trusted = "signingCredential.trusted" in _codes(results.get("success"))
    return _credentials(record["manifests"], label, failures, trusted)


def read_credentials(data: bytes, anchors: str = "") -> Credentials | None:
    """Reads and checks the credentials of a picture file.

    Args:
        data: the file.
        anchors: as in `context`.

    Returns:
        What they say; None when it has none.

    Raises:
        InvalidInput: they cannot be read, lie at an address that the file names, or the package is missing.
    """
    if not has_credentials(data):
        return None
    if missing := missing_package():
        raise InvalidInput(f"The file has content credentials, which cannot be read. {missing}")
    if EMBEDDED not in data:
        raise InvalidInput("The file names an address for its content credentials, and no address is asked.")
    record = _record(data, media_type(data), anchors)
    results = record["validation_results"].get("activeManifest")
    failures = [code for code in _failures(results) if code != "signingCredential.untrusted"]
    if record.get("validation_state") not in ("Valid", "Trusted"):
        failures = failures or ["unknown"]  # an ingredient's
    trusted = record.get("validation_state") == "Trusted"
    return _credentials(record["manifests"], record["active_manifest"], failures, trusted)


def media_type(data: bytes) -> str:
    """Returns the media type of a picture file, by its first bytes."""
    if data[4:8] == b"ftyp":
        return "image/avif" if data[8:12] in (b"avif", b"avis") else "image/heic"
    starts = {b"\x89PNG": "image/png", b"\xff\xd8": "image/jpeg", b"RIFF": "image/webp", b"GIF8": "image/gif"}
    return next((kind for start, kind in starts.items() if data.startswith(start)), "image/tiff")


def _record(data: bytes, kind: str, anchors: str) -> dict[str, Any]:
    """Returns the package's report on a manifest store, or a file with one; raises InvalidInput for a damaged one."""
    from c2pa import C2paError, Reader

    try:
        with context(anchors) as settings, Reader(kind, BytesIO(data), context=settings) as reader:
            record = json.loads(reader.json())
    except (C2paError, ValueError):
        raise InvalidInput("The content credentials are damaged and cannot be read.") from None
    if record.get("active_manifest") not in record.get("manifests", {}) or "validation_results" not in record:
        raise InvalidInput("The content credentials are damaged: none of them is the picture's own.")
    assert isinstance(record, dict), "it has keys"
    return record


def _credentials(manifests: Mapping[str, Any], label: str, failures: list[str], trusted: bool) -> Credentials:
    signature = manifests[label].get("signature_info") or {}
    reason = ""
    if failures:
        reason = next(key for part, key, _ in REASONS if any(part in code for code in failures))
    state = INVALID if failures else TRUSTED if trusted else UNTRUSTED
    actions = list(_actions(manifests, label))[-MAX_CREDENTIAL_ACTIONS:]
    return Credentials(state, _signer(manifests[label]), _text(signature.get("time")), reason, tuple(actions))


def _actions(manifests: Mapping[str, Any], label: str) -> Iterator[Action]:
    """Yields the actions of a manifest and of the pictures that it was made from, the oldest first."""
    chain = list[str]()
    current: str | None = label
    while current in manifests and current not in chain and len(chain) < DEEPEST:
        assert current is not None
        chain.append(current)
        ingredients = manifests[current].get("ingredients") or ()
        current = next((i.get("active_manifest") for i in ingredients if i.get("relationship") == "parentOf"), None)
    for each in reversed(chain):
        signer = _signer(manifests[each])
        for assertion in manifests[each].get("assertions") or ():
            data = assertion.get("data")
            if not str(assertion.get("label")).startswith("c2pa.actions") or not isinstance(data, dict):
                continue
            actions = data.get("actions")
            for action in actions if isinstance(actions, list) else ():
                if not isinstance(action, dict):
                    continue
                agent = action.get("softwareAgent")
                agent = agent.get("name") if isinstance(agent, dict) else agent
                source = _text(action.get("digitalSourceType")).rpartition("/")[2]
                yield Action(_text(action.get("action")), _text(agent), source, signer)


def _signer(manifest: Mapping[str, Any]) -> str:
    signature = manifest.get("signature_info") or {}
    name, issuer = _text(signature.get("common_name")), _text(signature.get("issuer"))
    return f"{name} ({issuer})" if name and issuer else name or issuer


def _failures(results: Mapping[str, Any] | None) -> list[str]:
    return _codes((results or {}).get("failure"))


def _codes(entries: Any) -> list[str]:
    return [str(each.get("code")) for each in entries or ()]


def _text(value: Any) -> str:
    """Returns a stranger's text on one line, of at most LONGEST characters; "" for anything else."""
    if not isinstance(value, str):
        return ""
    plain = "".join(letter if letter.isprintable() else " " for letter in value[: 4 * LONGEST])
    return " ".join(plain.split())[:LONGEST]
