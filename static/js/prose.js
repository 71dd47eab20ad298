// Copies the code of a block; on every page that shows what models wrote.

const SAID_FOR = 1500; // milliseconds

document.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-copy-code]");
  if (!button) return;
  const code = button.closest(".code").querySelector("code");
  button.textContent = (await copied(code)) ? "Copied" : "Selected";
  setTimeout(() => { button.textContent = "Copy"; }, SAID_FOR);
});

// Without a clipboard, as on plain HTTP, the code is selected: one key copies it.
async function copied(code) {
  try {
    await navigator.clipboard.writeText(code.textContent);
    return true;
  } catch {
    getSelection().selectAllChildren(code);
    return false;
  }
}
