// Prompts that are kept, put into a message by typing a slash: a list by keyboard, then the places to fill in.

import { tell } from "./shell.js";

const composer = document.getElementById("composer");
const text = composer.elements.text;
const opener = composer.querySelector("[data-prompts]");
const TYPED = /(?:^|\s)\/([^\s/]{0,40})$/;
const REST = 120; // milliseconds

const list = document.createElement("div");
list.className = "slash";
list.id = "slash-prompts";
list.hidden = true;
list.setAttribute("role", "listbox");
list.setAttribute("aria-label", "Prompts");
text.before(list);
const none = document.createElement("p");
none.className = "slash slash--none";
none.id = "slash-none";
none.hidden = true;
none.innerHTML = `No prompts yet. <a>Keep the first one</a>`;
none.querySelector("a").href = opener.dataset.newPrompt;
text.before(none);
const heard = document.createElement("p");
heard.className = "visually-hidden";
heard.setAttribute("role", "status");
text.before(heard);
text.setAttribute("aria-haspopup", "listbox");
text.setAttribute("aria-autocomplete", "list");

let asked = 0;
let resting;

function typed() {
  return text.selectionStart === text.selectionEnd ? TYPED.exec(text.value.slice(0, text.selectionStart)) : null;
}

// Gives null when no answer comes, and nothing when it is too late.
async function ask(words) {
  const mine = ++asked;
  try {
    const answer = await fetch(`${opener.dataset.prompts}?q=${encodeURIComponent(words)}`, { headers: { "HX-Request": "true" } });
    const html = answer.ok && !answer.redirected ? await answer.text() : null;
    return mine === asked ? html : undefined;
  } catch {
    return mine === asked ? null : undefined;
  }
}

async function offer(words) {
  const html = await ask(words);
  if (html !== undefined) show(html ?? ""); // out of reach: what is typed stays what it is
}

function show(html) {
  list.innerHTML = html;
  const found = options();
  list.hidden = found.length === 0;
  heard.textContent = found.length ? `${found.length} prompts. Choose with the arrow keys.` : "";
  if (found.length) text.setAttribute("aria-controls", list.id);
  point(found[0]);
}

function showNone() {
  none.hidden = false;
  heard.textContent = "No prompts yet.";
  text.setAttribute("aria-controls", none.id);
}

function options() {
  return [...list.querySelectorAll("[role=option]")];
}

function point(option) {
  for (const other of options()) other.setAttribute("aria-selected", String(other === option));
  if (option) text.setAttribute("aria-activedescendant", option.id);
  else text.removeAttribute("aria-activedescendant");
  option?.scrollIntoView({ block: "nearest" });
}

function close() {
  asked += 1;
  clearTimeout(resting);
  list.hidden = none.hidden = true;
  list.replaceChildren();
  heard.textContent = "";
  text.removeAttribute("aria-controls");
  point();
}

function look() {
  const found = typed();
  if (!found) {
    if (!list.hidden || !none.hidden) close();
    return;
  }
  clearTimeout(resting);
  resting = setTimeout(offer, REST, found[1]);
}

// Before the composer hears of them: Enter chooses here and sends nothing.
text.addEventListener("keydown", (event) => {
  if (event.isComposing || event.keyCode === 229) return;
  if (!none.hidden && ["Enter", "Escape"].includes(event.key)) close();
  if (list.hidden) return;
  const found = options();
  const at = found.findIndex((option) => option.getAttribute("aria-selected") === "true");
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (step) point(found[(at + step + found.length) % found.length]);
  else if (event.key === "Enter" || event.key === "Tab") choose(found[at]);
  else if (event.key === "Escape") close();
  else return;
  event.preventDefault();
  event.stopImmediatePropagation();
}, { capture: true });
text.addEventListener("input", look);
// The focus may go to the line that there are none, and comes back from the button.
function closeWhenLeft() {
  setTimeout(() => document.activeElement === text || none.contains(document.activeElement) || close(), 150);
}
text.addEventListener("blur", closeWhenLeft);
none.addEventListener("focusout", closeWhenLeft);
list.addEventListener("pointerdown", (event) => event.preventDefault());
list.addEventListener("click", (event) => choose(event.target.closest("[role=option]")));
opener.addEventListener("click", async (event) => {
  event.preventDefault();
  text.focus();
  const begun = typed(); // the button was pressed before
  const html = await ask(begun?.[1] ?? "");
  if (html === null) tell("Studio did not answer, so no prompts are shown. Try again.", "fail");
  if (!html) return;
  show(html);
  if (list.hidden && !begun?.[1]) showNone();
  if (!list.hidden && !begun) begin();
});

function begin() {
  const before = text.value.slice(0, text.selectionStart);
  text.setRangeText(before && !/\s$/.test(before) ? " /" : "/", text.selectionStart, text.selectionEnd, "end");
  text.dispatchEvent(new Event("input", { bubbles: true }));
  clearTimeout(resting); // they are shown already
}

function choose(option) {
  if (!option) return;
  const address = option.dataset.fill;
  const asks = option.hasAttribute("data-has-places");
  close();
  if (asks) fill(address);
  else post(address, new FormData());
}

async function post(address, form) {
  form.set("csrfmiddlewaretoken", composer.querySelector("[name=csrfmiddlewaretoken]").value);
  const answer = await fetch(address, { method: "POST", body: form, headers: { "HX-Request": "true" } });
  if (answer.ok && answer.headers.get("Content-Type")?.startsWith("text/plain")) put(await answer.text());
  return answer;
}

function put(words) {
  const found = typed();
  const end = text.selectionStart;
  const start = found ? end - found[1].length - 1 : end;
  text.focus();
  text.setRangeText(words, start, end, "end");
  text.dispatchEvent(new Event("input", { bubbles: true }));
}

// --- the places to fill in -----------------------------------------------------------------------

async function fill(address) {
  const answer = await fetch(address, { headers: { "HX-Request": "true" } });
  if (!answer.ok || answer.redirected) return;
  const dialog = document.createElement("dialog");
  dialog.className = "dialog";
  dialog.innerHTML = `<div class="dialog__head"><h2></h2><button class="button button--quiet button--icon" type="button" data-close-dialog aria-label="Close"><svg class="icon" aria-hidden="true"><use href="#icon-close"></use></svg></button></div><div data-places></div>`;
  const places = dialog.querySelector("[data-places]");
  places.innerHTML = await answer.text();
  const name = places.querySelector("form").dataset.name;
  dialog.querySelector("h2").textContent = name;
  dialog.setAttribute("aria-label", name);
  const caret = text.selectionStart;
  dialog.addEventListener("submit", async (event) => {
    event.preventDefault();
    text.setSelectionRange(caret, caret);
    const said = await post(address, new FormData(event.target));
    if (said.status === 422) places.innerHTML = await said.text();
    else dialog.close();
  });
  dialog.addEventListener("close", () => {
    dialog.remove();
    text.focus();
  });
  document.body.append(dialog);
  dialog.showModal();
  places.querySelector("textarea")?.focus();
}
