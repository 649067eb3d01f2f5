"""Collects the running datastore from many devices with ncclient and a pool of threads: the peer of `npm run bench -- collect --engine netconf`.

Reads {"threads", "devices": [{"host", "port", "username", "password"}], "knownHosts"} from standard input; prints one JSON document.
Host keys are checked against the given known_hosts file, as ours are against the pinned ones.
"""

import json
import resource
import sys
import time
from concurrent.futures import ThreadPoolExecutor

import ncclient
from ncclient import manager

job = json.load(sys.stdin)


def collect(device):
    with manager.connect(
        host=device["host"],
        port=device["port"],
        username=device["username"],
        password=device["password"],
        hostkey_verify=True,
        hostkey_b64=device["hostKey"],
        look_for_keys=False,
        allow_agent=False,
        timeout=120,
    ) as connection:
        return len(connection.get_config(source="running").data_xml)


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
            "peer": "ncclient",
            "version": ncclient.__version__,
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
