/** Statements of [edit routing-options], [edit protocols], and of what stands at the end], in the notation of `schema.ts`. */
export const STATIC = `
routing-options
  router-id <ip>
  autonomous-system <any>
  static
    route *address @single
      next-hop [any]
      qualified-next-hop *any
        preference <0..4294967295>
        tag <0..4294967295>
        metric <0..4294967295>
      next-table <word>
      discard ;
      reject ;
      retain ;
      active ;
      passive ;
      no-readvertise ;
      preference <0..4294967295>
      metric <0..4294967295>
      tag <0..4294967295>
  rib *word
    static
      route *address @single
        next-hop [any]
        discard ;
        reject ;
        preference <0..4294967295>
  generate
    route *address @single
      active ;
      passive ;
      discard ;
      policy [word]
      tag <0..4294967295>
  aggregate
    route *address @single
      active ;
      passive ;
      discard ;
      policy [word]
  forwarding-table
    export [word]
`;

export const PROTOCOLS = `
protocols
  bgp
    local-as <any>
    log-updown ;
    export [word]
    import [word]
    group *word
      type <(internal|external)>
      description <any>
      local-address <ip>
      hold-time <0..65535>
      log-updown ;
      import [word]
      family:inet
        unicast @presence
          prefix-limit
            maximum <1..4294967295>
      family:inet6
        unicast @presence
      family:inet-vpn
        unicast @presence
      family:evpn
        signaling @presence
      authentication-key <any> @secret9
      export [word]
      cluster <ip>
      peer-as <any>
      local-as <any>
      multipath @presence
        multiple-as ;
      bfd-liveness-detection
        minimum-interval <1..255000>
        multiplier <1..255>
      neighbor *ip
        description <any>
        local-address <ip>
        import [word]
        authentication-key <any> @secret9
        export [word]
        peer-as <any>
        passive ;
  ospf
    disable ;
    reference-bandwidth <rate>
    export [word]
    topology *word
      overload @presence
      prefix-export-limit <0..4294967295>
    area *area
      stub @presence
        default-metric <1..16777215>
        no-summaries ;
      interface *ifl
        disable ;
        interface-type <(p2p|p2mp|nbma)>
        passive @presence
        metric <1..65535>
        hello-interval <1..255>
        dead-interval <1..65535>
        priority <0..255>
        topology *word @oneline
          metric <1..65535>
        authentication
          simple-password <any> @secret9
          md5 *0..255 @single
            key <any> @secret9
  ospf3
    area *area
      interface *ifl
        interface-type <(p2p|p2mp|nbma)>
        passive @presence
        metric <1..65535>
  isis
    level *(1|2) @single
      disable ;
      wide-metrics-only ;
      authentication-key <any> @secret9
      authentication-type <(md5|simple)>
    interface *ifl
      disable ;
      point-to-point ;
      passive @presence
      level *(1|2) @single
        metric <0..16777215>
        disable ;
  mpls
    interface *ifl
  ldp
    interface *ifl
  rsvp
    interface *ifl
  lldp
    port-id-subtype <word>
    interface *ifpattern @single
      disable ;
  lldp-med
    interface *ifpattern
  igmp-snooping
    vlan *word
  l2-learning
    global-mode <(switching|transparent-bridge)>
  rstp
    bridge-priority <word>
    interface *ifpattern
      edge ;
      no-root-port ;
      mode <word>
    bpdu-block-on-edge ;
`;

export const EDGE = `
applications
  application *word
    protocol <word>
    source-port <word>
    destination-port <word>
    inactivity-timeout <word>
switch-options
  vtep-source-interface <ifl>
  route-distinguisher <word>
  vrf-target <word>
vlans
  *word
    description <any>
    vlan-id <word>
    l3-interface <ifl>
    interface *ifl
`;
