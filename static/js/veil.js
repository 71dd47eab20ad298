// Marked pictures: "b" shows or hides the one that has the focus, or the only one of the page.

function veilAt(element) {
  const card = element?.closest?.(".picture");
  return (card ?? document.querySelector(".viewer__matte, .shared-pictures__matte"))?.querySelector(".veil__switch");
}

document.addEventListener("keydown", (event) => {
  if (event.key !== "b" || event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
  if (event.target.closest?.("textarea, select, dialog[open], input:not([type=checkbox])")) return;
  const found = veilAt(document.activeElement);
  if (!found?.checkVisibility({ visibilityProperty: false })) return;
  event.preventDefault();
  found.click();
});
