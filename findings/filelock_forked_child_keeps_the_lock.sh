#!/usr/bin/env bash
# filelock before 3.30: a lock outlives its holder. When the process that holds a FileLock is killed (kill -9, out of memory),
# the operating system frees its lock, unless it has a child that was forked meanwhile, as multiprocessing and joblib
# fork theirs: the child has a copy of the open file, and with it the lock, though nothing in the child has asked for
# one. All others wait until the child has ended. From filelock 3.30 on the child closes its copy when it is forked.
# Exits with an error if either version behaves differently.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cat > "$folder/lock.py" <<'PYTHON'
import os
import signal
import sys
import time

import filelock

path = os.path.join(sys.argv[1], f"{filelock.__version__}.lock")
ready_read, ready = os.pipe()
end, end_write = os.pipe()
parent = os.fork()
if parent == 0:
    lock = filelock.FileLock(path)
    lock.acquire()
    if os.fork() == 0:  # a child that does something else, until it is told to end
        os.close(end_write)
        os.write(ready, b"child")
        os.read(end, 1)
        os._exit(0)
    time.sleep(60)
    os._exit(0)
os.read(ready_read, 5)
os.kill(parent, signal.SIGKILL)
os.waitpid(parent, 0)


def is_free(timeout: float) -> bool:
    try:
        with filelock.FileLock(path).acquire(timeout=timeout):
            return True
    except filelock.Timeout:
        return False


after_the_kill = is_free(timeout=1)
os.close(end_write)  # the child ends
after_the_child = is_free(timeout=10)
print(f"filelock {filelock.__version__}: the lock of a killed process is free while its forked child lives: "
      f"{after_the_kill}; after the child has ended: {after_the_child}")
assert after_the_child
assert after_the_kill == (sys.argv[2] == "free")
PYTHON
for case in "3.29.7 held" "3.30.0 free"; do
    read -r version expected <<< "$case"
    python3 -m venv "$folder/$version"
    "$folder/$version/bin/python" -m pip install --quiet --disable-pip-version-check "filelock==$version" 2>/dev/null
    "$folder/$version/bin/python" "$folder/lock.py" "$folder" "$expected"
done
