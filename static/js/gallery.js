// The gallery: arrow keys between pictures, the way back to the grid as it was left, and word of what is ready.

const title = document.title;
let ready = 0;

// --- pictures that are ready while one looks elsewhere are counted in the title -----------------------
function tell() {
  document.title = ready ? `(${ready} ready) ${title}` : title;
}

document.addEventListener("htmx:afterSwap", (event) => {
  const before = event.detail.target;
  const card = document.getElementById(before?.id);
  if (!before?.matches?.(".picture[aria-busy]") || card?.dataset.status !== "succeeded") return;
  const left = document.querySelectorAll(".picture[aria-busy]").length;
  if (document.hidden) {
    ready += 1;
    tell();
  }
  if (left === 0) {
    const text = "Your pictures are ready.";
    document.dispatchEvent(new CustomEvent("toast", { detail: { text, kind: "done" } }));
  }
});

document.addEventListener("visibilitychange", () => {
  if (document.hidden) return;
  ready = 0;
  tell();
});

document.addEventListener("keydown", (event) => {
  if (event.isComposing || event.ctrlKey || event.metaKey || event.altKey || event.shiftKey) return;
  if (!event.target.closest("input, textarea, select, pre, dialog[open]")) {
    document.querySelector(`a[data-arrow="${CSS.escape(event.key)}"]`)?.click();
  }
});

document.addEventListener("click", (event) => {
  // Back to the grid as it was left, when the grid is where one came from.
  const back = event.target.closest("[data-back]");
  if (back && !event.ctrlKey && !event.metaKey && document.referrer.split("?")[0] === back.href.split(/[?#]/)[0] && history.length > 1) {
    event.preventDefault();
    history.back();
  }
});
