// Ask a number: its lines as a ledger, and what it is made of lit up in the pictures.

const SVG_PARTS = { row: ([, columns], at) => [0, at.index, columns, 1], column: ([rows], at) => [at.index, 0, 1, rows], cell: (_, at) => [at.column, at.row, 1, 1] };

function ask(step, i, j) {
  const { key } = step.dataset;
  const found = explain(key, i, j);
  const [rowInput, columnInput] = step.querySelectorAll(".asking input");
  if (rowInput && document.activeElement !== rowInput) rowInput.value = numberOf(key, i);
  if (columnInput && document.activeElement !== columnInput) columnInput.value = j;
  light(step, found.lit);
  markCells(step, i, j);
  step.querySelector(".ledger-place").replaceChildren(ledger(key, i, j, found), ...notes(key, i, j, found));
}

function ledger(key, i, j, { lines }) {
  const record = get(key, i, j);
  // What is set apart (a maximum, a sum that is divided by) has a size of its own.
  const decimals = decimalsFor([...lines.filter((line) => !line.whole && !line.aside).map((line) => line.value ?? 0), record]);
  const rows = lines.map((line) => make("tr", line.rest ? { class: "rest" } : {},
    make("td", { class: "sign" }, line.sign),
    make("td", { class: "what" }, line.what),
    make("td", { class: "factors" }, line.factors.map(short).join(" · ")),
    make("td", { class: "number" }, line.value === null ? "not on this page" : line.whole ? String(line.value) : fixed(line.value, decimals))));
  rows.push(make("tr", { class: "total" },
    make("td", { class: "sign" }, "="), make("td", { class: "what" }, key === "loss" ? "L" : named(key, i, j)),
    make("td", { class: "factors" }), make("td", { class: "number" }, exactly(record))));
  if (data.matrices[key].autograd) {
    const theirs = byAutograd(key)[i * shapeOf(key)[1] + j];
    rows.push(make("tr", { class: "theirs" },
      make("td"), make("td", { class: "what" }, "by autograd"), make("td", { class: "factors" }), make("td", { class: "number" }, exactly(theirs))));
  }
  const table = make("table", { class: "ledger" }, make("tbody", {}, ...rows));
  const about = className(key, j);
  if (about) table.prepend(make("caption", {}, about));
  return table;
}

function className(key, j) {
  if (!["z2", "P", "dz2", "dW2", "db2"].includes(key) || !data.classes.length) return null;
  const name = make("bdi", {}, data.classes[j]);
  const caption = make("span", {}, `column ${j} is the class `, name);
  return caption;
}

function notes(key, i, j, { computed, bound }) {
  if (computed === null) return [make("p", { class: "ledger-note" }, `The page holds ${data.rows.length} of the ${data.N} rows, so it cannot add up the rest.`)];
  const record = get(key, i, j);
  const apart = Math.abs(computed - record);
  if (apart <= bound) return apart === 0 ? [] : [make("p", { class: "ledger-note" }, "Added up here, in another order, it comes out ", small(apart), " away: rounding.")];
  return [make("p", { class: "ledger-note off" }, `These lines come to ${exactly(computed)}, and the record says ${exactly(record)}: that is more than rounding.`)];
}

function light(step, lit) {
  for (const picture of step.querySelectorAll(".pic")) {
    const group = picture.querySelector(".lit");
    const { key } = picture.dataset;
    const [rows, columns] = shapeOf(key);
    const turned = "turned" in picture.dataset;
    group.replaceChildren();
    for (const at of lit.filter((entry) => entry.key === key)) {
      let [x, y, width, height] = SVG_PARTS[at.part]([rows, columns], at);
      let [allX, allY] = [columns, rows];
      if (turned) [x, y, width, height, allX, allY] = [y, x, height, width, allY, allX];
      group.append(
        makeSvg("path", { d: `M0 0H${allX}V${allY}H0ZM${x} ${y}v${height}h${width}v${-height}Z` }),
        makeSvg("rect", { x, y, width, height }));
    }
  }
}

function markCells(step, i, j) {
  for (const cell of step.querySelectorAll(".asked")) cell.classList.remove("asked");
  for (const table of step.querySelectorAll(".heat")) {
    const cell = [...table.querySelectorAll(`tr[data-index="${i}"] td`)].find((td) => columnOf(td) === j);
    cell?.classList.add("asked");
  }
}

const columnOf = (cell) => Number(cell.closest("table").tHead.rows[0].cells[cell.cellIndex].textContent);
const askCell = (cell) => ask(cell.closest(".step"), Number(cell.parentElement.dataset.index), columnOf(cell));

function askPicture(event, picture) {
  const box = picture.getBoundingClientRect();
  const [rows, columns] = shapeOf(picture.dataset.key);
  const inside = (share, count) => Math.min(count - 1, Math.max(0, Math.floor(share * count)));
  ask(picture.closest(".step"), inside((event.clientY - box.top) / box.height, rows), inside((event.clientX - box.left) / box.width, columns));
}

function startAsking() {
  const stage = document.querySelector(".stage");
  const answer = (event) => {
    const cell = event.target.closest(".heat tbody td");
    const picture = event.target.closest(".result .pic, .apart .pic");
    if (cell) askCell(cell);
    else if (picture) askPicture(event, picture);
  };
  stage.addEventListener("pointermove", answer);
  stage.addEventListener("pointerdown", answer);
  stage.addEventListener("focusin", (event) => { if (event.target.matches(".heat td")) askCell(event.target); });
  stage.addEventListener("input", (event) => { if (event.target.closest(".asking")) askInputs(event.target.closest(".step")); });
  stage.addEventListener("keydown", moveInTable);
  for (const table of document.querySelectorAll(".heat")) makeGrid(table);
  for (const button of document.querySelectorAll(".all-rows")) button.addEventListener("click", () => toggleRows(button));
}

function askInputs(step) {
  const { key } = step.dataset;
  const [number, column] = [...step.querySelectorAll(".asking input")].map((input) => Number(input.value));
  const [i, columns] = [indexOf(key, number), shapeOf(key)[1]];
  if (Number.isInteger(i) && i >= 0 && i < shapeOf(key)[0] && Number.isInteger(column) && column >= 0 && column < columns) ask(step, i, column);
  else step.querySelector(".ledger-place").replaceChildren(make("p", { class: "ledger-note" }, "There is no such element on this page."));
}

// One cell of each table can be reached with Tab; the arrow keys go on from there.
function makeGrid(table) {
  table.setAttribute("role", "grid");
  const cells = table.querySelectorAll("tbody td");
  cells.forEach((cell, at) => cell.setAttribute("tabindex", at ? -1 : 0));
}

function moveInTable(event) {
  const cell = event.target;
  const by = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0] }[event.key];
  if (!by || !cell.matches(".heat td") || event.ctrlKey || event.altKey || event.metaKey) return;
  event.preventDefault();
  event.stopPropagation();
  const rows = [...cell.closest("tbody").rows];
  const next = rows[rows.indexOf(cell.parentElement) + by[0]]?.cells[cell.cellIndex + by[1]];
  if (!next?.matches("td")) return;
  cell.setAttribute("tabindex", -1);
  next.setAttribute("tabindex", 0);
  next.focus();
}

function toggleRows(button) {
  const open = button.getAttribute("aria-expanded") !== "true";
  for (const table of button.closest(".step").querySelectorAll(".heat")) {
    if (open) showAllRows(table);
    else table.querySelectorAll("tr[data-added]").forEach((added) => added.remove());
    table.parentElement.classList.toggle("tall", open);
  }
  button.setAttribute("aria-expanded", open);
  button.textContent = open ? "Show the first rows only" : "Show all rows";
}

function showAllRows(table) {
  const { key, side } = table.dataset;
  const values = side === "hand" ? byHand(key) : byAutograd(key);
  const [rows, columns] = shapeOf(key);
  const shown = [...table.tHead.rows[0].cells].slice(1).map((cell) => Number(cell.textContent));
  const body = table.tBodies[0];
  const there = new Map([...body.rows].map((line) => [Number(line.dataset.index), line]));
  for (let i = 0; i < rows; i += 1) {
    const line = there.get(i) ?? make("tr", { "data-index": i, "data-added": "" },
      make("th", { scope: "row" }, String(numberOf(key, i))),
      ...shown.map((column) => {
        const value = values[i * columns + column];
        return make("td", { tabindex: -1, class: cellShade(key, value) }, cellText(key, value));
      }));
    body.append(line);
  }
}
