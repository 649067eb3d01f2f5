/** Statements of [edit interfaces] and [edit snmp], in the notation of `schema.ts`. */
export const INTERFACES = `
interfaces
  interface-range *word
    member *ifpattern
    description <any>
    mtu <256..9500>
    unit *unit @sorted
      family:ethernet-switching @presence
        interface-mode <(access|trunk)>
        vlan
          members [word]
  *if @sorted
    description <any>
    disable ;
    flexible-vlan-tagging ;
    vlan-tagging ;
    speed <word>
    link-mode <word>
    mtu <256..9500>
    hold-time @oneline
      up <0..4294967295>
      down <0..4294967295>
    encapsulation <word>
    native-vlan-id <0..4094>
    ether-options
      auto-negotiation ;
      no-auto-negotiation ;
      802.3ad <word>
    gigether-options
      auto-negotiation ;
      no-auto-negotiation ;
      802.3ad <word>
    aggregated-ether-options
      minimum-links <1..64>
      link-speed <word>
      lacp
        active ;
        passive ;
        periodic <(fast|slow)>
    unit *unit @sorted
      description <any>
      disable ;
      encapsulation <word>
      vlan-id <0..4094>
      bandwidth <rate>
      family:inet @presence
        mtu <68..9500>
        no-redirects ;
        rpf-check @presence
        filter
          input <word>
          output <word>
          input-list [word]
          output-list [word]
        address *prefix
          primary ;
          preferred ;
          vrrp-group *0..255
            virtual-address [ip]
            priority <1..255>
            accept-data ;
        dhcp @presence
          vendor-id <any>
        dhcp-client @presence
      family:inet6 @presence
        mtu <1280..9500>
        filter
          input <word>
          output <word>
          input-list [word]
          output-list [word]
        address *prefix
          primary ;
          preferred ;
      family:iso @presence
        address *word
      family:mpls @presence
        mtu <1280..9500>
      family:ethernet-switching @presence
        interface-mode <(access|trunk)>
        port-mode <(access|trunk)>
        vlan
          members [word]
        storm-control <word>
        filter
          input <word>
          output <word>
snmp
  name <any>
  description <any>
  location <any>
  contact <any>
  client-list *word
    *address
  community *any
    authorization <(read-only|read-write)>
    clients
      *address
    client-list-name <word>
  trap-group *word
    version <(all|v1|v2)>
    categories
      *word
    targets
      *ip
  v3
    usm
      local-engine
        user *word
          authentication-sha
            authentication-key <any> @secret9
          privacy-aes128
            privacy-key <any> @secret9
`;
