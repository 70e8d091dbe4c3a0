"""A stop from outside, by Ctrl-C or a signal: heard at once, and only once.

What runs is left by KeyboardInterrupt, so that everything on the way puts itself in order. Whoever
is in a hurry asks twice; the second time must not break that off.
"""

from __future__ import annotations

import logging
import signal
import time

from ...errors import tell

__all__ = ["end", "forget", "hear", "was_heard"]

SIGNALS = ("SIGINT", "SIGTERM", "SIGHUP")  # the last: the terminal was closed; not on Windows
PATIENCE = 10  # seconds for which a stop is the same wish as the one before

_heard = None  # when, on the monotonic clock


def hear():
    """Let a stop raise KeyboardInterrupt from now on.

    A signal that this process was told to ignore, by `nohup` for one, stays ignored.

    Returns
    -------
    dict of int to handler
        What there was before, for each signal that is newly heard.
    """
    left_alone = (_stop, signal.SIG_IGN, None)
    new = [number for number in _numbers() if signal.getsignal(number) not in left_alone]
    return {number: signal.signal(number, _stop) for number in new}


def forget(previous):
    """Put back what `hear` returned, if that is anything."""
    global _heard
    for number, handler in previous.items():
        signal.signal(number, handler)
        _heard = None


def was_heard():
    """Whether a stop was asked for: what fails after that fails because of it."""
    return _heard is not None


def end():
    """Say that all was left in order, and return the exit status; no stop is heard any more."""
    for number in _numbers():
        if signal.getsignal(number) is _stop:
            signal.signal(number, signal.SIG_IGN)  # Python puts back what kills when it ends
    tell("stopped; nothing was left half-written")
    return 130


def _stop(number, frame):
    global _heard
    now = time.monotonic()
    if _heard is None or now > _heard + PATIENCE:
        _heard = now
        logging.disable()  # else nbclient and asyncio tell of the chapter that is being cut off
        raise KeyboardInterrupt


def _numbers():
    return [getattr(signal, name) for name in SIGNALS if hasattr(signal, name)]
