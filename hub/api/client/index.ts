/** The generated API client: made from the contract's routes, so that nothing of the API is written down twice. */
export { HubClient, type ClientOptions, type Fetch, type FetchInit } from "./client.ts";
export type { InputOf, JsonRouteName, OutputOf, RouteName } from "./route-types.ts";
export { JobRequest, WarrantBundle } from "../contract/views.ts";
export type {
  AgentView,
  AssignmentView,
  BreakglassView,
  DeviceView,
  JobSummary,
  JobView,
  SnapshotView,
  StreamEvent,
  TaskView,
} from "../contract/views.ts";
