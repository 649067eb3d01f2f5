/** RFC 6241, and what RFC 6243 adds. */
export const BASE = "urn:ietf:params:xml:ns:netconf:base:1.0";
export const WITH_DEFAULTS = "urn:ietf:params:xml:ns:yang:ietf-netconf-with-defaults";

/** Junos and others answer now and then without the base namespace: no namespace counts as it. */
export const isBase = (namespace: string): boolean => namespace === BASE || namespace === "";
