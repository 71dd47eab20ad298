// Temporary conversations end with their page; the drawer of the phone; a jump shows the message it leads to.

const STAY_EVERY = 30_000; // milliseconds; what was closed is gone after a minute
const STAY_AFTER = 2000; // milliseconds, in which the word of a page that was closed reaches the server

const temporary = document.querySelector("[data-temporary]");

// A page may be closed and opened again at once, as a reload does, or be open a second time: a page that
// is closed tells the server and the others, and each that is still open says that it is.
function stayWhileOpen() {
  const others = new BroadcastChannel(temporary.dataset.temporary);
  const form = () => new FormData(temporary.querySelector("form"));
  const stay = () => fetch(temporary.dataset.stay, { method: "POST", body: form() }).catch(() => {});
  const stayIfSeen = () => document.hidden || stay();
  addEventListener("pagehide", () => {
    navigator.sendBeacon(temporary.dataset.temporary, form());
    others.postMessage("closed");
  });
  others.addEventListener("message", () => setTimeout(stay, STAY_AFTER));
  addEventListener("pageshow", stay);
  document.addEventListener("visibilitychange", stayIfSeen);
  setInterval(stayIfSeen, STAY_EVERY);
}
if (temporary) stayWhileOpen();

// A page that is shown again as it was left may tell of what was brought back since.
addEventListener("pageshow", (event) => {
  if (event.persisted && document.querySelector("[data-deleted]")) location.reload();
});

// On the phone the list is a drawer: whoever asked for a part of it, or to select in it, sees that part.
// What is said meanwhile stands above the drawer, and so within it.
const drawer = document.getElementById("conversations");
const asked = new URLSearchParams(location.search);
drawer.addEventListener("toggle", (event) => {
  (event.newState === "open" ? drawer : document.body).append(document.getElementById("toasts"));
});
const isOfTheList = ["archive", "team", "folder", "select"].some((name) => asked.has(name)) && !asked.has("new");
if (isOfTheList && matchMedia("(width < 900px)").matches) drawer.showPopover();

// The end of the conversation is followed as the page opens; an address of a message goes before that.
function showTarget() {
  const target = location.hash.startsWith("#message-") && document.getElementById(location.hash.slice(1));
  if (target) target.scrollIntoView({ block: "start" });
}
requestAnimationFrame(showTarget);
