// The composer, copying, and following the end of the conversation.

const composer = document.getElementById("composer");
const scroll = document.getElementById("scroll");
const latest = document.querySelector("[data-latest]");

// --- following -----------------------------------------------------------------------------------
// The page follows only while the reader is at the end; any move up lets go.

const NEAR = 48; // pixels
let following = true;
let before = { top: 0, height: 0 };

function toTheEnd() {
  scroll.scrollTop = scroll.scrollHeight;
}

function atTheEnd() {
  return scroll.scrollHeight - scroll.scrollTop - scroll.clientHeight < NEAR;
}

scroll.addEventListener("scroll", () => {
  const now = { top: scroll.scrollTop, height: scroll.scrollHeight };
  // Text that grows or is drawn again also moves what is seen; only a reader moves it up and nothing else.
  const movedUp = now.top < before.top && now.height >= before.height;
  following = atTheEnd() || (following && !movedUp);
  latest.hidden = following;
  before = now;
}, { passive: true });
latest.addEventListener("click", () => {
  following = true;
  toTheEnd();
});
new ResizeObserver(() => following && toTheEnd()).observe(scroll.firstElementChild);
new ResizeObserver(() => following && toTheEnd()).observe(scroll);
if (!location.search.includes("before=")) toTheEnd();

// --- send and stop -------------------------------------------------------------------------------

const text = composer.elements.text;
let sent = "";

export function showWhatRuns() {
  const runs = document.querySelector('#thread [data-status="running"], #thread [data-status="queued"]') !== null;
  const send = composer.querySelector("[data-send]");
  const stop = composer.querySelector("[data-stop]");
  const focused = document.activeElement === send || document.activeElement === stop;
  composer.toggleAttribute("data-runs", runs);
  composer.querySelector("[data-send-word]").textContent = runs ? "Send next" : "Send";
  send.hidden = runs && !text.value.trim();
  stop.hidden = !runs;
  stop.disabled = false;
  if (focused && document.activeElement.hidden) text.focus();
}

function composing(event) {
  return event.isComposing || event.keyCode === 229; // 229: Safari, on the Enter that ends a composition
}

text.addEventListener("keydown", (event) => {
  if (event.key !== "Enter" || event.shiftKey || composing(event)) return;
  event.preventDefault();
  const send = composer.querySelector("[data-send]");
  if (!send.hidden && !send.disabled && text.value.trim()) composer.requestSubmit(send);
});
text.addEventListener("input", showWhatRuns);
if (matchMedia("(pointer: fine)").matches) text.focus({ preventScroll: true });

composer.addEventListener("htmx:beforeRequest", (event) => {
  if (event.target !== composer) return;
  document.getElementById("refusal").replaceChildren();
  sent = text.value;
});
composer.addEventListener("htmx:afterRequest", (event) => {
  if (event.target !== composer || !event.detail.successful) return;
  if (text.value === sent) text.value = ""; // else somebody has begun the next message already
  takeFiles([]);
  composer.dispatchEvent(new CustomEvent("chat:sent", { detail: sent }));
  text.focus();
  following = true;
  toTheEnd();
});
document.body.addEventListener("htmx:afterSettle", showWhatRuns);
showWhatRuns();
// Asking for a title is nothing that a person did: when it fails, nobody needs to hear of it.
for (const trouble of ["htmx:sendError", "htmx:responseError", "htmx:timeout"]) {
  document.getElementById("entries").addEventListener(trouble, (event) => event.stopPropagation());
}
document.getElementById("stop")?.addEventListener("submit", () => {
  composer.querySelector("[data-stop]").disabled = true;
});
document.getElementById("stop")?.addEventListener("htmx:afterRequest", () => text.focus());

// --- pictures ------------------------------------------------------------------------------------

const input = composer.elements.pictures;
const list = composer.querySelector("[data-files]");
const attach = composer.querySelector("[data-attach]");

function takeFiles(files) {
  if (!input) return;
  const taken = new DataTransfer();
  for (const file of files) taken.items.add(file);
  input.files = taken.files;
  const shown = [...list.querySelectorAll("img")];
  list.replaceChildren(...[...files].map((file, at) => fileChip(file, at)));
  for (const image of shown) URL.revokeObjectURL(image.src);
  list.hidden = files.length === 0;
}

function fileChip(file, at) {
  const chip = document.createElement("li");
  chip.className = "composer__file";
  const image = document.createElement("img");
  image.src = URL.createObjectURL(file);
  image.alt = file.name;
  const remove = document.createElement("button");
  remove.type = "button";
  remove.className = "button button--quiet button--small";
  remove.textContent = "Remove";
  remove.setAttribute("aria-label", `Remove ${file.name}`);
  remove.addEventListener("click", () => {
    takeFiles([...input.files].filter((_, other) => other !== at));
    text.focus();
  });
  chip.append(image, remove);
  return chip;
}

function canAttach() {
  return input && composer.elements.model.selectedOptions[0]?.hasAttribute("data-reads-pictures");
}

function addPictures(files, event) {
  const pictures = [...files].filter((file) => file.type.startsWith("image/"));
  if (!pictures.length || !canAttach()) return;
  event.preventDefault();
  takeFiles([...input.files, ...pictures]);
}

if (input) {
  input.addEventListener("change", () => takeFiles([...input.files]));
  composer.elements.model.addEventListener("change", () => {
    attach.hidden = !canAttach();
    if (!canAttach()) takeFiles([]);
  });
  attach.hidden = !canAttach();
  text.addEventListener("paste", (event) => addPictures(event.clipboardData.files, event));
  composer.addEventListener("dragover", (event) => {
    if (!canAttach()) return;
    event.preventDefault();
    composer.classList.add("composer--dropping");
  });
  composer.addEventListener("dragleave", () => composer.classList.remove("composer--dropping"));
  composer.addEventListener("drop", (event) => {
    composer.classList.remove("composer--dropping");
    addPictures(event.dataTransfer.files, event);
  });
}

// --- copying -------------------------------------------------------------------------------------

function say(control, word) {
  const before = control.dataset.before ?? control.innerHTML;
  control.dataset.before = before;
  control.textContent = word;
  setTimeout(() => { control.innerHTML = before; }, 1500);
}

document.addEventListener("click", async (event) => {
  const whole = event.target.closest("[data-copy-from]");
  if (!navigator.clipboard || !whole) return;
  event.preventDefault();
  const answer = await fetch(whole.href);
  if (!answer.ok || answer.redirected) return;
  await navigator.clipboard.writeText(await answer.text());
  say(whole, "✓");
});
