// One step at a time: by links, buttons, arrow keys and the address (#dz2).

const stepOf = (key) => document.getElementById(key);
let current = null;

function go(key, { focus = false, scroll = false, remember = true } = {}) {
  const step = stepOf(key);
  const hadFocus = current && stepOf(current).contains(document.activeElement);
  current = key;
  for (const other of document.querySelectorAll(".step")) other.hidden = other !== step;
  for (const link of document.querySelectorAll(".rail a")) {
    if (link.dataset.go === key) link.setAttribute("aria-current", "step");
    else link.removeAttribute("aria-current");
  }
  lightGraph(key);
  if (!step.querySelector(".ledger, .ledger-note")) askFirst(step);
  if (scroll) document.querySelector(".rail").scrollIntoView();
  if (focus || hadFocus) step.focus({ preventScroll: true });
  if (remember) setAddress(key);
}

// To begin with, the element at which the two sides are furthest apart.
function askFirst(step) {
  const { key } = step.dataset;
  const at = data.largest[key].at;
  const i = at.length === 2 ? indexOf(key, at[0]) : 0;
  ask(step, Math.max(0, i), at.length === 2 ? at[1] : 0);
}

function setAddress(key) {
  try {
    history.replaceState(null, "", `#${key}`);
  } catch {
    // A page inside a notebook has no address of its own.
  }
}

function lightGraph(key) {
  for (const node of document.querySelectorAll(".node")) node.classList.toggle("lit", node.dataset.steps.split(" ").includes(key));
  const travelling = data.edges[key];
  for (const edge of document.querySelectorAll("[data-keys]")) edge.classList.toggle("lit", travelling.includes(edge.dataset.keys));
}

function goBy(distance) {
  const next = data.order[data.order.indexOf(current) + distance];
  if (next) go(next);
}

const keepsArrows = (target) => target.closest("input, select, textarea") || [...[target.closest(".scroll, pre, .formula")]].some((box) => box && box.scrollWidth > box.clientWidth);

function startStepping() {
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.altKey || event.metaKey || event.shiftKey || keepsArrows(event.target)) return;
    if (event.key !== "ArrowLeft" && event.key !== "ArrowRight") return;
    event.preventDefault();
    goBy(event.key === "ArrowRight" ? 1 : -1);
  });
  document.addEventListener("click", (event) => {
    const link = event.target.closest("a[data-go], .to-node");
    if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    if (link.matches(".to-node")) showNode(link.dataset.node);
    else go(link.dataset.go, { focus: !link.closest(".rail, .graph"), scroll: !link.closest(".rail, .graph") });
  });
  for (const step of document.querySelectorAll(".step")) {
    step.querySelector(".previous").addEventListener("click", () => turn(-1, ".previous"));
    step.querySelector(".next").addEventListener("click", () => turn(1, ".next"));
  }
  addEventListener("hashchange", () => fromAddress());
  go(data.order.includes(address()) ? address() : data.order[0], { remember: false, scroll: data.order.includes(address()) });
}

// The button that was pressed stays under the finger.
function turn(distance, button) {
  goBy(distance);
  const next = stepOf(current).querySelector(button);
  if (next.disabled) stepOf(current).focus({ preventScroll: true });
  else next.focus({ preventScroll: true });
}

const address = () => decodeURIComponent(location.hash.slice(1));

function fromAddress() {
  if (data.order.includes(address())) go(address(), { scroll: true, remember: false });
}

function showNode(number) {
  const node = [...document.querySelectorAll(`.node[data-node="${number}"]`)].find((one) => one.getBoundingClientRect().width > 0);
  node?.focus();
  node?.scrollIntoView({ block: "nearest" });
}
