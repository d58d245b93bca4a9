"""Metadata: the author, copyright and print size of a picture, which the editor keeps in every format.

The rest is left out on purpose, since locations, serial numbers of cameras and editors' notes are private.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from html import escape, unescape
from typing import Any

from PIL import Image, ImageFile, IptcImagePlugin

from pipelines.errors import InvalidInput

ARTIST, COPYRIGHT, X_RESOLUTION, Y_RESOLUTION, RESOLUTION_UNIT, XMP = 0x013B, 0x8298, 0x011A, 0x011B, 0x0128, 700
TAGS = (ARTIST, COPYRIGHT, X_RESOLUTION, Y_RESOLUTION, RESOLUTION_UNIT, XMP)
CENTIMETRES = 3  # as a resolution unit; 2: inches; 1: none, only an aspect ratio
BY_LINE, NOTICE = (2, 80), (2, 116)  # IPTC's records
LONGEST = 1000  # characters of a text
DENSEST = 100_000.0  # pixels per inch
DPI = (2.0, 10_000.0)  # the least and the most that can be asked for


@dataclass(frozen=True)
class Metadata:
    """The metadata of a picture that the editor keeps."""

    author: str = ""  # at most 1,000 characters; "" when unknown
    copyright: str = ""  # at most 1,000 characters; "" when unknown
    dpi: tuple[float, float] | None = None  # pixels per inch across and down; None when unknown

    def to_json(self) -> str:
        """Returns it as JSON."""
        return json.dumps({"author": self.author, "copyright": self.copyright, "dpi": self.dpi})

    @staticmethod
    def from_json(text: str) -> "Metadata":
        """Parses JSON of `to_json`; from other JSON, as in an untrusted file, it takes only valid values."""
        try:
            record = json.loads(text)
        except (ValueError, RecursionError):
            record = None
        if not isinstance(record, dict):
            return NOTHING
        dpi = record.get("dpi")
        dpi = _dpi(*dpi) if isinstance(dpi, list) and len(dpi) == 2 else None
        return Metadata(_text(record.get("author")), _text(record.get("copyright")), dpi)

    def printed_at(self, dpi: float) -> "Metadata":
        """Returns it with another resolution, in pixels per inch; raises InvalidInput when that is out of range."""
        if not DPI[0] <= dpi <= DPI[1]:  # NaN compares false
            raise InvalidInput(f"The resolution must be from {DPI[0]:g} to {DPI[1]:,.0f} dpi, not {dpi:g}.")
        return replace(self, dpi=(dpi, dpi))

    def exif(self) -> Image.Exif:
        """Returns it as EXIF."""
        exif = Image.Exif()
        for tag, text in ((ARTIST, self.author), (COPYRIGHT, self.copyright)):
            if text:
                exif[tag] = text.encode()  # EXIF only allows ASCII, but all current readers accept UTF-8
        if self.dpi is not None:
            exif[X_RESOLUTION], exif[Y_RESOLUTION], exif[RESOLUTION_UNIT] = *self.dpi, 2
        return exif

    def xmp(self) -> str:
        """Returns author and copyright as properties of Dublin Core (ISO 16684-1, 8.3); "" when both are unknown."""
        properties = ""
        if self.author:
            properties += f"<dc:creator><rdf:Seq><rdf:li>{escape(self.author)}</rdf:li></rdf:Seq></dc:creator>"
        if self.copyright:
            text = escape(self.copyright)
            properties += f'<dc:rights><rdf:Alt><rdf:li xml:lang="x-default">{text}</rdf:li></rdf:Alt></dc:rights>'
        return properties


NOTHING = Metadata()


def metadata_of(image: ImageFile.ImageFile) -> Metadata:
    """Reads the metadata of a loaded picture from EXIF, XMP, IPTC or a PNG's text, in this order."""
    exif = image.getexif()
    info = image.info
    packet = info.get("xmp") or info.get("XML:com.adobe.xmp") or b""
    iptc = IptcImagePlugin.getiptcinfo(image) or {}
    text = {"author": info.get("Author"), "copyright": info.get("Copyright")}
    metadata = _metadata(exif, packet, {"author": iptc.get(BY_LINE), "copyright": iptc.get(NOTICE)}, text)
    dpi = info.get("dpi")
    if metadata.dpi is None and isinstance(dpi, tuple) and len(dpi) == 2:  # from a PNG's pixels per metre
        metadata = Metadata(metadata.author, metadata.copyright, _dpi(*dpi))
    return metadata


def metadata_of_tags(tags: Mapping[int, Any]) -> Metadata:
    """Reads the metadata of a TIFF from its tags, values by number."""
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
    """Returns the entries of a property of Dublin Core."""
    match = re.search(rf"<dc:{name}\b[^>]*>(.*?)</dc:{name}>", packet, re.DOTALL)
    entries = re.findall(r"<rdf:li\b[^>]*>(.*?)</rdf:li>", match[1], re.DOTALL) if match else []
    return _text("; ".join(unescape(each) for each in entries[: None if name == "creator" else 1]))


def _exif_text(value: Any) -> str:
    """Decodes a text of EXIF, where Pillow returns one character per byte although files use UTF-8."""
    if isinstance(value, str):
        try:
            value = value.encode("latin-1").decode()
        except UnicodeError:
            pass
    return _text(value)


def _text(value: Any) -> str:
    """Returns a text on one line; "" for anything else."""
    if isinstance(value, list):  # an IPTC record may occur several times
        value = value[0] if value else b""
    if isinstance(value, bytes):
        value = value.decode(errors="replace")
    if not isinstance(value, str):
        return ""
    plain = "".join(letter if letter.isprintable() else " " for letter in value.split("\0")[0])
    return " ".join(plain.split())[:LONGEST].rstrip()


def _dpi(across: Any, down: Any, inch: float = 1.0) -> tuple[float, float] | None:
    """Returns pixels per inch; None for an invalid resolution."""
    try:
        pair = [each[0] / each[1] if isinstance(each, tuple) else float(each) for each in (across, down)]
    except (TypeError, ValueError, ZeroDivisionError, IndexError, OverflowError):
        return None
    x, y = (round(each * inch, 3) for each in pair)
    return (x, y) if 1 < x < DENSEST and 1 < y < DENSEST else None
