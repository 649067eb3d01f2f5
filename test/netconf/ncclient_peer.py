"""Python's ncclient, held by a test: one JSON command on each line of stdin, one JSON answer on stdout."""

import json
import sys

from ncclient import manager
from ncclient.operations.rpc import RPCError
from ncclient.xml_ import to_ele

sessions = {}


def connect(command):
    session = manager.connect_ssh(
        host=command["host"],
        port=command["port"],
        username=command["username"],
        password=command["password"],
        hostkey_b64=command["hostkey"],
        allow_agent=False,
        look_for_keys=False,
        timeout=30,
        device_params={"name": command.get("device", "default")},
    )
    session.timeout = 60
    session.raise_mode = 1  # errors raise, warnings do not
    sessions[command["session"]] = session
    return {
        "sessionId": int(session.session_id),
        "capabilities": list(session.server_capabilities),
        "framing": {1: "BASE_10", 2: "BASE_11"}[session._session._base],
    }


def call(command):
    session = sessions[command["session"]]
    method = getattr(session, command["method"])
    arguments = dict(command.get("arguments", {}))
    if "filter" in arguments:
        arguments["filter"] = ("subtree", arguments["filter"])
    reply = method(**arguments)
    return tell(reply, command)


def dispatch(command):
    return tell(sessions[command["session"]].dispatch(to_ele(command["rpc"])), command)


def tell(reply, command):
    text = getattr(reply, "xml", str(reply))
    if command.get("measure"):
        root = getattr(reply, "data_ele", None)
        entries = 0 if root is None else sum(1 for _ in root.iter("{urn:farhand:simulator:bulk}entry"))
        return {"bytes": len(text), "entries": entries}
    return {"xml": text}


def close(command):
    sessions.pop(command["session"]).close_session()
    return {}


def cut(command):
    """The line goes dead without a word."""
    sessions.pop(command["session"])._session.transport.sock.close()
    return {}


def state(command):
    return {"connected": sessions[command["session"]].connected}


COMMANDS = {"connect": connect, "call": call, "dispatch": dispatch, "close": close, "cut": cut, "state": state}

for line in sys.stdin:
    command = json.loads(line)
    answer = {"id": command["id"]}
    try:
        answer["result"] = COMMANDS[command["do"]](command)
    except RPCError as error:
        answer["error"] = {
            "type": error.type,
            "tag": error.tag,
            "severity": error.severity,
            "path": error.path,
            "message": error.message,
            "info": error.info,
        }
    except Exception as error:  # noqa: BLE001 - the test reads what it was
        answer["failure"] = f"{type(error).__name__}: {error}"
    print(json.dumps(answer), flush=True)
