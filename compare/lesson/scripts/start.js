// The page is complete without this script; with it, it answers.

document.documentElement.classList.add("js");
for (const part of document.querySelectorAll(".needs-script")) part.hidden = false;

const root = document.documentElement.classList;
document.querySelector(".theme").addEventListener("click", () => {
  const dark = root.contains("dark") || (!root.contains("light") && matchMedia("(prefers-color-scheme: dark)").matches);
  root.toggle("dark", !dark);
  root.toggle("light", dark);
});

startAsking();
startStepping();
startSlope();
startMistakes();
