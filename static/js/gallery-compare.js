// Two pictures over each other with a border that slides; without scripts they stand side by side.

const pictures = document.querySelector("[data-comparison]");
const slide = document.querySelector("[data-slide]");

function move() {
  pictures.style.setProperty("--border", `${slide.value}%`);
}

pictures.dataset.sliding = "";
slide.closest("label").hidden = false;
slide.addEventListener("input", move);
pictures.addEventListener("pointermove", (event) => {
  if (event.pointerType === "mouse" && !event.buttons) return;
  const box = pictures.getBoundingClientRect();
  slide.value = String(((event.clientX - box.left) / box.width) * 100);
  move();
});
move();
