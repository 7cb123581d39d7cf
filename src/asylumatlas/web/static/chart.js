// Draws the charts of a page with Vega, which is fetched only where there is one.
//
//   <figure class="chart" data-spec-url="/...vl.json">        or, instead of the attribute,
//     <div class="drawing" role="img" aria-label="..."></div>
//     <script type="application/json" class="spec">...</script>
//   </figure>
//
// The drawing's role and label stay as the server wrote them. In the dark theme every colour of
// the specification is replaced by its twin of mirrored lightness and the same hue.

const root = document.documentElement;
const darkSystem = matchMedia("(prefers-color-scheme: dark)");
const isDark = () => (root.dataset.theme ? root.dataset.theme === "dark" : darkSystem.matches);
const place = document.querySelector("script[data-vega]")?.dataset.vega;
let loading;

/** Fetch the drawing program once. */
function load() {
  loading ??= new Promise((resolve, reject) => {
    const script = document.createElement("script");
    script.src = place;
    script.onload = resolve;
    script.onerror = () => reject(new Error("the drawing program could not be fetched"));
    document.head.append(script);
  });
  return loading;
}

const toLinear = (c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4);
const toSigned = (c) => (c <= 0.0031308 ? 12.92 * c : 1.055 * c ** (1 / 2.4) - 0.055);

/** Return the twin of a colour on a dark page: OKLab lightness mirrored, hue kept. */
export function darkTwin(hex) {
  const full = hex.length === 4 ? hex.replace(/[0-9a-f]/gi, "$&$&") : hex;
  const [r, g, b] = [1, 3, 5].map((k) => toLinear(parseInt(full.slice(k, k + 2), 16) / 255));
  const l = Math.cbrt(0.4122214708 * r + 0.5363325363 * g + 0.0514459929 * b);
  const m = Math.cbrt(0.2119034982 * r + 0.6806995451 * g + 0.1073969566 * b);
  const s = Math.cbrt(0.0883024619 * r + 0.2817188376 * g + 0.6299787005 * b);
  const light = 0.2104542553 * l + 0.793617785 * m - 0.0040720468 * s;
  const a = 1.9779984951 * l - 2.428592205 * m + 0.4505937099 * s;
  const c = 0.0259040371 * l + 0.7827717662 * m - 0.808675766 * s;
  // White becomes the dark card; ink becomes nearly white; the middle is lifted a little.
  const turned = 0.235 + 0.86 * (1 - light) ** 0.8;
  const made = (share) => {
    const x = (turned + 0.3963377774 * a * share + 0.2158037573 * c * share) ** 3;
    const y = (turned - 0.1055613458 * a * share - 0.0638541728 * c * share) ** 3;
    const z = (turned - 0.0894841775 * a * share - 1.291485548 * c * share) ** 3;
    return [
      4.0767416621 * x - 3.3077115913 * y + 0.2309699292 * z,
      -1.2684380046 * x + 2.6097574011 * y - 0.3413193965 * z,
      -0.0041960863 * x - 0.7034186147 * y + 1.707614701 * z,
    ];
  };
  let share = 1;
  while (share > 0 && made(share).some((v) => v < -0.001 || v > 1.001)) share -= 0.05;
  const parts = made(share).map((v) => Math.round(255 * toSigned(Math.min(1, Math.max(0, v)))));
  return `#${parts.map((v) => v.toString(16).padStart(2, "0")).join("")}`;
}

/** Return a specification with every colour replaced; white becomes the paper it lies on. */
function recoloured(part, paper) {
  const again = (each) => recoloured(each, paper);
  if (typeof part === "string") {
    const twin = (hex) => (/^#(?:fff){1,2}$/i.test(hex) ? paper : darkTwin(hex));
    return part.replace(/#(?:[0-9a-f]{6}|[0-9a-f]{3})(?![0-9a-z])/gi, twin);
  }
  if (Array.isArray(part)) return part.map(again);
  if (part === null || typeof part !== "object") return part;
  return Object.fromEntries(Object.entries(part).map(([key, each]) => [key, again(each)]));
}

/** Return the colour behind a figure's drawing, as #rrggbb. */
function paperOf(figure) {
  const parts = getComputedStyle(figure).backgroundColor.match(/\d+/g).slice(0, 3);
  return `#${parts.map((v) => Number(v).toString(16).padStart(2, "0")).join("")}`;
}

/** Return a figure's specification: written in the page, or at its address. */
async function specOf(figure) {
  const inside = figure.querySelector("script.spec");
  if (inside) return JSON.parse(inside.textContent);
  const answer = await fetch(figure.dataset.specUrl);
  if (!answer.ok) throw new Error(`the chart could not be fetched: ${answer.status}`);
  return answer.json();
}

/** Draw one figure, in the theme of the moment. */
async function draw(figure) {
  const drawing = figure.querySelector(".drawing");
  figure.spec ??= await specOf(figure);
  const seen = isDark() ? recoloured(figure.spec, paperOf(figure)) : figure.spec;
  // Words of legends have no colour of their own in a specification: they take the page's.
  const { color } = getComputedStyle(figure);
  const legend = { labelColor: color, titleColor: color, ...seen.config?.legend };
  const spec = { ...seen, background: null, config: { ...seen.config, legend } };
  drawing.classList.toggle("fixed", !JSON.stringify(spec).includes('"width":"container"'));
  await load();
  figure.view?.finalize();
  const inner = document.createElement("div"); // takes the role and label that Vega sets
  drawing.replaceChildren(inner);
  const options = { actions: false, renderer: "svg", ast: true, defaultStyle: false };
  const tooltip = { disableDefaultStyle: true };
  figure.view = await window.vegaEmbed(inner, spec, { ...options, tooltip });
  // What is wider than its place is scrolled by keyboard too.
  if (drawing.scrollWidth > drawing.clientWidth) drawing.tabIndex = 0;
  else drawing.removeAttribute("tabindex");
}

const figures = [...document.querySelectorAll("figure.chart")].filter(
  (figure) => figure.dataset.specUrl || figure.querySelector("script.spec"),
);

/** Draw all figures; the page then says so, for whoever waits for it. */
export async function drawAll() {
  root.dataset.charts = isDark() ? "dark" : "light";
  for (const figure of figures) {
    try {
      await draw(figure);
    } catch (error) {
      figure.querySelector(".drawing").textContent = error.message;
      figure.dataset.failed = "yes";
    }
  }
  root.dataset.drawn = String(figures.length);
}

root.addEventListener("themechange", drawAll);
darkSystem.addEventListener("change", drawAll);
await drawAll();
