"""Who made a picture, whose it is and how large it prints: what of a file's metadata is kept, whatever the format.

The rest is left out on purpose: a place, a camera's serial number and an editor's notes are nobody's business but the
photographer's.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from html import escape, unescape
from typing import Any

from PIL import Image, ImageFile, IptcImagePlugin

ARTIST, COPYRIGHT, X_RESOLUTION, Y_RESOLUTION, RESOLUTION_UNIT, XMP = 0x013B, 0x8298, 0x011A, 0x011B, 0x0128, 700
TAGS = (ARTIST, COPYRIGHT, X_RESOLUTION, Y_RESOLUTION, RESOLUTION_UNIT, XMP)
CENTIMETRES = 3  # as a resolution unit; 2: inches; 1: none, a shape of pixels alone
BY_LINE, NOTICE = (2, 80), (2, 116)  # IPTC's
LONGEST = 1000  # characters
DENSEST = 100_000.0  # pixels an inch


@dataclass(frozen=True)
class Metadata:
    """author, copyright: at most 1,000 characters, "" where nothing is said. dpi: pixels an inch across and down."""

    author: str = ""
    copyright: str = ""
    dpi: tuple[float, float] | None = None

    def to_json(self) -> str:
        return json.dumps({"author": self.author, "copyright": self.copyright, "dpi": self.dpi})

    @staticmethod
    def from_json(text: str) -> "Metadata":
        """What a text of `to_json` says; of any other, what of it makes sense: files of others' come in too."""
        try:
            record = json.loads(text)
        except (ValueError, RecursionError):
            record = None
        if not isinstance(record, dict):
            return NOTHING
        dpi = record.get("dpi")
        dpi = _dpi(*dpi) if isinstance(dpi, list) and len(dpi) == 2 else None
        return Metadata(_text(record.get("author")), _text(record.get("copyright")), dpi)

    def exif(self) -> Image.Exif:
        """For formats that have no fields of their own for it."""
        exif = Image.Exif()
        for tag, words in ((ARTIST, self.author), (COPYRIGHT, self.copyright)):
            if words:
                exif[tag] = words.encode()  # EXIF knows ASCII alone; all readers of today take it for UTF-8
        if self.dpi is not None:
            exif[X_RESOLUTION], exif[Y_RESOLUTION], exif[RESOLUTION_UNIT] = *self.dpi, 2
        return exif

    def xmp(self) -> str:
        """The properties of Dublin Core (ISO 16684-1, 8.3) that say it; "" where there is nothing to say."""
        said = ""
        if self.author:
            said += f"<dc:creator><rdf:Seq><rdf:li>{escape(self.author)}</rdf:li></rdf:Seq></dc:creator>"
        if self.copyright:
            words = escape(self.copyright)
            said += f'<dc:rights><rdf:Alt><rdf:li xml:lang="x-default">{words}</rdf:li></rdf:Alt></dc:rights>'
        return said


NOTHING = Metadata()


def metadata_of(image: ImageFile.ImageFile) -> Metadata:
    """What a loaded picture says, in EXIF, XMP, IPTC or a PNG's text, in this order."""
    exif = image.getexif()
    info = image.info
    packet = info.get("xmp") or info.get("XML:com.adobe.xmp") or b""
    iptc = IptcImagePlugin.getiptcinfo(image) or {}
    text = {"author": info.get("Author"), "copyright": info.get("Copyright")}
    found = _metadata(exif, packet, {"author": iptc.get(BY_LINE), "copyright": iptc.get(NOTICE)}, text)
    dpi = info.get("dpi")
    if found.dpi is None and isinstance(dpi, tuple) and len(dpi) == 2:  # a PNG counts pixels a metre
        found = Metadata(found.author, found.copyright, _dpi(*dpi))
    return found


def metadata_of_tags(tags: Mapping[int, Any]) -> Metadata:
    """What a TIFF says. tags: values, by the numbers."""
    return _metadata(tags, tags.get(XMP, b""))


def _metadata(tags: Mapping[int, Any], packet: Any, *more: Mapping[str, Any]) -> Metadata:
    packet = packet.decode(errors="replace") if isinstance(packet, bytes) else str(packet)
    author = _exif_text(tags.get(ARTIST)) or _dublin(packet, "creator")
    rights = _exif_text(tags.get(COPYRIGHT)) or _dublin(packet, "rights")
    for each in more:
        author, rights = author or _text(each["author"]), rights or _text(each["copyright"])
    unit = tags.get(RESOLUTION_UNIT, 2)
    inch = 2.54 if unit == CENTIMETRES else 1.0
    dpi = _dpi(tags.get(X_RESOLUTION), tags.get(Y_RESOLUTION), inch) if unit in (2, CENTIMETRES) else None
    return Metadata(author, rights, dpi)


def _dublin(packet: str, name: str) -> str:
    """The entries of a property of Dublin Core."""
    found = re.search(rf"<dc:{name}\b[^>]*>(.*?)</dc:{name}>", packet, re.DOTALL)
    entries = re.findall(r"<rdf:li\b[^>]*>(.*?)</rdf:li>", found[1], re.DOTALL) if found else []
    return _text("; ".join(unescape(each) for each in entries[: None if name == "creator" else 1]))


def _exif_text(value: Any) -> str:
    """Text of EXIF: Pillow gives a letter for each byte of what is UTF-8 nowadays."""
    if isinstance(value, str):
        try:
            value = value.encode("latin-1").decode()
        except UnicodeError:
            pass
    return _text(value)


def _text(value: Any) -> str:
    """On one line; "" for what is no text."""
    if isinstance(value, list):  # IPTC's, which may be said again
        value = value[0] if value else b""
    if isinstance(value, bytes):
        value = value.decode(errors="replace")
    if not isinstance(value, str):
        return ""
    plain = "".join(letter if letter.isprintable() else " " for letter in value.split("\0")[0])
    return " ".join(plain.split())[:LONGEST].rstrip()


def _dpi(across: Any, down: Any, inch: float = 1.0) -> tuple[float, float] | None:
    """None for what is no resolution."""
    try:
        pair = [each[0] / each[1] if isinstance(each, tuple) else float(each) for each in (across, down)]
    except (TypeError, ValueError, ZeroDivisionError, IndexError, OverflowError):
        return None
    x, y = (round(each * inch, 3) for each in pair)
    return (x, y) if 1 < x < DENSEST and 1 < y < DENSEST else None
