"""The hard cases that the search has found, as text: cases.json."""

import json
from pathlib import Path
from typing import Any

from tests.attack.arithmetic import Order
from tests.attack.free import Style
from tests.attack.recipes import Fill, Recipe
from tests.attack.shares import Case

FILE = Path(__file__).with_name("cases.json")
RECORDS: dict[str, Any] = {
    "recipe": Recipe,
    "one": Style,
    "other": Style,
    "order": Order,
    "loss_order": Order,
    **dict.fromkeys(("X", "W1", "b1", "W2", "b2", "reg"), Fill),
}


def read() -> dict[str, Case]:
    """Each case by its name, which says what it is there for."""
    kept = json.loads(FILE.read_text(encoding="utf-8"))
    return {name: from_data(data) for name, data in kept.items()}


def write(cases: dict[str, Case]) -> None:
    lines = ",\n".join(f"{json.dumps(name)}: {json.dumps(to_data(c))}" for name, c in cases.items())
    FILE.write_text(f"{{\n{lines}\n}}\n", encoding="utf-8")


def to_data(record: Any) -> Any:
    """What a record does not have by default."""
    if not hasattr(record, "_asdict"):
        return list(record) if isinstance(record, tuple) else record
    defaults = getattr(record, "_field_defaults", {})
    return {
        name: to_data(value)
        for name, value in record._asdict().items()
        if name not in defaults or value != defaults[name]
    }


def from_data(data: dict[str, Any]) -> Case:
    case: Case = _case(Case, data)
    return case


def _case(kind: Any, data: dict[str, Any]) -> Any:
    values = {
        name: _case(RECORDS[name], value) if name in RECORDS else value
        for name, value in data.items()
    }
    if "twists" in values:
        values["twists"] = tuple(values["twists"])
    return kind(**values)


PLAIN = Case(
    Recipe("float64", 5, 3, 4, 3, *(Fill(seed=seed) for seed in range(6))), Style(), Style()
)
