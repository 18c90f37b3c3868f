// One mistake at a time.

function startMistakes() {
  const choice = document.querySelector(".mistake-choice");
  for (const mistake of document.querySelectorAll(".mistake")) {
    choice.append(make("option", { value: mistake.id }, `${mistake.dataset.line}: ${mistake.querySelector("h3").textContent}`));
  }
  const show = () => {
    for (const mistake of document.querySelectorAll(".mistake")) mistake.hidden = mistake.id !== choice.value;
  };
  const by = (distance) => {
    const count = choice.options.length;
    choice.selectedIndex = (choice.selectedIndex + distance + count) % count;
    show();
  };
  choice.addEventListener("change", show);
  choice.closest("p").querySelector(".previous").addEventListener("click", () => by(-1));
  choice.closest("p").querySelector(".next").addEventListener("click", () => by(1));
  const named = address();
  if ([...choice.options].some((option) => option.value === named)) choice.value = named;
  show();
  if (choice.value === named) document.getElementById("mistakes").scrollIntoView();
}
