// Pictures that are dropped on the page or pasted into it go through the form for importing.

const form = () => document.getElementById("import");
let isOurs = false; // a picture of this page that is dragged about
let depth = 0;

const hasFiles = (data) => !isOurs && [...(data?.types ?? [])].includes("Files");

function bring(files) {
  form().elements.pictures.files = files;
  const text = files.length === 1 ? "Reading the picture." : `Reading ${files.length} pictures.`;
  document.dispatchEvent(new CustomEvent("toast", { detail: { text, kind: "wait" } }));
  form().requestSubmit();
}

function show(isDropping) {
  document.body.toggleAttribute("data-dropping", isDropping);
  if (!isDropping) depth = 0;
}

document.addEventListener("dragstart", () => { isOurs = true; });
document.addEventListener("dragend", () => { isOurs = false; });
document.addEventListener("dragenter", (event) => {
  if (!hasFiles(event.dataTransfer)) return;
  depth += 1;
  show(true);
});
document.addEventListener("dragleave", (event) => {
  if (!hasFiles(event.dataTransfer)) return;
  depth -= 1;
  if (depth <= 0) show(false);
});
document.addEventListener("dragover", (event) => {
  if (hasFiles(event.dataTransfer)) event.preventDefault();
});
document.addEventListener("drop", (event) => {
  if (!hasFiles(event.dataTransfer)) return;
  event.preventDefault();
  show(false);
  if (event.dataTransfer.files.length) bring(event.dataTransfer.files);
});

document.addEventListener("paste", (event) => {
  if (!event.clipboardData?.files.length) return;
  event.preventDefault();
  bring(event.clipboardData.files);
});

document.addEventListener("htmx:afterRequest", (event) => {
  if (event.detail.elt === form()) form().elements.pictures.value = "";
});
document.addEventListener("htmx:afterSwap", (event) => {
  if (event.detail.target.id === "imported") document.getElementById("imported").scrollIntoView({ block: "nearest" });
});

for (const hint of document.querySelectorAll("[data-drop-hint]")) hint.hidden = false;
