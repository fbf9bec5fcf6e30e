/** The service's paths, on one screen. Needs no port: `app.request("/latest")` answers as the server would. */

import { OpenAPIHono } from "@hono/zod-openapi";
import type { MiddlewareHandler } from "hono";
import type { Clock } from "../base/clock.ts";
import { describeError } from "../base/errors.ts";
import type { Logger } from "../base/log.ts";
import { Access } from "./access/access.ts";
import { boundedTime, databaseTurns } from "./access/bounds.ts";
import { gate } from "./access/gate.ts";
import { idempotent } from "./access/idempotency.ts";
import { Sites } from "./access/sites.ts";
import { loadAssets } from "./assets.ts";
import { documentOf } from "./describe/document.ts";
import type { ServePorts } from "./ports.ts";
import { boundary, measured } from "./request/boundary.ts";
import { expectedProblem } from "./request/expected.ts";
import { LongAnswers } from "./request/long_answers.ts";
import { refuseOtherMethods } from "./request/methods.ts";
import { pathWithVersion } from "./request/parameters/version_path.ts";
import { problem, type RequestScope } from "./request/problem.ts";
import { refuseInvalid } from "./request/refuse.ts";
import { alertsRoute, getAlerts } from "./routes/get_alerts.ts";
import { getAsset } from "./routes/get_asset.ts";
import { contributionsRoute, getContributions } from "./routes/get_contributions.ts";
import { dataDaysRoute, getDataDays } from "./routes/get_data_days.ts";
import { eventsRoute, getEvents } from "./routes/get_events.ts";
import { featuresLatestRoute, getFeaturesLatest } from "./routes/get_features_latest.ts";
import {
  getHealth,
  getHealthLive,
  getHealthReady,
  healthLiveRoute,
  healthReadyRoute,
  healthRoute,
} from "./routes/get_health.ts";
import { getLatest, latestRoute } from "./routes/get_latest.ts";
import { getMetrics, metricsRoute } from "./routes/get_metrics.ts";
import { getOpenApi } from "./routes/get_openapi.ts";
import { getParity, parityRoute } from "./routes/get_parity.ts";
import { getPredictions, predictionsRoute } from "./routes/get_predictions.ts";
import { getQuality, qualityRoute } from "./routes/get_quality.ts";
import { getReliability, reliabilityRoute } from "./routes/get_reliability.ts";
import { getSignalsLatest, signalsLatestRoute } from "./routes/get_signals_latest.ts";
import { getStream, streamRoute } from "./routes/get_stream.ts";
import {
  deploymentsRoute,
  deployRoute,
  getDeployments,
  mlopsDeployRoute,
  postDeploy,
  postSilence,
  postStopDeployment,
  silenceRoute,
  stopDeploymentRoute,
} from "./routes/operate/deployments.ts";
import {
  abTestRoute,
  concludeExperimentRoute,
  evaluateRoute,
  evidenceRoute,
  experimentRoute,
  experimentsRoute,
  getEvidence,
  getExperiment,
  getExperiments,
  postEndExperiment,
  postEvaluate,
  postExperiment,
  startExperimentRoute,
  stopExperimentRoute,
} from "./routes/operate/experiments.ts";
import {
  getModel,
  getModelInfo,
  getModels,
  getReport,
  mlopsModelsRoute,
  modelInfoRoute,
  modelRoute,
  modelsRoute,
  postPromote,
  postReload,
  postRollback,
  promoteRoute,
  reloadRoute,
  reportRoute,
  rollbackRoute,
} from "./routes/operate/models.ts";
import {
  continuousRoute,
  dashboardRoute,
  driftDetectionRoute,
  getDashboard,
  monitoringDriftRoute,
  postContinuous,
  postDriftDetection,
  postMonitoringDrift,
} from "./routes/operate/monitoring.ts";
import { postRegister, registerRoute } from "./routes/operate/register.ts";
import { getSettings, settingsRoute } from "./routes/operate/settings.ts";
import {
  cancelTrainingRoute,
  getTrainingJobs,
  getTrainingLog,
  getTrainingRuns,
  getTrainingStatus,
  postCancelTraining,
  postTrain,
  trainingJobsRoute,
  trainingLogRoute,
  trainingRunsRoute,
  trainingStatusRoute,
  trainRoute,
} from "./routes/operate/trainings.ts";
import { batchPredictRoute, postBatchPredict, postPredict, predictRoute } from "./routes/post_predict.ts";
import type { StreamHub } from "./stream/hub.ts";

export interface AppOptions {
  readonly ports: ServePorts;
  readonly hub: StreamHub;
  readonly clock: Clock;
  readonly log: Logger;
  /** Who may do what; default: what is public is read by anyone, and nobody has a key. */
  readonly access?: Access;
  /** Whose pages may ask from a browser; default any may read what is public. */
  readonly sites?: Sites;
  /** `/metrics` is on a port of its own, and not here. */
  readonly metrics_apart?: boolean;
}

/** What is public is read by anyone, and nobody has a key. */
export const OPEN = new Access({ public_read: true, credentials: [] });

/** Market data and forecasts, which any site may read unless CORS_ORIGINS says otherwise. */
const READABLE = [
  "/latest",
  "/features/latest",
  "/features/contributions",
  "/predictions",
  "/parity",
  "/reliability",
  "/quality",
  "/data/days",
  "/signals/latest",
  "/events",
];

/** What `hc` makes a typed client of; see `client.ts`. */
export type Api = ReturnType<typeof described>;

export function createApp(options: AppOptions): OpenAPIHono<RequestScope> {
  const { ports, clock, log, access = OPEN, sites = new Sites(), metrics_apart = false } = options;
  const app = new OpenAPIHono<RequestScope>({ defaultHook: refuseInvalid, getPath: pathWithVersion });
  app.use(boundary());
  app.use(measured(ports.metrics, () => clock.monotonicUs()));
  const { everywhere, onPublic } = sites;
  if (everywhere) app.use(everywhere);
  if (onPublic) for (const route of READABLE) app.use(route, onPublic);
  if (metrics_apart) app.use("/metrics", notHere);
  app.use(gate(access, log));
  app.use(boundedTime(clock));
  app.use(idempotent(access.kept_answers, log));
  const turns = databaseTurns(ports.metrics);
  for (const route of ["/predictions", "/parity", "/reliability", "/data/days"]) app.use(route, turns);
  described(app, { ...options, sites });
  app.get(
    "/openapi.json",
    getOpenApi(() => JSON.stringify(documentOf(app))),
  );
  for (const [name, asset] of loadAssets()) app.get(pathOf(name), getAsset(asset));
  refuseOtherMethods(app);
  app.notFound((c) =>
    problem(c, { code: "NOT_FOUND", detail: "GET / is the page; GET /docs says what there is." }),
  );
  app.onError((error, c) => {
    const expected = expectedProblem(error);
    if (expected) return problem(c, expected);
    log.error(
      { error: describeError(error), stack: error.stack, request_id: c.var.request_id },
      "request failed",
    );
    return problem(c, { code: "INTERNAL" });
  });
  return app;
}

type DescribedOptions = AppOptions & Required<Pick<AppOptions, "sites">>;

/** The routes that are described, each by its schemas. */
function described(app: OpenAPIHono<RequestScope>, { ports, hub, clock, log, sites }: DescribedOptions) {
  const long = new LongAnswers(ports.metrics, clock);
  return app
    .openapi(latestRoute, getLatest(ports, clock, hub.waiters))
    .openapi(featuresLatestRoute, getFeaturesLatest(ports))
    .openapi(contributionsRoute, getContributions(ports))
    .openapi(predictionsRoute, getPredictions(ports, clock, log, long))
    .openapi(parityRoute, getParity(ports, clock, log, long))
    .openapi(reliabilityRoute, getReliability(ports, clock, log))
    .openapi(dataDaysRoute, getDataDays(ports, clock, log))
    .openapi(qualityRoute, getQuality(ports))
    .openapi(signalsLatestRoute, getSignalsLatest(ports))
    .openapi(alertsRoute, getAlerts(ports, clock))
    .openapi(streamRoute, getStream(ports, hub, sites))
    .openapi(eventsRoute, getEvents(ports, hub))
    .openapi(predictRoute, postPredict(ports, clock))
    .openapi(batchPredictRoute, postBatchPredict(ports, clock, long))
    .openapi(modelInfoRoute, getModelInfo(ports))
    .openapi(reloadRoute, postReload(ports))
    .openapi(modelsRoute, getModels(ports, long))
    .openapi(rollbackRoute, postRollback(ports))
    .openapi(modelRoute, getModel(ports))
    .openapi(reportRoute, getReport(ports))
    .openapi(promoteRoute, postPromote(ports))
    .openapi(trainRoute, postTrain(ports))
    .openapi(trainingStatusRoute, getTrainingStatus(ports))
    .openapi(trainingJobsRoute, getTrainingJobs(ports))
    .openapi(trainingLogRoute, getTrainingLog(ports))
    .openapi(trainingRunsRoute, getTrainingRuns(ports, long))
    .openapi(cancelTrainingRoute, postCancelTraining(ports))
    .openapi(driftDetectionRoute, postDriftDetection(ports))
    .openapi(experimentsRoute, getExperiments(ports))
    .openapi(startExperimentRoute, postExperiment(ports))
    .openapi(experimentRoute, getExperiment(ports))
    .openapi(evidenceRoute, getEvidence(ports))
    .openapi(stopExperimentRoute, postEndExperiment(ports, "stop"))
    .openapi(concludeExperimentRoute, postEndExperiment(ports, "conclude"))
    .openapi(deploymentsRoute, getDeployments(ports, long))
    .openapi(deployRoute, postDeploy(ports))
    .openapi(stopDeploymentRoute, postStopDeployment(ports))
    .openapi(silenceRoute, postSilence(ports))
    .openapi(mlopsModelsRoute, getModels(ports, long))
    .openapi(registerRoute, postRegister(ports))
    .openapi(mlopsDeployRoute, postDeploy(ports))
    .openapi(monitoringDriftRoute, postMonitoringDrift(ports))
    .openapi(continuousRoute, postContinuous(ports))
    .openapi(settingsRoute, getSettings(ports))
    .openapi(dashboardRoute, getDashboard(ports))
    .openapi(abTestRoute, postExperiment(ports))
    .openapi(evaluateRoute, postEvaluate(ports))
    .openapi(healthRoute, getHealth(ports, clock))
    .openapi(healthLiveRoute, getHealthLive(ports))
    .openapi(healthReadyRoute, getHealthReady(ports))
    .openapi(metricsRoute, getMetrics(ports));
}

const notHere: MiddlewareHandler<RequestScope> = async (c) =>
  problem(c, { code: "NOT_FOUND", detail: "The metrics are on a port of their own here (METRICS_PORT)." });

function pathOf(asset: string): string {
  if (asset === "index.html") return "/";
  return asset === "docs/docs.html" ? "/docs" : `/page/${asset}`;
}
