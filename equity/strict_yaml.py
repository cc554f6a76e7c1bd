"""YAML read safely, and refused where two readers would read it differently.

papermill reads `06037` as 3103, `NO` as false and `12:30:45` as 45045 (YAML 1.1);
a person, and YAML 1.2, read text or other numbers. Such values, duplicate keys,
aliases and tags are errors that name the file, the line and the key.
"""

import re
from pathlib import Path
from typing import Any

import yaml

from equity.errors import ParamsError

LARGEST = 1_000_000  # bytes; a settings file is never near this
PLAIN_INT = re.compile(r"[-+]?(0|[1-9][0-9]*)")
PLAIN_FLOAT = re.compile(r"[-+]?(0|[1-9][0-9]*)\.[0-9]+")
PLAIN_OTHER = re.compile(r"true|false|null|~?")


def read(path: Path) -> dict[str, Any]:
    """Read one mapping from a YAML file.

    Parameters
    ----------
    path
        A UTF-8 file of at most 1 MB.

    Returns
    -------
    dict
        Scalars are str, int, float, bool or None.

    Raises
    ------
    ParamsError
        For a missing, broken, ambiguous or unsafe file, with the line to mend.

    Examples
    --------
    >>> import tempfile
    >>> folder = Path(tempfile.mkdtemp())
    >>> _ = (folder / "a.yaml").write_text("city: sample\\nfips: 06037\\n")
    >>> read(folder / "a.yaml")
    Traceback (most recent call last):
    equity.errors.ParamsError: a.yaml, line 2: fips: 06037 is read differently by
    different programs; write it in quotes if it is text
    """
    name = path.name
    if not path.is_file():
        raise ParamsError(f"{path.name} does not exist; check the name and the folder")
    if path.stat().st_size > LARGEST:
        raise ParamsError(f"{name} is larger than 1 MB; is it a settings file?")
    try:
        text = path.read_text(encoding="utf-8-sig")
        _refuse_aliases(text, name)
        tree = yaml.compose(text, Loader=yaml.SafeLoader)
        found = _value(tree, name, key="") if tree is not None else {}
    except UnicodeDecodeError as error:
        raise ParamsError(f"{name} is not UTF-8 text; save it as UTF-8") from error
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = f", line {mark.line + 1}" if mark else ""
        problem = getattr(error, "problem", None) or "not readable"
        raise ParamsError(f"{name}{line}: not valid YAML: {problem}") from error
    except RecursionError as error:
        raise ParamsError(f"{name} is nested too deeply to be settings") from error
    if not isinstance(found, dict):
        raise ParamsError(f"{name} must hold 'key: value' lines")
    return found


def _refuse_aliases(text: str, name: str) -> None:
    """Stop at the first alias, before anything is expanded."""
    for event in yaml.parse(text, Loader=yaml.SafeLoader):
        if isinstance(event, yaml.AliasEvent):
            line = event.start_mark.line + 1
            raise ParamsError(f"{name}, line {line}: aliases (*name) are not allowed")


def _value(node: yaml.Node, name: str, key: str) -> Any:
    """Turn one node into a value; `key` is the path to it, for messages."""
    where = f"{name}, line {node.start_mark.line + 1}"
    if isinstance(node, yaml.MappingNode):
        _check_tag(node, where, key, "tag:yaml.org,2002:map")
        mapping: dict[str, Any] = {}
        for key_node, value_node in node.value:
            line = f"{name}, line {key_node.start_mark.line + 1}"
            if not isinstance(key_node, yaml.ScalarNode):
                raise ParamsError(f"{line}: a key must be text")
            own = key_node.value  # a key is text, whatever it looks like
            if own in mapping:
                raise ParamsError(f"{line}: {own} is given twice")
            mapping[own] = _value(value_node, name, f"{key}.{own}".lstrip("."))
        return mapping
    if isinstance(node, yaml.SequenceNode):
        _check_tag(node, where, key, "tag:yaml.org,2002:seq")
        return [_value(item, name, key) for item in node.value]
    return _scalar(node, where, key)


def _scalar(node: yaml.ScalarNode, where: str, key: str) -> Any:
    if node.style is not None:  # quoted or a block: always text
        _check_tag(node, where, key, "tag:yaml.org,2002:str")
        return node.value
    text = node.value
    if PLAIN_INT.fullmatch(text):
        return int(text)
    if PLAIN_FLOAT.fullmatch(text):
        return float(text)
    if PLAIN_OTHER.fullmatch(text):
        return {"true": True, "false": False}.get(text)
    if node.tag == "tag:yaml.org,2002:str" and not _number_elsewhere(text):
        return text
    if not node.tag.startswith("tag:yaml.org,2002:") or "python" in node.tag:
        raise ParamsError(f"{where}: {key}: the tag {node.tag} is not allowed")
    raise ParamsError(
        f"{where}: {key}: {text} is read differently by different programs; "
        "write it in quotes if it is text"
    )


def _number_elsewhere(text: str) -> bool:
    """Tell whether another YAML reader would take this text for a number."""
    return (
        re.fullmatch(r"[-+]?(\.?[0-9]+|[0-9]+\.[0-9]*)(e[-+]?[0-9]+)?", text, re.I)
        is not None
    )


def _check_tag(node: yaml.Node, where: str, key: str, expected: str) -> None:
    if node.tag != expected:
        raise ParamsError(f"{where}: {key}: the tag {node.tag} is not allowed")
