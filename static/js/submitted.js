// What was submitted does not stay on this device, which others may use, too: neither what the server has nor what it
// could not take. What is typed afterwards does, until it has arrived.

const shelf = `answer:${document.getElementById("saves").dataset.shelf}:`;
const review = document.getElementById("review");

try {
  if (review) {
    sessionStorage.removeItem(shelf); // it came back, and is not submitted
    review.addEventListener("submit", ({ submitter }) => {
      if (submitter?.value === "submit") sessionStorage.setItem(shelf, Date.now());
    });
  } else {
    const submitted = Number(sessionStorage.getItem(shelf));
    for (const name of Object.keys(localStorage).filter((name) => name.startsWith(shelf))) {
      if (JSON.parse(localStorage.getItem(name)).at <= submitted) localStorage.removeItem(name);
    }
  }
} catch {} // this browser keeps nothing for us
