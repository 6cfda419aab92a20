// Says a time in the reader's own zone too, where that is another one: in place of what stands there instead, if anything.

const own = new Intl.DateTimeFormat().resolvedOptions().timeZone;
const { hour12 } = new Intl.DateTimeFormat(undefined, { hour: "numeric" }).resolvedOptions();
const said = new Set();

function inZone(instant, timeZone) {
  const parts = { weekday: "long", hour: "numeric", minute: "2-digit", hour12, timeZone };
  const words = new Intl.DateTimeFormat(document.documentElement.lang, parts).format(instant);
  return words.replace(/\b([AP])M\b/, (_, half) => `${half.toLowerCase()}.m.`); // as the page writes it
}

for (const time of document.querySelectorAll("time[data-own-zone]")) {
  try {
    const instant = new Date(time.dateTime);
    const here = inZone(instant, own);
    if (said.has(time.dateTime) || here === inZone(instant, time.dataset.zone)) continue;
    said.add(time.dateTime);
    const words = `(${time.dataset.ownZone.replace("{time}", here).replace("{zone}", own.replaceAll("_", " "))})`;
    const instead = time.nextElementSibling;
    if (instead?.matches("[data-own-zone-instead]")) instead.textContent = words;
    else time.after(` ${words}`);
  } catch {
    // A zone that this browser does not know: what stands there will do.
  }
}
