// The months beside the grid: the one in sight is marked, keys move among them, and the phone has them behind a button.

const months = () => [...document.querySelectorAll("#months .months__month")];
const current = () => document.querySelector("#months [aria-current]");
const sheet = () => document.getElementById("scrubber");
const opener = () => document.querySelector(".scrubber__open");
const settle = 150;

function inSight() {
  const card = [...document.querySelectorAll("#grid .picture")].find((one) => one.getBoundingClientRect().bottom > 80);
  return card?.dataset.month;
}

// A month of the grid that the list does not have is that of pictures which are not counted, such as failed ones.
function mark() {
  const month = inSight();
  const link = month && months().find((one) => one.dataset.month <= month);
  if (!link || link === current()) return;
  current()?.removeAttribute("aria-current");
  link.setAttribute("aria-current", "true");
  const [year, number] = link.dataset.month.split("-").map(Number);
  const name = new Intl.DateTimeFormat(document.documentElement.lang, { month: "short", year: "numeric", timeZone: "UTC" });
  document.querySelector("[data-month-label]").textContent = name.format(Date.UTC(year, number - 1));
  show(link);
}

function show(link) {
  const list = sheet();
  const [box, place] = [list.getBoundingClientRect(), link.getBoundingClientRect()];
  if (place.top >= box.top && place.bottom <= box.bottom) return;
  list.scrollTop += place.top - box.top - box.height / 2;
}

function choose() {
  const link = current() ?? months()[0];
  if (!link) return;
  if (opener()?.checkVisibility() && !sheet().matches(":popover-open")) sheet().showPopover();
  link.focus();
}

function pressed(event) {
  if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
  const link = event.target.closest?.("#months .months__month");
  if (event.key === "m" && !event.target.closest?.("input, textarea, select, dialog[open]")) {
    event.preventDefault();
    choose();
  } else if (link) {
    const all = months();
    const place = all.indexOf(link);
    const next = { ArrowUp: all[place - 1], ArrowDown: all[place + 1], Home: all[0], End: all.at(-1) }[event.key];
    if (!next) return;
    event.preventDefault();
    next.focus();
  }
}

let waiting = 0;
function scrolled() {
  clearTimeout(waiting);
  waiting = setTimeout(mark, settle);
}

document.addEventListener("scroll", scrolled, { passive: true });
document.addEventListener("keydown", pressed);
document.addEventListener("htmx:afterSettle", mark);
document.addEventListener("toggle", (event) => {
  if (event.target === sheet() && event.newState === "open") current()?.scrollIntoView({ block: "center" });
}, true);
mark();
