"""Run a benchmark as a program, and write into a file descriptor how many bytes its process held at most.

    python alone.py bench_x.py FD

The parent cannot learn it: ``ru_maxrss`` of a child begins with what the parent held.
"""

import os
import runpy
import sys

from memory import own_peak_bytes

if __name__ == "__main__":
    program, told_into = sys.argv[1], int(sys.argv[2])
    sys.argv = [program]
    try:
        runpy.run_path(program, run_name="__main__")
    finally:
        os.write(told_into, str(own_peak_bytes()).encode())
