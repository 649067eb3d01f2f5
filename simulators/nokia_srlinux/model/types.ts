/** Values that many parts of the model share. */
import { leaf, oneOf, reported, text, uint } from "../schema.ts";

const OCTET = "(?:25[0-5]|2[0-4]\\d|1\\d\\d|[1-9]?\\d)";
const V4 = `(?:${OCTET}\\.){3}${OCTET}`;
const V6 = "[0-9a-fA-F:]*:[0-9a-fA-F:.]*";
export const whole = (source: string): RegExp => new RegExp(`^(?:${source})$`);

export const adminState = leaf(oneOf("enable", "disable"));
export const operState = reported(oneOf("up", "down", "testing"));
export const description = leaf(text(whole(".{1,255}")));
export const address = text(whole(`${V4}|${V6}`));
export const v4Prefix = text(whole(`${V4}/(?:3[0-2]|[12]?\\d)`));
export const v6Prefix = text(whole(`${V6}/(?:12[0-8]|1[01]\\d|\\d?\\d)`));
export const anyPrefix = text(whole(`${V4}/(?:3[0-2]|[12]?\\d)|${V6}/(?:12[0-8]|1[01]\\d|\\d?\\d)`));
export const dotted = text(whole(V4));
export const name = text(whole("[A-Za-z0-9!@#$%^&()|+=`~.,/_:;?-][A-Za-z0-9 !@#$%^&()|+=`~.,/_:;?-]*"));
export const asn = uint(1, 4_294_967_295);
export const port = uint(0, 65_535);

const portName =
  "mgmt0|mgmt0-standby|system0|lo(?:0|1\\d\\d|2(?:[0-4]\\d|5[0-5])|[1-9]\\d|[1-9])|ethernet-[1-9]\\d?(?:/[abcd])?(?:/[1-9]\\d?)?/(?:[1-9]\\d?|1[01]\\d|12[0-8])|irb(?:0|1\\d\\d|2(?:[0-4]\\d|5[0-5])|[1-9]\\d?)|lag(?:[1-9]\\d?|1[01]\\d|12[0-8])";
export const interfaceName = text(whole(portName));
export const subinterfaceName = text(whole(`(?:${portName})\\.\\d{1,4}`));
