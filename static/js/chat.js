// The composer, copying, and following the end of the conversation.

import { tell, writeToClipboard } from "./shell.js";

const composer = document.getElementById("composer");
const scroll = document.getElementById("scroll");
const latest = document.querySelector("[data-latest]");

// --- following -----------------------------------------------------------------------------------
// The page follows only while the reader is at the end; any move up lets go.

const NEAR = 48; // pixels
// Whoever comes for a message begins there (chat-keep.js shows it), not at the end or in the composer.
const isJump = location.hash.startsWith("#message-") && document.getElementById(location.hash.slice(1)) !== null;
const isEmpty = document.querySelector("#thread article") === null; // what such a page says stands at its beginning
let following = !isJump && !isEmpty;
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
function sizeChanged() {
  if (isEmpty) return;
  following ||= atTheEnd(); // all may be seen now, without scrolling
  if (following) toTheEnd();
  latest.hidden = following;
}
// Earlier messages come in above what is read, which stays where it is.
let toEnd = 0;
const isEarlier = (target) => target.matches(".thread__earlier") && target.href.includes("before=");
document.body.addEventListener("htmx:beforeSwap", ({ detail }) => {
  if (isEarlier(detail.target)) toEnd = scroll.scrollHeight - scroll.scrollTop;
});
document.body.addEventListener("htmx:afterSwap", ({ detail }) => {
  if (isEarlier(detail.target)) scroll.scrollTop = scroll.scrollHeight - toEnd;
});

new ResizeObserver(sizeChanged).observe(scroll.firstElementChild);
new ResizeObserver(sizeChanged).observe(scroll);
if (following && !location.search.includes("before=")) toTheEnd();

// --- send and stop -------------------------------------------------------------------------------

const text = composer.elements.text;
let sent = "";

function showWhatRuns() {
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
// Escape stops what is written, unless it closes something or ends what is typed. Looked at before all others do.
addEventListener("keydown", (event) => {
  if (event.key !== "Escape" || event.repeat || composing(event) || !composer.hasAttribute("data-runs")) return;
  const isOpen = document.querySelector("details.menu[open], details.turn__edit[open], dialog[open], :popover-open");
  const stop = composer.querySelector("[data-stop]");
  if (!isOpen && !text.hasAttribute("aria-controls") && !stop.disabled) stop.click();
}, true);
text.addEventListener("input", showWhatRuns);
if (!isJump && matchMedia("(pointer: fine)").matches) text.focus({ preventScroll: true });

composer.addEventListener("htmx:beforeRequest", (event) => {
  if (event.target !== composer) return;
  document.getElementById("refusal").replaceChildren();
  sent = text.value;
});
function letGo() {
  if (text.value === sent) text.value = ""; // else somebody has begun the next message already
  composer.dispatchEvent(new CustomEvent("chat:sent", { detail: sent }));
}

// What began a conversation of its own leads there: who comes back finds an empty composer, drawn anew.
let hasBegun = false;
composer.addEventListener("htmx:beforeOnLoad", ({ detail }) => {
  if (detail.elt !== composer || !detail.xhr.getResponseHeader("HX-Redirect")) return;
  hasBegun = true;
  letGo();
});
addEventListener("pageshow", (event) => {
  if (event.persisted && hasBegun) location.reload();
});
// A refusal is drawn as any other answer is, so htmx takes it for a success; what was written stays.
composer.addEventListener("htmx:afterRequest", (event) => {
  if (event.target !== composer || !event.detail.successful || event.detail.xhr.status >= 400) return;
  letGo();
  text.focus();
  following = true;
  toTheEnd();
});
document.body.addEventListener("htmx:afterSettle", showWhatRuns);
document.body.addEventListener("reply-ended", showWhatRuns);
showWhatRuns();
// Asking for a title is nothing that a person did: when it fails, nobody needs to hear of it.
for (const trouble of ["htmx:sendError", "htmx:responseError", "htmx:timeout"]) {
  document.getElementById("entries").addEventListener(trouble, (event) => event.stopPropagation());
}
document.getElementById("stop")?.addEventListener("submit", () => {
  composer.querySelector("[data-stop]").disabled = true;
});
document.getElementById("stop")?.addEventListener("htmx:afterRequest", () => text.focus());

// Who pressed a button by keyboard that was out of use meanwhile is on it again, or in the composer when it is gone;
// who asked for earlier messages is among them.
let pressed = null;
scroll.addEventListener("htmx:beforeRequest", ({ detail }) => {
  const focused = document.activeElement;
  if (detail.elt.contains(focused) && focused.matches("button:focus-visible, a:focus-visible")) pressed = focused;
});
scroll.addEventListener("htmx:afterRequest", ({ detail }) => {
  if (!pressed || !detail.requestConfig.elt.contains(pressed)) return;
  const rest = pressed.matches("a") ? scroll : text;
  const isLost = [pressed, document.body].includes(document.activeElement);
  if (isLost) (pressed.isConnected ? pressed : rest).focus({ preventScroll: true });
  pressed = null;
});

// Cancel gives the words back that were there, and without scripts does no more.
document.addEventListener("reset", (event) => {
  const edit = event.target.closest("details.turn__edit");
  if (!edit) return;
  edit.open = false;
  edit.querySelector("summary").focus();
});

// --- copying -------------------------------------------------------------------------------------

const UNREAD = "Studio did not answer, so this was not copied. Try again.";
const FORBIDDEN = "This was not copied: the browser did not allow it. Select the text instead.";

function say(control, word) {
  const before = control.dataset.before ?? control.innerHTML;
  control.dataset.before = before;
  control.textContent = word;
  setTimeout(() => { control.innerHTML = before; }, 1500);
}

document.addEventListener("click", async (event) => {
  const whole = event.target.closest("[data-copy-from]");
  if (!whole || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  const words = await source(whole.href);
  if (words !== null && await writeToClipboard(words)) say(whole, "✓");
  else tell(words === null ? UNREAD : FORBIDDEN, "fail");
});

async function source(address) {
  try {
    const answer = await fetch(address);
    return answer.ok && !answer.redirected ? await answer.text() : null;
  } catch {
    return null;
  }
}
