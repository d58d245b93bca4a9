"""Names of things by what they hold: equal names, equal things."""

from hashlib import blake2b


def digest_of(*parts: str | bytes | memoryview, kind: bytes = b"") -> str:
    """Hex of BLAKE2b (16 bytes) over the parts, one after another, texts as UTF-8. kind: keeps things of two kinds with
    the same bytes apart.
    """
    name = blake2b(digest_size=16, person=kind)
    for part in parts:
        name.update(part.encode() if isinstance(part, str) else part)
    return name.hexdigest()
