/** Statements of [edit system] and [edit chassis], in the notation of `schema.ts`. */
export const SYSTEM = `
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
    password
      minimum-length <6..20>
      minimum-changes <1..128>
      minimum-numerics <1..128>
      minimum-upper-cases <1..128>
      minimum-lower-cases <1..128>
      minimum-punctuations <1..128>
      format <(md5|sha1|sha256|sha512)>
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
