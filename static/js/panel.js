// Redraws the balance of the sectors while somebody picks. The server draws it; without this script "Count" does.
const form = document.querySelector("form[data-panel]");
const balance = document.getElementById("balance");
let latest = 0;

form?.addEventListener("change", async (event) => {
  if (event.target.name !== "people") return;
  const mine = ++latest;
  const data = new FormData(form);
  data.set("action", "balance");
  try {
    const answer = await fetch(location.href, { method: "POST", body: data, credentials: "same-origin" });
    if (answer.ok && mine === latest) balance.innerHTML = await answer.text();
  } catch {
    // Offline: the picks are kept, and "Count" or "See who gets what" counts them.
  }
});
