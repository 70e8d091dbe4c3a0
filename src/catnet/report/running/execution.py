"""Running one chapter by papermill, in the Python that runs this."""

from __future__ import annotations

import asyncio
import copy
import logging
import os
import sys
from pathlib import Path

from ...errors import CatnetError, DataError, ParameterError
from ..files import scratch_folder
from ..machine import THREADS
from ..results import MIME_TYPE, Results
from .apart import apart

__all__ = ["Kernels", "execute"]

OWN_ERRORS = {"ParameterError": ParameterError, "DataError": DataError}
OUT_OF_MEMORY = ("MemoryError", "_ArrayMemoryError")
LONGEST_SOCKET = 100  # bytes of a path of a socket that every system takes, of 104 and 108
KERNELSPEC = {"display_name": "Python 3", "language": "python", "name": "python3"}


class Kernels:
    """The processes that chapters run in: how they are started, and how all of them are ended.

    Parameters
    ----------
    threads : int, optional
        What the BLAS of each may use; by default, it decides by itself.
    """

    def __init__(self, threads=None):
        self.threads = threads
        self._managers = []

    def manager_class(self, environment):
        """Return a manager for `nbclient` that starts this Python in an environment.

        Parameters
        ----------
        environment : dict of str to str
            Variables besides those of this process.
        """
        from jupyter_client.kernelspec import KernelSpec
        from jupyter_client.manager import AsyncKernelManager

        managers = self._managers
        if self.threads is not None:
            environment = environment | dict.fromkeys(THREADS, str(self.threads))

        class ThisPython(AsyncKernelManager):
            """Starts this Python, whatever kernels and startup files the user has."""

            def __init__(self, *arguments, **options):
                # Else it would be a temporary file that a stop may leave behind.
                file = str(Path(environment["IPYTHONDIR"]) / "kernel.json")
                options = {"transport": _transport(file)} | options
                super().__init__(*arguments, connection_file=file, **options)
                managers.append(self)

            @property
            def kernel_spec(self):
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
                    env=environment,
                )

        return ThisPython

    def end(self):
        """End all processes that are running, with those that they have started."""
        for manager in self._managers:
            if manager.provisioner is not None:
                asyncio.run(manager.provisioner.kill())


def _transport(connection_file):
    """Tell how to talk to a process: by sockets that are files, beside its connection file.

    A port that is free when it is chosen another process may have taken when it is opened.
    """
    fits = len(os.fsencode(connection_file)) <= LONGEST_SOCKET
    return "ipc" if os.name == "posix" and fits else "tcp"


def execute(
    chapter, given=None, *, figures=True, main_run_only=False, progress=False, kernels=None
):
    """Run a chapter's notebook from its first cell to its last; nothing is written.

    Parameters
    ----------
    chapter : Chapter
    given : dict of str to object, optional
        Parameters other than the defaults, read and checked before.
    figures : bool
        Whether to run the cells tagged `figure`, which nothing else depends on.
    main_run_only : bool
        Whether to end after the cell tagged `main-run`, which leaves the chapter's first run
        in `run`; that one is the result then.
    progress : bool
        Show a progress bar on standard error, if that is a terminal.
    kernels : Kernels, optional
        Where the process is started, for whoever must be able to end it.

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

    logging.getLogger("papermill").setLevel(logging.CRITICAL)  # we say it ourselves
    notebook = copy.deepcopy(chapter.notebook)
    notebook.metadata.kernelspec = dict(KERNELSPEC)
    if not figures:
        notebook.cells = [c for c in notebook.cells if "figure" not in c.metadata.get("tags", [])]
    if main_run_only:
        notebook.cells = _up_to_main_run(chapter, notebook.cells)
    try:
        with scratch_folder() as ipython:
            environment = chapter.book.environment() | {
                "IPYTHONDIR": str(ipython),
                "MPLBACKEND": "module://matplotlib_inline.backend_inline",
            }
            kernels = kernels or Kernels()

            def run():
                return execute_notebook(
                    notebook,
                    None,
                    parameters=given,
                    progress_bar={"desc": chapter.name, "disable": None} if progress else False,
                    # papermill's own `cwd` is that of this process, where others may be running
                    resources={"metadata": {"path": str(chapter.path.parent)}},
                    kernel_manager_class=kernels.manager_class(environment),
                    coalesce_streams=True,
                )

            executed = apart(run, kernels.end)
    except PapermillExecutionError as error:
        raise _own_error(chapter.name, error) from None
    except DeadKernelError:
        raise CatnetError(
            f"chapter {chapter.name}: its Python process ended; it may have run out of memory"
        ) from None
    except RuntimeError as error:  # nbclient's, of a process that did not come up
        raise CatnetError(
            f"chapter {chapter.name}: its Python process could not be started ({error}); is there "
            "room for temporary files, and is ipykernel whole?"
        ) from None
    _tidy(executed)
    return executed, _results(executed)


def _up_to_main_run(chapter, cells):
    import nbformat

    last = [i for i, cell in enumerate(cells) if "main-run" in cell.metadata.get("tags", [])]
    if not last:
        raise CatnetError(f"no cell of chapter {chapter.name} is tagged main-run")
    show = (
        f"from {Results.__module__} import Results\n"
        f"Results({chapter.name!r}, parameters, {{'main run': run}})"
    )
    return [*cells[: last[0] + 1], nbformat.v4.new_code_cell(show)]


def _own_error(chapter, error):
    if error.ename == "KeyboardInterrupt":
        return KeyboardInterrupt()
    if error.ename in OWN_ERRORS:
        return OWN_ERRORS[error.ename](error.evalue)
    if error.ename in ("CatnetError", "DivergenceError"):
        return CatnetError(f"chapter {chapter}: {error.evalue}")
    if error.ename in OUT_OF_MEMORY:
        return CatnetError(f"chapter {chapter} ran out of memory; smaller parameters need less")
    return CatnetError(
        f"chapter {chapter} failed in cell [{error.exec_count}]: {error.ename}: {error.evalue}"
    )


def _tidy(notebook):
    notebook.metadata.pop("papermill", None)
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
