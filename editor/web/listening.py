"""Listening: checks that the server can listen on an address and a port, and explains why it cannot."""

import errno
import socket

PORT = 7860  # of a server, as Gradio has it


def check(host: str, port: int, options: str = "--", usual: int = PORT) -> None:
    """Checks that a server can listen on a host and port, and on that port of 127.0.0.1, which Gradio tries first.

    Args:
        host: the address.
        port: the port.
        options: how the options begin that say them, and end with "host" and "port".
        usual: a port to advise.

    Raises:
        OSError: it cannot; the message is the reason.
    """
    if not 1 <= port <= 65535:
        raise OSError(
            f"The port must be a number from 1 to 65535, not {port}. Choose another, such as {options}port {usual}."
        )
    try:
        host_family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    except (OSError, UnicodeError):
        raise OSError(
            f"There is no address {host!r}. {options}host must be an IP address or a name of this machine, or 0.0.0.0 "
            "for all of its addresses."
        ) from None
    for family, target in ((host_family, address), (socket.AF_INET, ("127.0.0.1", port))):
        with socket.socket(family) as trial:
            trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as the server itself does
            try:
                trial.bind(target)
            except OSError as error:
                raise OSError(_error_text(error, host, port, options, usual)) from None


def _error_text(error: OSError, host: str, port: int, options: str, usual: int) -> str:
    if error.errno == errno.EADDRINUSE:
        return (
            f"Port {port} is in use, perhaps by another Palimpsest. Stop that one, or choose another port with "
            f"{options}port {port + 1 if port < 65535 else usual}."
        )
    if error.errno in (errno.EACCES, errno.EPERM):
        return (
            f"You may not listen on port {port}; ports below 1024 need privileges. Choose another, such as "
            f"{options}port {usual}."
        )
    if error.errno == errno.EADDRNOTAVAIL:
        return (
            f"{host} is not an address of this machine. {options}host must be one of its own, or 0.0.0.0 for all of "
            "its addresses."
        )
    return f"The server cannot listen on {host}, port {port}: {error.strerror}."
