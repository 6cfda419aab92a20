// Saves every answer while it is given. htmx posts one question at a time and puts the reply in place; what is here
// decides when, keeps on this device what the server does not have yet, and tries again. Without it the buttons do.

const PAUSE = 800; // milliseconds without typing
const SOON = 200; // the same for what is pressed: arrow keys walk through radios
const WAITS = [2, 5, 10, 20, 40, 60]; // seconds between tries while there is no connection
const FORGET = 60 * 24 * 3600 * 1000; // milliseconds until what was kept is never wanted again
const TYPED = "textarea, input:not([type=radio], [type=checkbox])";

const form = document.querySelector("form[data-save]");
const line = document.getElementById("saved");
const says = document.getElementById("saves")?.dataset; // what this script has to say, in the words of the page
const shelf = `answer:${says?.shelf}:`;
const unsaved = new Map(); // question -> {edits, timer, due, stuck, origin, other, take}
let page, seq, busy, later, sent, reply, refused;
let failures = 0;
let keeps = true; // this browser lets us keep things

const fieldsetOf = (key) => document.getElementById(`question-${key}`);

// --- kept on this device until the server has it

function given(fieldset) {
  const names = new Set([...fieldset.elements].map((control) => control.name));
  return [...new FormData(form)].filter(([name]) => names.has(name) && name !== "shown");
}

function keep(key) {
  if (!fieldsetOf(key)) return;
  try {
    const one = { at: Date.now(), page, seq, given: given(fieldsetOf(key)) };
    localStorage.setItem(shelf + key, JSON.stringify(one));
    keeps = true;
  } catch {
    keeps = false; // no room, or not allowed
  }
}

function drop(key) {
  try {
    localStorage.removeItem(shelf + key);
  } catch {} // then nothing was kept either
}

function kept() {
  const found = [];
  try {
    for (const name of Object.keys(localStorage).filter((name) => name.startsWith("answer:"))) {
      try {
        const one = JSON.parse(localStorage.getItem(name));
        if (!Array.isArray(one.given) || !(Date.now() - one.at < FORGET)) throw name;
        if (name.startsWith(shelf)) found.push([name.slice(shelf.length), one]);
      } catch {
        localStorage.removeItem(name);
      }
    }
  } catch {
    keeps = false;
  }
  return found;
}

// Puts back what was typed before a crash, a closed tab or a lost connection, and saves it under the name of the page
// it was typed on, with what that page had seen of the answer: the server asks where there is a newer one. What belongs
// to a question that is not on this page is sent without being shown.
function restore() {
  for (const [key, one] of kept().filter(([key]) => !unsaved.has(key))) {
    const back = fieldsetOf(key) && one.page === form.dataset.typed; // what was typed has come back, with its mistakes
    for (const control of fieldsetOf(key)?.elements ?? []) {
      const values = one.given.filter(([name]) => name === control.name).map(([, value]) => value);
      if (control.type === "radio" || control.type === "checkbox") control.checked = values.includes(control.value);
      else if (values.length && !(control.name === "shown" || (back && control.type === "hidden"))) control.value = values[0];
    }
    unsaved.set(key, { edits: 0, due: true, origin: back ? undefined : one });
    if (back) keep(key); // it goes on from here
  }
  next();
}

// --- when it is sent

function edited(key, pause) {
  const one = unsaved.get(key) ?? { edits: 0 };
  unsaved.set(key, one);
  one.edits += 1;
  keep(key);
  send(one, pause);
}

function send(one, pause) {
  clearTimeout(one.timer);
  one.timer = setTimeout(() => {
    one.due = true;
    next();
  }, pause);
}

async function next() {
  if (busy || later) return;
  const [key, one] = [...unsaved].find(([, one]) => one.due) ?? [];
  if (!key) return;
  const fieldset = fieldsetOf(key);
  if (!fieldset && !one.origin) {
    unsaved.delete(key); // its condition is not met any more
    return next();
  }
  const { edits, origin = { page, seq: ++seq } } = one;
  const answer = one.take ? [["take", key]] : [["shown", key], ...(fieldset ? given(fieldset) : origin.given)];
  const places = [...form.querySelectorAll("[data-question]")].map((found) => ["present", found.dataset.question]);
  if (document.getElementById(`drawn-${key}`)) places.push(["draws", key]);
  one.due = false;
  busy = true;
  await post([...answer, ["page", origin.page], ["seq", origin.seq], ...places], !fieldset);
  busy = false;
  if (reply) {
    failures = 0;
    settle(key, one, edits);
  } else if (refused) {
    one.stuck = true;
    say("refused");
  } else {
    one.due = true;
    say(keeps ? "offline" : "lost");
    later = setTimeout(again, WAITS[Math.min(failures++, WAITS.length - 1)] * (750 + 500 * Math.random()));
  }
  next();
}

function again() {
  clearTimeout(later);
  later = undefined;
  next();
}

async function post(data, quietly) {
  reply = refused = undefined;
  if (!navigator.onLine) return;
  sent = new FormData();
  for (const [name, value] of data) sent.append(name, value);
  try {
    await htmx.ajax("POST", form.dataset.save, { source: form, target: line, swap: quietly ? "none" : "innerHTML" });
  } catch {} // no connection, or no reply in time
}

// --- what became of it

function settle(key, one, edits) {
  const { state, mark, slots } = reply;
  const fieldset = fieldsetOf(key);
  one.stuck = ["incomplete", "conflict", "gone"].includes(state);
  if (state === "overtaken" && one.origin && fieldset) {
    take(key, one); // newer text of the very page that this was kept for is there already: show that
  } else {
    one.origin = undefined;
    if (fieldset) line.dataset.state = state;
    one.other = state === "conflict" ? mark : undefined;
    if (state !== "conflict") {
      document.getElementById(`conflict-${key}`)?.replaceChildren();
      const seen = form.elements[`seen-${key}`];
      if (seen && mark !== undefined) seen.value = mark;
      if (one.stuck || one.edits !== edits) keep(key); // with what has been seen now
      else mend(fieldset);
    }
    if (one.take) fieldset?.focus();
    if (!one.stuck && one.edits === edits) {
      unsaved.delete(key);
      drop(key);
    }
  }
  if ([...unsaved.values()].some((other) => other.stuck && other !== one)) line.append(` ${says.others}`);
  uncover();
  for (const slot of slots) unsaved.delete(slot);
  if (slots.length) restore();
}

// What the page had found wrong is right now. Nothing moves but the message: somebody is typing.
function mend(fieldset) {
  if (!fieldset?.classList.contains("has-error")) return;
  fieldset.classList.remove("has-error");
  for (const control of fieldset.querySelectorAll("[aria-invalid]")) control.removeAttribute("aria-invalid");
  for (const message of fieldset.querySelectorAll(".invalid-feedback")) message.replaceChildren();
  for (const link of document.querySelectorAll("#errors li a")) {
    if (fieldset.contains(document.getElementById(link.hash.slice(1)))) link.closest("li").classList.add("mended");
  }
}

function take(key, one) {
  drop(key);
  Object.assign(one, { take: true, origin: undefined, stuck: false });
  send(one, 0);
}

function say(what) {
  line.dataset.state = what;
  if (line.textContent !== says[what]) line.textContent = says[what];
  uncover();
}

// The line stays in view while the page scrolls. It must not lie over what somebody is filling in.
function uncover() {
  const [over, at] = [line.getBoundingClientRect(), document.activeElement.getBoundingClientRect()];
  const covered = form.contains(document.activeElement) && at.bottom > over.top && at.top < over.bottom;
  if (covered && line.dataset.state) document.activeElement.scrollIntoView({ block: "nearest" });
}

// --- events

// Two tabs must not pass for one page: not where a tab is duplicated, nor where the browser brings a page back.
function rename() {
  page = btoa(String.fromCharCode(...crypto.getRandomValues(new Uint8Array(12)))).replace(/[+/]/g, "-");
  seq = 0;
  form.elements.page.value = page;
  form.elements.seq.value = seq;
}

// The buttons of a conflict that the page met by itself. One that it came with is left to the form.
function choose(event) {
  const button = event.target.closest(".conflict button");
  const key = button?.closest("[data-question]").dataset.question;
  const one = unsaved.get(key);
  if (one?.other === undefined) return;
  event.preventDefault();
  if (button.value === `take:${key}`) return take(key, one);
  form.elements[`seen-${key}`].value = one.other;
  fieldsetOf(key).focus();
  edited(key, 0);
}

function start() {
  form.autocomplete = "off"; // after a reload the browser would put older text over newer answers; `restore` asks
  rename();
  form.addEventListener("input", ({ target }) => {
    const key = target.name && target.closest("[data-question]")?.dataset.question;
    if (key) edited(key, target.matches(TYPED) ? PAUSE : SOON);
  });
  form.addEventListener("change", ({ target }) => {
    const one = unsaved.get(target.closest("[data-question]")?.dataset.question);
    if (one && target.matches(TYPED)) send(one, 0); // gone on to something else
  });
  form.addEventListener("click", choose);
  form.addEventListener("focusin", uncover);
  form.addEventListener("submit", () => {
    form.elements.seq.value = ++seq; // newer than any save that is still on its way
    for (const key of unsaved.keys()) keep(key);
  });
  form.addEventListener("htmx:configRequest", ({ detail }) => (detail.parameters = sent));
  form.addEventListener("answer-taken", ({ detail }) => (reply = detail));
  document.addEventListener("htmx:beforeSwap", ({ detail }) => {
    const { status } = detail.xhr;
    refused = status >= 400 && status < 500 && status !== 408 && status !== 429;
    detail.shouldSwap &&= Boolean(reply); // not what the gateway of a hotel says in the place of our server
  });
  document.addEventListener("htmx:oobBeforeSwap", ({ detail }) => {
    const leaves = detail.target.matches(".slot") && !detail.fragment.querySelector?.("[data-question]");
    if (leaves && detail.target.contains(document.activeElement)) detail.shouldSwap = false; // while somebody is in it
  });
  addEventListener("online", again);
  addEventListener("pageshow", ({ persisted }) => persisted && rename());
  addEventListener("beforeunload", (event) => unsaved.size && !keeps && event.preventDefault());
  document.addEventListener("visibilitychange", () => {
    for (const one of unsaved.values()) one.due ||= !one.stuck; // the laptop is being closed, or has been opened
    again();
  });
  restore();
}

if (form && line && says && window.htmx) start();
