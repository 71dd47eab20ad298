// The composer: a draft that outlives everything, the counter, earlier prompts, shapes, the style finder.

const openKey = "gallery-open";
const momentary = new Set(["csrfmiddlewaretoken", "request_id", "from_message", "preset_name", "preset_shared"]);
const words = ["prompt", "negative_prompt"];
const folded = ["composer-more", "composer-many"];
const phone = window.matchMedia("(width < 720px)");

const composer = () => document.getElementById("composer");
const field = (name) => document.getElementById(`composer-${name}`);
const sheet = () => document.getElementById("composer-sheet");

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

// --- the draft: every field, also those that the chosen model does not have ----------------------------
// One a person, so that nobody reads another's on a shared machine; it outlives signing out.
const draftKey = () => `gallery-draft-${composer()?.dataset.person}`;
let draft = {};

function typed() {
  const values = {};
  for (const control of composer().elements) {
    if (!control.name || momentary.has(control.name) || control.type === "submit") continue;
    if (control.type === "radio") {
      if (control.checked) values[control.name] = control.value;
    } else {
      values[control.name] = control.type === "checkbox" ? control.checked : control.value;
    }
  }
  return values;
}

function keepDraft() {
  draft = { ...draft, ...typed() };
  remember(draftKey(), draft);
}

function write(name, value) {
  for (const control of composer().querySelectorAll(`[name="${CSS.escape(name)}"]`)) {
    if (control.type === "radio") control.checked = control.value === value;
    else if (control.type === "checkbox") control.checked = value === true;
    else if (control.tagName !== "SELECT" || [...control.options].some((option) => option.value === value)) control.value = value;
  }
}

function restoreDraft() {
  const mode = composer()?.dataset.draft ?? "off";
  const kept = remembered(draftKey());
  if (!kept || typeof kept !== "object") return;
  if (mode === "off") {
    keepAside(kept.prompt, field("prompt").value);
    return;
  }
  const names = mode === "words" ? words : Object.keys(kept).filter((name) => !momentary.has(name));
  const before = field("model").value;
  for (const name of names) {
    if (["string", "boolean"].includes(typeof kept[name])) write(name, kept[name]);
  }
  if (mode === "on") draft = kept;
  if (field("model").value !== before) askForSettings();
  recount();
}

// The settings of another model come from the server, with what was typed for it before.
function askForSettings() {
  const values = Object.fromEntries(
    Object.entries(draft)
      .filter(([name, value]) => !words.includes(name) && typeof value === "string" && !/_values$|^template$/.test(name)),
  );
  htmx.ajax("GET", composer().dataset.form, { values, target: "#composer-shape", swap: "outerHTML" });
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

// --- the price, asked for again while a prompt with choices or the values of a grid are typed --------------------------------------
let recounting = 0;
let hadChoices = false;

function recount() {
  const text = `${field("prompt").value}${field("template")?.value ?? ""}`;
  const has = /[{|]|__/.test(text);
  if (!has && !hadChoices) return;
  hadChoices = has;
  recountSoon();
}

function recountSoon() {
  clearTimeout(recounting);
  recounting = setTimeout(() => htmx.trigger(composer(), "recount"), 400);
}

// --- earlier prompts ----------------------------------------------------------------------------------------
let earlier = null;
const lost = []; // what stood in the box when something else was put there
let at = -1;
let unsent = "";

async function earlierPrompts() {
  if (earlier) return earlier;
  const list = composer().querySelector("[hx-get][hx-trigger*='earlier']");
  const answer = await fetch(list.getAttribute("hx-get"), { headers: { "HX-Request": "true" } });
  if (!answer.ok) return [];
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  earlier = [...page.querySelectorAll("[data-prompt]")].map((link) => link.dataset.prompt);
  return earlier;
}

async function walk(step) {
  const prompts = [...new Set([...lost, ...(await earlierPrompts())])];
  const box = field("prompt");
  if (at === -1) unsent = box.value;
  if (at === -1 && step > 0 && prompts[0] === unsent) at = 0;
  const next = Math.min(Math.max(at + step, -1), prompts.length - 1);
  if (next === at) return;
  at = next;
  setPrompt(at === -1 ? unsent : prompts[at]);
}

function keepAside(text, instead) {
  if (typeof text === "string" && text.trim() && text !== instead) lost.unshift(text);
}

function setPrompt(prompt) {
  field("prompt").value = prompt;
  keepDraft();
  count();
  recount();
}

function fill(prompt) {
  if (!field("prompt")) return;
  sheet().open = true;
  for (const menu of composer().querySelectorAll(".menu[open]")) menu.open = false;
  keepAside(field("prompt").value, prompt);
  setPrompt(prompt);
  field("prompt").focus();
}

// --- shapes ---------------------------------------------------------------------------------------------------
function showSizes() {
  const group = composer()?.querySelector("[data-sizes]");
  if (!group) return;
  group.hidden = false;
  for (const chip of group.children) {
    const chosen = chip.dataset.width === field("width").value && chip.dataset.height === field("height").value;
    chip.setAttribute("aria-pressed", String(chosen));
  }
}

function chooseSize(chip) {
  field("width").value = chip.dataset.width;
  field("height").value = chip.dataset.height;
  field("height").dispatchEvent(new Event("change", { bubbles: true }));
}

// --- seeds: an empty one is random --------------------------------------------------------------------------------
function followSeed(target) {
  const mode = (value) => composer().querySelector(`[name="seed_mode"][value="${value}"]`);
  if (target.name === "seed" && target.value !== "" && mode("random").checked) mode("fixed").checked = true;
  if (target.name === "seed" && target.value === "") mode("random").checked = true;
  if (target.name === "seed_mode" && target.value === "random") field("seed").value = "";
  if (target.name === "seed_mode" && target.value === "count" && field("seed").value === "") {
    field("seed").value = String(1 + Math.floor(Math.random() * 999_000_000));
  }
}

// --- styles ---------------------------------------------------------------------------------------------------------
function filterChoices(box) {
  const wanted = box.value.trim().toLowerCase();
  for (const choice of document.querySelector(box.dataset.filter).children) {
    choice.hidden = wanted !== "" && !choice.textContent.toLowerCase().includes(wanted);
  }
}

function clearErrors() {
  for (const error of composer().querySelectorAll(".field__error, .notice--fail")) error.remove();
  for (const control of composer().querySelectorAll("[aria-invalid]")) control.removeAttribute("aria-invalid");
}

function submitted(event) {
  if (event.detail.elt !== composer() || !event.detail.successful) return;
  clearErrors();
  earlier = null;
  at = -1;
  if (phone.matches) sheet().open = false;
}

function prepare() {
  if (!composer()?.dataset.person) return;
  const open = remembered(openKey) ?? {};
  for (const id of folded) {
    if (open[id] && document.getElementById(id)) document.getElementById(id).open = true;
  }
  for (const box of composer().querySelectorAll("[data-filter]")) box.hidden = false;
  showSizes();
  composer().querySelector("[aria-invalid]")?.focus();
  count();
}

// --- listening ------------------------------------------------------------------------------------------
document.addEventListener("input", (event) => {
  if (!event.target.closest("#composer")) return;
  if (event.target.matches("[data-filter]")) {
    filterChoices(event.target);
    return;
  }
  followSeed(event.target);
  keepDraft();
  showSizes();
  if (event.target.name === "prompt") {
    at = -1;
    count();
  }
  if (["prompt", "template"].includes(event.target.name)) recount();
  if (["x_values", "y_values"].includes(event.target.name)) recountSoon();
});

document.addEventListener("change", (event) => {
  if (event.target.closest("#composer") && event.target.name) {
    keepDraft();
    showSizes();
  }
});

document.addEventListener("keydown", (event) => {
  if (event.isComposing || !event.target.closest("#composer")) return;
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
    event.preventDefault();
    composer().requestSubmit(document.getElementById("generate"));
  } else if (event.key === "Enter" && event.target.matches("[data-filter]")) {
    event.preventDefault();
  } else if (event.altKey && event.target.name === "prompt" && ["ArrowUp", "ArrowDown"].includes(event.key)) {
    event.preventDefault();
    walk(event.key === "ArrowUp" ? 1 : -1);
  }
});

document.addEventListener("click", (event) => {
  const example = event.target.closest("[data-prompt]");
  if (example) {
    event.preventDefault();
    fill(example.dataset.prompt);
  }
  const chip = event.target.closest("[data-sizes] [data-width]");
  if (chip) chooseSize(chip);
});

document.addEventListener("toggle", (event) => {
  if (!folded.includes(event.target.id)) return;
  remember(openKey, { ...remembered(openKey), [event.target.id]: event.target.open });
}, true);

// What another model had been told goes along, so that switching back brings it back.
document.addEventListener("htmx:configRequest", (event) => {
  if (event.detail.path !== composer()?.dataset.form) return;
  for (const name of ["width", "height", "aspect_ratio", "resolution", "quality", "steps", "cfg_scale"]) {
    if (draft[name] && !event.detail.formData.has(name)) event.detail.formData.set(name, draft[name]);
  }
});
document.addEventListener("htmx:afterRequest", submitted);
document.addEventListener("htmx:oobAfterSwap", (event) => {
  count();
  if (event.detail.target?.id === "composer-seed") keepDraft();
});
document.addEventListener("htmx:afterSwap", (event) => {
  if (event.detail.elt.id === "composer") prepare();
  if (event.detail.elt.id === "composer-shape") showSizes();
});

if (composer()?.dataset.person) {
  restoreDraft();
  prepare();
  if (phone.matches && document.querySelector(".picture") && composer().dataset.draft === "on") sheet().open = false;
}
