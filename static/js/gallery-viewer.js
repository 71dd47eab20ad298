// The page of one picture: every pixel or fitted, and keys for what is done most.

const matte = () => document.querySelector(".viewer__matte");
const zoomLink = () => document.querySelector("[data-zoom]");

function zoom(event) {
  const box = matte();
  const image = zoomLink()?.querySelector("img");
  if (!image) return;
  const before = image.getBoundingClientRect();
  const x = event ? (event.clientX - before.left) / before.width : 0.5;
  const y = event ? (event.clientY - before.top) / before.height : 0.5;
  const isOn = box.toggleAttribute("data-zoomed");
  if (!isOn) return;
  image.dataset.fitted ??= image.src;
  image.width = Number(image.dataset.width);
  image.removeAttribute("height");
  image.src = zoomLink().href;
  box.scrollLeft = x * image.offsetWidth - box.clientWidth / 2;
  box.scrollTop = y * image.offsetHeight - box.clientHeight / 2;
}

function pressed(event) {
  if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
  if (event.target.closest?.("input, textarea, select, dialog[open]")) {
    if (event.key === "Escape") event.target.blur();
    return;
  }
  const click = (selector) => () => document.querySelector(selector)?.click();
  const acts = {
    z: () => zoom(),
    f: click(".heart"),
    t: () => document.getElementById("shelf-tag")?.focus(),
    Delete: click('form[action$="/delete"] button'),
    Escape: () => {
      if (document.querySelector("details.menu[open]")) return;
      if (matte()?.hasAttribute("data-zoomed")) zoom();
      else click(".viewer__back a")();
    },
  };
  const act = acts[event.key] ?? (/^[0-5]$/.test(event.key) ? click(`[data-rate="${event.key}"]`) : undefined);
  if (!act) return;
  event.preventDefault();
  act();
}

// A tag that was added leaves the focus where the next one is written.
document.addEventListener("htmx:afterSettle", (event) => {
  if (event.detail.target.id === "shelf" && event.detail.requestConfig?.parameters?.verb === "tag") {
    document.getElementById("shelf-tag")?.focus();
  }
});
document.addEventListener("click", (event) => {
  if (event.ctrlKey || event.metaKey || event.shiftKey || !event.target.closest("[data-zoom]")) return;
  event.preventDefault();
  zoom(event);
});
document.addEventListener("keydown", pressed);
