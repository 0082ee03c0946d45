"""Runs a program with no other system calls and address families than a unit of systemd allows it.

confined.py UNIT PROGRAM [ARGUMENT...]
"""

import ctypes
import os
import socket
import subprocess
import sys

ALLOW, REFUSE, EQUAL, NO_NEW_PRIVS = 0x7FFF0000, 0x00050000 | 1, 4, 38


class Comparison(ctypes.Structure):
    _fields_ = [("arg", ctypes.c_uint), ("op", ctypes.c_int), ("a", ctypes.c_uint64), ("b", ctypes.c_uint64)]


def setting(unit, key):
    return [line.split("=", 1)[1].split() for line in unit if line.startswith(key + "=")][0]


def calls_of(group):
    listed = subprocess.run(["systemd-analyze", "syscall-filter", group], capture_output=True, text=True, check=True)
    words = [line.strip() for line in listed.stdout.splitlines()]
    for word in words[1:]:
        if word.startswith("@"):
            yield from calls_of(word)
        elif word and not word.startswith("#"):
            yield word


path, *argv = sys.argv[1:]
with open(path) as file:
    unit = file.read().splitlines()
families = [int(getattr(socket, name)) for name in setting(unit, "RestrictAddressFamilies")]
calls = {call for group in ["@default", *setting(unit, "SystemCallFilter")] for call in calls_of(group)}
seccomp = ctypes.CDLL("libseccomp.so.2")
seccomp.seccomp_init.restype = ctypes.c_void_p
context = ctypes.c_void_p(seccomp.seccomp_init(REFUSE))
for call in calls:
    number = seccomp.seccomp_syscall_resolve_name(call.encode())
    rules = [Comparison(0, EQUAL, family, 0) for family in families] if call == "socket" else [None]
    for rule in rules if number >= 0 else []:
        arguments = [] if rule is None else [ctypes.byref(rule)]
        added = seccomp.seccomp_rule_add_array(context, ALLOW, number, len(arguments), *(arguments or [None]))
        assert added == 0, (call, added)
capabilities = ["+" + name.lower().removeprefix("cap_") for name in setting(unit, "CapabilityBoundingSet")]
ctypes.CDLL(None).prctl(NO_NEW_PRIVS, 1, 0, 0, 0)
assert seccomp.seccomp_load(context) == 0
bounding = ["setpriv", "--bounding-set", ",".join(["-all", *capabilities]), "--no-new-privs"]
os.execvp("setpriv", [*(bounding if os.getuid() == 0 else bounding[:1]), *argv])
