// Short messages. A server answer brings one with `HX-Trigger: {"toast": {"text": "…", "kind": "done"}}`
// (kind: done, wait or fail), or with a `.toast` element of its own swapped into #toasts.

const stay = 6000;
const list = document.getElementById("toasts");
const closeButton = document.getElementById("toast-close");

const unreachable = "Studio cannot be reached. What you typed is kept.";
const sentences = {
  403: "You may not do this, or this page is too old. Reload it and try again.",
  404: "This is no longer here.",
  413: "This is too large to be sent.",
  429: "That was too often. Wait a moment, then try again.",
  503: "The database is busy. Nothing was sent, and what you typed is kept. Try again in a moment.",
};
const ours = "Something went wrong on our side. What you typed is kept. Try again.";

function show(text, kind = "done") {
  for (const toast of list.children) {
    if (toast.querySelector(".toast__text")?.textContent === text) toast.remove();
  }
  const toast = document.createElement("div");
  toast.className = `toast toast--${kind}`;
  const line = document.createElement("p");
  line.className = "toast__text";
  line.textContent = text;
  toast.append(line);
  list.append(toast);
}

// Failures stay until they are closed; everything else leaves, but not under a pointer or the focus.
function prepare(toast) {
  toast.append(closeButton.content.cloneNode(true));
  toast.querySelector(".toast__close").addEventListener("click", () => toast.remove());
  if (!toast.classList.contains("toast--fail")) leaveLater(toast);
}

function leaveLater(toast) {
  setTimeout(() => {
    if (toast.matches(":hover, :focus-within")) leaveLater(toast);
    else toast.remove();
  }, stay);
}

function refused(event) {
  const status = event.detail.xhr.status;
  if (status === 401) return;
  show(sentences[status] ?? ours, "fail");
}

for (const toast of list.querySelectorAll(".toast")) prepare(toast);
new MutationObserver((changes) => {
  for (const change of changes) {
    for (const node of change.addedNodes) {
      if (node instanceof HTMLElement && node.matches(".toast")) prepare(node);
    }
  }
}).observe(list, { childList: true });

document.addEventListener("toast", (event) => show(event.detail.text ?? event.detail.value, event.detail.kind));
document.addEventListener("htmx:sendError", () => show(unreachable, "fail"));
document.addEventListener("htmx:timeout", () => show(unreachable, "fail"));
document.addEventListener("htmx:responseError", refused);
