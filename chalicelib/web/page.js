"use strict";

const NEWEST = 5;

const byId = (id) => document.getElementById(id);

function show(document_) {
  const [prediction] = document_.predictions;
  byId("label").textContent = prediction.label;
  byId("label").dataset.sure = Math.abs(prediction.score - 0.5) > 0.25 ? "yes" : "no";
  byId("meter").value = prediction.score;
  byId("score").textContent = prediction.score.toFixed(4);
  byId("model").textContent =
    `${document_.pipeline}, version ${document_.model_version}, variant ${document_.variant}`;
  byId("inference").textContent = document_.inference_id;
  byId("answer").hidden = false;
}

function fail(message) {
  byId("error").textContent = message;
  byId("error").hidden = false;
}

async function ask(text) {
  const response = await fetch("predict", {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ text }),
  });
  return read(response);
}

async function read(response) {
  const answer = await response.json();
  if (!response.ok) {
    throw new Error(answer.detail || answer.Message || answer.message || response.statusText);
  }
  return answer;
}

function part(name, text) {
  const element = document.createElement(name);
  element.textContent = text;
  return element;
}

function isWebAddress(text) {
  try {
    return ["http:", "https:"].includes(new URL(text).protocol);
  } catch {
    return false;
  }
}

function linkTo(address, when) {
  const link = part("a", "Report");
  link.href = address;
  link.target = "_blank";
  link.rel = "noopener";
  link.setAttribute("aria-label", `Report of the drift check of ${when}, opens in a new tab`);
  return link;
}

function entryOf(check) {
  const when = part("time", new Date(check.started).toLocaleString());
  when.dateTime = check.started;
  const entry = document.createElement("li");
  entry.append(when, " ", part("strong", check.state));
  if (check.reason) {
    entry.append(" ", part("span", check.reason));
  }
  if (isWebAddress(check.report)) {
    entry.append(" ", linkTo(check.report, when.textContent));
  }
  return entry;
}

async function showChecks() {
  const told = byId("checks-told");
  try {
    const pipeline = (await read(await fetch("pipelines"))).default;
    const { checks } = await read(await fetch(`pipelines/${encodeURIComponent(pipeline)}/checks`));
    byId("checks-list").replaceChildren(...checks.slice(0, NEWEST).map(entryOf));
    byId("checks-list").hidden = checks.length === 0;
    told.textContent = checks.length === 0 ? `There is no drift check of ${pipeline} yet.` : `The newest of ${pipeline}:`;
  } catch {
    told.textContent = "The drift checks could not be read.";
  }
}

byId("form").addEventListener("submit", async (event) => {
  event.preventDefault();
  byId("error").hidden = true;
  byId("answer").hidden = true;
  byId("send").disabled = true;
  try {
    show(await ask(byId("text").value));
  } catch (error) {
    fail(error.message);
  } finally {
    byId("send").disabled = false;
  }
});

showChecks();
