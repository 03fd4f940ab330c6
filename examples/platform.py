#!/usr/bin/env python3
"""A platform that pretends to call, for trying out and testing OCS's dialer.

    python3 examples/platform.py --port 9000 --scale 0.1

It takes calls at POST /dial (the option dialer-uri of a campaign group), lets them ring and be
answered as people do, and reports on each record's own address. GET /statistics says what it did.
With --scale every time is multiplied: at 0.1 an hour takes six minutes. Python's standard library
is all it needs.
"""
import argparse
import asyncio
import json
import random
import urllib.parse

RESULTS = {"answered": "Answer", "abandoned": "Abandoned", "no answer": "NoAnswer", "busy": "Busy"}


async def read_message(reader):
    """The first line and the body of an HTTP/1.1 message; None at the end of a connection."""
    line, length = await reader.readline(), 0
    while line and (header := await reader.readline()) not in (b"\r\n", b""):
        name, _, value = header.partition(b":")
        if name.lower() == b"content-length":
            length = int(value)
    return (line.decode(), await reader.readexactly(length)) if line else None


class Ocs:
    """Speaks to OCS: on few connections, and again until it is heard."""

    def __init__(self, connections):
        self.idle, self.places = [], asyncio.Semaphore(connections)

    async def post(self, uri, key, **attributes):
        """The status that OCS answers with in the end. By the key it knows what it heard before."""
        target, body = urllib.parse.urlsplit(uri), json.dumps(attributes).encode()
        once = f"Idempotency-Key: {key}\r\n" if key else ""
        head = (f"POST {target.path}?{target.query} HTTP/1.1\r\nHost: {target.netloc}\r\n"
                f"{once}Content-Type: application/json\r\n"
                f"Content-Length: {len(body)}\r\n\r\n").encode()
        pause = 0.1
        while True:
            try:
                async with self.places:
                    reader, writer = self.idle.pop() if self.idle else (
                        await asyncio.open_connection(target.hostname, target.port or 80))
                    writer.write(head + body)
                    line, _ = await read_message(reader)
                    self.idle.append((reader, writer))
                status = int(line.split()[1])
                if status < 500 and status != 429:
                    return status
            except (OSError, TypeError, asyncio.IncompleteReadError):
                pass  # OCS is gone, or the connection was: the report is sent again.
            await asyncio.sleep(pause)
            pause = min(2 * pause, 5)


class Platform:
    def __init__(self, options):
        self.options, self.ocs = options, Ocs(options.connections)
        self.calls, self.lines, self.known, self.held = {}, set(), set(), asyncio.Event()
        self.counts = dict.fromkeys(
            ["calls", "twice", "most_out", "answered", "abandoned", "cancelled", "reports", "refused"], 0)
        self.ready = asyncio.Queue()

    async def rest(self, seconds):
        await asyncio.sleep(seconds * self.options.scale)

    async def report(self, call, request, **attributes):
        guid = attributes["GSW_CALL_ATTEMPT_GUID"] = call["GSW_CALL_ATTEMPT_GUID"]
        key = f"{guid}-{request}-{attributes.get('GSW_CALL_PROGRESS', '')}"
        status = await self.ocs.post(f"{call['GSW_RECORD_URI']}?req={request}", key, **attributes)
        self.counts["reports"] += 1
        self.counts["refused"] += status != 200

    async def ring(self, call):
        """A call's life: ring to answer lognormal with a mean of 12 s, no answer after 25 s, a
        talk of 120 s in the mean."""
        options, progress = self.options, "CallProgress"
        if len(self.lines) >= options.hold:
            self.held.set()
        await self.held.wait()
        await self.report(call, progress, GSW_CALL_PROGRESS="Dialing")
        rings, outcome = random.lognormvariate(2.36, 0.5), "answered"
        if random.random() >= options.hits or rings > 25:
            outcome = random.choice(["no answer", "busy"])
            rings = 25 if outcome == "no answer" else 2
        await self.rest(rings)
        if outcome == "answered":
            self.counts["answered"] += 1
            await self.report(call, progress, GSW_CALL_PROGRESS="Answered")
            outcome = await self.talk(call)
        self.lines.discard(call["GSW_CALL_ATTEMPT_GUID"])
        if outcome != "abandoned":
            await self.report(call, progress, GSW_CALL_PROGRESS="Released")
        await self.report(call, "RecordProcessed", GSW_CALL_RESULT=RESULTS[outcome])

    async def talk(self, call):
        """With the agent who is ready, or, where there are none, with a machine of the platform."""
        who = {}
        if self.options.agents:
            try:
                async with asyncio.timeout(2 * self.options.scale):
                    who = {"GSW_AGENT_ID": await self.ready.get()}
            except TimeoutError:
                self.counts["abandoned"] += 1
                self.lines.discard(call["GSW_CALL_ATTEMPT_GUID"])
                await self.report(call, "CallProgress", GSW_CALL_PROGRESS="Abandoned")
                return "abandoned"
        await self.report(call, "CallProgress", GSW_CALL_PROGRESS="AgentConnected", **who)
        await self.rest(random.expovariate(1 / 120))
        if who:
            asyncio.get_running_loop().create_task(self.wrap_up(who["GSW_AGENT_ID"]))
        return "answered"

    async def wrap_up(self, agent):
        await self.state(agent, "AfterCall")
        await self.rest(20)
        await self.state(agent, "Ready")
        self.ready.put_nowait(agent)

    async def state(self, agent, state):
        """Says what an agent does."""
        group = f"{self.options.ocs}/campaigngroups/{self.options.group}?req=AgentState"
        await self.ocs.post(group, "", GSW_AGENT_ID=agent, GSW_AGENT_STATE=state)

    async def log_in(self):
        for number in range(self.options.agents):
            await self.state(f"agent-{number}", "Ready")
            self.ready.put_nowait(f"agent-{number}")

    def take(self, call):
        """What is answered to a message of OCS."""
        guid = call["GSW_CALL_ATTEMPT_GUID"]
        if call["GSW_USER_EVENT"] == "RecordCancel":
            self.counts["cancelled"] += 1
            if guid in self.calls:
                self.calls[guid].cancel()
            return 200
        self.counts["calls"] += 1
        self.counts["twice"] += guid in self.known
        self.known.add(guid)
        self.lines.add(guid)
        task = self.calls[guid] = asyncio.get_running_loop().create_task(self.ring(call))
        task.add_done_callback(lambda _: (self.calls.pop(guid, None), self.lines.discard(guid)))
        self.counts["most_out"] = max(self.counts["most_out"], len(self.lines))
        return 202

    async def serve(self, reader, writer):
        try:
            while message := await read_message(reader):
                line, body = message
                status = 200 if line.startswith("GET") else self.take(json.loads(body))
                answer = json.dumps(self.counts | {"out": len(self.calls)}).encode()
                writer.write(f"HTTP/1.1 {status} OK\r\nContent-Type: application/json\r\n"
                             f"Content-Length: {len(answer)}\r\n\r\n".encode() + answer)
        except (OSError, asyncio.IncompleteReadError):
            pass
        writer.close()


async def main():
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    for name, value, what in [
            ("port", 9000, "where it listens"), ("hits", 0.3, "the share of calls that are answered"),
            ("scale", 1.0, "what every time is multiplied by"),
            ("hold", 0, "calls that must be out before the first one rings"),
            ("agents", 0, "agents who take the calls; 0 for a machine that takes them all"),
            ("ocs", "http://127.0.0.1:8080", "where OCS hears of agents"),
            ("group", 301, "DBID of the campaign group that they work for"),
            ("connections", 32, "connections to OCS")]:
        arguments.add_argument(f"--{name}", type=type(value), default=value, help=what)
    options = arguments.parse_args()
    platform = Platform(options)
    server = await asyncio.start_server(platform.serve, "127.0.0.1", options.port)
    print(f"the platform listens on http://127.0.0.1:{server.sockets[0].getsockname()[1]}", flush=True)
    await asyncio.gather(platform.log_in(), server.serve_forever())


asyncio.run(main())
