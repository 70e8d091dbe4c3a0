"""Running one chapter by papermill, in the Python that runs this."""

from __future__ import annotations

import os
import platform
import sys
from importlib import metadata
from pathlib import Path

from .. import __version__
from ..errors import CatnetError, DataError, ParameterError
from ..images.catvnoncat import VARIABLE, named_folder
from . import chapters
from .apart import apart
from .files import scratch_folder
from .results import MIME_TYPE, Results

__all__ = ["execute", "trains", "versions"]

SOURCE = Path(__file__).resolve().parents[2]
PACKAGES = ("numpy", "matplotlib", "h5py", "scipy", "jupyter-book", "papermill")
OWN_ERRORS = {"ParameterError": ParameterError, "DataError": DataError}
OUT_OF_MEMORY = ("MemoryError", "_ArrayMemoryError")


def execute(chapter, given=None, *, figures=True, main_run_only=False, progress=False):
    """Run a chapter's notebook from its first cell to its last; nothing is written.

    Parameters
    ----------
    chapter : str
    given : dict of str to object, optional
        Parameters other than the defaults, read and checked before.
    figures : bool
        Whether to run the cells tagged `figure`, which nothing else depends on.
    main_run_only : bool
        Whether to end after the cell tagged `main-run`, which leaves the chapter's first run
        in `run`; that one is the result then.
    progress : bool
        Show a progress bar on standard error, if that is a terminal.

    Returns
    -------
    notebook : nbformat.NotebookNode
        Executed, and without what differs from one run to the next, such as times.
    results : Results or None
        What the chapter showed of that type.

    Raises
    ------
    CatnetError
        If a cell failed. Errors of this package come out of the chapter with their sentence.
    """
    from nbclient.exceptions import DeadKernelError
    from papermill import PapermillExecutionError, execute_notebook

    chapter = chapters.find(chapter)
    notebook = chapters.read(chapter)
    if not figures:
        notebook.cells = [c for c in notebook.cells if "figure" not in c.metadata.get("tags", [])]
    if main_run_only:
        notebook.cells = _up_to_main_run(chapter, notebook.cells)
    try:
        with scratch_folder() as ipython:
            kernels = _kernel_manager(ipython)

            def run():
                return execute_notebook(
                    notebook,
                    None,
                    parameters=given,
                    kernel_name="python3",
                    progress_bar={"desc": chapter, "disable": None} if progress else False,
                    cwd=chapters.BOOK,
                    kernel_manager_class=kernels,
                    coalesce_streams=True,
                )

            executed = apart(run, kernels.end)
    except PapermillExecutionError as error:
        raise _own_error(chapter, error) from None
    except DeadKernelError:
        raise CatnetError(
            f"chapter {chapter}: its Python process ended; it may have run out of memory"
        ) from None
    except RuntimeError as error:  # what it wrote stands above
        raise CatnetError(
            f"chapter {chapter}: its Python process could not be started ({error})"
        ) from None
    _tidy(executed)
    return executed, _results(executed)


def _up_to_main_run(chapter, cells):
    import nbformat

    last = [i for i, cell in enumerate(cells) if "main-run" in cell.metadata.get("tags", [])]
    if not last:
        raise CatnetError(f"no cell of chapter {chapter} is tagged main-run")
    show = f"catnet.Results({chapter!r}, parameters, {{'main run': run}})"
    return [*cells[: last[0] + 1], nbformat.v4.new_code_cell(show)]


def trains(chapter):
    """Whether a chapter's notebook shows a `Results`, so that there is something to record."""
    return "catnet.Results(" in chapters.notebook(chapter).read_text(encoding="utf-8")


def versions():
    """Versions of Python, of this package and of what it runs on; None where not installed."""
    found = {"python": platform.python_version(), "catnet": __version__}
    for package in PACKAGES:
        try:
            found[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            found[package] = None
    return found


def _kernel_manager(ipython):
    from jupyter_client.kernelspec import KernelSpec
    from jupyter_client.manager import AsyncKernelManager

    class ThisPython(AsyncKernelManager):
        """Starts this Python, whatever kernels and startup files the user has."""

        started = []

        def __init__(self, *arguments, **options):
            # Else it would be a temporary file that a stop may leave behind.
            file = os.path.join(ipython, "kernel.json")
            super().__init__(*arguments, connection_file=file, **options)
            self.started.append(self)

        @classmethod
        def end(cls):
            """End the process at once, if it runs."""
            for manager in cls.started:
                process = getattr(manager.provisioner, "process", None)
                if process is not None:
                    process.kill()

        @property
        def kernel_spec(self):
            path = [str(SOURCE), *filter(None, [os.environ.get("PYTHONPATH")])]
            data = named_folder()  # the chapter runs in another folder than the user
            return KernelSpec(
                argv=[
                    sys.executable,
                    "-Xfrozen_modules=off",
                    *("-m", "ipykernel_launcher", "-f", "{connection_file}"),
                    # What it would say of sockets and of being stopped is not for our users.
                    "--log-level=CRITICAL",
                ],
                display_name="Python 3",
                language="python",
                env=({} if data is None else {VARIABLE: str(data)})
                | {
                    "IPYTHONDIR": str(ipython),
                    "PYTHONPATH": os.pathsep.join(path),
                    "MPLBACKEND": "module://matplotlib_inline.backend_inline",
                },
            )

    return ThisPython


def _own_error(chapter, error):
    if error.ename == "KeyboardInterrupt":
        return KeyboardInterrupt()
    if error.ename in OWN_ERRORS:
        return OWN_ERRORS[error.ename](error.evalue)
    if error.ename in ("CatnetError", "DivergenceError"):
        return CatnetError(f"chapter {chapter}: {error.evalue}")
    if error.ename in OUT_OF_MEMORY:
        return CatnetError(f"chapter {chapter} ran out of memory; smaller layer_dims need less")
    return CatnetError(
        f"chapter {chapter} failed in cell [{error.exec_count}]: {error.ename}: {error.evalue}"
    )


def _tidy(notebook):
    notebook.metadata.pop("papermill", None)
    notebook.metadata.kernelspec = {
        "display_name": "Python 3",
        "language": "python",
        "name": "python3",
    }
    notebook.metadata.language_info.pop("version", None)
    for cell in notebook.cells:
        for volatile in ("papermill", "execution"):
            cell.metadata.pop(volatile, None)
        if not cell.metadata.get("tags", True):
            del cell.metadata["tags"]


def _results(notebook):
    for cell in reversed(notebook.cells):
        for output in reversed(cell.get("outputs", [])):
            if MIME_TYPE in output.get("data", {}):
                return Results.from_json(output.data[MIME_TYPE])
    return None
