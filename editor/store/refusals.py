"""Refusals: what is said of a disk or a database server that refuses."""

import re
import sqlite3
from pathlib import Path

from sqlalchemy import URL

from editor.formats.targets import NO_ROOM

# SQLite's error codes for no room left; the second and third where it does not know why a write failed
DISK_FULL_CODES = (sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR_WRITE, sqlite3.SQLITE_IOERR_SHMSIZE)

NOT_OPENED = "it cannot be opened"  # what could not be done while a store is opened, at the end of a sentence
NOT_READ = "this was not read"
NOT_SAVED = "this was not saved"

_NO_HOST = re.compile("failed to resolve host|could not translate host name")
_NO_SERVER = re.compile(
    "Connection refused|No such file or directory|timeout expired|timed out|No route to host|Network is unreachable"
    "|Host is down|invalid port number"
)
_NO_PASSWORD = re.compile("password authentication failed|no password supplied")
_MISSING = re.compile('(database|role) "(.*)" does not exist')
_DENIED = "42501"  # PostgreSQL's code for what a role may not do


def is_full(error: BaseException) -> bool:
    """Tells whether an error of SQLite or the system means that a disk has no room."""
    return getattr(error, "sqlite_errorcode", 0) in DISK_FULL_CODES or getattr(error, "errno", 0) in NO_ROOM


def sqlite_refusal(file: Path, error: BaseException, failed: str) -> str:
    """Words an error about an SQLite file; `failed` is what could not be done, such as NOT_SAVED."""
    code = getattr(error, "sqlite_errorcode", 0)
    kind, folder = code & 0xFF, file.parent  # the lower byte is the kind
    # SQLITE_IOERR_WRITE may be something else than a full disk
    if is_full(error) and code != sqlite3.SQLITE_IOERR_WRITE:
        if failed == NOT_OPENED:
            return (
                f"The disk is full, so the store in {folder} cannot be opened: SQLite needs room beside it, even to "
                f"read. Everything saved before is intact. Make room in {folder}; then try again."
            )
        return (
            f"The disk is full, so {failed}. Everything saved before is intact. Delete documents that "
            f"nobody needs and run `python app.py --data {folder} store --compact`, or make room in {folder}; then "
            "try again."
        )
    if kind in (sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_CORRUPT):
        return f"{file} is damaged or not a Palimpsest file ({error}). Move it away, or choose another data folder."
    if isinstance(error, FileExistsError | NotADirectoryError):
        return f"{folder} is not a folder, or is inside something that is not one. Choose a folder with --data."
    if kind == sqlite3.SQLITE_BUSY:
        return f"Another program has locked {file} and does not release it. Close it and try again."
    reason = getattr(error, "strerror", None) or error
    if failed == NOT_OPENED:
        return (
            f"The store in {folder} cannot be opened ({reason}): SQLite has to write beside it, even to read. Check "
            "that you may write to this folder and that its disk has room. From a read-only disk, copy it to another."
        )
    return (
        f"The data folder {folder} cannot be used ({reason}), so {failed}. "
        "Check that it exists, that you can write to it and that its disk has room."
    )


def postgresql_refusal(url: URL, error: BaseException) -> str:
    """Says to who gave the URL of a PostgreSQL database which part of it is wrong; the password is left out."""
    text = str(error).strip().split("\n")[0]
    host = url.host or url.query.get("host") or ""
    role, name = url.username or "of this user", url.database or "of the role's name"
    where = "on this machine's socket" if not host else f"at {host}" + (f", port {url.port}" if url.port else "")
    if _NO_HOST.search(text):
        return (
            f"There is no machine {host}. Check the host in --data; postgresql://user@host/name is the form of a URL."
        )
    if _NO_SERVER.search(text):
        return f"No PostgreSQL server answers {where}. Check the host and the port in --data, and that the server runs."
    if (missing := _MISSING.search(text)) and missing[1] == "database":
        return (
            f"The PostgreSQL server {where} has no database {missing[2]}. Check the name in --data, or make it with "
            f"`createdb {missing[2]}`."
        )
    if missing:
        return (
            f"The PostgreSQL server {where} has no role {missing[2]}. Check the user in --data, or make it with "
            f"`createuser {missing[2]}`."
        )
    if _NO_PASSWORD.search(text):
        return (
            f"The PostgreSQL server {where} does not accept the password of the role {role}, or it was not given. Give "
            "it in PGPASSWORD, in ~/.pgpass or in --data."
        )
    if "no pg_hba.conf entry" in text:
        return (
            f"The PostgreSQL server {where} does not let the role {role} into the database {name} from here. Check the "
            "user in --data, or have pg_hba.conf on the server changed."
        )
    if getattr(error, "sqlstate", None) == _DENIED:
        return (
            f"The role {role} may not make tables in the database {name} ({text}). Choose another user in --data, or "
            "have its owner grant it."
        )
    reason = re.sub(r"\[Errno -?\d+\] ", "", text).rstrip(".")
    return f"The database {url.render_as_string()} cannot be used: {reason}. Check --data, and that its server runs."
