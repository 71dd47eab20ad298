// The draft: kept on the server a moment after typing, and in this tab until the server has it.

const KEEP_AFTER = 700; // milliseconds without a key
const LARGEST_AT_THE_END = 60_000; // bytes that a browser still sends for a page that is going

const composer = document.getElementById("composer");
const text = composer.elements.text;
const version = document.getElementById("draft");
const newer = composer.querySelector("[data-draft-newer]");
const key = `chat-draft-${composer.dataset.person}-${composer.dataset.conversation}`;

let kept = text.value; // what the server has
let theirs = null; // what it has from elsewhere
let sending = false;
let saving = false;
let later;

function read() {
  try {
    return JSON.parse(sessionStorage.getItem(key));
  } catch {
    return null;
  }
}

function hold(value) {
  try {
    if (value === null) sessionStorage.removeItem(key);
    else sessionStorage.setItem(key, JSON.stringify(value));
  } catch {
    // Kept on the page only.
  }
}

function keepSoon() {
  clearTimeout(later);
  later = setTimeout(keep, KEEP_AFTER);
}

function isTemporary() {
  return composer.elements.temporary?.checked;
}

async function keep() {
  clearTimeout(later);
  if (saving || sending || theirs || text.value === kept || isTemporary()) return;
  saving = true;
  const typed = text.value;
  const form = new FormData();
  form.set("text", typed);
  form.set("version", version.value);
  form.set("request_id", document.getElementById("request-id").value);
  form.set("csrfmiddlewaretoken", composer.elements.csrfmiddlewaretoken.value);
  try {
    const keepalive = new Blob([typed]).size < LARGEST_AT_THE_END;
    const answer = await fetch(composer.dataset.draft, { method: "POST", body: form, keepalive });
    if (answer.ok && !answer.redirected) wasKept(typed, await answer.json());
    else if (answer.status === 409) isNewerElsewhere(await answer.json());
  } catch {
    // The server cannot be reached, or the page is going: this tab still has it.
  }
  saving = false;
  if (!sending && text.value !== typed) keepSoon();
}

function wasKept(typed, answer) {
  if (sending) return;
  kept = typed;
  version.value = answer.version;
  if (text.value === typed) hold(null);
}

function isNewerElsewhere(found) {
  if (sending) return;
  if (found.text === text.value) {
    wasKept(found.text, found);
    return;
  }
  theirs = { ...found, kept: found.text };
  newer.hidden = false;
}

function decide(taken) {
  version.value = theirs.version;
  kept = theirs.kept;
  if (taken) text.value = theirs.text;
  theirs = null;
  newer.hidden = true;
  text.dispatchEvent(new Event("input", { bubbles: true }));
  text.focus();
}

composer.querySelector("[data-draft-take]").addEventListener("click", () => decide(true));
composer.querySelector("[data-draft-stay]").addEventListener("click", () => decide(false));

text.addEventListener("input", () => {
  if (!isTemporary()) hold({ text: text.value, version: version.value });
  keepSoon();
});
composer.elements.temporary?.addEventListener("change", () => {
  if (isTemporary()) hold(null);
});
document.addEventListener("visibilitychange", () => document.hidden && keep());
addEventListener("pagehide", keep);
addEventListener("online", keep);

composer.addEventListener("htmx:beforeRequest", (event) => {
  if (event.target === composer) sending = true;
});
composer.addEventListener("htmx:afterRequest", (event) => {
  if (event.target !== composer) return;
  sending = false;
  if (text.value !== kept) keepSoon();
});
composer.addEventListener("chat:sent", () => {
  clearTimeout(later);
  kept = "";
  theirs = null;
  version.value = 0;
  newer.hidden = true;
  hold(text.value ? { text: text.value, version: "0" } : null);
});

// What this tab could not bring to the server before goes first, unless the server has something newer.
const held = read();
if (held?.text && held.text !== text.value) {
  if (!text.value || held.version === version.value) {
    text.value = held.text;
    text.dispatchEvent(new Event("input", { bubbles: true }));
  } else {
    theirs = { text: held.text, version: version.value, kept };
    newer.hidden = false;
  }
} else {
  hold(null);
}
