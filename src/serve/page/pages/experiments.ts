/** Experiments, what each says now; deployments, step by step. */

import type { DeploymentJson, DeploymentsJson } from "../../messages/operate/deployments.ts";
import type { EvidenceJson, ExperimentJson, ExperimentsJson } from "../../messages/operate/experiments.ts";
import { ask, post } from "../ask/ask.ts";
import { confirmChange, withKey } from "../ask/key.ts";
import { card, make, small, table, tag } from "../draw/dom.ts";
import type { PageContext } from "../page_context.ts";
import { dayTimeText } from "../words.ts";
import { evidenceDrawing } from "./evidence.ts";
import { evidenceWords } from "./evidence_words.ts";

export function show(context: PageContext): Promise<void> {
  return withKey("Experiments and deployments", context, async () => {
    const [experiments, deployments] = await Promise.all([
      ask<ExperimentsJson>("/experiments"),
      ask<DeploymentsJson>("/deployments?limit=20"),
    ]);
    if (experiments.kind !== "ok") return experiments;
    if (deployments.kind !== "ok") return deployments;
    const all = experiments.body.experiments;
    const drawn = all.find(({ status }) => status === "running") ?? all[0];
    const evidence = drawn && (await ask<EvidenceJson>(`/experiments/${drawn.experiment_id}/evidence`));
    return [
      ...(drawn && evidence?.kind === "ok" ? [evidenceOf(drawn, evidence.body, context)] : []),
      experimentsOf(all),
      deploymentsOf(deployments.body.deployments),
    ];
  });
}

function evidenceOf(one: ExperimentJson, evidence: EvidenceJson, context: PageContext): HTMLElement {
  const { name, model_a_id, model_b_id, status, experiment_id } = one;
  const is_over = status !== "running";
  const words = evidenceWords(evidence, is_over);
  const end = (how: "conclude" | "stop", verb: string, says: string): HTMLElement => {
    const button = make("button", { type: "button" }, `${verb} …`);
    button.onclick = () =>
      confirmChange(
        {
          ...{ title: `${verb}: ${name}`, says: [says], verb },
          act: (reason) => post(`/experiments/${experiment_id}/${how}?${new URLSearchParams({ reason })}`),
        },
        context.again,
      );
    return button;
  };
  const stop = "It ends without a verdict: its evidence stays, and the champion stays the champion.";
  const conclude =
    "It ends with what can be said now. No model moves by that: promote the better one on the page of models.";
  return card(
    `${name}: ${is_over ? "ended" : "running"}`,
    make("p", {}, `a: ${model_a_id}. b, on trial: ${model_b_id}.`),
    make("p", { id: "evidence" }, words),
    evidenceDrawing(evidence.points, words) ?? "",
    is_over
      ? ""
      : make("div", { class: "row start" }, end("conclude", "Conclude", conclude), end("stop", "Stop", stop)),
  );
}

function experimentsOf(all: readonly ExperimentJson[]): HTMLElement {
  if (all.length === 0) {
    const begin =
      "None runs and none has ended. One begins on the page of models, by the details of a model.";
    return card("Experiments", small(begin));
  }
  const said = ({ winner, model_a_id, model_b_id, ended_because }: ExperimentJson): string => {
    if (winner === null) return "not decided yet";
    if (winner === "inconclusive") return `no difference shown${ended_because ? `: ${ended_because}` : ""}`;
    return `${winner === "a" ? model_a_id : model_b_id} is better`;
  };
  return card(
    "Experiments",
    table(
      "Experiments",
      [
        { title: "Name", wrap: true, cell: ({ name, symbol }) => `${name}, ${symbol}` },
        { title: "Status", cell: ({ status }) => tag(status) },
        {
          title: "b, on trial, against a",
          wrap: true,
          cell: ({ model_a_id, model_b_id }) =>
            make("div", {}, model_b_id, make("div", { class: "small" }, `against ${model_a_id}`)),
        },
        { title: "Began", cell: ({ started_at }) => (started_at ? dayTimeText(started_at) : "–") },
        { title: "At most", num: true, cell: ({ duration_hours }) => `${duration_hours} h` },
        { title: "It says", wrap: true, cell: said },
      ],
      all,
    ),
  );
}

function deploymentsOf(all: readonly DeploymentJson[]): HTMLElement {
  if (all.length === 0) return card("Deployments", small("Nothing was deployed step by step yet."));
  const steps = ({ steps }: DeploymentJson): string =>
    steps.map(({ step, share }) => `${step} (${Math.round(100 * share)} %)`).join(" → ") || "–";
  return card(
    "Deployments, newest first",
    table(
      "Deployments",
      [
        { title: "Asked for", cell: ({ requested_at }) => dayTimeText(requested_at) },
        {
          title: "Model",
          wrap: true,
          cell: ({ model_id, symbol }) => `${model_id} for ${symbol === "*" ? "every symbol" : symbol}`,
        },
        { title: "How", cell: ({ strategy }) => strategy.replaceAll("_", " ") },
        { title: "Status", cell: ({ status }) => tag(status) },
        { title: "Steps", wrap: true, cell: steps },
        {
          title: "By",
          wrap: true,
          cell: ({ requested_by, reason }) => (reason ? `${requested_by}: ${reason}` : requested_by),
        },
      ],
      all,
    ),
  );
}
