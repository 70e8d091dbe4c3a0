"""Cat or not: a deep network in NumPy whose every number can be checked to the last bit."""

from importlib import import_module

# Where the names live. A module is imported when its first name is asked for: the command must
# hear a stop before NumPy is there, and its help needs none.
_MODULES = {
    "Adam": "engine.optimizers",
    "Augmentation": "images.augmentation",
    "CatnetError": "errors",
    "Cosine": "engine.schedules",
    "DataError": "errors",
    "Dataset": "images.dataset",
    "DivergenceError": "errors",
    "EarlyStopping": "engine.training",
    "GradientDescent": "engine.optimizers",
    "History": "engine.training",
    "Member": "engine.training",
    "Network": "engine.network",
    "ParameterError": "errors",
    "Results": "report.results",
    "Run": "report.results",
    "Split": "images.dataset",
    "StepDecay": "engine.schedules",
    "StudyResults": "studies.results",
    "draw": "images.drawn",
    "fit": "engine.training",
    "fit_stack": "engine.training",
    "load_catvnoncat": "images.catvnoncat",
    "load_data": "images.named",
    "load_drawn": "images.drawn",
    "load_study": "studies.results",
}

__all__ = [*_MODULES, "check_parameters"]

__version__ = "0.1.0"


def __getattr__(name):
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f".{_MODULES[name]}", __name__), name)
    globals()[name] = value
    return value


def __dir__():
    return sorted({*globals(), *__all__})


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
