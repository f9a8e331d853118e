"""message_ort.py - as message.js, with Python's onnxruntime: message_ort.py FILE.onnx"""
import statistics
import sys
import time

import numpy
import onnxruntime


def answer(session, tokens, times):
    ids = (numpy.arange(tokens, dtype=numpy.int64) * 7919 % 16384)[None]
    wall, cpu = [], []
    for _ in range(times):
        wall_before, cpu_before = time.perf_counter(), time.process_time()
        session.run(None, {"ids": ids})
        cpu.append(1e3 * (time.process_time() - cpu_before))
        wall.append(1e3 * (time.perf_counter() - wall_before))
    return f"{statistics.median(wall):.4f} {statistics.median(cpu):.4f}"


def main():
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_ALL
    session = onnxruntime.InferenceSession(sys.argv[1], options, providers=["CPUExecutionProvider"])
    for line in sys.stdin:
        print(answer(session, *map(int, line.split())), flush=True)


main()
