import type { JobView, TaskView } from "../../api/client/index.ts";
import { isTerminal, taskMoves } from "../../../shared/states.ts";
import { BlobText, DeviceText } from "../parts/device-text.tsx";
import { BlobCommands, BlobDiff } from "../parts/diff.tsx";
import { Explained } from "../parts/notice.tsx";
import { Foreign } from "../parts/text.tsx";
import { deviceHref, route, setQuery } from "../route.ts";
import { liveOutput } from "../use-live.ts";
import { useWatched } from "../watched.ts";
import { CheckResult } from "./check-result.tsx";
import { Findings } from "./findings.tsx";

type View = "diff" | "plan" | "output" | "transcript";

const names: { readonly [V in View]: string } = {
  diff: "Measured diff",
  plan: "Planned diff and commands",
  output: "Output",
  transcript: "Transcript",
};

/** Everything about one device in this job. Which part is shown stands in the URL. */
export function TaskDetail({ task, kind }: { task: TaskView; kind: JobView["kind"] }) {
  const { query } = useWatched(route);
  const live = useWatched(liveOutput.watched).get(task.device);
  const has: { readonly [V in View]: boolean } = {
    diff: task.diff !== null,
    plan: task.plannedDiff !== null,
    output: task.output !== null || live !== undefined,
    transcript: task.transcript !== null,
  };
  const views = (["diff", "output", "plan", "transcript"] as const).filter((view) => has[view]);
  const chosen = views.find((view) => view === query["show"]) ?? views[0];
  return (
    <div className="task-detail">
      {task.code && <Explained code={task.code} detail={task.detail} />}
      {!task.code && task.detail !== null && (
        <p>
          <Foreign>{task.detail}</Foreign>
        </p>
      )}
      <Findings tasks={[task]} />
      <Snapshots task={task} />
      {views.length === 0 && (
        <p className="quiet">
          {isTerminal(taskMoves, task.state)
            ? "Nothing was recorded for this device beyond its state."
            : "Nothing to show yet; it appears as the agent sends it."}
        </p>
      )}
      {views.length > 0 && (
        <fieldset className="views" aria-label={`Evidence of ${task.device}`}>
          {views.map((view) => (
            <button key={view} type="button" aria-pressed={view === chosen} onClick={() => setQuery({ show: view })}>
              {names[view]}
            </button>
          ))}
        </fieldset>
      )}
      {chosen && <Evidence view={chosen} task={task} kind={kind} />}
    </div>
  );
}

function Evidence({ view, task, kind }: { view: View; task: TaskView; kind: JobView["kind"] }) {
  switch (view) {
    case "diff":
      return task.diff && <BlobDiff digest={task.diff} label={`Measured on ${task.device}`} />;
    case "plan":
      return (
        <div className="side-by-side">
          {task.plannedDiff && <BlobDiff digest={task.plannedDiff} label="Planned diff" />}
          {task.plannedCommands && <BlobCommands digest={task.plannedCommands} />}
        </div>
      );
    case "output":
      if (task.output && kind === "check") return <CheckResult digest={task.output} />;
      return task.output ? <BlobText digest={task.output} label="Output" /> : <LiveText device={task.device} />;
    case "transcript":
      return task.transcript && <BlobText digest={task.transcript} label="Transcript" />;
  }
}

function LiveText({ device }: { device: string }) {
  const output = useWatched(liveOutput.watched).get(device);
  if (!output) return null;
  return (
    <>
      {output.dropped > 0 && <p className="quiet">{output.dropped} earlier characters are not kept on this page.</p>}
      <DeviceText text={output.text} label="Live output" follow />
      {!output.ended && <output className="quiet">More is coming.</output>}
    </>
  );
}

function Snapshots({ task }: { task: TaskView }) {
  const { before, after } = task;
  if (!before && !after) return null;
  return (
    <p className="snapshots">
      <span className="label">Configuration</span>{" "}
      {before ? <code title={before.public.sha256}>{before.public.sha256.slice(0, 12)}</code> : "not read"}{" "}
      {after && (
        <>
          before, <code title={after.public.sha256}>{after.public.sha256.slice(0, 12)}</code> after
          {before?.public.sha256 === after.public.sha256 && ": unchanged"}{" "}
        </>
      )}
      <a href={deviceHref(task.device, { a: before?.public.sha256, b: after?.public.sha256 })}>
        History of this device
      </a>
    </p>
  );
}
