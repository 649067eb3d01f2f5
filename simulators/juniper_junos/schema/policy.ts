/** Statements of [edit policy-options], [edit firewall] and their like, in the notation of `schema.ts`. */
export const POLICY = `
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
    apply-path <any>
    *address
  policy-statement *word
    term *word @ordered
      from @single
        family <word>
        protocol [word]
        instance [word]
        external @presence
        neighbor [ip]
        as-path [word]
        community [word]
        interface [ifl]
        area <area>
        tag [0..4294967295]
        metric <0..4294967295>
        local-preference <0..4294967295>
        prefix-list *word
        route-filter *address *(exact|orlonger|longer|upto|prefix-length-range)
        prefix-list-filter *word *(exact|orlonger|longer)
      to @single
        protocol [word]
      then @single
        metric <0..4294967295>
        local-preference <0..4294967295>
        preference <0..4294967295>
        tag <0..4294967295>
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
  family:inet6
    filter *word
      term *word @ordered
        from
          source-address
            *address
          destination-address
            *address
          next-header [word]
          source-port [word]
          destination-port [word]
        then @single
          count <word>
          log ;
          accept ;
          discard ;
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
