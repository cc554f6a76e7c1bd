"""The `equity` command: run, check, new and verify."""

import os
import signal
import sys
from contextlib import suppress
from pathlib import Path
from typing import Annotated, NoReturn

import typer

from equity.errors import EquityError

app = typer.Typer(
    help="Measure racial equity in a city's services, workforce and schools.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)
ParamsFile = Annotated[Path, typer.Argument(help="Such as params/sample.yaml.")]
Period = Annotated[str | None, typer.Option(help="A quarter, such as 2026Q3.")]
Raw = Annotated[
    Path | None,
    typer.Option(
        help="The folder of raw files; data/raw by default.", envvar="EQUITY_RAW"
    ),
]


@app.command()
def run(
    params_file: ParamsFile,
    period: Period = None,
    raw: Raw = None,
    out: Annotated[Path, typer.Option(help="The folder of all reports.")] = Path(
        "reports"
    ),
    cell_seconds: Annotated[
        int, typer.Option(min=1, help="The time limit of each notebook cell.")
    ] = 600,
) -> None:
    """Check the settings, clean the raw data, run the notebooks, publish the report."""
    from equity import run as runner  # papermill is slow to import

    params = _settings(params_file, period, raw)
    index = runner.run(params, out=out, cell_seconds=cell_seconds, final=True)
    _say_at_last(index, params_file)


@app.command()
def check(params_file: ParamsFile, period: Period = None, raw: Raw = None) -> None:
    """Check the settings and clean the raw data, without running a notebook."""
    from equity import prepare

    params = _settings(params_file, period, raw)
    tables = prepare.load(
        params.city,
        period=params.period,
        quarters=params.quarters,
        race_standard=params.race_standard,
        engine=params.engine,
        progress=True,
    )
    for (_, file), rows in tables.ledger.groupby(["kind", "file"], sort=False):
        sums = rows.groupby("action")["rows"].sum()
        typer.echo(f"{file}: {sums['read']:,} rows read, {sums['used']:,} used")
        for entry in rows[rows["action"].isin(["noted", "set aside"])].itertuples():
            typer.echo(f"  {entry.rows:,} {entry.action}: {entry.rule}")
    if len(tables.found):
        listing = prepare.listing(params.city, params.period)
        typer.echo(f"Which rows these are is listed in {listing} (do not publish it).")
    typer.echo("Everything can be used. Next: equity run", nl=False)
    typer.echo(f" {params_file}")


@app.command()
def new(
    city: Annotated[
        str, typer.Argument(help="Short name: small letters, digits, - _.")
    ],
    folder: Annotated[
        Path | None, typer.Argument(help="Raw files; data/raw/CITY by default.")
    ] = None,
) -> None:
    """Propose params and sources for a city from its raw files, for you to confirm."""
    from equity import new as scaffold

    for line in scaffold.propose(city, folder):
        typer.echo(line)


@app.command()
def verify(
    folder: Annotated[Path, typer.Argument(help="A release: reports/CITY/PERIOD.")],
) -> None:
    """Check a release against its manifest: changed, missing and extra files."""
    from equity.publish import release

    problems = release.verify(folder)
    for problem in problems:
        typer.echo(problem, err=True)
    if problems:
        raise typer.Exit(1)
    typer.echo("Every file is as it was published.")


def _say_at_last(index: Path, params_file: Path) -> None:
    """Say where the report is; that nobody can be told does not undo it."""
    from equity.publish import city

    try:
        typer.echo(f"\nThe report is ready. Open {index}")
        for later in city.outdated(index.parent):
            typer.echo(
                f"The report of {later} compares itself with an earlier one that is "
                f"another now. Make it again: equity run {params_file} --period {later}"
            )
    except (OSError, ValueError):
        with suppress(OSError, ValueError):  # or it would fail again when we leave
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _settings(params_file: Path, period: str | None, raw: Path | None):
    """Read and check the settings; kernels learn the raw folder from EQUITY_RAW."""
    from equity import params

    if raw is not None:
        if not raw.is_dir():
            raise EquityError(f"--raw: {raw.name!r} is not a folder; check its name")
        os.environ["EQUITY_RAW"] = str(raw.resolve())
    settings = params.read(params_file)
    if period is None:
        return settings
    return params.check({**settings.model_dump(), "period": period}, name="--period")


class _Stopped(BaseException):
    """Somebody asked the run to stop, by a signal; typer leaves it alone."""


def main() -> None:
    """Run the command; whatever is refused is one line and a non-zero exit code."""
    _hear_requests_to_stop()
    try:
        code = app(standalone_mode=False)
    except EquityError as error:
        sys.exit(f"error: {error}")
    except (_Stopped, KeyboardInterrupt, typer.Abort) as stop:
        sys.stderr.write(f"stopped{_nothing_new('; ')}\n")
        sys.exit(128 + (stop.args[0] if stop.args else signal.SIGINT))
    except Exception as error:
        if os.environ.get("EQUITY_DEBUG"):
            raise
        _last_words(error)
    sys.exit(code or 0)


def _hear_requests_to_stop() -> None:
    """Stop in order when asked to, unless whoever started us wants that ignored."""

    def stop(number: int, frame: object) -> NoReturn:
        raise _Stopped(number)

    for name in ("SIGINT", "SIGTERM", "SIGHUP"):
        number = getattr(signal, name, None)
        if number is not None and signal.getsignal(number) != signal.SIG_IGN:
            signal.signal(number, stop)


def _nothing_new(before: str) -> str:
    """What a command that publishes says where it does not."""
    return f"{before}nothing new was published" if sys.argv[1:2] == ["run"] else ""


def _last_words(error: Exception) -> NoReturn:
    """Say in one line what nobody foresaw."""
    if hasattr(error, "format_message"):  # a wrong option or argument
        said = error.format_message().strip()
        if said:  # there is nothing to say where all help was shown
            sys.stderr.write(f"error: {said}\n")
        sys.exit(2)
    if isinstance(error, OSError) and error.errno is not None:
        sys.exit(
            f"error: a file could not be written or read ({error.strerror})"
            f"{_nothing_new('; ')}; is the disk full or a folder closed?"
        )
    if isinstance(error, MemoryError):
        sys.exit(f"error: there was not enough memory{_nothing_new('; ')}")
    kind = type(error).__name__
    sys.exit(
        f"error: unforeseen {kind}; set EQUITY_DEBUG=1 to see where, and report it"
    )
