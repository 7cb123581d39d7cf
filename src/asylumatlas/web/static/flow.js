// Runs the days of a flow: the server drew one day; this moves discs, lines, marks and the table.
// Without it the form and the links show any day.

const player = document.querySelector("[data-player]");
const range = player.querySelector("input[type=range]");
const button = player.querySelector("[data-play]");
const words = JSON.parse(player.querySelector("[data-day-words]").textContent);
const live = document.querySelector("[data-live]");
const summary = document.querySelector("[data-summary]");
const calm = matchMedia("(prefers-reduced-motion: reduce)");
const number = new Intl.NumberFormat("en-US");
const OUTSIDE = ["custody", "protected", "ended"]; // beside the main track, or past it
const SECONDS = 30; // for all days, at most
const all = (selector) => [...document.querySelectorAll(selector)];

let series;
let day = Number(player.dataset.day);
let shown = day; // between two days while the picture moves
let playing = false;
let last = 0;

const pictures = all("svg.stages").map((svg) => ({
  largest: Number(svg.dataset.largest),
  smallest: Number(svg.dataset.smallest),
  widest: Number(svg.dataset.widest),
  narrowest: Number(svg.dataset.narrowest),
  stages: [...svg.querySelectorAll("[data-stage]")],
  moves: [...svg.querySelectorAll("[data-move]")],
}));
const map = document.querySelector("svg.map");
const marks = all("[data-mark]");

/** Fetch all days once, and find what each picture's full size stands for. */
async function load() {
  if (series) return;
  const answer = await fetch(player.dataset.url);
  if (!answer.ok) throw new Error(`the days could not be fetched: ${answer.status}`);
  series = await answer.json();
  const most = (lists) => Math.max(1, ...lists.map((list) => Math.max(0, ...list)));
  series.most = most(Object.values(series.stages));
  series.mostMoved = most(series.moves.map((each) => each.people_so_far.slice(-1)));
  series.mostAt = most(series.places.map((each) => each.people));
}

/** Return a count between two days. */
function at(list, when) {
  const low = Math.floor(when);
  const high = Math.min(low + 1, list.length - 1);
  return list[low] + (list[high] - list[low]) * (when - low);
}

const size = (people, most, largest, smallest) =>
  people <= 0 ? 0 : Math.max(smallest, largest * Math.sqrt(Math.min(1, people / most)));

/** Draw the pictures at a moment, the words at its day. */
function draw(when) {
  const whole = Math.round(when);
  for (const picture of pictures) {
    for (const group of picture.stages) {
      const people = at(series.stages[group.dataset.stage], when);
      const radius = size(people, series.most, picture.largest, picture.smallest);
      group.querySelector(".disc").setAttribute("r", radius.toFixed(2));
      const count = series.stages[group.dataset.stage][whole];
      group.querySelector(".people").textContent = number.format(count);
    }
    for (const line of picture.moves) {
      const moved = at(series.moves[line.dataset.move].people_so_far, when);
      const width = (picture.widest * moved) / series.mostMoved;
      line.setAttribute("stroke-width", moved ? Math.max(picture.narrowest, width).toFixed(2) : 0);
    }
  }
  for (const mark of marks) {
    const people = at(series.places[mark.dataset.mark].people, when);
    const { largest, smallest } = map.dataset;
    const radius = size(people, series.mostAt, Number(largest), Number(smallest));
    const moved = mark.getAttribute("transform").replace(/scale\(.*\)/, `scale(${radius.toFixed(2)})`);
    mark.setAttribute("transform", moved);
  }
}

/** Say a day: summary, slider, tables, chart, address. */
function say(whole) {
  const inside = Object.entries(series.stages)
    .filter(([name]) => !OUTSIDE.includes(name))
    .reduce((sum, [, list]) => sum + list[whole], 0);
  const fill = (text) =>
    text.replace("{day}", words[whole]).replace("{inside}", number.format(inside));
  summary.textContent = fill(summary.dataset.text);
  range.value = whole;
  range.setAttribute("aria-valuetext", words[whole]);
  if (!playing) live.textContent = fill(player.dataset.position);
  for (const cell of all("[data-stage-cell]")) {
    cell.textContent = number.format(series.stages[cell.dataset.stageCell][whole]);
  }
  for (const cell of all("[data-mark-cell]")) {
    cell.textContent = number.format(series.places[cell.dataset.markCell].people[whole]);
  }
  for (const caption of all("[data-caption]")) caption.textContent = fill(caption.dataset.caption);
  document.body.classList.add("moving"); // the intervals were those of the day first shown
  const view = document.querySelector("figure.chart")?.view?.view;
  view?.signal("shown_day", Date.parse(series.days[whole])).run();
}

/** Go to a day and stay there. */
async function go(target) {
  await load();
  day = Math.min(Math.max(target, 0), series.days.length - 1);
  shown = day;
  draw(day);
  say(day);
  document.querySelector("#day").value = series.days[day];
  const joint = player.dataset.page.includes("?") ? "&" : "?";
  history.replaceState(null, "", `${player.dataset.page}${joint}day=${series.days[day]}`);
}

/** Move on by the time that has passed; whole days only where less motion is wanted. */
function frame(now) {
  if (!playing) return;
  const length = series.days.length;
  const speed = calm.matches ? 1 : Math.max(4, length / SECONDS); // days a second
  shown = Math.min(shown + ((now - last) / 1000) * speed, length - 1);
  last = now;
  draw(calm.matches ? Math.floor(shown) : shown);
  if (Math.floor(shown) !== day) {
    day = Math.floor(shown);
    say(day);
  }
  if (shown >= length - 1) pause();
  else requestAnimationFrame(frame);
}

async function play() {
  await load();
  if (day >= series.days.length - 1) shown = day = 0;
  playing = true;
  button.textContent = button.dataset.pauseText;
  last = performance.now();
  requestAnimationFrame(frame);
}

function pause() {
  playing = false;
  button.textContent = button.dataset.playText;
  go(Math.round(shown));
}

button.addEventListener("click", () => (playing ? pause() : play()));
for (const step of player.querySelectorAll("[data-step]")) {
  step.addEventListener("click", () => {
    playing = false;
    button.textContent = button.dataset.playText;
    go(day + Number(step.dataset.step));
  });
}
range.addEventListener("input", () => {
  playing = false;
  button.textContent = button.dataset.playText;
  go(Number(range.value));
});
player.hidden = false;
