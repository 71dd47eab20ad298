// The shell: theme switch, menus, copy buttons, dialogs, keys, and sessions that have ended.

const copyTime = 1500;
const sequenceTime = 1000;

// --- theme ---------------------------------------------------------------------------------------
function chosenTheme() {
  return document.documentElement.dataset.theme ?? "";
}

function chooseTheme(theme) {
  if (theme) document.documentElement.dataset.theme = theme;
  else delete document.documentElement.dataset.theme;
  try {
    if (theme) localStorage.setItem("theme", theme);
    else localStorage.removeItem("theme");
  } catch {
    // Storage is closed to this page: the choice holds until the next page.
  }
  showTheme();
}

function showTheme() {
  for (const button of document.querySelectorAll("[data-theme-choice]")) {
    button.setAttribute("aria-pressed", String(button.dataset.themeChoice === chosenTheme()));
  }
}

// --- menus: details elements that close by themselves ---------------------------------------------
function closeMenus(except) {
  for (const menu of document.querySelectorAll("details.menu[open]")) {
    if (menu !== except) menu.open = false;
  }
}

// --- copying --------------------------------------------------------------------------------------
async function copy(button) {
  const source = button.dataset.copy && document.querySelector(button.dataset.copy);
  const text = source ? (source.value ?? source.textContent) : (button.dataset.copyText ?? "");
  const copied = await writeToClipboard(text);
  tell(copied ? "Copied" : "The browser did not allow copying. Select the text instead.", copied ? "done" : "fail");
  const use = button.querySelector("use");
  if (!copied || !use || use.dataset.before) return;
  use.dataset.before = use.getAttribute("href");
  use.setAttribute("href", "#icon-check");
  setTimeout(() => {
    use.setAttribute("href", use.dataset.before);
    delete use.dataset.before;
  }, copyTime);
}

export async function writeToClipboard(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return copyBySelection(text);
  }
}

// Plain HTTP on a team's own network has no clipboard interface; a selection still works.
function copyBySelection(text) {
  const area = document.createElement("textarea");
  area.className = "visually-hidden";
  area.value = text;
  const before = document.activeElement;
  document.body.append(area);
  area.select();
  const copied = document.execCommand("copy");
  area.remove();
  before?.focus();
  return copied;
}

export function tell(text, kind) {
  document.dispatchEvent(new CustomEvent("toast", { detail: { text, kind } }));
}

// --- keys -----------------------------------------------------------------------------------------
let sequenceBegan = 0;

function openFinder() {
  const finder = document.getElementById("searcher");
  if (!finder || document.querySelector("dialog[open]")) return;
  finder.showModal();
  finder.querySelector("[data-search]").select();
}

// Arrow keys walk from the words through what was found, and back.
function walk(event) {
  const place = event.target.closest?.("[data-search], .hit");
  if (!place || event.isComposing || !["ArrowDown", "ArrowUp"].includes(event.key)) return;
  const around = place.closest("dialog, main");
  const stops = [...around.querySelectorAll("[data-search], .hit")];
  const next = stops[stops.indexOf(place) + (event.key === "ArrowDown" ? 1 : -1)];
  if (!next) return;
  event.preventDefault();
  next.focus();
}

function isTyping(target) {
  return target.closest?.("input, textarea, select, [contenteditable], dialog[open]");
}

function pressed(event) {
  if (event.key === "Escape") {
    const menu = document.querySelector("details.menu[open]");
    if (!menu) return;
    menu.open = false;
    menu.querySelector("summary").focus();
    return;
  }
  if ((event.ctrlKey || event.metaKey) && !event.altKey && !event.shiftKey && event.key.toLowerCase() === "k") {
    event.preventDefault();
    openFinder();
    return;
  }
  if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing || isTyping(event.target)) return;
  if (event.key === "?") {
    event.preventDefault();
    document.getElementById("keys")?.showModal();
  } else if (event.key === "/") {
    event.preventDefault();
    const own = document.querySelector("[data-slash]"); // what the page itself searches comes first
    if (own) own.focus();
    else openFinder();
  } else if (performance.now() - sequenceBegan < sequenceTime) {
    sequenceBegan = 0;
    document.querySelector(`a[data-key="${CSS.escape(event.key)}"]`)?.click();
  } else if (event.key === "g") {
    sequenceBegan = performance.now();
  }
}

// --- sessions that have ended -----------------------------------------------------------------------
let toldSignedOut = false;

function signedOut() {
  const dialog = document.getElementById("signed-out");
  if (toldSignedOut || !dialog || dialog.open) return;
  toldSignedOut = true;
  dialog.showModal();
}

// Signing in changes the token, so the cookie's value counts and not the one of this page.
function freshToken(event) {
  const token = document.cookie.match(/(?:^|; )csrftoken=([^;]+)/)?.[1];
  if (!token) return;
  event.detail.headers["X-CSRFToken"] = token;
  delete event.detail.parameters.csrfmiddlewaretoken;
}

// --- listening --------------------------------------------------------------------------------------
document.addEventListener("click", (event) => {
  const target = event.target;
  closeMenus(target.closest("details.menu"));
  const theme = target.closest("[data-theme-choice]");
  if (theme) chooseTheme(theme.dataset.themeChoice);
  const copying = target.closest("[data-copy], [data-copy-text]");
  if (copying) copy(copying);
  if (target.closest("[data-open-search]") && document.getElementById("searcher")) {
    event.preventDefault();
    openFinder();
  }
  const opening = target.closest("[data-open-dialog]");
  if (opening) {
    closeMenus();
    document.getElementById(opening.dataset.openDialog)?.showModal();
  }
  if (target.closest("[data-close-dialog]") || target.matches("dialog")) target.closest("dialog")?.close();
});
document.addEventListener("keydown", pressed);
document.addEventListener("keydown", walk);
document.addEventListener("htmx:configRequest", freshToken);
document.addEventListener("htmx:afterRequest", (event) => {
  if (event.detail.xhr.status === 401) signedOut();
  else if (event.detail.successful) toldSignedOut = false;
});
window.addEventListener("storage", (event) => {
  if (event.key === "theme") chooseTheme(event.newValue ?? "");
});

for (const element of document.querySelectorAll("[data-theme-switch], [data-open-dialog]")) element.hidden = false;
showTheme();
