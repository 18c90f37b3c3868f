"""What a learner's function returned, in whatever form, as arrays under the notes' names."""

import dataclasses
import inspect
import re
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from compare.text import printable

LARGEST = 2**22  # bytes of one value
PARAMETERS = ("W1", "b1", "W2", "b2")
# How people order four gradients: as the parameters, or by kind, or as they are computed.
ORDERS = (PARAMETERS, ("W1", "W2", "b1", "b2"), ("W2", "b2", "W1", "b1"))
ORDINALS = ("first", "second", "third")
NOT_WRITTEN = (None, ..., NotImplemented)  # what people put where a value will be
# What an array holds instead of real numbers, by the kind of its dtype.
HOLDS = {"c": "complex numbers", "U": "text", "S": "bytes", "M": "dates", "m": "times"}
GRADIENT_OF = re.compile(r"(?:d|grad_?|g_?|dl_?d)([wb][12])|([wb][12])_?grad")

_ndarray, _asarray, _float64 = np.ndarray, np.asarray, np.float64  # a learner may replace them


class Reading(NamedTuple):
    values: dict[str, npt.NDArray[Any]]
    problem: str | None = None  # why it is not all of what was returned, in a line
    remarks: tuple[str, ...] = ()
    unread: Mapping[str, str] = MappingProxyType({})  # of what is no array of real numbers, why


def read(returned: Any, names: Sequence[str], shapes: Mapping[str, tuple[int, ...]]) -> Reading:
    """The values among `names`. `shapes` are those of the parameters: they tell the order of four
    gradients in a tuple where the order of the parameters does not fit.
    """
    found, extra, remarks = _Found(names), list[str](), list[str]()
    mapping = as_mapping(returned)
    if mapping is not None:
        _absorb(mapping, found, extra)
    elif not isinstance(returned, tuple | list):
        return Reading({}, f"expected a dict of arrays to be returned, got {_of_no_use(returned)}")
    else:
        kind = "list" if isinstance(returned, list) else "tuple"
        problem = _absorb_sequence(list(returned), kind, found, extra, remarks, shapes)
        if problem:
            return Reading({}, problem)
    if not found.items and extra:
        known = ", ".join(names)
        return Reading({}, f"returned {_listed(extra)}: expected names among {known}")
    if found.renamed:
        remarks.append(f"returned under other names: {', '.join(found.renamed)}")
    if extra:
        remarks.append(f"extra values ignored: {_listed(extra)}")

    values, problems = {}, {}
    for name, item in found.items.items():
        if any(item is blank for blank in NOT_WRITTEN):
            continue
        array, why = _array(name, item)
        if array is None:
            problems[name] = why
        else:
            values[name] = array
    problem = next((f"{name}: {why}" for name, why in problems.items()), None)
    return Reading(values, problem, tuple(remarks), problems)


def as_mapping(value: Any) -> Mapping[Any, Any] | None:
    """A dict, or what reads like one: a named tuple, a dataclass, an object with attributes."""
    if isinstance(value, Mapping):
        return value
    fields = getattr(type(value), "_fields", None)
    if isinstance(value, tuple) and fields is not None:
        return dict(zip(fields, value, strict=False))
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {f.name: getattr(value, f.name, None) for f in dataclasses.fields(value)}
    if type(value).__module__ == "types" and type(value).__name__ == "SimpleNamespace":
        return dict(vars(value))
    return None


class _Found:
    """Values by the notes' names: the first one of a name stays."""

    def __init__(self, names: Sequence[str]) -> None:
        self.names = names
        self.lower = {name.lower(): name for name in names}
        self.items: dict[str, Any] = {}
        self.renamed: list[str] = []

    def name_of(self, key: Any, gradients: bool) -> str | None:
        """The quantity of a key: dW1, or W1 in a dict of gradients, or dw1, W1_grad."""
        if not isinstance(key, str) or len(key) > 40:
            return None
        if key in self.names:
            return str(key)
        lower = key.lower()
        match = GRADIENT_OF.fullmatch(lower)
        if match is None and lower in ("w1", "b1", "w2", "b2"):
            return self.lower.get(f"d{lower}") if gradients else None
        return self.lower.get(f"d{match[1] or match[2]}" if match else lower)


def _absorb(mapping: Mapping[Any, Any], found: _Found, extra: list[str]) -> None:
    gradients = not any(found.name_of(key, False) in ("dW1", "dW2") for key in mapping)
    inner = []
    for key, value in mapping.items():
        name = found.name_of(key, gradients)
        deeper = as_mapping(value) if name is None else None
        if deeper is not None and len(deeper) < 1000:
            inner.append(deeper)
        elif name is None or name in found.items:
            extra.append(_text(key))
        else:
            found.items[name] = value
            if str(key) not in (name, name.removeprefix("d")):
                found.renamed.append(f"{_text(key)} for {name}")
    for deeper in inner:
        _absorb(deeper, found, extra)


def _absorb_sequence(
    items: list[Any],
    kind: str,
    found: _Found,
    extra: list[str],
    remarks: list[str],
    shapes: Mapping[str, tuple[int, ...]],
) -> str | None:
    """(loss, dict), four gradients, (loss, gradients), all thirteen; what is none of these, in a
    line.
    """
    mappings = [(i, m) for i, item in enumerate(items) if (m := as_mapping(item)) is not None]
    if mappings:
        for i, item in enumerate(items):
            if all(i != at for at, _ in mappings):
                if "loss" not in found.items and (item is None or _size(item) == 1):
                    found.items["loss"] = item
                else:
                    place = ORDINALS[i] if i < len(ORDINALS) else f"{i + 1}th"
                    extra.append(f"the {place} value ({_kind(item)})")
        for _, mapping in mappings:
            _absorb(mapping, found, extra)
        return None
    got = f"a {kind} of {len(items)}"
    if len(items) == 2 and _is_group(items[1]) and not _is_group(items[0]):
        items = [items[0], *_flat(items[1])]
    items = _flat(items)
    if len(items) == len(found.names):
        found.items.update(zip(found.names, items, strict=True))
        remarks.append(f"a {kind}, taken as {', '.join(found.names)}")
        return None
    if len(items) == 5:
        at = 4 if _size(items[4]) == 1 and _size(items[0]) != 1 else 0
        found.items["loss"] = items.pop(at)
    if len(items) != 4:
        return f"expected a dict of arrays, or dW1, db1, dW2, db2 in this order, got {got}"
    order = next((o for o in ORDERS if _fits(items, o, shapes)), PARAMETERS)
    names = [f"d{parameter}" for parameter in order]
    found.items.update(zip(names, items, strict=True))
    remarks.append(f"a {kind}, taken as {', '.join(names)}")
    return None


def _is_group(value: Any) -> bool:
    """Four gradients, or two pairs of them."""
    return isinstance(value, tuple | list) and len(_flat(value)) == 4


def _flat(items: Any) -> list[Any]:
    """((dW1, db1), (dW2, db2)) as four; a list of numbers stays one."""
    flat = []
    for item in items:
        pair = isinstance(item, tuple | list) and len(item) == 2
        if pair and all(getattr(part, "ndim", 0) for part in item):
            flat += list(item)
        else:
            flat.append(item)
    return flat


def _fits(items: list[Any], order: Sequence[str], shapes: Mapping[str, tuple[int, ...]]) -> bool:
    for item, name in zip(items, order, strict=True):
        allowed = {shapes[name], shapes[name][1:]} if name in ("b1", "b2") else {shapes[name]}
        if item is not None and _shape(item) not in allowed:
            return False
    return True


def _shape(value: Any) -> tuple[int, ...]:
    shape = getattr(value, "shape", None)
    if shape is None:
        try:
            shape = np.shape(value)
        except (ValueError, TypeError):
            return (-1,)
    return tuple(shape)


def _size(value: Any) -> int:
    size = 1
    for length in _shape(value):
        size *= length
    return size


def _array(name: str, value: Any) -> tuple[npt.NDArray[Any] | None, str]:
    """An array of its own, in its own precision, float64 at most; or why not, in a line."""
    try:
        if hasattr(type(value), "detach") and hasattr(type(value), "numpy"):  # a tensor of torch's
            value = value.detach().cpu().numpy()
        if hasattr(type(value), "filled") and hasattr(type(value), "mask"):  # a masked array
            value = value.astype(_float64).filled(_float64("nan"))
        array = value if type(value) is _ndarray else _asarray(value)
        flat = array.ravel().tolist() if array.dtype.kind == "O" and array.size <= 2**16 else []
        if flat and all(hasattr(number, "__float__") for number in flat):  # Decimals, fractions
            array = _asarray([float(number) for number in flat]).reshape(array.shape)
    except Exception as error:
        got = f"{_kind(value)} ({type(error).__name__})"
        if isinstance(value, list | tuple) and isinstance(error, ValueError):
            got = f"a {_kind(value)} whose parts have different lengths"
        return None, f"expected an array of real numbers, got {got}"
    if array.dtype.kind not in "fiub":
        got = HOLDS.get(array.dtype.kind) or _held(value, array)
        return None, f"expected an array of real numbers, got {got}"
    if array.nbytes > LARGEST:
        return None, f"expected an array like its parameter, got one of shape {array.shape}"
    plain = array.astype(array.dtype.newbyteorder("<") if array.dtype.char in "efd" else _float64)
    return (plain.reshape(()) if name == "loss" and plain.size == 1 else plain), ""


def _held(value: Any, array: npt.NDArray[Any]) -> str:
    """What there is instead of numbers: a value of that type, or the first in an array of such."""
    if array.ndim == 0:
        return _kind(value if type(value) is not _ndarray else array.item())
    first = next((one for one in array.ravel().tolist() if not hasattr(one, "__float__")), None)
    return f"an array with {_kind(first)} in it"


def _of_no_use(value: Any) -> str:
    """Its type; and what makes a call return it, where a word of the learner's does."""
    if inspect.iscoroutine(value):
        value.close()  # else Python warns that nobody has waited for it
        return "a coroutine: leave out async"
    return _kind(value)


def _kind(value: Any) -> str:
    if value is None:
        return "None"
    shape = getattr(value, "shape", None)
    of_shape = f" of shape {shape}" if type(shape) is tuple else ""
    return printable(type(value).__name__, 60) + of_shape


def _text(key: Any) -> str:
    return printable(key, 40) if type(key) is str else f"a {_kind(key)}"


def _listed(names: Sequence[str]) -> str:
    shown = ", ".join(names[:6])
    return f"{shown} and {len(names) - 6} more" if len(names) > 6 else shown
