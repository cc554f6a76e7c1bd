"""The command: each mistake is one line that says what to do, and exits non-zero."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from equity import cli
from tests.small_release import publish_in


@pytest.fixture
def project(tmp_path, root):
    """A copy of what a user has, without outputs."""
    for folder in ("params", "notebooks"):
        shutil.copytree(root / folder, tmp_path / folder)
    shutil.copytree(root / "data" / "raw", tmp_path / "data" / "raw")
    return tmp_path


def equity(project, *arguments, **environment):
    return subprocess.run(
        [sys.executable, "-m", "equity", *arguments],
        cwd=project,
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, **environment},
    )


def change(path, old, new):
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


@pytest.fixture
def refused(project, monkeypatch, capsys):
    """Run a command that must be refused; return the one line it says."""

    def run(*arguments, folder=project):
        monkeypatch.chdir(folder)
        monkeypatch.setattr(sys, "argv", ["equity", *arguments])
        monkeypatch.setenv("EQUITY_RAW", "")
        with pytest.raises(SystemExit) as leaving:
            cli.main()
        said = leaving.value.code
        if isinstance(said, int):  # an option or argument that does not exist
            assert said == 2
            said = capsys.readouterr().err.strip()
        assert said.startswith("error: ")
        assert "\n" not in said
        return said

    return run


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("min_cell: 10", "min_cel: 10", "unknown key 'min_cel'"),
        ("min_cell: 10", "min_cell: ten", "a whole number from 5 to 30"),
        ("min_cell: 10", "min_cell: 1", "a whole number from 5 to 30"),
        ('period: "2025Q4"', "period: 2025", "such as '2025Q4'"),
        ("reference: White", "reference: Wite", "'Wite' is not a group"),
        ("city: sample", "city: ../../evil", "city"),
        ("city: sample", "city: nowhere", "equity new nowhere"),
        ("seed: 1", "seed: 1\nseed: 2", "seed is given twice"),
        ("target_days: 14", "target_days: 014", "in quotes"),
    ],
)
def test_a_wrong_setting_is_one_line(project, refused, old, new, said):
    change(project / "params" / "sample.yaml", old, new)
    line = refused("run", "params/sample.yaml")
    assert said in line
    assert not (project / "reports").exists()


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("sample/population.csv", "sample/people.csv", "sample/people.csv does not"),
        ("      White: White\n", "", "'White' ("),
        ("      Cancelled: cancelled\n", "", "'Cancelled' ("),
        ("status: Status", "status: State", "columns ['State'] are missing"),
        ("confirmed: true", "confirmed: false", "not confirmed"),
    ],
)
def test_a_wrong_source_is_one_line(project, refused, old, new, said):
    change(project / "data" / "raw" / "sample" / "sources.yaml", old, new)
    line = refused("run", "params/sample.yaml")
    assert said in line
    assert not (project / "reports").exists()


def test_a_missing_params_file_is_one_line(refused):
    assert "does not exist" in refused("run", "params/none.yaml")


def test_a_wrong_option_is_one_line(refused):
    assert "--perod" in refused("run", "params/sample.yaml", "--perod", "2025Q4")


def test_a_wrong_period_is_one_line(refused):
    assert "--period" in refused("run", "params/sample.yaml", "--period", "2025")


def test_raw_must_be_a_folder(refused):
    assert "--raw" in refused("check", "params/sample.yaml", "--raw", "nowhere")


def test_without_a_command_there_is_help_and_no_error(monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["equity"])
    with pytest.raises(SystemExit) as leaving:
        cli.main()
    assert leaving.value.code == 2
    said = capsys.readouterr()
    assert "verify" in said.out + said.err
    assert "error" not in said.out + said.err


@pytest.mark.parametrize("command", ["run", "check", "verify"])
@pytest.mark.parametrize(
    "stop",
    [cli._Stopped(15), OSError(28, "No space left on device"), MemoryError()],
    ids=["stopped", "full disk", "no memory"],
)
def test_only_a_run_says_that_nothing_was_published(monkeypatch, capsys, command, stop):
    def stopped(**options):
        raise stop

    monkeypatch.setattr(cli, "app", stopped)
    monkeypatch.setattr(sys, "argv", ["equity", command, "x"])
    with pytest.raises(SystemExit) as leaving:
        cli.main()
    said = f"{leaving.value.code}{capsys.readouterr().err}"
    assert ("nothing new was published" in said) == (command == "run")
    assert "publish" not in said or command == "run"


def test_a_later_release_that_speaks_of_an_earlier_one_is_named(tmp_path, capsys):
    publish_in(tmp_path, period="2026Q2")
    index = publish_in(tmp_path, period="2026Q1") / "index.html"
    cli._say_at_last(index, Path("params/sample.yaml"))
    assert capsys.readouterr().out.endswith(
        "The report of 2026Q2 compares itself with an earlier one that is another now. "
        "Make it again: equity run params/sample.yaml --period 2026Q2\n"
    )


def test_as_a_process_it_prints_one_line_and_leaves_with_an_error(project):
    done = equity(project, "run", "params/none.yaml")
    assert done.returncode == 1
    assert done.stdout == ""
    assert done.stderr.startswith("error: none.yaml does not exist")
    assert done.stderr.count("\n") == 1


def test_outside_a_project_the_error_says_where_to_go(refused, tmp_path_factory):
    tmp_path = tmp_path_factory.mktemp("outside")
    (tmp_path / "p.yaml").write_text(
        'city: sample\ncity_name: A\nperiod: "2025Q4"\n', encoding="utf-8"
    )
    line = refused("run", "p.yaml", folder=tmp_path)
    assert "not inside an equity project" in line


def test_check_says_what_can_be_used(project):
    done = equity(project, "check", "params/sample.yaml")
    assert done.returncode == 0, done.stderr
    assert "service_requests.csv: 24,449 rows read" in done.stdout


def test_raw_folder_elsewhere_is_used(project, tmp_path):
    elsewhere = tmp_path / "elsewhere"
    (project / "data" / "raw" / "sample").rename(elsewhere)
    (tmp_path / "other").mkdir()
    elsewhere.rename(tmp_path / "other" / "sample")
    done = equity(project, "check", "params/sample.yaml", "--raw", "other")
    assert done.returncode == 0, done.stderr


@pytest.mark.slow
def test_the_sample_city_from_settings_to_pages(project):
    done = equity(project, "run", "params/sample.yaml")
    assert done.returncode == 0, done.stderr
    release = project / "reports" / "sample" / "2025Q4"
    assert str(release.relative_to(project) / "index.html") in done.stdout
    assert len(list(release.glob("*.html"))) == 5
    verified = equity(project, "verify", str(release))
    assert verified.returncode == 0, verified.stderr
    (release / "index.html").write_text("changed", encoding="utf-8")
    assert equity(project, "verify", str(release)).returncode != 0
