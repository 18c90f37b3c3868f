"""python -m compare graph: what it shows is what ran, and whatever is planted is caught."""

import json
import re
from dataclasses import replace

import numpy as np
import pytest
import torch

from compare.__main__ import main
from compare.agreement.bridge import parameters, to_matmul, to_torch
from compare.bounds.rounding import error_bounds, penalty_bounds
from compare.graph import blocks, counterparts
from compare.graph.blocks import compare_blocks
from compare.graph.report import graph_text, remarks
from compare.graph.walk import SPELLINGS, Walk, compare_graph, spell, walk
from compare.problems.hard import TWISTS
from compare.problems.seeded import random_problem
from manual import Params, backward, forward
from tests.conftest import plant, plant_for_all
from tests.test_agreement import SIZES
from tests.test_main import UNUSABLE
from tests.test_problem import IRIS
from torch_ref.graph import observe
from torch_ref.spelling import Tensors

Capture = pytest.CaptureFixture[str]
DTYPES = ["float32", "float64"]

PINNED = pytest.mark.skipif(
    not torch.__version__.startswith("2.13.0"), reason="the graph of torch 2.13.0"
)
PENALTY = ["AddBackward0", "MulBackward0", "AddBackward0"]
DATA = ["NllLossBackward0", "LogSoftmaxBackward0"]
LINEAR = ["AddmmBackward0", "AccumulateGrad", "TBackward0", "AccumulateGrad"]
MATMUL = ["AddBackward0", "AccumulateGrad", "MmBackward0", "AccumulateGrad"]
NODES = {
    "linear": [
        *PENALTY,
        *["SumBackward0", "PowBackward0"] * 2,
        *DATA,
        *LINEAR,
        "ReluBackward0",
        *LINEAR,
    ],
    "matmul": [
        *PENALTY,
        *["SumBackward0", "MulBackward0"] * 2,
        *DATA,
        *MATMUL,
        "ReluBackward0",
        *MATMUL,
    ],
    "weight-decay": [*DATA, *LINEAR, "ReluBackward0", *LINEAR],
}


def names(found: Walk) -> list[str]:
    return [step.name for step in found.steps]


@PINNED
@pytest.mark.parametrize("spelling", SPELLINGS)
def test_the_nodes_of_the_pinned_version_in_the_order_in_which_they_ran(spelling: str):
    assert names(walk(random_problem(), spelling)) == NODES[spelling]


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_every_gradient_on_every_edge_has_a_manual_counterpart(spelling: str):
    found = walk(random_problem(), spelling)
    assert found.agree
    for step in found.steps:
        for q in step.quantities:
            assert q.name, f"{step.order} {step.name}: {q}"
            assert q.max_abs_diff <= q.allowed


def test_what_flows_through_the_data_branch_is_the_manual_pass_line_by_line():
    found = {step.order: step for step in walk(random_problem()).steps}
    flow = [(q.name, q.shape) for step in found.values() for q in step.arrives]
    for quantity in [
        ("−Y_ind/N", (200, 3)),
        ("dz2", (200, 3)),
        ("db2", (3,)),
        ("a1.T·dz2", (10, 3)),
        ("dW2.T", (3, 10)),
        ("da1", (200, 10)),
        ("dz1", (200, 10)),
        ("db1", (10,)),
        ("X.T·dz1", (4, 10)),
        ("dW1.T", (10, 4)),
    ]:
        assert quantity in flow


def test_what_a_node_saved_is_recognised():
    saved = {
        (step.name, kept.name): kept.quantity.name if kept.quantity else None
        for step in walk(random_problem()).steps
        for kept in step.saved
        if step.order != 15
    }
    assert saved == {
        ("MulBackward0", "other"): "½·reg",
        ("MulBackward0", "self"): None,
        ("PowBackward0", "self"): "W1.T",
        ("NllLossBackward0", "self"): "log P",
        ("NllLossBackward0", "target"): "y",
        ("NllLossBackward0", "total_weight"): "N",
        ("NllLossBackward0", "weight"): None,
        ("LogSoftmaxBackward0", "result"): "log P",
        ("AddmmBackward0", "mat1"): "a1",
        ("AddmmBackward0", "mat2"): "W2",
        ("ReluBackward0", "result"): "a1",
    }


def test_where_all_units_are_active_memory_tells_a1_from_z1():
    problem = random_problem()
    active = problem.params._replace(b1=np.full_like(problem.params.b1, 100))
    problem = replace(problem, params=active)
    (relu,) = (step for step in walk(problem).steps if step.name == "ReluBackward0")
    assert relu.saved[0].quantity is not None
    assert relu.saved[0].quantity.name == "a1"
    assert (relu.arrives[0].name, relu.leaves[0].quantity.name) == ("da1", "dz1")


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("spelling", SPELLINGS)
@pytest.mark.parametrize("twist", TWISTS)
def test_no_right_answer_is_accused(twist: str, spelling: str, dtype: str):
    found = walk(TWISTS[twist](random_problem(dtype=dtype)), spelling)
    assert found.agree, found.first_difference


@pytest.mark.parametrize("spelling", SPELLINGS)
@pytest.mark.parametrize("size", SIZES)
def test_all_agree_at_every_size(size: str, spelling: str):
    found = walk(random_problem(1, **SIZES[size]), spelling)
    assert found.agree, found.first_difference


# The line of manual/network.py, what stands there instead, the first node that shows it, and what
# the difference is called there.
MISTAKES = {
    "1/N lost": ("(P - Y_ind) / N", "P - Y_ind", "NllLossBackward0", "−Y_ind/N"),
    "P squared": ("(P - Y_ind) / N", "(P * P - Y_ind) / N", "LogSoftmaxBackward0", "dz2"),
    "1/N lost in dW2": ("a1.T @ dz2 +", "N * a1.T @ dz2 +", "AddmmBackward0", "a1.T·dz2"),
    "db2 a mean": ("db2 = dz2.sum", "db2 = dz2.mean", "AddmmBackward0", "db2"),
    "mask lost": ("da1 * (a1 > 0)", "da1", "ReluBackward0", "dz1"),
    "W2 not transposed back": ("dz2, W2.T", "dz2, -W2.T", "AddmmBackward0", "da1"),
    "db1 from da1": ("db1 = dz1.sum", "db1 = da1.sum", "AddmmBackward0", "db1"),
    "reg doubled": ("dz2 + reg * W2", "dz2 + 2 * reg * W2", "PowBackward0", "(reg·W2).T"),
    "reg lost": ("dz1 + reg * W1", "dz1", "PowBackward0", "(reg·W1).T"),
    "dW2 transposed": ("Backward(dz2, dW2,", "Backward(dz2, dW2.T,", "PowBackward0", "reg·W2"),
    "bias a vector": ("db1)", "db1[0])", "AddmmBackward0", "db1"),
    "ReLU above 0.1": ("np.maximum(z1, 0)", "np.maximum(z1, 0.1)", "LogSoftmaxBackward0", "dz2"),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_planted_mistake_is_caught_at_its_node(mistake: str, monkeypatch: pytest.MonkeyPatch):
    right, wrong, node, name = MISTAKES[mistake]
    plant_for_all(monkeypatch, plant(right, wrong))
    found = walk(random_problem())
    assert found.first_difference is not None
    step, q = found.first_difference
    assert (step.name, q.name) == (node, name)
    assert (
        graph_text(random_problem(), "cpu", found, None)
        .splitlines()[-1]
        .startswith(f"DIFFER at node {step.order}, {node}: {name} is the first")
    )


@pytest.mark.parametrize("tensor", ["z2", "a1", "z1", "W1", "b2"])
def test_a_hook_that_altered_a_gradient_is_noticed(tensor: str):
    problem = random_problem()
    tensors = spell(problem, "linear")
    getattr(tensors, tensor).register_hook(lambda gradient: gradient * (1 + 1e-9))
    found = compare_by_hand(tensors)
    assert found.first_difference is not None
    assert found.first_difference[1].key == f"d{tensor}"


def compare_by_hand(tensors: Tensors) -> Walk:
    problem = random_problem()
    fwd = forward(problem.params, problem.X, problem.y, problem.reg)
    return compare_graph(problem, fwd, tensors, observe(tensors), "linear")


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_looking_on_alters_no_gradient(spelling: str):
    watched, alone = (spell(random_problem(), spelling) for _ in range(2))
    observe(watched)
    alone.loss.backward()
    for name in Params._fields:
        assert torch.equal(getattr(watched, name).grad, getattr(alone, name).grad)


def test_what_was_saved_is_read_before_backward_frees_it():
    tensors = spell(random_problem(), "linear")
    relu = tensors.a1.grad_fn
    (record,) = (node for node in observe(tensors) if node.name == "ReluBackward0")
    with pytest.raises(RuntimeError, match="freed"):
        _ = relu._saved_result
    assert torch.equal(record.saved[0].tensor, tensors.a1)


def test_no_hook_is_left_behind():
    tensors = spell(random_problem(), "linear")
    nodes = observe(tensors)
    before = [gradient.clone() for node in nodes for gradient in node.arrives]
    (tensors.W1.sum() * 2 + tensors.b1.sum()).backward()
    after = [gradient for node in nodes for gradient in node.arrives]
    assert all(map(torch.equal, before, after))


EXTRA = {
    "a node in another place": lambda t: t._replace(loss=t.loss.log().exp()),
    "several inputs": lambda t: t._replace(loss=torch.stack([t.loss, t.loss]).mean()),
    "a saved list of tensors": lambda t: t._replace(loss=t.loss[None][torch.tensor([0])].sum()),
    "a change that is undone": lambda t: t._replace(loss=(t.loss * 3.0).sigmoid().logit() / 3.0),
}


@pytest.mark.parametrize("extra", EXTRA)
def test_an_unknown_node_is_shown_without_a_manual_line(extra: str):
    found = compare_by_hand(EXTRA[extra](spell(random_problem(), "linear")))
    unknown = [step for step in found.steps if step.name not in counterparts.KNOWN]
    assert unknown
    assert [step.manual for step in unknown] == [()] * len(unknown)
    text = graph_text(random_problem(), "cpu", found, None)
    assert all(f"{step.name}: no manual line" in text for step in unknown)


def test_an_unknown_node_does_not_hide_that_the_rest_agrees():
    found = compare_by_hand(EXTRA["a node in another place"](spell(random_problem(), "linear")))
    assert found.agree, found.first_difference
    text = graph_text(random_problem(), "cpu", found, None)
    assert "1 not recognised" in text


@pytest.mark.parametrize("spelling", SPELLINGS)
@pytest.mark.parametrize("node", sorted(counterparts.KNOWN))
def test_a_version_that_names_a_node_otherwise_is_walked_and_agrees(node: str, spelling: str):
    problem = random_problem()
    tensors = spell(problem, spelling)
    nodes = tuple(
        replace(record, name=f"{node}9") if record.name == node else record
        for record in observe(tensors)
    )
    fwd = forward(problem.params, problem.X, problem.y, problem.reg)
    found = compare_graph(problem, fwd, tensors, nodes, spelling)
    assert found.agree, found.first_difference
    assert all(q.name for step in found.steps for q in step.quantities)
    assert {step.manual for step in found.steps if step.name == f"{node}9"} <= {()}
    without_names = [re.sub(r"\w+ \(\d+\)", "", remark) for remark in remarks(found)]
    usual = [re.sub(r"\w+ \(\d+\)", "", remark) for remark in remarks(walk(problem, spelling))]
    assert without_names == usual


def test_a_renamed_relu_is_unknown_and_its_gradient_still_dz1():
    problem = random_problem()
    model, X, y = to_torch(problem)
    fc1, fc2 = model.fc1, model.fc2
    z1 = fc1(X)
    a1 = torch.where(z1 > 0, z1, 0)
    z2 = fc2(a1)
    loss = torch.nn.functional.cross_entropy(z2, y)
    penalty = 0.5 * problem.reg * (fc1.weight.square().sum() + fc2.weight.square().sum())
    tensors = Tensors(X, y, fc1.weight, fc1.bias, z1, a1, fc2.weight, fc2.bias, z2, loss + penalty)
    found = compare_by_hand(tensors)
    assert found.agree
    (where,) = (step for step in found.steps if step.name == "WhereBackward0")
    assert (where.manual, where.leaves[0].quantity.name) == ((), "dz1")


def test_a_gradient_without_counterpart_among_known_nodes_is_a_difference():
    tensors = spell(random_problem(), "linear")
    found = compare_by_hand(tensors._replace(loss=tensors.loss * 1.5))
    assert found.first_difference is not None
    assert found.first_difference[0].name == "MulBackward0"
    last = graph_text(random_problem(), "cpu", found, None).splitlines()[-1]
    assert last.startswith("DIFFER at node 1, MulBackward0: ")


def test_what_was_kept_and_what_was_not():
    found = walk(random_problem())
    own = {memory.name: memory.bytes for memory in found.kept if memory.own}
    assert own == {"a1": 16000, "log P": 4800, "N": 8, "½·reg": 8}
    assert {memory.name for memory in found.kept if not memory.own} == {"X", "y", "W1", "W2"}
    assert {memory.name for memory in found.handed_over if memory.read} == {"a1", "P", "Y_ind"}
    assert {"W1", "z1"} <= set(found.never_kept)


def test_without_the_penalty_W1_is_kept_by_nobody():
    assert "W1" not in {memory.name for memory in walk(random_problem(), "weight-decay").kept}


REMARKS = {
    "linear": ("Two nodes", "added by the engine", "costs 2 nodes"),
    "matmul": ("Two nodes", "added by the engine", "No transposes"),
    "weight-decay": ("Two nodes", "nothing is added", "costs 2 nodes", "The optimizer adds it"),
}


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_the_remarks_say_what_this_run_shows(spelling: str):
    found = remarks(walk(random_problem(), spelling))
    assert len(found) == len(REMARKS[spelling])
    assert all(words in text for words, text in zip(REMARKS[spelling], found, strict=True))


@pytest.mark.parametrize("spelling", ["linear", "matmul"])
def test_what_arrives_at_a_weight_is_the_sum_of_what_was_sent_bit_for_bit(spelling: str):
    for found in walk(random_problem(), spelling).sums:
        assert len(found.senders) >= 2
        assert found.difference == 0
        assert found.missing < 1e-12


def test_with_weight_decay_the_gradients_lack_exactly_reg_W():
    for found in walk(random_problem(reg=0.1), "weight-decay").sums:
        assert len(found.senders) == 1
        assert found.missing == pytest.approx(found.penalty, rel=1e-9)


def test_the_optimizers_weight_decay_adds_what_the_gradients_lack():
    problem, rate = random_problem(reg=0.1), 0.5
    model, X, y = to_torch(problem)
    weights, biases = [model.fc1.weight, model.fc2.weight], [model.fc1.bias, model.fc2.bias]
    groups = [{"params": weights, "weight_decay": problem.reg}, {"params": biases}]
    optimizer = torch.optim.SGD(groups, lr=rate)
    torch.nn.functional.cross_entropy(model(X), y).backward()
    optimizer.step()
    fwd = forward(problem.params, problem.X, problem.y, problem.reg)
    gradients = backward(problem.params, problem.X, problem.reg, fwd).gradients
    for W, dW, stepped in zip(problem.params, gradients, parameters(model), strict=True):
        assert stepped == pytest.approx(W - rate * dW, rel=1e-12, abs=1e-13)


@pytest.mark.parametrize("dtype", DTYPES)
def test_the_bound_on_the_penalty_is_narrow_and_holds(dtype: str):
    problem = random_problem(dtype=dtype, reg=0.3)
    error = penalty_bounds(problem, N=0)
    for W, bound in ((problem.params.W1, error.dW1), (problem.params.W2, error.dW2)):
        exact = float(W.dtype.type(0.3)) * W.astype(np.float64)
        assert (abs(W.dtype.type(0.3) * W - exact) <= bound).all()
        assert (bound <= 2 * np.finfo(dtype).eps * abs(exact) + 1e-30).all()


def test_to_matmul_gives_the_notes_weights_bit_for_bit():
    problem = random_problem()
    model, X, _ = to_matmul(problem)
    assert np.array_equal(X.numpy(), problem.X)
    for name, value in problem.params._asdict().items():
        assert np.array_equal(model.get_parameter(name).detach().numpy(), value)


# Blocks of rows.


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("count", [2, 3, 7, 199, 200])
def test_blocks_over_the_whole_N_give_the_full_gradients(count: int, dtype: str):
    found = compare_blocks(random_problem(dtype=dtype), count)
    assert (sum(found.lengths), len(found.lengths)) == (200, count)
    assert found.first_difference is None


def test_the_mean_of_means_is_far_outside_what_is_allowed():
    found = compare_blocks(random_problem(), 3)
    assert found.lengths == (67, 67, 66)
    for gradient in found.gradients:
        for side in gradient:
            assert side.bug > 1e9 * side.summed.allowed


def test_blocks_of_one_length_hide_the_bug_and_the_report_says_so(capsys: Capture):
    assert main(["graph", "--blocks", "4"]) == 0
    assert "All blocks are of one length here" in capsys.readouterr().out


@pytest.mark.parametrize("twist", TWISTS)
def test_no_right_blocks_are_accused(twist: str):
    found = compare_blocks(TWISTS[twist](random_problem(dtype="float32")), 3)
    assert found.first_difference is None


def test_a_block_left_out_is_a_difference(monkeypatch: pytest.MonkeyPatch):
    def forgetful(model, X, y, reg, lengths):
        accumulate(model, X[:-1], y[:-1], reg, [*lengths[:-1], lengths[-1] - 1])

    accumulate = blocks.accumulate
    monkeypatch.setattr(blocks, "accumulate", forgetful)
    assert compare_blocks(random_problem(), 3).first_difference is not None


# The command.


@pytest.mark.parametrize(
    "options",
    [
        "",
        "--spelling matmul",
        "--spelling weight-decay",
        "--dtype float32 --blocks 3",
        "--reg 0 --spelling matmul",
        "--seed 5 --samples 1 --hidden 1 --classes 2 --features 1",
        f"--data {IRIS} --blocks 4",
    ],
)
def test_all_of_these_agree(options: str, capsys: Capture):
    assert main(["graph", *options.split()]) == 0
    printed = capsys.readouterr()
    assert printed.out.splitlines()[-1].startswith("AGREE: ")
    assert printed.err == ""


def test_json_is_one_object_with_everything(capsys: Capture):
    assert main(["graph", "--json", "--blocks", "3"]) == 0
    data = json.loads(capsys.readouterr().out, parse_constant=pytest.fail)
    assert data["agree"] is True
    assert {"problem", "spelling", "torch", "nodes", "kept", "remarks", "blocks"} <= set(data)
    assert [node["order"] for node in data["nodes"]] == list(range(1, len(data["nodes"]) + 1))
    for node in data["nodes"]:
        assert {"order", "name", "manual", "saved", "arrives", "leaves", "next"} <= set(node)
        for saved in node["saved"]:
            assert {"name", "is", "shape", "bytes"} <= set(saved)
        for leaf in node["leaves"]:
            assert leaf["max_abs_diff"] <= leaf["allowed"]
            assert leaf["ok"] is True
            assert leaf["is"]
            assert leaf["to"] in node["next"]
    assert data["blocks"]["lengths"] == [67, 67, 66]


@pytest.mark.skipif("not __import__('torch').cuda.is_available()", reason="needs a CUDA device")
@pytest.mark.parametrize("spelling", SPELLINGS)
def test_cuda_agrees(spelling: str, capsys: Capture):
    assert main(["graph", "--device", "cuda", "--spelling", spelling, "--blocks", "3"]) == 0
    assert "cuda" in capsys.readouterr().out


def test_a_mistake_planted_in_the_manual_pass_exits_1_and_names_the_node(
    monkeypatch: pytest.MonkeyPatch, capsys: Capture
):
    plant_for_all(monkeypatch, plant("da1 * (a1 > 0)", "da1"))
    assert main(["graph"]) == 1
    printed = capsys.readouterr()
    verdict = printed.out.splitlines()[-1]
    assert verdict.startswith("DIFFER at node 14, ReluBackward0: dz1 is the first. dz1[")
    assert printed.err == ""


def test_a_line_that_raises_exits_1_and_is_named(raising_line: str, capsys: Capture):
    assert main(["graph"]) == 1
    printed = capsys.readouterr()
    assert "network.py, line" in printed.out
    assert raising_line in printed.out
    assert printed.err == ""


BAD = {
    "--spelling einsum": "spelling: expected linear, matmul or weight-decay, got 'einsum'",
    "--blocks 1": "blocks: expected a whole number from 2 to 200, got 1",
    "--blocks 201": "blocks: expected a whole number from 2 to 200, got 201",
    "--blocks three": "--blocks: expected a whole number, got 'three'",
    "--steps 3": "what --help names, got --steps 3",
    **{o: words for o, words in UNUSABLE.items() if not o.startswith(("--steps", "--learning"))},
    "extra": "what --help names, got extra",
}


@pytest.mark.parametrize("options", BAD)
def test_unusable_options_exit_2_with_one_line_on_standard_error(options: str, capsys: Capture):
    assert main(["graph", *options.split()]) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert BAD[options] in printed.err
    assert printed.err.count("\n") == 1


def test_the_bounds_of_the_parts_are_no_wider_than_those_of_the_whole():
    problem = random_problem()
    whole = error_bounds(problem).error
    fwd = forward(problem.params, problem.X, problem.y, problem.reg)
    bwd = backward(problem.params, problem.X, problem.reg, fwd)
    found = counterparts.gradients_by_hand(problem, fwd, bwd)
    assert (found["data_dW2"].error <= whole.dW2).all()
    assert (found["penalty_W2"].error <= whole.dW2).all()
