"""graph.py - GPT-2 with a head as ONNX graphs of random weights, for ONNX Runtime.

Two ways to say the same, of which peers.py takes the faster: attention written out with MatMul and
Softmax over masked scores, as an export from PyTorch has it, or ONNX Runtime's own MultiHeadAttention.
In both the norm, and the GELU in its tanh form, are single operators, and the head reads the last token alone.
With int8, each of the blocks' matrices is a DynamicQuantizeMatMul: signed bytes with a scale a column, and
activations quantised as they come. Needs python3-onnx and python3-numpy.
"""
import numpy
import onnx
from onnx import TensorProto, helper, numpy_helper

MS = "com.microsoft"


class Graph:
    def __init__(self, layers, width, heads, vocab, context, int8, fused):
        self.layers, self.width, self.heads = layers, width, heads
        self.vocab, self.context, self.int8, self.fused = vocab, context, int8, fused
        self.nodes, self.values, self.n = [], [], 0
        self.random = numpy.random.default_rng(1)

    def constant(self, value):
        self.n += 1
        self.values.append(numpy_helper.from_array(value, f"c{self.n}"))
        return f"c{self.n}"

    def op(self, kind, inputs, outputs=1, domain="", **attributes):
        self.n += 1
        names = [f"v{self.n}_{i}" for i in range(outputs)]
        self.nodes.append(helper.make_node(kind, inputs, names, domain=domain, **attributes))
        return names if outputs > 1 else names[0]

    def matrix(self, rows, cols):
        return self.random.standard_normal((rows, cols), dtype=numpy.float32) * numpy.float32(0.02)

    def linear(self, x, n_in, n_out):
        w, bias = self.matrix(n_in, n_out), self.constant(numpy.zeros(n_out, numpy.float32))
        if not self.int8:
            return self.op("Add", [self.op("MatMul", [x, self.constant(w)]), bias])
        scale = (numpy.abs(w).max(0) / 127).astype(numpy.float32)
        q = numpy.rint(w / scale).astype(numpy.int8)
        zero = numpy.zeros(n_out, numpy.int8)
        return self.op("DynamicQuantizeMatMul", [x, self.constant(q), self.constant(scale),
                                                 self.constant(zero), bias], domain=MS)

    def norm(self, x):
        gain, bias = numpy.ones(self.width, numpy.float32), numpy.zeros(self.width, numpy.float32)
        return self.op("LayerNormalization", [x, self.constant(gain), self.constant(bias)], epsilon=1e-5)

    def attention(self, q, k, v):
        if self.fused:
            return self.op("MultiHeadAttention", [q, k, v], domain=MS, num_heads=self.heads,
                           unidirectional=1)
        shape = self.constant(numpy.array([1, -1, self.heads, self.width // self.heads]))
        q, k, v = (self.op("Reshape", [x, shape]) for x in (q, k, v))
        q, v = (self.op("Transpose", [x], perm=[0, 2, 1, 3]) for x in (q, v))
        k = self.op("Transpose", [k], perm=[0, 2, 3, 1])
        size = numpy.float32((self.width // self.heads) ** -0.5)
        scores = self.op("Mul", [self.op("MatMul", [q, k]), self.constant(numpy.array(size))])
        p = self.op("Softmax", [self.op("Add", [scores, self.mask])], axis=-1)
        out = self.op("Transpose", [self.op("MatMul", [p, v])], perm=[0, 2, 1, 3])
        return self.op("Reshape", [out, self.constant(numpy.array([1, -1, self.width]))])

    def block(self, x):
        C = self.width
        thirds = self.op("Split", [self.linear(self.norm(x), C, 3 * C), self.constant(numpy.array([C] * 3))],
                         outputs=3, axis=-1)
        x = self.op("Add", [x, self.linear(self.attention(*thirds), C, C)])
        middle = self.op("FastGelu", [self.linear(self.norm(x), C, 4 * C)], domain=MS)
        return self.op("Add", [x, self.linear(middle, 4 * C, C)])

    def make(self, path):
        zero, one = self.constant(numpy.array(0)), self.constant(numpy.array(1))
        length = self.op("Gather", [self.op("Shape", ["ids"]), one])
        first = [self.op("Unsqueeze", [x, self.constant(numpy.array([0]))]) for x in (zero, length)]
        position = self.op("Slice", [self.constant(self.matrix(self.context, self.width)), *first])
        x = self.op("Gather", [self.constant(self.matrix(self.vocab, self.width)), "ids"])
        x = self.op("Add", [x, position])
        if not self.fused:
            full = numpy.triu(numpy.full((self.context, self.context), -1e9, numpy.float32), 1)
            both = self.constant(numpy.array([0, 1]))
            ends = self.op("Concat", [first[1], first[1]], axis=0)
            self.mask = self.op("Slice", [self.constant(full), self.constant(numpy.array([0, 0])), ends, both])
        for _ in range(self.layers):
            x = self.block(x)
        last = self.op("Gather", [x, self.constant(numpy.array(-1))], axis=1)
        head = self.constant(self.matrix(self.width, 2))
        self.nodes.append(helper.make_node("MatMul", [self.norm(last), head], ["logits"]))
        graph = helper.make_graph(
            self.nodes, "gpt2", [helper.make_tensor_value_info("ids", TensorProto.INT64, [1, "T"])],
            [helper.make_tensor_value_info("logits", TensorProto.FLOAT, [1, 2])], self.values)
        opsets = [helper.make_opsetid("", 17), helper.make_opsetid(MS, 1)]
        onnx.save(helper.make_model(graph, opset_imports=opsets, ir_version=8), path)


def write(path, shape, int8, fused):
    """shape: layers, width, heads, vocab, context."""
    Graph(*shape, int8=int8, fused=fused).make(path)
