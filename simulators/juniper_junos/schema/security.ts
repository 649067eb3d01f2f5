/** Statements of [edit security], in the notation of `schema.ts`. */
export const SECURITY = `
security
  log
    mode <(event|stream)>
    source-address <ip>
    stream *word
      host
        *ip
          port <1..65535>
  address-book *word
    address *word @single
      *address
      dns-name <host>
    address-set *word
      address *word
  screen
    ids-option *word
      icmp
        ping-death ;
      ip
        source-route-option ;
        tear-drop ;
      tcp
        syn-flood
          alarm-threshold <1..500000>
          attack-threshold <1..500000>
          source-threshold <4..500000>
          destination-threshold <4..500000>
          queue-size <200..20000> @deprecated
          timeout <1..50>
        land ;
  forwarding-options
    family
      inet6
        mode <(drop|flow-based|packet-based)>
      mpls
        mode <(drop|flow-based|packet-based)>
      iso
        mode <(packet-based)>
  ike
    proposal *word
      authentication-method <word>
      dh-group <word>
      authentication-algorithm <word>
      encryption-algorithm <word>
      lifetime-seconds <180..86400>
    policy *word
      mode <(main|aggressive)>
      proposals [word]
      pre-shared-key @oneline
        ascii-text <any> @secret9
        hexadecimal <any> @secret9
    gateway *word
      ike-policy <word>
      address [ip]
      external-interface <ifl>
      version <(v1-only|v2-only)>
  ipsec
    proposal *word
      protocol <(ah|esp)>
      authentication-algorithm <word>
      encryption-algorithm <word>
      lifetime-seconds <180..86400>
    policy *word
      perfect-forward-secrecy
        keys <word>
      proposals [word]
    vpn *word
      bind-interface <ifl>
      ike
        gateway <word>
        ipsec-policy <word>
      establish-tunnels <word>
  nat
    source
      pool *word
        address
          *address
      rule-set *word
        from @oneline
          zone [word]
          interface [ifl]
        to @oneline
          zone [word]
          interface [ifl]
        rule *word @ordered
          match
            source-address [address]
            destination-address [address]
          then
            source-nat
              interface @presence
              off ;
              pool <word>
  policies
    from-zone *word to-zone *word
      policy *word @ordered
        description <any>
        match
          source-address [word]
          destination-address [word]
          application [word]
        then
          permit @presence
          deny ;
          reject ;
          log
            session-init ;
            session-close ;
          count @presence
    global
      policy *word @ordered
        match
          source-address [word]
          destination-address [word]
          application [word]
        then
          permit @presence
          deny ;
          reject ;
    default-policy
      permit-all ;
      deny-all ;
    pre-id-default-policy
      then
        log
          session-init ;
          session-close ;
  zones
    security-zone *word
      tcp-rst ;
      address-book
        address *word @single
          *address
      screen <word>
      host-inbound-traffic
        system-services
          *word
        protocols
          *word
      interfaces
        *ifl
          host-inbound-traffic
            system-services
              *word
            protocols
              *word
`;
