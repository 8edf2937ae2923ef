"""The codes of what loading finds wrong. They are stable: programs and people look them up.

The words of a finding may change; the sentence here explains the code, in `docs/menu-language.md`
too. The rules of `gateway check` add their own codes, one a file.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum


class Code(StrEnum):
    # files
    FILE_MISSING = "file-missing"
    FILE_UNREADABLE = "file-unreadable"
    FILE_ENCODING = "file-encoding"
    FILE_TOO_LARGE = "file-too-large"
    FILE_EMPTY = "file-empty"
    FILE_NAME = "file-name"
    BAD_CHARACTER = "bad-character"
    BAD_TABLE = "bad-table"
    BAD_CATALOGUE = "bad-catalogue"
    # YAML, as French trips over it
    YAML_COLON = "yaml-colon"
    YAML_COMMENT = "yaml-comment"
    YAML_ALIAS = "yaml-alias"
    YAML_ANCHOR = "yaml-anchor"
    YAML_TAG = "yaml-tag"
    YAML_BRACE = "yaml-brace"
    YAML_BRACKET = "yaml-bracket"
    YAML_BLOCK = "yaml-block"
    YAML_RESERVED = "yaml-reserved"
    YAML_QUOTE = "yaml-quote"
    YAML_DASH = "yaml-dash"
    YAML_TAB = "yaml-tab"
    YAML_DOCUMENTS = "yaml-documents"
    YAML_DEPTH = "yaml-depth"
    YAML_SYNTAX = "yaml-syntax"
    # shape
    DUPLICATE_KEY = "duplicate-key"
    UNKNOWN_KEY = "unknown-key"
    MISSING_KEY = "missing-key"
    MISPLACED_KEY = "misplaced-key"
    EMPTY_VALUE = "empty-value"
    BAD_VALUE = "bad-value"
    BAD_NAME = "bad-name"
    RESERVED_NAME = "reserved-name"
    AMBIGUOUS_NAME = "ambiguous-name"
    BAD_DURATION = "bad-duration"
    BAD_BOUND = "bad-bound"
    BAD_LENGTH = "bad-length"
    BAD_PATTERN = "bad-pattern"
    BAD_CODE = "bad-code"
    BAD_EXAMPLE = "bad-example"
    LONG_TIMEOUT = "long-timeout"
    BAD_PATH = "bad-path"
    BAD_ADDRESS = "bad-address"
    # steps
    UNKNOWN_VERB = "unknown-verb"
    SEVERAL_VERBS = "several-verbs"
    RATE_WITHOUT_END = "rate-without-end"
    # expressions
    BAD_EXPRESSION = "bad-expression"
    DOUBLED_BRACES = "doubled-braces"
    UNKNOWN_FILTER = "unknown-filter"
    UNKNOWN_PLACEHOLDER = "unknown-placeholder"
    # names of other things
    PLACE_IN_WORDS = "place-in-words"
    UNKNOWN_TARGET = "unknown-target"
    UNKNOWN_SERVICE = "unknown-service"
    UNKNOWN_MESSAGE = "unknown-message"
    UNKNOWN_OPERATION = "unknown-operation"
    UNKNOWN_AGENCY = "unknown-agency"
    UNKNOWN_QUEUE = "unknown-queue"
    UNKNOWN_TYPE = "unknown-type"
    UNKNOWN_LANGUAGE = "unknown-language"
    UNKNOWN_TABLE = "unknown-table"
    REPEATED_WORD = "repeated-word"
    # calls
    MISSING_ARGUMENT = "missing-argument"
    SECRET_IN_ADDRESS = "secret-in-address"  # noqa: S105 - a code, not a secret
    SECRET_IN_FILE = "secret-in-file"  # noqa: S105 - a code, not a secret
    PHONE_IN_ADDRESS = "phone-in-address"


EXPLAINED: Mapping[Code, str] = {
    Code.FILE_MISSING: "The folder or its `site.yaml` is not there.",
    Code.FILE_UNREADABLE: "The file is there, but may not be read.",
    Code.FILE_ENCODING: "The file is not UTF-8.",
    Code.FILE_TOO_LARGE: "The file is larger than any menu or table needs.",
    Code.FILE_EMPTY: "The file says nothing.",
    Code.FILE_NAME: "The name of a file or folder can't be that of a service or table.",
    Code.BAD_CHARACTER: "A character that no phone and no editor shows.",
    Code.BAD_TABLE: "A table isn't a CSV whose first line names the fields of all others.",
    Code.BAD_CATALOGUE: "A PO file can't be read.",
    Code.YAML_COLON: "« : » followed by a space, or at the end, cuts an unquoted text in YAML.",
    Code.YAML_COMMENT: "« # » after a space begins a comment in YAML: the text would be cut there.",
    Code.YAML_ALIAS: "A `*` at the beginning is an alias in YAML; menus have none.",
    Code.YAML_ANCHOR: "A `&` at the beginning is an anchor in YAML; menus have none.",
    Code.YAML_TAG: "A `!` at the beginning is a tag in YAML; menus have none.",
    Code.YAML_BRACE: "A `{` at the beginning is a map in YAML, not a text.",
    Code.YAML_BRACKET: "A `[` at the beginning is a list in YAML, not a text.",
    Code.YAML_BLOCK: "A `>` or `|` at the beginning announces a text on the lines below.",
    Code.YAML_RESERVED: "No YAML text begins with `@`, `%` or a backtick.",
    Code.YAML_QUOTE: "A text that begins with a quote ends at the next one.",
    Code.YAML_DASH: "A `-` or `?` with a space at the beginning is a list or a key in YAML.",
    Code.YAML_TAB: "A tab in the indentation; YAML knows spaces only.",
    Code.YAML_DOCUMENTS: "`---` in the middle of a file begins another document; a file holds one.",
    Code.YAML_DEPTH: "Deeper nested than any menu.",
    Code.YAML_SYNTAX: "Not YAML; most often the indentation.",
    Code.DUPLICATE_KEY: "The same key twice; YAML would keep one of them silently.",
    Code.UNKNOWN_KEY: "A key that means nothing here.",
    Code.MISSING_KEY: "A key that must be there.",
    Code.MISPLACED_KEY: "A key that means nothing beside the others here.",
    Code.EMPTY_VALUE: "A key without a value.",
    Code.BAD_VALUE: "A value of another shape than what is expected here.",
    Code.BAD_NAME: "Not a name.",
    Code.RESERVED_NAME: "A name that already means something.",
    Code.AMBIGUOUS_NAME: "The name of a part that is also the name of a service.",
    Code.BAD_DURATION: "Not a number and `s`, `m`, `h` or `d`.",
    Code.BAD_BOUND: "Not a least or greatest for this type of answer, or the least is the greater.",
    Code.BAD_LENGTH: "Not a length: `10` or `4-6`.",
    Code.BAD_PATTERN: "Not a regular expression.",
    Code.BAD_CODE: "Not a code that can be dialled, such as `*229*1#`.",
    Code.BAD_EXAMPLE: "The example of a type breaks the type's own rule.",
    Code.LONG_TIMEOUT: "A `timeout` of more than a minute.",
    Code.BAD_PATH: "Not a path of a back end, such as `/tarifs/{acte}`.",
    Code.BAD_ADDRESS: "Not an address that may be called: `https`, loopback, or marked `insecure`.",
    Code.UNKNOWN_VERB: "A step without a verb.",
    Code.SEVERAL_VERBS: "A step with two verbs; each is a step of its own.",
    Code.RATE_WITHOUT_END: "`rate` stands directly before an `end`.",
    Code.BAD_EXPRESSION: "Not an expression that menus may hold.",
    Code.DOUBLED_BRACES: "Warning: `{{name}}` shows the braces and not the variable.",
    Code.UNKNOWN_FILTER: "There is no such filter.",
    Code.UNKNOWN_PLACEHOLDER: "A translation reads a variable that its source text doesn't.",
    Code.PLACE_IN_WORDS: "Warning: a place to go that is taken as words, or as a kept value.",
    Code.UNKNOWN_TARGET: "There is no such part or service.",
    Code.UNKNOWN_SERVICE: "There is no such service.",
    Code.UNKNOWN_MESSAGE: "The service has no such message.",
    Code.UNKNOWN_OPERATION: "No back end of the site has such an operation.",
    Code.UNKNOWN_AGENCY: "The site has no such agency.",
    Code.UNKNOWN_QUEUE: "The site has no such call-back queue.",
    Code.UNKNOWN_TYPE: "There is no such type of answer.",
    Code.UNKNOWN_LANGUAGE: "The site has no such language.",
    Code.UNKNOWN_TABLE: "There is no such table.",
    Code.REPEATED_WORD: "Two services, or two meanings, share a word of SMS.",
    Code.MISSING_ARGUMENT: "A `{name}` of the operation's path is not in `with`.",
    Code.SECRET_IN_ADDRESS: "A secret would travel in an address, which others log.",
    Code.SECRET_IN_FILE: "A token stands in the file; it belongs into the environment.",
    Code.PHONE_IN_ADDRESS: "The citizen's number would travel in an address, which others log.",
}
