"""Listening: whether an address and a port can be listened on, and what is wrong where they cannot."""

import errno
import socket


def check(host: str, port: int) -> None:
    """OSError with a sentence where nothing can listen there. Gradio itself tries the port of 127.0.0.1 first."""
    if not 1 <= port <= 65535:
        raise OSError(f"A port is a number from 1 to 65535, not {port}: choose one, as --port 7860.")
    try:
        own, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    except (OSError, UnicodeError):
        raise OSError(
            f"There is no address {host!r}: --host is an IP address or a name of this machine; 0.0.0.0 is all of them."
        ) from None
    for family, tried in ((own, address), (socket.AF_INET, ("127.0.0.1", port))):
        with socket.socket(family) as trial:
            trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as the server itself does
            try:
                trial.bind(tried)
            except OSError as error:
                raise OSError(_sentence(error, host, port)) from None


def _sentence(error: OSError, host: str, port: int) -> str:
    if error.errno == errno.EADDRINUSE:
        return f"Port {port} is taken, maybe by another Palimpsest: end that, or choose another with --port {port + 1}."
    if error.errno in (errno.EACCES, errno.EPERM):
        return f"You may not listen on port {port}: those below 1024 need rights. Choose another, as --port 7860."
    if error.errno == errno.EADDRNOTAVAIL:
        return f"{host} is no address of this machine: --host is one of its own, or 0.0.0.0 for all of them."
    return f"Nothing can listen on {host}, port {port}: {error.strerror}."
