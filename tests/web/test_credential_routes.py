"""What the page hears of content credentials, and what is downloaded."""

from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from editor.formats.credentials import has_credentials, read_credentials
from tests.certificates import signing
from tests.samples import noise
from tests.wire import RouteClient


def a_file(**signs: Any) -> bytes:
    file = BytesIO()
    Image.fromarray(noise(64, 48)).save(file, "PNG")
    return signs["by"].sign(file.getvalue(), [], created=True) if signs else file.getvalue()


def test_the_page_hears_who_signed_what_was_opened_and_who_signs(routes: RouteClient, tmp_path: Path) -> None:
    camera, jo = signing(tmp_path, "A Camera"), signing(tmp_path)
    opened = routes.post("documents", content=a_file(by=camera), params={"name": "room.png"}).json()
    assert opened["notes"] == []
    answer = routes.get(f"documents/{opened['document']}/credentials").json()
    action = {"action": "c2pa.created", "agent": "", "source": "empty", "signer": "A Camera (Studio Test)"}
    assert answer == {
        "opened": {
            "state": "untrusted", "signer": "A Camera (Studio Test)", "date": "", "reason": "", "actions": [action],
            "checked": True,
        },
        "note": "", "signer": None,
    }  # fmt: skip
    revision = opened["head"]
    download = routes.get(f"revisions/{revision}/picture.png").content
    assert not has_credentials(download)
    routes.session.exports.signing = jo
    answer = routes.get(f"documents/{opened['document']}/credentials").json()
    assert answer["signer"] == "Jo Doe"
    signed = routes.get(f"revisions/{revision}/picture.png").content
    credentials = read_credentials(signed)
    assert credentials is not None and credentials.signer.startswith("Jo Doe")
    assert [each.signer for each in credentials.actions] == ["A Camera (Studio Test)", "Jo Doe (Studio Test)"]
    with Image.open(BytesIO(download)) as before, Image.open(BytesIO(signed)) as after:
        assert np.array_equal(np.asarray(before), np.asarray(after))


def test_a_document_without_credentials_has_none_to_tell_of(routes: RouteClient) -> None:
    opened = routes.post("documents", content=a_file()).json()
    answer = routes.get(f"documents/{opened['document']}/credentials").json()
    assert answer == {"opened": None, "note": "", "signer": None}
    with routes.session.store.database.transaction() as db:
        db.run("UPDATE document SET credentials = :junk", junk=b"junk")
    assert "damaged" in routes.get(f"documents/{opened['document']}/credentials").json()["note"]
    assert routes.get("documents/none/credentials").status_code == 404
