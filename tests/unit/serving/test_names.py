"""The names that the TLS port's certificate is good for."""

from __future__ import annotations

import subprocess
import sys

from tests.support.stack import ROOT


def test_certificate_names_whatever_kubeconfigs_and_settings_name() -> None:
    """In a process of its own: importing the server chooses Twisted's reactor."""
    code = (
        "from playground.daphne_server import server_names;"
        "print(server_names('https://k8s.example.com:6443/', ['play.example.com', '.lab.example', '*', '[::1]']))"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "['*.lab.example', '::1', 'k8s.example.com', 'play.example.com']"
