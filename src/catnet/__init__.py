"""Cat or not: a deep network in NumPy whose every number can be checked to the last bit."""

from .engine.network import Network
from .engine.optimizers import Adam, GradientDescent
from .engine.training import EarlyStopping, History, Member, fit, fit_stack
from .errors import CatnetError, DataError, DivergenceError, ParameterError
from .images.dataset import Dataset, Split
from .images.drawn import draw
from .images.load import load_data
from .report.results import Results, Run
from .studies.results import StudyResults, load_study

__all__ = [
    "Adam",
    "CatnetError",
    "DataError",
    "Dataset",
    "DivergenceError",
    "EarlyStopping",
    "GradientDescent",
    "History",
    "Member",
    "Network",
    "ParameterError",
    "Results",
    "Run",
    "Split",
    "StudyResults",
    "check_parameters",
    "draw",
    "fit",
    "fit_stack",
    "load_data",
    "load_study",
]

__version__ = "0.1.0"


def check_parameters(chapter, namespace):
    """Read and check, inside a running chapter, what its parameters were set to.

    Parameters
    ----------
    chapter : str
        For instance ``"04-learning-rate"``.
    namespace : dict
        The chapter's ``globals()``. Text becomes what was declared, a seed of None the recorded
        one.

    Returns
    -------
    dict of str to object
        All parameters of the chapter.

    Raises
    ------
    ParameterError
        If papermill has set a name that is no parameter, or a value has the wrong type or range.
    """
    from .book import find_book

    return find_book().find(chapter).check(namespace)
