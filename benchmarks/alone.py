"""Run a benchmark as a program; tell a file descriptor how many bytes it, or a program that it ran, held.

    python alone.py bench_x.py FD

The parent cannot learn it: ``ru_maxrss`` of a child begins with what the parent held.
"""

import os
import resource
import runpy
import sys

from memory import own_peak_bytes

if __name__ == "__main__":
    program, told_into = sys.argv[1], int(sys.argv[2])
    sys.argv = [program]
    try:
        runpy.run_path(program, run_name="__main__")
    finally:
        ran_bytes = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024
        os.write(told_into, str(max(own_peak_bytes(), ran_bytes)).encode())
