// What a browser adds where scripts run. Without them every page works by its links and forms.
"use strict";

// Buttons that copy a command.
document.addEventListener("click", async (event) => {
  const button = event.target.closest("button[data-copy]");
  if (!button) return;
  const said = button.querySelector(".said");
  try {
    await navigator.clipboard.writeText(button.dataset.copy);
    said.textContent = "copied";
  } catch {
    getSelection().selectAllChildren(button.parentElement.querySelector("code"));
    said.textContent = "selected";
  }
  setTimeout(() => { said.textContent = ""; }, 2000);
});

function equip(part) {
  for (const button of part.querySelectorAll("button.copy")) button.hidden = false;
}
equip(document);
