// Files of the message that is being written: they are kept on the server as they come in, so that
// their size and their refusals are known before anything is sent.

const composer = document.getElementById("composer");
const text = composer.elements.text;
const picker = composer.elements.uploads;
const list = composer.querySelector("[data-attached]");
const area = composer.closest(".conversation"); // a file may be dropped anywhere beside the list
const camera = composer.querySelector("[data-camera]");
const kept = `files-${composer.dataset.conversation}`;
const coming = new Set();

const LONG_TEXT = 4000; // characters
const LONG_LINES = 60;
const LOST = "This could not be sent to Studio. Try again.";

// --- one file ------------------------------------------------------------------------------------

function placeholder(name) {
  const chip = document.getElementById("attached-file").content.cloneNode(true).firstElementChild;
  chip.querySelector("[data-name]").textContent = name;
  chip.querySelector("[data-dismiss]").setAttribute("aria-label", `Remove ${name}`);
  return chip;
}

function fail(chip, note) {
  chip.removeAttribute("aria-busy");
  chip.classList.add("attached__file--refused");
  (chip.querySelector("[data-note]") ?? chip.querySelector(".attached__words").lastElementChild).textContent = note;
  chip.querySelector(".spinner")?.remove();
}

async function fetched(address, options = {}) {
  const answer = await fetch(address, { headers: { "X-CSRFToken": token() }, ...options });
  if (answer.redirected || (!answer.ok && answer.status !== 422)) throw new Error(answer.status);
  const template = document.createElement("template");
  template.innerHTML = await answer.text();
  return [...template.content.querySelectorAll("li")];
}

function token() {
  return composer.querySelector("[name=csrfmiddlewaretoken]").value;
}

function bring(file) {
  const chip = placeholder(file.name);
  list.append(chip);
  return keep(chip, "uploads", file);
}

export function bringPicture(image) {
  if (list.querySelector(`[data-image="${image}"]`)) return;
  const chip = placeholder(`Picture ${image}`);
  chip.dataset.image = image;
  list.append(chip);
  keep(chip, "image", image);
}

async function keep(chip, name, value) {
  const form = new FormData();
  form.append(name, value);
  const work = fetched(list.dataset.attached, { method: "POST", body: form });
  coming.add(work);
  try {
    const [found] = await work;
    if (!chip.isConnected) return remove(found);
    chip.replaceWith(found);
    return found;
  } catch {
    fail(chip, LOST);
    return null;
  } finally {
    coming.delete(work);
  }
}

function bringAll(files) {
  return Promise.all([...files].map(bring));
}

function remove(chip) {
  const button = chip.querySelector("[data-remove]");
  if (button) fetch(button.formAction, { method: "POST", headers: { "X-CSRFToken": token() } }).catch(() => {});
  chip.remove();
}

list.addEventListener("click", (event) => {
  const button = event.target.closest("[data-remove], [data-dismiss]");
  if (!button) return;
  event.preventDefault();
  remove(button.closest("li"));
  text.focus();
});

// --- what is there is kept for this tab, as the draft is --------------------------------------------

function ids() {
  return [...list.querySelectorAll("[name=attached]")].map((field) => field.value);
}

function changed() {
  if (ids().length) sessionStorage.setItem(kept, ids().join(" "));
  else sessionStorage.removeItem(kept);
  composer.dispatchEvent(new CustomEvent("attached"));
}

async function bringBack() {
  const before = (sessionStorage.getItem(kept) ?? "").split(" ").filter(Boolean);
  if (!before.length || ids().length) return;
  const query = before.map((id) => `id=${encodeURIComponent(id)}`).join("&");
  try {
    list.append(...(await fetched(`${list.dataset.attached}?${query}`)));
  } catch {
    // They are still on the server; the next load of the page asks again.
  }
}

// --- the ways in -----------------------------------------------------------------------------------

picker.addEventListener("change", () => {
  bringAll(picker.files);
  picker.value = ""; // what was picked is on its way already and is not sent a second time
});
if (picker.files.length) bringAll(picker.files); // picked while this script was on its way
picker.value = "";
// No file goes with the message itself any more, and words alone are read sooner without parts.
composer.removeAttribute("enctype");
composer.removeAttribute("hx-encoding");
camera.hidden = false;
camera.querySelector("input").addEventListener("change", (event) => {
  bringAll(event.target.files);
  event.target.value = "";
});

function isLong(pasted) {
  return pasted.length > LONG_TEXT || pasted.split("\n", LONG_LINES + 1).length > LONG_LINES;
}

text.addEventListener("paste", (event) => {
  const pasted = event.clipboardData.getData("text/plain");
  if (!pasted && event.clipboardData.files.length) {
    event.preventDefault();
    bringAll(event.clipboardData.files);
  } else if (isLong(pasted)) {
    event.preventDefault();
    bringText(pasted);
  }
});

async function bringText(pasted) {
  const chip = await bring(new File([pasted], "Pasted text.txt", { type: "text/plain" }));
  if (!chip?.isConnected) return;
  const undo = document.createElement("button");
  undo.type = "button";
  undo.className = "attached__again";
  undo.textContent = "Keep as text";
  undo.addEventListener("click", () => {
    text.setRangeText(pasted, text.selectionStart, text.selectionEnd, "end");
    text.dispatchEvent(new Event("input", { bubbles: true }));
    remove(chip);
    text.focus();
  });
  chip.querySelector(".attached__words").append(undo);
}

function holdsFiles(event) {
  return [...event.dataTransfer.types].includes("Files");
}

area.addEventListener("dragover", (event) => {
  if (!holdsFiles(event)) return;
  event.preventDefault();
  composer.classList.add("composer--dropping");
});
area.addEventListener("dragleave", (event) => {
  if (!area.contains(event.relatedTarget)) composer.classList.remove("composer--dropping");
});
area.addEventListener("drop", (event) => {
  if (!holdsFiles(event)) return;
  event.preventDefault();
  composer.classList.remove("composer--dropping");
  bringAll(event.dataTransfer.files);
  text.focus();
});

// What the address names is kept at once, and the address forgets it: the page may be loaded again.
async function bringWhatIsNamed() {
  const chips = [...list.querySelectorAll("[name=image]")].map((field) => field.closest("li"));
  if (!chips.length) return;
  await Promise.all(chips.map((chip) => keep(chip, "image", chip.dataset.image)));
  const address = new URL(location.href);
  address.searchParams.delete("picture");
  history.replaceState(history.state, "", address);
}

// --- sending ---------------------------------------------------------------------------------------

// What is still on its way is waited for; then the message is sent with it.
composer.addEventListener("htmx:confirm", (event) => {
  if (event.target !== composer || !coming.size) return;
  event.preventDefault();
  Promise.allSettled([...coming]).then(() => event.detail.issueRequest(true));
});
composer.addEventListener("htmx:beforeRequest", (event) => {
  if (event.target !== composer) return;
  for (const chip of list.children) chip.toggleAttribute("data-going", true);
});
composer.addEventListener("chat:sent", () => {
  for (const chip of list.querySelectorAll("[data-going]")) chip.remove(); // what came in since belongs to the next message
});
composer.addEventListener("htmx:afterRequest", (event) => {
  if (event.target !== composer) return;
  for (const chip of list.querySelectorAll("[data-going]")) chip.removeAttribute("data-going"); // it was not sent
});

new MutationObserver(changed).observe(list, { childList: true });
bringBack().then(bringWhatIsNamed);
