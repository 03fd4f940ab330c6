"""A validation server as they are in the field, in Flask. Its port is the first argument."""

import sys

from flask import Flask, request

app = Flask(__name__)


@app.post("/validate")
def validate():
    record = request.get_json(force=True)
    if record["GSW_PHONE"].endswith("1"):
        return {"GSW_CALL_RESULT": "53"}, 409
    if "visits" in record:
        return {"client-id": f"flask-{record['visits']}"}
    return "OK"


app.run(port=int(sys.argv[1]))
