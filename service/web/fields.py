"""Read a JSON object or a form, and check each field. Error messages name the field."""

import re
from collections.abc import Callable, Mapping
from typing import Any

from flask import request
from flask_babel import gettext
from werkzeug.exceptions import BadRequest, UnsupportedMediaType

MAX_BODY_BYTES = 64 * 1024
NO_TEXT = re.compile("[\0\ud800-\udfff]")
MOST_PARTS = 4  # code points of a decomposed character (Unicode Standard Annex 15, NFD)

Fields = Mapping[str, Any]


def read_fields() -> Fields:
    """Return the body's fields. An empty body has none. Raise only 400 or 415."""
    if is_form():
        return request.form
    if request.mimetype == "application/json":
        return _json_object()
    if request.get_data(cache=True):
        raise UnsupportedMediaType(gettext("Send application/json or a form."))
    return {}


def is_form() -> bool:
    """Return whether the body is an HTML form's."""
    return request.mimetype in ("application/x-www-form-urlencoded", "multipart/form-data")


def _json_object() -> Fields:
    try:
        body = request.get_json()
    except (BadRequest, RecursionError, UnicodeDecodeError):
        raise BadRequest(gettext("The body is not valid JSON.")) from None
    if not isinstance(body, dict):
        raise BadRequest(gettext("The body must be a JSON object."))
    return body


def text_field(fields: Fields, name: str, max_length: int, counted: Callable[[str], str] = str) -> str:
    """Return the required text field `name` as it was sent: 1 to `max_length` characters, none of them NUL.

    `counted` returns the spelling whose characters are counted.
    """
    value = fields.get(name)
    if value is None or value == "":
        raise BadRequest(gettext("%(name)s is missing.", name=name))
    if not isinstance(value, str):
        raise BadRequest(gettext("%(name)s must be text.", name=name))
    value = value.replace("\r\n", "\n")  # a form sends a line break as two characters, but counts it as one
    if len(value) > MOST_PARTS * max_length or len(counted(value)) > max_length:
        raise BadRequest(gettext("%(name)s must have at most %(max)s characters.", name=name, max=max_length))
    if not is_text(value):
        raise BadRequest(gettext("%(name)s contains a character that is not text.", name=name))
    return value


def is_text(value: str) -> bool:
    """Return whether any database and encoding can store `value`: no NUL, no lone surrogate."""
    return NO_TEXT.search(value) is None


def seconds_field(fields: Fields, name: str, longest: int) -> int:
    """Return the optional field `name`, a whole number of seconds from 1 to `longest`; `longest` if it is absent."""
    return longest if fields.get(name) in (None, "") else _whole_number(fields[name], name, 1, longest)


def whole_number_arg(name: str, smallest: int, largest: int) -> int | None:
    """Return the query's whole number `name`, or None if it is absent."""
    value = request.args.get(name) if request.query_string else None  # skip parsing: most requests have no query
    return None if value is None else _whole_number(value, name, smallest, largest)


def _whole_number(value: object, name: str, smallest: int, largest: int) -> int:
    number = int(value) if isinstance(value, str) and value.isdecimal() and len(value) < 12 else value
    if not isinstance(number, int) or isinstance(number, bool) or not smallest <= number <= largest:
        raise BadRequest(
            gettext("%(name)s must be a whole number from %(low)s to %(high)s.", name=name, low=smallest, high=largest)
        )
    return number
