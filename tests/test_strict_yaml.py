"""Settings files that two programs would read differently, or that are attacks."""

import time

import pytest

from equity import strict_yaml
from equity.errors import ParamsError


@pytest.fixture
def given(tmp_path):
    """Read a text, or bytes, as a settings file."""

    def read(content):
        path = tmp_path / "x.yaml"
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return strict_yaml.read(path)

    return read


def one_line_naming(error, *facts):
    text = str(error.value)
    assert "\n" not in text
    for fact in facts:
        assert fact in text, text


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("06037x", "06037x"),
        ("'06037'", "06037"),
        ('"NO"', "NO"),
        ("|\n  12", "12"),
        ("12", 12),
        ("-3", -3),
        ("0", 0),
        ("0.95", 0.95),
        ("1.0e+9", 1e9),  # YAML 1.1, chapter 10 of 1.2: both read a float
        ("true", True),
        ("False", False),
        ("null", None),
        ("~", None),
        ("", None),
        ("2025Q4", "2025Q4"),
        ("&name 7", 7),
    ],
)
def test_values_that_all_read_alike(given, text, value):
    found = given(f"key: {text}")["key"]
    assert found == value
    assert type(found) is type(value)


@pytest.mark.parametrize(
    "text",
    [
        "06037",  # octal in YAML 1.1: 3103
        "0o17",  # octal in YAML 1.2: 15
        "08",
        "0x1F",
        "0b1",
        "NO",  # false in YAML 1.1
        "yes",
        "on",
        "y",  # true by YAML 1.1's letter, text to PyYAML
        "12:30:45",  # base 60 in YAML 1.1: 45045
        "1e-2",  # text in YAML 1.1, a number in 1.2
        "1_000",
        "1.",
        ".5",
        ".inf",
        ".nan",
        "2024-01-01",  # a date in YAML 1.1
        "2024-01-01 10:00:00",
        "9" * 5000,  # Python itself refuses to read it
    ],
)
def test_values_that_two_readers_take_differently_are_refused(given, text):
    with pytest.raises(ParamsError) as error:
        given(f"city: sample\ncounty: {text}\n")
    one_line_naming(error, "x.yaml, line 2", "county", "quotes")
    assert len(str(error.value)) < 250


def test_keys_are_text_whatever_they_look_like(given):
    assert given("NO: 1\n06037: 2\n") == {"NO": 1, "06037": 2}


@pytest.mark.parametrize(
    ("text", "facts"),
    [
        ("a: &x 1\nb: *x", ["line 2", "aliases"]),
        ("a: !!python/object/apply:os.system [ls]", ["line 1", "tag", "os.system"]),
        ("!!python/name:os.system a: 1", ["line 1", "tag"]),
        ("a: !!str 1", ["line 1", "tag"]),
        ("a: !own 1", ["line 1", "tag"]),
        ("a: 1\nb: 2\na: 3", ["line 3", "a is given twice"]),
        ("a:\n  b: 1\n  b: 2", ["line 3", "b is given twice"]),
        ("? [1, 2]\n: 3", ["line 1", "key must be text"]),
        ("a: 1\n\tb: 2", ["line 2", "not valid YAML"]),
        ("a: [1", ["not valid YAML"]),
        ("a: 1\n---\nb: 2", ["line 2", "not valid YAML"]),
        ("a: \x07", ["not valid YAML"]),
        ("- 1\n- 2", ["key: value"]),
        ("words", ["key: value"]),
        (b"a: caf\xe9", ["UTF-8"]),
        ("a: 1".encode("utf-16"), ["UTF-8"]),
        ("a: " + "[" * 21 + "]" * 21, ["line 1", "nested too deeply"]),
        ("a: 1 #" + " " * 1_000_000, ["1 MB"]),
    ],
)
def test_what_is_broken_or_unsafe_is_refused_in_one_line(given, text, facts):
    with pytest.raises(ParamsError) as error:
        given(text)
    one_line_naming(error, "x.yaml", *facts)


def test_a_missing_file_and_a_folder_are_refused(tmp_path):
    for path in (tmp_path / "x.yaml", tmp_path):
        with pytest.raises(ParamsError, match="does not exist"):
            strict_yaml.read(path)


def test_an_empty_file_and_a_byte_order_mark_are_fine(given):
    assert given("") == {}
    assert given("# words only\n") == {}
    assert given(b"\xef\xbb\xbfa: 1") == {"a": 1}


def test_a_bomb_of_aliases_or_of_brackets_costs_no_time(given):
    levels = ["a0: &a0 [x, x]"]
    levels += [f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 9)}]" for i in range(1, 10)]
    started = time.monotonic()
    for text in ("\n".join(levels), "a: " + "[" * 100_000, "a: " + "{b: " * 50_000):
        with pytest.raises(ParamsError):
            given(text)
    assert time.monotonic() - started < 2
