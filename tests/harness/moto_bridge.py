"""moto, speaking CloudWatch as the Rust SDK does, for one run of the tests.

Prints `ready PORT`, then obeys lines on its standard input, and answers each with `done JSON` or `failed MESSAGE`:
`fill REGION JSON` fills a region with the seed platform (fill_moto.py), `call REGION ["SERVICE", "operation", {…}]`
asks moto anything by boto3, `changes REGION {}` answers with all requests to ECS there that change something, as they
came over the wire. When standard input ends it ends: it never outlives the tests, however they die.

By hand, to look at it with any AWS client:  python3 tests/harness/moto_bridge.py  then type  fill us-east-1 {}
"""
import gzip
import io
import json
import math
import re
import sys
import threading
import time
import traceback
from datetime import datetime, timezone

import botocore.session
import cbor2
from moto.cloudwatch.models import Statistics
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, MotoRequestHandler, create_backend_app
from werkzeug.serving import make_server
from werkzeug.wrappers import Request, Response

import fill_moto

OPERATION = re.compile(r"^/service/GraniteServiceVersion20100801/operation/(\w+)$")
MODEL = botocore.session.get_session().get_service_model("cloudwatch")


class CloudWatchOverCbor:
    """moto knows CloudWatch only in JSON, the SDK speaks only Smithy RPC v2 CBOR: translates both ways."""

    def __init__(self, inner):
        self.inner = inner

    def __call__(self, environ, start_response):
        operation = OPERATION.match(environ["PATH_INFO"])
        if not operation:
            return self.inner(environ, start_response)
        name, request = operation.group(1), Request(environ)
        body = request.get_data()
        if request.headers.get("Content-Encoding") == "gzip":
            body = gzip.decompress(body)
        question = json.dumps(cbor2.loads(body) if body else {}, default=as_json).encode()
        headers = {"X-Amz-Target": "GraniteServiceVersion20100801." + name, "Content-Type": "application/x-amz-json-1.0"}
        headers.update({k: v for k, v in request.headers if k in ("Authorization", "Host", "X-Amz-Date")})
        asked = Request.from_values("/", method="POST", data=question, headers=headers)
        answer = Response.from_app(self.inner, asked.environ, buffered=True)
        said = json.loads(answer.get_data() or b"{}")
        if answer.status_code < 400:
            said = as_cbor(said, MODEL.operation_model(name).output_shape)
        translated = Response(cbor2.dumps(said), answer.status_code, content_type="application/cbor")
        translated.headers["smithy-protocol"] = "rpc-v2-cbor"
        return translated(environ, start_response)


class Changes:
    """Keeps the requests to ECS that change something: what was sent, not what moto made of it."""

    TARGET = "AmazonEC2ContainerServiceV20141113."
    READS = ("Describe", "List")

    def __init__(self, inner):
        self.inner, self.seen = inner, []

    def __call__(self, environ, start_response):
        target = environ.get("HTTP_X_AMZ_TARGET", "")
        operation = target.removeprefix(self.TARGET)
        if target.startswith(self.TARGET) and not operation.startswith(self.READS):
            body = Request(environ).get_data()
            environ["wsgi.input"] = io.BytesIO(body)
            region = environ.get("HTTP_AUTHORIZATION", "").split("/")[2:3]
            self.seen.append((region, time.time(), operation, json.loads(body)))
        return self.inner(environ, start_response)

    def of(self, region):
        return [{"operation": operation, "at": at, "sent": sent} for where, at, operation, sent in self.seen if where == [region]]


def as_json(value):
    if isinstance(value, datetime):
        return value.timestamp()
    raise TypeError(f"{type(value)} is not expected in a CloudWatch request")


def as_cbor(value, shape):
    """The JSON answer with the types that CBOR tells apart and JSON does not."""
    if value is None or shape is None:
        return value
    if shape.type_name == "structure":
        return {k: as_cbor(v, shape.members.get(k)) for k, v in value.items() if v is not None}
    if shape.type_name == "list":
        return [as_cbor(v, shape.member) for v in value]
    if shape.type_name == "map":
        return {k: as_cbor(v, shape.value) for k, v in value.items()}
    if shape.type_name in ("double", "float"):
        return float(value)
    if shape.type_name == "timestamp":
        # Written as tag 1 with a float, as CloudWatch does.
        seconds = value if isinstance(value, (int, float)) else parse_time(value)
        return cbor2.CBORTag(1, float(seconds))
    return value


def parse_time(text):
    at = datetime.fromisoformat(text.replace("Z", "+00:00"))
    return (at if at.tzinfo else at.replace(tzinfo=timezone.utc)).timestamp()


def with_percentiles(statistic):
    """moto answers null for a percentile, where CloudWatch has a number: the nearest rank."""
    def of(self, name):
        if not name.startswith("p"):
            return statistic(self, name)
        values = sorted(self.metric_single_values_list)
        return values[max(0, math.ceil(float(name[1:]) / 100 * len(values)) - 1)]
    return of


class Quiet(MotoRequestHandler):
    protocol_version = "HTTP/1.1"

    def log(self, kind, message, *args):
        pass


def main():
    Statistics.get_statistics_for_type = with_percentiles(Statistics.get_statistics_for_type)
    changes = Changes(CloudWatchOverCbor(DomainDispatcherApplication(create_backend_app)))
    server = make_server("127.0.0.1", 0, changes, threaded=True, request_handler=Quiet)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    print("ready", server.server_port, flush=True)
    for line in sys.stdin:
        try:
            verb, region, options = line.split(maxsplit=2)
            endpoint, options, answer = f"http://127.0.0.1:{server.server_port}", json.loads(options), {}
            if verb == "fill":
                fill_moto.fill(endpoint, region, **options)
            elif verb == "call":
                answer = fill_moto.call(endpoint, region, *options)
            elif verb == "changes":
                answer = changes.of(region)
            else:
                raise ValueError(f"no such verb: {line!r}")
            print("done", json.dumps(answer, default=str), flush=True)
        except Exception as error:
            traceback.print_exc()
            print("failed", repr(error).replace("\n", " "), flush=True)


if __name__ == "__main__":
    main()
