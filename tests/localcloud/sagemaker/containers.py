"""Two small containers, as source text, that follow only the documented contract: a job and a model server."""

JOB = """
    import json, os, pathlib, signal, sys, time
    base = pathlib.Path(os.environ["SAGEMAKER_BASE_DIR"])
    if sys.argv[1:] == ["train"]:
        wishes = json.loads((base / "input/config/hyperparameters.json").read_text())
        seen = {str(p.relative_to(base)): p.read_text() for p in sorted((base / "input").rglob("*")) if p.is_file()}
        seen["env"] = {k: v for k, v in os.environ.items()}
        if "print" in wishes:
            print(wishes["print"], flush=True)
        if "sleep" in wishes:
            signal.signal(signal.SIGTERM, signal.SIG_IGN if wishes.get("deaf") else lambda *_: sys.exit(0))
            (base / "model/partial").write_text("so far")
            time.sleep(float(wishes["sleep"]))
        if "failure" in wishes:
            (base / "output/failure").write_text(wishes["failure"].replace("BASE", str(base)))
            sys.exit(int(wishes["code"]))
        if "nothing" not in wishes:
            (base / "model/model.json").write_text(json.dumps({"answer": wishes.get("answer", "none")}))
            (base / "output/data/seen.json").write_text(json.dumps(seen))
    else:
        wish, *rest = sys.argv[1:]
        if wish == "fail":
            (base / "output/message").write_text(rest[0].replace("BASE", str(base)))
            sys.exit(1)
        if wish == "sleep":
            time.sleep(float(rest[0]))
        out = base / "processing/output/copy"
        for path in (base / "processing/input").rglob("*"):
            if path.is_file():
                target = out / path.relative_to(base / "processing/input")
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_bytes(path.read_bytes())
        (out / "arguments.json").write_text(json.dumps(sys.argv[1:]))
        (out / "config.json").write_text((base / "config/processingjobconfig.json").read_text())
"""

SERVER = """
    import http.server, json, os, pathlib, signal, sys, time
    assert sys.argv[1:] == ["serve"], sys.argv
    if os.environ.get("DEAF"):
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    base = pathlib.Path(os.environ["SAGEMAKER_BASE_DIR"])
    if os.environ.get("DIE"):
        sys.exit(3)
    version = os.environ.get("VERSION", "none")

    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        wbufsize = -1  # headers and body in one packet
        timeout = float(os.environ.get("KEEP_ALIVE", "60"))

        def do_GET(self):
            if self.path == "/ping" and os.path.exists(os.environ.get("SICK_FILE", "")):
                self.answer(503, b"")
            elif self.path == "/ping":
                self.answer(503 if os.environ.get("SICK") else 200, b"")
            elif self.path == "/execution-parameters" and os.environ.get("PARAMETERS"):
                self.answer(200, os.environ["PARAMETERS"].encode())
            else:
                self.answer(404, b"")

        def do_POST(self):
            chunked = self.headers.get("Transfer-Encoding") == "chunked"
            body = self.chunks() if chunked else self.rfile.read(int(self.headers.get("Content-Length", 0)))
            if body.startswith(b"sleep "):
                time.sleep(float(body.split()[1]))
            if body == b"die":
                os._exit(1)
            if body.startswith(b"status "):
                return self.answer(int(body.split()[1]), b"because")
            if body.startswith(b"describe"):
                model = base / "model/model.json"
                told = {"model": json.loads(model.read_text()) if model.exists() else None, "version": version,
                        "headers": dict(self.headers), "batch": os.environ.get("SAGEMAKER_BATCH"), "base": str(base)}
                return self.answer(200, json.dumps(told).encode())
            if os.environ.get("LENGTHS"):
                return self.answer(200, b"%d:%d" % (len(body), body.count(b"\\n")) + b":chunked" * chunked)
            if os.environ.get("ECHO"):
                return self.answer(200, body)
            self.answer(200, version.encode() + b"|" + body)

        def chunks(self):
            body = b""
            while size := int(self.rfile.readline(), 16):
                body += self.rfile.read(size)
                self.rfile.readline()
            self.rfile.readline()
            return body

        def answer(self, status, body):
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.send_header("X-Amzn-SageMaker-Custom-Attributes", "from-the-model")
            self.send_header("Server-Secret", "stays")
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *args):
            pass

    class Server(http.server.ThreadingHTTPServer):
        daemon_threads = True
        request_queue_size = 128

    Server(("127.0.0.1", int(os.environ["SAGEMAKER_BIND_TO_PORT"])), Handler).serve_forever()
"""
