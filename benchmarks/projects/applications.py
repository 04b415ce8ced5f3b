"""Small applications as people write them: they return version and greeting, and store notes."""

from __future__ import annotations

WSGI = """
import os
from pathlib import Path

VERSION = "1"
NOTES = Path(os.environ.get("NOTES", "notes.txt"))


def application(environ, start_response):
    if environ["PATH_INFO"] == "/notes":
        if environ["REQUEST_METHOD"] == "POST":
            size = int(environ.get("CONTENT_LENGTH") or 0)
            with NOTES.open("ab") as notes:
                notes.write(environ["wsgi.input"].read(size) + b"\\n")
        body = NOTES.read_bytes() if NOTES.exists() else b""
    else:
        greeting = os.environ.get("GREETING", "hello")
        body = f"version={VERSION} greeting={greeting}".encode()
    start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", str(len(body)))])
    return [body]
"""

WSGI_TEST = """
from {module} import application


def test_version():
    assert b"version=" in b"".join(application({{"PATH_INFO": "/"}}, lambda *_: None))


def test_greeting():
    assert b"greeting=" in b"".join(application({{"PATH_INFO": "/"}}, lambda *_: None))
"""

FLASK = """
import os
import sqlite3

from flask import Flask, request

VERSION = "1"


def create_app():
    app = Flask(__name__, instance_relative_config=True)
    os.makedirs(app.instance_path, exist_ok=True)
    database = os.path.join(app.instance_path, "flaskr.sqlite")

    @app.get("/")
    def index():
        return f"version={VERSION} greeting={os.environ.get('GREETING', 'hello')}"

    @app.route("/notes", methods=["GET", "POST"])
    def notes():
        with sqlite3.connect(database) as connection:
            connection.execute("CREATE TABLE IF NOT EXISTS note (body TEXT)")
            if request.method == "POST":
                connection.execute("INSERT INTO note VALUES (?)", [request.get_data(as_text=True)])
            return "\\n".join(row[0] for row in connection.execute("SELECT body FROM note"))

    return app
"""

FLASK_TEST = """
import pytest

from flaskr import create_app


@pytest.fixture
def client():
    return create_app().test_client()


def test_index(client):
    assert b"version=" in client.get("/").data


def test_notes(client):
    assert client.get("/notes").status_code == 200
"""

FASTAPI = """
import os
import sqlite3

from fastapi import FastAPI, Request
from fastapi.responses import PlainTextResponse

VERSION = "1"
app = FastAPI(default_response_class=PlainTextResponse)


def connect():
    connection = sqlite3.connect("notes.db")
    connection.execute("CREATE TABLE IF NOT EXISTS note (body TEXT)")
    return connection


@app.get("/")
def index() -> str:
    return f"version={VERSION} greeting={os.environ.get('GREETING', 'hello')}"


@app.post("/notes")
async def write(request: Request) -> str:
    with connect() as connection:
        connection.execute("INSERT INTO note VALUES (?)", [(await request.body()).decode()])
    return "written"


@app.get("/notes")
def notes() -> str:
    return "\\n".join(row[0] for row in connect().execute("SELECT body FROM note"))
"""

FASTAPI_TEST = """
from fastapi.testclient import TestClient

from main import app


def test_index():
    assert "version=" in TestClient(app).get("/").text


def test_notes():
    assert TestClient(app).get("/notes").status_code == 200
"""

DJANGO_URLS = """
import os

from django.contrib import admin
from django.contrib.auth.models import Group
from django.http import HttpResponse
from django.urls import path
from django.views.decorators.csrf import csrf_exempt

VERSION = "1"


def index(request):
    return HttpResponse(f"version={VERSION} greeting={os.environ.get('GREETING', 'hello')}")


@csrf_exempt
def notes(request):
    if request.method == "POST":
        Group.objects.create(name=request.body.decode())
    return HttpResponse("\\n".join(Group.objects.values_list("name", flat=True)))


urlpatterns = [path("admin/", admin.site.urls), path("", index), path("notes", notes)]
"""

DJANGO_TEST = """
import os

from django.test import TestCase


class PageTest(TestCase):
    def note(self):
        with open(os.environ["WITNESS"], "a") as notes:
            notes.write(f"- passed {self.id()}\\n")

    def test_index(self):
        self.note()
        assert b"version=" in self.client.get("/").content

    def test_notes(self):
        self.note()
        assert self.client.post("/notes", "x", content_type="text/plain").status_code == 200
"""

NODE = """
const fs = require("node:fs");
const http = require("node:http");
const ms = require("ms");

const VERSION = "1";
const NOTES = process.env.NOTES || "notes.txt";

const server = http.createServer((request, response) => {
  if (request.url === "/notes" && request.method === "POST") {
    let body = "";
    request.on("data", (part) => (body += part));
    request.on("end", () => {
      fs.appendFileSync(NOTES, body + "\\n");
      response.end("written");
    });
  } else if (request.url === "/notes") {
    response.end(fs.existsSync(NOTES) ? fs.readFileSync(NOTES) : "");
  } else {
    const greeting = process.env.GREETING || "hello";
    response.end(`version=${VERSION} greeting=${greeting} hour=${ms("1h")}`);
  }
});

server.listen(process.env.PORT || 3000);
"""

NODE_TEST = """
const assert = require("node:assert");
const fs = require("node:fs");
const test = require("node:test");
const ms = require("ms");

test("an hour", () => {
  fs.appendFileSync(process.env.WITNESS, "- passed hour\\n");
  assert.strictEqual(ms("1h"), 3600000);
});
"""
