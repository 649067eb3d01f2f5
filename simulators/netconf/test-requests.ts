/** Operations as text, for tests. */
import { INTERFACES, IPV4_ROUTING, ROUTING, SYSTEM } from "./names.ts";

export const editCandidate = (config: string, more = ""): string =>
  `<edit-config><target><candidate/></target>${more}<config>${config}</config></edit-config>`;

export const editRunning = (config: string, more = ""): string =>
  editCandidate(config, more).replace("candidate", "running");

export const getConfig = (source = "running", filter = ""): string =>
  `<get-config><source><${source}/></source>${filter === "" ? "" : `<filter type="subtree">${filter}</filter>`}</get-config>`;

export const contact = (text: string): string => `<system xmlns="${SYSTEM}"><contact>${text}</contact></system>`;

export const getContact = (source = "running"): string =>
  getConfig(source, `<system xmlns="${SYSTEM}"><contact/></system>`);

export const port = (inside: string): string =>
  `<interfaces xmlns="${INTERFACES}" xmlns:nc="urn:ietf:params:xml:ns:netconf:base:1.0"><interface>${inside}</interface></interfaces>`;

export const lockOf = (store: string): string => `<lock><target><${store}/></target></lock>`;
export const unlockOf = (store: string): string => `<unlock><target><${store}/></target></unlock>`;

/** `source` and `target` are the names of datastores; `config>…</config` puts a configuration in the place of a name. */
export const copyConfig = (source: string, target: string): string =>
  `<copy-config><target><${target}/></target><source>${source.includes(">") ? `<${source}>` : `<${source}/>`}</source></copy-config>`;

export const validateOf = (source: string): string => `<validate><source>${source}</source></validate>`;

export const routeVia = (name: string): string =>
  `<routing xmlns="${ROUTING}"><control-plane-protocols><control-plane-protocol><type xmlns:r="${ROUTING}">r:static</type><name>main</name>` +
  `<static-routes><ipv4 xmlns="${IPV4_ROUTING}"><route><destination-prefix>10.8.0.0/16</destination-prefix>` +
  `<next-hop><outgoing-interface>${name}</outgoing-interface></next-hop></route></ipv4></static-routes>` +
  "</control-plane-protocol></control-plane-protocols></routing>";
