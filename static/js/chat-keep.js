// Temporary conversations end with their page; a jump shows the message it leads to.

const temporary = document.querySelector("[data-temporary]");

if (temporary) {
  addEventListener("pagehide", () => {
    const form = new FormData();
    form.set("csrfmiddlewaretoken", temporary.querySelector("[name=csrfmiddlewaretoken]").value);
    navigator.sendBeacon(temporary.dataset.temporary, form);
  });
}

// The end of the conversation is followed as the page opens; an address of a message goes before that.
function showTarget() {
  const target = location.hash.startsWith("#message-") && document.getElementById(location.hash.slice(1));
  if (target) target.scrollIntoView({ block: "start" });
}
requestAnimationFrame(showTarget);
