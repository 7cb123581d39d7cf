// What if: shows at once what differs, keeps the link in step, reads a file into the text field.
// Everything works without it: the form is sent, and the server answers with the same page.

const form = document.querySelector("form.whatif");

/** The link of what the form says: only fields that differ from the scenario. */
function linkOf() {
  const query = new URLSearchParams();
  for (const field of form.elements) {
    if (!field.name || field.type === "submit") continue;
    const value = field.value.trim();
    const isNumber = field.name.startsWith("set.");
    const same = isNumber && (value === "" || value === field.dataset.base);
    if (value === "" || same) continue;
    query.set(field.name, value);
  }
  return `${form.dataset.here}?${query}`;
}

let latest = 0;

/** Fetch the page of what the form says, and take over what it says of the difference. */
async function refresh() {
  const own = ++latest;
  const answer = await fetch(linkOf());
  if (!answer.headers.get("content-type")?.startsWith("text/html")) return;
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  if (own !== latest) return; // a later one is under way
  const place = document.querySelector("#difference");
  const difference = page.querySelector("#difference");
  if (!difference) return;
  place.replaceChildren(...difference.childNodes);
  for (const field of form.querySelectorAll("[data-control] input")) {
    const told = page.getElementById(`f-${field.id}`);
    const here = document.getElementById(`f-${field.id}`);
    here.textContent = told?.textContent ?? "";
    here.hidden = here.textContent === "";
    field.toggleAttribute("aria-invalid", !here.hidden);
    if (!here.hidden) field.setAttribute("aria-invalid", "true");
    const changed = field.value.trim() !== "" && field.value.trim() !== field.dataset.base;
    field.closest("[data-control]").classList.toggle("changed", changed || hasOther(field));
  }
  const share = page.querySelector("[data-share]");
  if (share) {
    document.querySelector("[data-share]").value = share.value;
    document.querySelector("[data-toml]").href = page.querySelector("[data-toml]").href;
    document.querySelector("#h-scale").textContent = page.querySelector("#h-scale").textContent;
    const link = new URL(share.value);
    const seen = new URLSearchParams(link.search);
    for (const key of ["show", "find"]) {
      const value = form.elements[key].value;
      if (value) seen.set(key, value);
    }
    const query = seen.toString();
    history.replaceState(null, "", link.pathname + (query ? `?${query}` : "") + location.hash);
  }
}

/** Whether another field of the same control is changed. */
function hasOther(field) {
  return [...field.closest("[data-control]").querySelectorAll("input")].some(
    (each) => each.value.trim() !== "" && each.value.trim() !== each.dataset.base,
  );
}

if (form) {
  let waiting;
  form.addEventListener("input", (event) => {
    if (!event.target.name || event.target.form !== form) return;
    clearTimeout(waiting);
    waiting = setTimeout(refresh, 350);
  });
  // A tab, or a search, must not lose what was typed since the link was last in step.
  for (const tab of document.querySelectorAll(".numbers .tabs a")) {
    tab.addEventListener("click", (event) => {
      event.preventDefault();
      const link = new URL(linkOf(), location.href);
      const wanted = new URL(tab.href);
      link.searchParams.delete("find");
      link.searchParams.delete("show");
      const show = wanted.searchParams.get("show");
      if (show) link.searchParams.set("show", show);
      location.href = `${link.pathname}${link.search}#controls`;
    });
  }
  document.querySelector("#seeking").addEventListener("submit", (event) => {
    event.preventDefault();
    const link = new URL(linkOf(), location.href);
    link.searchParams.delete("show");
    link.searchParams.set("find", document.querySelector("#seek").value.trim());
    location.href = `${link.pathname}${link.search}#controls`;
  });
}

for (const button of document.querySelectorAll("[data-copy]")) {
  button.hidden = !navigator.clipboard;
  button.addEventListener("click", async () => {
    await navigator.clipboard.writeText(document.getElementById(button.dataset.copy).value);
    button.textContent = button.dataset.done;
  });
}

for (const file of document.querySelectorAll("[data-file]")) {
  file.closest("[hidden]")?.removeAttribute("hidden");
  file.addEventListener("change", async () => {
    const chosen = file.files[0];
    if (chosen) document.getElementById(file.dataset.file).value = await chosen.text();
  });
}
