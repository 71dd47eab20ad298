// The gallery: a draft that outlives a reload, the counter, Ctrl+Enter, example prompts, arrow keys, the phone's sheet.

const draftKey = "gallery-draft";
const openKey = "gallery-more";
const drafted = ["prompt", "negative_prompt"];
const phone = window.matchMedia("(width < 720px)");

const composer = () => document.getElementById("composer");
const field = (name) => document.getElementById(`composer-${name}`);

// --- storage may be closed to the page; then nothing is remembered -----------------------------------
function remembered(key) {
  try {
    return JSON.parse(localStorage.getItem(key));
  } catch {
    return null;
  }
}

function remember(key, value) {
  try {
    if (value === null) localStorage.removeItem(key);
    else localStorage.setItem(key, JSON.stringify(value));
  } catch {
    // Kept on the page only.
  }
}

// --- the draft ----------------------------------------------------------------------------------------
function keepDraft() {
  remember(draftKey, Object.fromEntries(drafted.map((name) => [name, field(name).value])));
}

function restoreDraft() {
  if (composer()?.dataset.draft !== "on") return;
  const draft = remembered(draftKey);
  if (!draft) return;
  for (const name of drafted) {
    if (typeof draft[name] === "string") field(name).value = draft[name];
  }
}

// --- the counter, shown once a tenth of the room is left ------------------------------------------------
function count() {
  const line = document.getElementById("composer-count");
  if (!line) return;
  const limit = Number(line.dataset.limit);
  const used = [...field("prompt").value].length;
  line.toggleAttribute("data-over", used > limit);
  line.textContent = used > limit * 0.9
    ? `${used.toLocaleString("en")} of ${limit.toLocaleString("en")} characters`
    : `Up to ${limit.toLocaleString("en")} characters`;
}

function fill(prompt) {
  const box = field("prompt");
  if (!box) return;
  document.getElementById("composer-sheet").open = true;
  box.value = prompt;
  keepDraft();
  count();
  box.focus();
}

function clearErrors() {
  for (const error of composer().querySelectorAll(".field__error, .notice--fail")) error.remove();
  for (const control of composer().querySelectorAll("[aria-invalid]")) control.removeAttribute("aria-invalid");
}

function submitted(event) {
  if (event.detail.elt !== composer() || !event.detail.successful) return;
  clearErrors();
  remember(draftKey, null);
  if (phone.matches) document.getElementById("composer-sheet").open = false;
}

function prepare() {
  const more = document.getElementById("composer-more");
  if (more && remembered(openKey)) more.open = true;
  composer()?.querySelector("[aria-invalid]")?.focus();
  count();
}

// --- listening ------------------------------------------------------------------------------------------
document.addEventListener("input", (event) => {
  if (!event.target.closest("#composer")) return;
  if (drafted.includes(event.target.name)) keepDraft();
  if (event.target.name === "prompt") count();
});

document.addEventListener("keydown", (event) => {
  if (event.isComposing) return;
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey) && event.target.closest("#composer")) {
    event.preventDefault();
    composer().requestSubmit();
    return;
  }
  const free = !event.ctrlKey && !event.metaKey && !event.altKey && !event.shiftKey;
  if (free && !event.target.closest("input, textarea, select, pre, dialog[open]")) {
    document.querySelector(`a[data-arrow="${CSS.escape(event.key)}"]`)?.click();
  }
});

document.addEventListener("click", (event) => {
  const example = event.target.closest("[data-prompt]");
  if (example) {
    event.preventDefault();
    fill(example.dataset.prompt);
  }
  // Back to the grid as it was left, when the grid is where one came from.
  const back = event.target.closest("[data-back]");
  if (back && !event.ctrlKey && !event.metaKey && document.referrer.split("?")[0] === back.href.split(/[?#]/)[0] && history.length > 1) {
    event.preventDefault();
    history.back();
  }
});

document.addEventListener("toggle", (event) => {
  if (event.target.id === "composer-more") remember(openKey, event.target.open || null);
}, true);
document.addEventListener("htmx:afterRequest", submitted);
document.addEventListener("htmx:oobAfterSwap", count);
document.addEventListener("htmx:afterSwap", (event) => {
  if (event.detail.elt.id === "composer") prepare();
});

restoreDraft();
prepare();
if (phone.matches && document.querySelector(".picture") && composer()?.dataset.draft === "on") {
  document.getElementById("composer-sheet").open = false;
}
