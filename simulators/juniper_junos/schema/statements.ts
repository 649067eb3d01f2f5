/**
 * The statements of this device, in the order in which Junos prints them. Two blanks a level. `*type` is a key, `<type>` a value, `a:b` the
 * two words `a b`, `[type]` values in brackets, `;` a flag, `@…` how it behaves (`schema.ts`). What is not here is refused as a syntax error.
 */
import { parseSchema, type Schema } from "./schema.ts";

const SYSTEM = `
version <word>
groups *word @same
apply-groups [word]
system
  host-name <host>
  domain-name <host>
  domain-search [host]
  time-zone <word>
  no-redirects ;
  ports
    console
      log-out-on-disconnect ;
      type <word>
  root-authentication
    encrypted-password <any> @secret
    plain-text-password ; @prompts=encrypted-password
    plain-text-password-value <any> @prompts=encrypted-password
    ssh-rsa *any @secret
    ssh-ed25519 *any @secret
  login
    announcement <any>
    message <any>
    retry-options
      tries-before-disconnect <1..10>
      lockout-period <1..43200>
    class *word
      idle-timeout <1..4294967295>
      permissions [word]
      allow-commands <any>
      deny-commands <any>
    user *word
      full-name <any>
      uid <100..64000>
      class <word>
      authentication
        encrypted-password <any> @secret
        plain-text-password ; @prompts=encrypted-password
        plain-text-password-value <any> @prompts=encrypted-password
        ssh-rsa *any @secret
        ssh-ed25519 *any @secret
  authentication-order [(password|radius|tacplus)]
  location
    building <any>
    floor <any>
    rack <any>
  radius-server
    *ip
      port <1..65535>
      secret <any> @secret9
      timeout <1..1000>
      source-address <ip>
  tacplus-server
    *ip
      port <1..65535>
      secret <any> @secret9
      timeout <1..90>
      single-connection ;
      source-address <ip>
  services
    ftp @presence
    ssh @presence
      root-login <(allow|deny|deny-password)>
      protocol-version [(v1|v2)]
      max-sessions-per-connection <1..65535>
      connection-limit <1..250>
      rate-limit <1..250>
      ciphers [word]
      macs [word]
      key-exchange [word]
    telnet @presence
    extension-service
      request-response
        grpc
          ssl
            port <1..65535>
            local-certificate [word]
    netconf
      ssh @presence
        port <1..65535>
        connection-limit <1..250>
      rfc-compliant ;
    dhcp-local-server
      group *word
        interface *ifl
    web-management
      management-url <word>
      http @presence
        port <1..65535>
        interface [ifl]
      https @presence
        port <1..65535>
        system-generated-certificate ;
        interface [ifl]
  name-server
    *ip @ordered
  syslog
    archive @oneline
      size <rate>
      files <1..1000>
      world-readable ;
      no-world-readable ;
    user *word
      *word <word>
    host *host
      *word <word>
      port <1..65535>
      source-address <ip>
      match <any>
      structured-data @presence
    file *word
      *word <word>
      match <any>
      archive @oneline
        size <rate>
        files <1..1000>
      structured-data @presence
    console
      *word <word>
    source-address <ip>
    time-format @oneline
      year ;
      millisecond ;
  archival
    configuration
      transfer-interval <15..2880>
      transfer-on-commit ;
      archive-sites
        *any @single @ordered
          password <any> @secret9
  max-configurations-on-flash <0..49>
  max-configuration-rollbacks <0..49>
  commit
    persist-groups-inheritance ;
    synchronize ;
  license
    autoupdate
      url <any>
  processes
    *word
      disable ;
  ntp
    boot-server <host>
    authentication-key *1..65534 @oneline
      type <(md5|sha1|sha256)>
      value <any> @secret9
    server *host @single
      key <1..65534>
      version <1..4>
      prefer ;
    trusted-key [1..65534]
    source-address *ip
  phone-home
    server <any>
    rfc-compliant ;
chassis
  aggregated-devices
    ethernet
      device-count <1..480>
  alarm
    management-ethernet
      link-down <(ignore|red|yellow)>
  redundancy
    graceful-switchover @presence
  fpc *0..31
    pic *0..3
      port *0..95
        speed <word>
        channel-speed <word>
`;

const SECURITY = `
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
  nat
    source
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

const INTERFACES = `
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

const ROUTING = `
forwarding-options
  storm-control-profiles *word
    all @presence
  dhcp-relay
    server-group
      *word
        *ip
    group *word
      active-server-group <word>
      interface *ifl
event-options
  policy *word
    events [word]
    then
      raise-trap ;
access
  profile *word
    client *word
      chap-secret <any> @secret9
  address-assignment
    pool *word
      family:inet
        network <prefix>
        range *word
          low <ip>
          high <ip>
        dhcp-attributes
          router
            *ip
          propagate-settings <ifl>
policy-options
  prefix-list *word
    *address
  policy-statement *word
    term *word @ordered
      from @single
        family <word>
        protocol [word]
        neighbor [ip]
        as-path [word]
        community [word]
        interface [ifl]
        area <area>
        prefix-list *word
        route-filter *address *(exact|orlonger|longer|upto|prefix-length-range)
        prefix-list-filter *word *(exact|orlonger|longer)
      to @single
        protocol [word]
      then @single
        metric <0..4294967295>
        local-preference <0..4294967295>
        community *(add|set|delete) *word
        as-path-prepend <any>
        next-hop <word>
        next <(policy|term)>
        load-balance <word>
        accept ;
        reject ;
    then @single
      load-balance <word>
      accept ;
      reject ;
  community *word
    members [any]
  as-path *word <any>
class-of-service
  forwarding-classes
    class *word @oneline
      queue-num <0..15>
  interfaces
    *if
      scheduler-map <word>
  scheduler-maps
    *word
      forwarding-class *word @oneline
        scheduler <word>
  schedulers
    *word
      transmit-rate @oneline
        percent <0..100>
      priority <word>
firewall
  policer *word
    if-exceeding
      bandwidth-limit <rate>
      burst-size-limit <rate>
    then @single
      discard ;
  family:inet
    filter *word
      interface-specific ;
      term *word @ordered
        from
          source-address
            *address
          destination-address
            *address
          source-prefix-list
            *word
          destination-prefix-list
            *word
          protocol [word]
          source-port [word]
          destination-port [word]
          icmp-type [word]
          tcp-established ;
        then @single
          policer <word>
          count <word>
          log ;
          syslog ;
          accept ;
          discard @presence
          reject @presence
  family:ethernet-switching
    filter *word
      term *word @ordered
        from
          vlan [word]
        then @single
          accept ;
          discard ;
  filter *word
    term *word @ordered
      from
        source-address
          *address
        protocol [word]
        destination-port [word]
      then @single
        count <word>
        log ;
        accept ;
        discard @presence
        reject @presence
`;

const STATIC = `
routing-options
  router-id <ip>
  autonomous-system <any>
  static
    route *address @single
      next-hop [any]
      qualified-next-hop *any
        preference <0..4294967295>
      next-table <word>
      discard ;
      reject ;
      retain ;
      no-readvertise ;
      preference <0..4294967295>
      metric <0..4294967295>
      tag <0..4294967295>
  aggregate
    route *address @single
      discard ;
      policy [word]
  forwarding-table
    export [word]
`;

const PROTOCOLS = `
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

const EDGE = `
applications
  application *word
    protocol <word>
    source-port <word>
    destination-port <word>
    inactivity-timeout <word>
vlans
  *word
    description <any>
    vlan-id <word>
    l3-interface <ifl>
    interface *ifl
`;

const shift = (text: string, blanks: number): string =>
  text
    .split("\n")
    .map((line) => (line.trim() === "" ? line : " ".repeat(blanks) + line))
    .join("\n");

const INSTANCES = `
routing-instances
  *word
    description <any>
    instance-type <(virtual-router|vrf|forwarding|virtual-switch|evpn|vpls)>
    interface *ifl
    route-distinguisher <word>
    vrf-import [word]
    vrf-export [word]
    vrf-target <word>
    vrf-table-label @presence
${shift(STATIC, 4)}
${shift(PROTOCOLS, 4)}
`;

export const ROOT: Schema = parseSchema(
  [SYSTEM, SECURITY, INTERFACES, ROUTING, INSTANCES, STATIC, EDGE, PROTOCOLS].join("\n"),
);
