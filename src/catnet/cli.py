"""The command `catnet`."""

from __future__ import annotations

import argparse
import os
import re
import sys
from pathlib import Path

from . import __version__
from .errors import CatnetError, ParameterError, sentence, tell
from .report.running import stop

__all__ = ["main"]

CHAPTER_HELP = "a chapter: 3, 03, adam-failure or 03-adam-failure"


class _Parser(argparse.ArgumentParser):
    """Says what is wrong in one sentence, without the usage."""

    def error(self, message):
        if "expected 2 arguments" in message:
            message = "-p takes a name and a value, as in `-p learning_rate 0.003`"
        self.exit(2, f"{self.prog}: {message}; `{self.prog} --help` says more\n")


def main(argv=None):
    """Run the command.

    Parameters
    ----------
    argv : list of str, optional
        Arguments without the name of the program; by default those of this process.

    Returns
    -------
    int
        Exit status: 0, 1 if a verification found a difference, 2 after an error, 130 if
        stopped, 141 if nobody reads the output any more.
    """
    previous = stop.hear()
    if hasattr(sys.stdout, "reconfigure"):
        sys.stdout.reconfigure(errors="replace")  # a dash is no reason to fail on a plain terminal
    try:
        try:
            arguments = _parser().parse_args(argv)
            return arguments.run(arguments)
        finally:
            _flush_output()  # here, and not at exit, a failure can be said or passed over
    except CatnetError as error:
        return _fail(str(error))
    except BrokenPipeError:
        return 141  # as a shell says of a program that SIGPIPE ended
    except OSError as error:
        return _fail(sentence(error))
    except KeyboardInterrupt:
        return stop.end()
    finally:
        stop.forget(previous)


def _flush_output():
    try:
        if sys.stdout is not None:
            sys.stdout.flush()
    except OSError as error:
        # Python must not complain of it again when it ends.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        error.filename = "standard output"
        raise


def _fail(words):
    tell(words)
    return 2


def _parser():
    parser = _Parser(
        prog="catnet",
        description="Run the chapters of the book Cat or not, and check their numbers.",
        epilog="`catnet COMMAND --help` tells about each command, with examples.",
    )
    parser.add_argument("--version", action="version", version=f"catnet {__version__}")
    commands = parser.add_subparsers(
        title="commands", metavar="COMMAND", required=True, parser_class=_Parser
    )

    def command(name, run, summary, description, examples):
        sub = commands.add_parser(
            name,
            help=summary,
            description=description,
            epilog="examples:\n" + "\n".join(f"  {example}" for example in examples),
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        sub.set_defaults(run=run)
        return sub

    data = command(
        "data",
        _data,
        "say where the real images are, and fetch them",
        "Say where the real images are and whether they are right. Where there are none they are\n"
        "downloaded into the user's cache, but never where CATNET_DATA names a folder.",
        ["catnet data", "catnet data --from ~/Downloads"],
    )
    data.add_argument(
        "--from", dest="source", type=Path, metavar="DIR", help="take them from a folder"
    )

    draw = command(
        "draw",
        _draw,
        "draw any number of images into a file",
        "Draw images to train on and to test with into an HDF5 file in the article's format, with\n"
        "what each was drawn of. The same numbers give the same bytes everywhere. 50,000 images\n"
        "take 0.6 GB and a minute or two. `catnet.load_data` takes the file, and so do chapters:\n"
        "-p dataset FILE.h5",
        [
            "catnet draw --count 50000 many.h5",
            "catnet draw --count 2000 --test-count 500 --seed 7 other.h5 --force",
        ],
    )
    draw.add_argument("file", type=Path, metavar="FILE", help="the file, which ends in .h5")
    draw.add_argument(
        "--count", type=_count, required=True, metavar="N", help="how many images to train on"
    )
    draw.add_argument(
        "--test-count",
        type=_count,
        default=1000,
        metavar="N",
        help="how many images to test with (1000)",
    )
    draw.add_argument(
        "--seed", type=int, default=0, metavar="N", help="start of the random numbers (0)"
    )
    draw.add_argument("--force", action="store_true", help="replace a file that is there")

    rerun = command(
        "rerun",
        _rerun,
        "run a chapter with other parameters",
        "Run a chapter with other parameters. The executed notebook, a page (index.html) and the\n"
        "numbers (results.json) go into reruns/CHAPTER/HASH in the current folder; the book\n"
        "stays as it is.",
        [
            "catnet rerun 4 --list",
            "catnet rerun 4 -p learning_rate 0.003",
            "catnet rerun adam-failure -p layer_dims '[12288, 5, 1]' -p seed 7 --open",
            "catnet rerun 4 -f mine.yml --output /tmp/mine",
        ],
    )
    rerun.add_argument("chapter", metavar="CHAPTER", help=CHAPTER_HELP)
    rerun.add_argument(
        "-p",
        "--parameter",
        nargs=2,
        action="append",
        default=[],
        metavar=("NAME", "VALUE"),
        help="set a parameter; can be repeated, and goes before the file's",
    )
    rerun.add_argument(
        "-f", "--file", type=Path, metavar="FILE", help="a YAML file of NAME: VALUE lines"
    )
    rerun.add_argument("--output", type=Path, metavar="DIR", help="put the files into this folder")
    rerun.add_argument("--open", action="store_true", help="open the page in a browser")
    rerun.add_argument(
        "-l", "--list", action="store_true", help="list the chapter's parameters, run nothing"
    )

    record = command(
        "record",
        _record,
        "run chapters in place and keep their numbers",
        "Run chapters (all, if none is named) in place, and write their numbers to book/record.\n"
        "With --dataset drawn the notebooks stay, and the numbers go to tests/record. As many\n"
        "chapters run at once as there are cores.",
        ["catnet record", "catnet record 3 4", "catnet record --dataset drawn"],
    )
    record.add_argument("chapters", nargs="*", metavar="CHAPTER", help=CHAPTER_HELP)
    record.add_argument(
        "--dataset",
        choices=("catvnoncat", "drawn"),
        default="catvnoncat",
        help="the real images (default) or the embedded ones",
    )

    seeds = command(
        "seeds",
        _seeds,
        "search the first seed that shows what the article shows",
        "Train a chapter's first run from seed 0, 1, 2 … until one shows what the article's run\n"
        "shows: how training came out and, where the article gives them, its accuracies. Every\n"
        "seed tried is recorded in book/record/seeds.json, and the chapter then uses the one\n"
        "found. Several seeds train at once.",
        ["catnet seeds 3", "catnet seeds learning-rate --limit 500"],
    )
    seeds.add_argument("chapter", metavar="CHAPTER", help=CHAPTER_HELP)
    seeds.add_argument(
        "--limit", type=_count, default=100, metavar="N", help="try N seeds at most (100)"
    )

    study = command(
        "study",
        _study,
        "train networks by the thousand, as a plan says",
        "Train what a study's plan, studies/NAME.toml, asks for. Each stack of runs is kept as it\n"
        "is finished, so this can be stopped or killed at any moment, and goes on the next time.\n"
        "Once all runs are there, their results are in studies/NAME.h5. A run that diverges is a\n"
        "result, too.\n"
        "With --check and --repeat the exit status is 1 if anything comes out otherwise.",
        [
            "catnet study --list",
            "catnet study luck --status",
            "catnet study luck --limit 30m --only arm=adam --only seed=1000",
            "catnet study luck --check 5",
            "catnet study luck --repeat luck/adam,output=printed/1003",
        ],
    )
    study.add_argument("name", nargs="?", metavar="NAME", help="a study: its file is NAME.toml")
    instead = study.add_mutually_exclusive_group()
    instead.add_argument(
        "-l", "--list", action="store_true", help="list all studies, and how far each is"
    )
    instead.add_argument(
        "--status", action="store_true", help="say what is done, what is left, and for how long"
    )
    instead.add_argument(
        "--check",
        type=_count,
        metavar="N",
        help="train N finished runs again, taken at random, and compare all bits",
    )
    instead.add_argument(
        "--repeat", metavar="KEY", help="train one finished run again, STUDY/ARM/SEED, and compare"
    )
    study.add_argument(
        "--only",
        action="append",
        default=[],
        metavar="FACTOR=LEVEL",
        help="only runs with this level, this arm or this seed; can be repeated",
    )
    study.add_argument(
        "--limit", type=_seconds, metavar="TIME", help="stop in time: 90s, 30m or 1h30m"
    )
    study.add_argument(
        "--workers", type=_count, metavar="N", help="processes at once (one for each core)"
    )
    study.add_argument(
        "--scheduler",
        metavar="ADDRESS",
        help="train on a Dask cluster instead: tcp://HOST:8786",
    )

    verify = command(
        "verify",
        _verify,
        "train again and compare every number with the record",
        "Train again what the chapters (all, if none is named) train, and compare every cost,\n"
        "accuracy and digest with the record, to the last bit. Where the real images are not at\n"
        "hand the embedded ones serve. As many chapters run at once as there are cores. Exit\n"
        "status: 0 identical, 1 different, 2 error.",
        ["catnet verify", "catnet verify 3 4"],
    )
    verify.add_argument("chapters", nargs="*", metavar="CHAPTER", help=CHAPTER_HELP)
    return parser


def _count(text):
    try:
        number = int(text)
    except ValueError:
        number = 0
    if number < 1:
        raise argparse.ArgumentTypeError(f"must be a whole number from 1 on, not {text!r}")
    return number


def _seconds(text):
    match = re.fullmatch(r"(?:(\d{1,6})h)?(?:(\d{1,6})m)?(?:(\d{1,6})s)?", text)
    if not text or match is None:
        raise argparse.ArgumentTypeError(f"must be a time like 90s, 30m or 1h30m, not {text!r}")
    hours, minutes, seconds = (int(number or 0) for number in match.groups())
    return 3600 * hours + 60 * minutes + seconds


def _data(arguments):
    from .images.catvnoncat import data_command

    print(*data_command(arguments.source), sep="\n")
    return 0


def _draw(arguments):
    from .images.files.writing import write_drawn

    lines = write_drawn(
        arguments.file,
        arguments.count,
        arguments.test_count,
        arguments.seed,
        force=arguments.force,
        progress=True,
    )
    print(*lines, sep="\n")
    return 0


def _rerun(arguments):
    from .book import find_book
    from .report.pages.rerun import rerun
    from .report.parameters import read_parameter_file

    chapter = find_book().find(arguments.chapter)
    if arguments.list:
        _list_parameters(chapter)
        return 0
    given = read_parameter_file(arguments.file) if arguments.file else {}
    given |= dict(arguments.parameter)
    outcome = rerun(chapter, given, arguments.output, progress=True)
    _print_comparison(outcome)
    page = outcome.folder / "index.html"
    print(f"\nPage: {page}\nNumbers: {outcome.folder / 'results.json'}")
    if arguments.open:
        import webbrowser

        webbrowser.open(page.resolve().as_uri())
    return 0


def _list_parameters(chapter):
    for name, parameter in chapter.parameters.items():
        print(f"{name}: {parameter.kind} = {parameter.default!r}\n    {parameter.comment}")


def _print_comparison(outcome):
    from .report.pages.rerun import comparison

    changed, rows = comparison(outcome)
    table = [("", "", "this run", "recorded")]
    table += [("parameter", *row) for row in changed]
    table += rows
    widths = [max(len(row[column]) for row in table) for column in range(4)]
    for row in table:
        cells = [cell.ljust(width) for cell, width in zip(row, widths, strict=True)]
        print("  ".join(cells).rstrip())


def _record(arguments):
    from .book import find_book
    from .report.record import record
    from .report.running.parallel import side_by_side

    book = find_book()
    edition = book.editions[arguments.dataset]
    chosen = _chosen(book, arguments)
    if not arguments.chapters:
        chosen = [c for c in chosen if edition.parameters.keys() <= c.parameters.keys()]

    def report(chapter, written):
        names = [os.path.relpath(path, book.root) for path in written]
        print(f"{chapter.name}  {', '.join(names) or 'trains nothing'}", flush=True)

    side_by_side(record, chosen, edition, report)
    return 0


def _seeds(arguments):
    from .article.seeds import search
    from .book import find_book

    chapter = find_book().find(arguments.chapter)
    search(chapter, arguments.limit, report=lambda line: print(line, flush=True), progress=True)
    return 0


def _study(arguments):
    from .book import find_book
    from .studies import study
    from .studies.plan import find_plan, list_plans

    folder = find_book().root / "studies"
    if arguments.list:
        for name in list_plans(folder):
            plan = find_plan(folder, name)
            print(f"{study.status(folder, plan)[0]}\n    {' '.join(plan.question.split())}")
        return 0
    if arguments.name is None:
        raise ParameterError("say which study: `catnet study --list` lists them")
    plan = find_plan(folder, arguments.name)
    if arguments.status:
        print(*study.status(folder, plan, arguments.workers), sep="\n")
        return 0
    if arguments.check:
        return 0 if study.check(folder, plan, arguments.check, workers=arguments.workers) else 1
    if arguments.repeat:
        return 0 if study.repeat(folder, plan, arguments.repeat) else 1
    crew = None
    if arguments.scheduler:
        from .studies.cluster import cluster

        crew = cluster(arguments.scheduler, plan.dataset)
    study.run(
        folder,
        plan,
        only=arguments.only,
        limit=arguments.limit,
        crew=crew,
        workers=arguments.workers,
    )
    return 0


def _verify(arguments):
    from .book import available_edition, find_book
    from .report.machine import machine
    from .report.running.parallel import Plan, side_by_side
    from .report.verify import is_recorded, verify

    book = find_book()
    edition = available_edition(book)
    print(f"on {edition.description}", flush=True)
    chosen = _chosen(book, arguments)
    if not arguments.chapters:
        chosen = [chapter for chapter in chosen if is_recorded(chapter, edition)]
    all_identical = True

    def report(chapter, outcome):
        nonlocal all_identical
        identical, sentence = outcome
        print(f"{chapter.name}  {sentence}", flush=True)
        all_identical &= identical

    side_by_side(verify, chosen, edition, report)
    print(machine(Plan.of(chosen).threads))
    return 0 if all_identical else 1


def _chosen(book, arguments):
    if not arguments.chapters:
        return list(book.chapters)
    return list(dict.fromkeys(book.find(name) for name in arguments.chapters))


if __name__ == "__main__":
    sys.exit(main())
