"use strict";

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
  const answer = await response.json();
  if (!response.ok) {
    throw new Error(answer.detail || answer.Message || answer.message || response.statusText);
  }
  return answer;
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
