"""What can go wrong, said in one clear sentence.

Every message says what is wrong, where, and what to do; `catnet` prints it on
standard error without a traceback and ends with status 2.
"""

__all__ = ["CatnetError", "DataError", "DivergenceError", "ParameterError"]


class CatnetError(Exception):
    """Base of the errors a user can mend."""


class ParameterError(CatnetError, ValueError):
    """A parameter is unknown, of the wrong type or out of its range."""


class DataError(CatnetError):
    """Images are missing, altered, or not what they claim to be."""


class DivergenceError(CatnetError, ArithmeticError):
    """Training reached a cost that is not a finite number.

    Attributes
    ----------
    history : catnet.History
        Everything recorded up to and including that iteration.
    """

    def __init__(self, message, history):
        super().__init__(message)
        self.history = history
