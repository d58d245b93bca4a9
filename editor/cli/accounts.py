"""Accounts as the options describe them."""

import argparse
import re
import sys

from editor.store.quota import Quota
from editor.web.accounts import Accounts, UploadRate
from editor.web.addresses import Addresses
from editor.web.audit import AuditLog
from editor.web.credentials import SECRET_HEADER, Credentials, read_secret
from pipelines.errors import InvalidInput


def accounts_of(options: argparse.Namespace) -> Accounts | None:
    """Returns the accounts that the options ask for; None when nobody is to sign in.

    Raises:
        InvalidInput: options are missing or contradict each other, or a file cannot be used.
    """
    header, file = options.user_header, options.user_header_secret
    if (header is None) != (file is None):
        raise InvalidInput(
            "--user-header and --user-header-secret belong together: anybody could send the name alone. Give both."
        )
    if header is not None and (
        not re.fullmatch(r"[A-Za-z0-9-]{1,64}", header) or header.lower() in (SECRET_HEADER, "authorization", "cookie")
    ):
        raise InvalidInput(f"--user-header must be the name of a header, such as X-Forwarded-User, not {header!r}.")
    if options.token is None and header is None:
        for option, given in (("--quota", options.quota != Quota()), ("--audit", options.audit is not None)):
            if given:
                raise InvalidInput(f"{option} is about users, so it needs --token or --user-header as well.")
        return None
    if options.audit_prompts and options.audit is None:
        raise InvalidInput("--audit-prompts needs --audit and the name of a file.")
    token = None if options.token is None else read_secret(options.token, "--token")
    secret = None if file is None else read_secret(file, "--user-header-secret")
    if token is not None and token == secret:
        raise InvalidInput("--token and --user-header-secret must be two secrets: users know the one, not the other.")
    audit = None if options.audit is None else AuditLog(options.audit, options.audit_prompts)
    return Accounts(Credentials(token, header, secret), UploadRate(options.quota.uploads), audit)


def warn_of_open_door(accounts: Accounts | None, addresses: Addresses) -> None:
    """Prints a warning when other machines are let in without a gate."""
    if accounts is None and (not addresses.local or addresses.public):
        print(
            "Warning: whoever reaches this server may use it, and may open a document whose address they know. To have "
            "people sign in, start it with --token or --user-header; see docs/accounts.md.",
            file=sys.stderr,
        )
