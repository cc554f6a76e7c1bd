"""YAML read safely, and refused where two readers would read it differently.

papermill reads `06037` as 3103, `NO` as false and `12:30:45` as 45045 (YAML 1.1);
a person, and YAML 1.2, read text or other numbers. Such values, duplicate keys,
aliases and tags are errors that name the file and the line.
"""

import re
from pathlib import Path
from typing import Any

import yaml

from equity.errors import ParamsError

LARGEST = 1_000_000  # bytes; a settings file is never near this
DEEPEST = 20  # mappings and lists within each other
# What YAML 1.1 and 1.2 read alike, in 64 bits.
PLAIN_INT = re.compile(r"[-+]?(0|[1-9][0-9]{0,17})")
PLAIN_FLOAT = re.compile(r"[-+]?(0|[1-9][0-9]{0,17})\.[0-9]{1,18}([eE][-+][0-9]{1,2})?")
PLAIN_OTHER = {
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
    **dict.fromkeys(("null", "Null", "NULL", "~", ""), None),
}
# What one of them, or a reader of either, takes for a number or a truth value.
ELSEWHERE = re.compile(
    r"[-+]?(\.?[0-9]+|[0-9]+\.[0-9]*)(e[-+]?[0-9]+)?|0o[0-7]+|y|n", re.IGNORECASE
)


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
        _check_events(text, name)
        tree = yaml.compose(text, Loader=yaml.SafeLoader)
        found = _value(tree, name, key="") if tree is not None else {}
    except UnicodeDecodeError as error:
        raise ParamsError(f"{name} is not UTF-8 text; save it as UTF-8") from error
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = f", line {mark.line + 1}" if mark else ""
        problem = getattr(error, "problem", None) or "not readable"
        raise ParamsError(f"{name}{line}: not valid YAML: {problem}") from error
    if not isinstance(found, dict):
        raise ParamsError(f"{name} must hold 'key: value' lines")
    return found


def _check_events(text: str, name: str) -> None:
    """Stop at the first alias, tag or depth too deep, before anything is expanded."""
    depth = 0
    for event in yaml.parse(text, Loader=yaml.SafeLoader):
        where = f"{name}, line {event.start_mark.line + 1}"
        if isinstance(event, yaml.AliasEvent):
            raise ParamsError(f"{where}: aliases (*name) are not allowed")
        if getattr(event, "tag", None) is not None:
            raise ParamsError(f"{where}: the tag {event.tag} is not allowed")
        depth += isinstance(event, yaml.CollectionStartEvent)
        depth -= isinstance(event, yaml.CollectionEndEvent)
        if depth > DEEPEST:
            raise ParamsError(f"{where}: nested too deeply to be settings")


def _value(node: yaml.Node, name: str, key: str) -> Any:
    """Turn one node into a value; `key` is the path to it, for messages."""
    if isinstance(node, yaml.MappingNode):
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
        return [_value(item, name, key) for item in node.value]
    return _scalar(node, f"{name}, line {node.start_mark.line + 1}", key)


def _scalar(node: yaml.ScalarNode, where: str, key: str) -> Any:
    if node.style is not None:  # quoted or a block: always text
        return node.value
    text = node.value
    if PLAIN_INT.fullmatch(text):
        return int(text)
    if PLAIN_FLOAT.fullmatch(text):
        return float(text)
    if text in PLAIN_OTHER:
        return PLAIN_OTHER[text]
    if node.tag == "tag:yaml.org,2002:str" and not ELSEWHERE.fullmatch(text):
        return text
    raise ParamsError(
        f"{where}: {key}: {text[:60]} is read differently by different programs; "
        "write it in quotes if it is text"
    )
