// Draws the charts of a report from the specifications inside the page. Nothing is fetched:
// the page's own policy forbids it, and expressions are interpreted, never compiled.
(() => {
  "use strict";
  const unpack = (packed) =>
    packed.rows.map((row) => Object.fromEntries(packed.columns.map((name, i) => [name, row[i]])));

  const draw = async (figure) => {
    const spec = JSON.parse(figure.querySelector("script[type='application/json']").textContent);
    for (const name of Object.keys(spec.datasets)) {
      spec.datasets[name] = unpack(spec.datasets[name]);
    }
    const place = figure.querySelector(".chart");
    await window.vegaEmbed(place, spec, {
      actions: false,
      renderer: "svg",
      ast: true,
      defaultStyle: false,
      tooltip: { theme: "page", disableDefaultStyle: true },
    });
    place.classList.add("drawn");
  };

  const start = async () => {
    const figures = [...document.querySelectorAll("figure[data-chart]")];
    for (const figure of figures) {
      try {
        await draw(figure);
      } catch (error) {
        figure.querySelector(".chart").textContent =
          "This chart could not be drawn here; its numbers are in the table below.";
        console.error(error);
      }
    }
    document.documentElement.dataset.charts = "done";
  };
  // Tables inside <details> are part of the printed page only where the reader opened them,
  // but the parameters of the run always are: opened for the printer, and closed again.
  const closed = () => document.querySelectorAll("details.printed:not([open])");
  window.addEventListener("beforeprint", () => {
    for (const part of closed()) {
      part.open = true;
      part.dataset.reopened = "";
    }
  });
  window.addEventListener("afterprint", () => {
    for (const part of document.querySelectorAll("details[data-reopened]")) {
      part.open = false;
      delete part.dataset.reopened;
    }
  });
  document.addEventListener("DOMContentLoaded", start);
})();
