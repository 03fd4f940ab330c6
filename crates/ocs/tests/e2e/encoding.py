"""A client that speaks one encoding, as Python knows it: nothing here is OCS's own."""
import gzip, json, sys, urllib.parse
import requests

case = json.load(sys.stdin)
base, codec, charset = case["base"], case["codec"], case["charset"]
has, illegal = case["has"], case["illegal"]
# What the encoding lacks stands beside what it has.
value = has + "|" + case["lacks"] + "|¥\U0001f4de\\\"/"
add = base + "/lists/Spring?req=AddRecord"


def body(of):
    """JSON in the encoding; what that lacks is escaped, nothing else."""
    text = json.dumps(of, ensure_ascii=False)
    return "".join(
        character if fits(character) else json.dumps(character)[1:-1] for character in text
    ).encode(codec)


def fits(character):
    try:
        return character.encode(codec).decode(codec) == character and character not in "¥‾"
    except UnicodeError:
        return False


def read(reply, status, kind="application/json"):
    assert reply.status_code == status, (reply.status_code, reply.content)
    assert reply.headers["Content-Type"] == f"{kind}; charset={charset}", reply.headers
    # By the charset that the reply names.
    assert reply.encoding == charset, reply.encoding
    return reply.content.decode(codec)


def event(reply, status=200):
    return json.loads(read(reply, status))


def stored(added):
    reply = requests.get(f"{base}/records/{added['GSW_RECORD_HANDLE']}", timeout=30)
    record = event(reply)
    # As it is where the encoding has it, as an escape where it does not.
    assert has.encode(codec) in reply.content, reply.content
    assert ("📞".encode(codec) in reply.content) if fits("📞") else (b"\\ud83d\\udcde" in reply.content)
    head = requests.head(reply.url, timeout=30)
    assert head.headers["Content-Length"] == str(len(reply.content))
    return record["CONTACT_LAST_NAME"]


record = {"GSW_PHONE": "1", "CONTACT_LAST_NAME": value}
mark = b"\xef\xbb\xbf"
ways = {
    "as the option says": ({}, body(record)),
    "as JSON": ({"Content-Type": "application/json"}, body(record)),
    "named": ({"Content-Type": f"text/plain; charset={charset}"}, body(record)),
    "another one": (
        {"Content-Type": "application/json; charset=utf-8"},
        json.dumps(record, ensure_ascii=False).encode(),
    ),
    "a code page": ({"Content-Type": "a/b; charset=CP437"}, json.dumps(record).encode("cp437")),
    "a byte order mark": ({}, mark + json.dumps(record, ensure_ascii=False).encode()),
}
for way, (headers, sent) in ways.items():
    reply = requests.post(add, data=sent, headers=headers, timeout=30)
    assert stored(event(reply)) == value, way
form = urllib.parse.urlencode({"GSW_PHONE": "1", "CONTACT_LAST_NAME": has}, encoding=codec)
form_type = {"Content-Type": "application/x-www-form-urlencoded"}
reply = event(requests.post(add, data=form, headers=form_type, timeout=30))
reply = event(requests.get(f"{base}/records/{reply['GSW_RECORD_HANDLE']}", timeout=30))
assert reply["CONTACT_LAST_NAME"] == has, reply

# Refusals, whoever makes them.
wrong = event(requests.post(add, data=body({"GSW_PHONE": "1", "GSW_FROM": value}), timeout=30), 400)
assert has in wrong["GSW_ERROR"], wrong
wrong = event(requests.post(add[:-6], data=body(record), headers={}, timeout=30), 400)
assert wrong["GSW_ERROR_NUMBER"] == 1011, wrong
event(requests.get(base + "/nothing", timeout=30), 404)
unknown = {"Content-Type": "application/json; charset=klingon"}
wrong = event(requests.post(add, data=b"{}", headers=unknown, timeout=30), 400)
assert all(part in wrong["GSW_ERROR"] for part in ["klingon", "Shift_JIS", "cp437"]), wrong
if illegal:
    illegal = bytes.fromhex(illegal)
    sent = b'{"GSW_PHONE":"1","CONTACT_LAST_NAME":"' + illegal + b'"}'
    wrong = event(requests.post(add, data=sent, timeout=30), 400)
    assert wrong["GSW_ERROR_NUMBER"] == 1013, wrong
    assert f"is not {case['name']}: byte 39 of it" in wrong["GSW_ERROR"], wrong

# AddRecords, in pieces that end anywhere.
many = base + "/lists/Spring?req=AddRecords"
items = [body(dict(record, visits=number)) for number in range(50)]
if illegal:
    items[20] = b'{"GSW_PHONE":"1","CONTACT_LAST_NAME":"' + illegal + b'"}'
lines = b"\n".join(items)


def pieces(whole):
    for at in range(0, len(whole), 37):
        yield whole[at : at + 37]


for sent, headers in [
    (b"[" + b",".join(items) + b"]", {}),
    (lines, {"Content-Type": "application/x-ndjson"}),
    (gzip.compress(lines), {"Content-Encoding": "gzip"}),
]:
    reply = requests.post(many, data=pieces(sent), headers=headers, timeout=60)
    answers = read(reply, 200, "application/x-ndjson").splitlines()
    assert len(answers) == len(items), answers
    for number, answer in enumerate(map(json.loads, answers)):
        if illegal and number == 20:
            offset = len(b",".join(items[:20])) + 2 + 38
            offset -= 1 if sent[:1] != b"[" else 0
            assert f"is not {case['name']}: byte {offset + 1 if case['whole'] else 39} of" in answer["GSW_ERROR"], (offset, answer)
        else:
            assert answer["CONTACT_LAST_NAME"] == value and answer["visits"] == number, answer

description = event(requests.get(base + "/openapi.json", timeout=30))
assert description["openapi"] == "3.1.0"
