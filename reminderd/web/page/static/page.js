// What a browser adds where scripts run. Without them every page works by its links and forms.
"use strict";

// Buttons that copy a command.
document.addEventListener("click", async (event) => {
  const button = event.target.closest("button[data-copy]");
  if (!button) return;
  const said = button.querySelector(".said");
  try {
    await navigator.clipboard.writeText(button.dataset.copy);
    said.textContent = "copied";
  } catch {
    getSelection().selectAllChildren(button.parentElement.querySelector("code"));
    said.textContent = "selected";
  }
  setTimeout(() => { said.textContent = ""; }, 2000);
});

function equip(part) {
  for (const button of part.querySelectorAll("button.copy")) button.hidden = false;
}
equip(document);

// A part of a page that is asked for again and again; where nothing has changed, the answer is 304 and nothing is touched.
const live = document.getElementById("live");
if (live) {
  const asOf = document.getElementById("asof");
  const told = document.getElementById("told");
  const every = Number(live.dataset.every) * 1000;
  const clock = new Intl.DateTimeFormat("en-GB", { timeStyle: "medium", timeZone: live.dataset.zone });
  let tag = live.dataset.tag;
  let given = new Map([...live.children].map((part) => [part.id, part.outerHTML]));
  let failures = 0;

  const ask = async () => {
    try {
      // The tag is compared here, and not by the browser's cache, so that an unchanged answer is seen as one.
      const answer = await fetch(live.dataset.from, {
        cache: "no-store", headers: { "If-None-Match": tag }, redirect: "manual", signal: AbortSignal.timeout(20000),
      });
      if (answer.type === "opaqueredirect") { location.reload(); return; }
      if (answer.status === 200) {
        put(await answer.text());
        tag = answer.headers.get("etag");
      } else if (answer.status !== 304) {
        throw new Error(String(answer.status));
      }
      failures = 0;
      asOf.textContent = `As of ${clock.format(new Date())}.`;
      document.body.classList.remove("stale");
    } catch {
      failures += 1;
      if (failures === 1) told.textContent = "The daemon does not answer.";
      asOf.textContent = asOf.textContent.replace(/( The daemon does not answer.*)?$/, " The daemon does not answer; this is asked again.");
      document.body.classList.add("stale");
    }
    later();
  };

  const put = (html) => {
    const fresh = new DOMParser().parseFromString(html, "text/html").body;
    const verdict = live.querySelector("#verdict").textContent;
    const parts = [...fresh.children];
    const now = new Map(parts.map((part) => [part.id, part.outerHTML]));
    for (const part of parts) {
      const old = document.getElementById(part.id);
      if (given.get(part.id) === now.get(part.id)) continue;
      const open = [...old.querySelectorAll("details")].map((each) => each.open);
      const controls = "a[href], button, summary";
      const focus = [...old.querySelectorAll(controls)].indexOf(document.activeElement);
      equip(part);
      old.replaceWith(part);
      part.querySelectorAll("details").forEach((each, place) => { each.open = open[place] ?? false; });
      if (focus >= 0) (part.querySelectorAll(controls)[focus] ?? document.getElementById("content")).focus({ preventScroll: true });
    }
    given = now;
    const fresher = live.querySelector("#verdict").textContent;
    if (fresher !== verdict) {
      told.textContent = fresher;
      document.title = document.title.replace(/^.*? · /, `${fresher.trim()} · `);
    }
  };

  let timer;
  // A page that nobody sees asks nothing; failures let the pauses grow, up to a minute.
  const later = () => {
    clearTimeout(timer);
    if (!document.hidden) timer = setTimeout(ask, Math.min(60000, every * 2 ** Math.min(failures, 3)));
  };
  document.addEventListener("visibilitychange", () => { clearTimeout(timer); if (!document.hidden) ask(); });
  later();
}

// A page that is not complete yet is asked for again until it is.
const again = () => {
  const part = document.querySelector("[data-again]");
  if (part) setTimeout(async () => {
    try {
      const fresh = new DOMParser().parseFromString(await (await fetch(location.href)).text(), "text/html").getElementById(part.id);
      if (fresh) part.replaceWith(fresh);
    } finally {
      again();
    }
  }, Number(part.dataset.again) * 1000);
};
again();
