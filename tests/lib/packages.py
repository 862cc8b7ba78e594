"""packages.py — third-party Python packages for a test

    why = with_packages("yaml", "jsonschema")
    if why: tally.skip("schemas", why)

Where the packages can be imported nothing happens. Otherwise the calling script is started again by the Python of
build/venv-tests, which is made for that; where that is impossible (no network), the reason is returned.

SPDX-License-Identifier: Apache-2.0
"""

import importlib.util
import os
import subprocess
import sys

from tally import BUILD

PACKAGES = ["jsonschema>=4.18,<5", "PyYAML>=6,<7"]
AGAIN = "CARDEA_TESTS_VENV"


def with_packages(*modules):
    missing = [m for m in modules if importlib.util.find_spec(m) is None]
    if not missing:
        return None
    if os.environ.get(AGAIN):
        return "Python cannot load %s" % ", ".join(missing)
    home = os.path.join(BUILD, "venv-tests")
    python = os.path.join(home, "bin", "python")
    for step in ([sys.executable, "-m", "venv", home], [python, "-m", "pip", "install", "-q", *PACKAGES]):
        done = subprocess.run(step, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        if done.returncode != 0:
            return "%s cannot be installed: %s" % (", ".join(missing), " ".join(done.stdout.strip().splitlines()[-1:]))
    os.environ[AGAIN] = "1"
    sys.stdout.flush()
    os.execv(python, [python, *sys.argv])
