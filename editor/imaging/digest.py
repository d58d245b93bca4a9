"""Digests of content: equal digests mean equal content."""

from hashlib import blake2b


def digest_of(*parts: str | bytes | memoryview, kind: bytes = b"") -> str:
    """Returns the hex BLAKE2b digest (16 bytes) of the parts, one after another, texts as UTF-8.

    kind: gives content of different kinds different digests, even if the bytes are equal.
    """
    digest = blake2b(digest_size=16, person=kind)
    for part in parts:
        digest.update(part.encode() if isinstance(part, str) else part)
    return digest.hexdigest()
