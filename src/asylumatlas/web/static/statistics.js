// Copies a text of the page to the clipboard. Without scripts the text can be selected by hand.

for (const button of document.querySelectorAll("button[data-copy]")) {
  const source = document.getElementById(button.dataset.copy);
  const label = button.textContent;
  button.hidden = false;
  button.setAttribute("aria-live", "polite");
  button.addEventListener("click", async () => {
    source.select();
    try {
      await navigator.clipboard.writeText(source.value);
    } catch {
      document.execCommand("copy"); // a page without a secure address
    }
    button.textContent = button.dataset.done;
    setTimeout(() => {
      button.textContent = label;
    }, 2000);
  });
}

// A box too many is not sent: at most as many data as the legend says.
const boxes = [...document.querySelectorAll('form.asked input[name="log"][type="checkbox"]')];
const most = Number(document.querySelector("form.asked")?.dataset.most ?? boxes.length);
const limit = () => {
  const full = boxes.filter((box) => box.checked).length >= most;
  for (const box of boxes) box.disabled = full && !box.checked;
};
for (const box of boxes) box.addEventListener("change", limit);
limit();
