"""What an address holds, with a bound on the size and the time of all that its server sends.

The bounds hold for every byte that arrives: of headers and redirects as much as of the file, and
before anything is unpacked. So they are kept where bytes come out of the socket.
"""

from __future__ import annotations

import io
import sys
import time

from ..errors import DataError

__all__ = ["download"]

TIMEOUT = (5, 20)  # seconds: to connect, and between two pieces of an answer
DEADLINE = 300  # seconds for a whole copy
REDIRECTS = 5


def download(url: str, limit: int, progress: bool | None = None) -> bytes:
    """Return what an address holds: kept in memory, so that nothing is left of half a download.

    Parameters
    ----------
    url : str
    limit : int
        Bytes that its server, and those that it redirects to, may send in all.
    progress : bool, optional
        Draw a progress bar on standard error. By default, only where that is a terminal.

    Raises
    ------
    DataError
        If it is not reached, answers with an error, or sends too much or for too long.
    """
    import requests
    from tqdm import tqdm

    if progress is None:
        progress = sys.stderr is not None and sys.stderr.isatty()
    content = io.BytesIO()
    try:
        with (
            _session(_Allowance(url, limit)) as session,
            session.get(url, stream=True, timeout=TIMEOUT) as response,
        ):
            response.raise_for_status()
            if "Content-Encoding" in response.headers:  # a small one may unpack to a large one
                raise DataError(f"{url} sends its file packed, although that was not asked for")
            size = response.headers.get("Content-Length", "")
            total = int(size) if size.isdecimal() else None
            with tqdm(total=total, unit="B", unit_scale=True, disable=not progress) as bar:
                for piece in response.iter_content(2**16):
                    content.write(piece)
                    bar.update(len(piece))
    except requests.HTTPError as error:
        status = str(error).partition(" for url")[0]
        raise DataError(f"{url} answers {status!r}") from error
    except requests.Timeout as error:
        raise DataError(f"{url} does not answer in time") from error
    except requests.TooManyRedirects as error:
        raise DataError(f"{url} leads on to other addresses more than {REDIRECTS} times") from error
    except requests.exceptions.SSLError as error:
        raise DataError(f"{url} has a certificate that is not trusted here") from error
    except requests.exceptions.ProxyError as error:
        raise DataError(f"{url} is not reached through the proxy") from error
    except (requests.ConnectionError, requests.exceptions.ChunkedEncodingError) as error:
        raise DataError(f"{url} is not reached, or the connection broke") from error
    except (OSError, ValueError) as error:
        raise DataError(f"{url} cannot be read ({error})") from error
    return content.getvalue()


class _Allowance:
    """What may still arrive of an address, in bytes and in time."""

    def __init__(self, url: str, limit: int):
        self.url = url
        self.limit = limit
        self.arrived = 0
        self.deadline = time.monotonic() + DEADLINE

    def spend(self, size: int) -> None:
        self.arrived += size
        if self.arrived > self.limit:
            raise DataError(f"{self.url} sends more than {self.limit} bytes")
        if time.monotonic() > self.deadline:
            raise DataError(f"{self.url} was not through after {DEADLINE} s")


class _Metered(io.RawIOBase):
    """What comes out of a socket, within an allowance."""

    def __init__(self, source: io.RawIOBase, allowance: _Allowance):
        self.source = source
        self.allowance = allowance

    def readable(self) -> bool:
        return True

    def readinto(self, buffer) -> int | None:
        size = self.source.readinto(buffer)
        self.allowance.spend(size or 0)
        return size

    def close(self) -> None:
        self.source.close()
        super().close()


def _session(allowance: _Allowance):
    """Return a session of requests all of whose connections keep within an allowance."""
    from http.client import HTTPResponse

    from requests import Session
    from requests.adapters import HTTPAdapter

    def answer(*args, **kwargs):
        response = HTTPResponse(*args, **kwargs)
        response.fp = io.BufferedReader(_Metered(response.fp.detach(), allowance))
        return response

    def meter(manager):
        """Let the connections that a pool manager will make give such answers."""
        manager.pool_classes_by_scheme = {
            scheme: type("Pool", (pool,), {"ConnectionCls": metered(pool.ConnectionCls)})
            for scheme, pool in manager.pool_classes_by_scheme.items()
        }

    def metered(connection):
        return type("Connection", (connection,), {"response_class": staticmethod(answer)})

    class Adapter(HTTPAdapter):
        def init_poolmanager(self, *args, **kwargs):
            super().init_poolmanager(*args, **kwargs)
            meter(self.poolmanager)

        def proxy_manager_for(self, proxy, **kwargs):
            is_new = proxy not in self.proxy_manager
            manager = super().proxy_manager_for(proxy, **kwargs)
            if is_new:
                meter(manager)
            return manager

        def send(self, *args, **kwargs):
            response = super().send(*args, **kwargs)
            if response.is_redirect:  # requests would read its body, and unpack it, to the end
                response.raw.close()
                response.raw = io.BytesIO()
            return response

    session = Session()
    session.max_redirects = REDIRECTS
    session.headers["Accept-Encoding"] = "identity"
    for scheme in ("http://", "https://"):
        session.mount(scheme, Adapter())
    return session
