import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import type { JobView } from "../../api/client/index.ts";
import { call } from "../api.ts";
import { Dialog } from "../parts/dialog.tsx";
import { Problem } from "../parts/notice.tsx";
import { Equivalent } from "../parts/text.tsx";

/** The only thing that this page does to a job: stop it. A cancel can never make anything happen on a device. */
export function CancelJob({ job }: { job: JobView }) {
  const [open, setOpen] = useState(false);
  const [reason, setReason] = useState("");
  const client = useQueryClient();
  const cancel = useMutation({
    mutationFn: () => call("cancelJob", { params: { id: job.id }, body: { reason: reason.trim() } }),
    onSuccess: (answer) => {
      client.setQueryData(["job", job.id], answer);
      setOpen(false);
    },
  });
  return (
    <>
      <button type="button" className="danger" onClick={() => setOpen(true)}>
        Cancel job…
      </button>
      <Dialog open={open} title="Cancel this job?" close={() => setOpen(false)}>
        <form
          onSubmit={(event) => {
            event.preventDefault();
            if (reason.trim() !== "") cancel.mutate();
          }}
        >
          <p>
            Devices that have not started will not start. Running work stops at its next safe point, never inside a
            commit; a change that is confirmed already stays. A canceled job cannot be resumed.
          </p>
          <label htmlFor="cancel-reason">Reason, kept in the audit log</label>
          <textarea
            id="cancel-reason"
            rows={3}
            maxLength={500}
            value={reason}
            onChange={(event) => setReason(event.target.value)}
          />
          {cancel.isError && <Problem error={cancel.error} />}
          <Equivalent command={`farhand job cancel ${job.id} --reason '…'`} />
          <div className="dialog-actions">
            <button type="submit" className="danger" disabled={reason.trim() === "" || cancel.isPending}>
              {cancel.isPending ? "Canceling" : `Cancel ${job.devices} ${job.devices === 1 ? "device" : "devices"}`}
            </button>
          </div>
        </form>
      </Dialog>
    </>
  );
}
