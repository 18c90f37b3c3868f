"""Ten ways to write one's own automatic differentiation: right files, and mistakes in each.

Which line each has wrong was written down before the checker saw it. What it said of two of them
showed that these are P's as well: nothing else in the file reads what stands for P there.
"""

from tests.learners_files.strangers import Stranger

RIGHT: dict[str, str] = {}
WRONG: list[Stranger] = []


def wrong(
    style: str,
    mistake: str,
    *edits: tuple[str, str],
    line: tuple[str, ...],
    quantity: tuple[str, ...],
    what: str,
) -> None:
    """A right file of that style with its edits."""
    text = RIGHT[style]
    for old, new in edits:
        assert text.count(old) == 1, f"{style}: {old!r} stands {text.count(old)} times"
        text = text.replace(old, new)
    WRONG.append(Stranger(f"{style}-{mistake}", text, line, quantity, what))


RIGHT["wengert"] = """
import numpy as np

class List:
    def __init__(self):
        self.values, self.steps = [], []

    def leaf(self, value):
        self.values.append(np.asarray(value, dtype=float))
        return len(self.values) - 1

    def step(self, value, *parents):
        number = self.leaf(value)
        self.steps.append((number, parents))
        return number

    def matmul(self, a, b):
        A, B = self.values[a], self.values[b]
        return self.step(A @ B, (a, lambda g: g @ B.T), (b, lambda g: A.T @ g))

    def add(self, a, b):
        A, B = self.values[a], self.values[b]
        return self.step(A + B, (a, lambda g: g), (b, lambda g: g.sum(axis=0, keepdims=True)))

    def relu(self, a):
        A = self.values[a]
        return self.step(np.maximum(A, 0), (a, lambda g: np.where(A > 0, g, 0)))

    def log_softmax(self, a):
        A = self.values[a]
        top = A - A.max(axis=1, keepdims=True)
        out = top - np.log(np.exp(top).sum(axis=1, keepdims=True))
        return self.step(out, (a, lambda g: g - np.exp(out) * g.sum(axis=1, keepdims=True)))

    def nll(self, a, y):
        A = self.values[a]
        at = np.zeros_like(A)
        at[np.arange(len(y)), y] = -1 / len(y)
        return self.step((at * A).sum(), (a, lambda g: g * at))

    def l2(self, a, reg):
        A = self.values[a]
        return self.step(reg / 2 * np.sum(A * A), (a, lambda g: g * reg * A))

    def total(self, *terms):
        value = sum(self.values[t] for t in terms)
        return self.step(value, *[(t, lambda g: g) for t in terms])

    def adjoints(self, last):
        bars = [np.zeros_like(v) for v in self.values]
        bars[last] = np.ones(())
        for number, parents in self.steps[::-1]:
            for parent, pull in parents:
                bars[parent] = bars[parent] + pull(bars[number])
        return bars

def backward(X, y, W1, b1, W2, b2, reg):
    w = List()
    x, p, q, r, s = [w.leaf(v) for v in (X, W1, b1, W2, b2)]
    hidden = w.relu(w.add(w.matmul(x, p), q))
    logp = w.log_softmax(w.add(w.matmul(hidden, r), s))
    loss = w.total(w.nll(logp, y), w.l2(p, reg), w.l2(r, reg))
    bars = w.adjoints(loss)
    grads = {"dW1": bars[p], "db1": bars[q], "dW2": bars[r], "db2": bars[s]}
    return {"loss": float(w.values[loss]), **grads}
"""

wrong(
    "wengert",
    "slope_of_the_log_softmax",
    ("g - np.exp(out) * g.sum(", "g - out * g.sum("),
    line=("return self.step(out, (a, lambda g: g - out * g.sum(axis=1, keepdims=True)))",),
    quantity=("dz2", "P"),
    what="the logarithm of P stands where P belongs",
)
wrong(
    "wengert",
    "last_parent_only",
    ("bars[parent] = bars[parent] + pull(bars[number])", "bars[parent] = pull(bars[number])"),
    line=("bars[parent] = pull(bars[number])",),
    quantity=("dW2", "dW1"),
    what="= for +=: of a weight's two uses the last one that is gone through remains",
)

RIGHT["modules"] = """
import numpy as np

class Linear:
    def __init__(self, W, b):
        self.W, self.b = W, b

    def forward(self, inp):
        self.inp = inp
        return inp.dot(self.W) + self.b

    def backward(self, gout):
        self.gW = self.inp.T.dot(gout)
        self.gb = gout.sum(0, keepdims=True)
        return gout.dot(self.W.T)

class ReLU:
    def forward(self, inp):
        self.keep = (inp > 0).astype(float)
        return inp * self.keep

    def backward(self, gout):
        return gout * self.keep

class SoftmaxLoss:
    def __init__(self, y):
        self.y = y

    def forward(self, inp):
        e = np.exp(inp - inp.max(1, keepdims=True))
        self.prob = e / e.sum(1, keepdims=True)
        return -np.log(self.prob[np.arange(len(self.y)), self.y]).mean()

    def backward(self):
        g = self.prob.copy()
        g[np.arange(len(self.y)), self.y] -= 1
        return g / len(self.y)

class Sequential:
    def __init__(self, *modules):
        self.modules = list(modules)

    def forward(self, inp):
        for module in self.modules:
            inp = module.forward(inp)
        return inp

    def backward(self, gout):
        for module in reversed(self.modules):
            gout = module.backward(gout)

    def decay(self, reg):
        for module in self.modules:
            if isinstance(module, Linear):
                module.gW += reg * module.W

def backward(X, y, W1, b1, W2, b2, reg):
    first, second = Linear(W1, b1), Linear(W2, b2)
    net, criterion = Sequential(first, ReLU(), second), SoftmaxLoss(y)
    criterion.forward(net.forward(X))
    net.backward(criterion.backward())
    net.decay(reg)
    return {"dW1": first.gW, "db1": first.gb, "dW2": second.gW, "db2": second.gb}
"""

wrong(
    "modules",
    "decay_of_the_last",
    ("modules:\n            if isinstance", "modules[1:]:\n            if isinstance"),
    line=("for module in self.modules[1:]:",),
    quantity=("dW1",),
    what="the loop of the penalty leaves out the first layer",
)
wrong(
    "modules",
    "mask_of_what_comes_back",
    ("        return gout * self.keep", "        return gout * (gout > 0)"),
    line=("return gout * (gout > 0)",),
    quantity=("dz1",),
    what="the mask is of the gradient that comes in, not of the input",
)

RIGHT["overload"] = """
import numpy as np

class A:
    count = 0

    def __init__(self, v, back=()):
        self.v, self.back, self.g = v, back, 0
        A.count += 1
        self.number = A.count

    def __matmul__(self, o):
        return A(self.v @ o.v, [(self, lambda g: g @ o.v.T), (o, lambda g: self.v.T @ g)])

    def __add__(self, o):
        def fit(g, like):
            return g if np.shape(g) == np.shape(like) else g.sum(axis=0, keepdims=True)
        return A(self.v + o.v, [(self, lambda g: fit(g, self.v)), (o, lambda g: fit(g, o.v))])

    def __sub__(self, o):
        return A(self.v - o.v, [(self, lambda g: g), (o, lambda g: -g)])

    def __mul__(self, o):
        if not isinstance(o, A):
            return A(self.v * o, [(self, lambda g: g * o)])
        return A(self.v * o.v, [(self, lambda g: g * o.v), (o, lambda g: g * self.v)])

    def relu(self):
        return A(self.v.clip(0), [(self, lambda g: g * (self.v > 0))])

    def exp(self):
        e = np.exp(self.v)
        return A(e, [(self, lambda g: g * e)])

    def log(self):
        return A(np.log(self.v), [(self, lambda g: g / self.v)])

    def rows(self):
        return A(self.v.sum(1, keepdims=True), [(self, lambda g: np.broadcast_to(g, self.v.shape))])

    def sum(self):
        return A(self.v.sum(), [(self, lambda g: g * np.ones_like(self.v))])

    def grad(self):
        self.g, todo = 1.0, {self.number: self}
        while todo:
            node = todo.pop(max(todo))
            for parent, pull in node.back:
                parent.g = parent.g + pull(node.g)
                todo[parent.number] = parent

def backward(X, y, W1, b1, W2, b2, reg):
    w1, c1, w2, c2 = A(W1), A(b1), A(W2), A(b2)
    s = (A(X) @ w1 + c1).relu() @ w2 + c2
    s = s - A(s.v.max(axis=1, keepdims=True))
    picked = (s * np.eye(W2.shape[1])[y]).sum()
    data = (s.exp().rows().log().sum() - picked) * (1 / len(y))
    loss = data + (w1 * w1).sum() * (reg / 2) + (w2 * w2).sum() * (reg / 2)
    loss.grad()
    return loss.v, {"dW1": w1.g, "db1": c1.g, "dW2": w2.g, "db2": c2.g}
"""

wrong(
    "overload",
    "product_with_itself",
    ("[(self, lambda g: g * o.v), (o, lambda g: g * self.v)]", "[(self, lambda g: g * o.v)]"),
    line=("return A(self.v * o.v, [(self, lambda g: g * o.v)])",),
    quantity=("dW2", "dW1"),
    what="the product's second factor gets no gradient: half of the penalty's is there",
)
wrong(
    "overload",
    "log_slope",
    ("lambda g: g / self.v)", "lambda g: g * np.log(self.v))"),
    line=("return A(np.log(self.v), [(self, lambda g: g * np.log(self.v))])",),
    quantity=("dz2",),
    what="the derivative of log v is 1 / v",
)

RIGHT["dual"] = """
import numpy as np

class Dual:
    def __init__(self, real, part):
        self.real, self.part = real, part

    def dot(self, other):
        return Dual(self.real @ other.real, self.part @ other.real + self.real @ other.part)

    def plus(self, other):
        return Dual(self.real + other.real, self.part + other.part)

    def relu(self):
        on = self.real > 0
        return Dual(self.real * on, self.part * on)

    def exp(self):
        e = np.exp(self.real)
        return Dual(e, e * self.part)

    def log(self):
        return Dual(np.log(self.real), self.part / self.real)

    def sum(self, axis=None):
        return Dual(self.real.sum(axis=axis), self.part.sum(axis=axis))

def still(value):
    return Dual(value, np.zeros(np.shape(value)))

def loss_of(X, y, W1, b1, W2, b2, reg):
    h = still(X).dot(W1).plus(b1).relu()
    s = h.dot(W2).plus(b2)
    top = s.real.max(axis=1, keepdims=True)
    shifted = Dual(s.real - top, s.part)
    norm = shifted.exp().sum(axis=1).log()
    own = shifted.part[np.arange(len(y)), y]
    data = (norm.part - own).sum() / len(y)
    penalty = reg * ((W1.real * W1.part).sum() + (W2.real * W2.part).sum())
    return data + penalty

def backward(X, y, W1, b1, W2, b2, reg):
    params = [W1, b1, W2, b2]
    grads = [np.zeros(p.shape) for p in params]
    for number, grad in enumerate(grads):
        for at in np.ndindex(*grad.shape):
            duals = [still(p) for p in params]
            duals[number].part[at] = 1.0
            grad[at] = loss_of(X, y, *duals, reg)
    return dict(zip(["dW1", "db1", "dW2", "db2"], grads))
"""

wrong(
    "dual",
    "product_rule",
    ("self.part @ other.real + self.real @ other.part)", "self.real @ other.part)"),
    line=("return Dual(self.real @ other.real, self.real @ other.part)",),
    quantity=("da1", "dz1", "dW1", "db1"),
    what="half of the product rule is missing: nothing comes through the second layer",
)
wrong(
    "dual",
    "penalty_halved",
    ("penalty = reg * (", "penalty = reg / 2 * ("),
    line=("penalty = reg / 2 * ((W1.real * W1.part).sum() + (W2.real * W2.part).sum())",),
    quantity=("dW2", "dW1"),
    what="the derivative of reg / 2 times W squared has no 1/2",
)

RIGHT["stack"] = """
import numpy as np

def dense(x, W, b):
    def back(g, grads, name):
        grads["W" + name] = grads.get("W" + name, 0) + x.T @ g
        grads["b" + name] = g.sum(axis=0, keepdims=True)
        return g @ W.T
    return x @ W + b, back

def rectify(x):
    mask = x > 0
    def back(g, grads, name):
        out = np.zeros_like(g)
        out[mask] = g[mask]
        return out
    return np.where(mask, x, 0), back

def softmax(x):
    e = np.exp(x - np.amax(x, axis=1)[:, None])
    p = e / np.sum(e, axis=1)[:, None]
    def back(g, grads, name):
        return p * (g - np.sum(p * g, axis=1)[:, None])
    return p, back

def cross_entropy(p, y):
    rows = np.arange(p.shape[0])
    def back(g, grads, name):
        out = np.zeros_like(p)
        out[rows, y] = -g / p[rows, y] / p.shape[0]
        return out
    return -np.mean(np.log(p[rows, y])), back

def backward(X, y, W1, b1, W2, b2, reg):
    stack, grads = [], {"W1": reg * W1, "W2": reg * W2}
    out = X
    first, second = (dense, "1", (W1, b1)), (dense, "2", (W2, b2))
    rest = [(softmax, "", ()), (cross_entropy, "", (y,))]
    for f, name, args in [first, (rectify, "", ()), second, *rest]:
        out, back = f(out, *args)
        stack.append((back, name))
    g = 1.0
    while stack:
        back, name = stack.pop()
        g = back(g, grads, name)
    return {"d" + name: grads[name] for name in ("W1", "b1", "W2", "b2")}
"""

wrong(
    "stack",
    "softmax_without_its_sum",
    ("return p * (g - np.sum(p * g, axis=1)[:, None])", "return p * (1 - p) * g"),
    line=("return p * (1 - p) * g",),
    quantity=("dz2",),
    what="only the diagonal of the softmax's Jacobian",
)
wrong(
    "stack",
    "weights_not_turned",
    ("return g @ W.T", "return g @ W.reshape(W.shape[::-1])"),
    line=("return g @ W.reshape(W.shape[::-1])",),
    quantity=("da1",),
    what="reshape for the transpose",
)

RIGHT["matrices"] = """
import numpy as np

def jac_affine_x(W, n):
    return np.kron(np.eye(n), W.T)

def jac_affine_W(x, k):
    return np.kron(x, np.eye(k))

def jac_affine_b(n, k):
    return np.kron(np.ones((n, 1)), np.eye(k))

def jac_relu(z):
    return np.diag((z.ravel() > 0).astype(float))

def jac_loss(p, y):
    n = len(y)
    hot = np.zeros(p.shape)
    hot[np.arange(n), y] = 1
    return ((p - hot) / n).reshape(1, -1)

def backward(X, y, W1, b1, W2, b2, reg):
    n, H, C = len(X), W1.shape[1], W2.shape[1]
    z1 = X @ W1 + b1
    a1 = np.maximum(0, z1)
    z2 = a1 @ W2 + b2
    p = np.exp(z2 - z2.max(1)[:, None])
    p = p / p.sum(1)[:, None]

    L_z2 = jac_loss(p, y)
    L_W2 = L_z2 @ jac_affine_W(a1, C)
    L_b2 = L_z2 @ jac_affine_b(n, C)
    L_a1 = L_z2 @ jac_affine_x(W2, n)
    L_z1 = L_a1 @ jac_relu(z1)
    L_W1 = L_z1 @ jac_affine_W(X, H)
    L_b1 = L_z1 @ jac_affine_b(n, H)
    return {
        "dW1": L_W1.reshape(W1.shape) + reg * W1,
        "db1": L_b1.reshape(b1.shape),
        "dW2": L_W2.reshape(W2.shape) + reg * W2,
        "db2": L_b2.reshape(b2.shape),
    }
"""

wrong(
    "matrices",
    "mask_of_scores",
    ("L_z1 = L_a1 @ jac_relu(z1)", "L_z1 = L_a1 @ jac_relu(L_a1)"),
    line=("L_z1 = L_a1 @ jac_relu(L_a1)",),
    quantity=("dz1",),
    what="the ReLU's Jacobian is taken at the gradient",
)
wrong(
    "matrices",
    "mean_of_rows",
    ("np.ones((n, 1)), np.eye(k))", "np.ones((n, 1)) / n, np.eye(k))"),
    line=("return np.kron(np.ones((n, 1)) / n, np.eye(k))",),
    quantity=("db2", "db1"),
    what="the bias is in each sample's score once, not 1/N times",
)

RIGHT["global_tape"] = """
import numpy as np

TAPE = []
GRAD = {}

class Box:
    def __init__(self, data):
        self.data = data

def give(box, g):
    GRAD[id(box)] = GRAD.get(id(box), 0) + g

def affine(x, W, b):
    out = Box(x.data @ W.data + b.data)
    def run():
        g = GRAD[id(out)]
        give(W, x.data.T @ g)
        give(b, g.sum(axis=0))
        give(x, g @ W.data.T)
    TAPE.append(run)
    return out

def relu(x):
    out = Box(np.maximum(x.data, 0.0))
    def run():
        g = GRAD[id(out)].copy()
        g[x.data <= 0] = 0
        give(x, g)
    TAPE.append(run)
    return out

def loss_of(s, y):
    e = np.exp(s.data - s.data.max(axis=1)[:, np.newaxis])
    p = e / e.sum(axis=1)[:, np.newaxis]
    out = Box(-np.log(p[range(len(y)), y]).sum() / len(y))
    def run():
        d = p.copy()
        d[range(len(y)), y] -= 1.0
        give(s, GRAD[id(out)] * d / len(y))
    TAPE.append(run)
    return out

def ridge(loss, W, reg):
    out = Box(loss.data + reg / 2 * np.square(W.data).sum())
    def run():
        g = GRAD[id(out)]
        give(loss, g)
        give(W, g * reg * W.data)
    TAPE.append(run)
    return out

def backward(X, y, W1, b1, W2, b2, reg):
    TAPE.clear()
    GRAD.clear()
    x, W1, b1, W2, b2 = [Box(v) for v in (X, W1, b1, W2, b2)]
    out = loss_of(affine(relu(affine(x, W1, b1)), W2, b2), y)
    out = ridge(ridge(out, W1, reg), W2, reg)
    GRAD[id(out)] = 1.0
    for run in reversed(TAPE):
        run()
    return {"dW1": GRAD[id(W1)], "db1": GRAD[id(b1)], "dW2": GRAD[id(W2)], "db2": GRAD[id(b2)]}
"""

wrong(
    "global_tape",
    "given_not_added",
    ("    GRAD[id(box)] = GRAD.get(id(box), 0) + g", "    GRAD[id(box)] = g"),
    line=("GRAD[id(box)] = g",),
    quantity=("dW2", "dW1"),
    what="what the penalty gave is written over",
)
wrong(
    "global_tape",
    "mask_of_positive",
    ("        g[x.data <= 0] = 0", "        g[x.data < 1] = 0"),
    line=("g[x.data < 1] = 0",),
    quantity=("dz1",),
    what="the mask drops units between 0 and 1",
)

RIGHT["context"] = """
import numpy as np

class Ctx:
    pass

class MatMul:
    @staticmethod
    def forward(ctx, x, w):
        ctx.saved = (x, w)
        return np.matmul(x, w)

    @staticmethod
    def backward(ctx, grad):
        x, w = ctx.saved
        return np.matmul(grad, w.T), np.matmul(x.T, grad)

class AddBias:
    @staticmethod
    def forward(ctx, x, b):
        return x + b

    @staticmethod
    def backward(ctx, grad):
        return grad, np.sum(grad, axis=0)

class Threshold:
    @staticmethod
    def forward(ctx, x):
        ctx.saved = x > 0
        return np.where(ctx.saved, x, 0.0)

    @staticmethod
    def backward(ctx, grad):
        return (np.where(ctx.saved, grad, 0.0),)

class CrossEntropy:
    @staticmethod
    def forward(ctx, s, y):
        s = s - np.max(s, axis=-1, keepdims=True)
        logits = s - np.log(np.sum(np.exp(s), axis=-1, keepdims=True))
        ctx.saved = (logits, y)
        return -np.mean(logits[np.arange(y.size), y])

    @staticmethod
    def backward(ctx, grad):
        logits, y = ctx.saved
        d = np.exp(logits)
        d[np.arange(y.size), y] -= 1
        return (grad * d / y.size,)

class Graph:
    def __init__(self):
        self.nodes = []

    def call(self, op, *args):
        ctx = Ctx()
        out = op.forward(ctx, *args)
        self.nodes.append((op, ctx, args, out))
        return out

    def gradients(self, last, wanted):
        found = {id(last): 1.0}
        for op, ctx, args, out in reversed(self.nodes):
            grads = op.backward(ctx, found[id(out)])
            for arg, grad in zip(args, grads):
                found[id(arg)] = found.get(id(arg), 0) + grad
        return [found[id(v)] for v in wanted]

def backward(X, y, W1, b1, W2, b2, reg):
    graph = Graph()
    u = graph.call(AddBias, graph.call(MatMul, X, W1), b1)
    v = graph.call(Threshold, u)
    s = graph.call(AddBias, graph.call(MatMul, v, W2), b2)
    loss = graph.call(CrossEntropy, s, y)
    dW1, db1, dW2, db2 = graph.gradients(loss, [W1, b1, W2, b2])
    return {"dW1": dW1 + reg * W1, "db1": db1, "dW2": dW2 + reg * W2, "db2": db2}
"""

wrong(
    "context",
    "saved_after",
    ("ctx.saved = x > 0", "ctx.saved = x >= x.mean()"),
    ("return np.where(ctx.saved, x, 0.0)", "return np.maximum(x, 0.0)"),
    line=("ctx.saved = x >= x.mean()",),
    quantity=("dz1",),
    what="the mask kept for the backward pass is of another threshold",
)
wrong(
    "context",
    "log_for_the_softmax",
    ("        d = np.exp(logits)\n", "        d = logits - logits.sum(axis=-1, keepdims=True)\n"),
    line=("d = logits - logits.sum(axis=-1, keepdims=True)",),
    quantity=("dz2", "P"),
    what="log P is not made P again",
)

RIGHT["bars"] = """
import numpy as np

def backward(X, y, W1, b1, W2, b2, reg):
    m = X.shape[0]
    v1 = X @ W1
    v2 = v1 + b1
    v3 = np.maximum(v2, 0)
    v4 = v3 @ W2
    v5 = v4 + b2
    v6 = v5 - v5.max(axis=1, keepdims=True)
    v7 = np.exp(v6)
    v8 = v7.sum(axis=1, keepdims=True)
    v9 = np.log(v8)
    v10 = v6 - v9
    v11 = -v10[np.arange(m), y].sum() / m

    v11_bar = 1.0
    v10_bar = np.zeros_like(v10)
    v10_bar[np.arange(m), y] = -v11_bar / m
    v9_bar = -v10_bar.sum(axis=1, keepdims=True)
    v8_bar = v9_bar / v8
    v7_bar = v8_bar * np.ones_like(v7)
    v6_bar = v10_bar + v7_bar * v7
    v5_bar = v6_bar
    v4_bar, b2_bar = v5_bar, v5_bar.sum(axis=0, keepdims=True)
    v3_bar, W2_bar = v4_bar @ W2.T, v3.T @ v4_bar
    v2_bar = v3_bar * np.sign(v3)
    v1_bar, b1_bar = v2_bar, v2_bar.sum(axis=0, keepdims=True)
    W1_bar = X.T @ v1_bar
    W1_bar = W1_bar + reg * W1
    W2_bar = W2_bar + reg * W2
    loss = v11 + reg / 2 * ((W1**2).sum() + (W2**2).sum())
    return {"loss": loss, "dW1": W1_bar, "db1": b1_bar, "dW2": W2_bar, "db2": b2_bar}
"""

wrong(
    "bars",
    "exp_slope",
    ("v6_bar = v10_bar + v7_bar * v7", "v6_bar = v10_bar + v7_bar * v6"),
    line=("v6_bar = v10_bar + v7_bar * v6",),
    quantity=("dz2", "P"),
    what="the derivative of exp v is exp v, not v",
)
wrong(
    "bars",
    "sign_of_the_norm",
    ("v9_bar = -v10_bar.sum(", "v9_bar = v10_bar.sum("),
    line=("v9_bar = v10_bar.sum(axis=1, keepdims=True)",),
    quantity=("dz2",),
    what="v9 is taken off: its share has a minus",
)

RIGHT["all_directions"] = """
import numpy as np

def backward(X, y, W1, b1, W2, b2, reg):
    N, D = X.shape
    H, C = W2.shape
    z = X @ W1 + b1
    a = np.maximum(z, 0)
    s = a @ W2 + b2
    e = np.exp(s - s.max(axis=1, keepdims=True))
    p = e / e.sum(axis=1, keepdims=True)
    one_hot = np.eye(C)[y]

    # s_dot[k] is how the scores change with the k-th number of a parameter
    def slope(s_dot):
        mean = (p[None] * s_dot).sum(axis=2)
        own = (one_hot[None] * s_dot).sum(axis=2)
        return (mean - own).mean(axis=1)

    z_dot = np.zeros((D, H, N, H))
    for i in range(D):
        for j in range(H):
            z_dot[i, j, :, j] = X[:, i]
    a_dot = z_dot.reshape(D * H, N, H) * (z > 0)
    dW1 = slope(a_dot @ W2).reshape(D, H) + reg * W1

    z_dot = np.repeat(np.eye(H)[:, None, :], N, axis=1)
    a_dot = z_dot * (z > 0)
    db1 = slope(a_dot @ W2)

    s_dot = np.zeros((H, C, N, C))
    for j in range(H):
        for k in range(C):
            s_dot[j, k, :, k] = a[:, j]
    dW2 = slope(s_dot.reshape(H * C, N, C)).reshape(H, C) + reg * W2
    db2 = slope(np.repeat(np.eye(C)[:, None, :], N, axis=1))
    return dW1, db1, dW2, db2
"""

wrong(
    "all_directions",
    "mask_forgotten_in_db1",
    ("    a_dot = z_dot * (z > 0)\n    db1", "    a_dot = z_dot\n    db1"),
    line=("a_dot = z_dot",),
    quantity=("db1",),
    what="the second time, the mask is missing",
)
wrong(
    "all_directions",
    "score_for_unit",
    ("            s_dot[j, k, :, k] = a[:, j]", "            s_dot[j, k, :, k] = z[:, j]"),
    line=("s_dot[j, k, :, k] = z[:, j]",),
    quantity=("dW2",),
    what="z1 where a1 belongs",
)

# More mistakes in these.

wrong(
    "wengert",
    "mean_of_features",
    ("(b, lambda g: A.T @ g))", "(b, lambda g: A.T @ g / len(A)))"),
    line=("return self.step(A @ B, (a, lambda g: g @ B.T), (b, lambda g: A.T @ g / len(A)))",),
    quantity=("dW2", "dW1"),
    what="divided by the number of rows once more",
)

wrong(
    "wengert",
    "mask_of_what_comes_back",
    ("np.where(A > 0, g, 0)", "np.where(g > 0, g, 0)"),
    line=("return self.step(np.maximum(A, 0), (a, lambda g: np.where(g > 0, g, 0)))",),
    quantity=("dz1",),
    what="the mask is of the gradient that comes in",
)

wrong(
    "modules",
    "bias_for_input",
    ("return gout.dot(self.W.T)", "return self.gb.dot(self.W.T)+0*gout.dot(self.W.T)"),
    line=("return self.gb.dot(self.W.T)+0*gout.dot(self.W.T)",),
    quantity=("da1",),
    what="the bias's gradient goes back, not the input's",
)

wrong(
    "modules",
    "no_mean",
    ("        return g / len(self.y)", "        return g"),
    line=("return g",),
    quantity=("dz2",),
    what="1/N is missing",
)

wrong(
    "modules",
    "mean_of_bias",
    ("        self.gb = gout.sum(0, keepdims=True)", "        self.gb = gout.mean(0, keepdims=True)"),
    line=("self.gb = gout.mean(0, keepdims=True)",),
    quantity=("db2", "db1"),
    what="the mean for the sum",
)

wrong(
    "overload",
    "minus_lost",
    ("return A(self.v - o.v, [(self, lambda g: g), (o, lambda g: -g)])", "return A(self.v - o.v, [(self, lambda g: g), (o, lambda g: g)])"),
    line=("return A(self.v - o.v, [(self, lambda g: g), (o, lambda g: g)])",),
    quantity=("dz2",),
    what="what is taken off has a minus",
)

wrong(
    "overload",
    "exp_slope",
    ("lambda g: g * e)", "lambda g: g * self.v)"),
    line=("return A(e, [(self, lambda g: g * self.v)])",),
    quantity=("dz2", "P"),
    what="the derivative of exp v is exp v, not v",
)

wrong(
    "overload",
    "given_not_added",
    ("parent.g = parent.g + pull(node.g)", "parent.g = pull(node.g)"),
    line=("parent.g = pull(node.g)",),
    quantity=("dz2", "P", "dW2", "dW1"),
    what="= for +=: of a value's two uses one counts",
)

wrong(
    "overload",
    "output_for_slope",
    ("lambda g: g * (self.v > 0)", "lambda g: g * self.v.clip(0)"),
    line=("return A(self.v.clip(0), [(self, lambda g: g * self.v.clip(0))])",),
    quantity=("dz1",),
    what="the output stands for the slope",
)

wrong(
    "dual",
    "relu_of_the_real_alone",
    ("return Dual(self.real * on, self.part * on)", "return Dual(self.real * on, self.part)"),
    line=("return Dual(self.real * on, self.part)",),
    quantity=("dz1",),
    what="the part that is the derivative is not masked",
)

wrong(
    "dual",
    "exp_of_the_real_alone",
    ("return Dual(e, e * self.part)", "return Dual(e, self.part)"),
    line=("return Dual(e, self.part)",),
    quantity=("dz2", "P"),
    what="the chain rule is missing in exp",
)

wrong(
    "dual",
    "first_class",
    ("own = shifted.part[np.arange(len(y)), y]", "own = shifted.part[:, 0]"),
    line=("own = shifted.part[:, 0]",),
    quantity=("dz2", "Y_ind"),
    what="the first class for each sample's own",
)

wrong(
    "dual",
    "bias_stands_still",
    ("self.part + other.part)", "self.part)"),
    line=("return Dual(self.real + other.real, self.part)",),
    quantity=("db2", "db1"),
    what="the bias's part is left out of the sum",
)

wrong(
    "stack",
    "input_for_gradient",
    ("out[mask] = g[mask]", "out[mask] = x[mask]"),
    line=("out[mask] = x[mask]",),
    quantity=("dz1",),
    what="the input goes back, not the gradient",
)

wrong(
    "stack",
    "times_p",
    ("out[rows, y] = -g / p[rows, y] / p.shape[0]", "out[rows, y] = -g * p[rows, y] / p.shape[0]"),
    line=("out[rows, y] = -g * p[rows, y] / p.shape[0]",),
    quantity=("dz2",),
    what="times P for divided by P",
)

wrong(
    "stack",
    "square_for_weight",
    ('"W1": reg * W1, "W2": reg * W2}', '"W1": reg * W1, "W2": reg * W2 ** 2}'),
    line=('stack, grads = [], {"W1": reg * W1, "W2": reg * W2 ** 2}',),
    quantity=("dW2",),
    what="the square of W for W",
)

wrong(
    "matrices",
    "absolute_input",
    ("return np.kron(x, np.eye(k))", "return np.kron(abs(x), np.eye(k))"),
    line=("return np.kron(abs(x), np.eye(k))",),
    quantity=("dW2", "dW1"),
    what="the absolute value of the input",
)

wrong(
    "matrices",
    "column_order",
    ("return ((p - hot) / n).reshape(1, -1)", 'return ((p - hot) / n).reshape(1, -1, order="F")'),
    line=('return ((p - hot) / n).reshape(1, -1, order="F")',),
    quantity=("dz2",),
    what="the scores' gradient is unrolled by columns",
)

wrong(
    "matrices",
    "before_the_mask",
    ("L_W1 = L_z1 @ jac_affine_W(X, H)", "L_W1 = L_a1 @ jac_affine_W(X, H)"),
    line=("L_W1 = L_a1 @ jac_affine_W(X, H)",),
    quantity=("dW1",),
    what="the gradient before the mask",
)

wrong(
    "global_tape",
    "mean_of_bias",
    ("give(b, g.sum(axis=0))", "give(b, g.sum(axis=0) / len(g))"),
    line=("give(b, g.sum(axis=0) / len(g))",),
    quantity=("db2", "db1"),
    what="the mean for the sum",
)

wrong(
    "global_tape",
    "one_for_all",
    ("d[range(len(y)), y] -= 1.0", "d[range(len(y)), y] = 1.0"),
    line=("d[range(len(y)), y] = 1.0",),
    quantity=("dz2",),
    what="1 is put there, not taken off",
)

wrong(
    "global_tape",
    "reg_alone",
    ("give(W, g * reg * W.data)", "give(W, g * reg)"),
    line=("give(W, g * reg)",),
    quantity=("dW2", "dW1"),
    what="W is missing",
)

wrong(
    "context",
    "mask_inverted",
    ("return (np.where(ctx.saved, grad, 0.0),)", "return (np.where(ctx.saved, 0.0, grad),)"),
    line=("return (np.where(ctx.saved, 0.0, grad),)",),
    quantity=("dz1",),
    what="the mask is inverted",
)

wrong(
    "context",
    "first_twice",
    ("found[id(arg)] = found.get(id(arg), 0) + grad", "found[id(arg)] = found.get(id(arg), grad) + grad"),
    line=("found[id(arg)] = found.get(id(arg), grad) + grad",),
    quantity=("dz2", "dW2", "db2", "da1", "dz1", "dW1", "db1"),
    what="the first gradient is added twice",
)

wrong(
    "context",
    "divided_by_width",
    ("return np.matmul(grad, w.T), np.matmul(x.T, grad)", "return np.matmul(grad, w.T), np.matmul(x.T, grad) / x.shape[1]"),
    line=("return np.matmul(grad, w.T), np.matmul(x.T, grad) / x.shape[1]",),
    quantity=("dW2", "dW1"),
    what="divided by the number of columns",
)

wrong(
    "bars",
    "sign_of_input",
    ("v2_bar = v3_bar * np.sign(v3)", "v2_bar = v3_bar * np.sign(v2)"),
    line=("v2_bar = v3_bar * np.sign(v2)",),
    quantity=("dz1",),
    what="the sign of the input is -1 where it should be 0",
)

wrong(
    "bars",
    "sign_of_label",
    ("v10_bar[np.arange(m), y] = -v11_bar / m", "v10_bar[np.arange(m), y] = v11_bar / m"),
    line=("v10_bar[np.arange(m), y] = v11_bar / m",),
    quantity=("dz2",),
    what="the minus of the loss is missing",
)

wrong(
    "bars",
    "norm_forgotten",
    ("v7_bar = v8_bar * np.ones_like(v7)", "v7_bar = v9_bar * np.ones_like(v7)"),
    line=("v7_bar = v9_bar * np.ones_like(v7)",),
    quantity=("dz2", "P"),
    what="the sum's gradient before it was divided by the sum",
)

wrong(
    "bars",
    "reg_over_n",
    ("W1_bar = W1_bar + reg * W1", "W1_bar = W1_bar + reg * W1 / m"),
    line=("W1_bar = W1_bar + reg * W1 / m",),
    quantity=("dW1",),
    what="the penalty is divided by N",
)

wrong(
    "all_directions",
    "sum_for_mean",
    ("return (mean - own).mean(axis=1)", "return (mean - own).sum(axis=1)"),
    line=("return (mean - own).sum(axis=1)",),
    quantity=("dz2",),
    what="the sum for the mean",
)

wrong(
    "all_directions",
    "mask_inverted",
    ("a_dot = z_dot.reshape(D * H, N, H) * (z > 0)", "a_dot = z_dot.reshape(D * H, N, H) * (z < 0)"),
    line=("a_dot = z_dot.reshape(D * H, N, H) * (z < 0)",),
    quantity=("dz1", "dW1"),
    what="the mask is inverted",
)

wrong(
    "all_directions",
    "wrong_column",
    ("z_dot[i, j, :, j] = X[:, i]", "z_dot[i, j, :, i] = X[:, i]"),
    line=("z_dot[i, j, :, i] = X[:, i]",),
    quantity=("dW1",),
    what="the column is that of the feature",
)
