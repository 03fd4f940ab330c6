"""A client of the outbound protocols as anybody would write one: generated from the
.proto with grpcio-tools.

Arguments: the folder of the .proto files, a folder for what is generated, HOST:PORT.
Standard input: a JSON array of sessions, which are held at the same time. Of each, a
line of JSON is written when it has ended, and a line "open N" when it is open.
"""

import json
import queue
import subprocess
import sys
import threading

protos, generated, address = sys.argv[1:]
subprocess.run(
    [sys.executable, "-m", "grpc_tools.protoc", "-I", protos, "--python_out", generated,
     "--grpc_python_out", generated, "ocs/outbound/v1/outbound.proto"],
    check=True,
)
sys.path.insert(0, generated)

import grpc  # noqa: E402
from ocs.outbound.v1 import outbound_pb2 as pb  # noqa: E402
from ocs.outbound.v1 import outbound_pb2_grpc  # noqa: E402

write_lock = threading.Lock()


def write(line):
    with write_lock:
        print(line, flush=True)


def event(pairs):
    made = pb.UserEvent()
    for key, value in pairs.items():
        pair = made.pairs.add(key=key)
        if isinstance(value, int):
            pair.integer = value
        else:
            pair.text = value
    return made


def read(message):
    pairs = {}
    for pair in message.event.pairs:
        kind = pair.WhichOneof("value")
        pairs[pair.key] = getattr(pair, kind) if kind in ("text", "integer", "decimal") else None
    return pairs


def hold(number, session):
    """Sends what the session says and hears until it ends.

    hello: the fields of the hello; without one, a request comes first.
    late: nothing is sent at all.
    requests: pairs of each; all are sent at once.
    again: how often they are sent.
    deaf: nothing is read.
    stay: the session is not ended from this side.
    """
    outgoing = queue.SimpleQueue()
    if "hello" in session:
        outgoing.put(pb.ClientMessage(hello=pb.Hello(**session["hello"])))
    count = 0
    for _ in range(session.get("again", 1)):
        for pairs in session.get("requests", []):
            count += 1
            outgoing.put(pb.ClientMessage(number=count, request=event(pairs)))
    if count == 0 and not session.get("stay") and not session.get("late"):
        outgoing.put(None)
    options = [("grpc.max_send_message_length", -1), ("grpc.max_receive_message_length", -1),
               ("grpc.use_local_subchannel_pool", 1), ("grpc.enable_http_proxy", 0)]
    heard, stopped, code, details = [], False, "OK", ""
    with grpc.insecure_channel(address, options=options) as channel:
        try:
            call = outbound_pb2_grpc.OutboundStub(channel).Session(iter(outgoing.get, None))
            if session.get("deaf"):
                call.initial_metadata()
                write(f"open {number}")
                threading.Event().wait()
            for message in call:
                body = message.WhichOneof("body")
                if body == "hello":
                    write(f"open {number}")
                elif body == "stop":
                    stopped = True
                    outgoing.put(None)
                else:
                    heard.append([message.number, read(message)])
                    if len(heard) == count and not session.get("stay"):
                        outgoing.put(None)
        except grpc.RpcError as error:
            code, details = error.code().name, error.details()
        outgoing.put(None)
    write(json.dumps({"session": number, "code": code, "details": details, "heard": heard,
                      "stopped": stopped}))


def reflect(number, session):
    """Asks server reflection, without knowing anything of it but its bytes."""
    with grpc.insecure_channel(address) as channel:
        answers = []
        for question in (b"\x3a\x01*", b"\x22\x18ocs.outbound.v1.Outbound"):
            ask = channel.stream_stream(session["reflection"])
            answers.append(next(iter(ask(iter([question])))).decode("latin-1"))
    write(json.dumps({"session": number, "code": "OK", "details": "", "heard": answers,
                      "stopped": False}))


sessions = json.load(sys.stdin)
threads = [
    threading.Thread(target=reflect if "reflection" in session else hold, args=pair, daemon=True)
    for pair in enumerate(sessions)
    for session in [pair[1]]
]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
