import type { Api, Schemas } from "@/api/client";
import { got } from "@/api/client";
import { Act } from "@/components/act";
import { Ago, State } from "@/components/parts";
import { plain } from "@/text/plain";
import { sizeText, words } from "@/text/words";

const MEANING: Record<string, string> = {
  G1: "The build is good.",
  G2: "Somebody tried it on staging.",
  G3: "Somebody answers for the release.",
  G4: "Production is healthy with it.",
};
// The permission of each gate that people sign off, and who has it.
const SIGNED: Record<string, readonly [permission: string, who: string]> = {
  G2: ["sign_off_g2", "A QA tester"],
  G3: ["sign_off_g3", "A release manager"],
};

/** A gate, the answers to its questions, who decided, and the evidence. */
export interface GateSeen {
  gate: Schemas["GateReading"];
  checks: Schemas["GateCheck"][];
  decisions: Schemas["GateDecision"][];
  evidence: Schemas["EvidenceObject"][];
}

/** Return what there is to know of a gate. */
export async function readGate(api: Api, gate: Schemas["GateReading"], signal: AbortSignal): Promise<GateSeen> {
  const params = { path: { gate_id: gate.gate_id } };
  const [checks, decisions, evidence] = await Promise.all([
    got(api.GET("/v1/gates/{gate_id}/checks", { params, signal })),
    got(api.GET("/v1/gates/{gate_id}/decisions", { params, signal })),
    got(api.GET("/v1/gates/{gate_id}/evidence", { params, signal })),
  ]);
  return { gate, checks, decisions, evidence };
}

interface CardOf {
  seen: GateSeen;
  /** The digest of what the reader is shown, which a decision names. */
  shown: string;
  may: ReadonlySet<string>;
  changed: () => void;
}

/** How a gate stands and why, and the form of who may sign it off. */
export function GateCard({ seen: { gate, checks, decisions, evidence }, shown, may, changed }: CardOf) {
  const id = `gate-${gate.gate_code}`;
  const [permission, who] = SIGNED[gate.gate_code] ?? [];
  return (
    <section className="card" aria-labelledby={id}>
      <h3 id={id}>
        {gate.gate_code} <State word={gate.status} />
      </h3>
      <p>
        {MEANING[gate.gate_code]}
        {!gate.is_required && " The policy does not ask for it."}
      </p>
      {gate.reason && <p>{plain(gate.reason)}</p>}
      {gate.checks_missing.length > 0 && <p>Not answered yet: {gate.checks_missing.join(", ")}.</p>}
      <ul className="checks">
        {checks.map((each) => (
          <li key={each.id}>
            <State word={each.status} /> {each.name}
            {each.summary && `: ${plain(each.summary)}`}
          </li>
        ))}
      </ul>
      {permission && (
        <p>
          {gate.approvals} of {gate.quorum} approvals.
        </p>
      )}
      {decisions.map((each) => (
        <Decided key={each.id} decision={each} />
      ))}
      {evidence.map((each) => (
        <p key={each.id}>
          Evidence: {plain(each.kind)}, {sizeText(each.size_bytes)}, <code>{each.sha256.slice(0, 16)}…</code>
        </p>
      ))}
      {permission && may.has(permission) && <SignOff gate={gate} shown={shown} changed={changed} />}
      {permission && !may.has(permission) && <p className="quiet">{who} decides, and never the author.</p>}
    </section>
  );
}

function Decided({ decision }: { decision: Schemas["GateDecision"] }) {
  const { rationale_structured: rationale, signature } = decision;
  return (
    <p>
      <State word={decision.decision} /> by {plain(decision.approver_id)} ({words(decision.persona_role)}),{" "}
      <Ago at={decision.occurred_at} />
      {typeof rationale.reason === "string" && `: ${plain(rationale.reason)}`}
      {signature && " · signed"}
    </p>
  );
}

function SignOff({ gate, shown, changed }: { gate: Schemas["GateReading"]; shown: string; changed: () => void }) {
  const { release_id, gate_code } = gate;
  async function decide(api: Api, fields: FormData) {
    const body = {
      decision: fields.get("decision") as Schemas["SignOff"]["decision"],
      rationale: { reason: String(fields.get("reason")) },
      shown,
    };
    const params = { path: { release_id, gate_code } };
    await got(api.POST("/v1/releases/{release_id}/gates/{gate_code}/decisions", { params, body }));
    changed();
  }
  return (
    <Act act={decide}>
      <p>
        <label htmlFor={`why-${gate_code}`}>What you looked at, and why</label>
        <textarea id={`why-${gate_code}`} name="reason" required maxLength={2000} rows={3} />
      </p>
      <p className="row">
        <button type="submit" name="decision" value="approved">
          Approve {gate_code}
        </button>
        <button type="submit" name="decision" value="rejected" className="danger">
          Reject {gate_code}
        </button>
      </p>
    </Act>
  );
}
