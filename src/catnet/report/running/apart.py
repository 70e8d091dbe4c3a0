"""Work that a stop must not cut off anywhere, because it would never end then."""

from __future__ import annotations

import threading
import time
from concurrent.futures import Future

from . import stop

__all__ = ["apart"]


def apart(work, end):
    """Do something in a thread of its own, where no KeyboardInterrupt is raised.

    An asyncio event loop, nbclient's for one, may wait forever for what it lost by one.

    Parameters
    ----------
    work : callable
        Called without arguments.
    end : callable
        Makes `work` fail soon. After a KeyboardInterrupt it is called until that has happened,
        again and again: what it is to end may just be starting.

    Returns
    -------
    object
        What `work` returns.
    """
    if stop.was_heard():  # and lost, as some libraries do while they are imported
        raise KeyboardInterrupt
    outcome = Future()
    thread = threading.Thread(target=_work, args=(work, outcome))
    try:
        thread.start()
        thread.join()
    finally:
        outcome.cancel()  # if it has not begun
        while not outcome.done():
            end()
            time.sleep(0.1)
    return outcome.result()


def _work(work, outcome):
    from jupyter_core.utils import ensure_event_loop

    if not outcome.set_running_or_notify_cancel():
        return
    try:
        outcome.set_result(work())
    except BaseException as error:
        outcome.set_exception(error)
    finally:
        ensure_event_loop().close()  # this thread's, which nbclient leaves open
