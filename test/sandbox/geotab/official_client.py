"""Drives a stand-in with the official Python client; prints what it answered as JSON."""

import json
import sys
from datetime import datetime, timezone

import mygeotab

server, database, user, password = sys.argv[1:5]
told = {}
# The client takes an address with a path as it is.
api = mygeotab.API(username=user, password=password, database=database, server=server)
credentials = api.authenticate()
told["database"] = credentials.database
told["session"] = len(credentials.session_id) > 0

told["devices"] = [device["id"] for device in api.get("Device")]
told["oneDevice"] = api.get("Device", id="b1")[0]["name"]
told["sorted"] = [zone["name"] for zone in api.get("Zone", results_limit=2, sort={"sortBy": "name", "sortDirection": "asc"})]
trips = api.get("Trip", fromDate=datetime(2026, 3, 11, tzinfo=timezone.utc), deviceSearch={"id": "b1"})
told["trips"] = len(trips)
told["tripStart"] = trips[0]["start"].isoformat()

first = api.call("GetFeed", type_name="LogRecord", from_version=None)
page = api.call("GetFeed", type_name="LogRecord", from_version="0000000000000000", results_limit=100)
told["feed"] = [len(first["data"]), len(page["data"]), page["toVersion"] > "0"]

told["multi"] = api.multi_call([("GetCountOf", {"typeName": "Device"}), ("GetVersion",)])
told["set"] = api.set("Device", {"id": "b1", "name": "Renamed by Python"})
told["renamed"] = api.get("Device", id="b1")[0]["name"]

told["errors"] = []
for call in (
    lambda: api.call("Foobar"),
    lambda: api.get("Driver"),
    lambda: api.set("Device", {"id": "b1", "groups": []}),
    lambda: api.multi_call([("GetVersion",), ("Get", {"typeName": "Nothing"})]),
):
    try:
        call()
    except mygeotab.MyGeotabException as error:
        told["errors"].append(error.name)
try:
    mygeotab.API(username=user, password="wrong", database=database, server=server).authenticate()
except mygeotab.AuthenticationException:
    told["errors"].append("AuthenticationException")

print(json.dumps(told))
