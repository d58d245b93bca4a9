"""The options about accounts: what belongs together, what is refused before anything starts, and the warning."""

import argparse
from pathlib import Path
from typing import Any

import pytest

from editor.cli.accounts import accounts_of, warn_of_open_door
from editor.cli.parser import parser_of
from editor.store.quota import Quota
from editor.web.accounts import TooManyUploads, UploadRate
from editor.web.addresses import Addresses
from editor.web.users import User
from pipelines.errors import InvalidInput

SECRETS = {"token": "a-token-that-nobody-guesses", "proxy": "a-secret-of-the-proxy-alone"}


@pytest.fixture
def options(tmp_path: Path) -> Any:
    """The options that words of a command line give; {token} and {proxy} are files with secrets."""
    files = {name: tmp_path / name for name in SECRETS}
    for name, file in files.items():
        file.write_text(SECRETS[name])

    def parsed(words: str) -> argparse.Namespace:
        return parser_of("palimpsest", "classical", tmp_path).parse_args(words.format(**files).split())

    return parsed


def test_without_an_option_nobody_signs_in(options: Any, capsys: pytest.CaptureFixture[str]) -> None:
    assert accounts_of(options("")) is None
    warn_of_open_door(None, Addresses())
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ("--user-header X-User", "belong together"),
        ("--user-header-secret {proxy}", "belong together"),
        ("--user-header Bad:Name --user-header-secret {proxy}", "name of a header"),
        ("--user-header Cookie --user-header-secret {proxy}", "name of a header"),
        ("--user-header palimpsest-proxy-secret --user-header-secret {proxy}", "name of a header"),
        ("--token {token} --user-header X-User --user-header-secret {token}", "two secrets"),
        ("--quota jobs=3", "needs --token or --user-header"),
        ("--audit log", "needs --token or --user-header"),
        ("--token {token} --audit-prompts", "needs --audit"),
        ("--token {token}-nowhere", "cannot be read"),
    ],
)
def test_what_does_not_go_together_is_refused(options: Any, words: str, sentence: str) -> None:
    with pytest.raises(InvalidInput, match=sentence):
        accounts_of(options(words))


def test_what_is_asked_for_is_there(options: Any, tmp_path: Path) -> None:
    words = "--token {token} --user-header X-User --user-header-secret {proxy} --quota uploads=3,jobs=2"
    parsed = options(f"{words} --audit {tmp_path / 'audit.jsonl'} --audit-prompts")
    made = accounts_of(parsed)
    assert made is not None and made.audit is not None and made.audit.prompts and made.uploads.most == 3
    assert made.credentials.is_token(SECRETS["token"]) and not made.credentials.is_token(SECRETS["proxy"])
    assert parsed.quota == Quota(jobs=2, uploads=3)
    made.audit.close()


@pytest.mark.parametrize("addresses", [Addresses("0.0.0.0"), Addresses(public=["editor.example"])])
def test_an_open_door_is_warned_of(options: Any, addresses: Addresses, capsys: pytest.CaptureFixture[str]) -> None:
    warn_of_open_door(None, addresses)
    assert "whoever reaches this server may use it" in capsys.readouterr().err
    warn_of_open_door(accounts_of(options("--token {token}")), addresses)
    assert capsys.readouterr().err == ""


def test_uploads_are_counted_by_user_and_minute(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 100.0
    monkeypatch.setattr("editor.web.accounts.time.monotonic", lambda: now)
    rate, ann, bob = UploadRate(2), User("ann"), User(None)
    rate.admit(ann)
    now = 130.0
    rate.admit(ann)
    with pytest.raises(TooManyUploads, match="Wait 30 seconds"):
        rate.admit(ann)
    rate.admit(bob)
    now = 160.0  # the first is a minute old; what was refused does not count
    rate.admit(ann)
    with pytest.raises(TooManyUploads):
        rate.admit(ann)
    for _ in range(50):
        UploadRate().admit(ann)
