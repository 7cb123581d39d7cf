// How far runs are: asks the server once a second while the page is looked at, and shows the page
// anew when a run has ended. Without scripts the page has links that do the same.

const EVERY = 1000; // milliseconds
const SPOKEN = 15000; // between two words to a screen reader
const SLOWEST = 15000;

const show = (place, job) => {
  const words = place.querySelector("[data-words]");
  if (words && words.textContent !== job.words) words.textContent = job.words;
  const bar = place.querySelector("[data-bar]");
  if (bar) {
    bar.max = Math.max(job.total, 1);
    bar.value = job.done;
  }
};

/** Ask for something again and again, slower while the server does not answer. */
const follow = (address, see) => {
  let wait = EVERY;
  const look = async () => {
    if (!document.hidden) {
      try {
        const answer = await fetch(address, { headers: { Accept: "application/json" } });
        if (answer.status === 404) {
          location.reload();
          return;
        }
        if (!answer.ok) throw new Error(String(answer.status));
        if (see(await answer.json())) {
          location.reload();
          return;
        }
        wait = EVERY;
      } catch {
        wait = Math.min(wait * 2, SLOWEST); // stopped, or started again: it may come back
      }
    }
    setTimeout(look, wait);
  };
  setTimeout(look, EVERY);
};

const ended = (was, is) => was !== is && !["waiting", "running"].includes(is);

const one = document.querySelector("[data-job][data-url]");
if (one) {
  const voice = one.querySelector("[data-spoken]");
  let spoke = performance.now();
  let state = one.dataset.state;
  follow(one.dataset.url, (job) => {
    show(one, job);
    const now = performance.now();
    if (voice && (job.state !== state || now - spoke > SPOKEN)) {
      voice.textContent = job.words;
      spoke = now;
    }
    state = job.state;
    return ended(one.dataset.state, job.state);
  });
}

const list = document.querySelector("[data-jobs]");
if (list) {
  const active = [...list.querySelectorAll("[data-state=waiting], [data-state=running]")];
  follow(list.dataset.jobs, ({ jobs }) => {
    const found = new Map(jobs.map((job) => [job.id, job]));
    let anew = false;
    for (const row of active) {
      const job = found.get(row.dataset.job);
      if (job) show(row, job);
      anew ||= job?.state !== row.dataset.state;
    }
    return anew;
  });
}
