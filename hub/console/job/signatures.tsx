import type { JobView } from "../../api/client/index.ts";
import { isTerminal, jobMoves } from "../../../shared/states.ts";
import { Mark } from "../parts/state.tsx";
import { Command, Foreign } from "../parts/text.tsx";

/** Who signed, who is still needed, and where to sign: not here. */
export function Signatures({ job }: { job: JobView }) {
  if (job.authority === "grant") {
    return (
      <section className="signatures" aria-labelledby="authority">
        <h2 id="authority">Authority</h2>
        <p>
          Runs under the grant <code>{job.grant ?? "unknown"}</code>, a signed standing permission for reads. Each agent
          checks it itself.
        </p>
      </section>
    );
  }
  const missing = Math.max(0, job.signersNeeded - job.signers.length);
  const open = !isTerminal(jobMoves, job.state) && missing > 0;
  return (
    <section className="signatures" aria-labelledby="authority">
      <h2 id="authority">Signatures</h2>
      {job.breakglass !== null && (
        <p>
          <Mark tone="bad" /> <strong>Break-glass</strong> <code>{job.breakglass.id}</code>: one on-call person signs
          alone. <Foreign>{job.breakglass.reason}</Foreign>
        </p>
      )}
      <ul>
        {job.signers.map((person) => (
          <li key={person}>
            <Mark tone="good" /> <Foreign>{person}</Foreign>
            <span className="quiet"> signed{person === job.author ? ", author" : ""}</span>
          </li>
        ))}
        {open && job.author !== null && !job.signers.includes(job.author) && (
          <li>
            <Mark tone="wait" /> <Foreign>{job.author}</Foreign>
            <span className="quiet"> has not signed yet, author</span>
          </li>
        )}
        {missing > 0 && (
          <li>
            <Mark tone={open ? "wait" : "stopped"} /> {missing} more {missing === 1 ? "person" : "people"} of{" "}
            {job.signersNeeded} {open ? "must sign" : "had not signed"}
          </li>
        )}
      </ul>
      {open && (
        <div className="howto">
          <p>
            <span className="label">To review and sign</span> <Command>{`farhand review ${job.id}`}</Command>{" "}
            <Command>{`farhand sign ${job.id} --key YOU.key.json`}</Command>
          </p>
          <p className="quiet">
            This page cannot sign. The hub serves it, and a hub that was broken into could show one thing and have you
            sign another. The command reads the agents’ own signed plans and keeps your key with you.
          </p>
        </div>
      )}
    </section>
  );
}
