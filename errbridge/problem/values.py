"""Any Python value as one that JSON can hold. It never fails, never recurses without end, and reveals no ``repr``."""

from __future__ import annotations

import base64
import dataclasses
import json
import math
import re
from collections import UserString
from collections.abc import Iterable, KeysView, Mapping, Sequence, ValuesView
from collections.abc import Set as AbstractSet
from contextlib import suppress
from datetime import date, time, timedelta
from decimal import Decimal
from enum import Enum
from itertools import islice
from pathlib import PurePath
from typing import Any
from uuid import UUID

__all__ = ["JSONValue", "to_json_value"]

JSONValue = None | bool | int | float | str | list["JSONValue"] | dict[str, "JSONValue"]

_DEEPEST = 32
_MOST_ITEMS = 10_000
_LONGEST_INTEGER = 2**4096  # Python refuses to print integers of more than 4300 digits
_SURROGATE = "[\ud800-\udfff]"


def to_json_value(value: object, _path: tuple[int, ...] = ()) -> JSONValue:
    """Turn a value into one that JSON can hold."""
    try:
        match value:
            case None | bool():
                return value
            case Enum():
                return to_json_value(value.value, _path)
            case str():
                return re.sub(_SURROGATE, "\ufffd", value)
            case int():  # one that is too long to print as hexadecimal text
                return int(value) if abs(value) < _LONGEST_INTEGER else hex(value)
            case float():
                return float(value) if math.isfinite(value) else None
            case date() | time():
                return value.isoformat()
            case timedelta():
                return value.total_seconds()
            case Decimal() | UUID() | PurePath():
                return re.sub(_SURROGATE, "\ufffd", str(value))
            case bytes() | bytearray() | memoryview():
                with suppress(UnicodeDecodeError):
                    return bytes(value).decode()
                return base64.b64encode(value).decode("ascii")
            case _:
                return _convert_container(value, _path)
    except Exception:  # a value's own __str__, __iter__ or items() may raise anything
        return type(value).__name__


def _convert_container(value: object, path: tuple[int, ...]) -> JSONValue:
    if id(value) in path or len(path) >= _DEEPEST:  # a cycle, or too deep
        return None
    path = (*path, id(value))
    cls: Any = type(value)
    if hasattr(cls, "model_dump"):  # of Pydantic
        value = cls.model_dump(value, mode="json")
    elif (names := _list_fields(cls)) is not None:
        value = {name: getattr(value, name) for name in names}
    if isinstance(value, Mapping):
        return {_write_key(key): to_json_value(item, path) for key, item in islice(value.items(), _MOST_ITEMS)}
    if isinstance(value, AbstractSet) and not isinstance(value, (KeysView, ValuesView)):
        items = [to_json_value(item, path) for item in islice(value, _MOST_ITEMS)]
        return sorted(items, key=lambda item: (type(item).__name__, str(item)))
    if isinstance(value, (Sequence, KeysView, ValuesView)) and not isinstance(value, UserString):
        return [to_json_value(item, path) for item in islice(value, _MOST_ITEMS)]
    if type(value).__str__ is not object.__str__ and not isinstance(value, type):
        return re.sub(_SURROGATE, "\ufffd", str(value))
    return type(value).__name__


def _list_fields(cls: Any) -> Iterable[str] | None:
    if dataclasses.is_dataclass(cls):
        return (field.name for field in dataclasses.fields(cls))
    if (attributes := getattr(cls, "__attrs_attrs__", None)) is not None:  # of attrs
        return (attribute.name for attribute in attributes)
    names: Iterable[str] | None = getattr(cls, "__struct_fields__", None)  # of msgspec
    return names


def _write_key(key: object) -> str:
    if isinstance(key, Enum):
        key = key.value
    if key is None or isinstance(key, bool):
        return {None: "null", True: "true", False: "false"}[key]
    if isinstance(key, float):
        return json.dumps(float(key))  # two keys that are no numbers must not become one
    return str(to_json_value(key))
