"""How to call what a learner wrote: a function, or a class as Stanford's cs231n has it."""

import inspect
import itertools
from collections.abc import Callable, Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import Any, NamedTuple

from compare.text import printable

ARGUMENTS = ("X", "y", "W1", "b1", "W2", "b2", "reg")
PARAMETERS = ARGUMENTS[2:6]
CLASS = "TwoLayerNet"
# What else people call them, in lower case.
ALSO = {
    "X": "data input inputs features samples xs",
    "y": "t label labels target targets y_true truth classes ys",
    "W1": "w_1 weights1 weight1 theta1 w1_",
    "b1": "b_1 bias1 biases1",
    "W2": "w_2 weights2 weight2 theta2",
    "b2": "b_2 bias2 biases2",
    "reg": "lam lambda lambda_ lamb lamda lmbda lmbd λ l2 l2_reg weight_decay wd alpha α "
    "reg_strength regularization regularisation",
    "params": "parameters weights model theta net",
}
SIZES = {
    "D": "input_size input_dim n_input n_inputs num_inputs n_in d_in in_features num_features "
    "n_features features inputs input din",
    "H": "hidden_size hidden_dim n_hidden num_hidden hidden hidden_units units n_h dh",
    "C": "output_size output_dim num_classes n_classes classes n_output n_outputs out_features "
    "d_out n_out outputs output k dout",
}
BOUND_TO_FIT = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)

Call = Callable[[], Any]


class Form(NamedTuple):
    """`prepare(arguments)` is the call, not yet made: what it returns is what is judged."""

    prepare: Callable[[dict[str, Any]], Call]
    name: str  # "function" or "class TwoLayerNet"
    remarks: tuple[str, ...] = ()
    scope: Mapping[str, Any] = MappingProxyType({})  # the globals of the learner's code


def find_form(namespace: Mapping[str, Any], function: str, module: str) -> Form:
    """The function of that name, else the class. Raises ValueError, in a line, if there is none."""
    own = [v for v in namespace.values() if isinstance(v, type) and v.__module__ == module]
    classes = [value for value in own if hasattr(value, "loss")]
    named = [value for value in classes if value.__name__ == CLASS]
    if callable(namespace.get(function)):
        form = form_of(namespace[function], function)
        told = f"judged is the function {function}, not the class {CLASS}"
        return form._replace(remarks=(*form.remarks, told)) if named else form
    if named or len(classes) == 1:
        return form_of((named or classes)[-1], CLASS)
    for value in own:
        if value.__name__ == CLASS:
            methods = [name for name in vars(value) if not name.startswith("_")]
            got = ", ".join(printable(name, 40) for name in methods[:6]) or "no method"
            raise ValueError(f"expected a method loss(X, y, reg) in the class {CLASS}, got {got}")
    functions = [name for name, value in namespace.items() if inspect.isfunction(value)]
    got = ", ".join(printable(name, 40) for name in functions[:6]) or "none"
    raise ValueError(
        f"expected a function {function}({', '.join(ARGUMENTS)}) or a class {CLASS}, got {got}"
    )


def form_of(function: Any, name: str) -> Form:
    """Raises ValueError, in a line, for a function that does not take the seven arguments."""
    if isinstance(function, type) and hasattr(function, "loss"):
        return _class_form(function)
    expected = f"{name}({', '.join(ARGUMENTS)})"
    try:
        signature = inspect.signature(function)
    except Exception:  # not a function of Python, or one that does not like to be asked
        return Form(lambda given: lambda: function(*given.values()), "function")
    plan = _assign(signature.parameters.values(), ARGUMENTS, ALSO)
    if plan is None and "params" in (p.name.lower() for p in signature.parameters.values()):
        plan = _assign(signature.parameters.values(), ("X", "y", "params", "reg"), ALSO)
    if plan is None:
        raise ValueError(f"expected {expected}, got {printable(f'{name}{signature}')}")

    def prepare(given: dict[str, Any]) -> Call:
        values = given | {"params": {name: given[name] for name in PARAMETERS}}
        positional, keywords = plan.arguments(values)
        return lambda: function(*positional, **keywords)

    return Form(prepare, "function", plan.remarks(), _scope(function))


class _Plan(NamedTuple):
    """Which parameter of a function is given which value."""

    parameters: tuple[inspect.Parameter, ...]
    chosen: Mapping[str, str]  # of a parameter's name, the value's
    rest: tuple[str, ...]  # values for *args
    rest_named: tuple[str, ...]  # values for **kwargs

    def arguments(self, values: Mapping[str, Any]) -> tuple[list[Any], dict[str, Any]]:
        """By position as long as nothing is left out; what follows by name."""
        positional, keywords, by_name = [], {}, False
        for parameter in self.parameters:
            if parameter.name not in self.chosen:
                by_name |= parameter.kind in BOUND_TO_FIT
                continue
            value = values[self.chosen[parameter.name]]
            if parameter.kind is parameter.KEYWORD_ONLY or by_name:
                keywords[parameter.name] = value
            else:
                positional.append(value)
        positional += [values[name] for name in self.rest]
        return positional, keywords | {name: values[name] for name in self.rest_named}

    def remarks(self) -> tuple[str, ...]:
        """Said where names or order are not those of the notes."""
        names = list(self.chosen)
        taken = [self.chosen[name] for name in names]
        plain = [name for name in taken if name in ARGUMENTS]
        if names == taken and plain == [name for name in ARGUMENTS if name in taken]:
            return ()
        order = ", ".join(taken)
        if names == taken:
            return (f"your arguments are in another order, ({order}): taken by their names",)
        usual = taken == list(ARGUMENTS[: len(taken)])
        order = "in the usual order" if usual else f"as {order}"
        return (
            f"your arguments are ({', '.join(printable(n, 40) for n in names)}): taken {order}",
        )


def _assign(
    parameters: Iterable[inspect.Parameter], values: Sequence[str], also: Mapping[str, str]
) -> _Plan | None:
    """Each value to the parameter of its name, or of one that people use for it; what is left, in
    order. None where that leaves a value, or a parameter without one.
    """
    parameters = tuple(parameters)
    named = [p for p in parameters if p.kind in BOUND_TO_FIT or p.kind is p.KEYWORD_ONLY]
    chosen: dict[str, str] = {}
    for known in (lambda p, v: p == v, lambda p, v: p.lower() in {v.lower(), *also[v].split()}):
        for parameter, value in itertools.product(named, values):
            free = parameter.name not in chosen and value not in chosen.values()
            if free and known(parameter.name, value):
                chosen[parameter.name] = value
    left = [value for value in values if value not in chosen.values()]
    others = [p for p in named if p.name not in chosen]
    for parameter in sorted(others, key=lambda p: p.default is not p.empty):  # those without first
        if left and parameter.kind in BOUND_TO_FIT:
            chosen[parameter.name] = left.pop(0)
        elif parameter.default is parameter.empty:
            return None
    kinds = {p.kind for p in parameters}
    rest = tuple(left) if inspect.Parameter.VAR_POSITIONAL in kinds else ()
    rest_named = tuple(left) if inspect.Parameter.VAR_KEYWORD in kinds and not rest else ()
    if left and not rest and not rest_named:
        return None
    ordered = {p.name: chosen[p.name] for p in named if p.name in chosen}
    return _Plan(parameters, ordered, rest, rest_named)


def _class_form(kind: Any) -> Form:
    """A class with `params` W1, b1, W2, b2 and `loss(X, y, reg)`, made anew for each call."""
    name = printable(kind.__name__, 60)
    offered = {**SIZES, "reg": ALSO["reg"]}
    plan = None
    for values in (("D", "H", "C"), ("D", "H", "C", "reg")):  # with reg where it has a place
        plan = _assign(inspect.signature(kind).parameters.values(), values, offered) or plan
    if plan is None:
        raise ValueError(
            f"expected {name}(input_size, hidden_size, output_size), "
            f"got {printable(f'{name}{inspect.signature(kind)}')}"
        )

    def prepare(given: dict[str, Any]) -> Call:
        D, H = given["W1"].shape
        sizes = {"D": D, "H": H, "C": given["W2"].shape[1], "reg": given["reg"]}
        positional, keywords = plan.arguments(sizes)
        net = kind(*positional, **keywords)
        _set_parameters(net, given)
        return _loss_call(net, given, name)

    return Form(prepare, f"class {name}", scope=_scope(kind.loss))


def _scope(function: Any) -> Mapping[str, Any]:
    scope = getattr(function, "__globals__", {})
    return scope if isinstance(scope, dict) else {}


def _set_parameters(net: Any, given: Mapping[str, Any]) -> None:
    """Biases in the shape that the class gave them: (H,) in that assignment, or a row."""
    params = getattr(net, "params", None)
    holder = params if isinstance(params, dict) else vars(net)
    keys = {str(key).lower(): key for key in holder}
    for name in PARAMETERS:
        key = keys.get(name.lower(), name)
        row = getattr(holder.get(key), "ndim", 1) == 2
        value = given[name]
        holder[key] = value if name in ("W1", "W2") or row else value.reshape(-1)


def _loss_call(net: Any, given: Mapping[str, Any], name: str) -> Call:
    parameters = inspect.signature(net.loss).parameters.values()
    plan = _assign(parameters, ("X", "y", "reg"), ALSO)
    if plan is None:  # reg may be the net's own
        plan = _assign(parameters, ("X", "y"), ALSO)
        net.reg = given["reg"]
    if plan is None:
        got = inspect.signature(net.loss)
        raise TypeError(f"expected {name}.loss(X, y, reg), got loss{got}")
    positional, keywords = plan.arguments(given)
    loss: Callable[..., Any] = net.loss
    return lambda: loss(*positional, **keywords)
