"""Names of files that every system allows: Windows is the strictest. `lib/file-names.js` is the same for the page."""

FORBIDDEN = '<>:"/\\|?*'
RESERVED = {"con", "prn", "aux", "nul", *(f"{device}{number}" for device in ("com", "lpt") for number in range(1, 10))}
LONGEST = 200  # bytes in UTF-8; file systems take 255, and an ending follows


def safe_name(text: str) -> str:
    """Returns a text as the name of a file, without its ending; "Untitled" when nothing is left of it."""
    plain = "".join(letter if letter.isprintable() and letter not in FORBIDDEN else " " for letter in text)
    name = " ".join(plain.split()).strip(" .")
    while len(name.encode()) > LONGEST:
        name = name[:-1]
    name = name.rstrip(" .")
    return f"_{name}" if name.partition(".")[0].rstrip().lower() in RESERVED else name or "Untitled"
