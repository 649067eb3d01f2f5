"""Collects `show running-config` from many devices with Netmiko and a pool of threads: the peer of `npm run bench -- collect`.

Reads {"threads", "devices": [{"host", "port", "username", "password"}], "knownHosts"} from standard input; prints one JSON document.
Host keys are checked against the given known_hosts file, as ours are against the pinned ones.
"""

import json
import resource
import sys
import time
from concurrent.futures import ThreadPoolExecutor

import netmiko

job = json.load(sys.stdin)


def collect(device):
    with netmiko.ConnectHandler(
        device_type="cisco_xe",
        host=device["host"],
        port=device["port"],
        username=device["username"],
        password=device["password"],
        ssh_strict=True,
        system_host_keys=False,
        alt_host_keys=True,
        alt_key_file=job["knownHosts"],
        fast_cli=True,
        conn_timeout=60,
        banner_timeout=60,
        auth_timeout=60,
    ) as connection:
        return len(connection.send_command("show running-config", read_timeout=120))


def attempt(device):
    try:
        return collect(device), None
    except Exception as error:  # every failure is counted, none is hidden
        return 0, f"{type(error).__name__}: {str(error).splitlines()[0] if str(error) else ''}"


started = time.monotonic()
with ThreadPoolExecutor(job["threads"]) as pool:
    results = list(pool.map(attempt, job["devices"]))
seconds = time.monotonic() - started
failures = [error for _, error in results if error]
print(
    json.dumps(
        {
            "peer": "netmiko",
            "version": netmiko.__version__,
            "threads": job["threads"],
            "devices": len(results),
            "collected": len(results) - len(failures),
            "bytes": sum(size for size, _ in results),
            "seconds": seconds,
            "peakMiB": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
            "firstFailure": failures[0] if failures else None,
        }
    )
)
