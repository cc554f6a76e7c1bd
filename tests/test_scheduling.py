"""The recipes of docs/scheduling.md: they parse, name what there is, and run."""

import configparser
import json
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

PLACE = "/srv/equity"


@pytest.fixture
def recipes(root) -> Path:
    return root / "docs" / "scheduling"


@pytest.fixture
def clone(recipes, tmp_path) -> Path:
    """A folder that looks like a clone; its `equity` says how it was called."""
    shutil.copytree(recipes, tmp_path / "docs" / "scheduling")
    command = tmp_path / ".venv" / "bin" / "equity"
    command.parent.mkdir(parents=True)
    command.write_text(
        '#!/bin/sh\necho "equity $*"\npwd\nenv | cut -d= -f1 | sort | tr "\\n" " "\n'
        'echo "error: why" >&2\nexit "${CODE:-0}"\n'
    )
    command.chmod(0o755)
    return tmp_path


def cron_line(recipes: Path) -> str:
    lines = (recipes / "crontab").read_text().splitlines()
    (line,) = [line for line in lines if re.match(r"[0-9*]", line)]
    return line


def settings_of(recipes: Path) -> dict[str, str]:
    lines = (recipes / "crontab").read_text().splitlines()
    return dict(line.split("=", 1) for line in lines if re.match(r"[A-Z_]+=", line))


def unit(recipes: Path, name: str) -> configparser.ConfigParser:
    read = configparser.ConfigParser(interpolation=None)
    read.optionxform = str
    read.read_string((recipes / name).read_text())
    return read


def shell(
    command: str, folder: Path, **environment: str
) -> subprocess.CompletedProcess:
    """Run a line as cron does: the shell, and next to no environment."""
    few = {"HOME": str(folder), "LOGNAME": "equity", "PATH": "/usr/bin:/bin"}
    return subprocess.run(
        ["/bin/sh", "-c", command.replace(PLACE, str(folder))],
        env=few | environment,
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )


# --- the script ---------------------------------------------------------------


@pytest.mark.parametrize(
    ("today", "quarter"),
    [
        *((f"2026 {month:02}", "2025Q4") for month in (1, 2, 3)),
        *((f"2026 {month:02}", "2026Q1") for month in (4, 5, 6)),
        *((f"2026 {month:02}", "2026Q2") for month in (7, 8, 9)),
        *((f"2026 {month:02}", "2026Q3") for month in (10, 11, 12)),
    ],
)
def test_the_last_whole_quarter(clone, today, quarter):
    year, month = today.split()
    date = clone / "bin" / "date"
    date.parent.mkdir()
    date.write_text(
        f'#!/bin/sh\ncase "$1" in +%Y) echo {year};; +%m) echo {month};; esac\n'
    )
    date.chmod(0o755)
    ran = shell(
        "sh docs/scheduling/quarterly.sh params/sample.yaml --out there",
        clone,
        PATH=f"{date.parent}:/usr/bin:/bin",
    )
    called, folder = ran.stdout.splitlines()[:2]
    assert called == f"equity run params/sample.yaml --period {quarter} --out there"
    assert Path(folder) == clone.resolve()


def test_another_quarter_and_an_empty_one(clone):
    line = "sh docs/scheduling/quarterly.sh params/sample.yaml"
    assert "--period 2024Q2\n" in shell(line, clone, PERIOD="2024Q2").stdout
    assert re.search(r"--period 20\d\dQ[1-4]\n", shell(line, clone, PERIOD="").stdout)


def test_it_says_what_it_needs_and_passes_the_exit_code_on(clone):
    ran = shell("sh docs/scheduling/quarterly.sh", clone)
    assert ran.returncode != 0
    assert "name a params file" in ran.stderr
    line = "sh docs/scheduling/quarterly.sh params/sample.yaml"
    assert shell(line, clone, CODE="3").returncode == 3


# --- cron ---------------------------------------------------------------------


def test_the_cron_line_has_a_time_and_no_bare_percent(recipes):
    minute, hour, day, month, weekday, command = cron_line(recipes).split(None, 5)
    assert (month, weekday) == ("1,4,7,10", "*")
    assert 0 <= int(minute) < 60
    assert 0 <= int(hour) < 24
    assert 1 < int(day) < 28
    assert "%" not in command  # it would be a line break
    assert set(settings_of(recipes)) == {"SHELL", "PATH", "MAILTO"}


def test_cron_is_silent_after_success_and_tells_all_after_failure(recipes, clone):
    command = cron_line(recipes).split(None, 5)[5]
    ran = shell(command, clone, PATH=settings_of(recipes)["PATH"])
    assert (ran.returncode, ran.stdout, ran.stderr) == (0, "", "")
    ran = shell(command, clone, CODE="1")
    assert "error: why" in ran.stdout
    assert ran.stdout.endswith("exit code 1: nothing new was published\n")


@pytest.mark.slow
def test_the_cron_line_runs_with_an_empty_environment(root, recipes, tmp_path):
    """The real command, in a clone whose parts are links, up to a published report."""
    for name in ("params", "notebooks", ".venv", "docs", "uv.lock", "pyproject.toml"):
        (tmp_path / name).symlink_to(root / name)
    (tmp_path / "data" / "processed").mkdir(parents=True)
    (tmp_path / "data" / "raw").symlink_to(root / "data" / "raw")
    if not (root / ".venv" / "bin" / "equity").exists():
        pytest.skip("the project's own environment, .venv, is absent")
    command = cron_line(recipes).split(None, 5)[5]
    command = command.replace("sh docs/", f"sh {tmp_path}/docs/")
    ran = shell(command, tmp_path, PERIOD="2025Q4", PATH=settings_of(recipes)["PATH"])
    log = (tmp_path / "last-run.log").read_text()
    assert (ran.returncode, ran.stdout, ran.stderr) == (0, "", ""), log[-2000:]
    assert (tmp_path / "reports" / "sample" / "2025Q4" / "index.html").is_file()


# --- systemd ------------------------------------------------------------------


def test_the_units_fit_together(recipes, clone):
    service = unit(recipes, "equity-report.service")
    timer = unit(recipes, "equity-report.timer")
    failed = service["Unit"]["OnFailure"]
    assert (recipes / failed).is_file()
    assert (
        "--unit=equity-report.service " in unit(recipes, failed)["Service"]["ExecStart"]
    )
    assert timer["Timer"]["Persistent"] == "true"
    assert service["Service"]["Type"] == "oneshot"
    assert service["Service"]["WorkingDirectory"] == PLACE
    shell_path, script, params = service["Service"]["ExecStart"].split()
    assert (clone / script).is_file()
    given = dict(x.split("=") for x in service["Service"]["Environment"].split())
    ran = shell(f"cd {PLACE} && {shell_path} {script} {params}", clone, **given)
    assert ran.returncode == 0
    assert ran.stdout.startswith("equity run params/sample.yaml --period ")


def test_systemd_accepts_the_units(recipes, tmp_path):
    if shutil.which("systemd-analyze") is None:
        pytest.skip("systemd-analyze is absent")
    units = [shutil.copy(file, tmp_path) for file in recipes.glob("equity-report*")]
    ran = subprocess.run(
        ["systemd-analyze", "verify", *units],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert ran.returncode == 0, ran.stderr
    when = unit(recipes, "equity-report.timer")["Timer"]["OnCalendar"]
    ran = subprocess.run(
        ["systemd-analyze", "calendar", "--iterations=4", when],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
        env={**os.environ, "TZ": "America/Chicago", "LC_ALL": "C"},
    )
    assert ran.returncode == 0, ran.stderr
    assert sorted(re.findall(r"20\d\d-(\d\d)-05 06:15:00 C", ran.stdout)) == [
        *("01", "04", "07", "10")
    ]


# --- GitHub Actions -----------------------------------------------------------


def test_the_workflow_runs_commands_that_exist(root, recipes, clone):
    work = yaml.safe_load((recipes / "github-actions.yml").read_text())
    starts = work[True]  # YAML 1.1 takes the key `on` for a truth value
    assert starts["schedule"][0]["cron"].split()[2:] == ["5", "1,4,7,10", "*"]
    assert work["concurrency"]["cancel-in-progress"] is False
    job = work["jobs"]["report"]
    assert "self-hosted" in job["runs-on"]
    assert job["env"]["PERIOD"] == "${{ inputs.period }}"
    commands = [step["run"] for step in job["steps"] if "run" in step]
    setup, make, verify = commands
    target = setup.split()[1]
    assert f"READY := $(VENV)/{Path(target).name}" in (root / "Makefile").read_text()
    given = {"CITY": "sample", "OUT": str(clone / "out"), "PERIOD": ""}
    ran = shell(make, clone, **given)
    assert ran.stdout.startswith("equity run params/sample.yaml --period 2")
    assert f"--out {clone / 'out'}" in ran.stdout
    for period in ("2025Q4", "2026Q1"):
        (clone / "out" / "sample" / period).mkdir(parents=True)
    ran = shell(f"set -e; {verify}", clone, **given)
    assert ran.stdout.count("equity verify") == 2
    assert shell(f"set -e; {verify}", clone, **given, CODE="1").returncode == 1
    for step in job["steps"]:  # nothing typed by somebody becomes part of a command
        assert "${{" not in step.get("run", "")


# --- Airflow ------------------------------------------------------------------


def test_the_dags_say_what_they_run(root, recipes, clone):
    for name in ("airflow_report.py", "airflow_notebook.py"):
        compile((recipes / name).read_text(), name, "exec")
    report = (recipes / "airflow_report.py").read_text()
    command = re.search(r'bash_command="exec ([^"]+)"', report).group(1)
    assert "{{" not in command
    assert shell(command, clone).stdout.startswith("equity run params/sample.yaml")
    notebook = (recipes / "airflow_notebook.py").read_text()
    (book,) = re.findall(r"notebooks/\w+\.ipynb", notebook)
    assert (root / book).is_file()


def test_the_kernel_starts_in_the_projects_folder(recipes):
    kernel = json.loads((recipes / "kernel.json").read_text())
    notebook = (recipes / "airflow_notebook.py").read_text()
    assert 'kernel_name="equity"' in notebook
    assert kernel["argv"][2].startswith(
        f"cd {PLACE} && exec .venv/bin/python -m ipykernel"
    )
    assert kernel["argv"][-1] == "{connection_file}"


# --- the text -----------------------------------------------------------------


def test_the_document_cites_every_file_and_the_line_as_it_is(root, recipes):
    text = (root / "docs" / "scheduling.md").read_text()
    cited = set(re.findall(r"\(scheduling/([\w.-]+)\)", text))
    assert cited == {file.name for file in recipes.iterdir() if file.is_file()}
    assert cron_line(recipes) in text


def test_commands_and_options_exist(root):
    from typer.testing import CliRunner

    from equity.cli import app

    shown = CliRunner().invoke(app, ["run", "--help"], env={"COLUMNS": "200"}).output
    for option in ("--period", "--out", "--cell-seconds"):
        assert option in shown
    assert CliRunner().invoke(app, ["verify", "--help"]).exit_code == 0
