/** Namespaces and capability identifiers (RFC 6241, 6243, 5277, 7950 and the vendors'). */
export const BASE = "urn:ietf:params:xml:ns:netconf:base:1.0";
/** `insert` and `key` (RFC 7950 §7.8.6). */
export const YANG = "urn:ietf:params:xml:ns:yang:1";
export const WITH_DEFAULTS = "urn:ietf:params:xml:ns:yang:ietf-netconf-with-defaults";
/** Of the attribute `default="true"` (RFC 6243 §6). */
export const DEFAULT_ATTRIBUTE = "urn:ietf:params:xml:ns:netconf:default:1.0";
export const MONITORING = "urn:ietf:params:xml:ns:yang:ietf-netconf-monitoring";
export const YANG_LIBRARY = "urn:ietf:params:xml:ns:yang:ietf-yang-library";
export const INTERFACES = "urn:ietf:params:xml:ns:yang:ietf-interfaces";
export const IP = "urn:ietf:params:xml:ns:yang:ietf-ip";
export const SYSTEM = "urn:ietf:params:xml:ns:yang:ietf-system";
export const ROUTING = "urn:ietf:params:xml:ns:yang:ietf-routing";
export const IPV4_ROUTING = "urn:ietf:params:xml:ns:yang:ietf-ipv4-unicast-routing";
export const IPV6_ROUTING = "urn:ietf:params:xml:ns:yang:ietf-ipv6-unicast-routing";
export const ACL = "urn:ietf:params:xml:ns:yang:ietf-access-control-list";
export const HARDWARE = "urn:ietf:params:xml:ns:yang:ietf-hardware";
export const IANA_HARDWARE = "urn:ietf:params:xml:ns:yang:iana-hardware";
export const IANA_IF = "urn:ietf:params:xml:ns:yang:iana-if-type";
export const IOSXE_NATIVE = "http://cisco.com/ns/yang/Cisco-IOS-XE-native";
export const IOSXE_NTP = "http://cisco.com/ns/yang/Cisco-IOS-XE-ntp";
export const IOSXE_HARDWARE = "http://cisco.com/ns/yang/Cisco-IOS-XE-device-hardware-oper";
export const IOSXE_BGP = "http://cisco.com/ns/yang/Cisco-IOS-XE-bgp";
export const IOSXE_BGP_OPER = "http://cisco.com/ns/yang/Cisco-IOS-XE-bgp-oper";
export const IOSXE_INTERFACES = "http://cisco.com/ns/yang/Cisco-IOS-XE-interfaces-oper";
export const IOSXE_CDP = "http://cisco.com/ns/yang/Cisco-IOS-XE-cdp-oper";
export const IOSXE_ARP = "http://cisco.com/ns/yang/Cisco-IOS-XE-arp-oper";
export const IOSXE_LLDP = "http://cisco.com/ns/yang/Cisco-IOS-XE-lldp";
export const IOSXE_LLDP_OPER = "http://cisco.com/ns/yang/Cisco-IOS-XE-lldp-oper";
export const IOSXE_OSPF = "http://cisco.com/ns/yang/Cisco-IOS-XE-ospf";
export const IOSXE_OSPF_OPER = "http://cisco.com/ns/yang/Cisco-IOS-XE-ospf-oper";
export const OPENCONFIG_BGP = "http://openconfig.net/yang/bgp";
export const OPENCONFIG_LLDP = "http://openconfig.net/yang/lldp";
/** `save-config` of IOS-XE. */
export const CISCO_IA = "http://cisco.com/yang/cisco-ia";
export const XNM = "http://xml.juniper.net/xnm/1.1/xnm";
/** Generated data, for replies that no memory holds. */
export const BULK = "urn:farhand:simulator:bulk";

export const CAPABILITY = "urn:ietf:params:netconf:capability";
export const BASE_1_0 = "urn:ietf:params:netconf:base:1.0";
export const BASE_1_1 = "urn:ietf:params:netconf:base:1.1";
/** Nokia SR OS: who announces it too works in a candidate of its own. */
export const NOKIA_PRIVATE = "urn:nokia.com:nc:pc";

export const DECLARATION = '<?xml version="1.0" encoding="UTF-8"?>\n';
