"""program.py - run bolter-train, whose path is o.bolter_train."""
import subprocess


def run(o, *arguments):
    """What it printed."""
    return subprocess.run([o.bolter_train, *arguments], check=True, stdout=subprocess.PIPE, text=True).stdout
