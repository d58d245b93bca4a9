"""What the export dialog says of content credentials."""

from io import BytesIO
from pathlib import Path

from PIL import Image
from playwright.sync_api import expect

from editor.formats.credentials import read_credentials
from tests.browser.hands import Hands, photo
from tests.certificates import signing


def test_the_export_dialog_shows_credentials_and_who_signs(hands: Hands, tmp_path: Path) -> None:
    hands.tidy = False
    session, file = hands.server.session, BytesIO()
    Image.fromarray(photo(400, 300)).save(file, "PNG")
    signed = signing(tmp_path, "A <b>Camera").sign(file.getvalue(), [], created=True)
    document, _ = session.open_file(signed, "Room")
    hands.goto(f"?doc={document.id}")
    hands.wait_idle()
    hands.press("Export")
    info = hands.page.get_by_role("dialog").locator(".credentials")
    expect(info).to_contain_text("signed by A <b>Camera (Studio Test): intact, but nobody trusted here vouches")
    expect(info).to_contain_text("What is saved has no content credentials")
    info.get_by_text("What was done (1)").click()
    expect(info.get_by_role("listitem")).to_have_text(["Created"])
    hands.page.keyboard.press("Escape")
    session.exports.signing = signing(tmp_path)
    try:
        hands.press("Export")
        expect(info).to_contain_text("Saved pictures are signed by Jo Doe.")
        with hands.page.expect_download() as download:
            hands.press("Save")
        credentials = read_credentials(Path(download.value.path()).read_bytes())
        assert credentials is not None
        assert credentials.signer == "Jo Doe (Studio Test)" and len(credentials.actions) == 2
    finally:
        session.exports.signing = None
