import type { DeviceId } from "../../../shared/ids.ts";
import type { HubClient, JobView, StreamEvent } from "../../api/client/index.ts";
import type { Cli } from "../command.ts";
import { escapeText } from "../terminal/escape.ts";

type OutputEvent = Extract<StreamEvent, { type: "output" }>;

interface Heard {
  text: string;
  /** What came after the last line feed: shown when its line is complete, so that devices do not cut each other's lines. */
  rest: string;
  complete: boolean;
}

/** Answers as they come, each line under its device's name. */
export class LiveOutput {
  readonly #cli: Cli;
  readonly #heard = new Map<DeviceId, Heard>();

  constructor(cli: Cli) {
    this.#cli = cli;
  }

  take(event: OutputEvent): void {
    const heard = this.#of(event.device);
    if (heard.complete) return;
    heard.text += event.text;
    if (this.#cli.out.json)
      this.#cli.out.document("run-output", {
        job: event.job,
        device: event.device,
        order: event.order,
        last: event.last,
        text: event.text,
      });
    else this.#show(event.device, heard, event.text);
    if (event.last) this.#finish(event.device, heard);
  }

  /** What the stream did not bring is fetched whole: an answer is shown completely or its gap is named. */
  async complete(client: HubClient, view: JobView): Promise<void> {
    for (const task of view.assignments.flatMap((assignment) => assignment.tasks)) {
      const heard = this.#of(task.device);
      if (heard.complete || task.output === null) continue;
      const whole = new TextDecoder().decode(await client.getBlob(task.output));
      const rest = whole.startsWith(heard.text)
        ? whole.slice(heard.text.length)
        : `(again, from the beginning)\n${whole}`;
      if (this.#cli.out.json)
        this.#cli.out.document("run-output", { job: view.id, device: task.device, order: 0, last: true, text: rest });
      else this.#show(task.device, heard, rest);
      this.#finish(task.device, heard);
    }
  }

  #of(device: DeviceId): Heard {
    const known = this.#heard.get(device) ?? { text: "", rest: "", complete: false };
    this.#heard.set(device, known);
    return known;
  }

  #show(device: DeviceId, heard: Heard, text: string): void {
    const lines = (heard.rest + text).split(/\r*\n/);
    heard.rest = lines.pop() ?? "";
    for (const line of lines) this.#line(device, line);
  }

  #finish(device: DeviceId, heard: Heard): void {
    if (heard.rest !== "" && !this.#cli.out.json) this.#line(device, heard.rest);
    heard.rest = "";
    heard.complete = true;
  }

  #line(device: DeviceId, line: string): void {
    this.#cli.out.text(`${this.#cli.out.style.dim(`${device} |`)} ${escapeText(line)}\n`);
  }
}
