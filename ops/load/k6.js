// A load that the service has to carry, for k6: clients that poll and clients that listen, with what they may wait.
//   URL=https://foretick.fly.dev k6 run ops/load/k6.js          (RATE requests a second, LISTENERS sockets, SECONDS long)
// `bun run load` makes the same load without k6, held to the same thresholds.json.
// Callers are bounded by address: keep RATE below the limit of one, or bring KEY, an API key with a higher one.

import { check } from "k6";
import http from "k6/http";
import { Trend } from "k6/metrics";
import ws from "k6/ws";

const URL = __ENV.URL || "http://127.0.0.1:8080";
const SECONDS = Number(__ENV.SECONDS || 60);
const params = __ENV.KEY ? { headers: { Authorization: `Bearer ${__ENV.KEY}` } } : {};
const behind = new Trend("forecast_behind_ms", true);

export const options = {
  scenarios: {
    polling: {
      executor: "constant-arrival-rate",
      exec: "poll",
      rate: Number(__ENV.RATE || 5),
      timeUnit: "1s",
      duration: `${SECONDS}s`,
      preAllocatedVUs: 20,
    },
    listening: {
      executor: "per-vu-iterations",
      exec: "listen",
      vus: Number(__ENV.LISTENERS || 50),
      iterations: 1,
      maxDuration: `${SECONDS + 30}s`,
    },
  },
  // forecast_behind_ms: from the forecast's emission to the listener, both machines' clocks apart.
  thresholds: JSON.parse(open("./thresholds.json")),
};

export function poll() {
  const answer = http.get(`${URL}/latest?symbol=BTCUSDT`, params);
  check(answer, {
    "is a forecast": ({ status, body }) => status === 200 && JSON.parse(body).ts_sec > 0,
  });
}

export function listen() {
  let forecasts = 0;
  const answer = ws.connect(`${URL.replace(/^http/, "ws")}/stream?symbol=BTCUSDT`, params, (socket) => {
    socket.on("message", (text) => {
      const message = JSON.parse(text);
      if (message.type !== "prediction") return;
      forecasts++;
      behind.add(Date.now() - message.emitted_at_us / 1000);
    });
    socket.setTimeout(() => socket.close(), SECONDS * 1000);
  });
  check(answer, { "is let in": (reply) => reply && reply.status === 101 });
  check(forecasts, { "hears a forecast a second": (heard) => heard >= SECONDS * 0.9 });
}
