// Choosing a model from a list that can be searched, and knowing what a long message may cost before it is sent.

const composer = document.getElementById("composer");
const select = composer.elements.model;
const button = composer.querySelector("[data-pick-model]");

// --- the list ------------------------------------------------------------------------------------

let dialog = null;

function show() {
  button.querySelector("[data-picked]").textContent = select.selectedOptions[0]?.textContent ?? "";
}

function build() {
  dialog = document.createElement("dialog");
  dialog.className = "dialog models";
  dialog.setAttribute("aria-label", "Models");
  dialog.innerHTML = `
    <div class="row"><input class="field__control find__words" type="search" role="combobox" aria-expanded="true" aria-autocomplete="list" aria-controls="models-list" aria-label="Search the models" placeholder="Name or ability: private pictures" autocomplete="off">
    <button class="button button--quiet button--icon" type="button" data-close-dialog aria-label="Close"><svg class="icon" aria-hidden="true"><use href="#icon-close"></use></svg></button></div>
    <div class="models__list" id="models-list" role="listbox" aria-label="Models"></div>
    <p class="models__none muted small" role="status"></p>`;
  document.body.append(dialog);
  const words = dialog.querySelector("input");
  words.addEventListener("input", filter);
  words.addEventListener("keydown", move);
  dialog.querySelector("[role=listbox]").addEventListener("click", (event) => choose(event.target.closest("[role=option]")));
  dialog.addEventListener("close", () => button.focus());
}

const NONE = { loading: "Loading…", failed: "The list could not be loaded. Close it and try again.", empty: "No model fits." };

async function open() {
  if (!dialog) build();
  const list = dialog.querySelector("[role=listbox]");
  dialog.querySelector("input").value = "";
  say(list.childElementCount ? "" : NONE.loading);
  dialog.showModal();
  if (!list.childElementCount) {
    try {
      const answer = await fetch(button.dataset.models, { headers: { "HX-Request": "true" } });
      if (!answer.ok || answer.redirected) throw new Error(String(answer.status));
      list.innerHTML = await answer.text();
    } catch {
      say(NONE.failed);
      return;
    }
  }
  for (const option of options()) option.setAttribute("aria-selected", String(option.dataset.model === select.value));
  filter();
}

function options() {
  return [...dialog.querySelectorAll("[role=option]")];
}

function shown() {
  return options().filter((option) => !option.hidden);
}

function say(sentence) {
  dialog.querySelector("[role=status]").textContent = sentence;
}

function filter() {
  const words = dialog.querySelector("input").value.toLowerCase().split(/\s+/).filter(Boolean);
  for (const option of options()) option.hidden = !words.every((word) => option.dataset.words.includes(word));
  const left = shown();
  say(left.length ? "" : NONE.empty);
  point(left.find((option) => option.getAttribute("aria-selected") === "true") ?? left[0]);
}

function point(option) {
  for (const other of options()) other.toggleAttribute("data-active", other === option);
  const words = dialog.querySelector("input");
  if (option) words.setAttribute("aria-activedescendant", option.id);
  else words.removeAttribute("aria-activedescendant");
  option?.scrollIntoView({ block: "nearest" });
}

function move(event) {
  if (event.isComposing || event.keyCode === 229) return;
  const left = shown();
  const at = left.findIndex((option) => option.hasAttribute("data-active"));
  const to = { ArrowDown: at + 1, ArrowUp: at - 1, PageDown: at + 5, PageUp: at - 5 }[event.key];
  if (to !== undefined) point(left[Math.min(Math.max(to, 0), left.length - 1)]);
  else if (event.key === "Enter") choose(left[at]);
  else return;
  event.preventDefault();
}

function choose(option) {
  if (!option) return;
  select.value = option.dataset.model;
  select.dispatchEvent(new Event("change", { bubbles: true }));
  dialog.close();
}

select.hidden = true;
button.hidden = false;
button.addEventListener("click", open);
select.addEventListener("change", show);
show();

// --- what is about to be sent --------------------------------------------------------------------
// Told only when it has changed by so much that it matters, and after a rest in the typing.

const STEP = 2000; // characters
const CHARACTERS_A_TOKEN = 4;
const REST = 500; // milliseconds
let resting;

function inDocuments() {
  const chips = [...composer.querySelectorAll('[data-tokens]:not([data-kind="picture"])')];
  return chips.reduce((sum, chip) => sum + Number(chip.dataset.tokens), 0) * CHARACTERS_A_TOKEN;
}

function weigh() {
  const outlook = document.getElementById("outlook");
  const told = (name) => outlook.querySelector(`[data-weight="${name}"]`);
  const now = {
    characters: Math.round((composer.elements.text.value.length + inDocuments()) / STEP) * STEP,
    pictures: composer.querySelectorAll('[data-kind="picture"]').length,
  };
  const changed = Object.keys(now).filter((name) => told(name).value !== String(now[name]));
  for (const name of changed) told(name).value = now[name];
  if (changed.length) window.htmx.trigger(outlook, "weigh");
}

function rest() {
  clearTimeout(resting);
  resting = setTimeout(weigh, REST);
}

composer.addEventListener("input", rest);
composer.addEventListener("change", rest);
composer.addEventListener("attached", rest);
composer.addEventListener("htmx:afterRequest", (event) => event.target === composer && rest());
