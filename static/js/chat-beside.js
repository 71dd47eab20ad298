// Choosing several models for one question: how many there are, and no more than there may be.

const MOST_FURTHER = 3; // beside the one that is chosen anyway

const composer = document.getElementById("composer");
const choice = composer.querySelector("[data-beside-choice]");
const count = composer.querySelector("[data-beside-count]");

function boxes() {
  return [...choice.querySelectorAll("input[name=beside]")];
}

function show() {
  for (const box of boxes()) if (box.value === composer.elements.model.value) box.checked = false;
  const chosen = boxes().filter((box) => box.checked).length;
  for (const box of boxes()) {
    box.disabled = box.value === composer.elements.model.value || (!box.checked && chosen >= MOST_FURTHER);
  }
  count.dataset.besideCount = chosen;
  count.textContent = chosen ? `${chosen + 1} models` : "Compare";
}

choice.addEventListener("change", show);
composer.elements.model.addEventListener("change", show);
composer.addEventListener("chat:sent", () => {
  for (const box of boxes()) box.checked = false;
  choice.open = false;
  show();
});

// Who goes on with a reply goes on with its model, if that is still on offer.
document.body.addEventListener("htmx:afterRequest", (event) => {
  const model = event.detail.requestConfig.elt.dataset.goOnWith;
  const select = composer.elements.model;
  if (!event.detail.successful || event.detail.xhr.status >= 400 || ![...select.options].some((option) => option.value === model)) return;
  select.value = model;
  select.dispatchEvent(new Event("change", { bubbles: true }));
});
show();
