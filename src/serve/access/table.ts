/**
 * Who may call what: the one table, by method and path as they are registered in `app.ts`. A route that is not in it is
 * refused, and a test reads it against the routes there are. GET stands for HEAD too,
 * and a path that ends in `/*` for all below it.
 */

import type { AccessRole } from "../../record/access/access_role.ts";

/**
 * `open`: anyone, always, as often as they like: what a load balancer asks. `shell`: anyone, within their rate: files that hold no
 * data, and the page that asks for a key. `public`: anyone, unless PUBLIC_READ=false; then a viewer. Else the least role.
 */
export type Needed = "open" | "shell" | "public" | AccessRole;

export const ACCESS_TABLE: Readonly<Record<`${string} /${string}`, Needed>> = {
  "GET /latest": "public",
  "GET /features/latest": "public",
  "GET /features/contributions": "public",
  "GET /predictions": "public",
  "GET /parity": "public",
  "GET /reliability": "public",
  "GET /quality": "public",
  "GET /data/days": "public",
  "GET /signals/latest": "public",
  "GET /alerts": "public",
  "GET /stream": "public",
  "GET /events": "public",
  "GET /health": "public",
  "GET /health/live": "open",
  "GET /health/ready": "open",
  "GET /metrics": "public",
  "GET /": "shell",
  "GET /page/*": "shell",
  "GET /docs": "shell",
  "GET /openapi.json": "shell",
  "POST /predict": "client",
  "POST /batch-predict": "client",
  "POST /mlops/api/monitoring/drift": "client",
  "POST /drift-detection": "viewer",
  "POST /mlops/api/monitoring/start-continuous": "viewer",
  "POST /mlops/api/experiments/:experiment_id/evaluate": "viewer",
  "GET /settings": "viewer",
  "GET /model/info": "viewer",
  "GET /models": "viewer",
  "GET /models/:version": "viewer",
  "GET /models/:version/report": "viewer",
  "GET /training-status": "viewer",
  "GET /training-jobs": "viewer",
  "GET /training-jobs/:training_id/log": "viewer",
  "GET /training-runs": "viewer",
  "GET /experiments": "viewer",
  "GET /experiments/:experiment_id": "viewer",
  "GET /experiments/:experiment_id/evidence": "viewer",
  "GET /deployments": "viewer",
  "GET /mlops/api/models": "viewer",
  "GET /mlops/api/monitoring/dashboard": "viewer",
  "POST /reload-model": "operator",
  "POST /models/rollback": "operator",
  "POST /models/:version/promote": "operator",
  "POST /train": "operator",
  "POST /training-jobs/:training_id/cancel": "operator",
  "POST /experiments": "operator",
  "POST /experiments/:experiment_id/stop": "operator",
  "POST /experiments/:experiment_id/conclude": "operator",
  "POST /deployments": "operator",
  "POST /deployments/stop": "operator",
  "POST /alerts/silence": "operator",
  "POST /mlops/api/models/register": "operator",
  "POST /mlops/api/models/deploy": "operator",
  "POST /mlops/api/experiments/ab-test": "operator",
};
