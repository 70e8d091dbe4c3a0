"""A book and its chapters: what the table of contents says, and what each notebook holds.

A chapter is found once, and handed down as a value that knows its notebook, its parameters and
its record.
"""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from ..errors import CatnetError, ParameterError
from .parameters import Parameter, declared, injected
from .results import Results

__all__ = ["TABLE_OF_CONTENTS", "Book", "Chapter", "Edition"]

TABLE_OF_CONTENTS = "_toc.yml"

# What reading a file meets that is not what it should be.
MISSHAPEN = (AttributeError, KeyError, OverflowError, RecursionError, TypeError, ValueError)

NUMBERED = re.compile(r"(\d+)-(.+)")


@dataclass(frozen=True)
class Edition:
    """One way to run all chapters, with records of its own.

    Parameters
    ----------
    name : str
    description : str
        For a sentence: ``"the real images"``.
    parameters : dict of str to object
        Those that make it; none for the edition whose outputs are in the notebooks.
    records : Path
        The folder of its records.
    """

    name: str
    description: str
    parameters: Mapping[str, object]
    records: Path


@dataclass(frozen=True, eq=False)
class Book:
    """A book, and all that the machinery of this folder is told about the project it is of.

    Parameters
    ----------
    root : Path
        The folder with ``_toc.yml``, which says what the book is.
    command : str
        The program that the user calls, for sentences.
    editions : dict of str to Edition
        By name; the first is the one in the notebooks.
    searches : Path
        The file with the recorded searches for seeds, which may be missing.
    environment : callable
        Called without arguments, returns the environment variables that a chapter's process
        needs besides those of this one: where the package is, and the data.
    versions : callable
        Called without arguments, returns the versions of what the project runs on, by name; None
        for what is not installed.
    """

    root: Path
    command: str
    editions: Mapping[str, Edition]
    searches: Path
    environment: Callable[[], dict[str, str]]
    versions: Callable[[], dict[str, str | None]]

    @property
    def main_edition(self):
        """The edition whose outputs are in the notebooks."""
        return next(iter(self.editions.values()))

    @cached_property
    def chapters(self):
        """All chapters in the book's order: pages of the table of contents that are notebooks.

        Returns
        -------
        tuple of Chapter

        Raises
        ------
        CatnetError
            If the table of contents cannot be read, or names no notebook.
        """
        import yaml

        path = self.root / TABLE_OF_CONTENTS
        try:
            pages = _files(yaml.safe_load(path.read_text(encoding="utf-8")))
            notebooks = [self.root / f"{page.removesuffix('.ipynb')}.ipynb" for page in pages]
        except (*MISSHAPEN, yaml.YAMLError) as error:
            reason = " ".join(str(error).split())[:120]
            raise CatnetError(f"{path} cannot be read: {reason}") from None
        chapters = tuple(Chapter(self, path) for path in notebooks if path.is_file())
        if not chapters:
            raise CatnetError(f"{path} names no notebook that is there: take the whole repository")
        return chapters

    def find(self, name):
        """Find a chapter by its number, slug or name.

        Parameters
        ----------
        name : str
            ``"3"``, ``"03"``, ``"adam-failure"`` or ``"03-adam-failure"``.

        Returns
        -------
        Chapter

        Raises
        ------
        CatnetError
            If there is no such chapter.
        """
        known = {}
        for chapter in self.chapters:
            for called in chapter.names:
                known.setdefault(called, chapter)
        if name in known:
            return known[name]
        near = difflib.get_close_matches(name, known, n=1)
        hint = f" Did you mean {known[near[0]].name}?" if near else ""
        names = ", ".join(chapter.name for chapter in self.chapters)
        raise CatnetError(f"there is no chapter {name!r}.{hint} The chapters are {names}")

    def recorded_searches(self):
        """Read the file of searches for seeds.

        Returns
        -------
        dict of str to dict
            By chapter's name; empty where nothing is recorded yet.

        Raises
        ------
        CatnetError
            If it is not such a file.
        """
        path = self.searches
        if not path.exists():
            return {}
        try:
            content = json.loads(path.read_text(encoding="utf-8"))
        except MISSHAPEN as error:
            reason = " ".join(str(error).split())[:120]
            raise CatnetError(
                f"{path} cannot be read ({reason}): take it from the repository"
            ) from None
        if not isinstance(content, dict) or not all(isinstance(e, dict) for e in content.values()):
            raise CatnetError(
                f"{path} does not hold searches for seeds: take it from the repository"
            )
        return content


@dataclass(frozen=True, eq=False)
class Chapter:
    """One chapter of a book.

    Parameters
    ----------
    book : Book
    path : Path
        Its notebook.
    """

    book: Book
    path: Path

    @property
    def name(self):
        """For instance ``"03-adam-failure"``."""
        return self.path.stem

    @property
    def slug(self):
        """Its name without the number: ``"adam-failure"``."""
        numbered = NUMBERED.fullmatch(self.name)
        return numbered[2] if numbered else self.name

    @property
    def names(self):
        """All that a user may call it: ``("03-adam-failure", "adam-failure", "03", "3")``."""
        numbered = NUMBERED.fullmatch(self.name)
        if numbered is None:
            return (self.name,)
        return self.name, numbered[2], numbered[1], str(int(numbered[1]))

    @cached_property
    def notebook(self):
        """Its notebook as it is kept, read once; not to be changed.

        Returns
        -------
        nbformat.NotebookNode

        Raises
        ------
        CatnetError
            If its file is not a notebook.
        """
        import nbformat
        from nbformat.reader import NotJSONError

        try:
            return nbformat.read(self.path, as_version=4)
        except (*MISSHAPEN, NotJSONError, nbformat.ValidationError) as error:
            reason = " ".join(str(error).split())[:120]
            raise CatnetError(f"{self.path} is not a notebook that can be read: {reason}") from None

    @property
    def code(self):
        """Its cells of code."""
        return [cell for cell in self.notebook.cells if cell.cell_type == "code"]

    @property
    def trains(self):
        """Whether it shows a `Results`, so that there is something to record."""
        return any(f"{Results.__name__}(" in cell.source for cell in self.code)

    @property
    def measures(self):
        """Whether it prints times or the like, so that nothing should run beside it."""
        return any("nbval-ignore-output" in cell.metadata.get("tags", []) for cell in self.code)

    @cached_property
    def parameters(self) -> dict[str, Parameter]:
        """What its notebook declares, by name.

        Raises
        ------
        CatnetError
            If a declaration cannot be read.
        """
        cells = [c for c in self.code if "parameters" in c.metadata.get("tags", [])]
        found = declared(cells[0].source, self.name) if cells else {}
        names = [chapter.name for chapter in self.book.chapters]
        for parameter in found.values():
            if parameter.seed_of not in (None, *names):
                raise CatnetError(
                    f"chapter {self.name} takes {parameter.name} from {parameter.seed_of}, which "
                    f"is no chapter; the chapters are {', '.join(names)}"
                )
        return found

    def read(self, given):
        """Read values that a user gave for some parameters.

        Parameters
        ----------
        given : dict of str to object
            Python values, or text to be read by the declared type.

        Returns
        -------
        dict of str to object

        Raises
        ------
        ParameterError
            If there is no such parameter, or a value has the wrong type or range.
        """
        return {name: self._parameter(name).read(value) for name, value in given.items()}

    def complete(self, given):
        """Complete values that were read with the defaults, and the recorded seeds.

        Parameters
        ----------
        given : dict of str to object

        Returns
        -------
        dict of str to object
            Every parameter in the notebook's order.

        Raises
        ------
        ParameterError
            If a recorded seed has the wrong type or range.
        """
        values = {name: given.get(name, p.default) for name, p in self.parameters.items()}
        for name, value in values.items():
            parameter = self.parameters[name]
            if value is None:
                search = self.book.recorded_searches().get(parameter.seed_of, {})
                values[name] = parameter.read(search.get("seed", 0))  # 0 before the first search
        return values

    def check(self, namespace):
        """Check, inside the running chapter, what its parameters were set to.

        Parameters
        ----------
        namespace : dict
            The chapter's ``globals()``; its parameters are put into their normal form.

        Returns
        -------
        dict of str to object
            Every parameter in the notebook's order; a seed of None has become the recorded one.

        Raises
        ------
        ParameterError
            If papermill has set a name that is no parameter, or a value has the wrong type or
            range. Other names are the user's.
        """
        for name in injected(namespace.get("In", ())):
            self._parameter(name)
        given = {name: namespace[name] for name in self.parameters if name in namespace}
        values = self.complete(self.read(given))
        namespace.update(values)
        return values

    def _parameter(self, name):
        if name in self.parameters:
            return self.parameters[name]
        near = difflib.get_close_matches(name, self.parameters, n=1, cutoff=0.5)
        hint = f" Did you mean {near[0]}?" if near else ""
        raise ParameterError(
            f"chapter {self.name} has no parameter {name!r}.{hint} "
            f"Its parameters are {', '.join(self.parameters) or 'none'}"
        )

    def record_path(self, edition):
        """Path of its record in an edition."""
        return edition.records / f"{self.name}.json"

    def recorded(self, edition):
        """Read its record.

        Parameters
        ----------
        edition : Edition

        Returns
        -------
        Results or None
            None if nothing is recorded.

        Raises
        ------
        CatnetError
            If the file is not a record.
        """
        path = self.record_path(edition)
        if not path.exists():
            return None
        try:
            return Results.from_json(json.loads(path.read_text(encoding="utf-8")))
        except MISSHAPEN as error:
            raise CatnetError(
                f"{path} is not a record ({type(error).__name__}: {error}); "
                f"make it again with `{self.book.command} record {self.name}`"
            ) from None


def _files(content):
    if isinstance(content, dict):
        own = [content["file"]] if "file" in content else []
        return [*own, *(file for value in content.values() for file in _files(value))]
    if isinstance(content, list):
        return [file for value in content for file in _files(value)]
    return []
