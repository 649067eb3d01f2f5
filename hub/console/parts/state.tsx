import type { ReactNode } from "react";
import type { AssignmentState, JobState, TaskState } from "../../../shared/states.ts";
import { assignmentTone, contactMeans, contactTone, jobTone, taskTone, type ContactState, type Tone } from "../tone.ts";

const shapes: { readonly [T in Tone]: ReactNode } = {
  idle: <circle cx="6" cy="6" r="4" fill="none" strokeDasharray="2 1.6" />,
  wait: <path d="M3 1.8h6M3 10.2h6M3.4 2c0 4 5.2 4 5.2 8M8.6 2c0 4-5.2 4-5.2 8" fill="none" />,
  active: (
    <>
      <circle cx="6" cy="6" r="4.4" fill="none" />
      <path d="M6 1.6a4.4 4.4 0 0 1 0 8.8z" className="filled" />
    </>
  ),
  good: <path d="m1.8 6.4 2.8 2.8 5.6-6.4" fill="none" strokeWidth="2" />,
  undone: <path d="M4.4 1.6 1.8 4.2l2.6 2.6M2 4.2h5a3 3 0 0 1 0 6H4" fill="none" />,
  warn: (
    <>
      <path d="M6 1.6 11 10.4H1z" fill="none" />
      <path d="M6 4.8v2.6M6 8.9v.1" fill="none" />
    </>
  ),
  bad: <path d="m2.2 2.2 7.6 7.6M9.8 2.2 2.2 9.8" fill="none" strokeWidth="2" />,
  unknown: <path d="M3.6 4a2.4 2.4 0 1 1 3.6 2c-.8.5-1.2.9-1.2 1.8M6 9.6v1" fill="none" strokeWidth="1.8" />,
  stopped: <path d="M2 6h8" fill="none" strokeWidth="2" />,
};

export function Mark({ tone }: { tone: Tone }) {
  return (
    <svg className={`mark tone-${tone}`} viewBox="0 0 12 12" width="12" height="12" aria-hidden="true">
      {shapes[tone]}
    </svg>
  );
}

export function Badge({ tone, children, title }: { tone: Tone; children: string; title?: string }) {
  return (
    <span className={`badge tone-${tone}`} title={title}>
      <Mark tone={tone} />
      <span className="badge-text">{children}</span>
    </span>
  );
}

export const TaskBadge = ({ state }: { state: TaskState }) => <Badge tone={taskTone[state]}>{state}</Badge>;
export const JobBadge = ({ state }: { state: JobState }) => <Badge tone={jobTone[state]}>{state}</Badge>;
export const AssignmentBadge = ({ state }: { state: AssignmentState }) => (
  <Badge tone={assignmentTone[state]}>{state}</Badge>
);
export const ContactBadge = ({ contact }: { contact: ContactState }) => (
  <Badge tone={contactTone[contact]} title={contactMeans[contact]}>
    {contact}
  </Badge>
);
