// The chat and the gallery: choosing pictures for the next message, and making a picture from what was said.

import { bringPicture } from "./chat-attach.js";

const composer = document.getElementById("composer");
const dialog = document.getElementById("picker");
const search = document.getElementById("picker-q");
const longest = 6000; // characters of a selection as they stand in an address

// --- the dialog ---------------------------------------------------------------------------------------
function pictures() {
  return [...dialog.querySelectorAll("[data-pick]")];
}

function neighbour(picture, key) {
  const all = pictures();
  const place = all.indexOf(picture);
  if (key === "ArrowRight") return all[place + 1];
  if (key === "ArrowLeft") return all[place - 1];
  const here = picture.getBoundingClientRect();
  const column = all.filter((other) => Math.abs(other.getBoundingClientRect().left - here.left) < 4);
  const row = column.indexOf(picture) + (key === "ArrowDown" ? 1 : -1);
  return row < 0 ? search : (column[row] ?? (key === "ArrowDown" ? dialog.querySelector(".picker__more") : undefined));
}

function moved(event) {
  if (!event.key.startsWith("Arrow") || event.isComposing) return;
  const inSearch = event.target === search;
  if (inSearch && event.key !== "ArrowDown") return;
  const next = inSearch ? pictures()[0] : neighbour(event.target, event.key);
  if (!next) return;
  event.preventDefault();
  next.focus();
}

function picked(event) {
  const link = event.target.closest("[data-pick]");
  if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  bringPicture(link.dataset.pick);
  dialog.close();
  composer.elements.text.focus();
}

composer.querySelector("[data-picker]").addEventListener("click", (event) => {
  if (event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  dialog.showModal();
  search.focus();
  search.dispatchEvent(new CustomEvent("opened"));
});
dialog.addEventListener("keydown", moved);
dialog.addEventListener("click", picked);

// --- a picture from a reply, or from what is selected in it ---------------------------------------------
let selected = "";

function selectionIn(reply) {
  const selection = getSelection();
  const isInside = selection.rangeCount && !selection.isCollapsed && reply.contains(selection.getRangeAt(0).commonAncestorContainer);
  return isInside ? selection.toString().trim() : "";
}

// Pressing the pointer takes the selection away before the click comes.
document.addEventListener("pointerdown", (event) => {
  const link = event.target.closest("[data-make-picture]");
  selected = link ? selectionIn(link.closest(".turn")) : "";
});

document.addEventListener("click", (event) => {
  const link = event.target.closest("[data-make-picture]");
  if (!link) return;
  const words = selected || selectionIn(link.closest(".turn"));
  const address = new URL(link.href);
  for (const name of ["prompt", "cut"]) address.searchParams.delete(name);
  if (words) {
    const letters = [...words];
    while (encodeURIComponent(letters.join("")).length > longest) letters.length = Math.floor(letters.length * 0.9);
    address.searchParams.set("prompt", letters.join(""));
    if (letters.length < [...words].length) address.searchParams.set("cut", "1");
  }
  link.href = address.href;
});
