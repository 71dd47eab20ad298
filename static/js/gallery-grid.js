// The grid: its place in the address, keys, the selection, and the panel of filters.

const settle = 250;
const grid = () => document.getElementById("grid");
const bar = () => document.getElementById("selection");
const boxes = () => [...document.querySelectorAll(".picture__pick input")];
const cardOf = (element) => element?.closest?.(".picture");
const linkOf = (card) => card?.querySelector(".picture__link");

// --- the place: the address always leads back to what is in sight -------------------------------------
function keepPlace(id, hash = "") {
  const address = new URL(location.href);
  for (const name of ["at", "before", "after", "month", "deleted", "trashed"]) address.searchParams.delete(name);
  if (id) address.searchParams.set("at", id);
  address.hash = hash;
  if (address.href !== location.href) history.replaceState(history.state, "", address);
}

function firstInSight() {
  return [...document.querySelectorAll("#grid .picture")].find((card) => card.getBoundingClientRect().bottom > 80);
}

let scrolling = 0;
let isLeaving = false;
function scrolled() {
  clearTimeout(scrolling);
  if (isLeaving) return;
  scrolling = setTimeout(() => {
    const isTop = window.scrollY < 200 && !document.querySelector(".grid__newer");
    keepPlace(isTop ? "" : firstInSight()?.id.replace("image-", ""));
  }, settle);
}

// Whoever scrolls and at once opens a picture comes back to that picture, not to where the scrolling ended.
function leave() {
  clearTimeout(scrolling);
  isLeaving = true;
  setTimeout(() => (isLeaving = false), 5000);
}

function arrive() {
  const at = new URL(location.href).searchParams.get("at");
  const card = cardOf(document.getElementById(location.hash.slice(1))) ?? document.getElementById(`image-${at}`);
  if (!card?.matches(".picture")) return;
  card.scrollIntoView({ block: location.hash ? "center" : "start", behavior: "instant" });
  if (location.hash) linkOf(card)?.focus({ preventScroll: true });
}

// Newer pictures come in above; what is in sight stays where it is.
let heightBefore = 0;
function beforeSwap(event) {
  heightBefore = event.detail.target?.matches(".grid__newer") ? document.documentElement.scrollHeight : 0;
}

function afterSwap(event) {
  if (heightBefore) window.scrollBy({ top: document.documentElement.scrollHeight - heightBefore, behavior: "instant" });
  heightBefore = 0;
  if (event.detail.target.id !== "results" && !document.getElementById("results")) return;
  const told = document.getElementById("results")?.dataset.q ?? "";
  const query = new URLSearchParams(told).get("q") ?? "";
  const kept = document.getElementById("selection-q");
  if (!kept || kept.value === query) return;
  kept.value = query;
  bar().elements.next.value = location.pathname + location.search;
  const filters = document.getElementById("finder-filters");
  filters.search = told;
  if (filters.ariaExpanded === "true") fill(filters);
  count();
}

// --- the selection -------------------------------------------------------------------------------------
let last = null;
function picked(event) {
  const all = boxes();
  if (event.shiftKey && last && all.includes(last)) {
    const [from, to] = [all.indexOf(last), all.indexOf(event.target)].sort((one, other) => one - other);
    for (const box of all.slice(from, to + 1)) box.checked = event.target.checked;
  }
  last = event.target;
  count();
}

function count() {
  const form = bar();
  if (!form) return;
  const number = boxes().filter((box) => box.checked).length;
  const isEverything = Boolean(form.elements.everything?.checked);
  form.querySelector("[data-selection-count]").textContent = isEverything ? "All results selected" : `${number} selected`;
  form.querySelector("[data-pair]").disabled = isEverything || number !== 2;
}

function clear() {
  for (const box of boxes()) box.checked = false;
  const everything = bar()?.elements.everything;
  if (everything) everything.checked = false;
  count();
}

function select(card) {
  const box = card?.querySelector(".picture__pick input");
  if (box && !boxes().some((one) => one.checked)) box.checked = true;
  count();
}

// --- keys ------------------------------------------------------------------------------------------------
function neighbour(card, key) {
  const cards = [...document.querySelectorAll("#grid .picture:has(.picture__link)")];
  if (!card) return firstInSight();
  const place = cards.indexOf(card);
  if (key === "ArrowLeft") return cards[place - 1];
  if (key === "ArrowRight") return cards[place + 1];
  const here = card.getBoundingClientRect();
  const middle = here.left + here.width / 2;
  const isDown = key === "ArrowDown";
  const beyond = cards.filter((other) => {
    const there = other.getBoundingClientRect();
    return isDown ? there.top >= here.bottom - 1 : there.bottom <= here.top + 1;
  });
  const row = isDown ? beyond[0] : beyond.at(-1);
  if (!row) return undefined;
  const top = row.getBoundingClientRect().top;
  const distance = (other) => {
    const there = other.getBoundingClientRect();
    return Math.abs(there.left + there.width / 2 - middle);
  };
  return beyond
    .filter((other) => Math.abs(other.getBoundingClientRect().top - top) < 4)
    .sort((one, other) => distance(one) - distance(other))[0];
}

function pressed(event) {
  if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
  const isBox = event.target.matches?.(".picture__pick input");
  if (event.target.closest?.("input, textarea, select, dialog[open]") && !isBox) {
    if (event.key === "Escape") event.target.blur();
    return;
  }
  const card = cardOf(document.activeElement);
  const acts = {
    Escape: clear,
    f: card && (() => card.querySelector(".heart")?.click()),
    x: card && (() => pick(card, false)),
    X: card && (() => pick(card, true)),
    t: () => {
      select(card);
      if (boxes().some((box) => box.checked)) document.getElementById("selection-tag")?.focus();
    },
    Delete: () => {
      select(card);
      if (boxes().some((box) => box.checked)) bar().requestSubmit(bar().querySelector('[value="delete"]'));
    },
  };
  if (event.key.startsWith("Arrow") && (card || document.activeElement === document.body)) {
    const next = neighbour(card, event.key);
    if (!next) return;
    event.preventDefault();
    linkOf(next)?.focus();
    next.scrollIntoView({ block: "nearest" });
  } else if (acts[event.key]) {
    event.preventDefault();
    acts[event.key]();
  }
}

function pick(card, isRange) {
  const box = card.querySelector(".picture__pick input");
  if (!box) return;
  box.checked = !box.checked;
  picked({ target: box, shiftKey: isRange });
}

// --- the panel of filters ----------------------------------------------------------------------------------
function fill(link) {
  window.htmx.ajax("GET", link.href, { target: "#filters", swap: "innerHTML" });
}

function toggle(link) {
  const panel = document.getElementById("filters");
  panel.hidden = !panel.hidden;
  link.ariaExpanded = String(!panel.hidden);
  if (!panel.hidden) fill(link);
}

// --- listening ----------------------------------------------------------------------------------------------
document.addEventListener("click", (event) => {
  const target = event.target;
  const plain = !event.ctrlKey && !event.metaKey && !event.shiftKey;
  if (target.matches(".picture__pick input")) picked(event);
  const link = target.closest(".picture__link");
  if (link && grid()?.hasAttribute("data-selecting")) {
    event.preventDefault();
    pick(cardOf(link), event.shiftKey);
  } else if (link && plain) {
    const card = cardOf(link);
    leave();
    keepPlace(card.id.replace("image-", ""), link.id); // what an address names after # keeps the focus if it can have it
  }
  const panel = target.closest("[data-panel]");
  if (panel && plain) {
    event.preventDefault();
    toggle(panel);
  }
  const selecting = target.closest("[data-select-toggle]");
  if (selecting) {
    const isOn = grid().toggleAttribute("data-selecting");
    selecting.ariaPressed = String(isOn);
    if (!isOn) clear();
  }
});
document.addEventListener("change", (event) => {
  if (event.target.name === "everything") count();
});
document.addEventListener("reset", () => setTimeout(count));
document.addEventListener("keydown", pressed);
document.addEventListener("scroll", scrolled, { passive: true });
window.addEventListener("pageshow", () => (isLeaving = false));
document.addEventListener("htmx:beforeSwap", beforeSwap);
document.addEventListener("htmx:afterSettle", afterSwap);

// A card that is drawn anew keeps the focus.
let focused = "";
document.addEventListener("htmx:beforeRequest", () => {
  focused = cardOf(document.activeElement)?.id ?? focused;
});
document.addEventListener("htmx:afterRequest", (event) => {
  if (event.detail.elt !== bar() || !event.detail.successful || !event.detail.xhr.responseText.includes("hx-swap-oob")) return;
  clear();
  document.getElementById("selection-problem").replaceChildren();
  if (document.activeElement === document.body || document.activeElement.closest("#selection")) {
    const card = document.getElementById(focused);
    (linkOf(card) ?? card?.querySelector("button"))?.focus({ preventScroll: true });
  }
});

history.scrollRestoration = "manual";
for (const button of document.querySelectorAll("[data-select-toggle]")) button.hidden = false;
const filtersLink = document.getElementById("finder-filters");
if (filtersLink) filtersLink.ariaExpanded = "false";
count();
arrive();
