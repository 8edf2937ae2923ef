"""Why YAML refuses a line of ordinary French, and the same line as it was meant.

The parser's own words (« mapping values are not allowed in this context ») help nobody. What
the author did is read off the line itself; the parser only says where to look.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass

import yaml

from gateway.menu.codes import Code

_DOUBLE = r'"(?:[^"\\]|\\.)*"'
_SINGLE = r"'(?:[^']|'')*'"
_BARE = r"""(?:[^\s'"\[\]{}#&*!|>%@`,:-]|-(?=\S))(?:[^:#]|:(?!\s|$))*?"""
_KEY = f"(?:{_DOUBLE}|{_SINGLE}|{_BARE})"
_LINE = re.compile(rf"^(?P<head>[ ]*(?:-[ ]+)*(?:{_KEY}[ ]*:(?:[ ]+|$))?)(?P<value>.*?)[ \t\r]*$")
_COLON = re.compile(r":(?=\s|$)")
_HEADER = re.compile(r"[>|][+-]?[1-9]?[+-]?(?:[ \t]+#.*)?")
_CLOSES = {"{": "}", "[": "]"}

QUOTE_IT = 'put the text into quotes "…"'

_FIRST: dict[str, tuple[Code, str]] = {
    "*": (Code.YAML_ALIAS, "a text can't begin with « * » unless it is quoted"),
    "&": (Code.YAML_ANCHOR, "a text can't begin with « & » unless it is quoted"),
    "!": (Code.YAML_TAG, "a text can't begin with « ! » unless it is quoted"),
    "@": (Code.YAML_RESERVED, "a text can't begin with « @ » unless it is quoted"),
    "%": (Code.YAML_RESERVED, "a text can't begin with « % » unless it is quoted"),
    "`": (Code.YAML_RESERVED, "a text can't begin with a backtick unless it is quoted"),
    ">": (Code.YAML_BLOCK, "a text can't begin with « > » unless it is quoted"),
    "|": (Code.YAML_BLOCK, "a text can't begin with « | » unless it is quoted"),
}


@dataclass(frozen=True, slots=True)
class Mended:
    """What is wrong at a place (counted from 1), and the line that says what was meant."""

    line: int
    column: int
    code: Code
    message: str
    hint: str
    replacement: str | None = None  # None: nobody can tell
    quoted: int = 0  # column of the quote that was added


def explain(error: yaml.MarkedYAMLError, text: str) -> Mended:
    """The trap behind a parser's error, looked for where it stumbled and where it began."""
    lines = text.splitlines()
    colonless = _colonless(error, lines)
    if colonless is not None:
        return colonless
    marks = [mark for mark in (error.problem_mark, error.context_mark) if mark is not None]
    for mark in marks:
        if mark.line < len(lines):
            mended = _trap(lines[mark.line], mark.line + 1)
            if mended is not None:
                return mended
    problem = error.problem or "not YAML"
    line, column = (marks[0].line + 1, marks[0].column + 1) if marks else (1, 1)
    if "block" in (error.context or "") or "mapping values" in problem:
        if line <= len(lines):
            column = len(lines[line - 1]) - len(lines[line - 1].lstrip()) + 1
        return Mended(
            line,
            column,
            Code.YAML_SYNTAX,
            "this line fits none of those above",
            "look at its indentation; a text that goes on over several lines is quoted, "
            "or stands below a « | »",
        )
    if "flow" in (error.context or ""):
        if error.context_mark is not None:
            line, column = error.context_mark.line + 1, error.context_mark.column + 1
        return Mended(
            line,
            column,
            Code.YAML_SYNTAX,
            "what begins here is not read to its end",
            "between braces or brackets « , » separates, and each is closed",
        )
    return Mended(
        line,
        column,
        Code.YAML_SYNTAX,
        "nobody can tell what this line means here",
        "compare it with the lines around it: indentation, « : », quotes",
    )


_COLONLESS = re.compile(r"^(?P<head>[ ]*(?:-[ ]+)*)(?P<key>[a-z_]+)(?P<rest>:?\S.*|[ ]+[^ ].*|)$")


def _colonless(error: yaml.MarkedYAMLError, lines: list[str]) -> Mended | None:
    """A key without its « : » is noticed only below, where something follows that it can't hold."""
    problem = error.problem or ""
    if error.problem_mark is None:
        return None
    if "could not find expected ':'" in problem and error.context_mark is not None:
        return _without_colon(lines, error.context_mark.line)
    misfit = ("mapping values", "block sequence entries", "did not find expected <document start>")
    if not problem.startswith(misfit):
        return None
    above = error.problem_mark.line - 1
    while above >= 0 and (not lines[above].strip() or lines[above].lstrip().startswith("#")):
        above -= 1
    here = lines[error.problem_mark.line] if error.problem_mark.line < len(lines) else ""
    if above < 0 or _trap(here, 1) is not None:
        return None
    return _without_colon(lines, above)


def _without_colon(lines: list[str], index: int) -> Mended | None:
    line = lines[index].rstrip()
    found = _COLONLESS.match(line)
    if found is None or _COLON.search(line) is not None:
        return None
    head, key, rest = found["head"], found["key"], found["rest"]
    if rest and not rest.startswith((":", " ")):
        return None
    value = rest.removeprefix(":").strip()
    after = " " if rest.startswith(":") else ": "
    what = "a space" if rest.startswith(":") else "« : »"
    return Mended(
        index + 1,
        len(head) + len(key) + (2 if rest.startswith(":") else 1),
        Code.YAML_SYNTAX,
        f"{what} is missing after « {key}{':' if rest.startswith(':') else ''} »",
        f"write {key}: {value or '…'}",
        f"{head}{key}: {value}".rstrip(),
        len(line) + 1 + len(after) if not value else len(head) + len(key) + 2,
    )


def _trap(line: str, number: int) -> Mended | None:
    parts = _LINE.match(line)
    if parts is None or not parts["value"]:
        return None
    head, value = parts["head"], parts["value"]
    column = len(head) + 1
    first = value[0]
    if first in ">|" and _HEADER.fullmatch(value):
        return None
    if first in _FIRST:
        code, message = _FIRST[first]
        return Mended(number, column, code, message, QUOTE_IT, _quoted(head, value), column)
    if first in _CLOSES:
        return _bracketed(head, value, number)
    if first in "\"'":
        return _half_quoted(head, value, number)
    if first in "-?" and value[1:2] in ("", " "):
        message = f"a text can't begin with « {first} » and a space unless it is quoted"
        return Mended(
            number, column, Code.YAML_DASH, message, QUOTE_IT, _quoted(head, value), column
        )
    if value == "env:":
        message = "the name of a variable is missing after « env: »"
        return Mended(
            number,
            column + len(value),
            Code.EMPTY_VALUE,
            message,
            "write env:NAME, without a space",
            _quoted(head, value),
            column,
        )
    colon = _COLON.search(value)
    if colon is None or not head.rstrip().endswith((":", "-")):
        return None
    where = "at the end of" if colon.end() == len(value) else "and a space in"
    return Mended(
        number,
        column + colon.start(),
        Code.YAML_COLON,
        f"« : » {where} a text cuts it in two",
        QUOTE_IT,
        _quoted(head, value),
        column,
    )


def _bracketed(head: str, value: str, number: int) -> Mended | None:
    first = value[0]
    code = Code.YAML_BRACE if first == "{" else Code.YAML_BRACKET
    depth = 0
    for position, character in enumerate(value):
        depth += (character == first) - (character == _CLOSES[first])
        if depth == 0:
            rest = value[position + 1 :].lstrip()
            if not rest or rest.startswith("#"):
                return None  # a real map or list, with a fault of another kind
            message = f"a text can't begin with « {first} » unless it is quoted"
            column = len(head) + 1
            return Mended(number, column, code, message, QUOTE_IT, _quoted(head, value), column)
    message = f"« {first} » is not closed"
    hint = f"close it with « {_CLOSES[first]} »; if it belongs to a text, {QUOTE_IT}"
    return Mended(number, len(head) + 1, code, message, hint)


def _half_quoted(head: str, value: str, number: int) -> Mended | None:
    quote = value[0]
    whole = re.match(_DOUBLE if quote == '"' else _SINGLE, value)
    column = len(head) + 1
    if whole is None:
        message = f"the quote {quote} is not closed"
    else:
        rest = value[whole.end() :]
        if not rest.strip() or rest.lstrip().startswith("#"):
            return _escape(value, column, number, head) if quote == '"' else None
        message = f"the text goes on after the quote {quote} that closes it"
    hint = "put the whole text into quotes of the other kind: '\"…\" …' or \"'…' …\""
    return Mended(number, column, Code.YAML_QUOTE, message, hint, _quoted(head, value), column)


def _escape(value: str, column: int, number: int, head: str) -> Mended | None:
    strange = [
        found.start()
        for found in re.finditer(r"\\(.)", value)
        if found[1] not in '0abt\tnvfre "/\\N_LPxuU'
    ]
    if not strange:
        return None
    place = column + strange[0]
    for position in reversed(strange):
        value = f"{value[:position]}\\{value[position:]}"
    return Mended(
        number,
        place,
        Code.YAML_QUOTE,
        f"« {value[strange[0] + 1 : strange[0] + 3]} » means nothing between double quotes",
        "use single quotes '…', or write the backslash twice",
        f"{head}{value}",
        place,
    )


def _quoted(head: str, value: str) -> str:
    """The line with its value, or the key that it begins with, between double quotes."""
    colon = _COLON.search(value)
    if colon is not None and value[0] == "*" and not head.rstrip().endswith(":"):
        key = json.dumps(value[: colon.start()].rstrip(), ensure_ascii=False)
        return f"{head}{key}{value[colon.start() :]}"
    return f"{head}{json.dumps(value, ensure_ascii=False)}"
